"""A session's history as it goes through its door: a page a visit, so that none holds up the session for long."""

from __future__ import annotations

from typing import Final, Protocol

from mosh_common.terminal.cells import DEFAULT_STYLE, Style
from mosh_common.terminal.history.line import PAGE_LINES, Extent, Line, Position
from mosh_server.door.protocol import STYLES_LIMIT, AskHistory, History

PAGE_OCTETS: Final = 64 << 10  # of text and renditions, about: some milliseconds' work where it was not laid out yet


class Kept(Protocol):
    """What scrolled off a session's screen."""

    @property
    def extent(self) -> Extent:
        """What there is."""

    def lines(self, start: Position, most: int, octets: int) -> tuple[Position, list[Line], bool]:
        """Return where the lines from `start` on begin, up to `most` of them, and whether the last is whole."""


def page_of(kept: Kept, question: AskHistory) -> History:
    """Return the lines from where the question says on, as many as a page has."""
    start, lines, whole = kept.lines(Position(question.line, question.column), PAGE_LINES, PAGE_OCTETS)
    places: dict[Style, int] = {DEFAULT_STYLE: 0}
    after = start.line + len(lines)
    end = kept.extent.end
    return History(
        line=start.line,
        lines=tuple((line.text, _runs(line, places) if question.styles else (), line.graphemes) for line in lines),
        styles=tuple(tuple(style[:5]) for style in places) if question.styles else (),
        next=after if lines and whole and Position(after) < end else None,
        end=end.line + (end.column > 0),
    )


def _runs(line: Line, places: dict[Style, int]) -> tuple[tuple[int, int], ...]:
    """Return the line's runs with the places of their styles, of which new ones get one as long as there is room."""
    return tuple(
        (columns, places.setdefault(style, len(places)) if len(places) < STYLES_LIMIT else places.get(style, 0))
        for columns, style in ((columns, style._replace(link="")) for columns, style in line.runs)
    )
