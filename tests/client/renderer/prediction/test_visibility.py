"""When guesses are shown and underlined: both hystereses and the glitch counter, number by number."""

from __future__ import annotations

import pytest

from mosh_client.renderer.prediction.visibility import Visibility
from mosh_common.prediction_display import DisplayPreference


def adaptive(interval_ms: int = 0) -> Visibility:
    visibility = Visibility(DisplayPreference.ADAPTIVE)
    visibility.set_send_interval(interval_ms)
    return visibility


@pytest.mark.parametrize(("interval_ms", "shown"), [(30, False), (31, True)])
def test_shown_above_thirty_milliseconds(interval_ms: int, shown: bool) -> None:
    assert adaptive(interval_ms).shown is shown


@pytest.mark.parametrize(("interval_ms", "shown"), [(21, True), (20, False)])
def test_shown_until_twenty(interval_ms: int, shown: bool) -> None:
    visibility = adaptive(31)
    visibility.set_send_interval(interval_ms)
    visibility.settle(guessing=False)
    assert visibility.shown is shown


def test_nothing_that_is_shown_vanishes_because_the_link_became_fast() -> None:
    visibility = adaptive(31)
    visibility.set_send_interval(20)
    visibility.settle(guessing=True)
    assert visibility.shown
    visibility.settle(guessing=False)
    assert not visibility.shown


@pytest.mark.parametrize(
    ("intervals", "underlined"), [([80], False), ([81], True), ([81, 51], True), ([81, 50], False)]
)
def test_underlined_above_eighty_until_fifty(intervals: list[int], underlined: bool) -> None:
    visibility = adaptive()
    for interval in intervals:
        visibility.set_send_interval(interval)
    assert visibility.underlined is underlined


@pytest.mark.parametrize(
    ("age_ms", "shown", "underlined"),
    [(249, False, False), (250, True, False), (4999, True, False), (5000, True, True)],
)
def test_a_guess_that_waits_long_is_a_glitch(age_ms: int, shown: bool, underlined: bool) -> None:
    visibility = adaptive()
    visibility.note_pending(age_ms)
    assert (visibility.shown, visibility.underlined) == (shown, underlined)


def test_ten_quick_confirmations_cure_a_glitch() -> None:
    visibility = adaptive()
    visibility.note_pending(250)
    for number in range(10):
        assert visibility.shown
        visibility.note_confirmed(249, now=number * 150)
    assert not visibility.shown


def test_slow_confirmations_cure_nothing() -> None:
    visibility = adaptive()
    visibility.note_pending(250)
    for number in range(20):
        visibility.note_confirmed(250, now=number * 150)
    assert visibility.shown


def test_of_confirmations_within_150_milliseconds_only_one_counts() -> None:
    visibility = adaptive()
    visibility.note_pending(250)
    for number in range(10):
        visibility.note_confirmed(10, now=number * 149)
    assert visibility.shown


def test_never_is_never_shown_whatever_the_link() -> None:
    visibility = Visibility(DisplayPreference.NEVER)
    visibility.note_pending(9999)
    visibility.set_send_interval(250)
    assert not visibility.shown


@pytest.mark.parametrize("preference", [DisplayPreference.ALWAYS, DisplayPreference.EXPERIMENTAL])
def test_always_and_experimental_need_no_reason(preference: DisplayPreference) -> None:
    assert Visibility(preference).shown


def test_the_engine_is_to_be_called_when_a_glitch_would_begin() -> None:
    visibility = adaptive()
    assert visibility.glitch_due(1000) == 1250
    visibility.note_pending(250)
    assert visibility.glitch_due(1000) == 6000
    visibility.note_pending(5000)
    assert visibility.glitch_due(1000) is None
    assert Visibility(DisplayPreference.ALWAYS).glitch_due(1000) is None
