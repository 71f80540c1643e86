"""The list of sessions as people read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mosh_server.door.listing import ATTACHED, DETACHED, NEW, OLD, STUCK, Listed

_UNITS: Final = ((86_400, "d"), (3600, "h"), (60, "min"))


def table(sessions: Sequence[Listed]) -> str:
    """Return a line for each session below a heading, and its title below that."""
    if not sessions:
        return "There are no sessions.\n"
    rows = [("ID", "NAME", "SIZE", "STATE", "RUNS")]
    rows += [(str(each.id), each.name or "-", _size(each), _state(each), _runs(each)) for each in sessions]
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]]
    lines = []
    for row, session in zip(rows, (None, *sessions), strict=True):
        cells = [text.ljust(width) for text, width in zip(row, widths, strict=False)]
        lines.append("  ".join([*cells, row[-1]]).rstrip())
        if session is not None and session.title:
            lines.append(f"{' ' * widths[0]}  {session.title}")
    return "".join(f"{line}\n" for line in lines)


def duration(seconds: int) -> str:
    """Return it in the largest unit that is not 0."""
    for length, unit in _UNITS:
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def _size(session: Listed) -> str:
    return f"{session.columns}×{session.lines}" if session.columns else "-"


def _state(session: Listed) -> str:
    since = "" if session.since is None else f" for {duration(session.since)}"
    return {
        ATTACHED: f"attached from {session.origin}{since}",
        DETACHED: f"detached{since}{f', was at {session.origin}' if session.origin else ''}",
        NEW: f"no client yet{since}",
        STUCK: "does not answer",
        OLD: "of an old server",
    }[session.state]


def _runs(session: Listed) -> str:
    others = f" ({', '.join(session.programs)})" if session.programs else ""
    place = f" in {session.folder}" if session.folder else ""
    return f"{session.command}{others}{place}"
