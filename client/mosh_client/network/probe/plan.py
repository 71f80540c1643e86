"""What is tried in which order, and what is made of it; five seconds at most. Pure: time is an argument.

First contact; then small exchanges one after the other, each of which gets through or does not; then long datagrams on
the way there; then, by another window size, a screenful that has to come back in long ones; then the session's end.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Final, NamedTuple

from mosh_client.network.probe.line import Line
from mosh_common.address import Address
from mosh_common.protocol import MTU_FALLBACK_OCTETS, MTU_IPV4_OCTETS, MTU_IPV6_OCTETS, SHUTDOWN_NUMBER
from mosh_common.sync.path.path_mtu import RUNGS_OCTETS, failures_needed

WHOLE_MS: Final = 5000  # from the beginning to the last measurement
FAREWELL_MS: Final = 1000  # afterwards, for the session's end to be acknowledged
CONTACT_MS: Final = 250  # between two first datagrams
EXCHANGES: Final = 12
EXCHANGES_MS: Final = 1800  # for all of them: a server takes 0.1 s to acknowledge what it does not answer …
EXCHANGES_LOSSY: Final = 20
EXCHANGES_LOSSY_MS: Final = 4500  # … but where some are lost, the rest is of no use and these tell the more
LONG_MS: Final = 3400  # from the beginning; what is left then is for the way back
_ANSWER_MS: Final = 400  # beyond the round trip: the server's delay, and that of two busy machines
_STALL_MS: Final = 600  # and of one that has too much to do, as long as it may be that and no loss
_SCREEN_MS: Final = 500  # the same for what a program there prints
_LONGEST_ANSWER_MS: Final = 3000
_FAREWELL_ANSWER_MS: Final = 250

_FEWEST_TRIES: Final = 3  # of the full size

COLUMNS, LINES = 80, 24
SCREEN_COLUMNS, SCREEN_LINES = 100, 60  # that of hexadecimal digits are 3 kB, which compress no further
_SCREEN_TRIES: Final = 4
_FEWEST_SCREENS: Final = 2  # one may have been lost without being long

_SOME_LOST: Final = 2
_TOO_MANY_LOST: Final = 4  # what of the long ones is lost for being long cannot be told


class Ask(NamedTuple):
    """One thing to send, and what is waited for."""

    columns: int = COLUMNS
    lines: int = LINES
    octets: int = 0  # how long the datagram is to be
    patience_ms: int = 0  # 0: by the round trip
    until: Callable[[], bool] | None = None  # None: the server has it
    farewell: bool = False


class Probe:
    """Ask `datagrams_to_send` until `is_over`; give it what comes."""

    def __init__(self, line: Line, *, is_ipv6: bool, now: int) -> None:
        self._over = False
        self._line = line
        self._begun = now
        self._now = now
        self._full = MTU_IPV6_OCTETS if is_ipv6 else MTU_IPV4_OCTETS
        self._plan = self._everything()
        # What is under way.
        self._ask: Ask | None = None
        self._number = 0  # of the state that was sent
        self._give_up_at = 0
        # What was found out, beside what the line knows.
        self._exchanges: list[int] = []  # their numbers
        self._counted: tuple[int, int] | None = None  # datagrams received and missing, after the exchanges
        self._long: dict[int, list[int]] = {}  # numbers by the octets of the datagrams that brought them
        self._full_was_tried = False  # often enough
        self._down: int | None = None  # octets of the longest that came; None = the screenful was not asked for
        self._down_lost = False

    def receive(self, data: bytes, source: Address, *, now: int, arrived_at: int | None = None) -> None:
        """Take a datagram that came at `arrived_at` (ms; None: at `now`). Never raises on what is in it."""
        self._line.receive(data, source, now=now, arrived_at=arrived_at)

    def leave(self, *, now: int) -> list[tuple[bytes, Address]]:
        """Give up: return what ends the session there, as far as one datagram can."""
        self._over = True
        return self._line.farewell(now=now)

    def datagrams_to_send(self, *, now: int) -> list[tuple[bytes, Address]]:
        """Return what is due."""
        self._now = now
        while not self._over and (self._ask is None or self._answered() or now >= self._give_up_at):
            try:
                # PEP 342: the first one takes None.
                ask = next(self._plan) if self._ask is None else self._plan.send(self._answered())
            except StopIteration:
                self._over = True
                break
            self._ask = ask
            self._give_up_at = now + (ask.patience_ms or self._patience_ms())
            if not ask.farewell:
                self._give_up_at = min(self._give_up_at, self._begun + WHOLE_MS)
            else:
                self._number = SHUTDOWN_NUMBER
                return self._line.farewell(now=now)
            datagrams = self._line.window(ask.columns, ask.lines, octets=ask.octets, now=now)
            self._number = self._line.newest
            return datagrams
        return []

    def is_over(self) -> bool:
        """Return whether all was tried: nothing is sent any more."""
        return self._over

    def next_deadline(self) -> int:
        """Return when `datagrams_to_send` has something to say unless an answer comes before."""
        return self._give_up_at

    def outcome(self) -> dict[str, Any]:
        """Return what was found out, for JSON (mosh-client(1))."""
        line, rtt = self._line, self._line.rtt
        shortest = rtt.shortest if rtt.shortest is not None else round(rtt.srtt) if rtt.measured else None
        received, missing = self._counted or (line.received, line.missing)
        # Some may have been acknowledged when nobody waited any more.
        arrived = [octets for octets, numbers in self._long.items() if line.acknowledged & set(numbers)]
        return {
            "answered": line.was_acknowledged,
            "address": line.peer.host if line.peer is not None else "",
            "received": received,
            "missing": missing,
            "exchanges": len(self._exchanges),
            "unanswered": self._unanswered,
            "round_trip_ms": shortest,
            "full_octets": self._full,
            "octets_there": max(arrived, default=None),
            "long_lost_there": self._full_was_tried and self._full not in arrived,
            "octets_back": self._down,
            "long_lost_back": self._down_lost,
            "server": line.program,
            "clock_ahead_s": None,
            "ended": SHUTDOWN_NUMBER in line.acknowledged,
        }

    # --- The plan -----------------------------------------------------------------------------------------------

    def _everything(self) -> Generator[Ask, bool, None]:
        while not (yield Ask(patience_ms=CONTACT_MS, until=lambda: self._line.was_acknowledged)):
            if self._elapsed >= WHOLE_MS:
                return  # the server will leave by itself
        yield from self._exchange()
        self._counted = self._line.received, self._line.missing  # before any is lost for being long
        if self._unanswered < _TOO_MANY_LOST:
            yield from self._long_there()
            yield from self._long_back()
        while not self._line.program and self._elapsed < WHOLE_MS:
            yield Ask(patience_ms=CONTACT_MS, until=lambda: self._line.program != "")
        last = self._elapsed + FAREWELL_MS
        while self._elapsed < last and not (yield Ask(patience_ms=_FAREWELL_ANSWER_MS, farewell=True)):
            if self._line.theirs == SHUTDOWN_NUMBER:
                break  # it has ended by itself, and knows now that we know

    def _exchange(self) -> Generator[Ask, bool, None]:
        while self._line.theirs != SHUTDOWN_NUMBER:
            lost = self._unanswered
            most = EXCHANGES_LOSSY if lost >= _SOME_LOST else EXCHANGES
            end = EXCHANGES_LOSSY_MS if lost else EXCHANGES_MS
            if len(self._exchanges) >= most or self._elapsed >= end:
                return
            yield Ask(patience_ms=self._patience_ms() + (0 if lost else _STALL_MS))
            self._exchanges.append(self._number)

    def _long_there(self) -> Generator[Ask, bool, None]:
        tries = max(failures_needed(self._unanswered / max(len(self._exchanges), 1), 1), _FEWEST_TRIES)
        # Upwards from the shortest where the full size fails: what gets through costs little time.
        for octets in (self._full, MTU_FALLBACK_OCTETS, *RUNGS_OCTETS):
            arrived = False
            for _ in range(tries if octets == self._full else 1):
                if self._elapsed >= LONG_MS:
                    return
                arrived = yield Ask(octets=octets)
                self._long.setdefault(octets, []).append(self._number)
                if arrived:
                    break
            self._full_was_tried = True
            if arrived == (octets == self._full):
                return

    def _long_back(self) -> Generator[Ask, bool, None]:
        line = self._line
        missing, received = line.missing, line.received
        line.longest = tries = 0
        while line.longest <= MTU_FALLBACK_OCTETS and tries < _SCREEN_TRIES and self._elapsed < WHOLE_MS:
            # Another size each time: only that makes the program there print again.
            yield Ask(
                SCREEN_COLUMNS + tries,
                SCREEN_LINES,
                patience_ms=self._patience_ms() + _SCREEN_MS,
                until=lambda: line.longest > MTU_FALLBACK_OCTETS,
            )
            tries += 1
        self._down = line.longest or None
        # What comes at all comes short, with gaps; or, from a server that knows no shorter ones, nothing any more.
        if line.longest <= MTU_FALLBACK_OCTETS and tries >= _FEWEST_SCREENS:
            self._down_lost = line.missing > missing or line.received == received

    # --- Private ------------------------------------------------------------------------------------------------

    @property
    def _elapsed(self) -> int:
        return self._now - self._begun

    def _answered(self) -> bool:
        if self._ask is not None and self._ask.until is not None:
            return self._ask.until()
        return self._number in self._line.acknowledged

    def _patience_ms(self) -> int:
        """Return how long to wait for an answer. One that comes later still counts as one."""
        rtt = self._line.rtt
        round_trip = rtt.srtt + 4 * rtt.rttvar if rtt.shortest is None else 1.5 * rtt.shortest
        return min(round(round_trip), _LONGEST_ANSWER_MS) + _ANSWER_MS

    @property
    def _unanswered(self) -> int:
        return len([each for each in self._exchanges if each not in self._line.acknowledged])
