"""The words of mosh-server about sessions: list, attach, end, preview, history, create (docs/door.md).

Loaded only for them. `mosh-server session VERB …` answers the wrapper in lines that begin with MOSH SESSION, the short
forms answer people.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar

from mosh_common.connect_words import CONNECT
from mosh_common.errors import EnvironmentFailure, UsageError
from mosh_common.io.fds import write_all
from mosh_common.native_environment import native_environment
from mosh_server.door.deeds import ChoiceNeeded, Deeds
from mosh_server.door.listing import Listed
from mosh_server.door.preview import ansi_of, history_ansi, history_text, text_of
from mosh_server.door.protocol import AskAttach, Attached
from mosh_server.door.table import table
from mosh_server.host import environment
from mosh_server.host.registry import Claim

SESSION: Final = "session"
USAGE: Final = (
    "Usage: mosh-server list [--json] | preview WHICH [--ansi] | end WHICH...\n"
    "       mosh-server history WHICH [--ansi]\n"
    "       mosh-server attach WHICH [-s] [-i LOCALADDR] [-p PORT[:PORT2]]"
)
CHOICE: Final = 11  # exit code; the others are in deeds.py
LONGEST_LINE: Final = 4 << 20  # octets of an answer to the wrapper
_ANSWER: Final = "MOSH SESSION 1 "
_PROGRAM: Final = "mosh-server"


class Wishes(Protocol):
    """What the options of `new` ask for, as far as an attach can have it."""

    @property
    def address(self) -> str | None:
        """A local address to listen on."""

    @property
    def ports(self) -> tuple[int, int] | None:
        """The first and last of the UDP ports to choose from."""

    @property
    def everywhere(self) -> bool:
        """Whether all addresses will do, if each is answered from."""


_Wishes = TypeVar("_Wishes", bound=Wishes)
_Parse = Callable[[Sequence[str]], _Wishes]  # the words `new …`; raises UsageError
_Serve = Callable[[_Wishes, str], int]  # has a new session of that name; returns the server's exit status


def run(words: Sequence[str], *, parse: _Parse[_Wishes], serve: _Serve[_Wishes]) -> int:
    """Do what the words after the program's name say; return the exit status."""
    deeds = _deeds()
    if words[0] != SESSION:
        return _for_people(words, deeds, parse)
    try:
        return _for_wrapper(words[1:], deeds, parse, serve)
    except ChoiceNeeded as error:
        _print(1, list_answer("CHOICE", error.sessions))
        return CHOICE
    except (UsageError, EnvironmentFailure) as error:
        code = error.exit_code if isinstance(error, EnvironmentFailure) else 1
        _print(1, answer("REFUSED", {"code": code, "why": str(error)}))
        return code


def take_name(name: str, wishes: Wishes) -> Claim | int:
    """Take the name for a new session; if another has it, attach to that and return the exit status."""
    got = _deeds().claim_or_attach(name, _asked(wishes))
    return got if isinstance(got, Claim) else _print_created(name, *got)


def answer(kind: str, value: object) -> str:
    """Return the line of an answer to the wrapper: printable ASCII, whatever the value holds."""
    return f"{_ANSWER}{kind} {json.dumps(value)}\n"


