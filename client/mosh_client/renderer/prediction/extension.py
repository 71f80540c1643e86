"""What the prediction engine does beyond upstream's rules; each can be left out, to measure what it brings."""

from __future__ import annotations

import enum
from typing import Final


class Extension(enum.Enum):
    """What the engine does beyond the common rules (docs/prediction.md, "What experience allows")."""

    EARLY_CREDIT = enum.auto()  # a typed character that is seen needs no echo ack to prove its epoch
    REBASE = enum.auto()  # keys under way are guessed anew once the unforeseeable before them is seen
    PROMPT_TRUST = enum.auto()  # known prompts and lines that echo are shown without waiting
    WIDE_CHARACTERS = enum.auto()  # they are as foreseeable as others
    WRAP = enum.auto()  # at a known prompt a line goes on in the next row, for which the screen may scroll
    COMMAND_LINE = enum.auto()  # a key that opens a line elsewhere proves that what is typed is shown there
    LINE_KEYS = enum.auto()  # Home, End, Ctrl-A/E/U/K/W, word keys, Delete


# "Each can be left out (`Extension`)"
ALL_EXTENSIONS: Final = frozenset(Extension)
