"""What is painted over unseen is not drawn.

Programs that draw their own screen send pieces: CUP, then short texts with SGR between them. When they send many
screens at once, all but the last layer of it is hidden before anybody looks. `paint` finds, from the last piece
backwards, those of whose cells none will be left; only their renditions count, where what follows depends on them. The
result is exactly what drawing everything gives; a test holds the two against each other.
"""

from __future__ import annotations

import re
from typing import Final

from mosh_common.terminal.screen.skipping import Skipping

LAYERS: Final = 32  # a block of fewer octets than this times the screen's cells hides too little to be worth a look

# A piece is a CUP and what follows it up to the next: texts with SGR between them. What is unusual in one ends a block,
# and is no fault.
_CUP: Final = re.compile("\x1b\\[([0-9]{1,4};[0-9]{1,4})H")
_SGR: Final = re.compile("\x1b\\[[0-9;]*m")
# The first character that no piece has. Searched for, not matched up to, as in skipping.py.
_END_OF_BLOCK: Final = re.compile("[^ -~](?!(?<=\x1b)\\[(?:[0-9;]{0,64}m|[0-9]{1,4};[0-9]{1,4}H))")
_RESETS: Final = ("\x1b[0m", "\x1b[0;")  # how SGR begins that does not depend on what was before

Piece = tuple[str, str]  # position, renditions and texts


class Overpainting(Skipping):
    """Blocks of positioned texts."""

    def __init__(self, columns: int, lines: int) -> None:
        super().__init__(columns, lines)
        self._places: dict[str, tuple[int, int]] = {}  # (row, column) by what CUP says; for `_places_of` only
        self._places_of = (0, 0)  # columns, lines

    def find_pieces(self, text: str) -> tuple[int, int]:
        """Return the indices of `text` between which its first block of pieces is, if worth `paint`; else (0, 0)."""
        least = LAYERS * self.columns * self.lines
        start = text.find("\x1b[") if len(text) >= least else -1
        while start >= 0:
            first = _CUP.match(text, start)
            if first is not None:
                second = _CUP.search(text, first.end())
                styled = text[first.end() : second.start() if second is not None else len(text)]
                if "\x1b" not in styled or len(_SGR.sub("", styled)) > self.columns:
                    return 0, 0  # without renditions drawing costs no more than looking; what wraps must be drawn
                other = _END_OF_BLOCK.search(text, first.end())
                end = other.start() if other is not None else len(text)
                return (start, end) if end - start >= least else (0, 0)
            start = text.find("\x1b[", start + 2, start + 256)  # what a read begins with may be anything, but is short
        return 0, 0

    def paint(self, block: str) -> None:
        """Draw `block`, as `find_pieces` found it."""
        parts = _CUP.split(block)
        pieces = list(zip(parts[1::2], parts[2::2], strict=True))
        hidden_from = len(pieces)
        kept: list[tuple[bool, Piece]] = []
        if self._simple:
            texts = _CUP.split(_SGR.sub("", block))[2::2]  # all at once, which is cheaper than piece by piece
            hidden_from, kept = self._kept(pieces, list(map(len, texts)))
        for piece in pieces[:hidden_from]:
            self._draw(*self._place(piece[0]), piece)
        for seen, piece in reversed(kept):
            if seen:
                self._draw(*self._places[piece[0]], piece)
                continue
            for sequence in _SGR.findall(piece[1]):
                self.rendition = self.rendition.follow(sequence[2:-1])

    @property
    def _simple(self) -> bool:
        """Whether a text in single columns changes the cells under it, and nothing else."""
        return (
            self.plain_printing
            and not self.rules.origin_mode
            and all(cells.isascii() and not clusters for cells, _, _, clusters in self.rows)
        )

    def _kept(self, pieces: list[Piece], lengths: list[int]) -> tuple[int, list[tuple[bool, Piece]]]:
        """Return how many pieces must be drawn whatever follows; of the rest, backwards, those that have an effect.

        `lengths`: of their texts, in columns. With each, whether it is drawn; else it only changes the rendition of
        what follows.
        """
        columns, lines = self.columns, self.lines
        if self._places_of != (columns, lines) or len(self._places) > LAYERS * columns * lines:
            self._places = {}
            self._places_of = (columns, lines)
        places = self._places
        painted = bytearray(columns * lines)
        brush = b"\x01" * columns
        kept: list[tuple[bool, Piece]] = []
        seen = True  # the last piece is drawn in any case: it leaves the cursor behind
        rendition_matters = True  # what it is before the pieces that were looked at
        index = len(pieces)
        for piece, length in zip(reversed(pieces), reversed(lengths), strict=True):
            position, styled = piece
            try:
                row, column = places[position]
            except KeyError:
                row, column = places[position] = self._place(position)
            end = column + length
            if end > columns:
                break  # it wraps, and may scroll: what comes before must be there
            index -= 1
            start = row * columns + column
            if painted.find(0, start, start + length) >= 0:
                painted[start : start + length] = brush[:length]
                seen = True
            if seen:
                kept.append((True, piece))
                seen = False
                rendition_matters = not styled.startswith(_RESETS)
            elif rendition_matters and len(styled) != length:
                kept.append((False, piece))
                rendition_matters = not styled.startswith(_RESETS)
        return index, kept

    def _place(self, position: str) -> tuple[int, int]:
        """Return the 0-based row and column that CUP's parameters mean."""
        line, _, column = position.partition(";")
        return min(max(int(line), 1), self.lines) - 1, min(max(int(column), 1), self.columns) - 1

    def _draw(self, row: int, column: int, piece: Piece) -> None:
        """Draw one piece."""
        text, *parts = piece[1].split("\x1b[")
        self.print_at(row, column, text)
        for part in parts:
            parameters, _, text = part.partition("m")
            self.print_styled(parameters, None, text)
