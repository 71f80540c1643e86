"""From what the programs wrote to the screen that the client is to see.

Output is digested in portions; the screen is looked at when all is digested, in a flood now and then, and never in the
middle of a synchronized update that may still be waited for. Knows nothing of the client.
"""

from __future__ import annotations

from typing import Final

from mosh_common.terminal.cells import Snapshot
from mosh_common.wire.size import Resize, nearest_size
from mosh_server.output.flood import Flood
from mosh_server.output.guarded_emulator import GuardedEmulator
from mosh_server.output.queue import OutputQueue

# An application between BSU and ESU promises a better screen soon; one that breaks the promise is not waited for.
SYNCHRONIZED_UPDATE_MS: Final = 150


class Display:
    """The screen that is to be shown, `shown`."""

    __slots__ = (
        "_emulator", "_flood", "_in_portions", "_new_size", "_output", "_update_began", "shown", "unseen",
    )  # fmt: skip

    def __init__(self, emulator: GuardedEmulator, flood: Flood) -> None:
        """Show the screen of `emulator`, and tell `flood` what is printed and when it is looked at."""
        self._emulator = emulator
        self._flood = flood
        self._output = OutputQueue(emulator)
        self._in_portions = False  # output is digested in portions: nothing here may execute all that was put off
        self._new_size: Resize | None = None  # once everything is digested that was written before it
        self._update_began: int | None = None  # the synchronized update that the application is in
        self.shown: Snapshot = emulator.snapshot()
        self.unseen = False  # the screen changed, or may have, since it was looked at

    # --- Output -------------------------------------------------------------------------------------------------

    def take(self, data: bytes, *, now: int) -> None:
        """Take what the programs wrote; then `digest` as long as it is `digesting`, and look."""
        self._in_portions = True
        self._flood.printed(data, now=now)
        self.unseen = True
        self._output.add(data)

    @property
    def waiting(self) -> bool:
        """Whether something is to be executed; what the emulator puts off until somebody looks does not count."""
        return self._output.waiting

    @property
    def putting_off(self) -> bool:
        """Whether the emulator has put off what is still to be digested in portions."""
        return self._in_portions and self._emulator.put_off

    @property
    def undigested(self) -> bool:
        """Whether the screen is not up to date until more portions are digested."""
        return self._output.waiting or self.putting_off

    def digesting(self, *, to_the_end: bool, now: int) -> bool:
        """Return whether there is a portion to be digested now; `to_the_end`: nothing follows to put it off for."""
        if self._output.waiting:
            return True
        return self.putting_off and (to_the_end or self._flood.may_look(now=now))

    def digest(self, *, now: int) -> bytes:
        """Digest a portion, some milliseconds' worth; return the terminal's answers to the programs."""
        emulator = self._emulator
        at_update = self._output.digest()
        replies = emulator.replies()
        if not emulator.in_synchronized_update:
            self._update_began = None
            if at_update:
                # A batch may end within a later update than it began with: the screen between them is worth a frame.
                self.shown = self.screen()
        elif self._update_began is None:
            self._update_began = now
        if at_update:
            self._output.begin_update()
        return replies

    def end_portions(self) -> None:
        """Stop digesting in portions, until there is more: the next look executes all."""
        self._in_portions = False

    # --- Sizes --------------------------------------------------------------------------------------------------

    def resize(self, size: Resize) -> bool:
        """Give the screen that size, or wait for `take_new_size`; return whether it has it now."""
        if not self.awaits_size and self._emulator.size == nearest_size(size.columns, size.lines):
            return True  # margins, and an update that goes on, are the programs'
        if self.undigested:
            self._new_size = size
            return False
        self._resize(size)
        return True

    @property
    def awaits_size(self) -> bool:
        """Whether the screen has not the size yet that it was given."""
        return self._new_size is not None

    def take_new_size(self) -> bool:
        """Give the screen the size that it waited for, now that everything before is executed; return if it did."""
        if self._new_size is None:
            return False
        self._resize(self._new_size)
        self._new_size = None
        return True

    def _resize(self, size: Resize) -> None:
        self._emulator.resize(size.columns, size.lines)
        self._update_began = None  # it was of the old size; the application will draw anew

    # --- The screen ---------------------------------------------------------------------------------------------

    def look(self, *, now: int) -> bool:
        """Make the screen what is shown, but in a synchronized update; return whether it was."""
        self._flood.looked(now=now)
        self.unseen = self.undigested
        if self.holding(now=now):
            return False
        self.shown = self.screen()
        return True

    def look_due(self, *, now: int) -> bool:
        """Return whether it is time to look at what a flood has changed."""
        return self.unseen and now >= self._flood.glance_at and not self.putting_off

    def screen(self) -> Snapshot:
        """Return the emulator's screen, as far as what the programs wrote is executed."""
        return self._emulator.snapshot(settled=not self._in_portions)

    @property
    def updating(self) -> bool:
        """Whether the application is in a synchronized update, however long."""
        return self._update_began is not None

    def holding(self, *, now: int) -> bool:
        """Return whether the application is in a synchronized update that may still be waited for."""
        return self._update_began is not None and now < self._update_began + SYNCHRONIZED_UPDATE_MS

    def held_until(self, *, now: int) -> int | None:
        """Return when it is waited for no longer, None when it is not."""
        if self._update_began is None or not self.holding(now=now):
            return None
        return self._update_began + SYNCHRONIZED_UPDATE_MS

    def abandon_update(self) -> None:
        """Say that nobody will complete the synchronized update."""
        self._update_began = None

    def next_look(self) -> int | None:
        """Return when `look_due` may become true, None when nothing is unseen."""
        return self._flood.glance_at if self.unseen else None
