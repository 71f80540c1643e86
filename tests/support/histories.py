"""Emulators that keep what scrolls off, and what that says."""

from __future__ import annotations

from collections.abc import Iterable

from mosh_common.history_limits import DEFAULT_LIMITS, Limits
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.history.history import History
from mosh_common.terminal.history.line import Line, Position, plain_text
from mosh_common.terminal.history.reading import Reading

ALL = 1 << 30  # lines or octets


class Kept:
    """An emulator with its history."""

    def __init__(
        self, columns: int = 20, lines: int = 6, *, limits: Limits = DEFAULT_LIMITS, skipping: bool = True
    ) -> None:
        self.history = History(limits)
        self.emulator = Emulator(columns, lines, history=self.history, skipping=skipping)
        self.reading = Reading(self.history)

    def feed(self, *pieces: str | bytes) -> Kept:
        """Feed pieces, and look at the screen."""
        for piece in pieces:
            self.emulator.feed(piece.encode() if isinstance(piece, str) else piece)
        self.emulator.snapshot()
        return self

    def resize(self, columns: int, lines: int) -> Kept:
        """Resize, and look at the screen."""
        self.emulator.resize(columns, lines)
        self.emulator.snapshot()
        return self

    @property
    def lines(self) -> list[Line]:
        """All lines that there are."""
        return self.reading.lines(Position(0), ALL, ALL)[1]

    @property
    def texts(self) -> list[str]:
        """What they say."""
        return [plain_text(line) for line in self.lines]

    @property
    def screen(self) -> list[str]:
        """What the screen says, without blanks at the right."""
        return [row[0].replace("\x01", "").rstrip("\x00 ") for row in self.emulator.snapshot().rows]


def numbered(numbers: Iterable[int], letter: str = "l") -> str:
    """Return lines `l1`, `l2` …"""
    return "".join(f"{letter}{number}\r\n" for number in numbers)
