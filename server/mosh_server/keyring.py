"""The keys of a session besides the one that types: offered ones, which nobody used yet, and earlier ones.

An offer is a key only: its transport is made with its first authentic datagram, so that no key has two. Of an earlier
client nothing is read any more. It is told that it was shut down, and why, as long as it may come back. Knows nothing
of screens, ptys and of what follows from a take-over.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from mosh_common.address import Address
from mosh_common.silence import FIRST_CONTACT_TIMEOUT_MS
from mosh_common.sync.events import NewRemoteState, PeerMoved, PeerShutdown, StateNotTaken
from mosh_common.sync.states.parts.parting import Parting
from mosh_common.wire.datagram import unseal
from mosh_common.wire.drop import Dropped
from mosh_common.wire.extensions import PARTING
from mosh_common.wire.key import Key
from mosh_common.wire.ocb import Ocb
from mosh_server.attachment import Attachment

OFFER_MS: Final = FIRST_CONTACT_TIMEOUT_MS  # a login that nobody followed up is forgotten
EARLIER_MS: Final = 86_400_000  # a laptop that slept for a day is told; one that sleeps longer finds nobody
# SECURITY: what is authentic under none of the keys costs a decryption with each: 13 at most (docs/security.md).
OFFERS_LIMIT: Final = 4
EARLIER_LIMIT: Final = 8

_NO_END: Final = (NewRemoteState, PeerMoved, PeerShutdown, StateNotTaken)


class Offer(NamedTuple):
    """A key that was given out."""

    key: Key
    cipher: Ocb
    expires_at: int  # now_ms
    socket: int  # number of the one that its client will reach


class Outgoing(NamedTuple):
    """A datagram, to be sent on the socket of `sender`."""

    data: bytes
    to: Address
    sender: Attachment

    def report(self, failure: int, *, now: int) -> None:
        """Say how sending it went: 0, or the errno."""
        if failure:
            self.sender.transport.report_send_failure(failure, now=now)


class KeyRing:
    """The offers, and the earlier attachments."""

    __slots__ = ("_due_at", "_earlier", "_offers")

    def __init__(self) -> None:
        self._offers: list[Offer] = []  # newest first
        self._earlier: list[Attachment] = []  # newest first; all of them are shutting down
        self._due_at: int | None = None  # when `datagrams_to_send` wants to be called

    # --- Offers -------------------------------------------------------------------------------------------------

    def offer(self, key: Key, *, socket: int, now: int) -> None:
        """Wait OFFER_MS for a client with `key`, which is new; the oldest of too many offers is forgotten."""
        self._offers.insert(0, Offer(key, Ocb(key), now + OFFER_MS, socket))
        del self._offers[OFFERS_LIMIT:]
        self._note_due(now=now)

    @property
    def waiting(self) -> int:
        """How many offers nobody took yet."""
        return len(self._offers)

    @property
    def offers_until(self) -> int | None:
        """When the newest of them expires; None when there is none."""
        return self._offers[0].expires_at if self._offers else None

    def take_offer(self, datagram: bytes, *, now: int) -> Offer | None:
        """Return the offer under whose key `datagram` is authentic, which is none any more; None when there is none."""
        for offer in self._offers:
            if now >= offer.expires_at:
                continue
            try:
                unseal(offer.cipher, datagram, to_client=False)
            except Dropped:
                continue
            self._offers.remove(offer)
            self._note_due(now=now)
            return offer
        return None

    # --- Earlier clients ----------------------------------------------------------------------------------------

    def retire(self, attachment: Attachment, parting: Parting, *, now: int) -> None:
        """Shut that client down, and tell it why, now and whenever it is back within EARLIER_MS."""
        transport, extensions = attachment.transport, attachment.extensions
        extensions.set_value(PARTING, parting)
        transport.set_local_state(extensions.with_state(transport.local_state()), now=now)
        transport.start_shutdown(now=now, patience_ms=EARLIER_MS)
        self._earlier.insert(0, attachment)
        del self._earlier[EARLIER_LIMIT:]
        self._note_due(now=now)

    def receive_datagram(self, data: bytes, source: Address, *, now: int, congestion: bool) -> None:
        """Digest what may be an earlier client's."""
        for attachment in self._earlier:
            if attachment.transport.receive_datagram(data, source, now=now, congestion=congestion):
                self._due_at = now
                return

    # --- Both ---------------------------------------------------------------------------------------------------

    @property
    def empty(self) -> bool:
        """Whether there is neither an offer nor an earlier client."""
        return not (self._offers or self._earlier)

    def sockets(self) -> set[int]:
        """Return the numbers of those that are needed."""
        return {offer.socket for offer in self._offers} | {attachment.socket for attachment in self._earlier}

    def datagrams_to_send(self, *, now: int) -> list[Outgoing]:
        """Return what is due to earlier clients; forget who knows of the end, and whose time is over."""
        if self._due_at is None or now < self._due_at:
            return []
        self._offers = [offer for offer in self._offers if now < offer.expires_at]
        sending = [
            Outgoing(data, to, attachment)
            for attachment in self._earlier
            for data, to in attachment.transport.datagrams_to_send(now=now)
        ]
        self._earlier = [attachment for attachment in self._earlier if not _is_over(attachment)]
        self._note_due(now=now)
        return sending

    def next_deadline(self) -> int | None:
        """Return when `datagrams_to_send` wants to be called next; None = never."""
        return self._due_at

    def _note_due(self, *, now: int) -> None:
        deadlines = [attachment.transport.next_deadline(now=now) for attachment in self._earlier]
        deadlines += [offer.expires_at for offer in self._offers]
        self._due_at = min([deadline for deadline in deadlines if deadline is not None], default=None)


def _is_over(attachment: Attachment) -> bool:
    return any(not isinstance(event, _NO_END) for event in attachment.transport.events())
