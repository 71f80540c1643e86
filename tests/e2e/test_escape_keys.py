"""The escape key in a real terminal, with every kind of setting of MOSH_ESCAPE_KEY."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.programs import OUR_PAIR, OURS, clean_environment, wait_until
from tests.support.terminal_session import CLIENT_TERMINAL, OUTER_PROMPT, PROMPT, MoshSession
from tests.support.tmux import Tmux

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.requires_linux,
    pytest.mark.requires_program("tmux", "bash"),
]

CTRL_CARET = b"\x1e"


def open_session(tmux: Tmux, escape_key: str | None, *, outer_shell: bool = False) -> MoshSession:
    """A session in which a program shows every octet that reaches it."""
    environment = {} if escape_key is None else {"MOSH_ESCAPE_KEY": escape_key}
    session = MoshSession(OUR_PAIR, tmux, prediction="never", client_environment=environment, outer_shell=outer_shell)
    session.mosh.wait_for(PROMPT.rstrip())
    session.mosh.type("./show_input")
    session.mosh.press("Enter")
    session.mosh.wait_for("listening")
    return session


def quits(session: MoshSession) -> None:
    """The client leaves in good order."""
    assert session.mosh.wait_for_end() == 0
    assert session.mosh.left_the_tty_as_it_was
    session.mosh.wait_for("[mosh: session of ")


def test_unset_it_is_control_caret(tmux: Tmux) -> None:
    with open_session(tmux, None) as session:
        session.mosh.send(CTRL_CARET)
        session.mosh.wait_for('Commands: Ctrl-Z suspends, "." quits, ^ gives literal Ctrl-^, "?" shows all')
        session.mosh.send(b"^")  # itself
        session.mosh.wait_for("1e")
        session.mosh.send(CTRL_CARET + b"x")  # no command: both are sent
        session.mosh.wait_for("1e1e78")
        session.mosh.send(b".")  # not after the escape key
        session.mosh.wait_for("1e1e782e")
        assert not session.mosh.shows("Commands:")
        session.mosh.send(CTRL_CARET + b".")
        quits(session)


def test_another_control_key_takes_its_place(tmux: Tmux) -> None:
    with open_session(tmux, "\x01") as session:
        session.mosh.send(CTRL_CARET + b".")
        session.mosh.wait_for("1e2e")
        session.mosh.send(b"\x01")
        session.mosh.wait_for("A gives literal Ctrl-A")
        session.mosh.send(b"a")
        session.mosh.wait_for("1e2e01")
        session.mosh.send(b"\x01.")
        quits(session)


def test_a_printable_key_counts_only_after_a_newline(tmux: Tmux) -> None:
    with open_session(tmux, "~") as session:
        session.mosh.send(b"a~.")
        session.mosh.wait_for("617e2e")
        session.mosh.send(b"\r~~")  # itself
        session.mosh.wait_for("617e2e0d7e")
        session.mosh.send(b"\r~")
        session.mosh.wait_for('"~" gives literal "~"')
        session.mosh.send(b".")
        quits(session)


def test_empty_there_is_none(tmux: Tmux) -> None:
    with open_session(tmux, "") as session:
        session.mosh.send(CTRL_CARET + b".")
        session.mosh.wait_for("1e2e")
        assert not session.mosh.shows("Commands:")
        # The notices then have no hint how to quit; the program is left by its own key.
        session.mosh.type("q")
        session.mosh.wait_for("over")
        session.mosh.type("exit")
        session.mosh.press("Enter")
        quits(session)


@pytest.mark.parametrize("key", ["\x03", "\x04", "\x0c", "\r", "ab", "é"], ids=ascii)
def test_a_key_that_cannot_serve_is_refused_before_anything_is_drawn(tmux: Tmux, key: str, tmp_path: Path) -> None:
    pane = tmux.open_pane(
        [*OURS.client, "127.0.0.1", "60999"],
        environment={
            **clean_environment(tmp_path),
            "TERM": CLIENT_TERMINAL,
            "MOSH_KEY": "z" * 21 + "g",
            "MOSH_ESCAPE_KEY": key,
        },
    )
    assert pane.wait_for_end() == 1
    pane.wait_for("mosh-client: MOSH_ESCAPE_KEY")
    assert pane.left_the_tty_as_it_was
    assert b"\x1b[?1049h" not in pane.recording()


def test_all_commands_are_shown_over_an_unspoilt_screen(tmux: Tmux) -> None:
    with open_session(tmux, None) as session:
        before = session.mosh.picture()
        session.mosh.send(CTRL_CARET + b"?")
        session.mosh.wait_for("mosh: commands, each after Ctrl-^")
        session.mosh.wait_for("suspend the client")
        session.mosh.send(CTRL_CARET)
        session.mosh.wait_for("Commands:")
        assert not session.mosh.shows("suspend the client")
        session.mosh.send(b"?")
        session.mosh.wait_for("suspend the client")
        session.mosh.send(b"x")  # no command: it goes on its way
        session.mosh.wait_for("78")
        assert session.mosh.picture().rows[0] == before.rows[0]
        session.mosh.send(CTRL_CARET + b"?")
        session.mosh.wait_for("suspend the client")
        session.mosh.send(b".")
        quits(session)


def test_suspended_and_resumed_with_a_printable_key(tmux: Tmux) -> None:
    with open_session(tmux, "~", outer_shell=True) as session:
        session.mosh.send(b"\r~\x1a")
        session.mosh.wait_for("Stopped")
        wait_until(lambda: not session.mosh.flag("alternate_on"), "the alternate screen is still shown")
        # A new size meanwhile, and something on the screen that must not shine through.
        session.mosh.type("echo foreign $((40+2))")
        session.mosh.press("Enter")
        session.mosh.wait_for("foreign 42")
        session.resize(70, 20)
        session.mosh.type("fg")
        session.mosh.press("Enter")
        session.mosh.wait_for("listening")
        assert not session.mosh.shows("foreign 42")
        wait_until(lambda: session.mosh.flag("alternate_on"), "the alternate screen is not shown")
        session.mosh.type("q")
        session.mosh.wait_for("over")
        session.mosh.type("stty size; exit")
        session.mosh.press("Enter")
        session.mosh.wait_for(OUTER_PROMPT.rstrip())
        session.mosh.wait_for("foreign 42")
