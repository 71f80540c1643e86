"""Where in the text the user is: the place of the top row, and moves that wait for lines to come.

A move by rows over lines that have not come yet counts a row for each; it is made anew from where it began as they
come, until all that is to be seen is here. So a page up is a page up, however long the lines turn out to be.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from mosh_client.renderer.pager.document import Document, LaidRow
from mosh_common.terminal.history.line import Position

_FARTHEST: Final = 4  # windows: a longer move over what has not come yet is not made anew, as that takes time


class _Walk(NamedTuple):
    place: Position
    moved: int  # rows, negative upwards
    sure: bool  # everything on the way is here


class Viewport:
    """A window of `height` rows on a document."""

    def __init__(self, document: Document, *, height: int) -> None:
        self._document = document
        self.height = height
        self._from = document.screen_top
        self._move = 0  # rows from there

    def scroll(self, count: int) -> None:
        """Move so many rows down, or up if negative."""
        self.rows()  # a move that came before ends at the edge
        self._move += count

    def go(self, place: Position, *, above: int = 0) -> None:
        """Show the row of that place, under so many others."""
        self._from, self._move = place, -above

    def go_to_end(self) -> None:
        """Show the last rows."""
        self.go(self._end(), above=max(self.height - 1, 0))

    @property
    def at_end(self) -> bool:
        """Whether all that scrolled away is above the window."""
        shown = self.rows()
        return not shown or shown[0].place >= self._document.screen_top or shown[-1].place == self._end()

    def rows(self) -> list[LaidRow]:
        """Return the rows in the window; fewer only if there are no more."""
        shown = self._rows_from(self._settle())
        if len(shown) < self.height:
            self.go_to_end()
            shown = self._rows_from(self._settle())
        if self._move and shown and (_all_here(shown) or abs(self._move) > _FARTHEST * self.height):
            self._from, self._move = shown[0].place, 0
        return shown

    def offset(self, place: Position, count: int) -> Position:
        """Return the beginning of the row so many rows below (or above) that of `place`."""
        return self._walk(place, count).place

    def _settle(self) -> Position:
        """Return the place of the top row; what is sure of the move to there is done for good."""
        document = self._document
        if not document.is_there(self._from.line):
            self._from = Position(document.first) if self._from.line < document.first else self._end()
        if not self._move:
            return self._from  # as it is, also where no row begins there at this width
        walk = self._walk(self._from, self._move)
        if walk.sure:
            self._from, self._move = walk.place, 0
        else:
            self._move = walk.moved
        return walk.place

    def _rows_from(self, place: Position) -> list[LaidRow]:
        index, laid = self._document.row_at(place)
        shown = laid[index : index + self.height]
        number = place.line
        while len(shown) < self.height and number < self._document.last:
            number += 1
            shown += self._document.rows(number)[: self.height - len(shown)]
        return shown

    def _end(self) -> Position:
        return self._document.rows(self._document.last)[-1].place

    def _walk(self, place: Position, count: int) -> _Walk:
        """Go from the row of `place` so many rows down or up, as far as there are any."""
        document = self._document
        number = place.line
        index, laid = document.row_at(place)
        index += count
        sure = _all_here(laid)
        while index >= len(laid):
            if not document.is_there(number + 1):
                return _Walk(laid[-1].place, count - (index - len(laid) + 1), sure)
            index -= len(laid)
            number += 1
            laid = document.rows(number)
            sure = sure and _all_here(laid)
        while index < 0:
            if not document.is_there(number - 1):
                return _Walk(laid[0].place, count - index, sure)
            number -= 1
            laid = document.rows(number)
            sure = sure and _all_here(laid)
            index += len(laid)
        return _Walk(laid[index].place, count, sure)


def _all_here(laid: list[LaidRow]) -> bool:
    return all(each.row is not None for each in laid)
