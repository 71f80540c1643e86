"""What the protocol asks of the objects that it synchronises. Knows nothing of screens or input.

States are values: immutable, shared freely. Two states of one kind are compared with `==`; unequal states whose diff
is empty are allowed (the difference cannot be expressed), equal states must have an empty diff.
"""

from __future__ import annotations

from typing import Protocol, Self


class LocalState(Protocol):
    """A state of the object that this side owns."""

    def diff_from(self, known: Self) -> bytes:
        """Return what turns `known` into this state on the other side; empty = nothing to say."""
        ...

    def looks_like(self, other: Self) -> bool:
        """Return whether nobody who watches would see this state take the place of `other`."""
        ...

    def within_reach(self, known: Self, /) -> Self:
        """Return the newest state on the way to this one that one diff from `known` may carry; mostly itself."""
        ...

    def trimmed(self, known: Self, /) -> Self:
        """Return this state without what `known`, which the peer has, already holds."""
        ...


class RemoteState(Protocol):
    """A state of the object that the other side owns."""

    @property
    def weight(self) -> int:
        """Octets that this state may hold which no other state shares; bounds the memory of held states."""
        ...

    def apply(self, diff: bytes) -> Self:
        """Return the state that `diff` leads to. Raises PeerError and nothing else."""
        ...

    def trimmed(self, known: Self, /) -> Self:
        """Return this state without what `known`, the oldest state still held, already holds."""
        ...
