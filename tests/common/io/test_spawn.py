"""Programs that are started for their output."""

from __future__ import annotations

import os

import pytest

from mosh_common.io.spawn import spawn_for_output

pytestmark = pytest.mark.system

SAYS = ["sh", "-c", 'read line; echo "read <$line>"; echo wrong >&2; exit 3']


def outcome(pid: int, output: int) -> tuple[str, int]:
    with open(output, encoding="ascii") as file:
        said = file.read()
    return said, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_it_can_ask_nobody_and_its_complaints_are_not_heard() -> None:
    assert outcome(*spawn_for_output(SAYS, os.environ)) == ("read <>\n", 3)


def test_its_complaints_are_output_where_they_are_wanted() -> None:
    assert outcome(*spawn_for_output(SAYS, os.environ, errors=True)) == ("read <>\nwrong\n", 3)


@pytest.mark.parametrize("words", [["no-program-of-this-name"], ["a\0b"]])
def test_what_cannot_be_started_leaves_no_descriptor(words: list[str]) -> None:
    before = len(os.listdir("/dev/fd"))
    with pytest.raises((OSError, ValueError)):
        spawn_for_output(words, os.environ)
    assert len(os.listdir("/dev/fd")) == before
