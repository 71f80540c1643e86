"""What can be done to a row."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mosh_common.terminal import rows
from mosh_common.terminal.cells import CLUSTER, EMPTY, NO_CLUSTERS, WIDE_TAIL, Row
from mosh_common.terminal.rows import Span

W = WIDE_TAIL


def row(text: str, letters: str | None = None, clusters: dict[int, str] | None = None) -> Row:
    return (text, letters or "a" * len(text), True, clusters or NO_CLUSTERS)


def check(result: Row, columns: int) -> None:
    text, letters, _, clusters = result
    assert len(text) == len(letters) == columns
    assert {column for column, char in enumerate(text) if char == CLUSTER} == set(clusters)
    for column, char in enumerate(text):
        tail = text[column + 1 : column + 2] == W
        assert tail == (char in "中文") or char == CLUSTER
        if char == W:
            assert column > 0
            assert text[column - 1] in "中文" + CLUSTER


pieces = st.lists(st.sampled_from(["a", "b", EMPTY, "中" + W, "文" + W, CLUSTER, CLUSTER + W]), min_size=1, max_size=10)


@st.composite
def any_row(draw: st.DrawFn) -> Row:
    text = "".join(draw(pieces))
    return row(text, "x" * len(text), {i: f"g{i}" for i, char in enumerate(text) if char == CLUSTER})


@given(any_row(), st.data())
def test_every_operation_leaves_a_whole_row(old: Row, data: st.DataObject) -> None:
    columns = len(old[0])
    start = data.draw(st.integers(0, columns - 1))
    end = data.draw(st.integers(start + 1, columns))
    count = data.draw(st.integers(1, columns + 2))
    check(rows.erase(old, start, end, "e"), columns)
    check(rows.insert(old, start, end, count, "e"), columns)
    check(rows.delete(old, start, end, count, "e"), columns)
    check(rows.put(old, start, rows.span(old, start, end)), columns)
    check(rows.resized(old, count, "e"), count)
    part = rows.span(old, start, end)
    check((part.text, part.letters, False, part.clusters), end - start)


def test_overwriting_the_left_half_blanks_the_right() -> None:
    assert rows.put(row("中" + W + "z"), 0, Span("x", "b"))[0] == "x" + EMPTY + "z"


def test_overwriting_the_right_half_blanks_the_left() -> None:
    assert rows.put(row("中" + W + "z"), 1, Span("x", "b"))[0] == EMPTY + "xz"


def test_clusters_move_with_their_columns() -> None:
    old = row("a" + CLUSTER + "bc", clusters={1: "e\u0301"})
    assert rows.insert(old, 0, 4, 2, "-") == (EMPTY * 2 + "a" + CLUSTER, "--aa", False, {3: "e\u0301"})
    assert rows.delete(old, 0, 4, 1, "-") == (CLUSTER + "bc" + EMPTY, "aaa-", False, {0: "e\u0301"})


def test_only_writing_the_last_column_forgets_the_wrap() -> None:
    assert rows.put(row("abc"), 0, Span("xy", "bb"))[2] is True
    assert rows.put(row("abc"), 2, Span("x", "b"))[2] is False


def test_restyling_changes_styles_only() -> None:
    assert rows.restyled(row("abc"), 1, "b") == ("abc", "aba", True, NO_CLUSTERS)
