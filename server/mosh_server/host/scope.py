"""Outliving the login where logind ends what a user has started in it (logind.conf(5), KillUserProcesses=yes).

There the server starts itself once more, by systemd-run(1), in a scope of the user's own service manager. That one ends
with the user's last login unless the user lingers; then the user is told, once on each machine. Nothing here keeps a
session from starting. Elsewhere it costs a look for a directory, and imports nothing. Why so: docs/adr/0086.
"""

from __future__ import annotations

import os
import pwd
import signal
import sys
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Final

from mosh_common.io.fds import write_all

if TYPE_CHECKING:
    from mosh_server.host.helper import Helper

QUESTION: Final = (
    "busctl", "get-property", "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager",
    "KillUserProcesses", "KillExcludeUsers", "KillOnlyUsers",
)  # fmt: skip
RUNNER: Final = ("systemd-run", "--user", "--scope", "--quiet")
# Set for the server that was started in a scope: "REPORT,STDERR", two descriptors that it has inherited.
MARK: Final = "MOSH_SERVER_SCOPE"

# For the other server to run: systemd's job, and a Python that starts, without byte code perhaps and on a slow disk.
_START_S: Final = 15.0
_BOOTED: Final = "run/systemd/system"  # sd_booted(3)
_LINGERING: Final = "var/lib/systemd/linger"
_ADDED: Final = "INVOCATION_ID"  # by systemd-run; in a session it would be the server's


def is_in_scope(environ: MutableMapping[str, str]) -> bool:
    """Return whether `start_in_scope` has started this server, and take back what it has put into the environment.

    Whoever waits there hears of it. Call once, before anything else is opened.
    """
    mark = environ.pop(MARK, None)
    if mark is None:
        return False
    environ.pop(_ADDED, None)
    try:
        report, stderr = map(int, mark.split(","))
        os.dup2(stderr, 2)
        os.close(stderr)
        os.write(report, b".")
        os.close(report)
    except (OSError, ValueError):
        pass  # whoever waits sees this process's exit status
    return True


def ask_logind(environ: Mapping[str, str], *, root: str = "/") -> Helper | None:
    """Ask what `ends_with_login` wants to know; None where it need not be asked."""
    if not os.path.isdir(os.path.join(root, _BOOTED)) or _in_a_service(root):
        return None
    from mosh_server.host.helper import Helper

    return Helper.start(QUESTION, environ=environ)


def ends_with_login(answer: str, user: str) -> bool:
    """Return whether, by what busctl has answered to QUESTION, logind ends what `user` leaves running."""
    lines = answer.splitlines()
    lists = [line.split('"')[1::2] for line in lines if line.startswith("as ")]
    excluded, only = [*lists, [], []][:2]
    if user in excluded or (user == "root" and lists and not excluded):
        return False
    return user in only if only else "b true" in lines


def keep_from_logout(question: Helper | None, environ: Mapping[str, str], *, root: str = "/") -> int | None:
    """Do what keeps the session when the login ends; return the exit status if another server has started for it.

    None: this one is to go on. `question` is what `ask_logind` returned. May write a sentence to standard error.
    """
    if question is None:
        return None
    user = user_name()  # a directory service may be asked for it
    if not ends_with_login(question.answer(), user):
        return None
    machine = os.uname().nodename
    lingers = is_lingering(user, root=root)
    if not lingers:
        _tell_once(
            f"mosh-server: {machine} ends what its users have started when they log out (KillUserProcesses=yes), and"
            " this session with it; type `loginctl enable-linger` there once to keep sessions.",
            environ,
        )
    status = start_in_scope(environ)
    if status is None and lingers:
        _tell_once(
            f"mosh-server: {machine} ends what its users have started when they log out (KillUserProcesses=yes), and"
            f" `systemd-run --user --scope` fails there; ask its administrator for KillExcludeUsers={user}.",
            environ,
        )
    return status


def is_lingering(user: str, *, root: str = "/") -> bool:
    """Return whether the user's manager outlives the last login."""
    return os.path.exists(os.path.join(root, _LINGERING, user))


def can_start_scopes(environ: Mapping[str, str]) -> bool:
    """Return whether there is a program to ask the user's manager with."""
    from mosh_server.host.helper import find_program

    return find_program(RUNNER[0], environ) is not None


def start_in_scope(environ: Mapping[str, str], *, patience_s: float = _START_S) -> int | None:
    """Run this program with its arguments in a scope of the user's manager, and wait for it.

    Return its exit status; None if it has not started, or has failed without a word: then nothing is left of it.
    """
    from mosh_server.host.helper import find_program, readable

    runner = find_program(RUNNER[0], environ)
    if runner is None:
        return None
    opened: list[int] = []
    try:
        opened += os.pipe()
        opened.append(os.dup(2))  # the server's: what systemd-run says on a machine without a manager helps nobody
        report, to_report, stderr = opened
        for descriptor in (to_report, stderr):
            os.set_inheritable(descriptor, True)
        pid = os.posix_spawn(
            runner,
            [*RUNNER, sys.executable, *sys.orig_argv[1:]],
            {**environ, MARK: f"{to_report},{stderr}"},
            file_actions=[(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)],
        )
    except OSError:
        for descriptor in opened:
            os.close(descriptor)
        return None
    os.close(to_report)
    os.close(stderr)
    in_time = readable(report, patience_s)
    started = in_time and os.read(report, 1) != b""  # else systemd-run has ended, or does not hand on descriptors
    os.close(report)
    if not in_time:
        os.kill(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code == 0:
        return 0
    return max(code, 1) if started else None


def user_name() -> str:
    """Return whose processes these are, as logind names the user."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user without an entry
        return str(os.getuid())


def _in_a_service(root: str) -> bool:
    """Return whether this process belongs to no login: the end of one does not concern it, scope or not."""
    try:
        with open(os.path.join(root, "proc/self/cgroup"), encoding="ascii", errors="replace") as file:
            groups = file.read()
    except OSError:
        return False
    return ".service" in groups and "/session-" not in groups


def _tell_once(sentence: str, environ: Mapping[str, str]) -> None:
    """Write the sentence to standard error, for the first time on this machine."""
    from mosh_server.host.places import state_directory  # and what it needs, which most starts do not

    folder = state_directory(environ, uid=os.getuid())
    if folder is not None:
        name = f"told-of-logout.{os.uname().nodename}"  # a home directory may be that of many machines
        try:
            os.close(os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            return
        except OSError:
            pass  # told again next time
    try:
        write_all(2, f"{sentence}\n".encode())
    except OSError:
        pass  # nobody reads it
