"""How a session ends, from either side: nothing is left, and the terminal is as it was."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.support.programs import OUR_PAIR, Pair
from tests.support.terminal_session import PROMPT, MoshSession, modes_left_on
from tests.support.tmux import Tmux

pytestmark = [
    pytest.mark.interop,
    pytest.mark.requires_linux,
    pytest.mark.requires_program("tmux", "bash"),
]

# Everything that a session may have switched in the user's terminal, and how a terminal is without it.
MODES_OFF = (1, 9, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1015, 1049, 2004, 2026)
MODES_ON = (25,)
# Where the escape key ends the session while they are on; ours switches off what it switched on.
FORGOTTEN_BY_UPSTREAM = {1004, 2004}


def leave_the_shell(session: MoshSession) -> None:
    session.mosh.type("q")
    session.mosh.wait_for("over")
    session.wait_for_prompt()  # what is typed before it is lost: the program gives the terminal back with a flush
    session.mosh.type("exit 3")
    session.mosh.press("Enter")


def press_the_escape_key_and_dot(session: MoshSession) -> None:
    session.mosh.press("C-^")
    session.mosh.type(".")


@pytest.mark.parametrize(("leave", "status"), [(leave_the_shell, 3), (press_the_escape_key_and_dot, 0)])
def test_leaving_ends_both_sides_and_restores_the_terminal(
    pair: Pair, tmux: Tmux, leave: Callable[[MoshSession], None], status: int
) -> None:
    with MoshSession(pair, tmux) as session:
        session.wait_for(PROMPT.rstrip())
        session.mosh.type("./show_input 1 1000 1006 2004 1004 5")
        session.mosh.press("Enter")
        session.mosh.wait_for("listening")
        family = [*session.client_family(), *session.server.family()]
        leave(session)

        # Only two of ours tell each other how the shell ended.
        assert session.mosh.wait_for_end() == (status if pair == OUR_PAIR else 0)
        session.wait_for_nothing_left(family)
        assert session.mosh.left_the_tty_as_it_was
        recording = session.mosh.recording()
        assert modes_left_on(recording, [2004, 1000, 1006]).keys() == {2004, 1000, 1006}  # they were on
        left_on = {mode for mode, on in modes_left_on(recording, MODES_OFF).items() if on}
        assert left_on <= (FORGOTTEN_BY_UPSTREAM if pair.client.name == "upstream" else set())
        assert [mode for mode, on in modes_left_on(recording, MODES_ON).items() if not on] == []
