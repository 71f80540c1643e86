"""The ids and names of a host's sessions for a shell that completes a command line: soon, or not at all.

Nobody is asked anything, and nothing is said but what was found.
"""

from __future__ import annotations

import shlex
import subprocess  # nosec B404  # what runs is the user's own ssh
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from mosh_bootstrap.session_answer import LINE_LIMIT, PREFIX, Session, parse

if TYPE_CHECKING:
    from mosh_bootstrap.options import Options

_PATIENCE_S: Final = 5  # the user has pressed a key
_QUIET: Final = ("-o", "BatchMode=yes", "-o", "ConnectTimeout=3", "-T", "-n")


def print_offers(options: Options, environ: Mapping[str, str], *, local: Callable[[Options], list[str]]) -> int:
    """Print a line for each word that is offered: the word, a tab, what it stands for. Return the exit code, 0.

    `local` returns the words that run the server of --local.
    """
    wish = options._replace(list=True)
    if options.local:
        words = local(wish)
    else:
        from mosh_bootstrap.command import remote_command

        try:
            words = [*shlex.split(options.ssh), *_QUIET, options.host, "--", remote_command(wish, {}, colors=0)]
        except ValueError:  # a quote is open
            return 0
    for line in _output(words, environ).splitlines():
        at = line.find(PREFIX)
        answer = None if at < 0 else parse(line[at:])
        for session in () if answer is None else answer.sessions:
            for word in (session.name, str(session.id)):
                if word:
                    print(f"{word}\t{_description(session)}".encode("ascii", "replace").decode())
    return 0


def _output(words: list[str], environ: Mapping[str, str]) -> bytes:
    try:
        done = subprocess.run(  # nosec B603  # as above
            words,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # without a terminal, on which something would be asked
            timeout=_PATIENCE_S,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return b""
    return done.stdout[: 2 * LINE_LIMIT]


def _description(session: Session) -> str:
    return f"{session.state} {session.title or session.command}".strip()[:60]
