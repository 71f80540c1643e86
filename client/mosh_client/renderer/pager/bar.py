"""The pager's bar, the last row: where the user is in the text, what is awaited, what keys do.

Pure: facts in, a text as wide as the screen out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from mosh_common.terminal.cells import NO_CLUSTERS, WIDE_TAIL, Row
from mosh_common.terminal.width import char_width

READING_KEYS: Final = "q leaves | / ? find | v selects"
FINDING_KEYS: Final = "n N next | q leaves"
MARKING_KEYS: Final = "arrows move | v starts here | Esc"
SELECTING_KEYS: Final = "arrows move | y copies | Esc"
_NEEDED: Final = (MARKING_KEYS, SELECTING_KEYS)  # what is begun must be seen to its end: they come before the place


class Whereabouts(NamedTuple):
    """Where the user is; lines as users count them, from 1."""

    top: int
    bottom: int
    total: int
    gone: int  # so many lines at the beginning are no longer kept
    waiting: bool  # something that is to be seen has not come yet


def bar_text(where: Whereabouts, *, columns: int, message: str, keys: str) -> str:
    """Return the longest form that fits: the message, or the place and the keys."""
    forms = [f" {message}"] if message else []
    forms += [form for form in _forms(where, keys, columns) if not message]
    return next((form for form in forms if len(form) <= columns), forms[-1][:columns])


def text_row(text: str, *, columns: int, letter: str) -> Row:
    """Return a row of one style that shows `text`, cut to the width."""
    shown = ""
    for char in text:
        width = char_width(char)
        if width < 1 or not char.isprintable():
            char, width = "?", 1
        if len(shown) + width > columns:
            break
        shown += char + WIDE_TAIL * (width - 1)
    return (shown.ljust(columns), letter * columns, False, NO_CLUSTERS)


def _forms(where: Whereabouts, keys: str, columns: int) -> Iterator[str]:
    """Yield the place with ever less beside it."""
    percent = 100 if where.bottom >= where.total else where.bottom * 100 // max(where.total, 1)
    share = f"{percent}%"
    place = f"lines {where.top:,}-{where.bottom:,} of {where.total:,} ({share})"
    gone = f"{where.gone:,} lines dropped before" if where.gone else ""
    waiting = "waiting…" if where.waiting else ""
    for parts in ((place, waiting, gone), (place, waiting), (place,)):
        left = " " + " | ".join(filter(None, parts))
        if len(left) + len(keys) + 3 <= columns:
            yield f"{left}{keys:>{columns - len(left) - 1}} "
        if keys in _NEEDED and len(keys) + len(share) + 3 <= columns:
            yield f" {share}{keys:>{columns - len(share) - 2}} "
        yield left
    yield f" {where.top:,}/{where.total:,}"
    yield share
