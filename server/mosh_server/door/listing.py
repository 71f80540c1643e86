"""The user's sessions on this machine, with all that is known of each, fit to be printed (docs/door.md, "Answers")."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from mosh_server.door.asking import PATIENCE_S, ask_all
from mosh_server.door.printable import printable
from mosh_server.door.programs import Running, running
from mosh_server.door.protocol import AskFacts, Facts
from mosh_server.host.places import Place, old_places_of, places_of
from mosh_server.host.registry import Entry, is_name, living

SESSIONS_LIMIT: Final = 256  # that are listed
FOLDER_LIMIT: Final = 512  # characters
PROGRAM_LIMIT: Final = 64

ATTACHED: Final = "attached"
DETACHED: Final = "detached"
NEW: Final = "new"  # no client came yet
STUCK: Final = "stuck"  # alive, and does not answer
OLD: Final = "old"  # of a server of ours from before there were doors

_ORDER: Final = (DETACHED, NEW, ATTACHED, STUCK, OLD)  # of a choice


class Listed(NamedTuple):
    """One session. Its texts are printable; None, 0 and "" are what is not known."""

    id: int
    name: str | None
    state: str  # ATTACHED, DETACHED, NEW, STUCK or OLD
    age: int | None = None  # seconds since it began
    origin: str = ""  # the address of the client that is, or was last, attached
    since: int | None = None  # seconds since it was attached or detached
    heard: int | None = None  # seconds since the client was heard last
    columns: int = 0
    lines: int = 0
    command: str = ""
    title: str = ""
    folder: str | None = None
    programs: tuple[str, ...] | None = None
    line: str = ""  # the last one of its screen with text

    def members(self) -> dict[str, Any]:
        """Return it as LIST has it."""
        return {("from" if name == "origin" else name): value for name, value in self._asdict().items()}


class Sessions:
    """The places of one user, and who lives there."""

    def __init__(self, environ: Mapping[str, str], *, uid: int) -> None:
        """Look for those whose environment is `environ`."""
        self.places: Sequence[Place] = places_of(environ, uid=uid)
        self._old_places = old_places_of(environ, uid=uid)

    def entries(self) -> list[Entry]:
        """Return the servers that live and have a door."""
        return living(self.places)

    def old_entries(self) -> list[Entry]:
        """Return those that live and have none."""
        return living(self._old_places)

    def listed(self, *, patience_s: float = PATIENCE_S) -> list[Listed]:
        """Return all sessions, in the order of their numbers; takes no longer than the patience, and a little."""
        entries, old = self.entries()[:SESSIONS_LIMIT], self.old_entries()
        answers = ask_all(entries, AskFacts(), patience_s=patience_s)
        facts = {pid: answer for pid, answer in answers.items() if isinstance(answer, Facts)}
        runs = running({each.shell for each in facts.values() if each.shell})
        now = int(time.time())
        found = [
            _listed(entry, told, runs.get(told.shell, Running()), now=now)
            if (told := facts.get(entry.pid)) is not None
            else Listed(entry.pid, entry.name, STUCK)
            for entry in entries
            if entry.pid in facts or lives(entry)  # it may have ended meanwhile
        ]
        found += [Listed(entry.pid, None, OLD) for entry in old]
        return sorted(found, key=lambda each: each.id)[:SESSIONS_LIMIT]


def in_order_of_choice(sessions: Sequence[Listed]) -> list[Listed]:
    """Return the detached ones first, and of these the ones that were detached last."""
    return sorted(sessions, key=lambda each: (_ORDER.index(each.state), each.since or 0, each.id))


def lives(entry: Entry) -> bool:
    """Return whether the server still holds its lock."""
    return any(place.is_locked(str(entry.pid)) for place in entry.places)


def _listed(entry: Entry, facts: Facts, runs: Running, *, now: int) -> Listed:
    state = ATTACHED if facts.attached else DETACHED if facts.reached else NEW
    return Listed(
        id=entry.pid,
        name=facts.name if facts.name is not None and is_name(facts.name) else entry.name,
        state=state,
        age=max(now - facts.started, 0) if facts.started else None,
        origin=printable(facts.peer),
        since=facts.since,
        heard=facts.heard,
        columns=facts.columns,
        lines=facts.lines,
        command=printable(facts.command),
        title=printable(facts.title),
        folder=None if runs.folder is None else printable(os.fspath(runs.folder), FOLDER_LIMIT),
        programs=None if runs.programs is None else tuple(printable(name, PROGRAM_LIMIT) for name in runs.programs),
        line=printable(facts.line),
    )
