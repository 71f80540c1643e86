"""What another process finds out meanwhile is there when it is wanted, or is done without."""

from __future__ import annotations

import os
import time

import pytest

from mosh_bootstrap.background import Background

pytestmark = pytest.mark.system

PATIENCE_MS = 30_000


def run(script: str) -> Background:
    found = Background.run(["sh", "-c", script], os.environ)
    assert found is not None
    return found


def test_what_a_program_says_is_had_and_its_complaints_are_not() -> None:
    assert run("echo hello; echo oh >&2; cat").output(limit=100, timeout_ms=PATIENCE_MS) == b"hello\n"


def test_a_program_that_fails_has_said_nothing() -> None:
    program = run("echo hello; exit 255")
    assert program.output(limit=100, timeout_ms=PATIENCE_MS) is None
    assert program.exit_code == 255


@pytest.mark.parametrize("words", [["/nowhere/program"], ["a\0b"], [""]])
def test_a_program_that_is_missing_is_none(words: list[str]) -> None:
    assert Background.run(words, os.environ) is None


def test_more_than_the_limit_is_nothing() -> None:
    assert run("echo 12345").output(limit=6, timeout_ms=PATIENCE_MS) == b"12345\n"
    endless = run("while :; do echo 12345; done")
    assert endless.output(limit=100_000, timeout_ms=PATIENCE_MS) is None
    assert endless.exit_code is None


def test_who_is_late_is_ended() -> None:
    program = run("exec sleep 1000")
    pid = program._pid
    assert program.output(limit=100, timeout_ms=10) is None
    with pytest.raises(ChildProcessError):  # ended, and taken leave of
        os.waitpid(pid, os.WNOHANG)
    program.end()  # harmless


def test_a_function_computes_in_a_child_of_its_own() -> None:
    own = os.getpid()
    found = Background.compute(lambda: str(os.getpid() != own).encode())
    assert found is not None
    assert found.output(limit=100, timeout_ms=PATIENCE_MS) == b"True"


def test_a_function_that_raises_has_said_nothing_and_comes_back_nowhere() -> None:
    found = Background.compute(lambda: b"" + bytes(1 // (time.monotonic() < 0)))
    assert found is not None
    assert found.output(limit=100, timeout_ms=PATIENCE_MS) is None
    assert found.exit_code == 1
