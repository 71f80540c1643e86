"""What a session needs of this machine: our own programs, the locale, the terminal, ssh.

The client is asked as a process: it may be another installation's, and another Python's.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import termios
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Final, NamedTuple

from mosh_bootstrap import preflight, ssh_config
from mosh_bootstrap.background import Background
from mosh_bootstrap.doctor.report import Finding, fault
from mosh_bootstrap.handoff import Client, find_client
from mosh_bootstrap.login import is_script
from mosh_bootstrap.options import Options, config_path
from mosh_bootstrap.terminal import Terminal, color_count
from mosh_common.character_set import codeset_of_locale, in_words, is_utf8, ruling_locale
from mosh_common.clock import now_ms
from mosh_common.errors import EnvironmentFailure
from mosh_common.examination import MISSING, WORKS, require_packages, versions
from mosh_common.io.loop import Waiter
from mosh_common.io.spawn import spawn_for_output
from mosh_common.terminal_type import load_description
from mosh_common.version import VERSION

# Without these there is no session to be tried.
NEEDED: Final = ("packages", "mosh-client", "cipher", "ssh")

_PACKAGE: Final = "pexpect"  # the wrapper's only one
_ANSWER_OCTETS: Final = 65_536
_ANSWER_TIMEOUT_MS: Final = 20_000  # a client that tries its sandbox starts some twenty processes
_VERSION_TIMEOUT_MS: Final = 5000
_QUESTION: Final = b"\x1b[c"  # DA1, which every terminal since the VT100 answers: ESC [ ? … c
_TERMINAL_TIMEOUT_MS: Final = 2000  # one behind a slow ssh takes a round trip
_LONGEST_TERMINAL_ANSWER: Final = 256
_CTRL_C: Final = b"\x03"
_SIGNAL_EXIT_BASE: Final = 128  # sh(1)


class Examined(NamedTuple):
    """What further stages need to know."""

    client: Client | None  # how ours is run; None where it can measure nothing


def examine(options: Options, environ: Mapping[str, str], *, own_path: str) -> Iterator[Finding | Examined]:
    """Yield what is found, in the order in which it is to be read; at last, what the next stages need."""
    asked, client, failure = None, None, ""
    try:
        client = find_client(options.client, own_path=own_path)
        asked = Background.run([*client.words, "--doctor"], environ)
    except EnvironmentFailure as error:
        failure = str(error)
    try:
        yield Finding("mosh", True, f"mosh-py {VERSION}, Python {sys.version.split()[0]} ({sys.executable})")
        lines = _answer(asked)
        own = _Ours(lines)
        yield _packages(own)
        if client is None:
            yield fault("mosh-client", failure)
        elif not own.is_ours:
            yield _anothers(client)
        else:
            yield Finding("mosh-client", True, client.words[0] if len(client.words) == 1 else "of this installation")
            yield own.cipher()
            yield own.sandbox()
        yield from _choices(environ)
        if os.path.exists(config_path(environ)):  # it was read, so what it says makes sense
            yield Finding("settings", True, config_path(environ))
        yield _locale(environ)
        yield _terminal(environ)
        yield _ssh(options, environ)
        yield Examined(client if own.is_ours else None)
    finally:
        if asked is not None:
            asked.end()


class _Ours:
    """What our client said of itself."""

    def __init__(self, lines: list[str]) -> None:
        self._told = dict(line.partition(": ")[::2] for line in lines)
        self._mechanisms = [line for line in lines if line.partition(": ")[0] in _PROCESSES and line.count(": ") > 1]
        self.is_ours = "Python packages" in self._told and bool(self._mechanisms)

    @property
    def packages(self) -> str:
        """WORKS, or why not; of another's client nothing is expected."""
        return self._told.get("Python packages", WORKS)

    @property
    def versions(self) -> str:
        return self._told.get("versions", "")

    def cipher(self) -> Finding:
        outcome = self._told.get("cipher", WORKS)
        name = self._told.get("Cipher", "")
        return Finding("cipher", outcome == WORKS, name if outcome == WORKS else outcome.removeprefix(MISSING))

    def sandbox(self) -> Finding:
        missing = [line for line in self._mechanisms if f": {MISSING}" in line]
        if not missing:
            return Finding("sandbox", True, f"all {len(self._mechanisms)} steps of confinement work")
        names = ", ".join(dict.fromkeys(line.split(": ")[1] for line in missing))
        why = missing[0].partition(MISSING)[2]
        has_them = sys.platform == "linux"
        if not has_them:
            return Finding("sandbox", True, f"this system has no {names}; sessions work without")
        return fault(
            "sandbox",
            f"{names} cannot be had ({why}); sessions work less confined: a newer kernel helps, or a container that"
            " forbids less.",
        )


