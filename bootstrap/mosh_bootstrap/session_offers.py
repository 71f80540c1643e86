"""The ids and names of a host's sessions for a shell that completes a command line: soon, or not at all.

Nobody is asked anything, and nothing is said but what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from mosh_bootstrap.background import Background
from mosh_bootstrap.session_answer import LINE_LIMIT, PREFIX, Session, parse
from mosh_common.errors import UsageError

if TYPE_CHECKING:
    from mosh_bootstrap.options import Options

_PATIENCE_MS: Final = 5000  # the user has pressed a key
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
        from mosh_bootstrap.ssh_config import command_words

        try:
            words = [*command_words(options.ssh), *_QUIET, options.host, "--", remote_command(wish, {}, colors=0)]
        except UsageError:  # a quote is open
            return 0
    asked = Background.run(words, environ, apart=True)  # a jump host's ssh is not told of BatchMode
    said = None if asked is None else asked.output(limit=2 * LINE_LIMIT, timeout_ms=_PATIENCE_MS)
    for line in (said or b"").splitlines():
        at = line.find(PREFIX)
        answer = None if at < 0 else parse(line[at:])
        for session in () if answer is None else answer.sessions:
            for word in (session.name, str(session.id)):
                if word:
                    print(f"{word}\t{_description(session)}".encode("ascii", "replace").decode())
    return 0


def _description(session: Session) -> str:
    return f"{session.state} {session.title or session.command}".strip()[:60]
