"""Whole sessions with native scroll, in a real tmux and a real xterm, over a network that loses a tenth.

What the terminal holds in the end, scrollback and screen, is what was printed: each line once, in order, and nothing of
notices, guesses and programs that had the screen for themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest
from tests.support.native_shell import LONG_S, NativeShell
from tests.support.programs import OUR_PAIR, clean_environment, missing_programs, wait_until, write_launcher
from tests.support.terminal_session import MoshSession
from tests.support.tmux import Pane, Tmux
from tests.support.xterm import PROGRAMS as XTERM_PROGRAMS
from tests.support.xterm import Xterm

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.system,
    pytest.mark.requires_linux,
    pytest.mark.requires_program("bash", "vim", "less", "seq", "clear"),
]

COLUMNS, LINES = 60, 14
HEIGHTS = (8, 5, 14, 20, LINES)
BEFORE = ["before 1", "before 2", "before 3"]
_AFTER_THAT = ["sh", "-c", 'for i in 1 2 3; do echo "before $i"; done; exec "$@"', "sh"]
# 90 kB that print everything anew, many times, as programs do that keep no track of what they showed.
REDRAWER = """
import sys, time
for frame in range(60):
    lines = [f"frame {frame} line {number} " + "." * (number % 30) for number in range(2700)]
    sys.stdout.write("\\033[?2026h\\033[2J\\033[3J\\033[H" + "\\n".join(lines) + "\\033[?2026l")
    sys.stdout.flush()
    time.sleep(0.03)
