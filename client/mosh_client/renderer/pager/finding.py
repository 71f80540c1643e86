"""Where a text stands in a line: the columns to mark.

Without capitals it is found in any case, as the server finds it.
"""

from __future__ import annotations

from mosh_common.terminal.cells import CLUSTER, WIDE_TAIL
from mosh_common.terminal.history.line import Line, plain_text


class Needle:
    """What is looked for. No regular expression: those of other Pythons take other letters for the same."""

    __slots__ = ("_any_case", "_text")

    def __init__(self, text: str) -> None:
        self._any_case = text == text.lower()
        self._text = _lowered(text) if self._any_case else text

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return where it stands in `text`, from the left, none within another."""
        if self._any_case:
            text = _lowered(text)
        found: list[tuple[int, int]] = []
        start = text.find(self._text) if self._text else -1
        while start >= 0:
            found.append((start, start + len(self._text)))
            start = text.find(self._text, found[-1][1])
        return found


def found_in(line: Line, needle: Needle) -> list[tuple[int, int]]:
    """Return the ranges of columns where it stands, in order."""
    plain = plain_text(line)
    spans = needle.spans(plain)
    if not spans or len(plain) == len(line.text):
        return spans
    columns: list[int] = []  # of each character of the plain text
    graphemes = iter(line.graphemes)
    for column, char in enumerate(line.text):
        if char != WIDE_TAIL:
            columns += [column] * (len(next(graphemes)) if char == CLUSTER else 1)
    columns.append(len(line.text))
    found: list[tuple[int, int]] = []
    for first, last in spans:
        start, end = columns[first], columns[last]
        if columns[last - 1] == end:  # within a cluster: all of it
            end += 1
        while line.text[end : end + 1] == WIDE_TAIL:
            end += 1
        found.append((start, end))
    return found


def _lowered(text: str) -> str:
    """Return `text` in lower case, character by character, so that places stay the same."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join([small if len(small := char.lower()) == 1 else char for char in text])
    return lowered
