"""The screen that the pager shows: rows of text with what is found and selected in inverse, and the bar below."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from mosh_client.renderer.drawing.notice import BAR_STYLE
from mosh_client.renderer.pager.bar import text_row
from mosh_client.renderer.pager.document import Document, LaidRow, dotted_row
from mosh_client.renderer.pager.finding import Needle, found_in
from mosh_client.renderer.pager.selection import Selection
from mosh_common.terminal.cells import FAINT, INVERSE, WIDE_TAIL, Palette, Row, Snapshot, Style, blank_row

_DOTTED_STYLE: Final = Style(flags=FAINT)
SGR_MOUSE: Final = 1006
BUTTONS_AND_DRAGS: Final = 1002


class Picture(NamedTuple):
    """What is to be seen."""

    rows: list[LaidRow]
    bar: str
    cursor: tuple[int, int] | None  # (row, column)
    needle: Needle | None  # what to mark
    selection: Selection | None


def painted(picture: Picture, document: Document, *, screen: Snapshot, lines: int) -> Snapshot:
    """Return the screen, titles, bells and modes as on the server's `screen`, but for cursor and mouse."""
    columns, palette = document.columns, document.palette
    found: dict[int, list[tuple[int, int]]] = {}
    rows: list[Row] = []
    for laid in picture.rows[: lines - 1]:
        if laid.row is None:
            text, _, wrapped, clusters = dotted_row(columns)
            rows.append((text, _letter(palette, _DOTTED_STYLE) * columns, wrapped, clusters))
            continue
        number = laid.place.line
        if number not in found:
            found[number] = _marked(document, number, picture)
        rows.append(_with_marks(laid.row, laid.place.column, found[number], palette))
    rows += [blank_row(columns)] * (lines - 1 - len(rows))
    rows.append(text_row(picture.bar, columns=columns, letter=_letter(palette, BAR_STYLE)))
    row, column = picture.cursor or (lines - 1, 0)
    return screen._replace(
        columns=columns,
        lines=lines,
        rows=tuple(rows),
        palette=palette,
        cursor_row=min(max(row, 0), lines - 1),
        cursor_column=min(column, columns - 1),
        wrap_pending=False,
        modes=screen.modes._replace(
            cursor_visible=picture.cursor is not None,
            mouse_tracking=BUTTONS_AND_DRAGS,
            mouse_encoding=SGR_MOUSE,
            alternate_scroll=False,
        ),
    )


def _marked(document: Document, number: int, picture: Picture) -> list[tuple[int, int]]:
    """Return the ranges of a line's columns that are found or selected."""
    marked: list[tuple[int, int]] = []
    line = document.line(number)
    if picture.needle is not None and line is not None:
        marked = found_in(line, picture.needle)
    if picture.selection is not None:
        marked.append(picture.selection.columns(number))
    return marked


def _with_marks(row: Row, start: int, marked: Iterable[tuple[int, int]], palette: Palette) -> Row:
    text, letters, wrapped, clusters = row
    columns = len(text)
    changed = bytearray(columns)
    for first, end in marked:
        first, end = max(first - start, 0), min(end - start, columns)
        if first < end:
            first -= text[first] == WIDE_TAIL
            end += text[end : end + 1] == WIDE_TAIL
            changed[first:end] = b"\x01" * (end - first)
    if not any(changed):
        return row
    inverse = {letter: _letter(palette, _turned(palette.styles[ord(letter)])) for letter in set(letters)}
    letters = "".join([inverse[letter] if turned else letter for letter, turned in zip(letters, changed, strict=True)])
    return (text, letters, wrapped, clusters)


def _turned(style: Style) -> Style:
    return style._replace(flags=style.flags ^ INVERSE)


def _letter(palette: Palette, style: Style) -> str:
    try:
        return palette.letter(style)
    except OverflowError:
        return "\x00"
