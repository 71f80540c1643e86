"""One end of the path: seals and opens datagrams, counts them, knows where the peer is and how far (docs/wire.md §1).

Knows nothing of fragments, states or sockets: another carrier could bring the same datagrams.
"""

from __future__ import annotations

import errno
from typing import Final, NamedTuple

from mosh_common.address import Address
from mosh_common.protocol import (
    BLOCK_LIMIT,
    CIPHER_BLOCK_OCTETS,
    CONGESTED_MS,
    DATAGRAM_OVERHEAD,
    MTU_IPV4_OCTETS,
    MTU_IPV6_OCTETS,
    SEQUENCE_LIMIT,
)
from mosh_common.silence import PORT_HOP_AFTER_MS
from mosh_common.sync.path.contact import Contact
from mosh_common.sync.path.loss import LossEstimate
from mosh_common.sync.path.path_mtu import PathMtu
from mosh_common.sync.path.rtt import RoundTripTime, timestamp16
from mosh_common.wire import datagram
from mosh_common.wire.datagram import Datagram
from mosh_common.wire.key import Key
from mosh_common.wire.ocb import Ocb


class Received(NamedTuple):
    """What one authentic datagram brought."""

    payload: bytes  # a fragment
    moved: bool  # the peer's address is another than before


class Endpoint:
    """Keys, sequence numbers, timestamps and addresses of one side."""

    __slots__ = (
        "_cipher",
        "_congested_at",
        "_hop_requested",
        "_is_server",
        "_next_expected",
        "_next_sequence",
        "_port_chosen_at",
        "alternatives",
        "contact",
        "loss",
        "path_mtu",
        "peer",
        "rtt",
    )

    def __init__(self, *, key: Key, is_server: bool, now: int, peer: Address | None) -> None:
        self._is_server: Final = is_server
        self._cipher: Final = Ocb(key)
        # Sequence numbers, each direction its own.
        self._next_sequence = 0  # of the next datagram sent
        self._next_expected = 0  # one above the highest received
        # The path.
        self.peer = peer  # where the other side is; None = not known yet
        self.alternatives: tuple[Address, ...] = ()  # client: other addresses of the same server
        self.contact: Final = Contact(began_at=now)  # when it was heard
        self.rtt: Final = RoundTripTime()
        self.loss: Final = LossEstimate()
        self._congested_at: int | None = None  # when a router last said that it has more than it can carry
        self.path_mtu = self._new_path_mtu()  # how long datagrams may be
        self._hop_requested = False  # client: another source port is wanted at once
        self._port_chosen_at = now  # client: when the current source port was taken into use

    def receive(
        self, data: bytes, source: Address, *, now: int, congestion: bool, arrived_at: int | None = None
    ) -> Received:
        """Open a datagram that has come, when `arrived_at` says so (ms), else `now`. Raises Dropped.

        `congestion`: a router marked it (ECN CE, RFC 3168).
        """
        opened = datagram.unseal(self._cipher, data, to_client=not self._is_server)
        moved = False
        # SECURITY: an old datagram, sent again by anybody from anywhere, must not move the session or the clock; its
        # payload is harmless, since states are idempotent. (test_a_replay_from_elsewhere_does_not_move_the_session)
        if opened.sequence >= self._next_expected:
            self.loss.received(missing=opened.sequence - self._next_expected)
            self._next_expected = opened.sequence + 1
            self.contact.last_datagram_at = now
            if congestion:
                self._congested_at = now
            self.rtt.receive_timestamps(
                opened.timestamp, opened.timestamp_reply, now=now, congestion=congestion, arrived_at=arrived_at
            )
            # A client goes to another address only if it is one that the server's name had.
            if source != self.peer and (self._is_server or source in self.alternatives):
                self.peer = source
                self.path_mtu = self._new_path_mtu()
                self.rtt.path_moved()
                moved = True
        else:
            self.loss.received_late()
        return Received(opened.payload, moved)

    def can_seal(self, octets: int, *, datagrams: int) -> bool:
        """Return whether the key may still encrypt that much, with a number of its own for each of the datagrams."""
        # SECURITY: a number is never used twice: the nonce is made of it.
        # test_a_message_is_sealed_only_if_each_of_its_datagrams_has_a_number_left
        if self._next_sequence + datagrams > SEQUENCE_LIMIT:
            return False
        # Twice: for what each datagram adds.
        return self._cipher.blocks_sealed + 2 * (octets // CIPHER_BLOCK_OCTETS + 1) <= BLOCK_LIMIT

    def seal(self, payload: bytes, *, now: int) -> bytes:
        """Return the next datagram, which carries `payload`, an encoded fragment, and the current timestamps.

        Raises UsageError once no sequence number is left, or the key has encrypted 2^47 blocks.
        """
        sequence = self._next_sequence
        self._next_sequence += 1
        reply = self.rtt.take_reply(now=now)
        sealed = Datagram(self._is_server, sequence, timestamp16(now), reply, payload)
        return datagram.seal(self._cipher, sealed)

    @property
    def mtu(self) -> int:
        """Octets of the longest datagram that the path is believed to carry."""
        return self.path_mtu.octets

    @property
    def fragment_octets(self) -> int:
        """Octets of the longest fragment, its header included."""
        return self.mtu - DATAGRAM_OVERHEAD

    def padding(self, number: int, *, now: int) -> int | None:
        """Return the octets of the datagram that an empty instruction, with state `number`, is to be padded to.

        None: it is to try nothing.
        """
        self.path_mtu.expire_probe(now=now)
        size = self.path_mtu.probe_octets(now=now)
        if size is not None:
            self.path_mtu.probe_sent(number, size, now=now)
        return size

    def report_send_failure(self, errno_: int, *, now: int) -> bool:
        """Take the errno of a failed send; return whether the MTU was lowered."""
        return errno_ == errno.EMSGSIZE and self.path_mtu.lower(now=now)

    def _new_path_mtu(self) -> PathMtu:
        """Return what is believed of a path that nothing is known of."""
        is_ipv6 = self.peer is not None and self.peer.is_ipv6
        return PathMtu(MTU_IPV6_OCTETS if is_ipv6 else MTU_IPV4_OCTETS)

    def may_send(self, *, now: int) -> bool:
        """Return whether there is somebody to send to: a server stops when its client was silent for long."""
        return self.peer is not None and (not self._is_server or self.contact.attached(now=now))

    def congested(self, *, now: int) -> bool:
        """Return whether a router on the path complained lately: what is lost, is lost to make it less."""
        return self._congested_at is not None and now - self._congested_at < CONGESTED_MS

    def port_hop_due(self, *, now: int, last_acknowledged_at: int | None) -> bool:
        """Return whether nothing was acknowledged for so long that another source port is worth a try.

        `last_acknowledged_at`: in ms; None = nothing ever was.
        """
        if self._hop_requested:
            return True
        if self._is_server or now - self._port_chosen_at <= PORT_HOP_AFTER_MS:
            return False
        return last_acknowledged_at is None or now - last_acknowledged_at > PORT_HOP_AFTER_MS

    def port_hopped(self, *, now: int) -> None:
        """Note that a new source port is in use."""
        self._port_chosen_at = now
        self._hop_requested = False
        self.path_mtu = self._new_path_mtu()
        self.rtt.path_moved()

    def request_hop(self) -> None:
        """Say that the path is another: a new source port is wanted at once (client)."""
        self._hop_requested = not self._is_server
