"""From the server's screen to the octets for the user's terminal: size, title, bar, difference, clipboard, bells.

Remembers what it drew last. Reads neither terminal, environment nor clock; the caller writes all that `draw` returns
before it asks again.
"""

from __future__ import annotations

from typing import NamedTuple

from mosh_client.ipc.messages import ToRenderer, WantHistory
from mosh_client.renderer.drawing.bells import BellLimit
from mosh_client.renderer.drawing.notice import lay_bars
from mosh_client.renderer.drawing.title_bar import TitleBar
from mosh_common.terminal.cells import (
    CLUSTER,
    DEFAULT_MODES,
    EMPTY,
    WIDE_TAIL,
    Row,
    Snapshot,
    blank_row,
    rows_lost_above,
)
from mosh_common.terminal.frame_diff.dialect import Dialect
from mosh_common.terminal.frame_diff.diff import diff, set_clipboard


class _Source(NamedTuple):
    """What a drawn screen was made of."""

    screen: Snapshot
    bars: tuple[str, ...]
    columns: int
    lines: int
    announcing: bool


class Touched(NamedTuple):
    """What frames have set on the terminal that it may have otherwise from the start, since it was taken."""

    alternate_scroll: bool = False  # ?1007, on or off
    cursor_shape: bool = False  # DECSCUSR


class Compositor:
    """Draws screens on one terminal.

    `title_again` brings back the title that the terminal had before the first frame; empty where nothing does.
    `touched`: what another process may have set on the terminal and not put back.
    """

    def __init__(
        self, *, dialect: Dialect, title_prefix: str, title_again: bytes = b"", touched: Touched | None = None
    ) -> None:
        self._dialect = dialect._replace(clipboard=False)  # see _new_clipboard
        self._sets_clipboard = dialect.clipboard
        self._title_again = title_again
        self._title_bar = TitleBar(prefix=title_prefix)
        self._bells = BellLimit()
        self._cut = False  # the terminal is larger than what is drawn
        self._drawn: Snapshot | None = None  # what the terminal shows; None = unknown
        self._source: _Source | None = None  # what `_drawn` was made of
        self._clipboard = ""  # the server's last, whatever became of it
        self._copied = ""  # by the user, for the next frame
        self._title_lent = False  # the terminal's own title gave way to an announcement
        self.touched = touched or Touched()  # what is to be put back before the terminal is left

    def forget(self) -> None:
        """Whatever the terminal shows is not to be relied on: draw everything the next time."""
        self._drawn = self._source = None

    def start_over(self) -> None:
        """Draw everything the next time, on a terminal that was given back and taken again."""
        self.forget()
        self.touched = Touched()

    def set_cut(self, cut: bool) -> None:
        """Say whether the terminal is larger than what is drawn: its last column and row are then elsewhere."""
        if cut != self._cut:
            self._cut = cut
            self.forget()

    def set_clipboard(self, clipboard: str) -> None:
        """Set the terminal's clipboard with the next frame to what the user copied here, "selection;base64"."""
        self._copied = clipboard

    def assume_alternate_scroll(self) -> None:
        """Take ?1007 for set, as the terminal has it from its own settings: frames without it reset it."""
        if self._drawn is not None:
            self._drawn = self._drawn._replace(modes=self._drawn.modes._replace(alternate_scroll=True))
            self._source = None
        else:
            self.touched = self.touched._replace(alternate_scroll=True)

    def synchronize(self) -> None:
        """Wrap larger changes in synchronized updates from now on: the terminal said that it has them."""
        self._dialect = self._dialect._replace(synchronized=True)

    # What is of no consequence here, but for native scroll (renderer/scrollback/).

    def receive(self, message: ToRenderer, *, now: int) -> None:
        """Take a message of the network process; a frame that it completes is drawn later."""

    def set_paging(self, on: bool) -> None:
        """Say whether what is drawn from now on is the pager's: it asks for history itself meanwhile."""

    def keys_sent(self, batch: int) -> None:
        """Say which batch of keys is the newest."""

    def resized(self, columns: int, lines: int) -> None:
        """Say that the terminal has another size."""

    def cursor_reported(self, row: int) -> None:
        """Say that the terminal answered in which row, from 0, its cursor is."""

    def takes_cursor_question(self) -> bool:
        """Return, once for each, whether what was drawn last asks that."""
        return False

    def history_wanted(self, *, now: int) -> WantHistory | None:  # noqa: ARG002  # native scroll's
        """Return what to ask the network process for, if anything; once."""
        return None

    def take_words(self, *, now: int) -> str:  # noqa: ARG002  # native scroll's
        """Return, once, a sentence for the user; mostly none."""
        return ""

    def part(
        self,
        screen: Snapshot | None,  # noqa: ARG002  # native scroll's
        *,
        columns: int,  # noqa: ARG002  # the same
        lines: int,  # noqa: ARG002  # the same
        stays: bool,  # noqa: ARG002  # the same
        now: int,  # noqa: ARG002  # the same
    ) -> tuple[bytes, int] | None:
        """Return what leaves the last screen on the terminal, and in how many rows; None: that is not to be."""
        return None

    def draw(self, screen: Snapshot, *, columns: int, lines: int, bars: tuple[str, ...], now: int) -> bytes:
        """Return what makes a terminal of that size show `screen` under `bars`, from the top row down."""
        clipboard = self._new_clipboard(screen)
        if clipboard:
            self._title_bar.announce_clipboard(now=now)
        announcing = self._dialect.title and self._title_bar.announcing(now=now)
        source = self._source
        asked = (bars, columns, lines, announcing)
        if not clipboard and source is not None and source.screen is screen and source[1:] == asked:
            return b""
        composed = fit(screen, columns, lines)
        dialect = self._dialect
        if self._cut:
            composed, dialect = _without_edges(composed), _without_moves(dialect)
        if bars:
            composed = lay_bars(composed, bars)
        composed = self._title_bar.over(composed, now=now)
        drawn = self._drawn
        if drawn is not None and (drawn.columns, drawn.lines) != (columns, lines):
            drawn = None  # terminals differ in what they do to their contents when they are resized
        if drawn is not None:
            drawn = self._with_bells_beyond_the_limit(drawn, composed.bell_count, now=now)
        octets = clipboard + self._difference(drawn, composed, dialect) + self._set_again(drawn, composed)
        if self._title_lent and not composed.title_set:
            octets += self._title_again
        self._title_lent = announcing and not screen.title_set
        self._drawn = composed
        self._source = _Source(screen, bars, columns, lines, announcing)
        return octets

    def next_deadline(self, *, now: int) -> int | None:
        """Return when `draw` wants to be called although nothing changed; None = never. Changes nothing."""
        return self._title_bar.next_deadline(now=now) if self._dialect.title else None

    def _difference(self, drawn: Snapshot | None, composed: Snapshot, dialect: Dialect) -> bytes:
        """Return what makes a terminal that shows `drawn` show `composed`."""
        return diff(drawn, composed, dialect=dialect)

    def _new_clipboard(self, screen: Snapshot) -> bytes:
        """Return what sets the terminal's clipboard to the server's, if that is another than before.

        Not left to the frame diff, which drops it when the terminal is to be drawn from nothing.
        """
        copied, self._copied = self._copied, ""
        if screen.clipboard == self._clipboard and not copied:
            return b""
        self._clipboard = screen.clipboard
        return set_clipboard(copied or screen.clipboard).encode() if self._sets_clipboard else b""

    def _with_bells_beyond_the_limit(self, drawn: Snapshot, bell_count: int, *, now: int) -> Snapshot:
        """Return `drawn` as if those bells up to `bell_count` had rung that may not."""
        wanted = bell_count - drawn.bell_count
        if wanted <= 0:
            return drawn
        granted = self._bells.take(wanted if self._dialect.every_bell else 1, now=now)
        return drawn._replace(bell_count=bell_count - granted)

    def _set_again(self, drawn: Snapshot | None, composed: Snapshot) -> bytes:
        """Note what the difference from `drawn` touches; return what it leaves out because it does not know of that."""
        before, after, touched = drawn.modes if drawn is not None else DEFAULT_MODES, composed.modes, self.touched
        octets = b""
        if drawn is None and touched.alternate_scroll and not after.alternate_scroll:
            octets += b"\x1b[?1007l"
        if drawn is None and touched.cursor_shape and not after.cursor_shape and self._dialect.cursor_shape:
            octets += b"\x1b[0 q"
        self.touched = Touched(
            touched.alternate_scroll or before.alternate_scroll != after.alternate_scroll,
            touched.cursor_shape or (self._dialect.cursor_shape and before.cursor_shape != after.cursor_shape),
        )
        return octets


