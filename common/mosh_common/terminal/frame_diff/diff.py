"""The frame diff: the shortest terminal output that turns one screen into another.

Used for the wire, where the other end's emulator executes it, and for the user's terminal. Pure: no terminal, no
terminfo, no time. What may be sent, and how both emulators understand it, is docs/terminal.md §2 and
docs/adr/0003-diff-vocabulary.md.
"""

from __future__ import annotations

from typing import Final

from mosh_common.terminal.cells import (
    DEFAULT_MODES,
    DEFAULT_STYLE,
    EMPTY,
    MOUSE_ENCODING,
    MOUSE_TRACKING,
    Modes,
    Palette,
    Row,
    Snapshot,
    blank_row,
)
from mosh_common.terminal.frame_diff.dialect import WIRE, Dialect
from mosh_common.terminal.frame_diff.pen import REPRINT_LIMIT, UNKNOWN, Pen
from mosh_common.terminal.frame_diff.rows import RowPainter
from mosh_common.terminal.frame_diff.scroll import find_scroll, scroll_rows, write_scroll
from mosh_common.terminal.frame_diff.sgr import NO_HYPERLINK
from mosh_common.terminal.frame_diff.wraps import wraps_taken_back
from mosh_common.terminal.payloads import is_clipboard, title_of

__all__ = ["WIRE", "Dialect", "diff", "set_clipboard"]

# More rings than anybody can tell apart; what goes beyond is dropped, as is a count that went back.
_MOST_BELLS: Final = 4096

OUTSIDE: Final = 0x10000  # letters beyond those that any palette has

_MOST_SCROLLS: Final = 3  # two panes and a status line; each search costs time

# Unknown state: margins, insert mode, origin mode, charsets (real terminals only), then as on a new size.
_TO_KNOWN_STATE: Final = "\x1b[r\x1b[m\x1b[H"
_ERASED: Final = "\x1b[2J"
_TO_KNOWN_TERMINAL: Final = "\x0f\x1b(B\x1b[4l\x1b[?6l\x1b[?7h"


def diff(old: Snapshot | None, new: Snapshot, *, dialect: Dialect = WIRE) -> bytes:
    """Return the output that makes a terminal which shows `old` show `new`.

    `old` None: nothing is known about the terminal; everything is reset, cleared and drawn, without the bell and the
    clipboard. A terminal with the old size is taken to have the new one already, with contents that nobody knows. The
    result relies on reset margins, and on neither end's pending wrap.
    """
    if old is new:
        return b""
    output: list[str] = []
    if old is not None:
        _write_beside(old, new, dialect, output)
    elif new.title_set and dialect.title:
        output.append(f"\x1b]2;{title_of(new.title)}\x07")
    screen = _write_screen(old, new, dialect)
    modes = _modes(old.modes if old is not None else None, new.modes, dialect)
    if dialect.visible and len(screen) > 4 and (old is None or old.modes.cursor_visible):
        output.append("\x1b[?25l")
        screen.append("\x1b[?25h" if new.modes.cursor_visible else "")
        modes = modes.replace("\x1b[?25h", "").replace("\x1b[?25l", "")
    output += screen
    output.append(modes)
    encoded = "".join(output).encode("utf-8", "replace")
    if dialect.synchronized and encoded.count(b"\x1b[") > 8:
        return b"\x1b[?2026h" + encoded + b"\x1b[?2026l"
    return encoded


def _write_beside(old: Snapshot, new: Snapshot, dialect: Dialect, output: list[str]) -> None:
    """Write what is not part of the screen: bell, titles, clipboard."""
    # SECURITY: none of them can end its own sequence (test_a_title_cannot_smuggle_controls).
    rings = new.bell_count - old.bell_count
    if rings > 0:
        output.append("\a" * min(rings, _MOST_BELLS) if dialect.every_bell else "\a")
    title_changed = new.title != old.title or (new.title_set and not old.title_set)
    icon_changed = new.icon_name != old.icon_name
    if dialect.title and (title_changed or icon_changed):
        title = title_of(new.title)
        if title_changed and icon_changed and new.title == new.icon_name:
            output.append(f"\x1b]0;{title}\x07")
        else:
            if icon_changed:
                output.append(f"\x1b]1;{title_of(new.icon_name)}\x07")
            if title_changed:
                output.append(f"\x1b]2;{title}\x07")
    if dialect.clipboard and new.clipboard != old.clipboard:
        output.append(set_clipboard(new.clipboard))


def set_clipboard(clipboard: str) -> str:
    """Return the OSC 52 for "selection;base64"; nothing for what is not that, a question for one."""
    # SECURITY: test_the_clipboard_is_never_asked_for.
    return f"\x1b]52;{clipboard}\x07" if is_clipboard(clipboard) else ""


