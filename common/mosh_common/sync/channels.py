"""The channels beside channel 0: which are open, and whose turn it is on the path that they share (docs/adr/0101).

Channel 0, keys and screen, never waits for another. The others have what it leaves of one budget of octets under way,
in order of their numbers, and send their fragments one by one, so that what channel 0 has to say next finds at most one
of them in front of it. Knows nothing of states and datagrams. All times are absolute milliseconds, None = never.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from mosh_common.errors import UsageError
from mosh_common.protocol import MTU_IPV4_OCTETS
from mosh_common.sync.channel import Channel
from mosh_common.sync.pacing import Link
from mosh_common.sync.state import LocalState, RemoteState
from mosh_common.wire.drop import Dropped, DropReason
from mosh_common.wire.fragment import LAST_CHANNEL, Fragment

WINDOW_FRAGMENTS: Final = 8  # under way and not acknowledged: 9.6 kB, 50 kB/s at a round trip of 200 ms
LEAST_FRAGMENTS: Final = 2  # while frames fill the path, history still gets on; a key waits for one of them at most
WINDOW_OCTETS: Final = WINDOW_FRAGMENTS * MTU_IPV4_OCTETS
LEAST_OCTETS: Final = LEAST_FRAGMENTS * MTU_IPV4_OCTETS

# Fragments are this share of a round trip apart: the window's worth in two thirds of one, the rest for other channels.
GAPS: Final = 12
GAP_MAX_MS: Final = 25
# Where they wait for their turn on the path for longer than jitter explains, a key would wait behind them: they go half
# as often, and then bit by bit more often again.
QUEUEING_MS: Final = 5
SLOWER: Final = 2.0
FASTER: Final = 0.95
GAP_SLOW_MAX_MS: Final = 80  # one at a time where a line carries 128 kbit/s
FRAMES_REMEMBERED: Final = 64


class Channels:
    """All but channel 0 of one `Transport`."""

    __slots__ = ("_channels", "_entropy", "_frames", "_next_at", "_slow_ms", "_usual_ms", "any")

    def __init__(self, entropy: Callable[[int], bytes]) -> None:
        """Begin with none; `entropy` as the transport's."""
        self._entropy = entropy
        self._channels: dict[int, Channel[Any, Any]] = {}  # in order of their numbers
        self.any = False  # whether one is open: asked with each datagram
        self._frames: deque[tuple[int, int]] = deque(maxlen=FRAMES_REMEMBERED)  # of channel 0: when, octets
        self._next_at = 0  # not before does another fragment go
        self._usual_ms = 1  # least time between two of them, by the round trip, and …
        self._slow_ms = 0.0  # … where the path asks for more

    # --- What comes in ------------------------------------------------------------------------------------------

    def open(self, number: int, *, local: LocalState, remote: RemoteState, now: int) -> Channel[Any, Any]:
        """Begin channel `number`, which both ends must know, at state 0 of both objects. Raises UsageError."""
        if not 1 <= number <= LAST_CHANNEL or number in self._channels:
            raise UsageError(f"channel {number}; open are {list(self._channels)}, of 1 to {LAST_CHANNEL}")
        channel: Channel[Any, Any] = Channel(number, local=local, remote=remote, entropy=self._entropy, now=now)
        self.any = True
        self._channels = dict(sorted({**self._channels, number: channel}.items()))
        return channel

    def receive(self, fragment: Fragment, *, queueing: int, now: int) -> None:
        """Take a fragment of another channel than 0. Raises Dropped.

        `queueing`: by how many ms the round trip was longer than it need be, as of its datagram.
        """
        # SECURITY: nothing is kept of a channel that is not open. Test: test_an_unknown_channel_is_dropped.
        channel = self._channels.get(fragment.channel)
        if channel is None:
            raise Dropped(DropReason.UNKNOWN_CHANNEL, f"channel {fragment.channel}, open are {list(self._channels)}")
        if channel.receive(fragment, now=now):
            if queueing > QUEUEING_MS:
                self._slow_ms = min(max(self._slow_ms, self._usual_ms) * SLOWER, GAP_SLOW_MAX_MS)
            else:
                self._slow_ms *= FASTER

    def path_changed(self) -> None:
        """Say that what is under way went where the peer is no longer."""
        self._slow_ms = 0.0
        for channel in self._channels.values():
            channel.path_changed()

    # --- What goes out ------------------------------------------------------------------------------------------

    def note_frame(self, octets: int, *, link: Link, now: int) -> None:
        """Say that channel 0 sent so much that is worth an acknowledgement."""
        self._frames.append((now, octets))
        self._next_at = max(self._next_at, now + self._gap(link))

    def fragments_to_send(self, *, busy: bool, fragment_octets: int, link: Link, now: int) -> list[Fragment]:
        """Return the fragments that are due; the caller sends them at once, in order.

        `busy`: channel 0 has sent something now, so that only acknowledgements go with it. A fragment has at most
        `fragment_octets`, its header included.
        """
        due = [
            channel.acknowledgement()
            for channel in self._channels.values()
            if (at := channel.acknowledgement_due_at()) is not None and now >= at
        ]
        if busy:
            self._next_at = max(self._next_at, now + self._gap(link))
        elif now >= self._next_at:
            for channel, blocked in self._in_turn(fragment_octets, link=link, now=now):
                if not blocked and channel.prepare(fragment_octets=fragment_octets, link=link, now=now):
                    due.append(channel.take(now=now))
                    self._next_at = now + self._gap(link)
                    break
        return due

    def next_deadline(self, *, fragment_octets: int, link: Link, now: int) -> int | None:
        """Return when `fragments_to_send` has something. Changes nothing."""
        deadlines: list[int] = []
        for channel, blocked in self._in_turn(fragment_octets, link=link, now=now):
            acknowledgement = channel.acknowledgement_due_at()
            if acknowledgement is not None:
                deadlines.append(acknowledgement)
            due = channel.fragment_due_at(link=link, now=now)
            if due is not None:
                deadlines.append(max(due, self._next_at, self._flight_ends_at(link=link, now=now) if blocked else 0))
        return min(deadlines, default=None)

    # --- Private ------------------------------------------------------------------------------------------------

    def _gap(self, link: Link) -> int:
        """Return the least time between two fragments, ms."""
        self._usual_ms = min(max(math.ceil(link.srtt / GAPS), 1), GAP_MAX_MS)
        return math.ceil(max(self._slow_ms, self._usual_ms))

    def _in_turn(self, fragment_octets: int, *, link: Link, now: int) -> list[tuple[Channel[Any, Any], bool]]:
        """Return the channels in order, and whether each has as much under way as it may."""
        before = sum([octets for at, octets in self._frames if now < at + link.srtt])
        turns = []
        for channel in self._channels.values():
            flying = channel.in_flight(link=link, now=now)
            room = max(WINDOW_OCTETS - before, LEAST_OCTETS) - flying
            turns.append((channel, room < fragment_octets and flying > 0))
            before += flying
        return turns

    def _flight_ends_at(self, *, link: Link, now: int) -> int:
        """Return when the next of what is under way will be believed lost, or to have arrived."""
        ends = [math.ceil(at + link.srtt) for at, _ in self._frames]
        for channel in self._channels.values():
            ends += channel.flights_end_at(link=link)
        return min([end for end in ends if end > now], default=now + 1)
