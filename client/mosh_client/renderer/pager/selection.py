"""What is selected, from one column of the text to another, and the text that copying it gives."""

from __future__ import annotations

from binascii import b2a_base64
from typing import Final, NamedTuple

from mosh_client.renderer.pager.document import Document, slice_of
from mosh_common.terminal.history.line import LONGEST_LINE, Position, plain_text
from mosh_common.terminal.payloads import LONGEST_CLIPBOARD

LONGEST_COPY_OCTETS: Final = LONGEST_CLIPBOARD // 4 * 3  # in base64 as much as a terminal is given


class Selection(NamedTuple):
    """All between two cells, both of them included; or all of their lines."""

    anchor: Position
    head: Position
    whole_lines: bool = False

    @property
    def bounds(self) -> tuple[Position, Position]:
        """The first cell, and the last."""
        first, last = min(self.anchor, self.head), max(self.anchor, self.head)
        if self.whole_lines:
            return Position(first.line, 0), Position(last.line, LONGEST_LINE * 2)
        return first, last

    @property
    def lines(self) -> range:
        """The lines of which something is selected."""
        first, last = self.bounds
        return range(first.line, last.line + 1)

    def columns(self, number: int) -> tuple[int, int]:
        """Return which columns of a line are selected: the first, and the one after the last."""
        first, last = self.bounds
        if number not in self.lines:
            return (0, 0)
        return (
            first.column if number == first.line else 0,
            last.column + 1 if number == last.line else LONGEST_LINE * 2,
        )


class Copied(NamedTuple):
    """What copying a selection gives."""

    text: str = ""
    missing: bool = False  # lines of it have not come yet
    too_long: bool = False


def copied(selection: Selection, document: Document) -> Copied:
    """Return the text of a selection: a line for each line, however it was wrapped, without blanks at its end."""
    if len(selection.lines) > LONGEST_COPY_OCTETS:
        return Copied(too_long=True)  # line ends alone are
    pieces: list[str] = []
    octets, missing = 0, False
    for number in selection.lines:
        line = document.line(number)
        if line is None or document.lacks(number):
            missing = True
        if line is None:
            continue
        start, end = selection.columns(number)
        piece = plain_text(slice_of(line, start, end)).rstrip(" ") if start < end else ""
        pieces.append(piece)
        octets += len(piece.encode(errors="replace")) + 1
        if octets > LONGEST_COPY_OCTETS + 1:
            return Copied(too_long=True)
    return Copied("\n".join(pieces), missing)


def clipboard_of(text: str) -> str:
    """Return "selection;base64" as terminals take it in OSC 52."""
    # SECURITY: base64 of at most as much as the server may set. Test: test_what_is_copied_is_bounded.
    return "c;" + b2a_base64(text.encode(errors="replace"), newline=False).decode()
