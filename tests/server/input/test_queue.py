"""Input waits for a slow application, bounded, and states are complete when all of it was taken."""

from __future__ import annotations

import pytest

from mosh_server.input.queue import LIMIT_OCTETS, REPLIES_LIMIT_OCTETS, InputQueue


def test_what_was_added_waits_in_order_until_it_was_written() -> None:
    queue = InputQueue()
    queue.add(b"abc")
    queue.add(b"de")
    queue.written(2)
    assert queue.data == b"cde"


def test_a_state_is_complete_when_its_last_octet_was_taken() -> None:
    queue = InputQueue()
    queue.add(b"abc")
    queue.end_state(7)
    queue.add(b"de")
    queue.end_state(8)
    queue.written(2)
    assert queue.complete_states() == []
    queue.written(1)
    assert queue.complete_states() == [7]
    assert queue.complete_states() == []
    queue.written(2)
    assert queue.complete_states() == [8]


def test_a_state_without_octets_is_complete_when_those_before_it_are() -> None:
    queue = InputQueue()
    queue.end_state(1)
    assert queue.complete_states() == [1]
    queue.add(b"x")
    queue.end_state(2)
    queue.end_state(3)
    queue.written(1)
    assert queue.complete_states() == [2, 3]


def test_the_limit_is_kept_and_nothing_is_taken_in_half() -> None:
    queue = InputQueue()
    queue.add(b"1234", limit=4)
    queue.add(b"5", limit=4)
    assert queue.data == b"1234"
    queue.written(1)
    queue.add(b"67", limit=4)
    queue.add(b"8", limit=4)
    assert queue.data == b"2348"


@pytest.mark.parametrize(
    ("bound", "limit"), [(LIMIT_OCTETS, {}), (REPLIES_LIMIT_OCTETS, {"limit": REPLIES_LIMIT_OCTETS})]
)
def test_input_that_nobody_reads_waits_up_to_the_bound_and_no_further(bound: int, limit: dict[str, int]) -> None:
    queue = InputQueue()
    queue.add(bytes(bound - 1), **limit)
    queue.add(b"yz", **limit)  # one too many
    assert len(queue.data) == bound - 1
    queue.add(b"y", **limit)
    queue.add(b"z", **limit)
    assert len(queue.data) == bound
    assert queue.data.endswith(b"\0y")


def test_states_of_cleared_input_are_complete() -> None:
    queue = InputQueue()
    queue.add(b"abc")
    queue.end_state(4)
    queue.clear()
    assert queue.data == b""
    assert queue.complete_states() == [4]
