"""Output that is rich in operations on many cells: rectangles, margins, repetition, protection, wide characters."""

from __future__ import annotations

from hypothesis import strategies as st

_numbers = st.one_of(st.sampled_from(["", "1", "2", "9999"]), st.integers(0, 14).map(str))
_bounds = st.lists(_numbers, min_size=4, max_size=4).map(";".join)
_CODES = ("0", "1", "4", "5", "7", "8", "22", "24", "25", "27", "28", "3")
_codes = st.lists(st.sampled_from(_CODES), min_size=1, max_size=3).map(";".join)
_characters = ["a", "xyz", "中", "文字", "e\u0301", "👍\U0001f3fd", "中\u0301", "q\u0301\u0302", "  ", "é", "\t"]
_texts = st.lists(st.sampled_from(_characters), min_size=1, max_size=6).map("".join)
_lines = st.sampled_from(["\n", "\n\n\n", "\r", "\r\n", "\b", "\x1bM", "\x1bD", "\x1bE"])
_rectangles = st.one_of(
    _bounds.map("\x1b[{}$z".format),
    _bounds.map("\x1b[{}${{".format),
    _bounds.map("\x1b[65;{}$x".format),
    _bounds.map("\x1b[1;1;{}*y".format),
    st.builds("\x1b[{};{}$r".format, _bounds, _codes),
    st.builds("\x1b[{};{}$t".format, _bounds, _codes),
    st.builds("\x1b[{};1;{};{}$v".format, _bounds, _numbers, _numbers),
)
_finals = ["@", "P", "L", "M", "S", "T", "X", "b", "Z", "I", "J", "K", *"ABCDGd", " @", " A", "'}", "'~"]
_counted = st.builds("\x1b[{}{}".format, _numbers, st.sampled_from(_finals))
_selective = st.sampled_from(["\x1b[?J", "\x1b[?1J", "\x1b[?2J", "\x1b[?K", '\x1b[1"q', '\x1b[0"q', "\x1bV", "\x1bW"])
_places = st.builds("\x1b[{};{}{}".format, _numbers, _numbers, st.sampled_from("HHrss"))
_modes = ("?69h", "?69l", "4h", "4l", "?6h", "?6l", "?7h", "?7l", "?1049h", "?1049l", "?47h", "?47l", "2*x", "1*x")
_renditions = ["0m", "1m", "4:3m", "41m", "38;2;1;2;3m", "7m"]
_states = st.sampled_from(["?69h", "?7h", *_modes, *_renditions]).map("\x1b[{}".format)
_others = st.sampled_from(["\x1b6", "\x1b9", "\x1b7", "\x1b8", "\x1b#8", "\x1b(0", "\x1b(B", "\x1bN", "\x1b]2;t\x07"])

# As strings, in order.
cell_operations = st.lists(
    st.one_of(_texts, _texts, _lines, _rectangles, _rectangles, _counted, _selective, _places, _states, _others),
    max_size=30,
)
