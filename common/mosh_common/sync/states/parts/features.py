"""What the server has of ours, for a client that said what it has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mosh_common.wire import extensions
from mosh_common.wire.extensions import Features

_NUMBER_OCTETS: Final = 40  # of a number in a tuple


class FeaturesPart:
    """Values are the features named, or None: none were, as upstream's server does."""

    number: Final = extensions.FEATURES
    initial: Final = None

    def diff_from(self, known: Features | None, value: Features | None) -> tuple[Features, ...]:
        """See LocalPart: said once, and never taken back."""
        return (value,) if value is not None and value != known else ()

    def looks_like(self, _one: Features | None, _other: Features | None) -> bool:
        """See LocalPart: nobody sees them."""
        return True

    def apply(self, _value: Features | None, events: Sequence[Features]) -> Features:
        """See RemotePart."""
        return events[-1]

    def weight(self, value: Features) -> int:
        """See RemotePart."""
        return len(value.numbers) * _NUMBER_OCTETS
