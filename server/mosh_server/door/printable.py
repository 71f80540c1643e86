"""What of a stranger's text a terminal may be given. SECURITY: test_printable."""

from __future__ import annotations

import re
from typing import Final

# C0, DEL and C1; what turns the direction of text round, also that of its neighbours; line and paragraph separators.
_UNFIT: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
_NO_TEXT: Final = re.compile("[\ud800-\udfff]")  # octets that were no UTF-8


def printable(text: str, longest: int | None = None) -> str:
    """Return `text` without what does not belong on a terminal, cut to `longest` characters."""
    if not text.isprintable():
        text = _NO_TEXT.sub("\ufffd", _UNFIT.sub("", text))
    return text[:longest]
