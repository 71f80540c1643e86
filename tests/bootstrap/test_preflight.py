"""What the client would refuse is refused before anybody logs in, in the client's own words and with its exit code."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest
from tests.support.programs import OURS
from tests.support.user_terminal import mosh_words

if TYPE_CHECKING:
    from tests.bootstrap.conftest import Bench

pytestmark = pytest.mark.system

KEY = "AAECAwQFBgcICQoLDA0ODw"
REFUSED = {
    "a terminal that is not described": {"TERM": "xterm-nobody-has"},
    "no kind of terminal": {"TERM": ""},
    "an escape key of two": {"MOSH_ESCAPE_KEY": "ab"},
    "an escape key that shells need": {"MOSH_ESCAPE_KEY": "\x03"},
    "a clipboard of neither kind": {"MOSH_CLIPBOARD": "maybe"},
}


def words(bench: Bench, *options: str) -> list[str]:
    """`mosh` with its own client, and an ssh that leaves a trace."""
    ssh = bench.script("ssh", f": >{bench.folder}/ran", "exit 255")
    return mosh_words(f"--ssh={shlex.quote(str(ssh))}", *options, "user@host")


@pytest.mark.parametrize("variables", REFUSED.values(), ids=REFUSED)
def test_the_client_s_sentence_comes_before_the_login(bench: Bench, variables: dict[str, str]) -> None:
    bench.environment |= variables | {"MOSH_KEY": KEY}
    client = bench.terminal([*OURS.client, "127.0.0.1", "60001"])
    client_code = client.wait_for_end()
    terminal = bench.terminal(words(bench))
    assert terminal.wait_for_end() == client_code == 1
    sentence = client.said().removeprefix("mosh-client: ")
    assert sentence
    assert terminal.said() == f"mosh: {sentence}"
    assert not (bench.folder / "ran").exists()


def test_a_way_to_predict_is_the_option_s_to_check_and_in_any_case(bench: Bench) -> None:
    bench.environment |= {"MOSH_PREDICTION_DISPLAY": "ALWAYS"}
    assert bench.terminal(words(bench)).wait_for_end() == 255
    assert (bench.folder / "ran").exists()


def test_without_a_terminal_nobody_logs_in_for_a_client_that_needs_one(bench: Bench) -> None:
    done = bench.without_terminal(words(bench))
    assert done.returncode == 1
    assert done.stderr == "mosh: mosh-client needs a terminal as its standard input.\n"
    assert not (bench.folder / "ran").exists()


def test_no_server_is_started_here_either(bench: Bench) -> None:
    bench.environment |= {"TERM": "xterm-nobody-has"}
    server = bench.script("server", f": >{bench.folder}/ran")
    terminal = bench.terminal(mosh_words("--local", f"--server={server}"))
    assert terminal.wait_for_end() == 1
    assert not (bench.folder / "ran").exists()


def test_of_another_client_only_what_all_need_is_asked(bench: Bench) -> None:
    bench.environment |= {"MOSH_CLIPBOARD": "maybe", "MOSH_ESCAPE_KEY": "ab"}
    done = bench.without_terminal(bench.mosh(bench.server_answers))
    assert done.returncode == 0
    bench.environment |= {"TERM": "xterm-nobody-has"}
    done = bench.without_terminal(bench.mosh(f": >{bench.folder}/ran"))
    assert done.returncode == 1
    assert "No description of the terminal 'xterm-nobody-has'" in done.stderr
    assert not (bench.folder / "ran").exists()
