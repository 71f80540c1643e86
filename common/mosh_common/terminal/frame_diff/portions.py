"""How much of a screen one frame may carry: nearly always all of it, else its first rows, and the rest with the next.

A frame that draws a large screen of noise, or one where every other cell begins another long hyperlink, would be longer
than an instruction may be: ours refuse 8 MiB, upstream's client takes no more than 4 MiB (seen from outside), and would
show nothing any more. Pure, and knows nothing of the wire but that bound. What is counted is an upper bound of what the
frame diff writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final, NamedTuple

from mosh_common.terminal.cells import Palette, Row, Snapshot, Style, blank_row, octets_of
from mosh_common.terminal.frame_diff.diff import OUTSIDE, with_letters_of

FRAME_LIMIT_OCTETS: Final = 3 << 20  # below upstream's 4 MiB, and enough for 300 × 80 cells of the dearest kind

BESIDE_OCTETS: Final = 1 << 16  # bells, titles, clipboard, modes, scrolls, the reset: 30 kB at most
_RENDITION_OCTETS: Final = 112  # the longest SGR, and OSC 8 without its link
_CELL_OCTETS: Final = 16  # a move; REPRINT and the like are shorter
_TEXT_OCTETS: Final = 64  # a grapheme of several code points; 4 for others


class Portion(NamedTuple):
    """What one frame may show."""

    snapshot: Snapshot
    last: bool  # nothing is left for another


def portion(old: Snapshot, new: Snapshot, *, limit: int = FRAME_LIMIT_OCTETS) -> Portion:
    """Return what a frame from `old`, of at most `limit` octets, may show on the way to `new`: mostly `new` itself.

    Otherwise its first rows stand above what `old` has below them (nothing, if its size is another). A row that is too
    long by itself comes without its hyperlinks, for good.
    """
    room = limit - BESIDE_OCTETS
    row_octets = new.columns * (_CELL_OCTETS + _TEXT_OCTETS + _RENDITION_OCTETS + new.palette.longest_link)
    if new.lines * row_octets <= room:
        return Portion(new, True)
    if row_octets > room:
        new = _bearable(new, room)
    known = _known_rows(old, new)
    styles = new.palette.styles
    for line, (row, before) in enumerate(zip(new.rows, known, strict=True)):
        if row is before or row == before:
            continue
        room -= _row_octets(row, styles)
        if room < 0:
            return Portion(_joined(new, known, line, old.palette), False)
    return Portion(new, True)


def _bearable(new: Snapshot, room: int) -> Snapshot:
    """Return `new`, without the hyperlinks of rows that are too long by themselves."""
    styles = new.palette.styles
    if all(_row_octets(row, styles) <= room for row in new.rows):
        return new
    palette = _copy(new.palette)
    rows = [_without_links(row, palette) if _row_octets(row, styles) > room else row for row in new.rows]
    return new._replace(rows=tuple(rows), palette=palette)


def _known_rows(old: Snapshot, new: Snapshot) -> Sequence[Row]:
    """Return what the other end shows when it begins to draw `new`, in the letters of `new`'s palette."""
    if (old.columns, old.lines) != (new.columns, new.lines):
        return (blank_row(new.columns),) * new.lines
    return old.rows if old.palette is new.palette else with_letters_of(new.palette, old)


def _row_octets(row: Row, styles: Sequence[Style]) -> int:
    """Return an upper bound of what drawing a row takes."""
    text, letters, _wrapped, clusters = row
    octets = octets_of(text) + _CELL_OCTETS * len(text) + sum(map(octets_of, clusters.values()))
    for letter, _ in groupby(letters):
        octets += _RENDITION_OCTETS + octets_of(styles[ord(letter)].link)
    return octets


def _joined(new: Snapshot, known: Sequence[Row], end: int, outside: Palette) -> Snapshot:
    """Return `new` as far as row `end`, and `known` from there on."""
    palette = _copy(new.palette)
    rest = [_with_own_letters(row, outside, palette) for row in known[end:]]
    return new._replace(rows=(*new.rows[:end], *rest), palette=palette)


def _copy(palette: Palette) -> Palette:
    """Return another palette with the same styles under the same letters."""
    copied = Palette()
    for style in palette.styles[1:]:
        copied.letter(style)
    return copied


def _without_links(row: Row, palette: Palette) -> Row:
    """Return `row` without hyperlinks."""
    table = {ord(letter): _letter(palette.styles[ord(letter)]._replace(link=""), palette) for letter in set(row[1])}
    return (row[0], row[1].translate(table), row[2], row[3])


def _with_own_letters(row: Row, outside: Palette, palette: Palette) -> Row:
    """Return `row` with letters of `palette` for those that only another palette has."""
    table = {
        ord(letter): _letter(outside.styles[ord(letter) - OUTSIDE], palette)
        for letter in set(row[1])
        if ord(letter) >= OUTSIDE
    }
    return (row[0], row[1].translate(table), row[2], row[3]) if table else row


def _letter(style: Style, palette: Palette) -> str:
    """Return the letter of `style`; that of the default style when the palette is full."""
    try:
        return palette.letter(style)
    except OverflowError:
        return "\x00"