print()
"""
LAST_FRAME = [f"frame 59 line {number} " + "." * (number % 30) for number in range(2700)]


class Program(NamedTuple):
    """A program that has the screen for itself, and what is typed into it, each with a row that it shows then."""

    command: str
    keys: tuple[tuple[str, str], ...]
    leave: str


PROGRAMS = (
    Program("less", ((" ", "page 26"), ("jjj", "page 29"), ("b", "page 4"), ("G", "page 500")), "q"),
    Program("vim -u NONE -N", (("40j", "page 41"), ("G", "page 500"), ("dd", "page 499")), "ZQ"),
)


class Window(Protocol):
    """A terminal that a user sits at."""

    def resize(self, columns: int, lines: int) -> None:
        """Give it another size."""

    def type(self, text: str) -> None:
        """Type letters, digits and blanks."""

    def enter(self, line: str) -> None:
        """Type that and Enter."""

    def all_rows(self) -> list[str]:
        """Its scrollback and its screen, without blanks at the ends of rows and rows."""


class TmuxWindow:
    """A pane."""

    def __init__(self, pane: Pane) -> None:
        self.pane = pane
        self.resize, self.all_rows, self.type = pane.resize, pane.all_rows, pane.type

    def enter(self, line: str) -> None:
        self.pane.type(line)
        self.pane.press("Enter")


class XtermWindow:
    """An xterm."""

    def __init__(self, xterm: Xterm) -> None:
        self._xterm = xterm
        self.resize, self.all_rows = xterm.resize, xterm.all_rows

    def type(self, text: str) -> None:
        self._xterm.press(*["space" if key == " " else key for key in text])

    def enter(self, line: str) -> None:
        self.type(line)
        self._xterm.press("Return")


@contextmanager
def in_tmux(folder: Path, session: NativeShell) -> Iterator[Window]:
    """Run it in a pane."""
    with Tmux() as tmux:
        tmux.run("set-option", "-g", "history-limit", "50000")
        environment = clean_environment(folder, TERM="tmux-256color") | session.environment
        words = [*_AFTER_THAT, *session.words]
        yield TmuxWindow(tmux.open_pane(words, environment=environment, columns=COLUMNS, lines=LINES))


@contextmanager
def in_xterm(folder: Path, session: NativeShell) -> Iterator[Window]:
    """Run it in an xterm."""
    words = [*_AFTER_THAT, *session.words]
    with Xterm(folder, words, environment=session.environment, columns=COLUMNS, lines=LINES) as xterm:
        yield XtermWindow(xterm)


needs_tmux = pytest.mark.skipif(bool(missing_programs(["tmux"])), reason="tmux is missing")
needs_xterm = pytest.mark.skipif(bool(missing_programs(XTERM_PROGRAMS)), reason="xterm, Xvfb or xdotool is missing")
in_terminals = pytest.mark.parametrize(
    "opened",
    [pytest.param(in_tmux, id="tmux", marks=needs_tmux), pytest.param(in_xterm, id="xterm", marks=needs_xterm)],
)
Opened = Callable[[Path, NativeShell], AbstractContextManager[Window]]


def begin(session: NativeShell, window: Window) -> None:
    """Wait until the first screen is there: what scrolled off before that is for the pager."""
    session.run("echo begun", prints=["begun"])
    wait_until(lambda: "begun" in window.all_rows(), "no session", timeout_s=LONG_S)


def assert_held(window: Window, wanted: list[str], session: NativeShell) -> None:
    """The terminal comes to hold these rows, and no others."""
    session.rest()
    while wanted and not wanted[-1]:
        wanted = wanted[:-1]
    wait_until(lambda: window.all_rows() == wanted, lambda: _differences(window.all_rows(), wanted), timeout_s=LONG_S)


def _differences(found: list[str], wanted: list[str]) -> str:
    pairs = enumerate(zip(found, wanted, strict=False))
    at = next((index for index, (mine, theirs) in pairs if mine != theirs), min(len(found), len(wanted)))
    near = slice(max(at - 3, 0), at + 12)
    return f"{len(found)} rows and not {len(wanted)}; from {at} on {found[near]}\nand not {wanted[near]}"


@in_terminals
def test_each_line_is_there_once(tmp_path: Path, opened: Opened) -> None:
    with NativeShell(tmp_path, columns=COLUMNS, delay_ms=20, loss=0.1) as session, opened(tmp_path, session) as window:
        before = list(BEFORE)
        begin(session, window)

        def assert_kept() -> None:
            assert_held(window, before + session.printed, session)

        for number in range(25):
            line = f"quiet {number} " + "-" * (number * 5)
            session.run(f"echo '{line}'; sleep 0.05", prints=[line])
        assert_kept()
        session.run("seq -f 'flood %.0f' 1 3000", prints=[f"flood {number}" for number in range(1, 3001)])
        session.run("echo over", prints=["over"])
        assert_kept()
        guess(session, window)
        assert_kept()
        for program in PROGRAMS:
            page_through(session, window, program)
            assert_kept()
        for lines in HEIGHTS:
            window.resize(COLUMNS, lines)
            session.await_size(COLUMNS, lines)
            session.run(f"echo 'height {lines}'", prints=[f"height {lines}"])
            assert_kept()
        stay_silent(session)
        assert_kept()
        session.clear("clear")
        before.clear()
        session.run("seq -f 'cleared %.0f' 1 300", prints=[f"cleared {number}" for number in range(1, 301)])
        assert_kept()
        (tmp_path / "redrawer.py").write_text(REDRAWER)
        session.clear("python3 -IS redrawer.py")
        session.note(LAST_FRAME)
        session.run("seq -f 'behind %.0f' 1 30", prints=[f"behind {number}" for number in range(1, 31)])
        assert_kept()


def page_through(session: NativeShell, window: Window, program: Program) -> None:
    """Look through a long file in a program that has the screen for itself, by its keys, and leave it."""
    session.run("seq -f 'page %.0f' 1 500 >pages.txt")
    session.begin(f"{program.command} pages.txt </dev/tty")
    for keys, shown in (("", "page 1"), *program.keys):
        if keys:
            window.type(keys)
        wait_until(lambda: shown in window.all_rows(), lambda: "\n".join(window.all_rows()[-LINES:]), timeout_s=LONG_S)  # noqa: B023  # called at once
    window.type(program.leave)
    session.wait()


def guess(session: NativeShell, window: Window) -> None:
    """Type lines, which are guessed before the server echoes them."""
    for number in range(4):
        word = "abcdefghij"[number:]
        session.begin('read -r typed </dev/tty; echo "$typed"')
        window.enter(f"{word}")
        session.wait()
        session.note([word, word])


def stay_silent(session: NativeShell) -> None:
    """Have a notice shown while lines are printed, and taken away."""
    session.relay.black_out()
    session.run("seq -f 'silent %.0f' 1 100; sleep 11", prints=[f"silent {number}" for number in range(1, 101)])
    session.relay.mend()
    session.relay.set(delay_ms=20, loss=0.1)


@needs_tmux
def test_programs_leave_what_they_leave_without_mosh() -> None:
    """`less -X` draws on the primary screen: the pages that went off its top are kept, as a terminal by itself does."""
    with Tmux() as tmux:
        tmux.run("set-option", "-g", "history-limit", "50000")
        native = {"MOSH_SCROLLBACK": "native"}
        with MoshSession(OUR_PAIR, tmux, columns=COLUMNS, lines=LINES, client_environment=native) as session:
            session.wait_for_prompt()
            session.relay.set(delay_ms=20, loss=0.1)
            session.write_file("pages", "".join(f"page {number}\n" for number in range(1, 501)).encode())
            session.enter("seq 100; echo printed $((6*7))")
            session.expect_same("printed 42", timeout_s=LONG_S)
            session.wait_for_prompt()  # what is typed before there is one is shown twice, or not
            for command in ("less", "less -X", "less -XF"):
                session.enter(f"{command} pages")
                for keys, shown in (
                    ("", "page 13"),
                    (" ", "page 26"),
                    ("jj", "page 28"),
                    ("b", "page 3"),
                    ("G", "500"),
                ):
                    if keys:
                        session.type(keys)
                    session.expect_same(shown, timeout_s=LONG_S)
                session.type("q")
                session.wait_for_prompt()
                session.enter("echo left $((6*7))")
                session.expect_same("left 42", timeout_s=LONG_S)
                session.wait_for_prompt()
                wait_until(
                    lambda: session.mosh.all_rows() == session.direct.all_rows(),
                    lambda: _differences(session.mosh.all_rows(), session.direct.all_rows()),
                    timeout_s=LONG_S,
                )
            assert "page 13" in session.mosh.all_rows()


@in_terminals
def test_no_line_is_lost_when_the_window_has_other_widths(tmp_path: Path, opened: Opened) -> None:
    with NativeShell(tmp_path, columns=COLUMNS, delay_ms=20, loss=0.1) as session, opened(tmp_path, session) as window:
        begin(session, window)
        wanted = [*BEFORE, *session.printed]
        count = 0
        for columns, lines in ((40, LINES), (70, LINES), (30, 9), (COLUMNS, 18), (COLUMNS, LINES)):
            more = [f"number {number} of {columns}" for number in range(count, count + 60)]
            count += 60
            session.run("".join(f"echo '{line}';" for line in more))
            wanted += more
            assert_nothing_lost(window, wanted, session)  # docs/limits.md: what is drawn while a size changes
            window.resize(columns, lines)
            session.await_size(columns, lines)
            session.run(f"echo 'width {columns}'")
            wanted.append(f"width {columns}")
            assert_nothing_lost(window, wanted, session)
            # A terminal shows at most a screenful twice for each new width.
            rows = [row for row in window.all_rows() if row]
            assert len(rows) <= len(wanted) + 20 * 5


def assert_nothing_lost(window: Window, wanted: list[str], session: NativeShell) -> None:
    """The terminal comes to hold these lines in their order, whatever else."""
    session.rest()
    wait_until(lambda: _are_in_order(wanted, window.all_rows()), lambda: "\n".join(window.all_rows()), timeout_s=LONG_S)


def _are_in_order(wanted: list[str], rows: list[str]) -> bool:
    rest = iter(rows)
    return all(line in rest for line in wanted)


@needs_tmux
def test_what_is_copied_from_the_scrollback_is_what_was_printed(tmp_path: Path) -> None:
    lines = [
        "a line " + "that wraps and goes on " * 9 + "to its end",
        "short",
        "漢字 and e\u0301 and: " + "漢" * 40 + " wrapped",
        "a" + "漢" * 70 + "b",  # of which one does not fit
        "",
        "  blanks before",
        "x" * COLUMNS,
        "y" * (COLUMNS + 1),
    ]
    with NativeShell(tmp_path, columns=COLUMNS, loss=0.1) as session, Tmux() as tmux:
        tmux.run("set-option", "-g", "history-limit", "50000")
        environment = clean_environment(tmp_path, TERM="tmux-256color") | session.environment
        pane = tmux.open_pane([*_AFTER_THAT, *session.words], environment=environment, columns=COLUMNS, lines=LINES)
        begin(session, TmuxWindow(pane))
        (tmp_path / "lines").write_text("".join(f"{line}\n" for line in lines))
        link = "\x1b]8;;https://example.net/a\x1b\\linked\x1b]8;;\x1b\\\n"
        (tmp_path / "link").write_text(link)
        session.run("for n in 1 2 3 4; do cat lines; sleep 0.2; done")  # shown, then
        session.run("cat link; for n in $(seq 100); do cat lines; done; seq 30")  # too fast to be shown
        wanted = [*BEFORE, "begun"] + lines * 4 + ["linked"] + lines * 100 + [str(number) for number in range(1, 31)]
        session.rest()

        def copied() -> list[str]:
            return [row.rstrip() for row in pane.all_text("-J").rstrip().split("\n")]

        wait_until(lambda: copied() == wanted, lambda: _differences(copied(), wanted), timeout_s=LONG_S)
        assert b"https://example.net/a" in pane.recording()


@needs_tmux
def test_a_session_that_was_suspended_goes_on_below_the_shell(tmp_path: Path) -> None:
    with NativeShell(tmp_path, columns=COLUMNS, loss=0.1) as session, Tmux() as tmux:
        tmux.run("set-option", "-g", "history-limit", "50000")
        write_launcher(tmp_path / "client", session.words)
        environment = clean_environment(tmp_path, TERM="tmux-256color", PS1="outside> ", HISTFILE="")
        shell = ["bash", "--noprofile", "--norc", "-i"]
        pane = tmux.open_pane(
            shell, environment=environment | session.environment, directory=tmp_path, columns=COLUMNS, lines=LINES
        )
        pane.wait_for("outside>")
        pane.type("./client\n")
        begin(session, TmuxWindow(pane))
        first = ["begun", *(str(number) for number in range(1, 101))]
        session.run("seq 100")
        assert_nothing_lost(TmuxWindow(pane), first, session)  # what had not come would follow what the shell prints
        pane.press("C-^")
        pane.press("C-z")
        pane.wait_for("outside>")
        session.run("seq -f 'meanwhile %.0f' 50")
        pane.type("echo between\n")
        wait_until(  # what is typed before there is a prompt is shown twice
            lambda: [row for row in pane.text() if row][-2:] == ["between", "outside>"],
            lambda: "\n".join(pane.text()),
        )
        pane.type("fg\n")
        pane.wait_for("meanwhile 50")
        session.run("seq -f 'after %.0f' 50")
        meanwhile, after = [[f"{word} {number}" for number in range(1, 51)] for word in ("meanwhile", "after")]
        wait_until(
            lambda: (
                [row for row in pane.all_rows() if row and not row.startswith(("outside>", "[1]", "[mosh"))]
                == [*first[: 101 - LINES + 1], "between", "./client", *first[101 - LINES + 1 :], *meanwhile, *after]
            ),
            lambda: "\n".join(pane.all_rows()),
            timeout_s=LONG_S,
        )
