"""When the peer was heard, and what its silence means: two facts, and a predicate for each rule.

The thresholds are in mosh_common/silence.py. Where the rules compare with a round trip, the caller brings it.
"""

from __future__ import annotations

from mosh_common.silence import (
    ANSWER_HOPED_MS,
    CONNECT_TIMEOUT_MS,
    DETACH_AFTER_MS,
    FIRST_CONTACT_TIMEOUT_MS,
    HEARTBEAT_LATE_MS,
    HEARTBEAT_MISSED_MS,
    RESEND_WITHIN_MS,
)


class Contact:
    """The facts, which the endpoint and the transport keep up to date; everybody else only asks."""

    __slots__ = ("began_at", "last_datagram_at", "last_heard")

    def __init__(self, *, began_at: int, last_datagram_at: int | None = None, last_heard: int | None = None) -> None:
        self.began_at = began_at  # when this side began to listen
        # None = never yet.
        self.last_datagram_at = last_datagram_at  # when the newest in-order authentic datagram came
        self.last_heard = last_heard  # when the newest state came (an empty ack is one)

    @property
    def silent_since(self) -> int:
        """When anything was heard last; of a peer that never was, when this side began to listen."""
        return self.began_at if self.last_datagram_at is None else self.last_datagram_at

    # --- Of both ends -------------------------------------------------------------------------------------------

    def seems_lost(self, *, answer_ms: int, now: int) -> bool:
        """Return whether nothing at all was heard for twice the time that an answer may take."""
        return now - self.silent_since > 2 * answer_ms

    def worth_resending(self, *, now: int) -> bool:
        """Return whether the peer is there to be sent again what it did not acknowledge."""
        return self.last_heard is not None and now - self.last_heard < RESEND_WITHIN_MS

    def heartbeat_missed(self, *, now: int) -> bool:
        """Return whether a peer that had been heard was silent longer than one that is in reach."""
        return self.last_datagram_at is not None and now - self.last_datagram_at > HEARTBEAT_MISSED_MS

    # --- Of a server with its client ----------------------------------------------------------------------------

    def attached(self, *, now: int) -> bool:
        """Return whether the client was heard recently enough to be sent anything."""
        return self.last_datagram_at is not None and now - self.last_datagram_at <= DETACH_AFTER_MS

    @property
    def detaches_at(self) -> int | None:
        """When a client that stays silent is no longer `attached`; None = it was never heard."""
        return None if self.last_datagram_at is None else self.last_datagram_at + DETACH_AFTER_MS

    def given_up_at(self, *, patience_ms: int | None) -> int | None:
        """Return when a session without its client ends; None = never.

        A client that was heard before is given `patience_ms` (None: for ever), one that never was, a minute.
        """
        if self.last_heard is None:
            return self.began_at + FIRST_CONTACT_TIMEOUT_MS
        return None if patience_ms is None else self.last_heard + patience_ms

    # --- Of a client with its server ----------------------------------------------------------------------------

    def worth_other_addresses(self, *, now: int) -> bool:
        """Return whether the server's other addresses are worth a try: from the start, and when it falls silent.

        Which of them the network lets through is not known until one is answered: waiting for each would be waited for.
        """
        return self.last_datagram_at is None or now - self.last_datagram_at >= HEARTBEAT_MISSED_MS

    def worth_a_try(self, *, now: int) -> bool:
        """Return whether the server may be out of reach, so that a change of the machine's network may help."""
        return self.last_datagram_at is None or now - self.last_datagram_at > HEARTBEAT_LATE_MS

    @property
    def connected_by(self) -> int | None:
        """When a client that has not heard a state of its server fails; None = it has."""
        return None if self.last_heard is not None else self.began_at + CONNECT_TIMEOUT_MS

    def heard_at(self, *, usable: bool) -> int | None:
        """Return when the server was heard last, as users are told; None = never.

        That is when a state came; where none came, or nothing is `usable`, whatever is authentic counts.
        """
        return self.last_heard if usable and self.last_heard is not None else self.last_datagram_at

    def may_answer(self, *, usable: bool, now: int) -> bool:
        """Return whether the server, last heard at `heard_at`, is likely to answer a request to end."""
        heard = self.heard_at(usable=usable)
        return heard is not None and now - heard < ANSWER_HOPED_MS
