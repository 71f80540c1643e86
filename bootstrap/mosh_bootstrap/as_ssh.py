"""Standing in for ssh: `mosh --as-ssh` and ssh's own command line. A login on a terminal becomes a session, all else
becomes ssh, in this process's place: with the same words, descriptors and environment, and nothing said.

docs/adr/0092-what-a-login-is.md. The scripts that start us have decided the commonest case already, without Python.
"""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NoReturn

from mosh_bootstrap.options import Given, Line, Options, options_of
from mosh_common.errors import EnvironmentFailure, UsageError

if TYPE_CHECKING:
    from mosh_bootstrap.ssh_config import SshConfig

_PROGRAM: Final = "ssh"
_QUERY_TIMEOUT_MS: Final = 10_000  # as in login.py
_SCRIPT_OCTETS: Final = 4096
_NOT_FOUND_EXIT: Final = 127  # sh(1)
_NOT_EXECUTABLE_EXIT: Final = 126  # sh(1)


def stand_in(line: Line, environ: Mapping[str, str], settings: Callable[[str], Mapping[str, str | bool]]) -> Options:
    """Return what the session is to be; does not return where the line is ssh's.

    `line.command` is ssh's line; `settings`: what the user's file says for a host. Raises UsageError,
    EnvironmentFailure.
    """
    ssh = _ssh_of(line, environ)
    plain_ssh = (*ssh, *line.command)
    if not (os.isatty(0) and os.isatty(1)):
        become_ssh(plain_ssh, environ)
    from mosh_bootstrap.ssh_line import escape_key, is_left_to_ssh, read_ssh_line

    wish = read_ssh_line(line.command)
    if wish is None or not _can_be_drawn_on(environ):
        become_ssh(plain_ssh, environ)
    # Not what a file says of ssh: `ssh host` and `ssh host ls` would go two ways. And nobody who types "ssh" is asked
    # what to do without a server.
    given: Given = {"fallback": "ssh", **line.given, "ssh": shlex.join([*ssh, *wish.options])}
    if wish.family:
        given["family"] = wish.family
    command: tuple[str, ...] = ()
    if wish.command:
        from mosh_bootstrap.login_shell import told_to_login_shell

        command = told_to_login_shell(wish.command)
    try:
        from mosh_bootstrap.destination import check_destination

        check_destination(wish.host)
    except UsageError:
        become_ssh(plain_ssh, environ)
    options = options_of(Line(given, wish.host, command), environ, settings(wish.host))
    if options.stand_in == "ssh":
        become_ssh(plain_ssh, environ)
    config = _configuration([*ssh, *wish.options], wish.host, environ)
    if config is None or is_left_to_ssh(wish, config, stand_in=options.stand_in):
        become_ssh(plain_ssh, environ)
    return options._replace(ssh_escape_key=escape_key(config), ssh_config=config)


def become_ssh(words: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    """Replace this process by ssh, whose command line is `words`. Raises EnvironmentFailure where that fails."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them, and exec would pass that on
    try:
        os.execvpe(words[0], list(words), environ)
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            raise _not_found(words[0]) from None
        raise EnvironmentFailure(
            f"Cannot run {words[0]!r}: {error.strerror}.", exit_code=_NOT_EXECUTABLE_EXIT
        ) from None


def find_ssh(environ: Mapping[str, str]) -> str | None:
    """Return where PATH has an ssh that is not a script which would call us again; None when nowhere."""
    # SECURITY: an entry without a root is the current directory's, which may be anybody's.
    # test_an_ssh_of_the_current_directory_is_not_run
    for folder in environ.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(folder, _PROGRAM)
        if os.path.isabs(folder) and os.path.isfile(path) and os.access(path, os.X_OK) and not _calls_us(path):
            return path
    return None


def _ssh_of(line: Line, environ: Mapping[str, str]) -> list[str]:
    """Return the words that are ssh: the user's own choice on the line, else what PATH has."""
    chosen = line.given.get("ssh")
    if isinstance(chosen, str):
        from mosh_bootstrap.ssh_config import command_words

        words = command_words(chosen)
        if not words:
            raise UsageError("--ssh needs a command.")
        return words
    found = find_ssh(environ)
    if found is None:
        raise _not_found(_PROGRAM)
    return [found]


def _calls_us(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            beginning = file.read(_SCRIPT_OCTETS)
    except OSError:  # it may be run and not read
        return False
    return beginning.startswith(b"#!") and b"--as-ssh" in beginning


def _can_be_drawn_on(environ: Mapping[str, str]) -> bool:
    """Whether the terminal is one that a session can be drawn on; ssh needs no more than one that shows text."""
    try:
        import curses

        from mosh_common.terminal_type import load_description

        load_description(environ.get("TERM", ""))
        return bool(curses.tigetstr("cup"))  # "dumb" has a description, and none of moving the cursor
    except EnvironmentFailure:
        return False
    except ImportError:  # a Python built without curses; the client has perhaps another
        return True


def _configuration(program: Sequence[str], host: str, environ: Mapping[str, str]) -> SshConfig | None:
    """Return what ssh says that applies to the host; None where it says that something is wrong."""
    from mosh_bootstrap import ssh_config
    from mosh_bootstrap.background import Background
    from mosh_common.io.inherited import expect_signals

    expect_signals()
    query = Background.run(ssh_config.query_words(program, host), environ)
    if query is None:
        return None
    # Meanwhile: what a login loads.
    from mosh_bootstrap import command, handoff, login, preflight, ssh, terminal  # noqa: F401  # only to be loaded

    with suppress(ImportError):  # who needs it says so better
        import pexpect  # noqa: F401  # the same
    output = query.output(limit=ssh_config.OUTPUT_LIMIT, timeout_ms=_QUERY_TIMEOUT_MS)
    return ssh_config.parse(output) if output else None


def _not_found(program: str) -> EnvironmentFailure:
    return EnvironmentFailure(
        f"Cannot find {program!r}; install OpenSSH's client, or name another with --ssh.", exit_code=_NOT_FOUND_EXIT
    )
