"""The search for a server where a login's PATH does not lead: one command that looks there and becomes what it finds.

A command that comes by ssh is mostly run without what start-up files of a login shell add to PATH. Pure: words in, text
out, and what an ending means.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mosh_bootstrap import login_shell
from mosh_bootstrap.command import DEFAULT_SERVER, NOT_FOUND_EXIT, sent_locale, server_arguments, tells_ssh_connection
from mosh_bootstrap.conversation import Ended
from mosh_bootstrap.dialogue import Dialogue
from mosh_bootstrap.options import Options
from mosh_common.connect_words import NO_SERVER

# In which order: what the user has brought there, what the machine's administrator has, the package managers' profiles.
PLACES: Final = (
    "$HOME/.local/bin",
    "$HOME/bin",
    "/usr/local/bin",
    "/opt/homebrew/bin",
    "/home/linuxbrew/.linuxbrew/bin",
    "/opt/local/bin",
    "/usr/pkg/bin",
    "$HOME/.nix-profile/bin",
    "$HOME/.local/state/nix/profile/bin",
    "/etc/profiles/per-user/${USER:-$LOGNAME}/bin",
    "/nix/var/nix/profiles/default/bin",
    "/run/current-system/sw/bin",
)
# A line of its own tells that nothing was found: a forced command, which this never reaches, may end with any code.
_SCRIPT: Final = (
    "for place in " + " ".join([f'"{place}"' for place in PLACES]) + ";do "
    f'server=$place/{DEFAULT_SERVER};[ -f "$server" ]&&[ -x "$server" ]&&exec "$server" "$@";done;'
    f"""printf '\\n{NO_SERVER}\\n';exit {NOT_FOUND_EXIT}"""
)


def is_over(dialogue: Dialogue, ended: Ended) -> bool:
    """Whether a login that ended so has found no server, and there is nothing more to look through."""
    if dialogue.no_server:
        return True
    return dialogue.connect is None and not dialogue.no_ip and ended.exit_code == NOT_FOUND_EXIT


def is_wanted(options: Options, dialogue: Dialogue, ended: Ended) -> bool:
    """Whether a login that ended so has found no server, and there is more to look through than its PATH."""
    if options.server or dialogue.connect is not None or dialogue.no_ip or dialogue.bad_connect:
        return False
    # Csh, rc and others do not end with the code of sh(1), but say so.
    return ended.exit_code is not None and (ended.exit_code == NOT_FOUND_EXIT or dialogue.refusal.for_want_of_server)


def command(options: Options, environ: Mapping[str, str], *, colors: int) -> str:
    """Return the one string for the remote shell; it becomes a server that says what one of its PATH would.

    Otherwise it prints NO_SERVER as a line. `colors`: what the user's terminal can show.
    """
    arguments = server_arguments(options, sent_locale(environ), colors=colors)
    line = " ".join(login_shell.quote_command(["sh", "-c", _SCRIPT, DEFAULT_SERVER, *arguments]))
    return tells_ssh_connection(line) if options.experimental_remote_ip == "remote" else line
