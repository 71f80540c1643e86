"""Which addresses a client is to try behind a jump host, and in which order."""

from __future__ import annotations

import pytest

from mosh_bootstrap.candidates import candidates

PUBLIC, OTHER, PRIVATE = "192.0.2.1", "192.0.2.2", "10.1.2.3"
IPV6, LINK_LOCAL = "2001:db8::1", "fe80::1"


@pytest.mark.parametrize(
    ("announced", "resolved", "expected"),
    [
        (None, [], []),
        (PRIVATE, [], [PRIVATE]),
        (None, [IPV6, PUBLIC], [IPV6, PUBLIC]),
        (PUBLIC, [OTHER, IPV6], [PUBLIC, OTHER, IPV6]),  # the host knows best …
        (PRIVATE, [OTHER, IPV6], [OTHER, IPV6, PRIVATE]),  # … but for what is meant within its network
        ("127.0.0.1", [OTHER], [OTHER, "127.0.0.1"]),
        ("::1", [OTHER], [OTHER, "::1"]),
        (PRIVATE, [OTHER, PRIVATE], [PRIVATE, OTHER]),
        (PUBLIC, [PUBLIC, PUBLIC, OTHER], [PUBLIC, OTHER]),
        (f"{LINK_LOCAL}%theirs", [f"{LINK_LOCAL}%ours", OTHER], [f"{LINK_LOCAL}%ours", OTHER]),
        (f"{LINK_LOCAL}%theirs", [OTHER], [OTHER, f"{LINK_LOCAL}%theirs"]),
    ],
)
def test_the_likeliest_comes_first(announced: str | None, resolved: list[str], expected: list[str]) -> None:
    assert candidates(announced, resolved) == expected


def test_a_family_that_is_asked_for_leaves_the_other_out_where_that_leaves_any() -> None:
    assert candidates(PUBLIC, [IPV6], family="inet6") == [IPV6]
    assert candidates(IPV6, [PUBLIC], family="inet") == [PUBLIC]
    assert candidates(PUBLIC, [], family="inet6") == [PUBLIC]
    assert candidates(PUBLIC, [IPV6], family="prefer-inet") == [PUBLIC, IPV6]


def test_nine_are_tried_and_the_announced_one_is_among_them() -> None:
    many = [f"192.0.2.{number}" for number in range(20)]
    assert candidates(None, many) == many[:9]
    assert candidates(PRIVATE, many) == [*many[:8], PRIVATE]
    assert candidates("198.51.100.1", many)[0] == "198.51.100.1"
    assert len(candidates("198.51.100.1", many)) == 9
