"""A terminal for tests of the prediction engine: frames drawn as strings, keys typed and acknowledged by batch."""

from __future__ import annotations

from typing import Any

from mosh_client.renderer.prediction.engine import ALL_EXTENSIONS, DisplayPreference, Extension, PredictionEngine
from mosh_common.terminal.cells import (
    EMPTY,
    NO_CLUSTERS,
    UNDERLINE_NONE,
    WIDE_TAIL,
    Palette,
    Snapshot,
    Style,
)
from mosh_common.terminal.width import char_width

CURSOR = "▮"  # stands before the cell that the cursor is on
FAST_MS = 20
SLOW_MS = 125


def frame(*rows: str, columns: int = 30, lines: int = 6, palette: Palette | None = None, dim: str = "") -> Snapshot:
    """Draw a screen: CURSOR marks the cursor; what stands in `dim` is shown in grey wherever it occurs in a row."""
    palette = palette or Palette()
    grey = palette.letter(Style(fg=8))
    made = []
    cursor = (0, 0)
    for number in range(lines):
        text = rows[number] if number < len(rows) else ""
        if CURSOR in text:
            before = text[: text.index(CURSOR)]
            cursor = (number, sum(char_width(char) for char in before))
            text = text.replace(CURSOR, "")
        cells = "".join(char + WIDE_TAIL * (char_width(char) - 1) for char in text).ljust(columns, EMPTY)
        letters = "\x00" * columns
        if dim and dim in cells:
            at = cells.index(dim)
            letters = letters[:at] + grey * len(dim) + letters[at + len(dim) :]
        made.append((cells, letters, False, NO_CLUSTERS))
    return Snapshot(columns, lines, tuple(made), palette, *cursor)


def drawn(screen: Snapshot) -> list[str]:
    """Return the rows as `frame` takes them, without trailing blanks and blank rows."""
    rows = []
    for number, row in enumerate(screen.rows):
        text = row[0].replace(EMPTY, " ")
        if number == screen.cursor_row:
            text = text[: screen.cursor_column] + CURSOR + text[screen.cursor_column :]
        rows.append(text.replace(WIDE_TAIL, "").rstrip())
    while rows and not rows[-1]:
        rows.pop()
    return rows


class Typist:
    """Somebody at the keyboard of an engine; time stands still unless told to pass."""

    def __init__(
        self,
        *rows: str,
        display: DisplayPreference = DisplayPreference.ALWAYS,
        overwrite: bool = False,
        extensions: frozenset[Extension] = ALL_EXTENSIONS,
        interval_ms: int = SLOW_MS,
        columns: int = 30,
        lines: int = 6,
    ) -> None:
        self.engine = PredictionEngine(display=display, overwrite=overwrite, extensions=extensions)
        self.engine.set_send_interval(interval_ms)
        self.columns, self.lines = columns, lines
        self.palette = Palette()
        self.batch = 0  # of the last read
        self.acknowledged = 0
        self.now = 1000
        self.screen = frame(*rows, columns=columns, lines=lines, palette=self.palette)
        self.engine.server_screen(self.screen, now=self.now)

    def types(self, *reads: str | bytes) -> None:
        """Each argument is one read of the tty."""
        for read in reads:
            self.batch += 1
            data = read.encode() if isinstance(read, str) else read
            self.engine.user_input(data, batch=self.batch, screen=self.screen, now=self.now)

    def keys(self, text: str) -> None:
        """Type key by key."""
        self.types(*text)

    def sees(self, *rows: str, ack: int | None = None, dim: str = "") -> None:
        """A frame comes; `ack` is the newest batch that it echo-acknowledges, None: as before, -1: all."""
        if ack is not None:
            self.acknowledged = self.batch if ack < 0 else ack
        self.screen = frame(*rows, columns=self.columns, lines=self.lines, palette=self.palette, dim=dim)
        self.engine.set_echo_acknowledged(self.acknowledged)
        self.engine.server_screen(self.screen, now=self.now)

    def passes(self, milliseconds: int) -> None:
        """Time passes; the engine is called when it asked for it."""
        until = self.now + milliseconds
        while (deadline := self.engine.next_deadline()) is not None and deadline <= until:
            self.now = max(self.now, deadline)
            self.engine.server_screen(self.screen, now=self.now)
            if self.engine.next_deadline() == deadline:
                break
        self.now = until

    @property
    def shown(self) -> list[str]:
        """What the user sees."""
        return drawn(self.engine.apply(self.screen))

    def style_at(self, row: int, column: int) -> Style:
        """The style that the user sees there."""
        screen = self.engine.apply(self.screen)
        return screen.palette.styles[ord(screen.rows[row][1][column])]

    def underlined_at(self, row: int, column: int) -> bool:
        """Whether the user sees an underline there."""
        return self.style_at(row, column).underline != UNDERLINE_NONE


def typist_at_prompt(prompt: str = "me@host:~$ ", **options: Any) -> Typist:
    """Return somebody whose prompt has echoed "ls" and come back on row 2, known and with nothing under way."""
    somebody = Typist(prompt + CURSOR, **options)
    somebody.keys("ls")
    somebody.sees(prompt + "ls" + CURSOR, ack=-1)
    somebody.types("\r")
    somebody.sees(prompt + "ls", "file", prompt + CURSOR, ack=-1)
    return somebody
