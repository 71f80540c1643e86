"""Native scroll in a real tmux and a real xterm: what their scrollbacks hold in the end is what an ideal one would."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.programs import REPOSITORY, SOURCE_FOLDERS, clean_environment, missing_programs, wait_until
from tests.support.tmux import Pane, Tmux
from tests.support.xterm import PROGRAMS as XTERM_PROGRAMS
from tests.support.xterm import Xterm

pytestmark = [pytest.mark.e2e, pytest.mark.system]


class Session:
    """One session of native_session.py, by its pipe and its log."""

    def __init__(self, folder: Path) -> None:
        self.commands = folder / "commands"
        self.log = folder / "log"
        os.mkfifo(self.commands)
        self.log.touch()
        self.words = [sys.executable, "-m", "tests.support.native_session", str(self.commands), str(self.log)]
        self.environment = {"PYTHONPATH": os.pathsep.join((*SOURCE_FOLDERS, str(REPOSITORY)))}
        self._pipe: Any = None
        self._count = 0
        self.ideal: list[str] = []

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pipe is not None:
            self._pipe.close()

    def do(self, *command: Any) -> None:
        """Have a command done."""
        self.begin(*command)
        self.wait()

    def begin(self, *command: Any) -> None:
        """Have a command begun."""
        if self._pipe is None:
            self._pipe = self.commands.open("w", buffering=1)
        self._pipe.write(json.dumps(command) + "\n")
        self._count += 1

    def wait(self) -> None:
        """Wait until it is done."""
        wait_until(lambda: self.log.read_text().count("\n") >= self._count, lambda: f"done: {self.log.read_text()}")
        self.ideal = json.loads(self.log.read_text().splitlines()[-1])["ideal"]


def scrollback(tmux: Tmux, pane: Pane, *, joined: bool = False) -> list[str]:
    """Return what is above the screen of a pane."""
    if pane.format("#{history_size}") == "0":
        return []
    options = ["-J"] if joined else []
    text = tmux.run("capture-pane", "-p", *options, "-S", "-", "-E", "-1", "-t", pane._id)
    return [row.rstrip() for row in text.split("\n")[:-1]]


def play(session: Session, resize: Callable[[int], None], assert_kept: Callable[[], None], before: list[str]) -> None:
    """Print, quietly and in floods, use the alternate screen, drag the window, clear."""
    for number in range(30):
        session.do("print", f"quiet {number} 日本語" + "-" * (number * 3), number % 8)
    assert_kept()
    session.do("flood", 0, 3000)
    assert_kept()
    session.do("alternate", "less")
    session.do("alternate", None)
    assert_kept()
    drag(session, resize, assert_kept)
    session.do("kill")  # the renderer: another follows
    assert_kept()
    session.do("flood", 3000, 3050)
    assert_kept()
    session.do("clear history")
    before.clear()
    session.do("flood", 3050, 3100)
    assert_kept()


def drag(
    session: Session, resize: Callable[[int], None], assert_kept: Callable[[], None], *, alternate: str | None = None
) -> None:
    """Make the window lower and higher, while a program is on the alternate screen or none is."""
    for lines in (8, 5, 14, 20, 12):
        session.do("alternate", alternate)
        session.begin("await lines", lines)
        resize(lines)
        session.wait()
        session.do("alternate", None)
        assert_kept()


@pytest.mark.skipif(bool(missing_programs(["tmux"])), reason="tmux is missing")
def test_tmux_keeps_each_line_once(tmp_path: Path) -> None:
    with Tmux() as tmux, Session(tmp_path) as session:
        tmux.run("set-option", "-g", "history-limit", "50000")
        pane = tmux.open_pane(
            ["sh", "-c", 'for i in 1 2 3; do echo "before $i"; done; "$@"', "sh", *session.words],
            environment=clean_environment(tmp_path, TERM="tmux-256color", **session.environment),
            directory=REPOSITORY,
            columns=40,
            lines=12,
        )
        before = ["before 1", "before 2", "before 3"]

        def assert_kept() -> None:
            wait_until(
                lambda: scrollback(tmux, pane) == before + session.ideal,
                lambda: f"{scrollback(tmux, pane)[-30:]}\nand not\n{(before + session.ideal)[-30:]}\n{pane.text()}",
            )

        play(session, lambda lines: pane.resize(40, lines), assert_kept, before)
        drag(session, lambda lines: pane.resize(40, lines), assert_kept, alternate="vim")
        session.do("end")
        pane.wait_for_end()
        wanted = [*session.ideal, *(f"line {number}" for number in range(3089, 3100)), "left with 0:"]

        def rows() -> list[str]:
            return [row for row in scrollback(tmux, pane) + pane.text() if row]

        # What it wrote last may not be on the screen yet.
        wait_until(lambda: rows() == wanted, lambda: f"{rows()[-30:]}\nand not\n{wanted[-30:]}")


@pytest.mark.requires_linux
@pytest.mark.skipif(bool(missing_programs(XTERM_PROGRAMS)), reason="xterm, Xvfb or xdotool is missing")
def test_xterm_keeps_each_line_once(tmp_path: Path) -> None:
    with Session(tmp_path) as session:
        words = ["sh", "-c", 'for i in 1 2 3; do echo "before $i"; done; "$@"', "sh", *session.words]
        with Xterm(
            tmp_path, words, environment=session.environment, directory=REPOSITORY, columns=40, lines=12
        ) as xterm:
            before = ["before 1", "before 2", "before 3"]

            def assert_kept() -> None:
                wanted = before + session.ideal
                wait_until(
                    lambda: xterm.all_rows()[: len(wanted)] == wanted,
                    lambda: f"{xterm.all_rows()[-30:]}\nand not\n{wanted[-30:]}",
                )
                assert len(xterm.all_rows()) <= len(wanted) + 30

            def resize(lines: int) -> None:
                xterm.resize(40, lines)

            def assert_nothing_lost() -> None:
                # Of an alternate screen that becomes smaller xterm keeps rows, and cuts the primary one.
                def rows_that_are_not_there() -> list[str]:
                    rows = iter(xterm.all_rows())
                    return [row for row in session.ideal if row not in rows]

                wait_until(
                    lambda: not rows_that_are_not_there(), lambda: f"lost from here: {rows_that_are_not_there()[:30]}"
                )

            play(session, resize, assert_kept, before)
            drag(session, resize, assert_nothing_lost, alternate="vim")
