"""What the host state asks of its parts (docs/wire.md §6, §8).

A part is one kind of what a server synchronises: it knows what its values mean and holds none. Values belong to the
states, are immutable and compare with `==`; one that did not change is best the very same object, which costs nothing.

A new kind of state is a file here, a row in `table.py` and one in wire/extensions.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from mosh_common.wire.hostdiff import HostEvent

# Any: a state holds values of several types, of which only their parts know which is whose.


class LocalPart(Protocol):
    """What the server needs of a part."""

    @property
    def number(self) -> int:
        """In wire/extensions.py, or upstream's: of the feature that both must have named."""
        ...

    def diff_from(self, known: Any, value: Any, /) -> Iterable[HostEvent]:
        """Return what turns `known` into `value`, another object, on the other side; nothing when they are equal."""
        ...

    def looks_like(self, one: Any, other: Any, /) -> bool:
        """Return whether nobody who watches would see the one value take the place of the other."""
        ...


class RemotePart(Protocol):
    """What the client needs of a part."""

    @property
    def number(self) -> int:
        """As the server's."""
        ...

    def apply(self, value: Any, events: Sequence[Any], /) -> Any:
        """Return the value that `events`, all about this part, lead to. Raises PeerError."""
        ...

    def weight(self, value: Any, /) -> int:
        """Octets that `value`, just made, may hold which no other state shares."""
        ...


class Part(LocalPart, RemotePart, Protocol):
    """A part of ours: the same object serves both sides."""

    @property
    def initial(self) -> Any:
        """The value in state 0, and for a client that did not name the feature for ever."""
        ...
