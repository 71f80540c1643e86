"""The pinned widths, and the fast classes that must agree with them."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.generate_width_table import CODE_POINTS, libc_wcwidth, pinned_width

from mosh_common.terminal import width
from mosh_common.terminal.width import char_width, text_width, width_runs


@pytest.mark.parametrize(
    ("char", "columns"),
    [
        *[
            ("a", 1),
            ("é", 1),
            ("─", 1),
            ("\u00ad", 1),
            ("中", 2),
            ("デ", 2),
            ("👍", 2),
            ("\U0001f3fd", 2),
            ("\U0001f1e6", 1),
        ],
        *[("\u0301", 0), ("\u200d", 0), ("\ufe0f", 0), ("\u200b", 0), ("\u2028", -1), ("\x07", -1), ("\ufffe", -1)],
        *[("\ue0b0", 1), ("\ufffd", 1), ("\U0001fae8", 2), ("\u0378", 1)],
    ],
)
def test_code_points_have_their_width(char: str, columns: int) -> None:
    assert char_width(char) == columns


@pytest.mark.parametrize(
    ("common", "columns"), [(width._COMMON_NARROW, 1), (width._COMMON_WIDE, 2), (width._COMMON_ZERO, 0)]
)
def test_the_common_classes_agree_with_the_table(common: str, columns: int) -> None:
    members = re.compile(f"[{common}]").findall("".join(map(chr, range(0x110000))))
    assert {char_width(char) for char in members} == {columns}


@pytest.mark.thorough
def test_the_table_is_that_of_the_c_library_it_names() -> None:
    import platform

    if platform.libc_ver() != ("glibc", "2.36"):
        pytest.skip("another C library than the one the table is pinned to")
    wcwidth = libc_wcwidth()
    starts, widths = width._table()
    # All from the table itself; what looks into it goes wrong at its edges, if anywhere.
    in_the_table = [
        columns
        for columns, (first, end) in zip(widths, pairwise([*starts, CODE_POINTS]), strict=True)
        for _ in range(first, end)
    ]
    pinned = [pinned_width(code, wcwidth) for code in range(CODE_POINTS)]
    assert [hex(code) for code in range(CODE_POINTS) if in_the_table[code] != pinned[code]] == []
    for code in {edge + step for edge in starts for step in (-1, 0, 1)} & set(range(CODE_POINTS)):
        assert char_width(chr(code)) == pinned[code], hex(code)


@given(st.text())
def test_runs_hold_all_that_is_drawn_in_order(text: str) -> None:
    runs = width_runs(text)
    assert "".join("".join(run) for run in runs) == text
    for narrow, wide, zero, never in runs:
        assert [bool(narrow), bool(wide), bool(zero), bool(never)].count(True) == 1
        columns = 1 if narrow else 2 if wide else 0 if zero else -1
        assert {char_width(char) for char in narrow + wide + zero + never} == {columns}


def test_a_cluster_takes_the_sum_of_its_parts() -> None:
    assert text_width("👩\u200d🚀") == 4
    assert text_width("❤\ufe0f") == 1
    assert text_width("e\u0301") == 1
