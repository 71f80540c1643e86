"""Native scroll with upstream's peer on either end: the session is as upstream's, and ours says so, once."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.parameters import parameter
from tests.support.programs import OURS, UPSTREAM, Pair, clean_environment, wait_until, write_launcher
from tests.support.tmux import Pane, Tmux
from tests.support.user_terminal import mosh_words, source_environment

from mosh_client.renderer.scrollback.native_compositor import NO_HISTORY_WORDS

pytestmark = [pytest.mark.interop, pytest.mark.requires_linux, pytest.mark.requires_program("tmux", "seq")]

PAIRS = [
    parameter(pair, mosh_client=pair.client, mosh_server=pair.server)
    for pair in (Pair(OURS, UPSTREAM), Pair(UPSTREAM, OURS), Pair(UPSTREAM, UPSTREAM))
]


NO_HISTORY = b"The server keeps no history"
assert NO_HISTORY_WORDS.encode().startswith(NO_HISTORY)


def enter(pane: Pane, line: str) -> None:
    pane.type(f"{line}\n")


@pytest.mark.parametrize("pair", PAIRS)
def test_the_session_is_plain_mosh_and_leaves_the_terminal_as_it_was(pair: Pair, tmp_path: Path) -> None:
    client = write_launcher(tmp_path / "client", pair.client.client)
    server = write_launcher(tmp_path / "server", pair.server.server)
    options = ["--local", "--scrollback=native", f"--client={client}", f"--server={server}"]
    words = mosh_words(*options, "127.0.0.1", "--", "sh", "-i")
    environment = clean_environment(tmp_path, TERM="tmux-256color", PS1="ready> ") | source_environment()
    with Tmux() as tmux:
        tmux.run("set-option", "-g", "history-limit", "1000")
        pane = tmux.open_pane(["sh", "-c", 'echo before; "$@"', "sh", *words], environment=environment)
        pane.wait_for("ready>")
        says_so = pair.client is OURS
        if says_so:
            # Not on the screen, from which it goes by itself.
            wait_until(lambda: NO_HISTORY in pane.recorded_so_far(), lambda: "\n".join(pane.text()))
            wait_until(lambda: not pane.shows(NO_HISTORY_WORDS), "the bar stays")
        assert pane.flag("alternate_on")
        enter(pane, "seq 1 3000")
        pane.wait_for("3000")
        enter(pane, "seq 1 30; echo quiet $((6*7))")
        pane.wait_for("quiet 42")
        for lines in (30, 10):
            pane.resize(80, lines)
            # Keys may overtake the signal that tells the client of its new size.
            enter(pane, f'until [ "$(stty size)" = "$(({lines})) 80" ]; do sleep 0.02; done; stty size')
            pane.wait_for(f"{lines} 80")
        assert pane.flag("alternate_on")
        enter(pane, "exit")
        pane.wait_for_end()
        assert pane.left_the_tty_as_it_was
        assert not pane.flag("alternate_on")
        # tmux, too, has only what stood there before.
        rows = [row for row in pane.all_rows() if row]
        assert rows[0] == "before"
        assert all("mosh" in row for row in rows[1:]), rows
        assert pane.recording().count(NO_HISTORY) == says_so
