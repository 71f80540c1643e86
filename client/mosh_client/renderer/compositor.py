"""From the server's screen to the octets for the user's terminal: size, title, bar, difference.

Remembers what it drew last. Reads neither terminal nor environment; the caller writes all that `draw` returns before it
asks again.
"""

from __future__ import annotations

from mosh_client.renderer.notice import lay_bars
from mosh_common.terminal.cells import CLUSTER, EMPTY, WIDE_TAIL, Row, Snapshot, blank_row
from mosh_common.terminal.dialect import Dialect
from mosh_common.terminal.display import diff


class Compositor:
    """Draws screens on one terminal."""

    def __init__(self, *, dialect: Dialect, title_prefix: str) -> None:
        self._dialect = dialect
        self._title_prefix = title_prefix
        self._drawn: Snapshot | None = None  # what the terminal shows; None = unknown
        self._source: tuple[Snapshot, tuple[str, ...], int, int] | None = None  # what `_drawn` was made of

    def forget(self) -> None:
        """Whatever the terminal shows is not to be relied on: draw everything the next time."""
        self._drawn = self._source = None

    def synchronize(self) -> None:
        """Wrap larger changes in synchronized updates from now on: the terminal said that it has them."""
        self._dialect = self._dialect._replace(synchronized=True)

    def draw(self, screen: Snapshot, *, columns: int, lines: int, bars: tuple[str, ...]) -> bytes:
        """Return what makes a terminal of that size show `screen` under `bars`, from the top row down."""
        source = self._source
        if source is not None and source[0] is screen and source[1:] == (bars, columns, lines):
            return b""
        composed = fit(screen, columns, lines)
        if bars:
            composed = lay_bars(composed, bars)
        if composed.title_set and self._title_prefix:
            composed = composed._replace(
                title=self._title_prefix + composed.title, icon_name=self._title_prefix + composed.icon_name
            )
        drawn = self._drawn
        if drawn is not None and (drawn.columns, drawn.lines) != (columns, lines):
            drawn = None  # terminals differ in what they do to their contents when they are resized
        octets = diff(drawn, composed, dialect=self._dialect)
        self._drawn = composed
        self._source = (screen, bars, columns, lines)
        return octets

    @property
    def alternate_scroll_drawn(self) -> bool:
        """Whether the terminal is in alternate-scroll mode because of what was drawn."""
        return self._drawn is not None and self._drawn.modes.alternate_scroll


def fit(screen: Snapshot, columns: int, lines: int) -> Snapshot:
    """Return `screen` cut or filled up at the right and the bottom; the same object when it fits.

    The server learns of a new size a round trip later, so frames of the old one still come.
    """
    if (screen.columns, screen.lines) == (columns, lines):
        return screen
    rows = screen.rows[:lines]
    if screen.columns != columns:
        rows = tuple([_fit_row(row, columns) for row in rows])
    rows += (blank_row(columns),) * (lines - len(rows))
    return screen._replace(
        columns=columns,
        lines=lines,
        rows=rows,
        cursor_row=min(screen.cursor_row, lines - 1),
        cursor_column=min(screen.cursor_column, columns - 1),
        wrap_pending=False,
    )


def _fit_row(row: Row, columns: int) -> Row:
    text, styles, _wrapped, clusters = row
    if len(text) < columns:
        missing = columns - len(text)
        return (text + EMPTY * missing, styles + "\x00" * missing, False, clusters)
    kept = text[:columns]
    if text[columns] == WIDE_TAIL:  # the cut goes through a wide character
        kept = kept[:-1] + EMPTY
    if clusters:
        clusters = {
            column: grapheme for column, grapheme in clusters.items() if column < columns and kept[column] == CLUSTER
        }
    return (kept, styles[:columns], False, clusters)
