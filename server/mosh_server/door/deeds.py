"""What a visitor can have done with one of the user's sessions, by the number or name that somebody typed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

from mosh_common.errors import EnvironmentFailure, UsageError
from mosh_server.door.asking import ask, ask_all
from mosh_server.door.listing import DETACHED, STUCK, Listed, Sessions, in_order_of_choice, lives
from mosh_server.door.printable import printable
from mosh_server.door.programs import name_of
from mosh_server.door.protocol import (
    AskAttach,
    AskEnd,
    AskFacts,
    AskHistory,
    AskScreen,
    Attached,
    Ended,
    Facts,
    History,
    Question,
    Refused,
    Screen,
)
from mosh_server.host.registry import Claim, Entry, claim, holder_of, is_name

ONLY: Final = "--only"

# Exit codes, beside 1 for words that are wrong.
NO_SESSION: Final = 10
NO_ANSWER: Final = 12
WILL_NOT: Final = 13

PATIENCE_S: Final = 3.0  # with one session that is asked for something: longer than with many that are listed
NAME_PATIENCE_S: Final = 10.0  # with a server that has taken the name and does not answer yet: it may be starting
END_PATIENCE_S: Final = 2.0  # until a session that was ended is gone
_LOOK_S: Final = 0.02
_TRY_AGAIN: Final = "; try again in a moment"
_LONGEST_WHICH: Final = 80  # of what is repeated in a sentence
_OLD_SERVERS_NAME: Final = "mosh-server"

_Wanted = TypeVar("_Wanted", Attached, Ended, History, Screen)


class ChoiceNeeded(Exception):
    """Which session is meant has to be said; there are these."""

    def __init__(self, sessions: list[Listed]) -> None:
        super().__init__("which session is meant has to be said")
        self.sessions = sessions


class Deeds:
    """The sessions of one user on this machine. What cannot be done raises EnvironmentFailure, with an exit code.

    `which` is the number or the name of one, as somebody typed it. It may take PATIENCE_S to ask a session.
    """

    def __init__(self, environ: Mapping[str, str], *, uid: int) -> None:
        """Look for the sessions where a login with that environment has them."""
        self._sessions = Sessions(environ, uid=uid)

    def listed(self) -> list[Listed]:
        """Return them all."""
        return self._sessions.listed()

    def attach(self, which: str, asked: AskAttach) -> tuple[Entry, Attached]:
        """Have it wait for a client with a new key. For ONLY, the only detached one, it may raise ChoiceNeeded."""
        entry = self._found(self._only() if which == ONLY else which)
        return entry, _done(entry, asked, Attached)

    def screen(self, which: str, *, styles: bool) -> tuple[Entry, Screen]:
        """Return what it shows."""
        entry = self._found(which)
        return entry, _done(entry, AskScreen(styles), Screen)

    def history(self, which: str, *, styles: bool) -> Iterator[tuple[Entry, History]]:
        """Yield what has scrolled off it by now, page by page: each is asked for when it is wanted.

        A page that begins later than the one before goes on: what was between is gone meanwhile.
        """
        entry = self._found(which)
        line: int | None = 0
        end = 0
        while line is not None:
            page = _done(entry, AskHistory(line=line, styles=styles), History)
            # What a flood adds while this is read is not waited for: it may never end.
            end = end or page.end
            # SECURITY: a session cannot make this go on for ever: lines only come nearer to its end.
            follows = page.next is not None and page.next > line and (not end or page.next < end)
            line = page.next if follows else None
            yield entry, _up_to(end, page)._replace(next=line)

    def end(self, which: str) -> int:
        """End it, and wait until it is gone, END_PATIENCE_S at most; return its number."""
        old = self._old(which)
        if old is not None:
            _end_old(old)
            entry = old
        else:
            entry = self._found(which)
            _done(entry, AskEnd(), Ended, remedy=f"; `kill -9 {entry.pid}` on that machine ends it")
        deadline = time.monotonic() + END_PATIENCE_S
        while lives(entry) and time.monotonic() < deadline:
            time.sleep(_LOOK_S)
        return entry.pid

    def attach_to_name(self, name: str, asked: AskAttach) -> tuple[int, Attached] | None:
        """Have the session of that name wait for a client; return its number and answer; None when none answers now.

        Raises UsageError where that can be nobody's name, EnvironmentFailure where the session refuses.
        """
        if not is_name(name):
            raise UsageError(
                f"'{printable(name, _LONGEST_WHICH)}' cannot be a session's name: that is 1 to 64 of A-Z a-z 0-9 . _ -,"
                " does not begin with - and is not all digits."
            )
        pid = holder_of(self._sessions.places, name)
        entry = next((each for each in self._sessions.entries() if each.pid == pid), None)
        if entry is None:
            return None
        answer = ask(entry, asked)
        if isinstance(answer, Refused):
            raise _refusal(entry, answer)
        return (entry.pid, answer) if isinstance(answer, Attached) else None

    def claim_or_attach(self, name: str, asked: AskAttach) -> Claim | tuple[int, Attached]:
        """Take the name for a session of this process's, or attach to the one that has it, once it answers.

        Waits for that, NAME_PATIENCE_S at most. Raises as `attach_to_name`, and EnvironmentFailure where no name can be
        taken or nobody answers.
        """
        deadline = time.monotonic() + NAME_PATIENCE_S
        while True:
            try:
                taken = claim(self._sessions.places, name)
            except OSError as error:
                raise EnvironmentFailure(
                    f"No session can be named {name}: neither ~/.local/state nor XDG_RUNTIME_DIR is a directory of"
                    f" yours in which a file can be locked ({error.strerror}).",
                    exit_code=WILL_NOT,
                ) from error
            got = taken or self.attach_to_name(name, asked)
            if got is not None:
                return got
            if time.monotonic() >= deadline:
                raise _no_answer(name)
            time.sleep(_LOOK_S)

    # --- Which ----------------------------------------------------------------------------------------------------

    def _only(self) -> str:
        """Return the number of the only detached session."""
        listed = self._sessions.listed(patience_s=PATIENCE_S)
        # One that does not answer may be detached, too, and the one that is meant.
        possible = [each for each in listed if each.state in (DETACHED, STUCK)]
        if len(possible) == 1 and possible[0].state == DETACHED:
            return str(possible[0].id)
        if listed:
            raise ChoiceNeeded(in_order_of_choice(listed))
        raise EnvironmentFailure("There are no sessions.", exit_code=NO_SESSION)

    def _found(self, which: str) -> Entry:
        """Return the session with a door that is meant."""
        entries = self._sessions.entries()
        number = _number(which)
        found = [each for each in entries if number == each.pid or which == each.name]
        if not found and number is None and is_name(which):
            found = _named_by_themselves(entries, which)
        if found:
            return found[0]
        if self._old(which) is not None:
            raise EnvironmentFailure(
                f"Session {number} is of an older mosh-server, which cannot hand it over; go back to its client, or end"
                " it.",
                exit_code=WILL_NOT,
            )
        raise EnvironmentFailure(f"There is no session {printable(which, _LONGEST_WHICH)}.", exit_code=NO_SESSION)

    def _old(self, which: str) -> Entry | None:
        number = _number(which)
        return next((each for each in self._sessions.old_entries() if each.pid == number), None)


def _number(which: str) -> int | None:
    return int(which) if which.isascii() and which.isdigit() and len(which) <= 10 else None


def _named_by_themselves(entries: list[Entry], name: str) -> list[Entry]:
    """Ask those whose name is not in the places, e.g. since the disk was full."""
    answers = ask_all([each for each in entries if each.name is None], AskFacts())
    named = {pid for pid, answer in answers.items() if isinstance(answer, Facts) and answer.name == name}
    return [each._replace(name=name) for each in entries if each.pid in named]


def _up_to(end: int, page: History) -> History:
    """Return of a page the lines before `end`; all if that is 0."""
    if not end:
        return page
    first = min(page.line, end)
    return page._replace(line=first, lines=page.lines[: end - first] if page.line < end else ())


def _done(entry: Entry, question: Question, wanted: type[_Wanted], *, remedy: str = _TRY_AGAIN) -> _Wanted:
    """Return the session's answer, which is of the kind that is wanted."""
    answer = ask(entry, question, patience_s=PATIENCE_S)
    if isinstance(answer, Refused):
        raise _refusal(entry, answer)
    if answer is None or not isinstance(answer, wanted):
        raise _no_answer(str(entry.pid), remedy)
    return answer


def _refusal(entry: Entry, answer: Refused) -> EnvironmentFailure:
    return EnvironmentFailure(f"Session {entry.pid} refuses: {printable(answer.why)}", exit_code=WILL_NOT)


def _no_answer(which: str, remedy: str = _TRY_AGAIN) -> EnvironmentFailure:
    return EnvironmentFailure(f"Session {which} does not answer{remedy}.", exit_code=NO_ANSWER)


def _end_old(entry: Entry) -> None:
    """End a server that has no door, by the signal that means that."""
    # SECURITY: its number may be another process's, where the directory is that of several machines.
    if name_of(entry.pid) != _OLD_SERVERS_NAME:
        raise _no_answer(str(entry.pid), "; it may run on another machine with the same home directory")
    try:
        os.kill(entry.pid, signal.SIGTERM)
    except OSError as error:
        raise EnvironmentFailure(f"Cannot end session {entry.pid}: {error.strerror}.", exit_code=WILL_NOT) from error
