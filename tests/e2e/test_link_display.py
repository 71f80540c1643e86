"""The link display and the terminal's own abilities, in a real terminal."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.client_session import ClientSession
from tests.support.programs import OUR_PAIR, OURS, UPSTREAM, Process, Programs, wait_until
from tests.support.terminal_session import PROMPT, MoshSession
from tests.support.tmux import Tmux

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.requires_linux,
    pytest.mark.requires_program("tmux", "bash"),
]

TOGGLE = b"\x1es"
QUESTION = b"\x1b[?2026$p"
LINE = re.compile(
    r"link: rtt (\d+) ms \| loss [\d.]+% in [\d.]+% out \| heard (\d) s ago \| [\d.]+ k?B in [\d.]+ k?B out"
    r" \| prediction adaptive: (on|off) \| server mosh-py \d"
)


@pytest.fixture
def session(tmux: Tmux) -> Iterator[MoshSession]:
    """A session at its prompt, in an empty window wide enough for the whole line."""
    with MoshSession(OUR_PAIR, tmux, columns=150) as opened:
        opened.wait_for_prompt()
        yield opened


def test_the_line_comes_goes_and_follows_the_link(session: MoshSession) -> None:
    session.enter("clear; echo; echo; echo under $((40+2))")
    session.wait_for("under 42")
    session.wait_for_prompt()
    before = session.expect_same("under 42")
    session.mosh.send(TOGGLE)
    wait_until(lambda: LINE.match(session.mosh.text()[0]), lambda: f"no line: {session.mosh.text()[0]!r}")
    assert session.mosh.picture().rows[1:] == before.rows[1:]
    # A slower link: the figures follow while somebody types.
    session.relay.set(delay_ms=150)  # each way

    def slower() -> bool:
        session.mosh.press("C-e")
        match = LINE.match(session.mosh.text()[0])
        return match is not None and int(match.group(1)) > 290 and match.group(3) == "on"

    wait_until(slower, lambda: f"the line does not follow: {session.mosh.text()[0]!r}")
    session.relay.mend()
    session.mosh.send(TOGGLE)
    wait_until(lambda: not session.mosh.shows("link:"), "the line is still there")
    assert session.mosh.picture().rows == before.rows


# On a busy machine a process waits for 20 ms by itself; shorter ones: tests/world/test_link_display.py
@pytest.mark.parametrize("round_trip", [150, 300])
@pytest.mark.parametrize(
    "server", [OURS, pytest.param(UPSTREAM, marks=[pytest.mark.interop, pytest.mark.requires_upstream("mosh-server")])]
)
def test_the_round_trip_is_the_networks_without_our_delays(tmp_path: Path, server: Programs, round_trip: int) -> None:
    programs = OURS._replace(server=server.server)
    with ClientSession(tmp_path, programs=programs, delay_ms=round_trip / 2) as session:
        session.terminal.type("\x1es")
        read: list[int] = []

        def near() -> bool:
            session.terminal.type("\x05")  # of no effect; the shell does not even answer
            match = re.match(r"link: rtt (\d+) ms", session.terminal.text())
            read.extend([int(match.group(1))] if match else [])
            return bool(read) and abs(read[-1] - round_trip) <= round_trip / 5

        session.terminal.wait_until(near, f"never within 20 % of {round_trip} ms")


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_the_line_fits_the_window_and_ends_with_a_whole_word(tmux: Tmux, columns: int) -> None:
    with MoshSession(OUR_PAIR, tmux, columns=columns) as session:
        session.mosh.wait_for(PROMPT.rstrip())
        session.mosh.send(TOGGLE)
        session.mosh.wait_for("link: rtt ")
        line = session.mosh.text()[0]
        assert re.match(r"link: rtt (\d+ ms|unknown) \| loss [\d.]+% in [\d.]+% out", line)
        assert re.search(r"( out| ago|: (on|off)| prediction (on|off)| mosh-py \S+)$", line), line
        assert ("heard" in line, "B in" in line) == (columns > 40, columns > 80)


# --- what the terminal can do


@pytest.fixture
def silent_session(tmux: Tmux, session: MoshSession) -> MoshSession:
    """A session in a terminal that says nothing to `QUESTION`: what it shall have said, the test sends."""
    if tmux.answers(QUESTION):
        pytest.skip("this tmux itself answers what its modes are")
    return session


def test_a_terminal_that_does_not_answer_is_asked_once_and_sent_no_synchronized_update(
    silent_session: MoshSession,
) -> None:
    session = silent_session
    session.enter(
        "for i in 1 2 3 4 5 6 7 8; do printf '\\033[3%dmcolour\\033[m\\n' $((i % 8)); done; echo end $((40+2))"
    )
    session.expect_same("end 42")
    recording = session.mosh.recording()
    assert recording.count(QUESTION) == 1
    assert b"\x1b[?2026h" not in recording


def test_an_answer_is_used_and_never_reaches_the_session(silent_session: MoshSession) -> None:
    session = silent_session
    session.mosh.type("./show_input")
    session.mosh.press("Enter")
    session.mosh.wait_for("listening")
    session.mosh.send(b"a\x1b[?2026;2$yb")
    session.mosh.wait_for("6162")
    session.mosh.press("C-l")  # everything is drawn
    wait_until(lambda: b"\x1b[?2026h" in session.mosh.recorded_so_far(), "no synchronized update")
    session.mosh.type("q")
    session.mosh.wait_for("over")
    session.mosh.type("exit")
    session.mosh.press("Enter")
    session.mosh.wait_for_end()
    recording = session.mosh.recording()
    assert recording.rfind(b"\x1b[?2026l") > recording.rfind(b"\x1b[?2026h")


def test_what_tmux_itself_answers_is_used_and_never_reaches_the_session(tmux: Tmux, session: MoshSession) -> None:
    if not tmux.answers(QUESTION):
        pytest.skip("this tmux does not answer what its modes are")
    session.mosh.type("./show_input")
    session.mosh.press("Enter")
    session.mosh.wait_for("listening")
    session.mosh.type("ab")
    session.mosh.wait_for("6162")
    session.mosh.press("C-l")  # everything is drawn
    wait_until(lambda: b"\x1b[?2026h" in session.mosh.recorded_so_far(), "no synchronized update")
    assert session.mosh.recording().count(QUESTION) == 1


def test_the_title_is_prefixed_and_the_terminal_gets_its_own_back(tmux: Tmux) -> None:
    with MoshSession(OUR_PAIR, tmux, outer_shell=True) as session:
        session.mosh.wait_for(PROMPT.rstrip())
        before = session.mosh.title
        session.mosh.type("printf '\\033]0;remote\\007'")
        session.mosh.press("Enter")
        wait_until(lambda: session.mosh.title == "[mosh] remote", lambda: f"the title is {session.mosh.title!r}")
        session.mosh.press("C-^", "C-z")
        session.mosh.wait_for("Stopped")
        wait_until(lambda: session.mosh.title == before, lambda: f"suspended, the title is {session.mosh.title!r}")
        session.mosh.type("fg")
        session.mosh.press("Enter")
        wait_until(
            lambda: session.mosh.title == "[mosh] remote", lambda: f"resumed, the title is {session.mosh.title!r}"
        )
        session.mosh.press("C-^")
        session.mosh.type(".")
        session.mosh.wait_for("[mosh: session of ")
        wait_until(lambda: session.mosh.title == before, lambda: f"at the end the title is {session.mosh.title!r}")


def test_a_killed_renderer_does_not_lose_the_terminals_title(tmux: Tmux) -> None:
    with MoshSession(OUR_PAIR, tmux, outer_shell=True) as session:
        session.mosh.wait_for(PROMPT.rstrip())
        before = session.mosh.title
        session.mosh.type("printf '\\033]0;remote\\007'")
        session.mosh.press("Enter")
        wait_until(lambda: session.mosh.title == "[mosh] remote", lambda: f"the title is {session.mosh.title!r}")
        [renderer] = renderers(session)
        renderer.signal(signal.SIGKILL)
        wait_until(lambda: renderers(session) not in ([], [renderer]), "no renderer was started")
        session.mosh.type("printf '\\033]0;again\\007'")
        session.mosh.press("Enter")
        wait_until(lambda: session.mosh.title == "[mosh] again", lambda: f"the title is {session.mosh.title!r}")
        session.mosh.type("exit")
        session.mosh.press("Enter")
        session.mosh.wait_for("[mosh: session of ")
        wait_until(lambda: session.mosh.title == before, lambda: f"at the end the title is {session.mosh.title!r}")


def renderers(session: MoshSession) -> list[Process]:
    """The processes of the client that draw."""
    found = []
    for member in session.client_family():
        try:
            name = Path(f"/proc/{member.pid}/comm").read_text().strip()
        except OSError:
            continue
        if name == "mosh-renderer" and member.alive:
            found.append(member)
    return found
