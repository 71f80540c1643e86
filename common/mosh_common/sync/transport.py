"""One end of a session: datagrams in, datagrams out, and the two synchronised objects in between.

Ties together `Endpoint` (keys, addresses, round-trip times), `Sender` and `Receiver` (numbered states) and the
fragments between them. Does no input or output, reads no clock and knows nothing of what the states are.
Implements docs/wire.md §1–§4.

The loop of a process:

    wait until `next_deadline` or input → `receive_datagram` for each datagram → `events` → `set_local_state` if the
    owned object changed → `datagrams_to_send` → send each; a failure goes to `report_send_failure`

A deadline of `now` may also mean that events wait to be drained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Generic, TypeVar

from mosh_common.errors import UsageError
from mosh_common.protocol import DATAGRAM_OVERHEAD, SHUTDOWN_ACK_COPIES, SHUTDOWN_NUMBER, SHUTDOWN_TIMEOUT_MS, Address
from mosh_common.sync.events import (
    Event,
    NewRemoteState,
    PeerMoved,
    PeerShutdown,
    SessionExhausted,
    ShutdownDone,
    StateNotTaken,
    VersionMismatch,
)
from mosh_common.sync.pacing import (
    CONNECT_PROBE_MS,
    NO_INTERACTION,
    SILENCE_MS,
    ClientPacing,
    Interaction,
    Link,
    Pacing,
    ServerPacing,
)
from mosh_common.sync.path.endpoint import Endpoint
from mosh_common.sync.path.loss import LossEstimate
from mosh_common.sync.receiver import Receiver
from mosh_common.sync.sender import Sender
from mosh_common.sync.state import LocalState, RemoteState
from mosh_common.sync.statistics import Counters, Statistics
from mosh_common.wire.drop import Dropped, DropReason
from mosh_common.wire.fragment import Assembler, Fragment, Fragmenter
from mosh_common.wire.instruction import Instruction
from mosh_common.wire.key import Key

# An empty instruction with all its numbers, a fragment's header, and what zlib adds to random octets.
PADDING_MARGIN_OCTETS: Final = 80

# Of what was authentic: the peer said something of its object that is no use to us.
_UNUSABLE: Final = (
    *(DropReason.MALFORMED_FRAGMENT, DropReason.MALFORMED_INSTRUCTION, DropReason.MALFORMED_DIFF),
    DropReason.NOT_DIGESTED,
)

Local = TypeVar("Local", bound=LocalState)
Remote = TypeVar("Remote", bound=RemoteState)


class Transport(Generic[Local, Remote]):
    """One end of a session; see the module's docstring for the order of calls."""

    def __init__(
        self,
        *,
        key: Key,
        is_server: bool,
        local: Local,
        remote: Remote,
        entropy: Callable[[int], bytes],
        now: int,
        peer: Address | None = None,
        pacing: Pacing | None = None,
        interaction: Callable[[], Interaction] = lambda: NO_INTERACTION,
        log: Callable[[str], None] | None = None,
    ) -> None:
        """Begin a session at state 0 of both objects.

        `local` and `remote` are state 0 (empty input, a blank terminal). `entropy(n)` returns n random octets.
        `peer` is the server's address (client only; a server learns its peer). `pacing` defaults to that of
        the role; `interaction` is asked what is known of the application's output whenever it asks when to send.
        `log` receives debug lines without line end.
        """
        if is_server == (peer is not None):
            raise UsageError("a client needs its peer's address, a server must not be given one")
        if pacing is None:
            pacing = ServerPacing() if is_server else ClientPacing()
        self._log = log
        self._is_server = is_server
        self._entropy = entropy
        self._began_at = now
        self._events: list[Event] = []
        self.counters: Final = Counters()
        # The path.
        self._endpoint = Endpoint(key=key, is_server=is_server, now=now, peer=peer)
        self._loss = LossEstimate()
        self._fragmenter = Fragmenter()
        self._assembler = Assembler()
        # The states.
        self._pacing = pacing
        self._sender: Sender[Local] = Sender(
            local, pacing=pacing, entropy=entropy, now=now, loss=self._loss, interaction=interaction
        )
        self._receiver: Receiver[Remote] = Receiver(remote)
        # The end.
        self._peer_shutdown = False  # the peer's shutdown state was received
        self._ended = False  # ShutdownDone or SessionExhausted was reported
        self._exhausted = False  # nothing may be encrypted any more

    # --- What comes in ------------------------------------------------------------------------------------------

    def receive_datagram(self, data: bytes, source: Address, *, now: int, congestion: bool = False) -> None:
        """Digest one datagram. Never raises on what a peer sent: it is counted in `counters.dropped` by reason.

        `congestion` is the ECN CE mark. Afterwards: drain `events`, then ask `datagrams_to_send`.
        """
        self.counters.received += 1
        self.counters.received_octets += len(data)
        try:
            contact_at = self._endpoint.last_datagram_at
            received = self._endpoint.receive(data, source, now=now, congestion=congestion)
            self._sender.peer_heard()
            if received.missing is None:
                self._loss.received_late()
            else:
                self._loss.received(missing=received.missing)
            if received.moved:
                self._events.append(PeerMoved(source))
                self._debug(f"{now} peer is at {source}")
                self._sender.path_changed(now=now)
            elif self._is_server and contact_at is not None and now - contact_at > SILENCE_MS:
                self._sender.probe(now=now)  # it probes: let it know at once that it was heard
            self._receive_payload(received.payload, now=now)
        except Dropped as error:
            self.counters.dropped[error.reason] = self.counters.dropped.get(error.reason, 0) + 1
            self._debug(f"{now} dropped ({error.reason.value}): {error}")
            if error.reason is DropReason.WRONG_VERSION:
                self._events.append(VersionMismatch(str(error)))

    def set_local_state(self, state: Local, *, now: int) -> None:
        """Say that the owned object changed. Afterwards ask `datagrams_to_send`. Ignored once shutdown started."""
        self._sender.set_state(state, now=now)

    def probe(self, *, now: int) -> None:
        """Send something with the next `datagrams_to_send`: the path may have changed."""
        self._sender.probe(now=now)

    def start_shutdown(self, *, now: int, patience_ms: int = SHUTDOWN_TIMEOUT_MS, as_sent: bool = False) -> None:
        """Freeze the owned object and tell the peer that the session ends; go on until `ShutdownDone`.

        With more than SHUTDOWN_TIMEOUT_MS of patience a silent peer is waited for: it is told when it is back.
        `as_sent`: what the object became since it was sent last does not matter any more.
        """
        self._sender.start_shutdown(now=now, patience_ms=patience_ms, as_sent=as_sent)
        self._note_end(now=now)

    def report_send_failure(self, errno_: int, *, now: int) -> None:
        """Say that a datagram could not be sent. EMSGSIZE lowers the MTU; the rest is left to resending."""
        if self._endpoint.report_send_failure(errno_, now=now):
            self._debug(f"{now} message too long: MTU is now {self._endpoint.mtu}")

    # --- What goes out ------------------------------------------------------------------------------------------

    def datagrams_to_send(self, *, now: int) -> list[tuple[bytes, Address]]:
        """Return the datagrams that are due, with their destination; the caller sends them at once, in order."""
        self._note_end(now=now)
        peer = self._endpoint.peer
        if peer is None or self._exhausted or not self._endpoint.attached(now=now):
            return []
        sending = self._sender.instruction_to_send(now=now, link=self._link(now=now))
        if sending is None:
            return []
        instruction, rule, resent = sending
        if self._endpoint.path_mtu.look(now=now, timeout=self._pacing.doubted_at(0, self.rto)):
            self._debug(f"{now} long datagrams are overdue: short ones, of {self._endpoint.mtu}, until some arrive")
        fragment_octets = self._endpoint.fragment_octets
        if not instruction.diff:
            instruction, fragment_octets = self._padded(instruction, now=now)
        try:
            encoded = instruction.encode()
            fragments = self._fragmenter.split(encoded, fragment_octets)
        except UsageError as error:
            # Only a frame of absurd size gets here. It counts as sent, so the next one, maybe smaller, has its turn.
            self.counters.unsendable += 1
            self._debug(f"{now} not sent: {error}")
            return []
        if self._sender.shutdown_ack_sent:
            fragments *= SHUTDOWN_ACK_COPIES
        if not self._endpoint.can_seal(len(encoded), datagrams=len(fragments)):
            self._exhausted = self._ended = True
            self._events.append(SessionExhausted())
            return []
        datagrams = [(self._endpoint.seal(fragment.encode(), now=now), peer) for fragment in fragments]
        longest = max(map(len, (data for data, _ in datagrams)))
        if self._lost_contact(now=now):
            # The same octets: whichever of them arrives first is taken, the others are old.
            datagrams += [
                (data, other) for data, _ in datagrams for other in self._endpoint.alternatives if other != peer
            ]
        if instruction.diff:
            self._endpoint.path_mtu.sent(instruction.new_num, longest=longest, count=len(datagrams), now=now)
        counters = self.counters
        counters.instructions += 1
        counters.resends += resent
        counters.empty_acks += not instruction.diff
        counters.sent += len(datagrams)
        counters.sent_octets += sum(len(data) for data, _ in datagrams)
        if self._log is not None:
            self._debug(
                f"{now} sent {instruction.old_num}→{instruction.new_num} ack {instruction.ack_num}"
                f" ({len(instruction.diff)} octets in {len(datagrams)}): {rule};"
                f" srtt {self.srtt:.0f} loss {self._loss.worst:.2f} rto {self.rto} interval {self.send_interval}"
            )
        self._note_end(now=now)
        return datagrams

    def next_deadline(self, *, now: int) -> int | None:
        """Return when (absolute ms) `datagrams_to_send` and `events` want to be called next; None = never.

        Changes nothing. May lie in the past: then call at once.
        """
        if self._events:
            return now
        if self._ended:
            return None
        shutdown = self._sender.shutdown_deadline
        if self._endpoint.peer is None or not self._endpoint.attached(now=now):
            return shutdown
        deadline = self._sender.next_deadline(now=now, link=self._link(now=now))
        return deadline if shutdown is None else min(deadline, shutdown)

    def events(self) -> list[Event]:
        """Return and forget what happened since the last call, in order."""
        events, self._events = self._events, []
        return events

    # --- Addresses ----------------------------------------------------------------------------------------------

    def port_hop_due(self, *, now: int) -> bool:
        """Return whether the client should open a new socket now (then say `port_hopped`)."""
        return self._endpoint.port_hop_due(now=now, last_acknowledged_at=self._sender.last_acknowledged_at)

    def start_afresh(self, *, now: int) -> None:
        """Say that the machine slept or moved (client): a hop is due, and a datagram from the new port."""
        self._endpoint.request_hop()
        self._sender.probe(now=now)

    def port_hopped(self, *, now: int) -> None:
        """Say that a new source port is in use."""
        self._endpoint.port_hopped(now=now)

    def set_alternatives(self, addresses: Iterable[Address]) -> None:
        """Say which other addresses the server may have (client): they are tried, too, while it is not heard.

        Only an authentic datagram from one of them moves the session there.
        """
        self._endpoint.alternatives = tuple(addresses)

    def rehome(self, peer: Address, *, now: int) -> None:
        """Send to another address of the same server from now on (client only)."""
        self._endpoint.rehome(peer, now=now)

    # --- Facts --------------------------------------------------------------------------------------------------

    @property
    def peer(self) -> Address | None:
        """Where the peer is; None while a server was not reached by anybody."""
        return self._endpoint.peer

    @property
    def mtu(self) -> int:
        """Size of the largest datagram that will be sent."""
        return self._endpoint.mtu

    def attached(self, *, now: int) -> bool:
        """Return whether the peer was heard recently enough to be sent anything (always so for a client)."""
        return self._endpoint.attached(now=now)

    @property
    def last_datagram_at(self) -> int | None:
        """When the last authentic in-order datagram came; None before the first."""
        return self._endpoint.last_datagram_at

    @property
    def last_heard(self) -> int | None:
        """When the newest remote state came (an empty ack is one); None before the first."""
        return self._receiver.last_heard

    @property
    def last_acknowledged_at(self) -> int | None:
        """When the newest acknowledged state was *sent*; None before the first acknowledgement."""
        return self._sender.last_acknowledged_at

    @property
    def srtt(self) -> float:
        """Smoothed round-trip time, ms; 1000 before the first sample."""
        return self._endpoint.rtt.srtt

    @property
    def rto(self) -> int:
        """Retransmission timeout, ms."""
        return self._endpoint.rtt.rto

    @property
    def has_rtt_sample(self) -> bool:
        """Whether `srtt` was measured."""
        return self._endpoint.rtt.measured

    @property
    def loss(self) -> LossEstimate:
        """Shares of datagrams that the path is believed to lose."""
        return self._loss

    def statistics(self) -> Statistics:
        """Return how the session goes at this moment."""
        counters = self.counters
        return Statistics(
            sent=counters.sent,
            sent_octets=counters.sent_octets,
            received=counters.received,
            received_octets=counters.received_octets,
            dropped=dict(counters.dropped),
            resends=counters.resends,
            srtt=self.srtt,
            rto=self.rto,
            send_interval=self.send_interval,
            loss_incoming=self._loss.incoming,
            loss_outgoing=self._loss.outgoing,
            mtu=self.mtu,
        )

    @property
    def send_interval(self) -> int:
        """Least time between two frames, ms."""
        return self._pacing.send_interval(self.srtt)

    @property
    def sent_num(self) -> int:
        """Number of the newest state that was sent."""
        return self._sender.sent_num

    @property
    def acknowledged_num(self) -> int:
        """Number of the newest state that the peer is known to hold."""
        return self._sender.acknowledged_num

    @property
    def received_num(self) -> int:
        """Number of the newest remote state."""
        return self._receiver.newest_num

    def local_state(self) -> Local:
        """Return the owned object as last set, without what the peer is known to have.

        An owner that keeps adding to its object starts from this one, so that it does not grow for ever.
        """
        return self._sender.local_state()

    def last_sent_state(self) -> Local:
        """Return the newest state that was sent."""
        return self._sender.last_sent_state()

    def acknowledged_state(self) -> Local:
        """Return the newest state that the peer is known to hold."""
        return self._sender.acknowledged_state()

    def remote_state(self) -> Remote:
        """Return the newest state of the peer's object."""
        return self._receiver.newest_state()

    @property
    def shutdown_in_progress(self) -> bool:
        """Whether `start_shutdown` was called."""
        return self._sender.shutdown_in_progress

    @property
    def peer_shutdown(self) -> bool:
        """Whether the peer said that the session ends."""
        return self._peer_shutdown

    # --- Private ------------------------------------------------------------------------------------------------

    def _link(self, *, now: int) -> Link:
        """Return what the timing rules want to know about the path."""
        contact_at = self._endpoint.last_datagram_at
        congested = self._endpoint.congested(now=now)
        return Link(
            self.send_interval,
            self.rto,
            self._receiver.last_heard,
            self.srtt,
            0.0 if congested else self._loss.worst,
            contact_at if contact_at is not None else self._began_at,
            congested,
        )

    def _lost_contact(self, *, now: int) -> bool:
        """Return whether the server was silent for so long that its other addresses are worth a try."""
        contact_at = self._endpoint.last_datagram_at
        if not self._endpoint.alternatives:
            return False
        return now - (self._began_at if contact_at is None else contact_at) >= (
            CONNECT_PROBE_MS if contact_at is None else SILENCE_MS
        )

    def _padded(self, instruction: Instruction, *, now: int) -> tuple[Instruction, int]:
        """Return an empty instruction, padded if it is to try a longer datagram, and the size of its fragment."""
        path_mtu = self._endpoint.path_mtu
        size = path_mtu.probe_octets(now=now)
        if size is None:
            return instruction, self._endpoint.fragment_octets
        path_mtu.probe_sent(instruction.new_num, size, now=now)
        self._debug(f"{now} trying a datagram of {size}")
        chaff = self._entropy(size - DATAGRAM_OVERHEAD - PADDING_MARGIN_OCTETS)
        return instruction._replace(chaff=chaff), size - DATAGRAM_OVERHEAD

    def _receive_payload(self, payload: bytes, *, now: int) -> None:
        """Digest what was in an authentic datagram. Raises Dropped."""
        instruction: Instruction | None = None
        try:
            encoded = self._assembler.add(Fragment.decode(payload))
            if encoded is not None:
                instruction = Instruction.decode(encoded)
                self._receive_instruction(instruction, now=now)
        except Dropped as error:
            # (An overtaken one is missed by nobody.)
            if error.reason in _UNUSABLE and (instruction is None or instruction.new_num > self.received_num):
                self._events.append(StateNotTaken(error.reason, str(error)))
            raise

    def _receive_instruction(self, instruction: Instruction, *, now: int) -> None:
        self._sender.receive_ack(instruction.ack_num, now=now)
        if self._endpoint.path_mtu.acknowledged(instruction.ack_num, loss=self._loss.worst, now=now):
            self._debug(f"{now} long datagrams vanish: MTU is now {self._endpoint.mtu}")
        self._note_end(now=now)
        try:
            newest = self._receiver.receive(instruction, now=now)
        except Dropped as error:
            if error.reason is DropReason.ALREADY_HELD and instruction.new_num == self.received_num:
                # The peer repeats itself because our acknowledgement was lost: say it again.
                self._sender.set_ack(instruction.new_num, data=bool(instruction.diff), now=now)
            raise
        if not newest:
            return
        changed = bool(instruction.diff)
        self._sender.set_ack(instruction.new_num, data=changed, now=now)
        self._events.append(NewRemoteState(instruction.new_num, self._receiver.newest_state(), changed))
        if instruction.new_num == SHUTDOWN_NUMBER:
            self._peer_shutdown = True
            self._events.append(PeerShutdown())
        if self._log is not None:
            self._debug(
                f"{now} received {instruction.old_num}→{instruction.new_num} ack {instruction.ack_num}"
                f" ({len(instruction.diff)} octets)"
            )

    def _note_end(self, *, now: int) -> None:
        """Report once that the session is over: acknowledged, acknowledged the peer's, out of patience, or no peer."""
        if self._ended:
            return
        if self._sender.shutdown_acknowledged or self._sender.shutdown_ack_sent:
            acknowledged = True
        elif self._sender.shutdown_expired(now=now) or (self.shutdown_in_progress and self.peer is None):
            acknowledged = False
        else:
            return
        self._ended = True
        self._events.append(ShutdownDone(acknowledged))
        self._debug(f"{now} shutdown done, acknowledged: {acknowledged}; {self.statistics()}")

    def _debug(self, line: str) -> None:
        if self._log is not None:
            self._log(line)
