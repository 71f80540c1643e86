"""Text in, calls of a screen's methods out: subclass of pyte's `Stream`, which it replaces inside.

What it adds to the parser: text is executed in slices, until the work that is allowed is exhausted; and what nobody can
see, because it scrolls away or is painted over in the same text, is left to the screen to account for. Works with
pyte's own Screen too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from mosh_common.terminal.parser.calls import Calls
from mosh_common.terminal.parser.parser import Parser
from mosh_common.terminal.parser.sequences import EVERYTHING, Vocabulary
from mosh_common.terminal.plain_text import plain_end
from mosh_common.terminal.pyte_loading import load_pyte
from mosh_common.terminal.work import Work, cost_of

load_pyte()

import pyte  # noqa: E402  # found loaded, without what it would import

MIN_LINES_TO_SKIP: Final = 8  # fewer line feeds in one block are not worth the look
SLICE: Final = 4096  # characters that are cut into sequences at once, where they are cheap
COSTLY_SLICE: Final = 1024  # where they may cost a few microseconds each
MIN_TO_OVERPAINT: Final = 8192  # characters; fewer in one read paint little over what they painted

# C1 controls that came as UTF-8 do nothing, wherever they stand: they are text in a wrong encoding, of which an
# executed string introducer would swallow the rest. (As xterm; alone, as octets, they are malformed UTF-8.)
_C1: Final = re.compile("[\x80-\x9f]+")


class Stream(pyte.Stream):
    """Parses text and drives the attached screen."""

    def __init__(
        self, screen: Any = None, strict: bool = True, *, skipping: bool = True, vocabulary: Vocabulary = EVERYTHING
    ) -> None:
        self._vocabulary = vocabulary
        self._skipping = skipping
        self._skip: Callable[..., int] | None = None  # the screen's `skip_unseen`, where there is one
        self._lead: Callable[[str], int]  # and its `lead`
        # The same for `find_pieces` and `paint`.
        self._find_pieces: Callable[[str], tuple[int, int]] | None = None
        self._paint: Callable[[str], Any]
        self._work = Work()  # the screen's
        self.calls: Calls
        self.parser: Parser
        super().__init__(screen, strict)

    def attach(self, screen: Any) -> None:
        """Bind to the methods of `screen`, at ground state. With `strict`, TypeError if it lacks one of pyte's events.

        Without pyte's own `attach`: that makes pyte's parser, through private methods that only some versions have.
        """
        if self.strict:
            for event in self.events:
                if not hasattr(screen, event):
                    raise TypeError(f"{screen} is missing {event}")
        self.listener = screen
        self._work = getattr(screen, "work", None) or self._work
        self.calls = Calls(screen, self._vocabulary)
        self.parser = Parser(self.calls, self._work)
        if self._skipping and hasattr(screen, "skip_unseen"):  # pyte's has no such thing
            self._skip, self._lead = screen.skip_unseen, screen.lead
            self._find_pieces, self._paint = screen.find_pieces, screen.paint
        else:
            self._skip = self._find_pieces = None

    def reset_parser(self) -> None:
        """Forget what is not complete."""
        self.parser.reset()

    @property
    def skipped(self) -> int:
        """How many sequences, strings and controls the vocabulary lacked."""
        return self.calls.skipped

    def feed(self, data: str) -> None:
        """Execute `data`; sequences may be cut anywhere between calls."""
        self._work.begin(None)
        self.execute(data)

    def execute(self, data: str) -> str:
        """Execute `data` until the screen's work is exhausted; return what is left of it, to be executed next.

        Raises RuntimeError where no screen is attached, as pyte's streams do.
        """
        if self.listener is None:
            raise RuntimeError("Listener is not set")
        if not data.isascii() and _C1.search(data):
            data = _C1.sub("", data)
        data = self.parser.resume(data)
        if self._skip is not None and data.count("\n") > MIN_LINES_TO_SKIP:
            return self._run_skipping(data, self._skip)
        if self._find_pieces is not None and len(data) >= MIN_TO_OVERPAINT:
            return self._run_overpainting(data, self._find_pieces)
        return self._run_slices(data)

    def skip(self, data: str) -> str:
        """Account for the front of `data`, which is plain, with the parser at ground; return the rest."""
        if self._skip is None:
            return data
        lead = self._lead(data)
        if lead:
            left = self._run_slices(data[:lead])
            if left:
                return left + data[lead:]
        return data[self._skip(data, lead) :]

    @property
    def at_ground(self) -> bool:
        """Whether no sequence or string is unfinished."""
        return self.parser.at_ground

    def _run_skipping(self, data: str, skip: Callable[..., int]) -> str:
        """Execute `data`, but do not draw lines that scroll away unseen; return what is left."""
        done = position = 0
        while position < len(data):
            # Blocks are looked for from the start of a line on, where a sequence hardly ever is in the middle.
            end = plain_end(data, position)
            if data.count("\n", position, end) > MIN_LINES_TO_SKIP:
                left = self._run_slices(data[done:position])
                if left or self._work.exhausted:
                    return left + data[position:]
                done = position
                if not self.at_ground:
                    # The block belongs to a sequence or string that begins before it.
                    return self._run_slices(self.parser.resume(data[done:]))
                lead = self._lead(data[position:end])
                if lead:
                    left = self._run_slices(data[position : position + lead])
                    if left:
                        return left + data[position + lead :]
                    done = position = position + lead
                done += skip(data[position:end])
            position = data.find("\n", end) + 1
            if not position:
                break
        return self._run_slices(data[done:])

    def _run_overpainting(self, data: str, find_pieces: Callable[[str], tuple[int, int]]) -> str:
        """Execute `data`, but do not draw what is painted over unseen; return what is left."""
        while data:
            start, end = find_pieces(data)
            if end == start:
                break
            if start:
                left = self._run_slices(data[:start])
                if left or self._work.exhausted:
                    return left + data[start:]
            if not self.at_ground:
                self.parser.abandon()
            self._work.done += cost_of(data[start:end])
            self._paint(data[start:end])
            data = data[end:]
            if self._work.exhausted:
                return data
        return self._run_slices(data)

    def _run_slices(self, data: str) -> str:
        """Execute `data` from ground state, or after `resume`, in slices; return what is left."""
        work = self._work
        position = 0
        while position < len(data):
            piece = data[position : position + SLICE]
            cost = cost_of(piece)
            if cost > len(piece) // 2 and len(piece) > COSTLY_SLICE:
                piece = piece[:COSTLY_SLICE]
                cost = cost_of(piece)
            work.done += cost
            if position:
                position += len(piece)
                piece = self.parser.resume(piece)
            else:
                position = len(piece)
            left = self.parser.run(piece)
            if left or work.exhausted:
                return left + data[position:]
        return ""
