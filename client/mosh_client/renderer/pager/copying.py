"""Copying a selection to the terminal's clipboard, also when its lines have yet to come."""

from __future__ import annotations

from typing import Final

from mosh_client.renderer.pager.document import Document
from mosh_client.renderer.pager.selection import LONGEST_COPY_OCTETS, Selection, clipboard_of, copied

_NOTHING: Final = range(0)


class Copying:
    """One copy at a time. `refusal`: why the clipboard cannot be set, a sentence; "" = it can."""

    def __init__(self, document: Document, *, refusal: str) -> None:
        self._document = document
        self._refusal = refusal
        self._waiting: Selection | None = None  # for lines of it
        self._clipboard = ""  # to be set

    @property
    def waiting(self) -> bool:
        """Whether lines have yet to come."""
        return self._waiting is not None

    @property
    def lines(self) -> range:
        """Which lines are awaited."""
        return self._waiting.lines if self._waiting is not None else _NOTHING

    def begin(self, selection: Selection) -> str:
        """Copy; return what to tell the user."""
        if self._refusal:
            return self._refusal
        self._waiting = selection
        return self.go_on() or "Copying: waiting for lines…"

    def go_on(self) -> str:
        """Copy what waited, if it is there now; return what to tell the user, "" = nothing new."""
        selection = self._waiting
        if selection is None:
            return ""
        text, missing, too_long = copied(selection, self._document)
        if too_long:
            self._waiting = None
            return f"Not copied: a terminal's clipboard takes {LONGEST_COPY_OCTETS:,} characters at most."
        if missing:
            return ""
        self._waiting = None
        if not text:
            return "Not copied: nothing stands there."
        self._clipboard = clipboard_of(text)
        return f"Copied {len(text):,} character{'' if len(text) == 1 else 's'}."

    def give_up(self) -> None:
        """Wait no longer."""
        self._waiting = None

    def take(self) -> str:
        """Return and forget what the clipboard is to be set to, as "selection;base64"; "" = nothing."""
        clipboard, self._clipboard = self._clipboard, ""
        return clipboard
