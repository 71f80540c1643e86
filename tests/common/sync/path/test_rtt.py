"""Round-trip times from 16-bit timestamps."""

from __future__ import annotations

import pytest

from mosh_common.protocol import TIMESTAMP_NONE
from mosh_common.sync.path.rtt import RECENT_MS, RoundTripTime, timestamp16

NOW = 65536 * 1000 + 10_000  # a clock whose 16-bit reading is 10000


def measured(*samples: int) -> RoundTripTime:
    rtt = RoundTripTime()
    for sample in samples:
        rtt.receive_timestamps(TIMESTAMP_NONE, timestamp16(NOW - sample), now=NOW)
    return rtt


def test_before_a_sample_the_start_values_hold() -> None:
    rtt = RoundTripTime()
    assert (rtt.srtt, rtt.rttvar, rtt.rto, rtt.measured) == (1000.0, 500.0, 1000, False)


def test_the_first_sample_replaces_the_start_values() -> None:
    rtt = measured(100)
    assert (rtt.srtt, rtt.rttvar, rtt.rto, rtt.measured) == (100.0, 50.0, 300, True)


def test_further_samples_weigh_an_eighth_and_their_deviation_a_quarter() -> None:
    rtt = measured(100, 180)
    assert (rtt.srtt, rtt.rttvar) == (110.0, 57.5)
    assert rtt.rto == 340


@pytest.mark.parametrize(("samples", "rto"), [([0], 50), ([17], 51), ([4000], 1000)])
def test_the_timeout_stays_within_its_limits_and_is_rounded_up(samples: list[int], rto: int) -> None:
    assert measured(*samples).rto == rto


def test_samples_of_five_seconds_and_more_are_ignored() -> None:
    assert measured(4999).measured
    assert not measured(5000).measured


def test_samples_cross_the_wrap_of_the_16_bit_clock() -> None:
    rtt = RoundTripTime()
    rtt.receive_timestamps(TIMESTAMP_NONE, 65530, now=65536 * 9 + 14)
    assert rtt.srtt == 20


def test_a_clock_reading_that_means_none_is_sent_as_zero() -> None:
    assert [timestamp16(65536 * 3 + reading) for reading in (65534, 65535, 65536)] == [65534, 0, 0]


def test_a_timestamp_is_sent_back_once_with_the_time_held_added() -> None:
    rtt = RoundTripTime()
    rtt.receive_timestamps(65000, TIMESTAMP_NONE, now=NOW)
    assert rtt.take_reply(now=NOW + 999) == (65000 + 999) % 65536
    assert rtt.take_reply(now=NOW + 999) == TIMESTAMP_NONE


def test_a_timestamp_held_for_a_second_is_not_sent_back() -> None:
    rtt = RoundTripTime()
    rtt.receive_timestamps(7, TIMESTAMP_NONE, now=NOW)
    assert rtt.take_reply(now=NOW + 1000) == TIMESTAMP_NONE


def test_a_datagram_without_timestamp_does_not_replace_the_saved_one() -> None:
    rtt = RoundTripTime()
    rtt.receive_timestamps(7, TIMESTAMP_NONE, now=NOW)
    rtt.receive_timestamps(TIMESTAMP_NONE, TIMESTAMP_NONE, now=NOW)
    assert rtt.take_reply(now=NOW) == 7


def test_congestion_makes_the_peer_measure_half_a_second_more() -> None:
    rtt = RoundTripTime()
    rtt.receive_timestamps(300, TIMESTAMP_NONE, now=NOW, congestion=True)
    assert rtt.take_reply(now=NOW) == (300 - 500) % 65536


# --- the path's own round trip


def sampled(rtt: RoundTripTime, sample: int, *, now: int) -> int | None:
    """Take a sample at that time; return the shortest recent one."""
    rtt.receive_timestamps(TIMESTAMP_NONE, timestamp16(now - sample), now=now)
    return rtt.shortest


def begun() -> RoundTripTime:
    """What is known after the first sample, which a program's start has made long."""
    rtt = RoundTripTime()
    assert sampled(rtt, 80, now=NOW - 100) is None
    return rtt


def test_the_first_sample_tells_of_the_programs_only() -> None:
    rtt = begun()
    assert sampled(rtt, 2, now=NOW) == 2
    assert round(rtt.srtt) == 70  # the timers begin with it


def test_a_delay_of_a_program_does_not_show_as_long_as_there_was_none_lately() -> None:
    rtt = begun()
    for number in range(50):
        assert sampled(rtt, 100 if number % 10 == 0 else 100 + number % 40, now=NOW + 300 * number) == 100


@pytest.mark.parametrize(("waited", "shortest"), [(0, 80), (70, 10), (81, 0), (-3, 83)])
def test_what_a_datagram_waited_to_be_read_is_no_part_of_the_paths(waited: int, shortest: int) -> None:
    rtt = begun()
    rtt.receive_timestamps(TIMESTAMP_NONE, timestamp16(NOW - 80), now=NOW, arrived_at=NOW - waited)
    assert rtt.shortest == shortest
    assert rtt.srtt == 80  # both times: the timers wait for the programs, too


def test_a_path_that_became_slower_shows_once_the_quicker_samples_are_old() -> None:
    rtt = begun()
    sampled(rtt, 10, now=NOW)
    assert sampled(rtt, 200, now=NOW + 1000) == 10
    assert sampled(rtt, 150, now=NOW + 2000) == 10
    assert sampled(rtt, 180, now=NOW + RECENT_MS - 1) == 10
    assert sampled(rtt, 180, now=NOW + RECENT_MS) == 150
    assert sampled(rtt, 180, now=NOW + RECENT_MS + 2000) == 180


def test_while_nothing_comes_the_last_figure_stays() -> None:
    rtt = begun()
    sampled(rtt, 10, now=NOW)
    assert sampled(rtt, 300, now=NOW + 60_000) == 300


def test_another_path_is_known_with_its_first_sample() -> None:
    rtt = begun()
    sampled(rtt, 10, now=NOW)
    rtt.path_moved()
    assert rtt.shortest == 10  # the best that is known
    assert sampled(rtt, 200, now=NOW + 10) == 200
    assert sampled(rtt, 190, now=NOW + 20) == 190


def test_what_is_kept_of_samples_is_bounded() -> None:
    rtt = begun()
    for number in range(20_000):
        sampled(rtt, number % 5000, now=NOW + number)
    assert len(rtt._recent) <= RECENT_MS
