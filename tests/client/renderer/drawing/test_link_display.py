"""What the link display says, and when that changes."""

from __future__ import annotations

import re

import pytest

from mosh_client.ipc.messages import Statistics
from mosh_client.renderer.drawing.link_display import LinkDisplay

NOW = 3_000_000
FACTS = Statistics(
    round_trip=123,
    lost_incoming=4,
    lost_outgoing=45,
    last_heard=NOW - 2500,
    received_octets=12_345,
    sent_octets=999,
    peer="",
)


WIDE = 200  # columns: more than the line ever needs
# What a part of the line looks like: nothing of it may be missing.
PARTS = re.compile(
    r"link: |rtt (\d+ ms|unknown)|loss [\d.]+% in [\d.]+% out|heard (\d+ s ago|never)|[\d.]+ \w+ in [\d.]+ \w+ out"
    r"|prediction (adaptive: |always: |never: |experimental: )?(on|off)|server (mosh-py 0\.1\.0|upstream or unknown)"
    r"|no figures yet"
)
LARGE = Statistics(
    round_trip=4999,
    lost_incoming=1000,
    lost_outgoing=1000,
    last_heard=NOW - 99_999_000,
    received_octets=10**16,
    sent_octets=10**16,
    peer="mosh-py 0.1.0",
)


def shown(statistics: Statistics | None = FACTS, *, prediction: str = "adaptive") -> LinkDisplay:
    display = LinkDisplay(prediction_display=prediction)
    display.toggle()
    if statistics is not None:
        display.set_statistics(statistics)
    return display


def test_nothing_is_shown_until_asked_for_and_after_asked_away() -> None:
    display = LinkDisplay(prediction_display="adaptive")
    display.set_statistics(FACTS)
    assert display.text(columns=WIDE, now=NOW) == ""
    assert display.next_deadline(now=NOW) is None
    display.toggle()
    assert display.text(columns=WIDE, now=NOW)
    display.toggle()
    assert display.text(columns=WIDE, now=NOW) == ""


def test_the_line_holds_all_figures() -> None:
    assert shown().text(columns=WIDE, now=NOW) == (
        "link: rtt 123 ms | loss 0.4% in 5% out | heard 2 s ago | 12.3 kB in 999 B out"
        " | prediction adaptive: off | server upstream or unknown"
    )


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (40, "link: rtt 123 ms | loss 0.4% in 5% out"),
        (60, "link: rtt 123 ms | loss 0.4% in 5% out | heard 2 s ago"),
        (80, "link: rtt 123 ms | loss 0.4% in 5% out | heard 2 s ago | prediction off"),
        (
            120,
            "link: rtt 123 ms | loss 0.4% in 5% out | heard 2 s ago | 12.3 kB in 999 B out | prediction adaptive: off",
        ),
    ],
)
def test_in_a_narrower_window_what_matters_least_is_left_out(columns: int, expected: str) -> None:
    assert shown().text(columns=columns, now=NOW) == expected


@pytest.mark.parametrize(
    "facts",
    [FACTS, LARGE, FACTS._replace(round_trip=None, last_heard=None), None],
    ids=["some", "large", "few", "none"],
)
def test_at_no_width_is_a_word_cut(facts: Statistics | None) -> None:
    longest = len(shown(facts).text(columns=WIDE, now=NOW))
    before = ""
    for columns in range(WIDE + 1):
        text = shown(facts).text(columns=columns, now=NOW)
        assert len(before) <= len(text) <= columns
        assert all(PARTS.fullmatch(part) for part in text.removeprefix("link: ").split(" | ") if part), text
        before = text
    assert len(before) == longest


def test_the_round_trip_goes_last() -> None:
    assert shown().text(columns=16, now=NOW) == "link: rtt 123 ms"
    assert shown().text(columns=10, now=NOW) == "rtt 123 ms"
    assert shown().text(columns=9, now=NOW) == ""


def test_a_server_that_says_what_it_is_is_named() -> None:
    assert shown(FACTS._replace(peer="mosh-py 0.1.0")).text(columns=WIDE, now=NOW).endswith(" | server mosh-py 0.1.0")


def test_what_is_not_known_is_said_to_be_so() -> None:
    assert shown(None).text(columns=WIDE, now=NOW) == "link: no figures yet | prediction adaptive: off"
    text = shown(FACTS._replace(round_trip=None, last_heard=None)).text(columns=WIDE, now=NOW)
    assert "rtt unknown" in text
    assert "heard never" in text


def test_figures_of_the_last_time_are_not_shown_again() -> None:
    display = shown()
    display.toggle()
    display.toggle()
    assert display.text(columns=WIDE, now=NOW).startswith("link: no figures yet")


def test_the_age_is_counted_second_by_second() -> None:
    display = shown()
    assert display.next_deadline(now=NOW) == NOW + 500
    assert "heard 3 s ago" in display.text(columns=WIDE, now=NOW + 500)
    assert display.next_deadline(now=NOW + 500) == NOW + 1500


@pytest.mark.parametrize(
    ("preference", "interval", "expected"),
    [("adaptive", 20, "off"), ("adaptive", 31, "on"), ("always", 20, "on"), ("never", 250, "off")],
)
def test_predictions_are_said_to_be_on_when_this_link_lets_them_be_shown(
    preference: str, interval: int, expected: str
) -> None:
    display = shown(prediction=preference)
    display.set_send_interval(interval)
    assert f"prediction {preference}: {expected}" in display.text(columns=WIDE, now=NOW)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        *((0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (99_949, "99.9 kB"), (99_950, "100 kB"), (999_499, "999 kB")),
        *((999_500, "1.0 MB"), (5 * 10**9, "5.0 GB"), (10**16, "10000 TB")),
    ],
)
def test_amounts_have_three_figures(octets: int, expected: str) -> None:
    assert f"| {expected} in" in shown(FACTS._replace(received_octets=octets)).text(columns=WIDE, now=NOW)


@pytest.mark.parametrize(
    ("per_mille", "expected"), [(0, "0%"), (9, "0.9%"), (10, "1%"), (15, "2%"), (290, "29%"), (1000, "100%")]
)
def test_losses_are_percentages(per_mille: int, expected: str) -> None:
    assert f"loss {expected} in" in shown(FACTS._replace(lost_incoming=per_mille)).text(columns=WIDE, now=NOW)
