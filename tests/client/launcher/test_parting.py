"""What the user reads who leaves a session that goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from mosh_client.ipc.control import DETACHED, TAKEN_OVER, UNHEARD, Left
from mosh_client.launcher.parting import words

AT = 1_796_000_000  # 2026-11-30 00:53:20 UTC
WAY = "--ssh='ssh -p 2222' me@host"


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC0")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_who_detaches_reads_how_to_take_the_session_back() -> None:
    line = words(Left(DETACHED, AT, "4711"), WAY, lasted=200_000)
    assert line == f"[mosh: detached after 3 min; take it back with: mosh --attach=4711 {WAY}]\n"


def test_a_client_that_mosh_did_not_start_knows_no_host() -> None:
    assert "mosh --attach=4711 HOST]" in words(Left(DETACHED, AT, "4711"), "", lasted=1000)


def test_a_server_that_was_not_told_is_named_as_such() -> None:
    assert words(Left(UNHEARD), "host", lasted=1000) == (
        "[mosh: left after 1 s without the server, which could not be told; the session goes on there;"
        " find it with: mosh --list host]\n"
    )


def test_a_session_that_was_taken_over_is_said_to_be_elsewhere() -> None:
    line = words(Left(TAKEN_OVER, AT, "192.0.2.7"), WAY, lasted=1000)
    assert line == "[mosh: this session was taken over from 192.0.2.7 at 2026-11-30 00:53:20]\n"


@pytest.mark.parametrize("at", [0, 253402300800, 2**63, 2**64 - 1])
def test_a_time_that_is_none_is_left_out(at: int) -> None:
    assert words(Left(TAKEN_OVER, at, "::1"), "", lasted=0) == "[mosh: this session was taken over from ::1]\n"


@pytest.mark.parametrize("text", ["", "-oProxyCommand=x", "1; rm -rf ~", "a b", "1\n2", "é", "x" * 65])
def test_a_server_cannot_choose_what_is_typed(text: str) -> None:
    assert "mosh --attach host]" in words(Left(DETACHED, AT, text), "host", lasted=0)


@pytest.mark.parametrize("text", ["", "a b", "x]\n[mosh: y", "x" * 257, "\u202e"])
def test_a_server_cannot_choose_what_stands_among_our_words(text: str) -> None:
    assert "taken over from another client at" in words(Left(TAKEN_OVER, AT, text), "host", lasted=0)
