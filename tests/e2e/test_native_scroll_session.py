"""Whole sessions with --scrollback=native, against a server that keeps no history."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.programs import OURS, PATIENCE_S, clean_environment, missing_programs, wait_until, write_launcher
from tests.support.tmux import Tmux
from tests.support.user_terminal import mosh_words, source_environment

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.system,
    pytest.mark.skipif(bool(missing_programs(["tmux"])), reason="tmux is missing"),
]


def test_upstreams_way_of_saying_nothing_of_history_is_said_once_and_the_screen_comes_back(tmp_path: Path) -> None:
    server = write_launcher(tmp_path / "mosh-server", OURS.server)
    words = mosh_words("--local", "--scrollback=native", f"--server={server}", "127.0.0.1", "--", "sh", "-i")
    with Tmux() as tmux:
        tmux.run("set-option", "-g", "history-limit", "1000")
        environment = (
            clean_environment(tmp_path, TERM="tmux-256color", MOSH_HISTORY="0", PS1="ready> ") | source_environment()
        )
        pane = tmux.open_pane(["sh", "-c", 'echo before; "$@"', "sh", *words], environment=environment)
        wait_until(lambda: pane.flag("alternate_on"), lambda: "\n".join(pane.text()), timeout_s=PATIENCE_S)
        wait_until(lambda: pane.shows("keeps no history"), lambda: "\n".join(pane.text()))
        pane.type("exit\n")
        pane.wait_for_end()
        # The terminal reads in its own time what the program wrote until its end.
        wait_until(lambda: not pane.flag("alternate_on"), "the alternate screen is still shown")
        wait_until(lambda: "before" in pane.all_text(), pane.all_text)
