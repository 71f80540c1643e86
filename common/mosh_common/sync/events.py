"""What happened to a session since its `Transport` was asked last, in order."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from mosh_common.address import Address
from mosh_common.wire.drop import DropReason


class NewRemoteState(NamedTuple):
    """The peer's object moved on to a state newer than all before; it will be acknowledged."""

    number: int
    state: Any  # of the Transport's Remote type
    changed: bool  # False when its diff was empty (a bare acknowledgement)


class StateNotTaken(NamedTuple):
    """The peer's object moved on, in an authentic instruction, and that could not be used: its or our fault."""

    reason: DropReason
    cause: str  # with NOT_DIGESTED the kind of error and its place, to be shown; else for debug lines only


class PeerMoved(NamedTuple):
    """The peer's address was learnt or changed (server only); sends go there from now on."""

    address: Address


class PeerShutdown(NamedTuple):
    """The peer ends the session. Go on until `ShutdownDone`: its request still has to be acknowledged."""


class ShutdownDone(NamedTuple):
    """Nothing is left to do: the process may leave."""

    acknowledged: bool  # the peer knows of the end; False when it did not answer in time or was never heard


class VersionMismatch(NamedTuple):
    """The peer speaks another protocol version: end the session with a clear message."""

    message: str  # one sentence with both versions


class SessionExhausted(NamedTuple):
    """The key has encrypted all that it safely can: end the session. Nothing is sent any more."""


Event: TypeAlias = (
    NewRemoteState | StateNotTaken | PeerMoved | PeerShutdown | ShutdownDone | VersionMismatch | SessionExhausted
)
