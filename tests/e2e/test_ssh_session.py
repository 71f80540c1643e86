"""A whole session over ssh: a shell, another size, a full-screen program; and afterwards nothing is left of it."""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.programs import OURS, UPSTREAM, Programs, bound_udp_ports, missing_programs, wait_until
from tests.support.sshd import Sshd
from tests.support.user_terminal import UserTerminal, modes_left_on, mosh_words

if TYPE_CHECKING:
    from tests.e2e.conftest import User

pytestmark = pytest.mark.e2e

BOTH = pytest.mark.parametrize(
    "programs",
    [
        OURS,
        pytest.param(
            UPSTREAM,
            marks=[
                pytest.mark.interop,
                pytest.mark.requires_upstream("mosh", "mosh-client", "mosh-server"),
            ],
        ),
    ],
    ids=lambda programs: programs.name,
)
SHELL = ("--", "env", "PS1=ready> ", "sh", "-i")
PROMPT = "ready>"


def udp_port(terminal: UserTerminal) -> int:
    """The server's port, from the client's command line."""
    return int(Path(f"/proc/{terminal.pid}/cmdline").read_bytes().split(b"\0")[-2])


@BOTH
def test_a_session_from_login_to_exit_leaves_nothing_behind(
    user: User, sshd: Sshd, programs: Programs, tmp_path: Path
) -> None:
    terminal = user.mosh(sshd, "127.0.0.1", *SHELL, programs=programs)
    terminal.wait_for(PROMPT)
    assert udp_port(terminal) in bound_udp_ports()  # later another test's server may have it
    assert user.left_running()
    wait_until(lambda: not sshd.connections(), "sshd still holds a connection")  # while the session goes on

    terminal.type("expr 6 '*' 7\r")
    terminal.wait_for("\n42")
    terminal.resize(30, 100)
    wait_for_size(terminal, "30 100")
    has_vim = not missing_programs(["vim.tiny"])
    if has_vim:
        use_vim(terminal, programs, tmp_path)

    terminal.type("exit\r")
    assert terminal.wait_for_end() == 0, terminal.text()
    assert terminal.settings() == terminal.settings_before
    assert_terminal_left_clean(terminal)
    wait_until(lambda: not user.left_running(), lambda: f"still running: {[p.name for p in user.left_running()]}")
    if not has_vim:
        pytest.skip("vim.tiny is missing; all else was tried")


def use_vim(terminal: UserTerminal, programs: Programs, folder: Path) -> None:
    terminal.type(f"cd {folder}\r")
    terminal.type("vim.tiny -u NONE text\r")
    terminal.wait_for("~\n~\n~")
    terminal.type("ihello from vim\x1b")
    terminal.wait_for("hello from vim")
    terminal.type(":wq\r")

    # The file is there before vim is gone, which takes what is typed until then. (Upstream's server has no alternate
    # screen: of vim's last line something may stand below the prompt.)
    def vim_ended() -> bool:
        text = terminal.text().rstrip()
        return text.endswith(PROMPT) or (programs is not OURS and PROMPT.strip() in map(str.strip, text.splitlines()))

    terminal.wait_until(vim_ended, "vim did not end")
    terminal.type("echo back in the shell\r")
    terminal.wait_for("\nback in the shell")
    assert (folder / "text").read_text() == "hello from vim\n"


def test_a_session_on_this_machine_needs_no_ssh_and_knows_its_client_and_the_tmux_around_it(user: User) -> None:
    user.environment |= {"TMUX": "/tmp/elsewhere,1,0", "TMUX_PANE": "%7", "MOSH_CLIENT_PID": "1"}
    terminal = user.run(
        mosh_words("--local", f"--server={user.server(OURS)}", "--ssh=/nowhere/ssh", "127.0.0.1", *SHELL)
    )
    terminal.wait_for(PROMPT)
    terminal.type('echo "[$MOSH_CLIENT_PID $TMUX $TMUX_PANE]"\r')
    terminal.wait_for(f"\n[{terminal.pid} /tmp/elsewhere,1,0 %7]")
    terminal.type("exit\r")
    assert terminal.wait_for_end() == 0, terminal.text()
    assert terminal.settings() == terminal.settings_before
    wait_until(lambda: not user.left_running(), "the server is still running")


def wait_for_size(terminal: UserTerminal, wanted: str) -> None:
    """Ask the session's shell for its size until it is `wanted`: the new one takes a moment to get there."""
    numbers = count(1)

    def has_it() -> bool:
        number = next(numbers)  # the answer before may still be on the screen
        terminal.type(f"clear; stty size; echo asked $((0+{number}))\r")
        terminal.wait_for(f"\nasked {number}")
        return wanted in terminal.text()

    wait_until(has_it, lambda: f"the size is not {wanted}; the screen:\n{terminal.text()}")


def assert_terminal_left_clean(terminal: UserTerminal) -> None:
    """Every mode that the session switched on is off again, the alternate screen left, the cursor seen."""
    modes = modes_left_on(bytes(terminal.output))
    assert modes[25]
    assert not {mode for mode, on in modes.items() if on} - {25, 7}
    assert re.search(rb"\x1b\[\?1049l", terminal.output)
