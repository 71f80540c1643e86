"""What lives as long as the programs' pty, whoever looks at it: their screen, and the input that waits for them.

Knows nothing of clients: an `Attachment` shows what this holds, and types into it.
"""

from __future__ import annotations

from typing import Final

from mosh_common.terminal.emulator import Emulator
from mosh_server.events import OutputNotDigested
from mosh_server.history import History, HistorySource
from mosh_server.input.queue import REPLIES_LIMIT_OCTETS, InputQueue
from mosh_server.output.display import Display
from mosh_server.output.flood import Flood
from mosh_server.output.guarded_emulator import GuardedEmulator
from mosh_server.output.incidents import Incidents
from mosh_server.output.notices import Notices


class Terminal:
    """The terminal of one session's programs."""

    __slots__ = (
        *("_incidents", "display", "emulator", "exit_status", "flood", "history", "input", "notices", "started"),
    )

    def __init__(self, emulator: Emulator, flood: Flood, history: HistorySource | None = None) -> None:
        """Show the screen of `emulator`, and tell `flood` what is printed and when it is looked at.

        `history` has what scrolled off it; None: the emulator's, if it keeps that.
        """
        self.emulator: Final = GuardedEmulator(emulator)
        self.flood: Final = flood
        self.display: Final = Display(self.emulator, flood)
        source: HistorySource | None = self.emulator.history if history is None else history
        self.history: Final = None if source is None else History(source)
        self.input: Final = InputQueue()  # for the pty
        self.notices: Final = Notices()  # about what the programs print, for the client's bar
        self._incidents = Incidents(self.emulator, self.notices)
        self.started = False  # StartShell was reported
        self.exit_status: int | None = None  # the shell's: it ended, what was written is shown, and that was all

    def look(self, *, now: int) -> bool:
        """Look at the screen, and what history there is with it; return whether that was brought up to date."""
        looked = self.display.look(now=now)
        if self.history is not None:
            self.history.look(self.display.shown, looked=looked)
        return looked

    def digesting(self, *, now: int) -> bool:
        """Return whether there is output to be digested. Until there is none the pty is not to be read."""
        return self.display.digesting(to_the_end=self.exit_status is not None, now=now)

    def digest(self, *, now: int) -> None:
        """Digest a portion, some milliseconds' worth; afterwards `input` may hold the terminal's answers."""
        self.input.add(self.display.digest(now=now), limit=REPLIES_LIMIT_OCTETS)

    def digest_all(self, *, now: int) -> None:
        """Digest everything, and go on without portions until there is more."""
        while self.display.waiting:
            self.digest(now=now)
        self.display.end_portions()

    def digested(self, *, now: int) -> None:
        """Note that what the programs wrote was executed, or put off."""
        self._incidents.digested(now=now)

    def incidents(self, *, now: int) -> list[OutputNotDigested]:
        """Return where the emulator failed since the last call; `notices` tell that, and of a clipboard too long."""
        places = self._incidents.note_failures(now=now)
        self._incidents.note_clipboard(now=now)
        return [OutputNotDigested(place, self.emulator.failed) for place in places]
