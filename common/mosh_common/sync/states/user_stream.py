"""The user's input as a synchronised object: an append-only stream of keys, sizes and requests.

A `UserStream` is a value. Positions are absolute and count one for each octet typed, one for each resize, and one more
than its octets for a request, so a client knows which state carries a batch of input (`stream.position` after the push)
and two states compare by a number. The first event of one of our clients says which features it has, and counts one.
Each side counts for itself: a server that skips some of these events has other positions, and the same states.
Acknowledged prefixes are common to all states and are trimmed (docs/wire.md §4); positions stay. The client adds to
`Transport.local_state()`, which is trimmed.

Knows nothing of numbers of states, of time or of the network. Used on both sides: the client owns one, the server
holds what it received and asks `events_since` for what is new.
"""

from __future__ import annotations

from typing import Final

from mosh_common.wire import userdiff
from mosh_common.wire.extensions import features
from mosh_common.wire.userdiff import Keys, Request, Resize, UserEvent

# A diff carries at most this much input, so that a paste of megabytes goes as several states, each of which has a
# fair chance on a lossy link, and stays far below the peer's limit for one instruction. 26 fragments.
REACH_OCTETS: Final = 32 * 1024
_EVENT_OCTETS: Final = 128  # what an event costs in memory beside its octets


class UserStream:
    """All input up to `position`, of which that from `start` on is still at hand. Immutable."""

    __slots__ = ("_events", "position", "start")

    def __init__(self, start: int = 0, events: tuple[UserEvent, ...] = (), *, position: int | None = None) -> None:
        self.start: Final = start  # position of the first event at hand
        self._events: Final = events
        # Behind the last event; given where it is known, so that a key costs the same however long the stream is.
        self.position: Final = start + sum(map(_length, events)) if position is None else position

    # --- The owner's side ---------------------------------------------------------------------------------------

    def push_keys(self, data: bytes) -> UserStream:
        """Return the stream with `data` typed at its end."""
        if not data:
            return self
        return self._with((Keys(bytes(data)),))

    def push_resize(self, columns: int, lines: int) -> UserStream:
        """Return the stream with a new window size at its end. Raises UsageError when the peer could not take it."""
        userdiff.check_size(columns, lines)
        return self._with((Resize(columns, lines),))

    def push_features(self, numbers: frozenset[int]) -> UserStream:
        """Return the stream with what the client has at its end; it counts in front of all others only.

        Raises UsageError when the peer could not take it.
        """
        return self._with((features(numbers),))

    def push_request(self, feature: int, payload: bytes) -> UserStream:
        """Return the stream with a request at its end. Raises UsageError when the peer could not take it."""
        request = Request(feature, bytes(payload))
        userdiff.check_request(request)
        return self._with((request,))

    def diff_from(self, known: UserStream) -> bytes:
        """Return the encoded events after `known`."""
        return userdiff.encode(self._after(known.position))

    def looks_like(self, other: UserStream) -> bool:
        """Return whether both hold the same input."""
        return self.position == other.position

    def within_reach(self, known: UserStream) -> UserStream:
        """Return this stream, cut where one diff from `known` would grow too long."""
        excess = self.position - known.position - REACH_OCTETS
        return self if excess <= 0 else UserStream(self.start, _before(self._events, excess))

    # --- The receiver's side ------------------------------------------------------------------------------------

    def apply(self, diff: bytes) -> UserStream:
        """Return the stream that `diff` leads to. Raises PeerError."""
        return self._with(tuple(userdiff.decode(diff)))

    def events_since(self, older: UserStream) -> list[UserEvent]:
        """Return what the user did after `older`, in order; of consecutive resizes only the last."""
        events: list[UserEvent] = []
        for event in self._after(older.position):
            if events and isinstance(event, Resize) and isinstance(events[-1], Resize):
                events[-1] = event
            else:
                events.append(event)
        return events

    @property
    def weight(self) -> int:
        """Octets that this state holds, at most."""
        return self.position - self.start + _EVENT_OCTETS * len(self._events)

    # --- Both ---------------------------------------------------------------------------------------------------

    def trimmed(self, known: UserStream) -> UserStream:
        """Return the same stream without the events up to `known`'s end."""
        if known.position <= self.start:
            return self
        if known.position >= self.position:
            return UserStream(self.position)
        return UserStream(known.position, self._after(known.position), position=self.position)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, UserStream) and self.position == other.position)

    def __hash__(self) -> int:
        return hash(self.position)

    def __repr__(self) -> str:
        # Never the keys themselves: they hold passwords, and this may end in a debug log.
        return f"UserStream({self.start}..{self.position})"

    def _with(self, events: tuple[UserEvent, ...]) -> UserStream:
        position = self.position + sum(map(_length, events))
        return UserStream(self.start, self._events + events, position=position)

    def _after(self, position: int) -> tuple[UserEvent, ...]:
        """Return the events from `position` on; an event of keys may be cut.

        Others are never cut between two states of a peer that does not contradict itself; else they are dropped.
        """
        skip = position - self.start
        if skip <= 0:
            return self._events
        for index, event in enumerate(self._events):
            length = _length(event)
            if skip < length:
                rest = self._events[index + 1 :]
                if not skip:
                    return (event, *rest)
                return (Keys(event.data[skip:]), *rest) if isinstance(event, Keys) else rest
            skip -= length
        return ()


def _length(event: UserEvent) -> int:
    if isinstance(event, Keys):
        return len(event.data)
    return 1 + len(event.payload) if isinstance(event, Request) else 1


def _before(events: tuple[UserEvent, ...], excess: int) -> tuple[UserEvent, ...]:
    """Return `events` without the last `excess` positions, or a few more where a request would be cut."""
    kept = list(events)
    while excess > 0:
        last = kept.pop()
        if isinstance(last, Keys) and len(last.data) > excess:
            kept.append(Keys(last.data[:-excess]))
        excess -= _length(last)
    return tuple(kept)
