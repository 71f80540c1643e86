"""Which guesses may be shown: the epochs, the newest one confirmed, and the unforeseeable key whose effect is awaited.

Knows batches and habits; no screen, no key, no time. Why an epoch begins or is confirmed is the engine's business.
"""

from __future__ import annotations

from typing import NamedTuple

from mosh_client.renderer.prediction.guesses import Origin
from mosh_client.renderer.prediction.habits import Habit


class Awaited(NamedTuple):
    """The last unforeseeable key that is under way."""

    batch: int
    goes_on: Habit | None  # what must be trusted for the line to go on after it; None: another line may follow


class Epochs:
    """Guesses belong to epochs; those up to the newest one confirmed may be shown."""

    def __init__(self, *, kept: bool) -> None:
        self.kept = kept  # False: all guesses are shown
        self.current = 1  # of the guesses made now
        self.confirmed = 0  # guesses up to this one may be shown
        self.reason: Habit | None = None  # what let the current one be shown unconfirmed
        self.awaited: Awaited | None = None

    @property
    def tentative(self) -> bool:
        """Whether guesses made now must wait for the first of them to be confirmed."""
        return self.current > self.confirmed

    @property
    def shown_up_to(self) -> int:
        """The newest epoch whose guesses are shown."""
        # "`experimental`: no epochs"
        return self.confirmed if self.kept else self.current

    def shows(self, origin: Origin) -> bool:
        """Whether guesses of that origin may be shown."""
        return origin.epoch <= self.confirmed

    def begin(self) -> None:
        """Begin another: what follows is shown only once part of it was confirmed."""
        self.current += 1
        self.reason = None

    def confirm(self, epoch: int) -> None:
        """Take note that a guess of that epoch was correct."""
        # "Guesses of an epoch are shown once one of them was correct": "So behind a question for a password nothing is
        # ever shown: nothing there is ever confirmed."
        self.confirmed = max(self.confirmed, epoch)

    def trust(self, reason: Habit | None) -> None:
        """Show the current one unconfirmed; `reason` loses its credit if that was wrong."""
        # "or once the place is trusted"
        self.confirmed = self.current
        self.reason = reason

    def wait_for(self, batch: int, *, goes_on: Habit | None) -> None:
        """Take note that the effect of an unforeseeable key in that batch must be seen before anything is blamed."""
        self.awaited = Awaited(batch, goes_on)

    def wait_no_more(self) -> None:
        """Take note that nothing unforeseeable is under way."""
        self.awaited = None

    def foreseeable_from(self, batch: int) -> bool:
        """Whether nothing unforeseeable was typed in or after that batch."""
        return self.awaited is None or batch > self.awaited.batch
