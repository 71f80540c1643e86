"""What the client wants of the history, as a synchronised object: the newest wish takes the place of the one before it.

A message of protobuf (docs/wire.md §8, "History"). Both roles in one value. Knows nothing of who wishes, or of numbers
of states.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from mosh_common.errors import PeerError
from mosh_common.terminal.history.line import LONGEST_LINE, LONGEST_SEARCH, PAGE_LINES, Position
from mosh_common.wire import protobuf
from mosh_common.wire.protobuf import Field, Kind, Schema

LARGEST: Final = (1 << 63) - 1  # of serials and lines

_SERIAL, _LINE, _COLUMN, _LINES, _TEXT, _BACKWARDS = range(1, 7)
_WISH: Final = Schema(
    Field("serial", _SERIAL, Kind.UINT64),
    Field("line", _LINE, Kind.UINT64),
    Field("column", _COLUMN, Kind.UINT32),
    Field("lines", _LINES, Kind.UINT32),
    Field("text", _TEXT, Kind.BYTES),
    Field("backwards", _BACKWARDS, Kind.UINT32),
    limit=64,
)


class Wish(NamedTuple):
    """Lines from `start` on, or, with a `text`, the nearest line that has it. Serial 0: nothing was wished yet."""

    serial: int = 0  # rises with each wish
    start: Position = Position(0)  # a search begins in that line, itself too; `backwards` in the one before it
    lines: int = 0  # at most so many
    text: str | None = None
    backwards: bool = False  # the nearest one is looked for in the lines before, not in those after

    # --- The client's side --------------------------------------------------------------------------------------

    def diff_from(self, known: Wish) -> bytes:
        """See LocalState: the whole wish."""
        if self == known:
            return b""
        message: protobuf.Message = {_SERIAL: self.serial, _LINE: self.start.line}
        if self.text is None:
            message |= {_COLUMN: self.start.column, _LINES: self.lines}
        else:
            message |= {_TEXT: self.text.encode("utf-8", "replace"), _BACKWARDS: int(self.backwards)}
        return protobuf.encode(_WISH, message)

    def looks_like(self, other: Wish) -> bool:
        """See LocalState."""
        return self == other

    def within_reach(self, _known: Wish) -> Wish:
        """See LocalState: it is short."""
        return self

    # --- The server's side --------------------------------------------------------------------------------------

    def apply(self, diff: bytes) -> Wish:
        """Return the wish that a diff brings. Raises PeerError."""
        said = protobuf.decode(_WISH, diff).get
        serial, line, column = said(_SERIAL, 0), said(_LINE, 0), said(_COLUMN, 0)
        # SECURITY: what is looked for, and how much, is bounded. Test: test_a_wish_out_of_bounds_is_refused.
        if not 1 <= serial <= LARGEST or line > LARGEST or column > LONGEST_LINE:
            raise PeerError(f"wish {serial} for line {line}, column {column}; columns to {LONGEST_LINE} expected")
        octets = said(_TEXT)
        if octets is None:
            lines = said(_LINES, 0)
            if not 1 <= lines <= PAGE_LINES:
                raise PeerError(f"a wish for {lines} lines, 1 to {PAGE_LINES} expected")
            return Wish(serial, Position(line, column), lines)
        text = octets[: 4 * LONGEST_SEARCH + 1].decode("utf-8", "replace")
        if not 1 <= len(text) <= LONGEST_SEARCH:
            raise PeerError(f"a search for {len(text)} characters, 1 to {LONGEST_SEARCH} expected")
        return Wish(serial, Position(line), text=text, backwards=bool(said(_BACKWARDS, 0)))

    @property
    def weight(self) -> int:
        """See RemoteState."""
        return 4 * LONGEST_SEARCH

    # --- Both ---------------------------------------------------------------------------------------------------

    def trimmed(self, _known: Wish) -> Wish:
        """Return this wish."""
        return self


NO_WISH: Final = Wish()
