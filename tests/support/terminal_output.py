"""Terminal output for tests: random but full of meaning, and the checks that hold for any screen."""

from __future__ import annotations

from hypothesis import strategies as st

from mosh_common.terminal.cells import CLUSTER, EMPTY, WIDE_TAIL, Snapshot
from mosh_common.terminal.width import char_width

CHARACTERS = "ab XYZ~#é─中文デ👍🚀\u0301\u200d\ufe0f\U0001f1e6\U0001f3fd\u00ad\u2028"

numbers = st.one_of(
    st.just(""), st.integers(0, 12).map(str), st.sampled_from(["24", "79", "80", "255", "65535", "99999999999"])
)
parameters = st.lists(numbers, max_size=5).map(";".join)
words = st.text(CHARACTERS, min_size=1, max_size=30)
controls = st.sampled_from(
    ["\r", "\n", "\r\n", "\b", "\t", "\a", "\x0b", "\x0e", "\x0f", "\x18", "\x1a", "\x7f", "\x00"]
)
sequences = st.builds(
    lambda prefix, text, middle, final: f"\x1b[{prefix}{text}{middle}{final}",
    st.sampled_from(["", "", "", "?", ">", "=", "<"]),
    parameters,
    st.sampled_from(["", "", "", "", " ", "!", "$", '"', "'", "*"]),
    st.sampled_from("@ABCDEFGHIJKLMPSTXZ^`abcdefghlmnpqrstuvxyz{}~"),
)
renditions = st.sampled_from(
    ["0", "", "1;31", "4:3", "38;5;100", "48;2;1;2;3", "58:2::9:8:7", "7;9;53", "22;24", "100", "38;5", "39;49"]
).map(lambda text: f"\x1b[{text}m")
modes = st.builds(
    lambda mode, final: f"\x1b[{mode}{final}",
    st.sampled_from(
        ["4", "20"]
        + [
            f"?{mode}"
            for mode in (1, 3, 5, 6, 7, 9, 25, 40, 41, 45, 47, 66, 69, 95, 1000, 1006, 1047, 1048, 1049, 2026)
        ]
    ),
    st.sampled_from("hlsr"),
)
escapes = st.sampled_from(list("6789DEHMNOVWZcno|}~=>")).map("\x1b".__add__)
designations = st.sampled_from(["\x1b(0", "\x1b(B", "\x1b)0", "\x1b*A", "\x1b+0", "\x1b#8", "\x1b%G", "\x1b F"])
strings = st.builds(
    lambda kind, body, end: f"\x1b{kind}{body}{end}",
    st.sampled_from("]PX^_"),
    st.sampled_from(
        ["0;title", "2;", "8;;http://a/", "8;;", "52;c;YWJj", "52;c;?", "11;?", "4;1;?", "$qm", "+q544e", "x"]
    ),
    st.sampled_from(["\x07", "\x1b\\", "\x9c", "\x18", ""]),
)
tokens = st.one_of(
    words, words, words, controls, sequences, sequences, renditions, modes, escapes, designations, strings
)
output = st.lists(tokens, max_size=40).map(lambda items: "".join(items).encode())
noise = st.one_of(output, st.binary(max_size=60), st.lists(st.one_of(output, st.binary(max_size=8))).map(b"".join))


def check_screen(snapshot: Snapshot) -> None:
    """Assert what holds for every screen (cells.py)."""
    assert len(snapshot.rows) == snapshot.lines
    assert 0 <= snapshot.cursor_row < snapshot.lines
    assert 0 <= snapshot.cursor_column < snapshot.columns
    styles = len(snapshot.palette.styles)
    for text, letters, _wrapped, clusters in snapshot.rows:
        assert len(text) == len(letters) == snapshot.columns
        assert all(ord(letter) < styles for letter in letters)
        assert {column for column, char in enumerate(text) if char == CLUSTER} == set(clusters)
        for column, char in enumerate(text):
            grapheme = clusters.get(column, char)
            tail = text[column + 1 : column + 2] == WIDE_TAIL
            if char == WIDE_TAIL:
                assert column > 0
                assert text[column - 1] not in (WIDE_TAIL, EMPTY)
                assert letters[column] == letters[column - 1]
            else:
                assert tail == (char != EMPTY and char_width(grapheme[0]) == 2)
            assert len(grapheme.encode()) <= 32


def dump(snapshot: Snapshot) -> object:
    """Return everything that a diff can express, with styles instead of letters."""
    styles = snapshot.palette.styles
    rows = [
        (text, [styles[ord(letter)] for letter in letters], wrapped, dict(clusters))
        for text, letters, wrapped, clusters in snapshot.rows
    ]
    return rows, snapshot._replace(rows=(), palette=None)  # type: ignore[arg-type]  # no letter is left
