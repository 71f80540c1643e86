"""What may be known of a session from outside: read-only sides of the parts that a `Transport` ties together."""

from __future__ import annotations

from typing import Protocol, TypeVar

from mosh_common.address import Address
from mosh_common.sync.path.loss import LossEstimate
from mosh_common.sync.path.rtt import RoundTripTime

Local_co = TypeVar("Local_co", covariant=True)
Remote_co = TypeVar("Remote_co", covariant=True)


class PathFacts(Protocol):
    """The way to the peer."""

    @property
    def peer(self) -> Address | None:
        """Where the peer is; None while a server was not reached by anybody."""
        ...

    @property
    def rtt(self) -> RoundTripTime:
        """Round-trip times: `srtt`, `rto` and `shortest` in ms, `measured` once there was a sample."""
        ...

    @property
    def loss(self) -> LossEstimate:
        """Shares of datagrams that the path is believed to lose."""
        ...

    @property
    def mtu(self) -> int:
        """Octets of the longest datagram that will be sent."""
        ...


class SentFacts(Protocol[Local_co]):
    """The states of the own object that were sent."""

    @property
    def number(self) -> int:
        """Number of the newest state that was sent."""
        ...

    @property
    def state(self) -> Local_co:
        """The newest state that was sent."""
        ...

    @property
    def acknowledged_number(self) -> int:
        """Number of the newest state that the peer is known to hold."""
        ...

    @property
    def acknowledged_state(self) -> Local_co:
        """The newest state that the peer is known to hold."""
        ...

    @property
    def last_acknowledged_at(self) -> int | None:
        """When the newest acknowledged state was *sent*; None before the first acknowledgement."""
        ...


class ReceivedFacts(Protocol[Remote_co]):
    """The states of the peer's object."""

    @property
    def number(self) -> int:
        """Number of the newest state."""
        ...

    @property
    def state(self) -> Remote_co:
        """The newest state."""
        ...