def list_answer(kind: str, sessions: Sequence[Listed]) -> str:
    """Return the line that has the sessions, as many of the first as it takes."""
    members = [each.members() for each in sessions]
    while len(line := answer(kind, members)) > LONGEST_LINE:
        members = members[: len(members) // 2]
    return line


def preview_answer(members: dict[str, object]) -> str:
    """Return the line that has the members of PREVIEW, with as much of the text as it takes."""
    rows = str(members["text"]).splitlines(keepends=True)
    while len(line := answer("PREVIEW", members)) > LONGEST_LINE:
        rows = rows[: len(rows) // 2]
        members = {**members, "text": "".join(rows), "cut": True}
    return line


def _for_wrapper(words: Sequence[str], deeds: Deeds, parse: _Parse[_Wishes], serve: _Serve[_Wishes]) -> int:
    verb, *rest = words or [""]
    if verb == "list" and rest in ([], ["--json"]):
        _print(1, list_answer("LIST", deeds.listed()))
        return 0
    which = rest.pop(0) if rest else ""
    if verb == "attach" and which:
        entry, attached = deeds.attach(which, _asked(parse(["new", *rest])))
        _print(1, answer("ATTACH", {"id": entry.pid, "name": entry.name}) + _connect_line(attached))
    elif verb == "end" and which and not rest:
        _print(1, answer("END", {"ended": [deeds.end(which)]}))
    elif verb == "preview" and which and rest in ([], ["--ansi"]):
        entry, screen = deeds.screen(which, styles=bool(rest))
        text = ansi_of(screen) if rest else text_of(screen)
        _print(1, preview_answer({"id": entry.pid, "name": entry.name, "text": text, "cut": screen.cut}))
    elif verb == "history" and which and rest in ([], ["--ansi"]):
        for entry, page in deeds.history(which, styles=bool(rest)):
            text = history_ansi(page) if rest else history_text(page)
            members = {"id": entry.pid, "name": entry.name, "line": page.line, "text": text, "next": page.next}
            _print(1, answer("HISTORY", members))
    elif verb == "create" and which and rest[:1] == ["new"]:
        return _create(which, rest, deeds, parse, serve)
    else:
        raise UsageError("These words about sessions are not known; see mosh-server(1).")
    return 0


def _create(name: str, words: Sequence[str], deeds: Deeds, parse: _Parse[_Wishes], serve: _Serve[_Wishes]) -> int:
    wishes = parse(words)
    # At once, if there is one: it needs nothing that a new session needs.
    got = deeds.attach_to_name(name, _asked(wishes))
    return serve(wishes, name) if got is None else _print_created(name, *got)


def _for_people(words: Sequence[str], deeds: Deeds, parse: _Parse[_Wishes]) -> int:
    verb, *rest = words
    try:
        if verb == "list" and rest in ([], ["--json"]):
            listed = deeds.listed()
            _print(1, json.dumps([each.members() for each in listed], indent=1) + "\n" if rest else table(listed))
        elif verb == "attach" and rest:
            _print(1, _connect_line(deeds.attach(rest[0], _asked(parse(["new", *rest[1:]])))[1]))
        elif verb == "end" and rest:
            return _end_each(rest, deeds)
        elif verb == "preview" and rest and rest[1:] in ([], ["--ansi"]):
            _entry, screen = deeds.screen(rest[0], styles=bool(rest[1:]))
            _print(1, ansi_of(screen) if rest[1:] else text_of(screen))
        elif verb == "history" and rest and rest[1:] in ([], ["--ansi"]):
            _print_history(deeds, rest[0], styles=bool(rest[1:]))
        else:
            raise UsageError(f"These words about sessions are not known.\n{USAGE}")
    except ChoiceNeeded as error:
        _print(2, table(error.sessions))
        raise EnvironmentFailure("Say which of these sessions is meant, by its ID.", exit_code=CHOICE) from error
    return 0


def _print_history(deeds: Deeds, which: str, *, styles: bool) -> None:
    """Print what scrolled off a session, and say of what it dropped while that was read."""
    following: int | None = None
    for _entry, page in deeds.history(which, styles=styles):
        if following is not None and page.line > following:
            _complain(f"{page.line - following:,} lines were dropped here while this was read.")
        _print(1, history_ansi(page) if styles else history_text(page))
        following = page.next


def _complain(sentence: str) -> None:
    _print(2, f"{_PROGRAM}: {sentence}\n")


def _end_each(which: Sequence[str], deeds: Deeds) -> int:
    """End them all; return the exit status of the first that could not be ended."""
    status = 0
    for each in which:
        try:
            deeds.end(each)
        except EnvironmentFailure as error:
            _complain(str(error))
            status = status or error.exit_code
    return status


def _deeds() -> Deeds:
    native = native_environment(os.environ)
    home = environment.account(native).home  # as a session has it, also where HOME is not set
    return Deeds({**native, "HOME": home}, uid=os.getuid())


def _asked(wishes: Wishes) -> AskAttach:
    return AskAttach(wishes.address, wishes.ports, wishes.everywhere)


def _print_created(name: str, pid: int, attached: Attached) -> int:
    _print(1, answer("CREATE", {"id": pid, "name": name, "new": False}) + _connect_line(attached))
    return 0


def _connect_line(attached: Attached) -> str:
    """SECURITY: with the one that a new session prints the only line that has a key."""
    return f"{CONNECT}{attached.port} {attached.key}\n"


def _print(descriptor: int, text: str) -> None:
    """Write it all. At a terminal an answer stands alone, even if something was printed before it without a newline."""
    first = "\n" if text.startswith(_ANSWER) and sys.stdin is not None and sys.stdin.isatty() else ""
    stream = sys.stdout if descriptor == 1 else sys.stderr
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        write_all(descriptor, (first + text).encode(encoding, errors="replace"))
    except OSError as error:
        if descriptor == 1:
            raise EnvironmentFailure(f"Cannot print the answer: {error.strerror}.") from error
