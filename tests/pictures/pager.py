"""The pager, played: a build has failed far above; its error is found, read and copied.

The view is the real one; what was printed comes from tests/support/paging.py, without a network.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tests.pictures.cast import MARKER, OUTPUT, Cast, Event
from tests.support.paging import PagingDesk

COLUMNS, LINES = 80, 16
TITLE: Final = "What scrolled away, in the pager of mosh-py"
DESCRIPTION: Final = (
    "A terminal. A build has failed, and its error is far above. The escape key and [ show the pager, with its bar in"
    " the last row: which lines are to be seen, of how many. A search upwards finds the error, which is marked. The"
    " function's name is selected and copied; then q shows the prompt again."
)
FILES: Final = 480
FAILED: Final = 211  # the file that does not compile

AWAY: Final = "The build failed, and why has scrolled away."
PAGER: Final = "Ctrl-^ and [: the server kept it. The bar says where you are."
FOUND: Final = "? finds upwards, / downwards, n the next one."
COPIED: Final = "v selects, y copies: to the clipboard of the terminal you sit at."
BACK: Final = "q, or just typing, and the session is there as it was."


def build_log() -> Iterator[str]:
    """Yield what the build printed."""
    for number in range(FILES):
        share = f"\x1b[32m[{100 * number // FILES:3d}%]\x1b[m"
        yield f"{share} Compiling \x1b[36msrc/part_{number:03d}.c\x1b[m"
        if number == FAILED:
            where = f"\x1b[1msrc/part_{number}.c:88:14: \x1b[31merror:\x1b[m"
            yield f"{where} implicit declaration of \x1b[1mprobe_next\x1b[m"
            yield "   88 |     return probe_next(path, now);"
            yield "      |            \x1b[1;31m^~~~~~~~~~\x1b[m"
    yield "\x1b[1;31mBuild stopped: 1 error.\x1b[m"
    yield "\x1b[32mfar-away\x1b[m ~/project $ "


class _Player:
    """The user, and the camera."""

    def __init__(self) -> None:
        self._desk = PagingDesk(columns=COLUMNS, lines=LINES)
        self._seconds = 0.0
        self.events: list[Event] = []

    def prepare(self, lines: Iterator[str]) -> None:
        self._desk.print(*lines)
        self._note()

    def say(self, caption: str) -> None:
        self.events.append(Event(self._seconds, MARKER, caption))

    def type(self, keys: str, *, then: float) -> None:
        """Type key by key, and look at it for a while."""
        for key in keys:
            self._desk.type(key)
            self._note()
            self._seconds += 0.15
        self._seconds += then

    def watch(self, seconds: float) -> None:
        self._seconds += seconds

    @property
    def screen(self) -> list[str]:
        """What is shown."""
        return self._desk.shown

    def _note(self) -> None:
        shown = self._desk.shown
        assert shown
        self.events.append(Event(self._seconds, OUTPUT, self._desk.written.decode()))


def play() -> Cast:
    """Return the recording."""
    player = _Player()
    player.say(AWAY)
    player.prepare(build_log())
    player.watch(2.5)
    player.say(PAGER)
    player.type("\x1e[", then=2.0)
    player.type("k\x02", then=1.5)
    player.say(FOUND)
    player.type("?error:\r", then=2.5)
    player.say(COPIED)
    player.type("vwwww", then=0.6)
    player.type("v$", then=1.2)
    player.type("y", then=2.5)
    player.say(BACK)
    player.type("q", then=1.0)
    return Cast(COLUMNS, LINES, TITLE, tuple(player.events))