_PROCESSES: Final = ("launcher", "network process", "renderer")


def _answer(asked: Background | None) -> list[str]:
    said = None if asked is None else asked.output(limit=_ANSWER_OCTETS, timeout_ms=_ANSWER_TIMEOUT_MS)
    return (said or b"").decode(errors="replace").splitlines()


def _anothers(client: Client) -> Finding:
    """Return what is said of a client that did not answer as ours does."""
    if client.ours:
        return fault("mosh-client", "It does not start; 'mosh-client --doctor' says why.")
    text = f"{client.words[0]} is not mosh-py's, or an older one: its sandbox and the way to a host cannot be tried"
    return Finding("mosh-client", True, text)


def _packages(client: _Ours) -> Finding:
    try:
        require_packages([_PACKAGE], "mosh")
    except EnvironmentFailure as error:
        return fault("packages", str(error))
    if client.packages != WORKS:
        return fault("packages", client.packages.removeprefix(MISSING))
    return Finding("packages", True, ", ".join(filter(None, [*versions([_PACKAGE]), client.versions])))


def _choices(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield only what is wrong: most users have chosen nothing."""
    try:
        preflight.check_choices(environ)
    except EnvironmentFailure as error:
        yield fault("variables", str(error))


def _locale(environ: Mapping[str, str]) -> Finding:
    words = in_words(environ)
    if is_utf8(environ):
        return Finding("locale", True, words)
    name = ruling_locale(environ)
    if not name:
        words, why = "None is set", "so it is not UTF-8"
    else:
        why = "which is not UTF-8" if codeset_of_locale(name) else "which is not installed here"
    return fault("locale", f"{words}, {why}: set LANG to a UTF-8 locale that 'locale -a' lists, C.UTF-8 for one.")


def _terminal(environ: Mapping[str, str]) -> Finding:
    kind = environ.get("TERM", "")
    try:
        load_description(kind)
    except EnvironmentFailure as error:
        return fault("terminal", str(error))
    except ImportError:
        return Finding("terminal", True, f"{kind}; this Python has no curses to look it up with")
    text = f"{kind}, {color_count(kind)} colours"
    terminal = Terminal.of_this_process() if os.isatty(0) and os.isatty(1) else None
    if terminal is not None:
        text += "; it answers" if _answers(terminal) else "; it does not answer, and need not"
    return Finding("terminal", True, text)


def _answers(terminal: Terminal) -> bool:
    """Whether the terminal answers, and what it answers kept from the shell; so is what is typed meanwhile."""
    said = b""
    with suppress(termios.error, OSError), Waiter((signal.SIGTERM, signal.SIGHUP)) as waiter, terminal.raw():
        terminal.show(_QUESTION)
        waiter.watch(terminal.input_fd)
        give_up = now_ms() + _TERMINAL_TIMEOUT_MS
        while len(said) < _LONGEST_TERMINAL_ANSWER and not _is_answer(said):
            ready = waiter.wait(give_up)
            for number in ready.signals:
                raise SystemExit(_SIGNAL_EXIT_BASE + number)
            chunk = os.read(terminal.input_fd, _LONGEST_TERMINAL_ANSWER) if ready.readable else b""
            if _CTRL_C in chunk:  # raw: the key is no signal
                raise KeyboardInterrupt
            if not chunk:  # too late, or hung up
                break
            said += chunk
    return _is_answer(said)


def _is_answer(said: bytes) -> bool:
    _before, found, rest = said.partition(b"\x1b[?")
    return bool(found) and b"c" in rest


def _ssh(options: Options, environ: Mapping[str, str]) -> Finding:
    words = ssh_config.command_words(options.ssh)
    program = ssh_config.program_of(words)
    path = shutil.which(program, path=environ.get("PATH"))
    if path is None:
        return fault("ssh", f"Cannot find {program!r}: install OpenSSH's client, or name an ssh with --ssh.")
    if is_script(words):
        return Finding("ssh", True, path)  # of the user's own: nobody knows what it does with -V
    try:
        asked = Background(*spawn_for_output([path, "-V"], environ, errors=True))
    except (OSError, ValueError) as error:
        return fault("ssh", f"Cannot run {path}: {error}; name another ssh with --ssh.")
    said = asked.output(limit=_ANSWER_OCTETS, timeout_ms=_VERSION_TIMEOUT_MS) or b""
    version = said.decode(errors="replace").partition("\n")[0].partition(",")[0].strip()
    return Finding("ssh", True, ", ".join(filter(None, [path, version])))
