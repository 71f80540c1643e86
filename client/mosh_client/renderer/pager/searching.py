"""A search: on the screen here, above it at the server, in the order in which one would read.

What is found is a line. A search that is out is given up when another begins or the user moves on.
"""

from __future__ import annotations

from collections.abc import Iterable

from mosh_client.ipc.messages import HistoryFound, SearchHistory
from mosh_client.renderer.history.wishes import Wishes
from mosh_client.renderer.pager.document import Document
from mosh_client.renderer.pager.finding import Needle, found_in


class Search:
    """What is looked for, which way, and where it was found last."""

    def __init__(self, document: Document, wishes: Wishes) -> None:
        self._document = document
        self._wishes = wishes
        self._text = ""
        self._backwards = False  # as it was begun
        self._heading_back = False  # as it goes now
        self.needle: Needle | None = None  # what to mark
        self.line: int | None = None  # where it was found last
        self.failed = ""  # a sentence, when it was found nowhere
        self.messages: list[SearchHistory] = []  # to be sent

    @property
    def out(self) -> bool:
        """Whether the server is being asked."""
        return self._wishes.searching

    @property
    def text(self) -> str:
        """What was looked for last."""
        return self._text

    def begin(self, text: str, *, backwards: bool, origin: range) -> int | None:
        """Look for `text` from the first of the lines in `origin` on, or from the last one back.

        Returns the line where it is, if that is known at once. So do all that follow.
        """
        self._text = text
        self._backwards = backwards
        self.needle = Needle(text)
        self.line = None
        return self._look(origin.stop if backwards else origin.start, backwards=backwards)

    def again(self, *, reverse: bool, origin: range) -> int | None:
        """Look for the next one, or with `reverse` the other way; from `origin` if the last one is not in it."""
        if self.needle is None and self._text:
            self.needle = Needle(self._text)
        if self.needle is None:
            self.failed = "Nothing was searched for yet: / and ? begin."
            return None
        backwards = self._backwards != reverse
        if self.line is None or self.line not in origin:
            return self._look(origin.stop if backwards else origin.start, backwards=backwards)
        return self._look(self.line if backwards else self.line + 1, backwards=backwards)

    def receive(self, found: HistoryFound) -> int | None:
        """Take what the server found."""
        line = self._wishes.receive_found(found)
        if line is None:
            return None
        # SECURITY: the server's word for it; only lines that there are can be shown.
        # Test: test_a_line_that_is_not_there_was_not_found.
        if self._document.is_there(line):
            return self._found(line)
        screen = self._document.screen_lines
        return self._found(None if self._heading_back else self._on_screen(screen))

    def give_up(self) -> None:
        """Ask the server no longer."""
        self._wishes.stop_searching()

    def unmark(self) -> None:
        """Forget where it was found, and mark it no longer; `again` goes on."""
        self.give_up()
        self.needle, self.line = None, None

    def _look(self, line: int, *, backwards: bool) -> int | None:
        self.give_up()
        self.failed = ""
        self._heading_back = backwards
        screen = self._document.screen_lines
        if backwards:
            here = self._on_screen(reversed(range(screen.start, min(line, screen.stop))))
            if here is not None:
                return self._found(here)
            line = min(line, screen.start + 1)  # what is left of it: a line that goes on at the top of the screen
        elif line > screen.start:
            return self._found(self._on_screen(range(line, screen.stop)))
        self.messages = [self._wishes.search(self._text, line=line, backwards=backwards)]
        return None

    def _on_screen(self, numbers: Iterable[int]) -> int | None:
        needle = self.needle
        for number in numbers:
            line = self._document.line(number)
            if line is not None and needle is not None and found_in(line, needle):
                return number
        return None

    def _found(self, line: int | None) -> int | None:
        if line is None:
            self.failed = f'"{self._text}" is not found {"above" if self._heading_back else "below"}.'
        else:
            self.line = line
        return line
