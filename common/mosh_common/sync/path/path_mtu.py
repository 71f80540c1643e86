"""How long a datagram the path carries, found out from what gets through.

Some paths (tunnels, VPNs) drop what is too long without a word. So what is overdue and was long is sent again in short
datagrams; when that gets through time after time and the long ones do not, the size is lowered. From then on
heartbeats, padded, try longer ones again. Knows nothing of states but their numbers, and reads no clock.
"""

from __future__ import annotations

import math
from typing import Final

from mosh_common.protocol import MTU_FALLBACK_OCTETS

RUNGS_OCTETS: Final = (800, 1000)  # sizes that are tried between the shortest and the full one
# So unlikely must it be that mere loss took all the long ones.
CHANCE: Final = 0.001
LOSS_ASSUMED: Final = 0.02  # where less was seen, which may be for want of datagrams
FAILURES_MIN: Final = 2
FAILURES_MAX: Final = 12
REMEMBERED: Final = 64  # numbers of states sent and not acknowledged; a sender has half as many

PROBE_AFTER_MS: Final = 30_000  # the first try after the size was lowered; then twice as long each time …
PROBE_AFTER_MAX_MS: Final = 600_000  # … until this
PROBE_TIMEOUT_MS: Final = 8000  # a heartbeat is acknowledged by the peer's next one, 3 s later


class PathMtu:
    """The longest datagram to send, `octets`. Made anew for each path."""

    __slots__ = ("_failures", "_full", "_long", "_lowered", "_probe", "_probe_at", "_probe_wait", "_short", "suspect")

    def __init__(self, full: int) -> None:
        self._full = full  # what is right unless the path says otherwise
        self._lowered = full  # what it is believed to carry
        # Doubts.
        self.suspect = False  # something long is overdue: short datagrams until something is acknowledged
        self._long: dict[int, tuple[int, int]] = {}  # states under way: when they were sent, in how many datagrams
        self._short: set[int] = set()  # states sent in short datagrams since then
        self._failures = 0  # how often short ones got through where long ones had not
        # The way back up.
        self._probe: tuple[int, int, int] | None = None  # state number, size and time of the try under way
        self._probe_at: int | None = None  # when the next one is due
        self._probe_wait = PROBE_AFTER_MS

    @property
    def octets(self) -> int:
        """Octets of the longest datagram to send now."""
        return min(MTU_FALLBACK_OCTETS, self._lowered) if self.suspect else self._lowered

    def sent(self, number: int, *, longest: int, count: int, now: int) -> None:
        """Note that state `number` went out in `count` datagrams, the longest of which has `longest` octets."""
        if longest <= MTU_FALLBACK_OCTETS:
            if self.suspect:
                self._short.add(number)
        elif number not in self._long:
            self._long[number] = (now, count)
            if len(self._long) > REMEMBERED:
                del self._long[min(self._long)]

    def doubt_overdue(self, *, now: int, timeout: int) -> bool:
        """Suspect the size if what was long is overdue, `timeout` ms after it was sent; return whether that is news."""
        if self.suspect or not any(now - sent_at >= timeout for sent_at, _ in self._long.values()):
            return False
        self.suspect = True
        return True

    def acknowledged(self, number: int, *, loss: float, now: int) -> bool:
        """Note that the peer has state `number`; return whether `octets` is lowered for good.

        `loss`: the share of datagrams that is lost, from 0 to 1.
        """
        got_through = self._long.get(number)
        if self._probe is not None and self._probe[0] == number:
            self._lowered = self._probe[1]
            self._probe = None
            self._probe_wait = PROBE_AFTER_MS
            self._probe_at = now if self._lowered < self._full else None
        if self.suspect and number in self._short:
            count = max((count for _, count in self._long.values()), default=1)
            self._failures += 1
            self._long.clear()
            self._short.clear()
            self.suspect = False
            if self._failures >= failures_needed(loss, count) and self._lowered > MTU_FALLBACK_OCTETS:
                self.lower(now=now)
                return True
        elif got_through is not None:
            self._failures = 0
            self._short.clear()
            self.suspect = False
        self._long = {other: facts for other, facts in self._long.items() if other > number}
        return False

    def lower(self, *, now: int) -> bool:
        """Send short datagrams from now on; return whether that is news."""
        if self._lowered <= MTU_FALLBACK_OCTETS:
            return False
        self._lowered = min(MTU_FALLBACK_OCTETS, self._full)
        self._failures = 0
        self._long.clear()
        self._probe_at = now + self._probe_wait
        return True

    def expire_probe(self, *, now: int) -> None:
        """Take a try that was not acknowledged in time for failed: the next one is further away."""
        if self._probe is not None and now - self._probe[2] >= PROBE_TIMEOUT_MS:
            self._probe = None
            self._probe_wait = min(2 * self._probe_wait, PROBE_AFTER_MAX_MS)
            self._probe_at = now + self._probe_wait

    def probe_octets(self, *, now: int) -> int | None:
        """Return the size that an empty instruction is to be padded to, to see whether it arrives; None = do not."""
        if self._probe is not None or self._probe_at is None or now < self._probe_at:
            return None
        return next((size for size in RUNGS_OCTETS if self._lowered < size < self._full), self._full)

    def probe_sent(self, number: int, size: int, *, now: int) -> None:
        """Note that the padded instruction went out with state `number`, in a datagram of `size` octets."""
        self._probe = (number, size, now)


def failures_needed(loss: float, count: int) -> int:
    """Return how many instructions of `count` datagrams must vanish before loss is no likely reason."""
    vanishes = 1 - (1 - min(max(loss, LOSS_ASSUMED), 0.9)) ** count
    return min(max(math.ceil(math.log(CHANCE) / math.log(vanishes)), FAILURES_MIN), FAILURES_MAX)
