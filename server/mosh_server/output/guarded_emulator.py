"""The emulator of a session that outlives its failures.

The emulator is meant never to raise; where it does all the same, that is a bug of ours, which must not cost the user
what runs in the session. Knows nothing of the session; it asks for `failures` after each turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mosh_common.errors import place_of
from mosh_common.terminal.cells import Snapshot
from mosh_common.terminal.emulator import Emulator

if TYPE_CHECKING:
    from mosh_server.output.guarded_history import GuardedHistory  # loaded where there is a history


class GuardedEmulator:
    """What a session asks of its emulator. Nothing here raises."""

    __slots__ = ("_emulator", "_failures", "_good", "failed", "history")

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._good = emulator.snapshot()  # the last screen that could be taken
        self._failures: list[str] = []  # not asked for yet
        self.failed = 0  # how often, in all
        self.history: GuardedHistory | None = self._guarded_history()

    def _guarded_history(self) -> GuardedHistory | None:
        history = self._emulator.history
        if history is None:
            return None
        from mosh_server.output.guarded_history import GuardedHistory

        return GuardedHistory(self._emulator, history, self._note)

    def take(self, data: bytes) -> None:
        """Take what the programs wrote; after a failure it is lost and the parser at ground."""
        try:
            self._emulator.take(data)
        except Exception as error:
            self._note(error)
            self._emulator.reset_parser()

    @property
    def waiting(self) -> bool:
        """Whether something is to be digested."""
        return self._emulator.waiting

    @property
    def put_off(self) -> bool:
        """Whether output was put off until somebody looks."""
        return self._emulator.put_off

    def digest(self) -> None:
        """Execute a portion of what was taken; after a failure the rest of it is lost and the parser at ground."""
        try:
            self._emulator.digest()
        except Exception as error:
            self._note(error)
            self._emulator.reset_parser()

    def replies(self) -> bytes:
        """Return the answers to the programs since the last call; after a failure none."""
        try:
            return self._emulator.replies()
        except Exception as error:
            self._note(error)
            return b""

    def take_refused_clipboard(self) -> int:
        """Return the length of a clipboard that does not reach the client, as `Emulator` does."""
        return self._emulator.take_refused_clipboard()

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines."""
        return self._emulator.size

    def resize(self, columns: int, lines: int) -> None:
        """Take a new size; after a failure the screen is blank, and the programs draw it anew as after any resize."""
        try:
            self._emulator.resize(columns, lines)
        except Exception as error:
            self._note(error)
            self._emulator.start_over(columns, lines)

    def snapshot(self, *, settled: bool = True) -> Snapshot:
        """Return this moment of the screen, with what was put off if `settled`, without what is waiting.

        Where that fails twice, the last one that there was, from which it goes on.

        Twice, because output that was put off is executed only now, and is given up when it fails.
        """
        for _ in range(2):
            try:
                self._good = self._emulator.snapshot(settled=settled)
                return self._good
            except Exception as error:
                self._note(error)
                self._emulator.reset_parser()
        self._emulator.start_over(self._good.columns, self._good.lines)
        try:
            self._emulator.restore(self._good)
        except Exception as error:
            self._note(error)
        return self._good

    @property
    def in_synchronized_update(self) -> bool:
        """Whether the application is in the middle of a frame (?2026)."""
        return self._emulator.in_synchronized_update

    @property
    def application_cursor_keys(self) -> bool:
        """Whether the application asked for SS3 cursor keys (DECCKM)."""
        return self._emulator.application_cursor_keys

    @property
    def failing(self) -> bool:
        """Whether `failures` has something to tell."""
        return bool(self._failures)

    def failures(self) -> list[str]:
        """Return and forget where the emulator failed since the last call."""
        failures, self._failures = self._failures, []
        return failures

    def _note(self, error: Exception) -> None:
        self.failed += 1
        self._failures.append(place_of(error))
