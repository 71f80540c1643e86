"""Native scroll: whatever programs print, and however late history comes, the terminal's scrollback is an ideal one's.

A server that is nothing but lists (tests/support/scrollback.py), the renderer's core, and a terminal that keeps what
scrolls off; between the first two a network process that hands messages on, late or never.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.fuzzing import tried_with
from tests.support.native_scene import begun
from tests.support.scrollback import KeptRow, plain, without_blank_rests

from mosh_client.renderer.scrollback import native_scroll

_text = st.text(st.sampled_from("abcdefghij 日本語é"), max_size=40).map(str.rstrip)
_print = st.tuples(st.just("print"), _text, st.integers(-1, 7))
_operations = st.one_of(
    _print,
    _print,
    st.tuples(st.just("flood"), st.integers(1, 40)),
    st.tuples(st.just("draw over"), st.integers(0, 9), st.text("XYZ", max_size=12)),
    st.tuples(st.just("clear screen")),
    st.tuples(st.just("clear history")),
    st.tuples(st.just("alternate"), st.booleans()),
    st.tuples(st.just("notice"), st.booleans()),
    st.tuples(st.just("type"), st.text("ab", min_size=1, max_size=3)),
    st.tuples(st.just("repaint")),
    st.tuples(st.just("pause"), st.integers(0, 120)),
    st.tuples(st.just("resize"), st.integers(2, 9)),
    st.tuples(st.just("resize"), st.integers(2, 9)),
)
RACES = {"draw over": "drawing", "clear screen": "drawing", "resize": "resizing"}


@tried_with(150)
@given(st.lists(_operations, max_size=40), st.integers(0, 1 << 16), st.integers(3, 8), st.booleans())
# A wide one that does not fit, and only half gone.
@example([("print", "aaaaa日日日日", 0), ("print", "x", 0)], 0, 3, False)
# The first row erased while the scrollback's last one wraps into it.
@example(
    [("print", "", 0), ("print", "", 0), ("print", "a" * 13, 0), ("print", "a" * 13, 0), ("repaint",)], 229, 4, True
)
# A row that wraps, drawn where one will not.
@example([("clear screen",), ("flood", 1), ("flood", 2), ("repaint",), ("print", "a" * 13, 0)], 0, 3, True)
def test_the_scrollback_is_that_of_an_ideal_terminal(
    operations: list[tuple[Any, ...]], seed: int, lines: int, keeps_wraps: bool
) -> None:
    scene = begun(lines=lines, seed=seed, keeps_wraps=keeps_wraps)
    for operation in operations:
        if operation[0] == "resize":
            scene.perform(("notice", False))
            scene.perform(("pause", 20_000))
            scene.settle()
        scene.perform(operation)
        if operation[0] == "resize":
            scene.settle()
        scene.come()
    scene.perform(("alternate", False))
    scene.settle()
    scene.assert_ideal()


@tried_with(150)
@given(st.lists(_operations, max_size=40), st.integers(0, 1 << 16), st.booleans())
def test_no_line_is_lost_whenever_the_window_changes(
    operations: list[tuple[Any, ...]], seed: int, takes_back: bool
) -> None:
    scene = begun(seed=seed, takes_back=takes_back)
    racing = None
    for operation in operations:
        # Of a row that is drawn over while the terminal pushes it, what was there before is pushed: not at once, then.
        kind = RACES.get(operation[0], racing)
        if racing not in (None, kind):
            scene.settle()
        racing = kind
        scene.perform(operation)
        scene.come()
    scene.perform(("alternate", False))
    scene.settle()
    assert scene.terminal.violations == []
    assert_in_order(without_blank_rests(scene.server.ideal()), scene.terminal.scrollback)


@tried_with(150)
@given(
    st.lists(st.one_of(_operations, st.tuples(st.just("drop"), st.integers(1, 60)), st.just(("settle",))), max_size=40),
    st.integers(0, 1 << 16),
    st.sampled_from([10, 50]),
)
# Of a line only the beginning comes before too much has followed.
@example([("print", "a" * 40, 0), ("flood", 3), ("settle",), ("flood", 40)], 3, 10)
def test_what_follows_a_gap_is_never_waited_for(operations: list[tuple[Any, ...]], seed: int, furthest: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native_scroll, "FURTHEST_BEHIND", furthest)
        patch.setattr(native_scroll, "KEPT_BEHIND_GAP", furthest // 2)
        scene = begun(seed=seed)
        for operation in operations:
            if operation[0] == "settle":
                scene.settle()
            elif operation[0] not in ("resize", "type"):
                scene.perform(operation)
                scene.come()
        scene.perform(("alternate", False))
        scene.perform(("notice", False))
        scene.settle()
        scene.perform(("flood", 7))
        scene.settle()
    assert scene.terminal.violations == []
    said = [f"flood {number}" for number in range(scene.said - 6, scene.said + 1)]
    everything = [*plain(scene.terminal.scrollback), *scene.terminal.shown]
    assert [row for row in everything if row in said] == said


def assert_in_order(wanted: list[KeptRow], found: list[KeptRow]) -> None:
    """All rows of `wanted` are in `found`, in their order; others may be among them."""
    rest = iter(found)
    for row in wanted:
        assert any(row.text == each.text for each in rest), (row, plain(found))
