"""One end of a session: datagrams in, datagrams out, and the two synchronised objects in between.

Ties together `Endpoint` (keys, addresses, round-trip times), `Sender` and `Receiver` (numbered states) and the
fragments between them; that is channel 0. `Channels` has others, of two more objects each, where both ends know of
them. Does no input or output, reads no clock and knows nothing of what the states are. Implements docs/wire.md §1–§4.

The loop of a process:

    wait until `next_deadline` or input → `receive_datagram` for each datagram → `events` → `set_local_state` if the
    owned object changed → `datagrams_to_send` → send each; a failure goes to `report_send_failure`

A deadline of `now` may also mean that events wait to be drained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Generic, TypeVar

from mosh_common.address import Address
from mosh_common.errors import UsageError
from mosh_common.protocol import DATAGRAM_OVERHEAD, SHUTDOWN_ACK_COPIES, SHUTDOWN_NUMBER, SHUTDOWN_TIMEOUT_MS
from mosh_common.sync.channels import Channels
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
from mosh_common.sync.facts import PathFacts, ReceivedFacts, SentFacts
from mosh_common.sync.pacing import NO_INTERACTION, ClientPacing, Interaction, Link, Pacing, ServerPacing
from mosh_common.sync.path.endpoint import Endpoint
from mosh_common.sync.receiver import Receiver
from mosh_common.sync.sender import Sender
from mosh_common.sync.state import LocalState, RemoteState
from mosh_common.sync.statistics import Counters, Statistics, statistics_of
from mosh_common.wire.drop import Dropped, DropReason
from mosh_common.wire.fragment import Assembler, Fragment, Fragmenter, channel_of
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
        self._events: list[Event] = []
        self.counters: Final = Counters()
        # The path.
        self._endpoint = Endpoint(key=key, is_server=is_server, now=now, peer=peer)
        self._fragmenter = Fragmenter()
        self._assembler = Assembler()
        # The states.
        self._pacing = pacing
        self._sender: Sender[Local] = Sender(
            local, pacing=pacing, entropy=entropy, now=now, loss=self._endpoint.loss, interaction=interaction
        )
        self._receiver: Receiver[Remote] = Receiver(remote)
        self.channels: Final = Channels(entropy)  # beside these, which are channel 0's
        # What of these anybody may ask.
        self.path: Final[PathFacts] = self._endpoint
        self.contact: Final = self._endpoint.contact  # when the peer was heard
        self.sent: Final[SentFacts[Local]] = self._sender.sent
        self.received: Final[ReceivedFacts[Remote]] = self._receiver
        # The end.
        self._ended = False  # ShutdownDone or SessionExhausted was reported
        self._exhausted = False  # nothing may be encrypted any more

    # --- What comes in ------------------------------------------------------------------------------------------

    def receive_datagram(
        self, data: bytes, source: Address, *, now: int, congestion: bool = False, arrived_at: int | None = None
    ) -> bool:
        """Digest one datagram. Never raises on what a peer sent: it is counted in `counters.dropped` by reason.

        `congestion` is the ECN CE mark; `arrived_at`: when it came to this machine, if not `now`. Afterwards: drain
        `events`, then ask `datagrams_to_send`. Return False when another key may open it.
        """
        self.counters.received += 1
        self.counters.received_octets += len(data)
        try:
            back = self._is_server and self.contact.heartbeat_missed(now=now)  # after a silence
            received = self._endpoint.receive(data, source, now=now, congestion=congestion, arrived_at=arrived_at)
            self._sender.shutdown.peer_heard()
            if received.moved:
                self._events.append(PeerMoved(source))
                self._debug(f"{now} peer is at {source}")
                self._sender.path_changed(now=now)
                self.channels.path_changed()
            elif back:
                self._sender.probe(now=now)  # it probes: let it know at once that it was heard
            self._receive_payload(received.payload, now=now)
        except Dropped as error:
            self.counters.count_dropped(error.reason)
            self._debug(f"{now} dropped ({error.reason.value}): {error}")
            if error.reason is DropReason.WRONG_VERSION:
                self._events.append(VersionMismatch(str(error)))
            return error.reason is not DropReason.NOT_AUTHENTIC
        return True

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
        if self._exhausted or not self._endpoint.may_send(now=now):
            return []
        datagrams = self._of_channel_0(now=now)
        if self.channels.any and not (self._ended or self._sender.shutdown.in_progress):
            datagrams += self._of_channels(busy=bool(datagrams), now=now)
        if datagrams:
            self._note_end(now=now)
        return datagrams

    def _of_channel_0(self, *, now: int) -> list[tuple[bytes, Address]]:
        sending = self._sender.instruction_to_send(now=now, link=self._link(now=now))
        if sending is None:
            return []
        if self._endpoint.path_mtu.doubt_overdue(now=now, timeout=self._pacing.answer_ms(self._endpoint.rtt.rto)):
            self._debug(f"{now} long datagrams are overdue: short ones, of {self._endpoint.mtu}, until some arrive")
        instruction = sending.instruction
        fragments = self._fragments(instruction, now=now)
        if not fragments or not (datagrams := self._sealed(fragments, now=now)):
            return []
        if instruction.diff:
            longest = max([len(data) for data, _ in datagrams])
            self._endpoint.path_mtu.sent(instruction.new_num, longest=longest, count=len(datagrams), now=now)
            if self.channels.any:
                self.channels.note_frame(sum([len(data) for data, _ in datagrams]), link=self._link(now=now), now=now)
        counters = self.counters
        counters.instructions += 1
        counters.resends += sending.resent
        counters.empty_acks += not instruction.diff
        if self._log is not None:
            rtt = self._endpoint.rtt
            self._debug(
                f"{now} sent {instruction.old_num}→{instruction.new_num} ack {instruction.ack_num}"
                f" ({len(instruction.diff)} octets in {len(datagrams)}): {sending.rule};"
                f" srtt {rtt.srtt:.0f} loss {self._endpoint.loss.worst:.2f} rto {rtt.rto} interval {self.send_interval}"
            )
        return datagrams

    def _of_channels(self, *, busy: bool, now: int) -> list[tuple[bytes, Address]]:
        """Return what the other channels send; `busy`: channel 0 sends something, too."""
        link, longest = self._link(now=now), self._endpoint.fragment_octets
        fragments = self.channels.fragments_to_send(busy=busy, fragment_octets=longest, link=link, now=now)
        return self._sealed(fragments, now=now) if fragments else []

    def next_deadline(self, *, now: int) -> int | None:
        """Return when (absolute ms) `datagrams_to_send` and `events` want to be called next; None = never.

        Changes nothing. May lie in the past: then call at once.
        """
        if self._events:
            return now
        if self._ended:
            return None
        shutdown = self._sender.shutdown.deadline
        if not self._endpoint.may_send(now=now):
            return shutdown
        link = self._link(now=now)
        deadline = self._sender.next_deadline(now=now, link=link)
        if shutdown is not None:
            return min(deadline, shutdown)
        if self.channels.any:
            longest = self._endpoint.fragment_octets
            other = self.channels.next_deadline(fragment_octets=longest, link=link, now=now)
            return deadline if other is None else min(deadline, other)
        return deadline

    def events(self) -> list[Event]:
        """Return and forget what happened since the last call, in order."""
        events, self._events = self._events, []
        return events

    # --- Addresses ----------------------------------------------------------------------------------------------

    def port_hop_due(self, *, now: int) -> bool:
        """Return whether the client should open a new socket now (then say `port_hopped`)."""
        return self._endpoint.port_hop_due(now=now, last_acknowledged_at=self.sent.last_acknowledged_at)

    def start_afresh(self, *, now: int) -> None:
        """Say that the machine slept or moved (client): a hop is due, and a datagram from the new port."""
        self._endpoint.request_hop()
        self._sender.probe(now=now)
        self.channels.path_changed()

    def port_hopped(self, *, now: int) -> None:
        """Say that a new source port is in use."""
        self._endpoint.port_hopped(now=now)

    def set_alternatives(self, addresses: Iterable[Address]) -> None:
        """Say which other addresses the server may have (client): they are tried, too, while it is not heard.

        Only an authentic datagram from one of them moves the session there.
        """
        self._endpoint.alternatives = tuple(addresses)

    # --- Facts --------------------------------------------------------------------------------------------------

    def statistics(self) -> Statistics:
        """Return how the session goes at this moment."""
        return statistics_of(self.counters, self.path, send_interval=self.send_interval)

    @property
    def send_interval(self) -> int:
        """Least time between two frames, ms."""
        return self._pacing.send_interval(self._endpoint.rtt.srtt)

    def local_state(self) -> Local:
        """Return the owned object as last set, without what the peer is known to have.

        An owner that keeps adding to its object starts from this one, so that it does not grow for ever.
        """
        return self._sender.local_state()

    # --- Private ------------------------------------------------------------------------------------------------

    def _link(self, *, now: int) -> Link:
        """Return what the timing rules want to know about the path."""
        endpoint = self._endpoint
        congested = endpoint.congested(now=now)
        return Link(
            send_interval=self.send_interval,
            rto=endpoint.rtt.rto,
            contact=self.contact,
            srtt=endpoint.rtt.srtt,
            loss=0.0 if congested else endpoint.loss.worst,
            congested=congested,
        )

    def _fragments(self, instruction: Instruction, *, now: int) -> list[Fragment]:
        """Return the fragments in which an instruction goes out; none when it cannot."""
        fragment_octets = self._endpoint.fragment_octets
        if not instruction.diff and (size := self._endpoint.padding(instruction.new_num, now=now)) is not None:
            self._debug(f"{now} trying a datagram of {size}")
            chaff = self._entropy(size - DATAGRAM_OVERHEAD - PADDING_MARGIN_OCTETS)
            instruction, fragment_octets = instruction._replace(chaff=chaff), size - DATAGRAM_OVERHEAD
        try:
            fragments = self._fragmenter.split(instruction.encode(), fragment_octets)
        except UsageError as error:
            # Only a frame of absurd size gets here. It counts as sent, so the next one, maybe smaller, has its turn.
            self.counters.unsendable += 1
            self._debug(f"{now} not sent: {error}")
            return []
        if self._sender.shutdown_ack_sent:
            fragments *= SHUTDOWN_ACK_COPIES
        return fragments

    def _sealed(self, fragments: list[Fragment], *, now: int) -> list[tuple[bytes, Address]]:
        """Return a datagram of each fragment for each address that is tried; none when the key is exhausted."""
        endpoint, peer = self._endpoint, self._endpoint.peer
        assert peer is not None
        if not endpoint.can_seal(sum([len(fragment.contents) for fragment in fragments]), datagrams=len(fragments)):
            self._exhausted = self._ended = True
            self._events.append(SessionExhausted())
            return []
        datagrams = [(endpoint.seal(fragment.encode(), now=now), peer) for fragment in fragments]
        if endpoint.alternatives and self.contact.worth_other_addresses(now=now):
            # The same octets: whichever of them arrives first is taken, the others are old.
            datagrams += [(data, other) for data, _ in datagrams for other in endpoint.alternatives if other != peer]
        self.counters.count_sent(datagrams)
        return datagrams

    def _receive_payload(self, payload: bytes, *, now: int) -> None:
        """Digest what was in an authentic datagram. Raises Dropped."""
        if channel_of(payload):  # what cannot be used of it is nothing that the user was to see
            self.channels.receive(Fragment.decode(payload), queueing=self._endpoint.rtt.queueing, now=now)
            return
        instruction: Instruction | None = None
        try:
            encoded = self._assembler.add(Fragment.decode(payload))
            if encoded is not None:
                instruction = Instruction.decode(encoded)
                self._receive_instruction(instruction, now=now)
        except Dropped as error:
            # (An overtaken one is missed by nobody.)
            if error.reason in _UNUSABLE and (instruction is None or instruction.new_num > self._receiver.number):
                self._events.append(StateNotTaken(error.reason, str(error)))
            raise

    def _receive_instruction(self, instruction: Instruction, *, now: int) -> None:
        self._sender.receive_ack(instruction.ack_num, now=now)
        if self._endpoint.path_mtu.acknowledged(instruction.ack_num, loss=self._endpoint.loss.worst, now=now):
            self._debug(f"{now} long datagrams vanish: MTU is now {self._endpoint.mtu}")
        self._note_end(now=now)
        before = self._receiver.state
        try:
            newest = self._receiver.receive(instruction, now=now)
        except Dropped as error:
            if error.reason is DropReason.ALREADY_HELD and instruction.new_num == self._receiver.number:
                # The peer repeats itself because our acknowledgement was lost: say it again.
                self._sender.set_ack(instruction.new_num, data=bool(instruction.diff), now=now)
            raise
        if not newest:
            return
        self.contact.last_heard = now
        changed = bool(instruction.diff)
        # A state that is an earlier one again comes without a diff, and the peer waits for its acknowledgement, too.
        self._sender.set_ack(instruction.new_num, data=changed or self._receiver.state != before, now=now)
        self._events.append(NewRemoteState(instruction.new_num, self._receiver.state, changed))
        if instruction.new_num == SHUTDOWN_NUMBER:
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
        sender = self._sender
        if sender.sent.acknowledged_number == SHUTDOWN_NUMBER or sender.shutdown_ack_sent:
            acknowledged = True
        elif sender.shutdown.expired(now=now) or (sender.shutdown.in_progress and self._endpoint.peer is None):
            acknowledged = False
        else:
            return
        self._ended = True
        self._events.append(ShutdownDone(acknowledged))
        self._debug(f"{now} shutdown done, acknowledged: {acknowledged}; {self.statistics()}")

    def _debug(self, line: str) -> None:
        if self._log is not None:
            self._log(line)
