"""The echo ack follows the input at a distance of 50 ms."""

from __future__ import annotations

from mosh_common.protocol import ECHO_ACK_DELAY_MS
from mosh_server.output.echo_ack import EchoAckClock


def test_nothing_given_is_nothing_to_wait_for() -> None:
    clock = EchoAckClock()
    assert clock.next_deadline() is None
    assert not clock.advance(now=10**9)
    assert clock.number == 0


def test_input_is_echoed_when_the_application_has_had_time_to_answer() -> None:
    clock = EchoAckClock()
    clock.give([3], now=1000)
    assert clock.next_deadline() == 1000 + ECHO_ACK_DELAY_MS
    assert not clock.advance(now=1000 + ECHO_ACK_DELAY_MS - 1)
    assert clock.advance(now=1000 + ECHO_ACK_DELAY_MS)
    assert clock.number == 3
    assert clock.next_deadline() is None


def test_the_newest_that_is_old_enough_counts() -> None:
    clock = EchoAckClock()
    for number, now in ((1, 0), (2, 10), (5, 20)):
        clock.give([number], now=now)
    assert clock.advance(now=10 + ECHO_ACK_DELAY_MS)
    assert clock.number == 2
    assert clock.next_deadline() == 20 + ECHO_ACK_DELAY_MS
