"""How much of what scrolls off the screen a server keeps: as the options and variables say it."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from mosh_common.errors import UsageError

MOST: Final = 1 << 30  # lines or octets; what is more is a mistake
_NUMBER: Final = re.compile(r"([0-9]{1,10})([kM]?)")
_TIMES: Final = {"": 1, "k": 1 << 10, "M": 1 << 20}


class Limits(NamedTuple):
    """How much history is kept: whichever is reached first."""

    lines: int = 100_000
    octets: int = 16 << 20  # of text and renditions


DEFAULT_LIMITS: Final = Limits()


def parse_limits(text: str) -> Limits:
    """Return what `LINES[,OCTETS]` says, where k and M mean 1024 and 1024². Raises UsageError."""
    words = text.split(",")
    numbers = [_NUMBER.fullmatch(word) for word in words]
    values = [int(match[1]) * _TIMES[match[2]] for match in numbers if match is not None]
    if len(words) > 2 or len(values) < len(words) or max(values) > MOST:
        raise UsageError(f"Bad history ({text[:40]}): expected LINES or LINES,OCTETS, each up to {MOST}.")
    return Limits(*values)
