"""How many columns a code point takes, by one pinned table (docs/adr/0002-widths.md).

Both ends of a session must come to the same columns, cell by cell, whatever their C libraries and Unicode versions
are; so the table is ours, and equals what upstream's programs on glibc 2.36 compute. Knows no graphemes beyond
"width 0 joins what stands before it".
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache
from typing import Final

from mosh_common.terminal import width_table
from mosh_common.terminal.code_points import character_class, complement, parse_ranges

UNICODE_VERSION: Final = width_table.UNICODE_VERSION
_CACHE_LIMIT: Final = 8192  # code points; more than any text uses, and bounded against hostile output

# Common characters by width, so that text made of them needs no more than a small pattern. Not complete: other text
# takes the whole table, whose pattern takes 5 ms to compile. The tests hold these classes against the table.
_COMMON_NARROW: Final = (
    " -~\u00a0-\u02ff\u0370-\u0377\u0384-\u038a\u038e-\u03a1\u03a3-\u0482\u048a-\u052f\u05d0-\u05ea\u1e00-\u1eff"
    "\u2010-\u2027\u2030-\u205e\u20a0-\u20c0\u2100-\u218b\u2190-\u2319\u2400-\u2426\u2440-\u244a\u2460-\u25fc"
    "\u2600-\u2613\u2616-\u2647\u2654-\u267e\u2680-\u2692\u2694-\u26a0\u26cf-\u26d3\u26d5-\u26e9\u26fe-\u2704"
    "\u2706-\u2709\u270c-\u2727\u2729-\u274b\u2758-\u2794\u2798-\u27af\u27b1-\u27be\u27c0-\u27ff"
    "\u2800-\u28ff\ue000-\uf8ff\ufffd"
)
_COMMON_WIDE: Final = (
    "\u2705\u2728\u274c\u26a1\u2b50\u3000-\u3029\u3041-\u3096\u30a0-\u30ff\u3131-\u318e\u3200-\u321e\u3220-\u3247"
    "\u3250-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff60\uffe0-\uffe6"
    "\U0001f300-\U0001f320\U0001f32d-\U0001f335\U0001f337-\U0001f37c\U0001f37e-\U0001f393\U0001f3a0-\U0001f3ca"
    "\U0001f3e0-\U0001f3f0\U0001f3f8-\U0001f43e\U0001f442-\U0001f4fc\U0001f5fb-\U0001f64f\U0001f680-\U0001f6c5"
    "\U0001f90c-\U0001f93a\U0001f947-\U0001f9ff\U0001fa70-\U0001faff\U00020000-\U0002fffd"
)
_COMMON_ZERO: Final = "\u0300-\u036f\u200b-\u200f\ufe00-\ufe0f"


@cache
def _common_runs() -> re.Pattern[str]:
    """Return the pattern for runs: narrow, wide, without width; or one character that is none of the common ones."""
    return re.compile(f"([{_COMMON_NARROW}]+)|([{_COMMON_WIDE}]+)|([{_COMMON_ZERO}]+)|(.)", re.DOTALL)


@cache
def _all_runs() -> re.Pattern[str]:
    """Return the same for any character, by the whole table; the last group has those that are never drawn."""
    others = [parse_ranges(text) for text in (width_table.WIDE, width_table.ZERO, width_table.UNPRINTABLE)]
    narrow = complement([pair for ranges in others for pair in ranges])
    return re.compile("|".join(f"([{character_class(ranges)}]+)" for ranges in (narrow, *others)))


@cache
def _not_common() -> re.Pattern[str]:
    """Return the pattern for one character that is neither a common one of one or two columns, nor CR, LF or ESC."""
    return re.compile(f"[^\r\n\x1b{_COMMON_NARROW}{_COMMON_WIDE}]")


@cache
def _common_wide() -> re.Pattern[str]:
    return re.compile(f"[{_COMMON_WIDE}]+")


def with_tails(text: str, tail: str) -> str | None:
    """Return `text` with `tail` behind each character of two columns; None if that is not easily told.

    CR, LF and ESC stay as they are; any other control, and what joins the character before it, is not told.
    """
    if _not_common().search(text) is not None:
        return None
    return _common_wide().sub(lambda run: tail.join(run[0]) + tail, text)


def width_runs(text: str) -> list[tuple[str, str, str, str]]:
    """Cut `text` into runs of the same width.

    Each is a tuple that is empty but for one place: (narrow, wide, without width, never drawn).
    """
    runs: list[tuple[str, str, str, str]] = _common_runs().findall(text)
    for run in runs:
        if run[3]:
            return _all_runs().findall(text)
    return runs


@cache
def _table() -> tuple[list[int], list[int]]:
    """Return the starts of all ranges, in order, and the width from each start on."""
    starts = {0: 1}
    for width, text in ((-1, width_table.UNPRINTABLE), (0, width_table.ZERO), (2, width_table.WIDE)):
        for item in text.split():
            first, _, last = item.partition("-")
            starts[int(first, 16)] = width
            starts.setdefault(int(last or first, 16) + 1, 1)
    order = sorted(starts)
    return order, [starts[start] for start in order]


class _Widths(dict[str, int]):
    """Widths met so far; bounded."""

    def __missing__(self, char: str) -> int:
        starts, widths = _table()
        width = widths[bisect_right(starts, ord(char)) - 1]
        if len(self) >= _CACHE_LIMIT:
            self.clear()
        self[char] = width
        return width


_widths: Final = _Widths()  # a pure function's memory, not state


def char_width(char: str) -> int:
    """Return the columns of one code point: 1, 2, 0 (joins the character before it) or -1 (never drawn)."""
    return _widths[char]


def text_width(text: str) -> int:
    """Return the columns that `text` takes when printed; characters that are never drawn take none."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(max(0, _widths[char]) for char in text)
