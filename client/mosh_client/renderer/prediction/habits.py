"""What experience allows to be shown without waiting for a confirmation: known prompts, and habits of the programs.

Security: a prompt for a password must show nothing, so a prompt is trusted only after echo was seen behind one of its
shape, and never if it looks like a question. Knows no screen and no time.
"""

from __future__ import annotations

import enum
import re
from typing import Final


class Habit(enum.Enum):
    """A kind of guess that programs differ in; one that was wrong is not shown until it was right again."""

    SHIFT = enum.auto()  # text right of the cursor makes room
    SHIFT_OTHER_STYLE = enum.auto()  # the same, of text in another style than the typed
    BACKSPACE = enum.auto()
    MOVE = enum.auto()  # left, right
    HOME = enum.auto()
    END = enum.auto()
    LINE_START = enum.auto()  # Ctrl-A: also the prefix key of screen
    KILL_TO_START = enum.auto()
    KILL_TO_END = enum.auto()
    KILL_WORD = enum.auto()  # Ctrl-W
    DELETE_WORD = enum.auto()  # ESC DEL, ESC d
    WORD_MOTION = enum.auto()
    DELETE = enum.auto()
    ACCEPT_SUGGESTION = enum.auto()
    WRAP = enum.auto()  # a character in the last column takes the cursor to the next row
    WIDE = enum.auto()
    AFTER_ENTER = enum.auto()  # a known prompt after CR echoes
    AFTER_COMPLETION = enum.auto()  # the line goes on after TAB
    AFTER_HISTORY = enum.auto()  # after up, down and the like
    AFTER_EDIT = enum.auto()  # after keys that edit or move about in it


# Of text that makes room for what is typed before it.
SHIFTS: Final = (Habit.SHIFT, Habit.SHIFT_OTHER_STYLE)

# "Ctrl-A, a prefix key elsewhere, not before it was right": keys that mean something quite different elsewhere.
_TO_BE_PROVED: Final = frozenset({Habit.LINE_START})

# "two characters were echoed behind one of its shape": one might be chance.
PROMPT_PROOF: Final = 2

# Shapes remembered; a user meets a few, output that looks like prompts may make many.
PROMPTS_LIMIT: Final = 64

# SECURITY: questions ask for secrets, and so do prompts with these words; prediction/test_prompts.py.
_QUESTION: Final = re.compile(r"[:?：？]\s*$|password|passphrase|passcode|\bpin\b", re.IGNORECASE)
_NAMES: Final = re.compile(r"[\w./~+-]+")


def prompt_shape(prompt: str) -> str | None:
    """Return what prompts of one kind have in common (names, paths and numbers stripped); None: never to be trusted."""
    # "never one that looks like a question"
    if not prompt.strip() or _QUESTION.search(prompt):
        return None
    # "(names, numbers and paths do not count)"
    return _NAMES.sub("a", prompt)


class Confidence:
    """Credit by habit and by shape of prompt."""

    def __init__(self) -> None:
        self._distrusted: set[Habit] = set(_TO_BE_PROVED)
        self._prompts: dict[str, int] = {}  # shape → echoed characters seen behind it since it was last wrong

    def trusts(self, habit: Habit | None) -> bool:
        """Whether a guess of that habit may be shown unconfirmed, inside a confirmed epoch."""
        return habit not in self._distrusted

    def right(self, habit: Habit | None) -> None:
        """A guess of that habit was confirmed."""
        # "is not shown after it was wrong, until it was right"
        if habit is not None:
            self._distrusted.discard(habit)

    def wrong(self, habit: Habit | None) -> None:
        """A guess of that habit was contradicted."""
        if habit is not None:
            self._distrusted.add(habit)

    def echoed(self, prompt: str) -> None:
        """A character was echoed behind that prompt."""
        shape = prompt_shape(prompt)
        if shape is not None:
            self._prompts[shape] = self._prompts.pop(shape, 0) + 1
            if len(self._prompts) > PROMPTS_LIMIT:
                del self._prompts[next(iter(self._prompts))]

    def not_echoed(self, prompt: str) -> None:
        """A shown guess behind that prompt was wrong."""
        # "and none failed to be"
        self._prompts.pop(prompt_shape(prompt) or "", None)

    def knows(self, prompt: str) -> bool:
        """Whether what is typed behind that prompt will be echoed, as far as experience goes."""
        # "two characters were echoed behind one of its shape"
        return self._prompts.get(prompt_shape(prompt) or "", 0) >= PROMPT_PROOF
