"""Which output is plain: text, CR, LF, HT, BEL, SGR, EL. What is plain may be put off, and need not be drawn when it
scrolls away unseen (screen/skipping.py).
"""

from __future__ import annotations

import re
from typing import Final

# Plain are text, BEL, HT, LF, CR,
_CONTROL: Final = "[\x00-\x06\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"  # any other
# SGR, EL, and the designation of ASCII that terminfo's sgr0 holds.
_PLAIN_SEQUENCE: Final = "\x1b(?:\\[(?:[0-9;:]{0,200}m|[012]?K)|\\(B)"

# The first control that is not plain, nor the ESC of a plain sequence, whose other characters are plain text. Searched
# for, not matched up to: that would want a possessive group (docs/adr/0030-patterns.md). Begins with one class, which
# `re` finds faster than anything else.
_FIRST_NOT_PLAIN: Final = re.compile(f"{_CONTROL}(?!(?<=\x1b){_PLAIN_SEQUENCE[1:]})")
# What may be the front of one of these sequences, cut by the end of a read.
_PLAIN_CUT: Final = re.compile("\x1b(?:\\[[0-9;:]{0,64}|\\()?")

# The same in two looks for whole reads, which come to a third of the cost: no octets but these and ESC; no ESC but …
_PLAIN_OCTETS: Final = bytes([7, 9, 10, 13, *range(0x20, 0x7F), *range(0x80, 0x100)])
_NOT_PLAIN: Final = re.compile(f"\x1b(?!{_PLAIN_SEQUENCE[1:]})")
_C1: Final = re.compile("[\x80-\x9f]")

_SEQUENCE: Final = re.compile(_PLAIN_SEQUENCE)


def plain_end(text: str, start: int) -> int:
    """Return where what is plain from `start` on ends. Linear in the characters up to there."""
    match = _FIRST_NOT_PLAIN.search(text, start)
    return len(text) if match is None else match.start()


def plain_length(data: bytes, text: str) -> int | None:
    """Return how much of `text` is plain, if that is all but the front of one sequence; else None.

    `text` is what `data` was decoded to, after what earlier reads left over.
    """
    others = data.translate(None, _PLAIN_OCTETS)
    if others and others.count(b"\x1b") != len(others):
        return None
    if not data.isascii() and (b"\xc2" in data or 0x80 <= data[0] <= 0x9F) and _C1.search(text):
        return None
    match = _NOT_PLAIN.search(text)
    if match is None:
        return len(text)
    return match.start() if _PLAIN_CUT.fullmatch(text, match.start()) else None


def without_sequences(text: str) -> str:
    """Return a plain text without its sequences."""
    return _SEQUENCE.sub("", text)
