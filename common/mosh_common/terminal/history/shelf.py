"""The chunks of history, the oldest first, and how much of them there may be."""

from __future__ import annotations

from bisect import bisect_right
from operator import attrgetter
from typing import TypeAlias

from mosh_common.history_limits import Limits
from mosh_common.terminal.cells import Style
from mosh_common.terminal.history.chunks import Laid
from mosh_common.terminal.history.drawn import Drawn
from mosh_common.terminal.history.unparsed import Unparsed

Chunk: TypeAlias = Laid | Drawn | Unparsed


class Shelf:
    """Chunks, of which the oldest go when there are too many."""

    __slots__ = ("_chunks", "_limits", "first", "next", "octets")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._chunks: list[Chunk] = []
        self.octets = 0  # of all of them
        self.first = 0  # the oldest line that is kept
        self.next = 0  # number of the line that follows the last chunk

    def add_lines(self, lines: list[str], styles: list[Style]) -> None:
        """Add lines as encoding.py keeps them, if there are any."""
        if lines:
            self.add(Laid(self.next, lines, styles))

    def add(self, chunk: Chunk) -> None:
        """Add a chunk, whose first line is `next`, and forget the oldest, as far as they are beyond the limits."""
        chunks = self._chunks
        chunks.append(chunk)
        self.next += chunk.count
        self.octets += chunk.octets
        gone, oldest = 0, self.next - self._limits.lines
        # SECURITY: programs decide how much there is. Test: test_hostile_output_keeps_to_the_octets.
        while gone < len(chunks) and (
            self.octets > self._limits.octets or chunks[gone].first + chunks[gone].count <= oldest
        ):
            self.octets -= chunks[gone].octets
            gone += 1
        del chunks[:gone]
        self.first = max(self.first, oldest, chunks[0].first if chunks else self.next)

    def go_back(self, line: int) -> None:
        """Forget the chunks from the one on that begins with this line, whose number is used again."""
        while self._chunks and self._chunks[-1].first >= line:
            self.octets -= self._chunks.pop().octets
        self.next = line
        self.first = min(self.first, line)

    def clear(self, line: int) -> None:
        """Forget all; the next line has this number."""
        self._chunks.clear()
        self.octets = 0
        self.first = self.next = line

    def at(self, line: int) -> Chunk | None:
        """Return the chunk that has a line; None if none has it."""
        index = bisect_right(self._chunks, line, key=attrgetter("first")) - 1
        return self._chunks[index] if index >= 0 and line < self.next else None
