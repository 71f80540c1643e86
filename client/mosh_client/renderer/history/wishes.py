"""What to ask the server's history for: the newest wish stands, and each replaces the one before.

Pure. Pages are asked for in the order in which they are needed, and not again while the wish that stands brings them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from mosh_client.ipc.messages import HistoryFound, HistoryPage, SearchHistory, WantHistory
from mosh_client.renderer.history.cache import HistoryCache
from mosh_common.terminal.history.line import LONGEST_SEARCH, PAGE_LINES

NOTHING: Final = -1  # what a search gave: there is no such line


class Wishes:
    """The wish that stands, and its answers on their way into the cache."""

    def __init__(self, cache: HistoryCache, *, serials: Iterator[int]) -> None:
        """`serials`: the next of which each wish gets; shared by all of a renderer that wish something."""
        self._cache = cache
        self._serials = serials
        self._standing: WantHistory | SearchHistory | None = None
        self._answered = False  # by a page at least, which may still grow
        self._needs: tuple[range, ...] = ()  # the newest, and …
        self._asked: set[tuple[int, int]] = set()  # … what was asked for them already: line and column

    @property
    def searching(self) -> bool:
        """Whether a search is out."""
        return isinstance(self._standing, SearchHistory)

    def receive_page(self, page: HistoryPage) -> None:
        """Take a page, of whichever wish: lines are numbered for good."""
        standing = self._standing
        if isinstance(standing, WantHistory) and page.serial == standing.serial:
            self._answered = True
            if page.line > standing.line:
                self._cache.set_gone(page.line)
        self._cache.receive_page(page)

    def receive_found(self, found: HistoryFound) -> int | None:
        """Return the line where a search that is still out found its text, or NOTHING; None: it is no longer asked."""
        if not self.searching or self._standing is None or found.serial != self._standing.serial:
            return None
        self._standing = None
        return NOTHING if found.line is None else found.line

    def page_wanted(self, needs: Iterable[range]) -> WantHistory | None:
        """Return what to ask for, of ranges of lines in order of need; None: nothing, or that is asked already.

        Pages are asked for once a search that is out has been answered.
        """
        if self.searching:
            return None
        needs = tuple(needs)
        if needs != self._needs:
            self._needs = needs
            self._asked.clear()
        for lines in needs:
            for number in lines:
                missing = self._cache.lacks(number)
                # Asked for twice is what the cache has no room for beside what is looked at.
                if missing is not None and missing not in self._asked:
                    return self._want(missing.line, missing.column, min(lines.stop - number, PAGE_LINES))
        return None

    def search(self, text: str, *, line: int, backwards: bool) -> SearchHistory:
        """Return the search for `text` from that line on, or before it; its answer replaces that of all before."""
        self._asked.clear()  # what was not answered yet will not be
        self._standing = wish = SearchHistory(next(self._serials), max(line, 0), backwards, text[:LONGEST_SEARCH])
        return wish

    def start_over(self) -> None:
        """Say that somebody else may have wished something since: whatever is needed is to be asked for again."""
        self._standing = None
        self._asked.clear()

    def stop_searching(self) -> None:
        """Forget a search that is out."""
        if self.searching:
            self._standing = None

    def _want(self, line: int, column: int, lines: int) -> WantHistory | None:
        standing = self._standing
        if isinstance(standing, WantHistory):
            if (standing.line, standing.column) == (line, column) and standing.lines >= lines:
                return None  # it stands, and its answer grows
            if not self._answered and standing.line <= line < standing.line + standing.lines:
                return None  # it is on its way
        self._answered = False
        self._asked.add((line, column))
        self._standing = wish = WantHistory(next(self._serials), line, column, lines)
        return wish
