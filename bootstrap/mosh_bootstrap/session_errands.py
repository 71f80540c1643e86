"""What `mosh` does about the sessions of a host, once its server has answered: shows, asks which, says why not."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from mosh_bootstrap.session_answer import Answer, Session, SessionDialogue
from mosh_bootstrap.session_names import ONLY
from mosh_bootstrap.session_table import choice, fit, table
from mosh_common.errors import EnvironmentFailure

if TYPE_CHECKING:
    from mosh_bootstrap.conversation import Ended
    from mosh_bootstrap.options import Options

_CHOOSE_EXIT: Final = 11  # the far end's, too: several sessions, or none that is detached
_KNOWS_NONE_EXIT: Final = 14  # the server there knows no sessions
_PLAIN_WIDTH: Final = 80  # of a table that is for no terminal


def failure(options: Options, dialogue: SessionDialogue, ended: Ended) -> EnvironmentFailure | None:
    """Return why there is no answer, as far as sessions are concerned; None where that is not the reason."""
    server, where = options.server or "mosh-server", _where(options)
    if dialogue.unasked or dialogue.ignorant:
        return EnvironmentFailure(
            f"{server!r} on {where} knows no sessions that can be taken back;"
            " that takes mosh-py's, as new as this one.",
            exit_code=_KNOWS_NONE_EXIT,
        )
    answer = dialogue.answer
    if dialogue.bad_answer or (answer is not None and not _fits(options, answer)):
        return EnvironmentFailure(f"{server!r} on {where} gave an answer about its sessions that makes no sense.")
    if answer is None:
        if ended.exit_code == 0:
            return EnvironmentFailure(f"{server!r} on {where} did not answer the question for its sessions.")
        return None
    if answer.verb == "REFUSED":
        return EnvironmentFailure(
            f"The server on {where} says: {answer.why or 'no.'}",
            exit_code=answer.code,
        )
    return None


def _fits(options: Options, answer: Answer) -> bool:
    """Return whether that is an answer to what was asked."""
    if answer.verb == "REFUSED":
        return True
    if options.list:
        return answer.verb == "LIST"
    if options.end:
        return answer.verb == "END"
    if options.session:
        return answer.verb == "CREATE"
    return answer.verb == "ATTACH" or (answer.verb == "CHOICE" and options.attach == ONLY)


def show(options: Options, answer: Answer) -> int:
    """Print what was asked for, of --list or --end; return the exit code."""
    if options.end:
        _write(f"Ended {', '.join(map(str, answer.ended))}.\n")
    elif options.json:
        import json

        # SECURITY: in ASCII, so that no text in it can command a terminal.
        _write(json.dumps(answer.received) + "\n")
    elif answer.sessions:
        width = shutil.get_terminal_size().columns if os.isatty(1) else _PLAIN_WIDTH
        _write("".join([f"{line}\n" for line in table(answer.sessions, width=width)]))
    else:
        print(f"mosh: There are no sessions on {_where(options)}.", file=sys.stderr)
    return 0


def choose(options: Options, found: tuple[Session, ...], *, ask: Callable[[str], str] | None) -> str:
    """Return the id of the session that the user chooses.

    `ask` shows a text and returns the line that is typed, "" at the end of input; None: nobody is there.
    Raises EnvironmentFailure where none is chosen.
    """
    where = _where(options)
    if ask is None:
        named = ", ".join([f"{each.id} ({each.name})" if each.name else str(each.id) for each in found[:8]])
        raise EnvironmentFailure(
            f"Not just one session on {where} is detached; name one with --attach=ID, of {named};"
            f" --list shows more of them.",
            exit_code=_CHOOSE_EXIT,
        )
    width = shutil.get_terminal_size().columns
    detached = sum(each.state == "detached" for each in found)
    head = f"Sessions on {where}, {detached or 'none'} of them detached:"
    text = "".join([f"{line}\n" for line in (fit(head, width), *choice(found, width=width))])
    question = f"Take back which one? [1-{len(found)}; q leaves] "
    while True:
        line = ask(text + question)
        text = ""
        word = line.strip()
        if not line or word.lower() in ("q", "quit"):
            raise EnvironmentFailure("No session was chosen; none was touched.", exit_code=_CHOOSE_EXIT)
        if word.isascii() and word.isdigit() and len(word) < 4 and 1 <= int(word) <= len(found):
            return str(found[int(word) - 1].id)


def asks_on_terminal() -> Callable[[str], str] | None:
    """Return what asks the user on the terminal; None where nobody sits there."""
    if not (os.isatty(0) and os.isatty(2)):
        return None

    def ask(text: str) -> str:
        sys.stderr.write(_encodable(text, sys.stderr.encoding))
        sys.stderr.flush()
        return sys.stdin.readline()

    return ask


def _where(options: Options) -> str:
    return "this machine" if options.local else options.host


def _write(text: str) -> None:
    sys.stdout.write(_encodable(text, sys.stdout.encoding))
    sys.stdout.flush()


def _encodable(text: str, encoding: str | None) -> str:
    """Return the text as the stream can have it, "?" for what it cannot."""
    encoding = encoding or "ascii"
    return text.encode(encoding, "replace").decode(encoding)
