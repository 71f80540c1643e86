"""Programs that are asked something: their answer, or nothing at all, never a fault and never a long wait."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.support.programs import wait_until

from mosh_server.host.helper import ANSWER_OCTETS, Helper, find_program

pytestmark = pytest.mark.system


def program(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def ask(folder: Path, *words: str, patience_s: float = 20.0) -> str | None:
    helper = Helper.start(words, environ={"PATH": f"{folder}:{os.environ['PATH']}"})
    return None if helper is None else helper.answer(patience_s=patience_s)


def test_the_answer_is_what_it_printed(tmp_path: Path) -> None:
    program(tmp_path, "oracle", 'echo "$@"; echo no answer >&2; cat')
    assert ask(tmp_path, "oracle", "a b", "c") == "a b c\n"


def test_a_program_that_fails_has_said_nothing(tmp_path: Path) -> None:
    program(tmp_path, "oracle", "echo no; exit 1")
    assert ask(tmp_path, "oracle") == ""


def test_a_program_that_is_not_there_or_is_none_is_not_asked(tmp_path: Path) -> None:
    assert ask(tmp_path, "no-such-oracle") is None
    (tmp_path / "oracle").mkdir()
    assert ask(tmp_path, "oracle") is None


def test_a_program_in_no_known_format_is_not_asked(tmp_path: Path) -> None:
    (tmp_path / "oracle").write_text("")
    (tmp_path / "oracle").chmod(0o755)
    assert ask(tmp_path, "oracle") is None


def test_a_program_that_does_not_answer_in_time_is_ended(tmp_path: Path) -> None:
    program(tmp_path, "oracle", f"echo $$ >{tmp_path}/pid; echo begun; exec sleep 600")
    helper = Helper.start(["oracle"], environ={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert helper is not None
    pid = int(
        wait_until(lambda: (tmp_path / "pid").read_text() if (tmp_path / "pid").exists() else "", "it has not begun")
    )
    assert helper.answer(patience_s=0.05) == ""
    with pytest.raises(ProcessLookupError):  # neither running nor waiting to be reaped
        os.kill(pid, 0)


def test_a_program_that_goes_on_without_a_word_is_ended(tmp_path: Path) -> None:
    program(tmp_path, "oracle", "echo yes; exec sleep 600 >/dev/null")
    assert ask(tmp_path, "oracle", patience_s=0.2) == ""


def test_a_program_that_has_no_end_is_ended(tmp_path: Path) -> None:
    program(tmp_path, "oracle", "exec yes")  # SIGPIPE ends it
    assert ask(tmp_path, "oracle") == ""


def test_an_answer_of_some_length_comes_whole(tmp_path: Path) -> None:
    program(tmp_path, "oracle", f"head -c {ANSWER_OCTETS - 1} /dev/zero | tr '\\0' x")
    assert ask(tmp_path, "oracle") == "x" * (ANSWER_OCTETS - 1)


def test_nothing_of_the_current_directory_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "oracle", "echo me")
    monkeypatch.chdir(tmp_path)
    for path in ("", ".", ":", "no/such:.", "/nowhere:"):
        assert find_program("oracle", {"PATH": path}) is None
    assert find_program("oracle", {"PATH": f".:{tmp_path}"}) == str(tmp_path / "oracle")
