"""What is ours between client and server, on the server's side: what the client named, is told and asks for.

Upstream's client names nothing, so it is told nothing that upstream's server would not say (docs/wire.md §8). Knows
nothing of what the parts and requests mean; it does not know when something is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from mosh_common.sync.states.parts.part import Part
from mosh_common.sync.states.parts.table import OURS, index_of, initial_values
from mosh_common.sync.states.screen_state import ServerScreen, local_parts
from mosh_common.terminal.cells import Snapshot
from mosh_common.version import PROGRAM
from mosh_common.wire import extensions
from mosh_common.wire.extensions import OUR_FEATURES, Features
from mosh_common.wire.userdiff import Request


class Handler(Protocol):
    """What answers a feature's requests."""

    def __call__(self, payload: bytes, /, *, now: int) -> None:
        """Take the octets of one request, which are the client's: anything may be in them. Must not raise."""
        ...


class Extensions:
    """What one client has of ours, and what of ours it is told."""

    def __init__(
        self,
        *,
        features: frozenset[int] | None = OUR_FEATURES,
        handlers: Mapping[int, Handler] | None = None,
        parts: tuple[Part, ...] = OURS,
    ) -> None:
        """Have `features` (None: say nothing of ours to anybody), with `handlers` of those that take requests.

        `parts` are what the host state may hold of ours; those that no feature is about are never said.
        """
        self._features = features
        self._handlers: Final = dict(handlers or {})
        self._parts: Final = parts
        self._local_parts: Final = local_parts(parts)
        self._values = list(initial_values(parts))  # what is to be said, if the client named it
        self._said = initial_values(parts)
        self._notices_at: Final = index_of(extensions.NOTICE, parts)  # asked for with each frame
        self.named_by_client: frozenset[int] | None = None  # None: it is not one of ours, as far as it said so
        self.dropped = 0  # requests that nobody takes, and sets of features that came too late
        self.set_value(extensions.ANNOUNCEMENT, PROGRAM)

    def withhold(self, feature: int) -> None:
        """Have `feature` no longer: there is nothing behind it. Before the client names what it has."""
        if self._features is not None:
            self._features -= {feature}

    @property
    def common(self) -> frozenset[int]:
        """The features that both have."""
        return (self.named_by_client or frozenset()) & (self._features or frozenset())

    def screen(self, snapshot: Snapshot, echo_ack: int, *, notices: Any = ()) -> ServerScreen:
        """Return the host state that shows `snapshot`, with what the client is to know of ours."""
        if notices != self._values[self._notices_at]:
            self.set_value(extensions.NOTICE, notices)
        return ServerScreen(snapshot, echo_ack, self._said, parts=self._local_parts)

    def set_value(self, number: int, value: Any) -> bool:
        """Let a part have that value; return whether the client is to know, with the next `screen`."""
        self._values[index_of(number, self._parts)] = value
        return self._say()

    def with_state(self, state: ServerScreen) -> ServerScreen:
        """Return that host state with what the client is to know of ours now."""
        return ServerScreen(state.snapshot, state.echo_ack, self._said, parts=self._local_parts)

    def handle(self, feature: int, handler: Handler) -> None:
        """Let `handler` take that feature's requests."""
        self._handlers[feature] = handler

    def receive(self, event: Features | Request, *, first: bool, now: int) -> bool:
        """Take what the client says of ours; `first`: it is in the first state of its input that has any.

        Return whether the client is to know something because of who it is, with the next `screen`.
        """
        if isinstance(event, Request):
            handler = self._handlers.get(event.feature) if event.feature in self.common else None
            if handler is None:
                self.dropped += 1
            else:
                handler(event.payload, now=now)
        elif first and self.named_by_client is None:
            self.named_by_client = frozenset(event.numbers)
            if self._features is not None:
                return self.set_value(extensions.FEATURES, extensions.features(self._features))
        else:
            self.dropped += 1
        return False

    def _say(self) -> bool:
        """Bring what is said up to date; return whether anything changed."""
        told = self.common | ({extensions.FEATURES} if self.named_by_client is not None else frozenset())
        said = tuple(
            [
                value if part.number in told else part.initial
                for part, value in zip(self._parts, self._values, strict=True)
            ]
        )
        if said == self._said:
            return False  # and the very same object goes on being said: comparing it costs nothing
        self._said = said
        return True