def _write_screen(old: Snapshot | None, new: Snapshot, dialect: Dialect) -> list[str]:
    """Return the sequences that make the rows, the cursor and the rendition right."""
    columns, lines = new.columns, new.lines
    # A wrap in the bottom row leads nowhere and no output sets that flag alone. So nothing relies on it: where the old
    # screen has it, the other end may or may not.
    unsure_wrap = UNKNOWN
    if old is not None and old.columns == columns and old.lines == lines:
        at, style = (old.cursor_row, old.cursor_column), old.style
        pen = Pen(columns=columns, lines=lines, row=at[0], column=at[1], style=style, dialect=dialect)
        if old.palette is new.palette:
            if old.rows == new.rows:
                return _finish(pen, new)
            rows = old.rows
        else:
            rows = with_letters_of(new.palette, old)
        if rows[-1][2]:
            unsure_wrap = lines - 1
        before_scrolls = rows
        if dialect.scroll_region and (not dialect.scrolls_back or dialect.insert_delete_lines):
            rows, unsure_wrap = _scroll(pen, rows, new.rows, unsure_wrap)
        if dialect.scrolls_back:
            rows = wraps_taken_back(pen, rows, new.rows, unsure=unsure_wrap, scrolled=rows is not before_scrolls)
            unsure_wrap = UNKNOWN
    else:
        pen = Pen(columns=columns, lines=lines, row=0, column=0, style=DEFAULT_STYLE, dialect=dialect)
        if dialect.visible:
            pen.output.append(_TO_KNOWN_TERMINAL)
        if (old is None or old.style.link) and dialect.hyperlinks:
            pen.output.append(NO_HYPERLINK)
        pen.output.append(_TO_KNOWN_STATE)
        # Some terminals keep a screen that is erased as a whole for their users.
        pen.output.append(_ERASED if not dialect.scrolls_back else _erased_row_by_row(lines, dialect))
        rows = (blank_row(columns),) * lines
    painter = RowPainter(pen, new.palette.styles)
    for index, (before, after) in enumerate(zip(rows, new.rows, strict=True)):
        same = before is after or before == after
        if same and not painter.wrapping and (index != unsure_wrap or index == lines - 1):
            continue
        painter.draw(index, before, after, wrap_known=index != unsure_wrap)
    return _finish(pen, new)


def _erased_row_by_row(lines: int, dialect: Dialect) -> str:
    """Return what erases a screen from home and goes back there; for the first row see wraps.py."""
    return (
        (" " if dialect.continues else "")
        + "\x1b[K"
        + "".join([f"\x1b[{line}H\x1b[K" for line in range(2, lines + 1)])
        + "\x1b[H"
    )


def _scroll(
    pen: Pen, rows: tuple[Row, ...], new_rows: tuple[Row, ...], unsure_wrap: int
) -> tuple[tuple[Row, ...], int]:
    """Write the scrolls that pay off; return what the rows are after them, and where the unsure wrap is."""
    for _ in range(_MOST_SCROLLS):
        scroll = find_scroll(rows, new_rows, from_top=not pen.dialect.scrolls_back)
        if scroll is None:
            break
        write_scroll(pen, scroll)
        rows = scroll_rows(rows, scroll)
        if scroll.top <= unsure_wrap <= scroll.bottom:
            unsure_wrap -= scroll.distance
            if not scroll.top <= unsure_wrap <= scroll.bottom:
                unsure_wrap = UNKNOWN
    return rows, unsure_wrap


def _finish(pen: Pen, new: Snapshot) -> list[str]:
    """Put cursor and rendition where the new screen has them."""
    row, column = new.cursor_row, new.cursor_column
    if pen.row != row or pen.column != column:
        # (The last column with a wrap pending is the last column.)
        pen.move(row, column, text=_gap(pen, new))
    pen.set_style(new.style)
    return pen.output


def _gap(pen: Pen, new: Snapshot) -> str:
    """Return what the cells between the pen and the new cursor show, if it may be printed over instead of moving."""
    column = new.cursor_column
    start = pen.column if pen.row == new.cursor_row and 0 <= pen.column < column and not pen.pending else 0
    if not 0 < column - start <= REPRINT_LIMIT:
        return ""
    text, letters, _, _ = new.rows[new.cursor_row]
    gap = text[start:column].replace(EMPTY, " ")
    styles = new.palette.styles
    if not (gap.isascii() and gap.isprintable()) or any(
        styles[ord(letter)] != pen.style for letter in letters[start:column]
    ):
        return ""
    return gap


def _modes(old: Modes | None, new: Modes, dialect: Dialect) -> str:
    """Return the changes of modes; from None: state each one."""
    if old == new:
        return ""
    before = old if old is not None else DEFAULT_MODES
    unknown = old is None
    output: list[str] = []
    for number, was, now in (
        (5, before.reverse_video, new.reverse_video),
        (25, before.cursor_visible, new.cursor_visible),
        (2004, before.bracketed_paste, new.bracketed_paste),
        (1004, before.focus_events, new.focus_events),
        (1007, before.alternate_scroll, new.alternate_scroll),
    ):
        if unknown and not now and number == 1007 and dialect.visible:
            continue  # terminals that have it on from the start keep it until a program asks for something else
        if unknown or was != now:
            output.append(f"\x1b[?{number}{'h' if now else 'l'}")
    for choices, was_number, number in (
        (MOUSE_TRACKING, before.mouse_tracking, new.mouse_tracking),
        (MOUSE_ENCODING, before.mouse_encoding, new.mouse_encoding),
    ):
        if unknown:
            output += [f"\x1b[?{choice}l" for choice in choices]
        elif was_number and was_number != number:
            output.append(f"\x1b[?{was_number}l")
        if number and (unknown or was_number != number):
            output.append(f"\x1b[?{number}h")
    if dialect.cursor_shape and (before.cursor_shape != new.cursor_shape or (unknown and new.cursor_shape)):
        output.append(f"\x1b[{new.cursor_shape} q")
    return "".join(output)


def with_letters_of(palette: Palette, snapshot: Snapshot) -> tuple[Row, ...]:
    """Return the snapshot's rows in another palette's letters; styles that it lacks get letters from OUTSIDE on."""
    used: set[str] = set()
    for row in snapshot.rows:
        used.update(row[1])
    table: dict[int, str] = {}
    for letter in used:
        style = snapshot.palette.styles[ord(letter)]
        # Planes beyond the letters (cells.Palette.LIMIT): equal to no letter, and never looked up.
        table[ord(letter)] = palette.find(style) or chr(OUTSIDE + ord(letter))
    return tuple((row[0], row[1].translate(table), row[2], row[3]) for row in snapshot.rows)
