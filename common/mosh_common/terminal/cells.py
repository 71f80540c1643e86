"""Rows, styles and snapshots: the values that emulator, frame diff, IPC and prediction exchange.

A row is a tuple of immutable parts, so a snapshot shares rows by reference and a row never changes once it was seen.
Text and style are strings with one character per column: slicing, joining, comparing and copying them run at C
speed, which a list of cell objects never does (measured: docs/terminal.md §6).

Knows nothing of escape sequences, of pyte, or of how a row came about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias

# Stand-ins in a row's text. They are C0 controls, which an emulator executes and so can never store.
EMPTY: Final = "\x00"  # never written, or erased: looks like a blank
WIDE_TAIL: Final = "\x01"  # the right half of the wide character to its left
CLUSTER: Final = "\x02"  # a grapheme of several code points: look it up in the row's clusters

DEFAULT_COLOR: Final = -1
HIGHEST_INDEX: Final = 255
RGB: Final = 1 << 24  # a colour is DEFAULT_COLOR, an index 0–255, or RGB | 0xrrggbb
HIGHEST_RGB: Final = RGB | 0xFFFFFF

# Bits of Style.flags.
BOLD: Final = 1
FAINT: Final = 2
ITALIC: Final = 4
BLINK: Final = 8
INVERSE: Final = 16
INVISIBLE: Final = 32
STRIKE: Final = 64
OVERLINE: Final = 128
PROTECTED: Final = 256  # DECSCA: the emulator's own; never crosses the wire, never drawn
ALL_FLAGS: Final = BOLD | FAINT | ITALIC | BLINK | INVERSE | INVISIBLE | STRIKE | OVERLINE | PROTECTED

# Style.underline, numbered as in `CSI 4:n m`.
UNDERLINE_NONE: Final = 0
UNDERLINE_SINGLE: Final = 1
UNDERLINE_DOUBLE: Final = 2
UNDERLINE_CURLY: Final = 3
UNDERLINE_DOTTED: Final = 4
UNDERLINE_DASHED: Final = 5
HIGHEST_UNDERLINE: Final = UNDERLINE_DASHED


class Style(NamedTuple):
    """How a cell looks: rendition and hyperlink."""

    fg: int = DEFAULT_COLOR  # a colour, as above
    bg: int = DEFAULT_COLOR
    flags: int = 0  # BOLD | FAINT | …
    underline: int = UNDERLINE_NONE
    underline_color: int = DEFAULT_COLOR
    link: str = ""  # OSC 8 "params;uri", empty = none


DEFAULT_STYLE: Final = Style()

# Grapheme by column, for the columns whose text is CLUSTER. Never mutated after the row was made.
Clusters: TypeAlias = Mapping[int, str]
NO_CLUSTERS: Final[Clusters] = {}


class Graphemes(Clusters):
    """Clusters in the order of their columns: the n-th CLUSTER in `text` stands for the n-th of `graphemes`.

    What moves columns about slices and joins tuples, and makes no dictionary of 200 entries anew for each row.
    """

    __slots__ = ("_by_column", "graphemes", "text")

    def __init__(self, text: str, graphemes: tuple[str, ...]) -> None:
        """`text` may be an older text of the row, if its clusters stand where they stood."""
        self.text = text
        self.graphemes = graphemes
        self._by_column: dict[int, str] | None = None  # made when somebody asks for single columns

    def _columns(self) -> dict[int, str]:
        columns = self._by_column
        if columns is None:
            places = (column for column, char in enumerate(self.text) if char == CLUSTER)
            columns = self._by_column = dict(zip(places, self.graphemes, strict=True))
        return columns

    def __getitem__(self, column: int) -> str:
        return self._columns()[column]

    def __iter__(self) -> Iterator[int]:
        return iter(self._columns())

    def __len__(self) -> int:
        return len(self.graphemes)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if isinstance(other, Graphemes):
            if self.graphemes != other.graphemes:
                return False
            return self.text == other.text or self._columns() == other._columns()
        return self._columns() == other

    __hash__ = None  # type: ignore[assignment]  # like any mapping

    def __repr__(self) -> str:
        return repr(self._columns())


def graphemes_of(clusters: Clusters) -> tuple[str, ...]:
    """Return the graphemes in the order of their columns."""
    if not clusters:
        return ()
    if isinstance(clusters, Graphemes):
        return clusters.graphemes
    return tuple(clusters[column] for column in sorted(clusters))


# (text, styles, wrapped, clusters): text and styles are exactly `columns` long; styles holds Palette letters; wrapped:
# the row's last column was followed by an automatic wrap into the next row.
Row: TypeAlias = tuple[str, str, bool, Clusters]


# Octets of the hyperlinks of all styles of a palette: a thousand links of a thousand characters, more than a screen has
# a use for. Without a bound it could hold as many of 2 kB as it has cells.
LINKS_LIMIT_OCTETS: Final = 1 << 20


def octets_of(text: str) -> int:
    """Return how long `text` is in UTF-8."""
    return len(text) if text.isascii() else len(text.encode(errors="replace"))


_FIRST_SURROGATE: Final = 0xD800
_SURROGATES: Final = 0x800


class Palette:
    """Styles, each under a letter: ``styles[ord(letter)]``. The letter of the default style is ``"\\x00"``.

    Append-only, so every snapshot that refers to it stays right. Bounded: when `full`, the emulator makes a new
    palette and re-letters its rows; older snapshots keep the old one. Surrogates are no letters, as no encoder takes
    them: there the styles have a gap, filled with the default one.
    """

    LIMIT: Final = 0x10000  # letters are of the basic plane, so that a row of them takes two octets a column
    KEPT: Final = 50_000  # styles on the screens that a new palette keeps apart; the rest is room for new ones

    __slots__ = ("_letters", "link_octets", "longest_link", "styles")

    def __init__(self) -> None:
        self.styles: list[Style] = [DEFAULT_STYLE]
        self._letters: dict[Style, str] = {DEFAULT_STYLE: "\x00"}
        self.link_octets = 0  # of the hyperlinks of all styles together
        self.longest_link = 0  # octets

    @property
    def full(self) -> bool:
        """Whether `letter` may refuse a new style."""
        return len(self.styles) >= self.LIMIT

    def find(self, style: Style) -> str | None:
        """Return the letter of `style`, None if it has none."""
        return self._letters.get(style)

    def letter(self, style: Style) -> str:
        """Return the letter of `style`, giving it one if it has none. Raises OverflowError when full."""
        letter = self._letters.get(style)
        if letter is None:
            if self.full:
                raise OverflowError(f"{self.LIMIT} styles in one palette")
            if len(self.styles) == _FIRST_SURROGATE:
                self.styles += [DEFAULT_STYLE] * _SURROGATES
            letter = self._letters[style] = chr(len(self.styles))
            self.styles.append(style)
            if style.link:
                octets = octets_of(style.link)
                self.link_octets += octets
                self.longest_link = max(self.longest_link, octets)
        return letter


# Values of `Modes` besides 0, none of them.
MOUSE_TRACKING: Final = (9, 1000, 1001, 1002, 1003)
MOUSE_ENCODING: Final = (1005, 1006, 1015)
HIGHEST_CURSOR_SHAPE: Final = 6


class Modes(NamedTuple):
    """The modes that a diff carries to the other side's terminal."""

    reverse_video: bool = False  # ?5
    cursor_visible: bool = True  # ?25
    bracketed_paste: bool = False  # ?2004
    mouse_tracking: int = 0  # one of MOUSE_TRACKING
    mouse_encoding: int = 0  # one of MOUSE_ENCODING
    focus_events: bool = False  # ?1004
    alternate_scroll: bool = False  # ?1007
    cursor_shape: int = 0  # DECSCUSR 0–6; upstream skips it


