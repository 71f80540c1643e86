"""No output costs much for its length: work is counted in calls and in rows made anew, on a full screen of 200 × 60."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache, partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.cell_operations import cell_operations
from tests.support.fuzzing import tried_with
from tests.support.screens import with_own_palette
from tests.support.work_counting import calls_of

from mosh_common.terminal.cells import LINKS_LIMIT_OCTETS, Snapshot
from mosh_common.terminal.emulator import DIGEST_UNITS, Emulator

pytestmark = pytest.mark.thorough

COLUMNS, LINES = 200, 60
OCTETS = 2048  # of each input
MOST_CALLS = 200  # for each octet, looks at the screen included: some 20 µs; what was dear took thousands
MOST_CELLS = 150  # made anew for each octet; four octets made 12,000
PORTION_CALLS = 50 * DIGEST_UNITS  # a few milliseconds, at most some 10 where styles are new to the operation
FIRST_CALLS = 300_000  # the first operation on 12,000 styles, once

CSI = "\x1b["


def each_row(cells: Callable[[int, int], str]) -> str:
    return "".join(
        f"{CSI}{row + 1};1H" + "".join(cells(row, column) for column in range(COLUMNS)) for row in range(LINES)
    )


COLOURS = each_row(lambda row, column: f"{CSI}38;2;{row};{column};9mx")
CLUSTERS = each_row(lambda _row, _column: "e\u0301")
WIDE = each_row(lambda _row, column: "中" if column % 2 else "")
PROTECTED = each_row(lambda _row, column: f'{CSI}{column % 2}"qx')
RECTANGLES = f"{CSI}2*x"  # what attributes are changed in
MARGINS = f"{CSI}?69h{CSI}3;{COLUMNS - 2}s"
AT_BOTTOM = f"{MARGINS}{CSI}{LINES};5H"

# What is on the screen, what is fed to it then, and the output that is tried.
INPUTS = {
    "attributes of the whole screen": (COLOURS, RECTANGLES, f"{CSI}$t"),
    "attributes one after another": (COLOURS, RECTANGLES, "".join(f"{CSI};;;;{code}$t" for code in (1, 4, 5, 7, 8))),
    "attributes on and off": (COLOURS, RECTANGLES, f"{CSI};;;;1;4;7$r{CSI};;;;22;24;27$r"),
    "attributes of areas": (COLOURS, RECTANGLES, f"{CSI}2;5;40;180;7$t{CSI}9;3;;;5$r{CSI};;30;;8$t{CSI}9;3;;;25$r"),
    "filled": (CLUSTERS, "", f"{CSI}65;2;2;59;199$x{CSI}66;5;5$x"),
    "erased": (COLOURS, RECTANGLES, f"{CSI}2;2;59;199$z"),
    "erased but for protected cells": (PROTECTED, "", f"{CSI}?J{CSI}${{"),
    "copied": (CLUSTERS, "", f"{CSI};;;;;2;2$v{CSI}3;9$v"),
    "columns": (CLUSTERS, "", f"{CSI}'}}{CSI}9'~{CSI} @{CSI}3 A"),
    "columns of wide characters": (WIDE, "", "\x1b6\x1b9"),
    "scrolled between margins": (CLUSTERS, AT_BOTTOM, "\n"),
    "printed between margins": (CLUSTERS, AT_BOTTOM, "ab\n"),
    "lines between margins": (WIDE, MARGINS, f"{CSI}9;9H{CSI}L{CSI}2M"),
    "repeated": ("", "", f"x{CSI}65535b"),
    "repeated clusters": ("", f"{CSI}4h", f"e\u0301\u0302{CSI}65535b"),
    "repeated between margins": (CLUSTERS, MARGINS, f"中{CSI}9999b"),
    "tabs": ("", "\r" + f"\x1bH{CSI}C" * COLUMNS, f"\r{CSI}65535I{CSI}65535Z"),
    "inserted": (CLUSTERS, f"{CSI}4h{CSI}H", "e\u0301\b"),
    "combining": (CLUSTERS, "", "e" + "\u0301" * 15),
    "resets": ("", COLOURS + RECTANGLES, "\x1bc"),  # of a screen that was painted: it remembers more than it shows
    "other screen": (COLOURS, RECTANGLES, f"{CSI}?47h{CSI}$t"),
    "checksums": (COLOURS, RECTANGLES, f"{CSI}$t{CSI}*y"),
}  # fmt: skip


@cache
def painted(screen: str) -> Snapshot:
    """Return what `screen` leaves; painting it costs more than most of what is tried on it."""
    return shown(Emulator(COLUMNS, LINES), screen.encode())


def prepared(screen: str, settings: str = "") -> Emulator:
    """Return a terminal of its own with that screen, in which nothing was tried yet."""
    emulator = Emulator(COLUMNS, LINES, checksums=True)
    emulator.restore(with_own_palette(painted(screen)))
    shown(emulator, settings.encode())
    return emulator


def shown(emulator: Emulator, data: bytes) -> Snapshot:
    emulator.feed(data)
    return emulator.snapshot()


def cells_made(emulator: Emulator) -> int:
    return emulator._screen.memory.misses * COLUMNS


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("look_after", [64, OCTETS])
def test_an_octet_costs_little_whatever_it_says(name: str, look_after: int) -> None:
    screen, settings, unit = INPUTS[name]
    emulator = prepared(screen, settings)
    piece = (unit * max(1, look_after // len(unit.encode()))).encode()
    pieces = max(1, OCTETS // len(piece))

    def run() -> None:
        for _ in range(pieces):
            emulator.feed(piece)
            emulator.replies()
            emulator.snapshot()

    before = cells_made(emulator)
    calls = calls_of(run)
    assert calls <= MOST_CALLS * len(piece) * pieces
    assert cells_made(emulator) - before <= MOST_CELLS * len(piece) * pieces


@tried_with(25)
@given(items=cell_operations, start=st.sampled_from([COLOURS, CLUSTERS, WIDE, PROTECTED]))
def test_so_does_any_mixture(items: list[str], start: str) -> None:
    unit = "".join(items)
    emulator = prepared(start, RECTANGLES if start == COLOURS else "")
    data = (unit * (1 + OCTETS // max(len(unit.encode()), 1))).encode() if unit else b""
    assert calls_of(partial(shown, emulator, data)) <= MOST_CALLS * len(data) + 50_000


@pytest.mark.parametrize("name", INPUTS)
def test_a_portion_is_charged_for_what_it_does(name: str) -> None:
    screen, settings, unit = INPUTS[name]
    emulator = prepared(screen, settings)
    emulator.take((unit * (16_384 // len(unit.encode()))).encode())
    portions = 0
    while emulator.waiting and portions < 6:
        work = emulator._screen.work.done
        assert calls_of(emulator.digest) <= (PORTION_CALLS if portions else FIRST_CALLS)
        portions += 1
        # Half of it at least, if something is left, and no more beyond it than one operation on the whole screen.
        spent = emulator._screen.work.done - work
        assert not emulator.waiting or spent >= DIGEST_UNITS
        assert spent <= DIGEST_UNITS + 40 * COLUMNS * LINES


@pytest.mark.parametrize("name", ["columns", "attributes of the whole screen", "scrolled between margins"])
def test_what_a_portion_leaves_is_not_cut_into_sequences_again_and_again(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen, settings, unit = INPUTS[name]
    emulator = prepared(screen, settings)
    cut = 0
    run = emulator._stream.parser.run

    def count(data: str) -> str:
        nonlocal cut
        cut += len(data)
        return run(data)

    monkeypatch.setattr(emulator._stream.parser, "run", count)
    data = (unit * (16_384 // len(unit))).encode()
    emulator.take(data)
    while emulator.waiting:
        emulator.digest()
    assert cut <= 12 * len(data)


def test_marks_are_joined_to_a_character_at_once() -> None:
    emulator = prepared("")
    few, many = ("e" + "\u0301" * 2) * COLUMNS, ("e" + "\u0301" * 30) * COLUMNS
    least = calls_of(partial(shown, emulator, few.encode()))
    assert calls_of(partial(shown, emulator, many.encode())) <= 4 * least


def test_cheap_output_is_digested_in_whole_reads() -> None:
    emulator = prepared("")
    emulator.take(b"".join(b"line %d\r\n" % number for number in range(6000)) + b"\x1b[H\x1b[Jtop")
    emulator.digest()
    assert not emulator.waiting
    assert emulator.snapshot().rows[0][0].startswith("top")


def test_erasing_what_is_guarded_again_makes_no_row_anew() -> None:
    emulator = prepared("\x1bVx\x1bWy" * (COLUMNS * LINES // 2) + f"{CSI}9;9H")
    again = f"{CSI}2J{CSI}J{CSI}1K".encode()
    emulator.feed(again)
    before = cells_made(emulator)
    emulator.feed(again * 100)
    assert cells_made(emulator) == before
    rows = [row[0] for row in emulator.snapshot().rows]
    emulator.feed(again)
    assert [row[0] for row in emulator.snapshot().rows] == rows


def test_changes_of_style_keep_to_the_bound_of_hyperlinks() -> None:
    emulator = Emulator(COLUMNS, LINES)
    links = "".join(f"\x1b]8;;http://a/{number}{'x' * 1900}\x07x" for number in range(500))
    chance = random.Random(1)
    emulator.feed((links + f"{CSI}2*x").encode())
    for _ in range(50):
        emulator.feed(f"{CSI};{chance.randrange(1, 200)};;;{chance.choice([1, 5, 7, 8])}$t".encode())
        assert emulator.snapshot().palette.link_octets <= LINKS_LIMIT_OCTETS
