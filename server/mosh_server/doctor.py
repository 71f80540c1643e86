"""`mosh-server --doctor`: what a session would find on this machine, tried without starting one.

Asks the system and binds a port for a moment; writes nothing. What a session cannot do without is told from what is
merely good to have.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from glob import glob
from typing import Final, NamedTuple

from mosh_common.examination import WORKS, tried, try_cipher, versions
from mosh_common.io import privileges
from mosh_common.io.udp import UdpSocket
from mosh_common.native_environment import native_environment
from mosh_common.wire import cipher
from mosh_server.host import locale_choice, scope
from mosh_server.host.accounting import HELPERS
from mosh_server.host.detach import forbid_core_dumps

_PACKAGES: Final = ("cryptography", "pyte")

_LOGIND_FOLDERS: Final = ("usr/lib", "usr/local/lib", "run", "etc")  # what is in a later one has precedence
_KILLS: Final = re.compile(r"^\s*KillUserProcesses\s*=\s*(\S+)", re.MULTILINE)
_TRUE: Final = ("1", "yes", "y", "true", "t", "on")


class Finding(NamedTuple):
    """What was looked at, and what came of it."""

    name: str
    outcome: str  # "works", or a sentence
    needed: bool = False  # without it there is no session, should it not work


def examine(
    environ: Mapping[str, str], *, needed: Mapping[str, Callable[[], None]], root: str = "/"
) -> tuple[list[str], bool]:
    """Return lines for the user, and whether all that a session needs is there.

    `needed`: what is tried before a session, by name; each raises EnvironmentFailure when it is not there. `root` is
    where the system's files lie.
    """
    findings = [
        *[Finding(name, tried(check), True) for name, check in needed.items()],
        Finding("cipher", tried(try_cipher), True),
        Finding("UDP port", tried(_try_port), True),
        Finding("locale", _locale(environ)),
        *_given_up(),
        Finding("utmp", _utmp()),
        Finding("end of the login", _end_of_login(environ, root)),
    ]
    lines = [
        f"{os.uname().sysname} {os.uname().release} on {os.uname().machine}",
        f"Python {sys.version.split()[0]} ({sys.executable})",
        f"versions: {', '.join(versions(_PACKAGES))}",
    ]
    lines += [cipher.description(), *(f"{each.name}: {each.outcome}" for each in findings)]
    sound = all(each.outcome == WORKS for each in findings if each.needed)
    return lines, sound


def _try_port() -> None:
    """Bind the port that the next session would, and give it back. Raises EnvironmentFailure."""
    UdpSocket.bind_server(None).close()


def _locale(environ: Mapping[str, str]) -> str:
    """What a session would have whose client names no other locale."""
    native = native_environment(environ)
    located = locale_choice.choose_locale(native, ())
    changed = locale_choice.changes(native, located)
    if changed:
        return f"not UTF-8 here; sessions take the client's, else {', '.join(changed)}"
    name = locale_choice.in_words(located)
    return name if locale_choice.is_utf8(located) else f"{name}, and no UTF-8 locale is installed"


def _given_up() -> list[Finding]:
    """What the server gives up of its own accord, tried on this process, which has nothing else to do."""
    forbid_core_dumps()
    return [
        Finding("core dumps", "given up"),
        Finding("being traced", _by_prctl(privileges.forbid_tracing)),
        Finding("new privileges", _by_prctl(privileges.forbid_new_privileges)),
    ]


def _by_prctl(give_up: Callable[[], bool]) -> str:
    return "given up" if give_up() else "not given up: prctl(2) of Linux is not there"


def _utmp() -> str:
    helper = next((path for path in HELPERS if os.access(path, os.X_OK)), None)
    return f"who(1) shows sessions, by {helper}" if helper else "who(1) shows no sessions: utempter is not installed"


def _end_of_login(environ: Mapping[str, str], root: str) -> str:
    """Whether logind ends what a user has started when the login ends: then no session outlives ssh."""
    found, where = "", ""
    for path in _logind_files(root):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                settings = _KILLS.findall(file.read())
        except OSError:
            continue
        if settings:
            found, where = settings[-1], path
    if found.lower() not in _TRUE:
        return "ends no session"
    setting = f"KillUserProcesses={found} in {where}"
    if not scope.can_start_scopes(environ):
        return f"ends sessions: {setting}; systemd-run is not installed"
    if not scope.is_lingering(scope.user_name(), root=root):
        return f"ends sessions: {setting}; run `loginctl enable-linger` once to keep them"
    return f"ends no session: {setting}, but they start in a scope of your manager, which lingers"


def _logind_files(root: str) -> list[str]:
    """Return logind's configuration, in the order in which it is read: the last setting holds (logind.conf(5))."""
    main: list[str] = []
    further: dict[str, str] = {}  # by name: of files of one name, only one is read
    for folder in _LOGIND_FOLDERS:
        place = os.path.join(root, folder, "systemd")
        if os.path.exists(os.path.join(place, "logind.conf")):
            main = [os.path.join(place, "logind.conf")]
        further |= {os.path.basename(path): path for path in glob(os.path.join(place, "logind.conf.d", "*.conf"))}
    return main + [further[name] for name in sorted(further)]
