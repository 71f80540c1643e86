"""The command line: what is accepted, and one sentence for everything else."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from tests.support.programs import SOURCE_FOLDERS

from mosh_client.cli import Arguments, main, parse_arguments
from mosh_common.errors import UsageError
from mosh_common.version import VERSION

KEY = "zzzzzzzzzzzzzzzzzzzzzg"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["10.0.0.1", "60001"], Arguments("connect", 0, ("10.0.0.1", "60001"))),
        ([], Arguments("connect", 0, ())),
        (["-v", "-v", "::1", "1"], Arguments("connect", 2, ("::1", "1"))),
        (["-vv", "::1", "1"], Arguments("connect", 2, ("::1", "1"))),
        (["-#", "user@host --", "::1", "1"], Arguments("connect", 0, ("::1", "1"))),
        (["-# user@host -c |", "::1", "1"], Arguments("connect", 0, ("::1", "1"))),
        (["-v", "--", "::1", "1"], Arguments("connect", 1, ("::1", "1"))),
        (["-c"], Arguments("colors", 0, ())),
        (["--doctor"], Arguments("doctor", 0, ())),
        (["--help"], Arguments("help", 0, ())),
        (["-vh"], Arguments("help", 1, ())),
        (["--version", "nonsense"], Arguments("version", 0, ())),
    ],
)
def test_a_command_line_is_understood(words: list[str], expected: Arguments) -> None:
    assert parse_arguments(words) == expected


@pytest.mark.parametrize("words", [["10.0.0.1"], ["a", "b", "c"], ["-x"], ["--nonsense"], ["-"]])
def test_a_command_line_that_means_nothing_is_refused(words: list[str]) -> None:
    with pytest.raises(UsageError, match="--help"):
        parse_arguments(words)


def run(*words: str, **environment: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "mosh_client", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(SOURCE_FOLDERS),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            **environment,
        },
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.system
@pytest.mark.parametrize(
    ("words", "environment", "sentence"),
    [
        ([], {}, "wants an IP address and a port"),
        (["10.0.0.1", "1"], {}, "MOSH_KEY is not set"),
        (["10.0.0.1", "1"], {"MOSH_KEY": "abc"}, "MOSH_KEY is not a session key"),
        (["example.org", "1"], {"MOSH_KEY": KEY}, "'example.org' is not a numeric IP address"),
        (["10.0.0.1", "70000"], {"MOSH_KEY": KEY}, "'70000' is not a UDP port"),
        (["10.0.0.1", "ssh"], {"MOSH_KEY": KEY}, "'ssh' is not a UDP port"),
        ([], {"MOSH_KEY": KEY, "MOSH_IP": "10.0.0.1", "MOSH_PORT": "x"}, "'x' is not a UDP port"),
        (["::1", "1"], {"MOSH_KEY": KEY, "MOSH_PREDICTION_DISPLAY": "x"}, "MOSH_PREDICTION_DISPLAY"),
        (["::1", "1"], {"MOSH_KEY": KEY}, "needs a terminal as its standard input"),
        # It needs no locale, and says what it says in each.
        (["::1", "1"], {"MOSH_KEY": KEY, "LC_ALL": "C"}, "needs a terminal as its standard input"),
        (["::1", "1"], {"MOSH_KEY": KEY, "LC_ALL": "xx_XX.UTF-8"}, "needs a terminal as its standard input"),
        (["::1", "x"], {"MOSH_KEY": KEY, "LC_ALL": "C"}, "'x' is not a UDP port (1–65535)"),
        (["-c"], {"TERM": "no-such-terminal"}, "no-such-terminal"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(words: list[str], environment: dict[str, str], sentence: str) -> None:
    code, output, error = run(*words, **environment)
    assert (code, output) == (1, "")
    assert error.startswith("mosh-client: ")
    assert sentence in error
    assert error.count("\n") == 1
    assert KEY not in error


@pytest.mark.system
def test_colours_are_printed_for_the_wrapper() -> None:
    assert run("-c") == (0, "256\n", "")


def test_help_and_version_go_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "Usage: mosh-client" in capsys.readouterr().out
    assert main(["--version"]) == 0
    output = capsys.readouterr().out
    assert VERSION in output
    assert "\nCipher: OpenSSL " in output


@pytest.mark.system
@pytest.mark.parametrize("words", [["--help"], ["--version"], ["--doctor"], ["-c"]])
def test_it_answers_in_any_locale(words: list[str]) -> None:
    code, output, error = run(*words, LC_ALL="C")
    assert (code, error) == (0, "")
    assert output
