"""What the session's programs find in their environment, and whether the locale can carry UTF-8.

Works on mappings; the one question to the system is the character set of a locale name (`codeset_of_locale`). Never
changes this process's environment, and knows nothing of ptys or the network.
"""

from __future__ import annotations

# The C half of `locale`, whose Python half costs 4 ms of a start that people wait for (re, functools, aliases).
import _locale
import os
import pwd
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from mosh_common.errors import EnvironmentFailure
from mosh_common.locale_variables import CHARACTER_SET_VARIABLES, LOCALE_VARIABLES

DEFAULT_SHELL: Final = "/bin/sh"
RICH_COLORS: Final = 256  # from this number on, TERM says so

_UTF8_NAMES: Final = ("UTF-8", "UTF8", "utf-8", "utf8")
_COERCION_TARGETS: Final = ("C.UTF-8", "C.utf8", "UTF-8")  # PEP 538

# They describe the terminal that the server was started in, which the session's programs are not in.
_OTHER_TERMINAL: Final = ("STY", "WINDOW", "TERMCAP", "LINES", "COLUMNS")
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


def native_environment(environ: Mapping[str, str], initial: bytes | None = None) -> dict[str, str]:
    """Return the environment as this process was given it: without the LC_CTYPE that Python itself adds (PEP 538).

    `initial` is the environment block of the process's start (Linux: /proc/self/environ) if it can be had.
    """
    given = dict(environ)
    if given.get("LC_CTYPE") not in _COERCION_TARGETS or given.get("LC_ALL"):
        return given
    if initial is not None:
        coerced = not any(entry.startswith(b"LC_CTYPE=") for entry in initial.split(b"\x00"))
    else:
        # No telling. Taken for Python's own where nothing else names a locale: then -l has its say.
        coerced = sys.platform != "darwin" and given.get("LANG", "") in ("", "C", "POSIX")
    if coerced:
        del given["LC_CTYPE"]
    return given


def initial_environment_block() -> bytes | None:
    """Return what this process's environment was at its start; None where the system does not tell."""
    try:
        with open("/proc/self/environ", "rb") as file:
            return file.read()
    except OSError:
        return None


def codeset_of_locale(name: str) -> str | None:
    """Return the character set of a locale ("" and "C" are the POSIX one); None when it is not installed here.

    Changes LC_CTYPE of this process, which nothing else here depends on.
    """
    try:
        _locale.setlocale(_locale.LC_CTYPE, name or "C")
    except (_locale.Error, ValueError):  # type: ignore[attr-defined]  # there, but not in the stubs
        return None
    return _locale.nl_langinfo(_locale.CODESET)


def choose_locale(
    environ: Mapping[str, str],
    offered: Sequence[tuple[str, str]],
    *,
    codeset_of: Callable[[str], str | None] = codeset_of_locale,
) -> dict[str, str]:
    """Return the environment with a locale whose character set is UTF-8: its own, else the client's (-l).

    Raises EnvironmentFailure, naming both and what they specify, when neither is.
    """
    native_set = codeset_of(_rule(environ)[1])
    if native_set in _UTF8_NAMES:
        return dict(environ)
    without = {name: value for name, value in environ.items() if name not in LOCALE_VARIABLES}
    fallback = without | dict(offered)
    offered_set = codeset_of(_rule(fallback)[1])
    if offered_set in _UTF8_NAMES:
        return fallback
    raise EnvironmentFailure(
        "mosh-server needs a UTF-8 native locale to run.\n\n"
        f"Unfortunately, the local environment ({_told(environ)}) specifies\n{_outcome(environ, native_set)},\n\n"
        f"and the client-supplied environment ({_told(fallback)}) specifies\n{_outcome(fallback, offered_set)}."
    )


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


def seconds_from(environ: Mapping[str, str], name: str) -> int:
    """Return the positive whole number of seconds in that variable; 0 when it is unset or no such number."""
    try:
        return max(int(environ.get(name, "")), 0)
    except ValueError:
        return 0


def is_yes(environ: Mapping[str, str], name: str) -> bool:
    """Return whether that variable is `yes`; anything else, also another spelling of it, allows nothing."""
    return environ.get(name) == "yes"


def _rule(environ: Mapping[str, str]) -> tuple[str, str]:
    """Return (variable, locale name) of what decides the character set."""
    for name in CHARACTER_SET_VARIABLES:
        value = environ.get(name)
        if value:
            return name, value
    return "", ""


def _told(environ: Mapping[str, str]) -> str:
    name, value = _rule(environ)
    return f"{name}={value}" if name else "no charset variables"


def _outcome(environ: Mapping[str, str], codeset: str | None) -> str:
    _name, value = _rule(environ)
    if codeset is None:
        return f"a locale that is not installed here (`locale-gen {value}' may be necessary)"
    known = "US-ASCII" if codeset in ("ANSI_X3.4-1968", "646", "") else codeset
    return f'the character set "{known}"'
