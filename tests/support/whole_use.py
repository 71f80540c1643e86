"""A user who does in a session whatever may call for a part of the programs that was not used before.

    use(session, "first")

For tests that look at what running programs need: no import and no file may be missed later.
"""

from __future__ import annotations

import os
import signal

from tests.support.client_session import ClientSession, is_stopped
from tests.support.programs import wait_until

_SIZES = ((30, 100), (24, 80))  # lines and columns


def use(session: ClientSession, word: str) -> None:
    """Do everything; `word` tells this time from others. Afterwards the session is at its prompt, 80 × 24."""
    session.wait_for_answer(f"{word}typed")
    _print_of_all_kinds(session, word)
    for lines, columns in _SIZES:
        session.terminal.resize(lines, columns)
        session.enter("stty size")
        session.terminal.wait_for(f"\n{lines} {columns}")
    _look_at_the_bars(session)
    session.relay.change_source()  # the server meets an address that is new to it
    session.wait_for_answer(f"{word}roamed")
    replace_renderer(session)
    session.wait_for_answer(f"{word}drawn")
    suspend_and_resume(session)
    session.wait_for_answer(f"{word}resumed")
    session.enter("clear")


def replace_renderer(session: ClientSession) -> None:
    """Kill the renderer, and wait for the next one."""
    killed = session.renderer
    killed.signal(signal.SIGKILL)
    wait_until(lambda: session.renderers() not in ([], [killed]), "no other renderer")


def suspend_and_resume(session: ClientSession) -> None:
    """Stop the client as the escape key and Ctrl-Z do; then bring it back."""
    renderer = session.renderer
    session.terminal.type("\x1e\x1a")
    session.terminal.wait_until(lambda: is_stopped(session.launcher) and is_stopped(renderer), "it was not suspended")
    os.killpg(os.getpgid(session.launcher.pid), signal.SIGCONT)
    session.terminal.wait_until(lambda: not session.terminal.echoes, "the terminal is not in raw mode again")


def _print_of_all_kinds(session: ClientSession, word: str) -> None:
    session.enter(
        "printf '\\033]0;title\\007\\033]52;c;aGFsbG8=\\007\\033[38;2;1;2;3m\\033[4:3mstyled\\033[m\\a"
        "\\033]8;;https://example.org\\033\\\\link\\033]8;;\\033\\\\\\033[?1049h\\033[?1049l\\n'; seq 2000;"
        f" echo 漢字 \u00e4\u0301 \U0001f469\u200d\U0001f467 {word}''printed"
    )
    session.terminal.wait_for(f"{word}printed")


def _look_at_the_bars(session: ClientSession) -> None:
    session.terminal.type("\x1es")
    session.terminal.wait_for("link: rtt ")
    session.terminal.type("\x1es\x1e?")
    session.terminal.wait_for("mosh: commands, each after")
    session.terminal.type("\x05")  # of no effect in an empty line
    session.terminal.wait_until(lambda: "mosh: commands" not in session.terminal.text(), "the help stays")
