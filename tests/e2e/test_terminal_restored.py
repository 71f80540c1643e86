"""Whatever ends or interrupts our client, the user's terminal is as it was before; and what can go on goes on."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from tests.support.programs import OUR_PAIR, Process, wait_until
from tests.support.terminal_session import OUTER_PROMPT, PROMPT, MoshSession, modes_left_on
from tests.support.tmux import Pane, Tmux

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.requires_linux,
    pytest.mark.requires_program("tmux", "bash"),
]

MODES_OFF = (1, 5, 9, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1015, 1049, 2004, 2026)


@pytest.fixture
def session(tmux: Tmux) -> Iterator[MoshSession]:
    """A session in which a program has switched much of the terminal."""
    with MoshSession(OUR_PAIR, tmux) as opened:
        opened.wait_for(PROMPT.rstrip())
        opened.mosh.type("./show_input 1 5 1002 1006 1004 2004")
        opened.mosh.press("Enter")
        opened.mosh.wait_for("listening")
        wait_until(lambda: opened.mosh.flag("mouse_sgr_flag"), "the modes did not reach the terminal")
        yield opened


class Client:
    """The three processes of our client."""

    def __init__(self, session: MoshSession) -> None:
        family = session.client_family()
        self.launcher = family[0]
        with_parent = [member for member in family[1:] if member.parent == self.launcher.pid]
        # The renderer has the tty for its standard input; the network process has no terminal at all.
        self.renderer = next(member for member in with_parent if has_a_terminal(member))
        self.network_process = next(member for member in with_parent if not has_a_terminal(member))


def _last_row(pane: Pane) -> str:
    return next((row for row in reversed(pane.text()) if row), "")


def has_a_terminal(member: Process) -> bool:
    with open(f"/proc/{member.pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[4] != "0"  # tty_nr


def assert_terminal_restored(pane: Pane) -> None:
    """Termios, modes, main screen, visible cursor: all as before."""
    assert pane.left_the_tty_as_it_was
    wait_until(lambda: not pane.flag("alternate_on"), "the alternate screen is still shown")
    recording = pane.recording()
    assert [mode for mode, on in modes_left_on(recording, MODES_OFF).items() if on] == []
    assert modes_left_on(recording, [25]) == {25: True}
    assert not pane.flag("mouse_any_flag")
    assert not pane.flag("keypad_cursor_flag")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_to_the_client_ends_the_session_in_order(session: MoshSession, number: signal.Signals) -> None:
    family = [*session.client_family(), *session.server.family()]
    Client(session).launcher.signal(number)
    session.mosh.wait_for_end()
    session.wait_for_nothing_left(family)
    assert_terminal_restored(session.mosh)


def test_the_end_of_the_network_process_is_told_and_restores_the_terminal(session: MoshSession) -> None:
    family = session.client_family()
    Client(session).network_process.signal(signal.SIGKILL)
    assert session.mosh.wait_for_end() == 1
    wait_until(lambda: not any(member.alive for member in family), "a process of the client is left")
    assert_terminal_restored(session.mosh)
    assert session.mosh.shows("mosh-client: ")


def test_a_killed_renderer_is_replaced_and_the_session_goes_on(session: MoshSession) -> None:
    client = Client(session)
    client.renderer.signal(signal.SIGKILL)
    wait_until(lambda: not client.renderer.alive, "the renderer is still there")
    wait_until(  # the old one is among them until the launcher has reaped it
        lambda: len([member for member in session.client_family() if member.alive]) == 3, "no renderer was started"
    )
    session.mosh.type("q")
    session.mosh.wait_for("over")
    session.mosh.wait_for("listening")  # drawn by the new one: it was told the whole screen
    session.mosh.type("echo $((40+2)) goes on; exit")
    session.mosh.press("Enter")
    assert session.mosh.wait_for_end() == 0
    assert_terminal_restored(session.mosh)


def test_a_killed_launcher_leaves_no_process_behind(session: MoshSession) -> None:
    family = session.client_family()
    Client(session).launcher.signal(signal.SIGKILL)
    wait_until(
        lambda: not any(member.alive for member in family),
        lambda: "still there: " + ", ".join(member.name for member in family if member.alive),
    )


def test_the_escape_key_leaves_even_when_the_server_is_gone(session: MoshSession) -> None:
    session.server.end()
    family = session.client_family()
    session.mosh.press("C-^")
    session.mosh.type(".")
    session.mosh.wait_for_end()
    wait_until(lambda: not any(member.alive for member in family), "a process of the client is left")
    assert_terminal_restored(session.mosh)


def test_control_l_repaints_what_something_else_wrote_on_the_terminal(session: MoshSession) -> None:
    session.mosh.type("q")
    session.mosh.wait_for("over")
    before = session.mosh.picture()
    with open(session.mosh.format("#{pane_tty}"), "wb") as terminal:
        terminal.write(b"\x1b[HBroadcast message\r\n" * 3)
    session.mosh.wait_for("Broadcast")
    session.mosh.press("C-l")
    wait_until(lambda: not session.mosh.shows("Broadcast"), "the foreign text is still there")
    session.mosh.type("echo $((40+2))")
    session.mosh.press("Enter")
    session.mosh.wait_for("42")
    assert before != session.mosh.picture()


# --- suspending: from a shell with job control


def test_suspend_gives_the_terminal_back_and_resume_draws_it_anew(tmux: Tmux) -> None:
    with MoshSession(OUR_PAIR, tmux, outer_shell=True) as session:
        session.mosh.wait_for(PROMPT.rstrip())
        session.mosh.type("./show_input 1 1002 1006 2004")
        session.mosh.press("Enter")
        session.mosh.wait_for("listening")
        session.mosh.press("C-^", "C-z")
        session.mosh.wait_for("Stopped")
        wait_until(lambda: not session.mosh.flag("alternate_on"), "the alternate screen is still shown")
        wait_until(lambda: not session.mosh.flag("mouse_any_flag"), "the mouse is still reported")
        session.mosh.type("stty -a | grep -q ' icanon.* echo ' && echo cooked $((40+2))")
        session.mosh.press("Enter")
        session.mosh.wait_for("cooked 42")
        session.mosh.type("fg")
        session.mosh.press("Enter")
        session.mosh.wait_for("listening")
        assert not session.mosh.shows("cooked 42")
        wait_until(lambda: session.mosh.flag("mouse_sgr_flag"), "the mouse is not reported again")
        session.mosh.type("q")
        session.mosh.wait_for("over")
        session.mosh.type("exit")
        session.mosh.press("Enter")
        wait_until(  # the screen of before, and its cooked settings; what is typed before the prompt may be lost
            lambda: session.mosh.shows("cooked 42") and _last_row(session.mosh) == OUTER_PROMPT.rstrip(),
            lambda: "\n".join(session.mosh.text()),
        )
        session.mosh.type("stty -a | grep -q ' icanon.* echo ' && echo once $((40+3))")
        session.mosh.press("Enter")
        session.mosh.wait_for("once 43")


def test_each_time_the_terminal_is_given_back_it_is_as_it_said_that_it_was(tmux: Tmux) -> None:
    shape, scroll = b"\x1bP$q q\x1b\\", b"\x1b[?1007$p"
    if tmux.answers(shape + scroll):
        pytest.skip("this tmux itself answers how it is set, and this test does so in its place")
    with MoshSession(OUR_PAIR, tmux, outer_shell=True) as session:
        session.mosh.wait_for(PROMPT.rstrip())
        session.mosh.send(b"\x1bP1$r4 q\x1b\\\x1b[?1007;1$y\x1b[?2026;0$y")
        session.mosh.type("printf '\\033[?1007h\\033[5 q'; echo touched $((40+2))")
        session.mosh.press("Enter")
        session.mosh.wait_for("touched 42")
        wait_until(lambda: b"\x1b[5 q" in session.mosh.recorded_so_far(), "the shape did not reach the terminal")
        session.mosh.press("C-^", "C-z")
        session.mosh.wait_for("Stopped")
        left = session.mosh.recording().rpartition(b"\x1b[5 q")[2]
        assert b"\x1b[?1007h" in left
        assert b"\x1b[4 q" in left
        assert [session.mosh.recording().count(question) for question in (shape, scroll)] == [1, 1]
        session.mosh.type("fg")
        session.mosh.press("Enter")
        session.mosh.wait_for("touched 42")
        wait_until(
            lambda: b"\x1b[5 q" in session.mosh.recorded_so_far().rpartition(b"Stopped")[2], "the shape is forgotten"
        )
        wait_until(
            lambda: [session.mosh.recorded_so_far().count(question) for question in (shape, scroll)] == [2, 2],
            "it is not asked again",
        )
        session.mosh.send(b"\x1bP1$r2 q\x1b\\\x1b[?1007;2$y\x1b[?2004;2$y")  # something has changed them meanwhile
        session.mosh.type("printf '\\033[0 q'; exit")
        session.mosh.press("Enter")
        wait_until(  # the screen of before, and a new prompt: nothing of the client comes any more
            lambda: session.mosh.shows("Stopped") and _last_row(session.mosh) == OUTER_PROMPT.rstrip(),
            lambda: "\n".join(session.mosh.text()),
        )
        left = session.mosh.recording().rpartition(b"touched 42")[2]
        assert left.rfind(b"\x1b[?1007l") > left.rfind(b"\x1b[?1007h")
        assert left.rfind(b"\x1b[2 q") > left.rfind(b"\x1b[0 q")
