"""Reading history: pages of lines, and searches that can be put down and taken up again.

What is read is what there was when the screen was last looked at, so that no line is told that the screen of that
moment still shows. Changes nothing.
"""

from __future__ import annotations

from typing import Final

from mosh_common.terminal.cells import octets_of
from mosh_common.terminal.history.encoding import decode_line, words_of
from mosh_common.terminal.history.history import History
from mosh_common.terminal.history.line import Extent, Found, Line, Position, may_stand_in_line, part, plain_text
from mosh_common.terminal.history.shelf import Chunk
from mosh_common.terminal.history.unparsed import Unparsed
from mosh_common.terminal.plain_text import without_sequences

_LINE_OCTETS: Final = 8  # what a line counts beside its text, so that blank ones count too
# What a search costs, in units of work: each for so many characters.
_LOOK_CHARACTERS: Final = 400  # that are looked at as they are
_LAY_CHARACTERS: Final = 16  # that are laid out
_CHUNK_UNITS: Final = 10


NOTHING: Final = Found(None, None)


class Reading:
    """A history as of the last look at the screen."""

    __slots__ = ("_history",)

    def __init__(self, history: History) -> None:
        self._history = history

    @property
    def extent(self) -> Extent:
        """What there was."""
        return self._history.shown

    def lines(self, start: Position, most: int, octets: int) -> tuple[Position, list[Line], bool]:
        """Return (where they really begin, up to `most` lines from `start` on, whether the last of them is whole).

        Of about `octets` of text, at least one line if there is one. What `start` says may be gone.
        """
        first, end = max(self.extent.first, self._history.extent.first), self.extent.end
        start = max(start, Position(first))
        result: list[Line] = []
        line = start.line
        while Position(line, start.column if line == start.line else 0) < end and len(result) < most and octets > 0:
            piece = self._history.piece_at(line)
            if piece is None:
                break
            for encoded in piece.lines[line - piece.first :]:
                if line > end.line or (line == end.line and not end.column) or len(result) == most or octets <= 0:
                    break
                found = decode_line(encoded, piece.styles)
                if line == end.line or (line == start.line and start.column):
                    found = part(
                        found, start.column if line == start.line else 0, end.column if line == end.line else None
                    )
                result.append(found)
                octets -= octets_of(encoded) + _LINE_OCTETS
                line += 1
        return start, result, line <= end.line or not result

    def search(self, text: str, line: int, backwards: bool, units: int) -> Found:
        """Look for the nearest line that has `text`, from `line` on, itself too, or in those before it if `backwards`.

        Without capitals in `text`, in any case. Goes on until it has cost about `units` of work.
        """
        extent = self.extent
        first = max(extent.first, self._history.extent.first)
        last = extent.end.line if extent.end.column else extent.end.line - 1
        if not text or last < first or not may_stand_in_line(text):
            return NOTHING
        line = min(line - 1, last) if backwards else max(line, first)
        wanted = Wanted(text)
        while first <= line <= last:
            if units <= 0:
                return Found(None, line + backwards)
            chunk = self._history.chunk_at(line)
            cost = self._cost_of_refusing(chunk)
            if chunk is not None and not wanted.may_be_in(chunk):
                units -= cost
                line = chunk.first - 1 if backwards else chunk.first + chunk.count
                continue
            before = self._history.laying.characters
            piece = self._history.piece_at(line)
            if piece is None:
                break
            # SECURITY: lines may be a small part of what a program wrote to draw them.
            # Test: test_a_portion_of_a_search_lays_out_a_bounded_amount.
            laid = max(self._history.laying.characters - before, sum(map(len, piece.lines)))
            units -= cost + laid // _LAY_CHARACTERS
            begin, stop = (first, line + 1) if backwards else (line, last + 1)
            numbers = range(max(begin, piece.first), min(stop, piece.first + len(piece.lines)))
            for number in reversed(numbers) if backwards else numbers:
                encoded = piece.lines[number - piece.first]
                if number == extent.end.line:
                    encoded = plain_text(part(decode_line(encoded, piece.styles), 0, extent.end.column))
                if wanted.is_in(words_of(encoded)):
                    return Found(number, None)
            line = piece.first - 1 if backwards else piece.first + len(piece.lines)
        return NOTHING

    @staticmethod
    def _cost_of_refusing(chunk: Chunk | None) -> int:
        return _CHUNK_UNITS + (0 if chunk is None else chunk.octets // _LOOK_CHARACTERS)


class Wanted:
    """A text that is looked for."""

    __slots__ = ("_any_case", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._any_case = text == text.lower()

    def is_in(self, text: str) -> bool:
        """Return whether it is in `text`."""
        return self._text in (text.lower() if self._any_case else text)

    def may_be_in(self, chunk: Chunk) -> bool:
        """Return whether it may be in one of the lines: False where that can be told without laying them out."""
        text = chunk.text
        if not isinstance(chunk, Unparsed):
            return self.is_in(words_of(text))
        text = text.replace("\r\n", "\n").replace("\x07", "")
        if not chunk.plain or "\r" in text or (" " in self._text and ("\t" in text or "\x1b" in text)):
            return True
        return self.is_in(without_sequences(text) if "\x1b" in text else text)