DEFAULT_MODES: Final = Modes()


class Snapshot(NamedTuple):
    """One moment of a terminal: everything that a diff can express (docs/terminal.md §1), and what it builds on."""

    columns: int
    lines: int
    rows: tuple[Row, ...]  # `lines` of them, index 0 = top
    palette: Palette
    cursor_row: int = 0  # from 0, as the column
    cursor_column: int = 0
    wrap_pending: bool = False  # the next printed character wraps first; not compared, not expressed by a diff
    style: Style = DEFAULT_STYLE  # current rendition and hyperlink
    title: str = ""  # OSC 0/2
    icon_name: str = ""  # OSC 0/1
    title_set: bool = False  # whether either was ever set
    clipboard: str = ""  # last OSC 52, as "selection;base64"
    bell_count: int = 0  # bells so far
    modes: Modes = DEFAULT_MODES


def blank_row(columns: int, letter: str = "\x00") -> Row:
    """Return an erased row whose cells have the style `letter`."""
    return (EMPTY * columns, letter * columns, False, NO_CLUSTERS)


def blank_snapshot(columns: int, lines: int) -> Snapshot:
    """Return state 0 of a terminal of that size."""
    return Snapshot(columns, lines, (blank_row(columns),) * lines, Palette())


def rows_lost_above(cursor_row: int, lines: int) -> int:
    """Return how many rows go at the top when a screen becomes `lines` high: no more than the cursor needs.

    As in xterm. The others go at the bottom. Emulator and renderer must choose alike.
    """
    return max(0, cursor_row - lines + 1)


def cell_text(row: Row, column: int) -> str:
    """Return the grapheme at `column`: "" for an empty cell and for the right half of a wide character."""
    char = row[0][column]
    if char == CLUSTER:
        return row[3][column]
    return "" if char in (EMPTY, WIDE_TAIL) else char
