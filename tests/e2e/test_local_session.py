"""Our client with our server in a real terminal: what goes beyond upstream, and what a bad network must not spoil."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from tests.support.programs import OUR_PAIR, wait_until
from tests.support.terminal_session import MoshSession, modes_left_on
from tests.support.tmux import Tmux

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.requires_linux,
    pytest.mark.requires_program("tmux", "bash"),
]


@pytest.fixture
def session(tmux: Tmux) -> Iterator[MoshSession]:
    """A session at its prompt, in an empty window of 80 × 24."""
    with MoshSession(OUR_PAIR, tmux, prediction="never") as opened:
        opened.begin_afresh()
        yield opened


@pytest.fixture
def predicting_session(tmux: Tmux) -> Iterator[MoshSession]:
    """The same, with every guess shown."""
    with MoshSession(OUR_PAIR, tmux, prediction="always") as opened:
        opened.begin_afresh()
        yield opened


def run(session: MoshSession, output: str) -> None:
    """Let a program write `output` in both terminals."""
    session.write_file("output", output.encode())
    session.enter("cat output")


def wait_for_octets(session: MoshSession, wanted: bytes) -> None:
    """Wait until the client wrote `wanted` to the terminal."""
    wait_until(
        lambda: wanted in session.mosh.recorded_so_far(),
        lambda: f"no {wanted!r} in {session.mosh.recorded_so_far()[-2000:]!r}",
    )


# --- what upstream leaves out


def test_modern_attributes_reach_the_terminal(session: MoshSession) -> None:
    run(
        session,
        "\x1b[2mfaint\x1b[m \x1b[9mstrike\x1b[m \x1b[53moverline\x1b[m \x1b[21mdouble\x1b[m\n"
        "\x1b[4:2mdouble\x1b[m \x1b[4:3mcurly\x1b[m \x1b[4:4mdotted\x1b[m \x1b[4:5mdashed\x1b[m\n"
        "\x1b[4:3;58:2::255:128:0mcoloured curl\x1b[59m plain curl\x1b[4:0m none\x1b[m\n"
        "\x1b[1;2;3;4;5;7;9mall at once\x1b[22;23;24;25;27;29m none of it\x1b[m\n"
        "\x1b[38:5:208m indexed \x1b[48:2::1:2:3m direct \x1b[m\n"
        "end of attributes\n",
    )
    session.expect_same("end of attributes")


def test_the_screen_before_a_full_screen_program_comes_back(session: MoshSession) -> None:
    run(session, "".join(f"line {number} of before\n" for number in range(30)))
    session.expect_same("line 29 of before")
    session.enter("./show_size")
    session.expect_same("size 80x24")
    session.type("q")
    session.wait_for_prompt()
    session.expect_same("line 29 of before")


def test_line_drawing_characters_are_lines(session: MoshSession) -> None:
    run(session, "\x1b(0lqqqwqqqk\r\nx   x   x\r\nmqqqvqqqj\x1b(B\n\x1b)0\x0elqk\x0f not lines: lqk\nend of lines\n")
    session.expect_same("end of lines")


def test_repeats_and_tabs_and_backspaces_are_carried_out(session: MoshSession) -> None:
    run(session, "-\x1b[9b|\ta\tb\x1b[Zc\r\n\x1b[Eone down\x1b[Fx\x1b[2Eend of moves\n\x1b[5`y\n")
    session.expect_same("end of moves")


def test_clipboard_link_and_cursor_shape_reach_the_terminal(session: MoshSession) -> None:
    run(
        session,
        "\x1b]52;c;Y2xpcGJvYXJk\x07\x1b]8;;https://example.org/page\x1b\\a link\x1b]8;;\x1b\\\n\x1b[5 q",
    )
    wait_for_octets(session, b"\x1b]52;c;Y2xpcGJvYXJk")
    wait_for_octets(session, b"[mosh: clipboard set] ")
    wait_for_octets(session, b"https://example.org/page")
    wait_for_octets(session, b"\x1b[5 q")


def test_the_clipboard_can_be_kept_from_the_session(tmux: Tmux) -> None:
    with MoshSession(OUR_PAIR, tmux, client_environment={"MOSH_CLIPBOARD": "no"}) as session:
        session.begin_afresh()
        run(session, "\x1b]52;c;Y2xpcGJvYXJk\x07\x1b]0;after it\x07")
        wait_until(lambda: session.mosh.title == "[mosh] after it", lambda: f"the title is {session.mosh.title!r}")
        assert b"\x1b]52" not in session.mosh.recording()


def test_focus_events_are_switched_and_delivered(session: MoshSession) -> None:
    session.enter("./show_input 1004")
    session.mosh.wait_for("listening")
    wait_until(lambda: modes_left_on(session.mosh.recorded_so_far(), [1004]) == {1004: True}, "mode 1004 is not on")
    session.mosh.send(b"\x1b[I\x1b[O")
    session.mosh.wait_for(b"\x1b[I\x1b[O".hex())
    session.mosh.type("q")
    session.mosh.wait_for("over")
    wait_until(lambda: modes_left_on(session.mosh.recorded_so_far(), [1004]) == {1004: False}, "mode 1004 is still on")


def test_questions_of_programs_are_answered_by_the_server(session: MoshSession) -> None:
    session.mosh.type("./show_input; printf '\\033[c' ; cat >/dev/null")
    session.mosh.press("Enter")
    session.mosh.wait_for("listening")
    session.mosh.type("q")
    session.mosh.wait_for("^[[?62")
    session.mosh.press("C-c")
    session.mosh.wait_for("^C")
    # The terminal was not asked: it has nothing to say that could come as keys.
    assert b"\x1b[c" not in session.mosh.recording()


def test_a_flood_can_be_interrupted(session: MoshSession) -> None:
    session.mosh.type("yes over''flow")
    session.mosh.press("Enter")
    session.mosh.wait_for("overflow")  # not what was typed, which shows before there is a shell that outlives Ctrl-C
    session.mosh.press("C-c")
    session.mosh.wait_for("^C")
    session.mosh.type("echo $((40+2)) dry")
    session.mosh.press("Enter")
    session.mosh.wait_for("42 dry")


# --- prediction


def test_keys_are_shown_while_the_network_is_away(predicting_session: MoshSession) -> None:
    session = predicting_session
    session.enter("echo begun $((40+2)); cat >/dev/null")  # shows what is typed, and nothing else
    session.wait_for("begun 42")
    session.type("known ")
    session.expect_same("known")  # the guesses of this line have been confirmed
    session.relay.black_out()
    lost = session.relay.upward.lost
    session.mosh.type("gue")
    # From then on the relay has nothing in hand that came before the black-out.
    wait_until(lambda: session.relay.upward.lost > lost, "nothing is lost")
    delivered = session.relay.downward.delivered
    session.mosh.type("ssed")
    session.mosh.wait_for("known guessed")
    assert session.relay.downward.delivered == delivered  # it was not the server who showed it
    session.relay.black_out(False)
    session.direct.type("guessed")
    session.expect_same("known guessed")


def test_a_password_is_never_shown(predicting_session: MoshSession) -> None:
    session = predicting_session
    session.relay.set(delay_ms=40)
    session.enter("read -r -s -p 'pass''word: ' secret; echo; echo ${#secret} letters")
    session.expect_same("password:")  # the command typed before has been drawn for the last time: some of it is "hun"
    begin = len(session.mosh.recording())
    for letter in "hunter2":
        session.type(letter)
    session.press("Enter")
    session.expect_same("7 letters")
    drawn = re.sub(rb"\x1b\[[0-9;?:]*[ -/]*[@-~]", b"", session.mosh.recording()[begin:])
    assert b"7 letters" in drawn
    assert not set(b"hun2") & set(drawn)  # its letters that are in none of the words shown


# --- the title


def test_the_prefix_of_the_title_can_be_switched_off(tmux: Tmux) -> None:
    with MoshSession(OUR_PAIR, tmux, client_environment={"MOSH_TITLE_NOPREFIX": "1"}) as session:
        session.begin_afresh()
        run(session, "\x1b]0;bare title\x07")
        wait_until(lambda: session.mosh.title == "bare title", lambda: f"the title is {session.mosh.title!r}")


# --- an end that nobody asked for


def test_an_ended_shell_gives_the_user_the_last_words(session: MoshSession) -> None:
    session.mosh.type("./show_size; exit 3")
    session.mosh.press("Enter")
    session.mosh.wait_for("size 80x24")
    family = [*session.client_family(), *session.server.family()]
    session.mosh.type("q")
    assert session.mosh.wait_for_end() == 3
    session.wait_for_nothing_left(family)
    assert session.mosh.left_the_tty_as_it_was
