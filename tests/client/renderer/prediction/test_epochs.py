"""Which epochs may be shown, and what is awaited."""

from __future__ import annotations

from mosh_client.renderer.prediction.epochs import Epochs
from mosh_client.renderer.prediction.guesses import Origin
from mosh_client.renderer.prediction.habits import Habit


def test_the_first_epoch_is_tentative_until_it_is_confirmed() -> None:
    epochs = Epochs(kept=True)
    at_first = epochs.tentative
    epochs.confirm(epochs.current)
    assert (at_first, epochs.tentative) == (True, False)
    assert epochs.shows(Origin(epochs.current, 0, 0))


def test_confirming_an_older_epoch_hides_nothing() -> None:
    epochs = Epochs(kept=True)
    epochs.begin()
    epochs.confirm(2)
    epochs.confirm(1)
    assert epochs.shown_up_to == 2


def test_another_epoch_leaves_what_is_shown_and_forgets_the_reason() -> None:
    epochs = Epochs(kept=True)
    epochs.trust(Habit.AFTER_ENTER)
    epochs.begin()
    assert (epochs.shown_up_to, epochs.tentative, epochs.reason) == (1, True, None)


def test_without_epochs_all_is_shown() -> None:
    epochs = Epochs(kept=False)
    epochs.begin()
    assert epochs.shown_up_to == epochs.current == 2


def test_what_is_typed_in_or_before_the_batch_of_an_unforeseeable_key_proves_nothing_of_the_line() -> None:
    epochs = Epochs(kept=True)
    assert epochs.foreseeable_from(1)
    epochs.wait_for(3, goes_on=Habit.AFTER_EDIT)
    assert [epochs.foreseeable_from(batch) for batch in (2, 3, 4)] == [False, False, True]
    epochs.wait_no_more()
    assert epochs.foreseeable_from(2)
