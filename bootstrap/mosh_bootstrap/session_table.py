"""Sessions as lines to read: a table, and the rows of a choice. Pure; a width is in columns of the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from mosh_bootstrap.session_answer import Session
from mosh_common.terminal.width import char_width

_INDENT: Final = " " * 8  # of what stands below a session's first line
_SILENT_S: Final = 60  # a client that was not heard for longer may be gone


def table(sessions: Iterable[Session], *, width: int) -> list[str]:
    """Return a heading and, for each, a line and what is below it."""
    rows = [("ID", "NAME", "SIZE", "STATE"), *[_row(session) for session in sessions]]
    below: list[list[str]] = [[], *[_details(session) for session in sessions]]
    return [line for head, more in zip(_aligned(rows), below, strict=True) for line in _fitted(head, more, width)]


def choice(sessions: Iterable[Session], *, width: int) -> list[str]:
    """Return, for each, a line that begins with its number from 1 on, and the last line of its screen."""
    sessions = list(sessions)
    rows = [(f"{number})", *_row(session)) for number, session in enumerate(sessions, 1)]
    below = [[session.line or session.title or session.command] for session in sessions]
    return [line for head, more in zip(_aligned(rows), below, strict=True) for line in _fitted(head, more, width)]


def fit(text: str, width: int) -> str:
    """Return as much of a text as so many columns hold."""
    used = 0
    for at, char in enumerate(text):
        used += max(char_width(char), 0)
        if used > width:
            return text[:at]
    return text


def duration(seconds: int) -> str:
    """Return how long that is, in whole ones of its largest unit."""
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def _row(session: Session) -> tuple[str, ...]:
    size = f"{session.columns}x{session.lines}" if session.columns and session.lines else "-"
    return (str(session.id), session.name or "-", size, _state(session))


def _state(session: Session) -> str:
    since = "" if session.since is None else f" for {duration(session.since)}"
    if session.state == "attached":
        silent = session.heard is not None and session.heard >= _SILENT_S
        heard = f", silent for {duration(session.heard or 0)}" if silent else ""
        return f"attached{since}{f' from {session.peer}' if session.peer else ''}{heard}"
    if session.state == "detached":
        return f"detached{since}{f', was at {session.peer}' if session.peer else ''}"
    return {
        "new": "waits for its first client",
        "stuck": "does not answer",
        "old": "of an older mosh-server; cannot be attached to",
    }[session.state]


def _details(session: Session) -> list[str]:
    """Return what is run in the session, and where."""
    what = session.command
    if session.title and session.title != what:
        what = f"{what}: {session.title}" if what else session.title
    lines = [f"{what} in {session.folder}" if what and session.folder else what or session.folder]
    if session.programs:
        lines.append("runs " + ", ".join(session.programs))
    return [line for line in lines if line]


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the rows with their columns, of ASCII all but the last, below each other."""
    widths = [max([len(cell) for cell in column]) for column in list(zip(*rows, strict=True))[:-1]]
    return [
        "  ".join([*[cell.ljust(width) for cell, width in zip(row, widths, strict=False)], row[-1]]) for row in rows
    ]


def _fitted(head: str, below: Sequence[str], width: int) -> list[str]:
    return [fit(line, width) for line in (head, *[_INDENT + line for line in below])]
