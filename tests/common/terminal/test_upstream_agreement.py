"""Our emulator and upstream's agree on what a diff may contain (docs/terminal.md §2): random output, both screens."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
from tests.support.upstream_screen import UpstreamScreen

from mosh_common.terminal.cells import EMPTY, WIDE_TAIL, Snapshot
from mosh_common.terminal.emulator import Emulator

pytestmark = [pytest.mark.system, pytest.mark.interop, pytest.mark.requires_upstream("mosh-server")]

COLUMNS, LINES = 20, 6
STYLES = ["1", "3", "4", "5", "7", "8", "31", "42", "38;5;100", "48;5;200", "38;2;1;2;3", "1;44", "48;2;9;9;9"]
MODES = ["?25l", "?25h", "?5h", "?5l", "?2004h", "?1000h", "?1006h", "?1000l", "?1004h"]


def token(source: random.Random) -> str:
    """Return one piece of what a diff may hold."""

    def number(limit: int) -> str:
        return source.choice(["", *(str(source.randrange(limit + 2)) for _ in range(3))])

    kinds: list[Callable[[], str]] = [
        lambda: "".join(source.choice("abcdefgh ") for _ in range(source.randrange(1, 25))),
        lambda: "".join(source.choice("xyz") for _ in range(source.randrange(1, 4))),
        lambda: source.choice("中文字デ👍🚀") * source.randrange(1, 3),
        lambda: "e" + source.choice(["\u0301", "\u0302\u0301", "\u200d", "\ufe0f"]),
        lambda: source.choice(["\r", "\n", "\r\n", "\b", "\a", "\r\n\r\n"]),
        lambda: f"\x1b[{number(LINES)};{number(COLUMNS)}H",
        lambda: f"\x1b[{number(LINES)};{source.randrange(COLUMNS - 2, COLUMNS + 1)}H",
        lambda: f"\x1b[{number(COLUMNS)}X",
        lambda: "\x1b[K",
        lambda: "\x1b[2J",
        lambda: source.choice([f"\x1b[{source.randrange(1, 3)};{source.randrange(3, LINES + 1)}r", "\x1b[r"]),
        lambda: f"\x1b[0;{source.choice(STYLES)}m",
        lambda: f"\x1b[{source.choice(MODES)}",
    ]
    return source.choice(kinds)()


def canonical(snapshot: Snapshot) -> object:
    """Return what upstream's drawing can express of a screen."""
    styles = snapshot.palette.styles
    rows = [
        (text.replace(EMPTY, " "), [styles[ord(letter)] for letter in letters], dict(clusters))
        for text, letters, _wrapped, clusters in snapshot.rows
    ]
    return rows, snapshot.style, snapshot.modes


@pytest.fixture(scope="module")
def upstream() -> Iterator[UpstreamScreen]:
    with UpstreamScreen(COLUMNS, LINES) as screen:
        yield screen


@pytest.mark.parametrize("seed", range(40))
def test_both_emulators_come_to_the_same_screen(upstream: UpstreamScreen, seed: int) -> None:
    source = random.Random(seed)
    ours, theirs = (Emulator(COLUMNS, LINES, frames=True) for _ in range(2))
    output = b""
    for _ in range(source.randrange(3, 16)):
        piece = token(source).encode()
        now = ours.snapshot()
        if now.rows[now.cursor_row][0][now.cursor_column] == WIDE_TAIL:
            piece = b"\r" + piece  # no diff begins in the middle of a character, and there the two do differ
        ours.feed(piece)
        output += piece
    theirs.feed(upstream.drawing(output))  # upstream's own drawing of its screen, from nothing
    assert canonical(ours.snapshot()) == canonical(theirs.snapshot()), output
