"""What is ours between client and server, on the client's side: what each has, and what the server said because of it.

Knows nothing of the session, and of the parts of a host state only where they are (docs/wire.md §8).
"""

from __future__ import annotations

from typing import Any, Final

from mosh_client.ipc.control import DETACHED, FROM_OUTSIDE, TAKEN_OVER, TAKEN_OVER_EXIT, Left, Report
from mosh_common.errors import UsageError
from mosh_common.sync.states.parts.part import Part
from mosh_common.sync.states.parts.parting import Parting, PartingKind
from mosh_common.sync.states.parts.table import OURS
from mosh_common.sync.states.user_stream import UserStream
from mosh_common.wire import extensions
from mosh_common.wire.extensions import OUR_FEATURES


class Extensions:
    """What one server has of ours."""

    def __init__(self, *, features: frozenset[int] | None = OUR_FEATURES, parts: tuple[Part, ...] = OURS) -> None:
        """Have `features`, of which the server is told; None: say nothing of ours, as upstream's client does."""
        self._features: Final = features
        self.parts: Final = parts
        self._places: Final = {part.number: place for place, part in enumerate(parts)}
        self.named_by_server: frozenset[int] | None = None  # None: not known yet
        self.common: frozenset[int] = frozenset()  # the features that both have, as far as is known

    def begin(self, stream: UserStream) -> UserStream:
        """Return what the client says first."""
        return stream if self._features is None else stream.push_features(self._features)

    def receive(self, ours: tuple[Any, ...], *, changed: bool) -> bool:
        """Take the parts of a new host state that are ours; `changed`: it came with a diff.

        Return whether `common` is known because of it, and was not before.
        """
        # "Until it has such a state, the client does not know what the server has": one without a diff is state 0.
        if self.named_by_server is None and changed:
            named = self.value_of(extensions.FEATURES, ours)
            self.named_by_server = frozenset(named.numbers) if named is not None else frozenset()
            self.common = (self._features or frozenset()) & self.named_by_server
            return True
        return False

    def request(self, stream: UserStream, feature: int, payload: bytes) -> UserStream:
        """Return the stream with a request at its end. Raises UsageError when not both have the feature."""
        if feature not in self.common:
            raise UsageError(f"feature {feature} is not one of {sorted(self.common)}, which both have")
        return stream.push_request(feature, payload)

    def end(self, ours: tuple[Any, ...], *, wished: Report | None) -> Report:
        """Return how it ends when both have shut down, with these parts of the server's last state.

        `wished`: as the client had asked for before the server did.
        """
        parted: Parting | None = self.value_of(extensions.PARTING, ours)
        if parted is not None and parted.kind == PartingKind.TAKEN_OVER:  # whatever was wished: it is not ours any more
            return Report(TAKEN_OVER_EXIT, "", left=Left(TAKEN_OVER, parted.at, parted.text))
        if parted is not None and parted.kind == PartingKind.DETACHED:
            return Report(0, "", left=Left(DETACHED, parted.at, parted.text))
        if wished is not None and wished.over:
            return wished
        status: int | None = self.value_of(extensions.EXIT_STATUS, ours)
        if status is not None:
            return Report(status, "", over=True)
        if extensions.EXIT_STATUS in self.common:  # it would have said how its program ended
            return Report(
                FROM_OUTSIDE,
                "mosh-client: the session was ended on the server, by its user, a signal or a time-out, before its"
                " program was.",
                over=True,
            )
        return Report(0, "", over=True)  # as ever: upstream's cannot say

    def value_of(self, number: int, ours: tuple[Any, ...]) -> Any:
        """Return the value of a part, of those of a host state."""
        return ours[self._places[number]]
