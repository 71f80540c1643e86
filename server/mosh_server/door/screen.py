"""A session's screen on its way through the door, and what a visitor makes of it: text, or text with renditions.

The session gives rows as it has them, which costs its loop little; the visitor makes lines of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from mosh_common.terminal.cells import CLUSTER, DEFAULT_STYLE, EMPTY, WIDE_TAIL, Row, Snapshot, Style, graphemes_of
from mosh_server.door.printable import printable
from mosh_server.door.protocol import LONGEST_TEXT, STYLES_LIMIT, Screen

if TYPE_CHECKING:
    from mosh_common.terminal.frame_diff.dialect import Dialect

ROWS_LIMIT_OCTETS: Final = 4 << 20  # of JSON; some 500 × 500 cells with renditions
_CHARACTER_OCTETS: Final = 12  # at most: a pair of \uXXXX
_LETTER_OCTETS: Final = 6
_DEFAULT_LETTER: Final = "\x00"


def screen_of(snapshot: Snapshot, *, styles: bool) -> Screen:
    """Return the message; without `styles` no letters. Rows from the top, as many as a message takes."""
    rows: list[tuple[str, str, tuple[str, ...]]] = []
    letters = _Letters(snapshot.palette.styles)
    room = ROWS_LIMIT_OCTETS
    for text, own_letters, _wrapped, clusters in snapshot.rows:
        graphemes = graphemes_of(clusters)
        room -= _CHARACTER_OCTETS * (len(text) + sum(map(len, graphemes)))
        if styles:
            room -= _LETTER_OCTETS * len(text)
        if room < 0:
            break
        rows.append((text, letters.of(own_letters) if styles else "", graphemes))
    return Screen(
        columns=snapshot.columns,
        lines=snapshot.lines,
        rows=tuple(rows),
        styles=tuple(letters.styles) if styles else (),
        cut=len(rows) < snapshot.lines,
    )


def last_line(snapshot: Snapshot) -> str:
    """Return the last line with text, looking from the cursor upwards; "" when there is none."""
    for row in reversed(snapshot.rows[: snapshot.cursor_row + 1]):
        if row[0].strip(EMPTY + " "):
            return _row_text(row)[:LONGEST_TEXT]
    return ""


def text_of(screen: Screen) -> str:
    """Return its lines without blanks at the right and at the end, each with LF: printable text only."""
    lines = ["".join(text for text, _letter in _cells(row)).rstrip() for row in screen.rows]
    return _joined(lines)


def ansi_of(screen: Screen) -> str:
    """Return the same with renditions; each line begins and ends in the default one."""
    from mosh_common.terminal.frame_diff.dialect import XTERM

    styles = [Style(fg, bg, flags, underline, color) for fg, bg, flags, underline, color in screen.styles] or [
        DEFAULT_STYLE
    ]
    return _joined([_ansi_line(list(_cells(row)), styles, XTERM) for row in screen.rows])


def _ansi_line(cells: list[tuple[str, str]], styles: list[Style], dialect: Dialect) -> str:
    from mosh_common.terminal.frame_diff.sgr import rendition

    def style_of(letter: str) -> Style:
        place = ord(letter or _DEFAULT_LETTER)
        return styles[place] if place < len(styles) else DEFAULT_STYLE

    while cells and cells[-1][0] in ("", " ") and style_of(cells[-1][1]) == DEFAULT_STYLE:
        cells.pop()
    line, pen = "", DEFAULT_STYLE
    for text, letter in cells:
        style = style_of(letter)
        if text and style != pen:
            line += "".join(rendition(pen, style, dialect))
            pen = style
        line += text
    return line + "".join(rendition(pen, DEFAULT_STYLE, dialect))


def _joined(lines: list[str]) -> str:
    while lines and not lines[-1]:
        lines.pop()
    return "".join(f"{line}\n" for line in lines)


def _cells(row: tuple[str, str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    """Yield (text, letter) of each column; no text for the right half of a wide character."""
    text, letters, clusters = row
    left = iter(clusters)
    for column, char in enumerate(text):
        letter = letters[column] if letters else ""
        if char == EMPTY:
            yield " ", letter
        elif char == CLUSTER:
            yield printable(next(left, "")), letter
        else:
            yield "" if char == WIDE_TAIL else printable(char), letter


def _row_text(row: Row) -> str:
    text, _letters, _wrapped, clusters = row
    left = iter(graphemes_of(clusters))
    whole = "".join(next(left) if char == CLUSTER else char for char in text) if clusters else text
    return whole.replace(WIDE_TAIL, "").replace(EMPTY, " ").rstrip()


class _Letters:
    """The styles that rows use, under letters of their own, since a palette holds all that there ever were."""

    __slots__ = ("_known", "_of_palette", "styles")

    def __init__(self, of_palette: list[Style]) -> None:
        self._of_palette = of_palette
        self._known = {0: 0}  # a letter of the palette to ours, as `str.translate` has it
        self.styles = [tuple(DEFAULT_STYLE[:5])]

    def of(self, letters: str) -> str:
        """Return the row's letters as ours."""
        new = sorted({ord(letter) for letter in set(letters)} - self._known.keys())
        for letter in new:
            if len(self.styles) < STYLES_LIMIT:
                self._known[letter] = len(self.styles)
                self.styles.append(tuple(self._of_palette[letter][:5]))
            else:
                self._known[letter] = 0
        return letters.translate(self._known)
