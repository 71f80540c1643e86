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

UNICODE_VERSION: Final = width_table.UNICODE_VERSION
_CACHE_LIMIT: Final = 8192  # code points; more than any text uses, and bounded against hostile output

# Common characters whose width needs no look-up, so that runs of them are found at C speed. Not complete: what is
# missing goes through `char_width`. The tests hold both classes against the table.
_NARROW_CLASS: Final = (
    " -~\u00a0-\u02ff\u0370-\u0377\u0384-\u038a\u038e-\u03a1\u03a3-\u0482\u048a-\u052f\u05d0-\u05ea\u1e00-\u1eff"
    "\u2010-\u2027\u2030-\u205e\u20a0-\u20c0\u2100-\u218b\u2190-\u2319\u2400-\u2426\u2440-\u244a\u2460-\u25fc"
    "\u2800-\u28ff\ue000-\uf8ff\ufffd"
)
_WIDE_CLASS: Final = (
    "\u3000-\u3029\u3041-\u3096\u30a0-\u30ff\u3131-\u318e\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
    "\uff01-\uff60\uffe0-\uffe6\U0001f300-\U0001f320\U0001f600-\U0001f64f\U00020000-\U0002fffd"
)


@cache
def run_pattern() -> re.Pattern[str]:
    """Return the pattern that cuts text into (narrow run, wide run, single other character)."""
    return re.compile(f"([{_NARROW_CLASS}]+)|([{_WIDE_CLASS}]+)|(.)", re.DOTALL)


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
