"""How long this side goes on telling its peer that the session ends (docs/wire.md §4, "Shutdown").

Knows nothing of states or instructions: the sender asks, and says when it tried.
"""

from __future__ import annotations

from mosh_common.protocol import SHUTDOWN_TIMEOUT_MS, SHUTDOWN_TRIES


class Shutdown:
    """The patience with a peer that does not answer."""

    __slots__ = ("_patient", "_tries", "deadline")

    def __init__(self) -> None:
        self.deadline: int | None = None  # when patience ends; None = not shutting down
        self._patient = False  # a silent peer is waited for
        self._tries = 0

    def start(self, *, patience_ms: int, now: int) -> None:
        """Begin; called again, it can only become less patient."""
        patient = patience_ms > SHUTDOWN_TIMEOUT_MS
        if self.deadline is None:
            self.deadline = now + patience_ms
            self._patient = patient
        else:
            self.deadline = min(self.deadline, now + patience_ms)
            self._patient = self._patient and patient

    def tried(self) -> None:
        """Say that the shutdown state was sent once more."""
        self._tries += 1

    def peer_heard(self) -> None:
        """Say that the peer is there: one that did not hear of the end so far can do so now."""
        if self._patient and self.tries_used_up:
            self._tries = 0

    @property
    def in_progress(self) -> bool:
        """Whether the shutdown state is what this side wants to send."""
        return self.deadline is not None

    @property
    def tries_used_up(self) -> bool:
        """Whether the shutdown state was sent as often as a peer in reach needs."""
        return self._tries >= SHUTDOWN_TRIES

    def expired(self, *, now: int) -> bool:
        """Return whether the peer had its chances to acknowledge."""
        deadline = self.deadline
        return deadline is not None and (now >= deadline or (not self._patient and self.tries_used_up))
