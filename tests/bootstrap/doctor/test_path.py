"""What is made of a probe's numbers, and that nothing else is believed of what it prints."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosh_bootstrap.doctor.path import findings, read

GOOD: dict[str, Any] = {
    "answered": True,
    "address": "192.0.2.1",
    "received": 18,
    "missing": 0,
    "exchanges": 12,
    "unanswered": 0,
    "round_trip_ms": 23,
    "full_octets": 1252,
    "octets_there": 1252,
    "long_lost_there": False,
    "octets_back": 1252,
    "long_lost_back": False,
    "server": "mosh 1.4.0",
    "clock_ahead_s": 1,
    "ended": True,
    "port": 60001,
    "cannot_send": "",
}
NOTHING_KNOWN = dict.fromkeys(("round_trip_ms", "octets_there", "octets_back", "clock_ahead_s"))
SILENT = GOOD | NOTHING_KNOWN | {"answered": False, "address": "", "received": 0, "exchanges": 0, "server": ""}


def lines(outcome: dict[str, Any], ip: str = "192.0.2.1") -> list[str]:
    """The lines, with a "-" before each that needs mending."""
    checked = read(json.dumps(outcome).encode())
    assert checked is not None
    told = findings(checked, ip=ip, ports="60000 to 61000")
    return [f"{'' if each.works else '-'}{each.name}: {each.text}" for each in told]


def wrong(outcome: dict[str, Any]) -> list[str]:
    return [line for line in lines(outcome) if line.startswith("-")]


def test_a_good_way() -> None:
    assert lines(GOOD) == [
        "server: mosh 1.4.0, on UDP port 60001",
        "UDP: both ways, with 192.0.2.1",
        "round trip: 23 ms",
        "loss: none of 12 exchanges",
        "datagrams: of 1252 octets get through, both ways",
    ]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"unanswered": 6, "octets_there": None, "octets_back": None}, "-loss: 50% of what"),
        ({"missing": 6, "octets_there": None, "octets_back": None}, "-loss: 25% of what"),
        ({"octets_there": 500, "long_lost_there": True}, "-datagrams: long ones are lost there:"),
        ({"octets_back": 480, "long_lost_back": True}, "-datagrams: long ones are lost back:"),
        ({"long_lost_there": True, "long_lost_back": True}, "-datagrams: long ones are lost there and back"),
    ],
)  # fmt: skip
def test_each_fault_is_one_line(changes: dict[str, Any], line: str) -> None:
    (only,) = wrong(GOOD | changes)
    assert only.replace("(of 1252 octets) are lost on the way", "are lost").startswith(line)


@pytest.mark.parametrize("changes", [{"unanswered": 2}, {"missing": 2}, {"octets_back": None}, {"server": ""}])
def test_what_proves_nothing_is_no_fault(changes: dict[str, Any]) -> None:
    assert wrong(GOOD | changes) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Nothing came back from 192.0.2.1, UDP port 60001; which way is blocked cannot be told"),
        ({"cannot_send": "Network is unreachable"}, "Cannot send to 192.0.2.1: Network is unreachable"),
        ({"received": 2}, "192.0.2.1 answers, but nothing that it sent came whole"),
    ],
)
def test_a_server_that_is_not_reached_is_one_line(changes: dict[str, Any], words: str) -> None:
    (only,) = wrong(SILENT | changes)
    assert words in only
    assert lines(SILENT)[0] == "server: started, on UDP port 60001"


def test_a_private_address_is_named_as_such() -> None:
    assert "an address of a private network: go there by its VPN" in lines(SILENT, ip="10.0.0.1")[-1]
    assert "private" not in lines(SILENT)[-1]


@pytest.mark.parametrize(
    ("ahead", "words"),
    [(300, "5 minutes ahead of ours"), (-7200, "2 hours behind ours"), (86400 * 9, "9 days ahead"), (61, "61 seconds")],
)
def test_a_clock_that_differs_is_told_and_is_no_fault(ahead: int, words: str) -> None:
    assert words in lines(GOOD | {"clock_ahead_s": ahead})[-1]
    assert not wrong(GOOD | {"clock_ahead_s": ahead})
    assert not any(line.startswith("clock") for line in lines(GOOD | {"clock_ahead_s": -60}))


@pytest.mark.parametrize(
    "changes",
    [
        {"port": "60001"},
        {"answered": 1},
        {"received": True},
        {"received": 1 << 60},
        {"received": 1.5},
        {"address": None},
        {"clock_ahead_s": "x"},
    ],
)
def test_another_kind_of_value_is_not_believed(changes: dict[str, Any]) -> None:
    assert read(json.dumps(GOOD | changes).encode()) is None


def test_words_are_short_and_printable() -> None:
    found = read(json.dumps(GOOD | {"server": "\x1b[2J" + "x" * 1000}).encode())
    assert found is not None
    assert found["server"].startswith("?[2Jxxx")
    assert len(found["server"]) == 100


JSON = st.recursive(st.none() | st.text() | st.integers(), lambda each: st.lists(each, max_size=3), max_leaves=5)


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_whatever_is_printed_is_a_probes_answer_or_nothing(said: bytes) -> None:
    assert read(said) is None


def test_a_deep_answer_is_none() -> None:
    assert read(b"[" * 4000) is None
