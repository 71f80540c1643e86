"""The estimate of loss follows what is lost, notices it soon, and is not misled by an outage or by reordering."""

from __future__ import annotations

import random

import pytest

from mosh_common.sync.pacing import LOSSY
from mosh_common.sync.path.loss import FAST_GAIN, OUTAGE_DATAGRAMS, LossEstimate, Share


def listen(estimate: LossEstimate, *, loss: float, datagrams: int, seed: int = 1) -> list[float]:
    """Receive over a link that loses that share; return the estimate after each datagram."""
    chance, missing, estimates = random.Random(seed), 0, []
    for _ in range(datagrams):
        if chance.random() < loss:
            missing += 1
            continue
        estimate.received(missing=missing)
        missing = 0
        estimates.append(estimate.incoming)
    return estimates


def test_nothing_is_lost_until_something_is() -> None:
    estimate = LossEstimate()
    assert (estimate.incoming, estimate.outgoing, estimate.worst) == (0.0, 0.0, 0.0)


def test_fifty_losses_are_two_thirds_of_all_however_long_it_went_well() -> None:
    share = Share()
    for lost in [False] * 5000 + [True] * 50:
        share.add(lost=lost)
    assert share.value == pytest.approx(1 - (1 - FAST_GAIN) ** 50)


@pytest.mark.parametrize("loss", [0.05, 0.1, 0.29, 0.5])
def test_the_estimate_comes_near_what_is_lost(loss: float) -> None:
    estimates = listen(LossEstimate(), loss=loss, datagrams=3000)
    late = estimates[len(estimates) // 2 :]
    assert loss * 0.7 < sum(late) / len(late) < loss * 1.6


def test_a_link_that_loses_one_in_twenty_counts_as_lossy_all_the_time() -> None:
    estimates = listen(LossEstimate(), loss=0.05, datagrams=3000)
    assert sum(estimate >= LOSSY for estimate in estimates[300:]) > 0.98 * len(estimates[300:])


def test_a_single_loss_makes_no_lossy_link() -> None:
    estimate = LossEstimate()
    listen(estimate, loss=0.0, datagrams=200)
    estimate.received(missing=1)
    assert 0 < estimate.incoming < LOSSY


def test_an_outage_says_nothing_about_what_comes_after() -> None:
    estimate = LossEstimate()
    estimate.received(missing=OUTAGE_DATAGRAMS + 1)
    assert estimate.incoming == 0.0


def test_what_was_only_overtaken_was_not_lost() -> None:
    estimate = LossEstimate()
    listen(estimate, loss=0.0, datagrams=500)
    for _ in range(100):
        estimate.received(missing=1)
        estimate.received_late()
    assert estimate.incoming < LOSSY


def test_failed_exchanges_count_for_the_way_there_less_what_the_way_back_explains() -> None:
    estimate = LossEstimate()
    for number in range(3000):
        estimate.answered(in_time=number % 2 == 0)
    assert 0.45 < estimate.outgoing < 0.6
    listen(estimate, loss=0.3, datagrams=3000)
    assert 0.1 < estimate.outgoing < 0.4
    assert estimate.worst == max(estimate.incoming, estimate.outgoing)
