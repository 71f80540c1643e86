"""Pieces of history: some lines each, which are read, searched and forgotten together."""

from __future__ import annotations

import json
from typing import Final, NamedTuple

from mosh_common.terminal.cells import DEFAULT_STYLE, Style

OVERHEAD_OCTETS: Final = 300  # of a chunk beside its text and styles: object, places in lists, what the allocator adds


class Piece(NamedTuple):
    """Lines that follow one another, as encoding.py keeps them, with the styles that they refer to."""

    first: int  # number of the first of them
    lines: list[str]
    styles: list[Style]


class Laid:
    """Lines that were drawn, or that somebody looked at."""

    __slots__ = ("_styles", "_text", "count", "first", "octets")

    def __init__(self, first: int, lines: list[str], styles: list[Style]) -> None:
        self.first = first
        self.count = len(lines)
        self._text = "\n".join(lines).encode()
        # As octets: a style is an object of 200, and there may be one for each cell.
        self._styles = (
            json.dumps(styles, separators=(",", ":"), ensure_ascii=False).encode() if len(styles) > 1 else b""
        )
        self.octets = len(self._text) + len(self._styles) + OVERHEAD_OCTETS

    @property
    def text(self) -> str:
        """The lines as encoding.py keeps them, with LF between them."""
        return self._text.decode()

    def piece(self) -> Piece:
        """Return the lines."""
        styles = [Style(*fields) for fields in json.loads(self._styles)] if self._styles else [DEFAULT_STYLE]
        return Piece(self.first, self.text.split("\n"), styles)
