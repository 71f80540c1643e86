"""Which of the keys under way does a frame show already?

The echo ack lags behind the screen by 50 ms and more, so a frame may show more keys than it acknowledges. Before
guessing anew from the server's cursor, look how far what stands left of it agrees with what was typed.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from mosh_client.renderer.prediction.guesses import BLANK, is_wide, text_at
from mosh_client.renderer.prediction.keys import Key, KeyKind
from mosh_client.renderer.prediction.row import pane
from mosh_common.terminal.cells import WIDE_TAIL, Snapshot

# "one character may agree by chance, two prove that typing is shown here": once in thousands of times they do not.
PROOF_CHARACTERS: Final = 2

# Enough to be sure; more may have scrolled or wrapped away.
COMPARED_CHARACTERS: Final = 12


class Alignment(NamedTuple):
    """How many of the keys under way are on the screen."""

    seen: int
    columns: int | None  # that their text takes, left of the cursor; None: unknown
    proven: bool = False  # enough agrees to prove that typing echoes here
    doubtful: bool = False  # something agrees, but may do so by chance


def align(screen: Snapshot, keys: list[Key], *, acknowledged: int) -> Alignment:
    """Return the longest beginning of `keys` whose text stands left of the cursor.

    The first `acknowledged` of them have taken effect for sure, though maybe another one. Behind a key that moves or
    edits otherwise, only what was typed after it is compared.
    """
    best = Alignment(acknowledged, None if acknowledged else 0)
    typed: list[str] = []
    moved = False
    # "how much of it the frame shows already is found by comparing the text"
    for count, key in enumerate(keys, start=1):
        if key.kind is KeyKind.TEXT:
            typed.append(key.text)
        elif key.kind is KeyKind.BACKSPACE and typed:
            typed.pop()
        else:
            typed.clear()
            moved = True
        if count < acknowledged:
            continue
        columns = _columns_shown(screen, typed)
        score = sum(1 for text in typed[-COMPARED_CHARACTERS:] if text != BLANK)
        if columns and score:
            proven = score >= PROOF_CHARACTERS
            best = Alignment(count, None if moved else columns, proven, not proven)
    return best


def opens_line(screen: Snapshot, before: Snapshot, keys: list[Key], *, expected: list[tuple[int, int]]) -> bool:
    """Whether `keys` have opened a line that was not there in the frame before: it holds them and nothing else.

    `expected` is where the cursor would be after each of them if they were text where it was.
    """
    # "opened a row that begins with it (`/` and `:` of pagers and editors)"
    row, column = screen.cursor_row, screen.cursor_column
    left, _ = pane(screen, row, column)
    count = column - left
    if not 0 < count <= len(expected) or expected[count - 1] == (row, column):
        return False
    shown = [text_at(screen.rows[row], at) for at in range(left, column)]
    if shown == [text_at(before.rows[row], at) for at in range(left, column)]:
        return False
    return shown == [key.text for key in keys[:count] if key.kind is KeyKind.TEXT]


def _columns_shown(screen: Snapshot, typed: list[str]) -> int:
    """Return the columns that `typed` takes if its end stands left of the cursor, else 0."""
    row = screen.rows[screen.cursor_row]
    at = screen.cursor_column
    for text in reversed(typed[-COMPARED_CHARACTERS:]):
        if at > 0 and is_wide(text) and row[0][at - 1] == WIDE_TAIL:
            at -= 1
        at -= 1
        if at < 0 or text_at(row, at) != text:
            return 0
    return sum(2 if is_wide(text) else 1 for text in typed)