def fit(screen: Snapshot, columns: int, lines: int) -> Snapshot:
    """Return `screen` in another size, as the server will make it; the same object when it fits.

    The server learns of a new size a round trip later, so frames of the old one still come.
    """
    if (screen.columns, screen.lines) == (columns, lines):
        return screen
    lost = rows_lost_above(screen.cursor_row, lines)
    rows = screen.rows[lost : lost + lines]
    if screen.columns != columns:
        rows = tuple([_fit_row(row, columns) for row in rows])
    rows += (blank_row(columns),) * (lines - len(rows))
    return screen._replace(
        columns=columns,
        lines=lines,
        rows=rows,
        cursor_row=screen.cursor_row - lost,
        cursor_column=min(screen.cursor_column, columns - 1),
        wrap_pending=False,
    )


def _without_edges(screen: Snapshot) -> Snapshot:
    """Return `screen` with no row that wraps: the terminal would only do that at its own last column."""
    rows = tuple([(row[0], row[1], False, row[3]) if row[2] else row for row in screen.rows])
    return screen._replace(rows=rows, wrap_pending=False)


def _without_moves(dialect: Dialect) -> Dialect:
    """Return `dialect` without what moves something into or out of the part that is not drawn."""
    return dialect._replace(
        scroll_region=False, scroll_sequences=False, insert_delete_lines=False, insert_delete_characters=False
    )


def _fit_row(row: Row, columns: int) -> Row:
    text, styles, _wrapped, clusters = row
    if len(text) < columns:
        missing = columns - len(text)
        return (text + EMPTY * missing, styles + "\x00" * missing, False, clusters)
    kept, styles = text[:columns], styles[:columns]
    if text[columns] == WIDE_TAIL:  # the cut goes through a wide character
        kept, styles = kept[:-1] + EMPTY, styles[:-1] + "\x00"
    if clusters:
        clusters = {
            column: grapheme for column, grapheme in clusters.items() if column < columns and kept[column] == CLUSTER
        }
    return (kept, styles, False, clusters)
