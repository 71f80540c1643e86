"""What the terminal is like and can do: the questions, and its answers kept out of what the user types.

Pure: octets in, octets out, time is an argument. Asked are, in this order, the cursor's shape (DECRQSS) and the modes
that are to be left as they were, and whether there are synchronized updates (all DECRQM). Terminals of xterm's family
answer in order (DECRPSS, DECRPM) or skip what they do not know. No key sends such an answer, so they are taken out
whenever they come; what may be the beginning of one waits a moment for the rest.
"""

from __future__ import annotations

import re
from typing import Final

# Those that somebody may have on before a command starts, or have from the start: cursor keys, reverse video, wrapping,
# focus reports, alternate scroll, pastes.
MODES: Final = (1, 5, 7, 1004, 1007, 2004)
_SYNCHRONIZED: Final = 2026
SHAPE_QUESTION: Final = b"\x1bP$q q\x1b\\"
MODES_QUESTION: Final = b"".join([b"\x1b[?%d$p" % mode for mode in MODES])
SYNCHRONIZED_QUESTION: Final = b"\x1b[?%d$p" % _SYNCHRONIZED

_ANSWER: Final = re.compile(
    rb"\x1b\[\?(?P<mode>[0-9]{1,4});(?P<value>[0-4])\$y|\x1bP[01]\$r(?:(?P<shape>[0-6]) q|[^\x00-\x1f\x7f]{0,8})\x1b\\"
)
# A report of the cursor (CPR) is believed only while one is due: F3 with Shift sends the like of it.
_CURSOR_ANSWER: Final = re.compile(rb"\x1b\[(?P<row>[0-9]{1,5});[0-9]{1,5}R")
_CURSOR_BEGINNING: Final = re.compile(rb"\x1b(?:\[(?:[0-9]{1,5}(?:;[0-9]{0,5})?)?)?\Z")
_SET: Final = b"1"
_AVAILABLE: Final = (b"1", b"2")  # set and reset; 0: not known, 3 and 4: cannot be changed
_BEGINNING: Final = re.compile(
    rb"\x1b(?:\[(?:\?(?:[0-9]{1,4}(?:;(?:[0-4]\$?)?)?)?)?|P(?:[01](?:\$(?:r[^\x00-\x1f\x7f]{0,8}\x1b?)?)?)?)?\Z"
)
_CERTAIN: Final = re.compile(rb"\x1b(?:\[\?|P[01]\$)")  # begins no key; ESC alone is one, and so are ESC [ and ESC P

ANSWER_PATIENCE_MS: Final = 1000  # a terminal behind a slow ssh takes a round trip
HOLD_MS: Final = 100  # for the rest of an answer
HOLD_ESCAPE_MS: Final = 25  # for the rest of what may be a key: less than anybody notices


class TerminalAnswer:
    """Ask; afterwards every read of the terminal goes through `keys`."""

    def __init__(self) -> None:
        self._asked_at: int | None = None
        self._last = (
            0  # the mode that was asked for last: answers to what was asked before it came first, or never come
        )
        self._answered = True
        self._held = b""  # the end of the last read, which may be the beginning of an answer
        self._held_until = 0
        # What the terminal answered.
        self.synchronizes: bool | None = None  # None = nothing yet
        self.modes: dict[int, bool] = {}  # which of MODES were on; only those that it has
        self.cursor_shape: int | None = None  # DECSCUSR
        self._cursor_answers_due = 0
        self._cursor_asked_at = 0
        self._cursor_row: int | None = None

    def ask(self, *, now: int, state: bool = True, shape: bool = True, synchronized: bool = True) -> bytes:
        """Return what to write to the terminal; b"" when there is nothing to ask.

        `state`: what is to be left as it was, of which `shape` is for those terminals that take DECRQSS. After a stop,
        ask again: it may have changed. A terminal that has not answered is not asked again.
        """
        mute = self._asked_at is not None and not self._answered
        questions = b""
        if state and not mute:
            self.modes, self.cursor_shape = {}, None
            questions += (SHAPE_QUESTION if shape else b"") + MODES_QUESTION
            self._last = MODES[-1]
        if synchronized and self._asked_at is None:
            questions += SYNCHRONIZED_QUESTION
            self._last = _SYNCHRONIZED
        if questions:
            self._asked_at = now
            self._answered = False
        return questions

    def expect_cursor(self, *, now: int) -> None:
        """Say that the terminal was asked where its cursor is."""
        self._cursor_answers_due += 1
        self._cursor_asked_at = now

    def take_cursor_row(self) -> int | None:
        """Return, once, the row from 0 that answers the last question; None while that is not answered."""
        row, self._cursor_row = self._cursor_row, None
        return row

    @property
    def due(self) -> bool:
        """Whether an answer has not come yet, however long ago it was asked for."""
        return not self._answered or self._cursor_answers_due > 0

    def awaited(self, *, now: int) -> bool:
        """Return whether an answer may well be on its way."""
        if self._cursor_answers_due and now - self._cursor_asked_at < ANSWER_PATIENCE_MS:
            return True
        return not self._answered and self._asked_at is not None and now - self._asked_at < ANSWER_PATIENCE_MS

    def keys(self, data: bytes, *, now: int) -> bytes:
        """Return what of one read of the terminal are keys; "" reads give those whose time to wait is over."""
        if self._answered and not self._held and not self._cursor_answers_due:
            return data  # the common case at once
        if self._held and not data and now < self._held_until:
            return b""
        held, self._held = self._held, b""
        if not data:
            return held
        data = _ANSWER.sub(self._take, held + data)
        if self._cursor_answers_due:
            data = _CURSOR_ANSWER.sub(self._take_cursor, data)
        beginning = None if self._answered else _BEGINNING.search(data)
        if beginning is None and self._cursor_answers_due and now - self._cursor_asked_at < ANSWER_PATIENCE_MS:
            beginning = _CURSOR_BEGINNING.search(data)
        if beginning:
            certain = _CERTAIN.match(beginning.group()) is not None
            if certain or self.awaited(now=now):
                self._held = beginning.group()
                self._held_until = now + (HOLD_MS if certain else HOLD_ESCAPE_MS)
                return data[: beginning.start()]
        return data

    def next_deadline(self) -> int | None:
        """Return when to call `keys` with b""; None = never."""
        return self._held_until if self._held else None

    def _take(self, answer: re.Match[bytes]) -> bytes:
        """Believe an answer, if it is one to our questions; return what of it are keys."""
        if answer["mode"] is None:
            self.cursor_shape = int(answer["shape"]) if answer["shape"] else None
            return b""
        mode, value = int(answer["mode"]), answer["value"]
        if mode == _SYNCHRONIZED:
            self.synchronizes = value in _AVAILABLE
        elif mode not in MODES:
            return answer.group()  # nobody of us has asked
        elif value in _AVAILABLE:
            self.modes[mode] = value == _SET
        self._answered = self._answered or mode == self._last
        return b""

    def _take_cursor(self, answer: re.Match[bytes]) -> bytes:
        """Believe a report of the cursor, as long as one is due; return what of it are keys."""
        if not self._cursor_answers_due:
            return answer.group()
        self._cursor_answers_due -= 1
        if not self._cursor_answers_due:
            self._cursor_row = int(answer["row"]) - 1
        return b""
