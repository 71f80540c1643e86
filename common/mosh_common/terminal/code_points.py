"""Sets of code points, written as in Unicode's tables ("20-7E A0"), as character classes that `re` is quick with.

What a class holds of the BMP is looked up in constant time, and first; what it holds beyond is compared range by range.
So text is matched by the class of what it is expected to hold. In a negated class each character of the BMP that is not
excluded would be compared with all the ranges beyond it, which takes a hundred times as long.
"""

from __future__ import annotations

import sys
from typing import Final

Ranges = list[tuple[int, int]]  # of code points, both ends included

_BEYOND_BMP: Final = 0x10000


def parse_ranges(text: str) -> Ranges:
    """Return what `text` stands for: hexadecimal numbers and pairs of them, separated by blanks."""
    items = [item.partition("-") for item in text.split()]
    return [(int(first, 16), int(last or first, 16)) for first, _, last in items]


def complement(ranges: Ranges) -> Ranges:
    """Return all other code points; no range of these goes across the end of the BMP."""
    gaps, start = [], 0
    end = sys.maxunicode + 1
    for first, last in sorted([*ranges, (_BEYOND_BMP, _BEYOND_BMP - 1), (end, end)]):
        if start < first:
            gaps.append((start, first - 1))
        start = max(start, last + 1)
    return gaps


def character_class(ranges: Ranges) -> str:
    """Return the inside of a pattern's brackets; beyond the BMP the longest ranges come first, as they are met most."""
    ordered = sorted(ranges, key=lambda ends: (ends[0] >= _BEYOND_BMP, ends[0] - ends[1]))
    return "".join(rf"\U{first:08x}-\U{last:08x}" for first, last in ordered)
