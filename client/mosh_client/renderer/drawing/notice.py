"""The bar over row 0: what it says and when that changes (docs/prediction.md, "Notices").

Knows the facts of the link and the time, not how they were learnt. Laying bars over a screen is here too, as
that is what a notice is; drawing is the compositor's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mosh_client.ipc.messages import Link, Notice
from mosh_common.silence import CONNECTING_SHOWN_MS, SILENCE_SHOWN_MS, UNANSWERED_SHOWN_MS
from mosh_common.terminal.cells import BOLD, NO_CLUSTERS, Row, Snapshot, Style
from mosh_common.terminal.width import char_width

PASSING_NOTICE_MS: Final = 1000  # time to read a notice that nobody takes away; upstream's users know this length
LEAVING: Final = "Exiting on user request..."
DETACHING: Final = "Detaching..."
CANNOT_DETACH: Final = "this server keeps no session for later, so there is no detaching from it."
_SECOND_MS: Final = 1000
_COARSE_AFTER_MS: Final = 60_000  # from a minute on the clock is shown …
_COARSE_STEP_MS: Final = 3000  # … every three seconds: enough for the eye, and the machine may sleep

_WHITE: Final = 7
_BLUE: Final = 4
BAR_STYLE: Final = Style(fg=_WHITE, bg=_BLUE, flags=BOLD)


class NoticeBoard:
    """The facts behind the bar."""

    def __init__(self, *, quit_hint: str, now: int) -> None:
        self._quit_hint = quit_hint
        self._started = now
        self._link: Link | None = None
        self._notice = ""  # the network process's sentence
        self._notice_until: int | None = None  # when it goes by itself
        self._help = ""  # the escape key's, while its next key is awaited
        self._leaving = ""  # the user asked to, and so

    def set_link(self, link: Link) -> None:
        """Take newer facts of the connection."""
        self._link = link

    def set_notice(self, notice: Notice, *, now: int) -> None:
        """Take a sentence of the network process, or take the last one away."""
        self._notice = notice.text
        self._notice_until = None if notice.lasting else now + PASSING_NOTICE_MS

    def set_help(self, text: str) -> None:
        """Show the escape key's commands; "" when its next key has come."""
        self._help = text

    def set_leaving(self, text: str, *, hint: str) -> None:
        """Say how the user asked to leave; `hint` tells how to do so if that hangs."""
        self._leaving = text
        self._quit_hint = hint

    def text(self, *, now: int) -> str:
        """Return what the bar says now; "" = no bar."""
        if self._help:
            return self._help
        contact = self._contact(now=now)
        notice = self._current_notice(now=now)
        if self._leaving and not notice:
            notice = self._leaving  # the network process has not said it yet; perhaps it never will
        if notice:
            hint = self._quit_hint if contact or self._leaving else ""
            return f"mosh: {notice}{f' ({contact[0].lower()}{contact[1:]})' if contact else ''}{hint}"
        return f"mosh: {contact}{self._quit_hint}" if contact else ""

    def next_deadline(self, *, now: int) -> int | None:
        """Return when `text` may change although nothing is told; None = never. Changes nothing."""
        deadlines: list[int] = []
        if self._notice and self._notice_until is not None and self._notice_until > now:
            deadlines.append(self._notice_until)
        link = self._link
        if link is None or link.last_heard is None:
            if now < self._started + CONNECTING_SHOWN_MS:
                deadlines.append(self._started + CONNECTING_SHOWN_MS)
        elif link.last_acknowledged is None or now - link.last_heard >= SILENCE_SHOWN_MS:
            deadlines.append(_next_change(link.last_heard, SILENCE_SHOWN_MS, now=now))
        else:
            deadlines.append(link.last_heard + SILENCE_SHOWN_MS)
            deadlines.append(_next_change(link.last_acknowledged, UNANSWERED_SHOWN_MS, now=now))
        return min(deadlines, default=None)

    def _current_notice(self, *, now: int) -> str:
        if self._notice_until is not None and now >= self._notice_until:
            return ""
        return self._notice

    def _contact(self, *, now: int) -> str:
        link = self._link
        if link is None:
            return ""
        if link.last_heard is None:
            if now - self._started < CONNECTING_SHOWN_MS:
                return ""
            return f"Nothing received from server on UDP port {link.port}."
        if now - link.last_heard >= SILENCE_SHOWN_MS:
            return f"Last contact {_ago(now - link.last_heard)} ago."
        if link.last_acknowledged is not None and now - link.last_acknowledged >= UNANSWERED_SHOWN_MS:
            return f"Last reply {_ago(now - link.last_acknowledged)} ago."
        return ""


def lay_bars(screen: Snapshot, texts: Sequence[str]) -> Snapshot:
    """Return `screen` with a bar for each of `texts` over its first rows, cut to the width and the height.

    The cursor is not shown on them.
    """
    columns = screen.columns
    texts = texts[: screen.lines]
    try:
        letter = screen.palette.letter(BAR_STYLE)
    except OverflowError:  # a full palette: then the bars are plain
        letter = "\x00"
    bars: list[Row] = []
    for text in texts:
        shown = "".join([char if _is_narrow(char) else "?" for char in text[:columns]]).ljust(columns)
        bars.append((shown, letter * columns, False, NO_CLUSTERS))
    modes = screen.modes
    if screen.cursor_row < len(bars):
        modes = modes._replace(cursor_visible=False)
    return screen._replace(rows=(*bars, *screen.rows[len(bars) :]), modes=modes)


def _is_narrow(char: str) -> bool:
    # By our own table of widths: Python's is another with each version.
    return " " <= char <= "~" or (char_width(char) == 1 and char.isprintable())


def _next_change(since: int, after: int, *, now: int) -> int:
    """Return when the age of `since`, which is shown from `after` on, will next look different."""
    age = now - since
    if age < after:
        return since + after
    step = _SECOND_MS if age < _COARSE_AFTER_MS else _COARSE_STEP_MS
    return since + (age // step + 1) * step


def _ago(duration_ms: int) -> str:
    seconds = duration_ms // _SECOND_MS
    if duration_ms >= _COARSE_AFTER_MS:
        seconds -= seconds % (_COARSE_STEP_MS // _SECOND_MS)
    if seconds < 60:
        return f"{seconds} seconds"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes}:{seconds:02d}"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"
