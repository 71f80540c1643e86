"""What the watch over the way to a peer says, with the lookup of the local address under the test's control."""

from __future__ import annotations

import pytest

from mosh_common.address import Address
from mosh_common.io import path
from mosh_common.io.path import LOOK_UP_EVERY_MS, PathNews, PathWatch, source_address

PEER = Address("127.0.0.1", 9)
NOW = 5000


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The answers of the lookup: the last one is true now. Without the kernel's own news."""
    answers: list[str | None] = ["192.0.2.1"]
    monkeypatch.setattr(path, "source_address", lambda _peer: answers[-1])
    monkeypatch.setattr(path, "_open_netlink", lambda: None)
    return answers


@pytest.mark.system
def test_the_local_address_towards_loopback_is_loopback() -> None:
    assert source_address(PEER) == "127.0.0.1"


def test_another_local_address_is_noticed_within_a_second(addresses: list[str | None]) -> None:
    watch = PathWatch(PEER, now=NOW)
    addresses.append("198.51.100.7")
    assert watch.news(ready=False, now=NOW + LOOK_UP_EVERY_MS - 1) is PathNews.NONE
    assert watch.news(ready=False, now=NOW + LOOK_UP_EVERY_MS) is PathNews.MOVED
    assert watch.news(ready=False, now=NOW + 2 * LOOK_UP_EVERY_MS) is PathNews.NONE


def test_no_way_at_all_is_no_other_address(addresses: list[str | None]) -> None:
    watch = PathWatch(PEER, now=NOW)
    addresses.append(None)
    assert watch.news(ready=False, now=NOW + LOOK_UP_EVERY_MS) is PathNews.NONE
    addresses.append("192.0.2.1")
    assert watch.news(ready=False, now=NOW + 2 * LOOK_UP_EVERY_MS) is PathNews.NONE
