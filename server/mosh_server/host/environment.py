"""What the session's programs find in their environment; the locale is locale_choice.py's business.

Works on mappings. Never changes this process's environment, and knows nothing of ptys or the network.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

DEFAULT_SHELL: Final = "/bin/sh"
RICH_COLORS: Final = 256  # from this number on, TERM says so

_SSH_TERMINAL: Final = "SSH_TTY"  # sshd's name for the login's terminal, which is nobody's or another's once ssh ends
_SSH_LOGIN: Final = "SSH_CONNECTION"

# They describe the terminal that the server was started in, which the session's programs are not in.
_OTHER_TERMINAL: Final = ("STY", "WINDOW", "TERMCAP", "LINES", "COLUMNS", _SSH_TERMINAL)
# The same, but for a session that `mosh --local` has started: its user does sit in that tmux, and its programs may
# want to speak to it.
_OTHER_TMUX: Final = ("TMUX", "TMUX_PANE")
_CLIENT_PID: Final = "MOSH_CLIENT_PID"  # the wrapper sets it, ours and upstream's, and ssh does not carry it

# Programs on ncurses draw lines in UTF-8 then, not with the VT100 charsets that upstream's emulator lacks.
_FIXED: Final = {"NCURSES_NO_UTF8_ACS": "1"}


class Account(NamedTuple):
    """Who the session belongs to."""

    user: str
    home: str
    shell: str


def account(environ: Mapping[str, str]) -> Account:
    """Return user, home and shell: from the environment, else the password database, else what always exists."""
    try:
        entry = pwd.getpwuid(os.getuid())
        user, home, shell = entry.pw_name, entry.pw_dir, entry.pw_shell
    except KeyError:  # a container's user without an entry
        user, home, shell = str(os.getuid()), "/", ""
    return Account(user, environ.get("HOME") or home, environ.get("SHELL") or shell or DEFAULT_SHELL)


def session_environment(environ: Mapping[str, str], *, colors: int, account: Account) -> dict[str, str]:
    """Return what the shell gets: `environ` for another terminal, the one whose other end is the client."""
    removed = _OTHER_TERMINAL if environ.get(_CLIENT_PID) else _OTHER_TERMINAL + _OTHER_TMUX
    session = {name: value for name, value in environ.items() if name not in removed}
    session.update(_FIXED)
    session["TERM"] = "xterm-256color" if colors >= RICH_COLORS else "xterm"
    session.setdefault("HOME", account.home)
    session.setdefault("SHELL", account.shell)
    session.setdefault("USER", account.user)
    session.setdefault("LOGNAME", account.user)
    session["PWD"] = account.home  # where the session starts; a stale one would only mislead
    session.pop("OLDPWD", None)
    return session


def on_terminal(environ: Mapping[str, str], name_of: Callable[[], str]) -> dict[str, str]:
    """Return `environ` for programs on the terminal of this name; scripts know by SSH_TTY that they have come by ssh.

    `name_of` may raise OSError: a root without /dev/pts has no names, and its programs do without this one.
    """
    if not environ.get(_SSH_LOGIN):
        return dict(environ)
    try:
        return {**environ, _SSH_TERMINAL: name_of()}
    except OSError:
        return dict(environ)


def seconds_from(environ: Mapping[str, str], name: str) -> int:
    """Return the positive whole number of seconds in that variable; 0 when it is unset or no such number."""
    try:
        return max(int(environ.get(name, "")), 0)
    except ValueError:
        return 0


def is_yes(environ: Mapping[str, str], name: str) -> bool:
    """Return whether that variable is `yes`; anything else, also another spelling of it, allows nothing."""
    return environ.get(name) == "yes"
