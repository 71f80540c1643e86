"""Snapshots as frames: what changed since the last one, and putting it together again on the other side.

The encoder lives in the network process, the decoder in the renderer. The decoder has a palette of its own, because
predictions and notices add styles to it; rows are re-lettered as they come. A frame that is too long for a message goes
in portions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from mosh_client.ipc.messages import LONGEST_TO_RENDERER_OCTETS, Frame
from mosh_client.ipc.screen_fields import LONGEST_CLUSTER_OCTETS
from mosh_common.errors import PeerError
from mosh_common.terminal.cells import Palette, Row, Snapshot, Style, blank_row, octets_of

# Octets of styles, and of rows, that a message may hold: together below the longest message, and far above what usual
# screens need.
PORTION_OCTETS: Final = LONGEST_TO_RENDERER_OCTETS // 4

# What msgpack makes of them, at most.
_STYLE_OCTETS: Final = 32  # without its hyperlink
_CELL_OCTETS: Final = 8  # a character and a letter
_CLUSTER_OCTETS: Final = LONGEST_CLUSTER_OCTETS + 8
_ROW_OCTETS: Final = 32

Part = TypeVar("Part")


def portions(frame: Frame) -> list[Frame]:
    """Return the messages that make up `frame`: nearly always itself, else the styles, then the rows, in portions."""
    cells = frame.columns * len(frame.rows)
    clusters = sum([len(row[3]) for _, row in frame.rows])
    if (
        cells * _CELL_OCTETS + clusters * _CLUSTER_OCTETS + len(frame.rows) * _ROW_OCTETS <= PORTION_OCTETS
        and sum(map(_style_octets, frame.styles)) <= PORTION_OCTETS
    ):
        return [frame]
    bare = frame._replace(styles=(), rows=(), title=None, clipboard=None)
    parts = [bare._replace(styles=styles) for styles in _cut(frame.styles, _style_octets)]
    parts += [bare._replace(rows=rows) for rows in _cut(frame.rows, _row_octets)]
    last = len(parts) - 1
    parts = [part._replace(whole=frame.whole and number == 0, more=number < last) for number, part in enumerate(parts)]
    parts[last] = parts[last]._replace(title=frame.title, clipboard=frame.clipboard)
    return parts


def _cut(items: Sequence[Part], octets_of: Callable[[Part], int]) -> list[tuple[Part, ...]]:
    """Return `items` in order, in groups of at most PORTION_OCTETS each, which is more than any of them has."""
    groups: list[tuple[Part, ...]] = []
    start, room = 0, PORTION_OCTETS
    for index, item in enumerate(items):
        octets = octets_of(item)
        if octets > room:
            groups.append(tuple(items[start:index]))
            start, room = index, PORTION_OCTETS
        room -= octets
    if start < len(items):
        groups.append(tuple(items[start:]))
    return groups


def _style_octets(style: Style) -> int:
    return _STYLE_OCTETS + octets_of(style.link)


def _row_octets(numbered: tuple[int, Row]) -> int:
    text, _, _, clusters = numbered[1]
    return _ROW_OCTETS + len(text) * _CELL_OCTETS + len(clusters) * _CLUSTER_OCTETS


class FrameEncoder:
    """Makes frames for one renderer, each from the snapshot that was sent before."""

    def __init__(self, *, clipboard: str = "") -> None:
        """Begin with nothing known there; a renderer before it was told `clipboard`, which is not set again."""
        self.clipboard = clipboard  # the newest that a renderer was told
        self._sent: Snapshot | None = None
        self._styles_sent = 0  # of the palette of `_sent`

    def encode(self, snapshot: Snapshot) -> Frame | None:
        """Return the frame that leads to `snapshot`; None when the renderer has it already."""
        old = self._sent
        if old is snapshot:
            return None
        whole = (
            old is None
            or old.palette is not snapshot.palette
            or old.columns != snapshot.columns
            or old.lines != snapshot.lines
        )
        first_style = 0 if whole else self._styles_sent
        styles = tuple(snapshot.palette.styles[first_style:])
        rows: tuple[tuple[int, Row], ...]
        if whole or old is None:
            rows = tuple(enumerate(snapshot.rows))
        else:
            rows = tuple(
                [
                    (line, row)
                    for line, (row, known) in enumerate(zip(snapshot.rows, old.rows, strict=True))
                    if row is not known and row != known
                ]
            )
        title = (snapshot.title, snapshot.icon_name, snapshot.title_set)
        frame = Frame(
            whole=whole,
            columns=snapshot.columns,
            lines=snapshot.lines,
            styles=styles,
            rows=rows,
            cursor_row=snapshot.cursor_row,
            cursor_column=snapshot.cursor_column,
            style=snapshot.style,
            bell_count=snapshot.bell_count,
            modes=snapshot.modes,
            title=None if old is not None and title == (old.title, old.icon_name, old.title_set) else title,
            clipboard=None if snapshot.clipboard == self.clipboard else snapshot.clipboard,
        )
        self.clipboard = snapshot.clipboard
        self._sent = snapshot
        self._styles_sent = first_style + len(styles)
        return frame


class FrameDecoder:
    """Builds the snapshots of one renderer from the frames that it receives."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._palette = Palette()  # the renderer's own
        self._letters: dict[int, int] = {}  # sender's letter to ours, for str.translate; all of the sender's
        self._same = True  # whether both agree so far, so that nothing need be translated

    def apply(self, frame: Frame) -> Snapshot:
        """Return the screen after `frame`, with `more` as far as it came. Raises PeerError when it does not fit."""
        old = self._snapshot
        if frame.whole:
            self._palette = Palette()
            self._letters = {}
            self._same = True
            old_title = ("", "", False) if old is None else (old.title, old.icon_name, old.title_set)
            rows: list[Row] = [blank_row(frame.columns)] * frame.lines
        else:
            if old is None or (old.columns, old.lines) != (frame.columns, frame.lines):
                raise PeerError("a frame that is not whole has another size than the one before it")
            old_title = (old.title, old.icon_name, old.title_set)
            rows = list(old.rows)
        self._learn(frame, rows)
        known = len(self._letters)
        for line, (text, styles, wrapped, clusters) in frame.rows:
            highest = ord(max(styles))
            if highest >= known:
                raise PeerError(f"style letter {highest} of {known} known ones")
            letters = styles if self._same else styles.translate(self._letters)
            rows[line] = (text, letters, wrapped, clusters)
        title, icon_name, title_set = old_title if frame.title is None else frame.title
        clipboard = frame.clipboard
        if clipboard is None:
            clipboard = "" if old is None else old.clipboard
        self._snapshot = Snapshot(
            columns=frame.columns,
            lines=frame.lines,
            rows=tuple(rows),
            palette=self._palette,
            cursor_row=frame.cursor_row,
            cursor_column=frame.cursor_column,
            style=frame.style,
            title=title,
            icon_name=icon_name,
            title_set=title_set,
            clipboard=clipboard,
            bell_count=frame.bell_count,
            modes=frame.modes,
        )
        return self._snapshot

    def _learn(self, frame: Frame, rows: list[Row]) -> None:
        """Give the frame's new styles letters of ours; `rows` are re-lettered when our palette is full."""
        if len(self._letters) + len(frame.styles) > Palette.LIMIT:
            raise PeerError(f"more than {Palette.LIMIT} styles in one palette")
        for style in frame.styles:
            try:
                letter = self._palette.letter(style)
            except OverflowError:
                # Ours has the sender's styles and the predictions' besides: drop what no row uses.
                self._renew(rows)
                letter = self._palette.letter(style)
            sender = len(self._letters)
            self._letters[sender] = ord(letter)
            self._same = self._same and sender == ord(letter)

    def _renew(self, rows: list[Row]) -> None:
        """Start a palette with the sender's styles only, and re-letter `rows` to it."""
        old_styles = self._palette.styles
        palette = Palette()
        self._letters = {sender: ord(palette.letter(old_styles[ours])) for sender, ours in self._letters.items()}
        self._same = all(sender == ours for sender, ours in self._letters.items())
        moved: dict[int, int] = {}
        for letter in {letter for row in rows for letter in row[1]}:
            moved[ord(letter)] = ord(palette.letter(old_styles[ord(letter)]))
        for line, (text, styles, wrapped, clusters) in enumerate(rows):
            rows[line] = (text, styles.translate(moved), wrapped, clusters)
        self._palette = palette
