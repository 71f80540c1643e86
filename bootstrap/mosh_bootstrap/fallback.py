"""What becomes of a login to a host without a server: plain ssh over the same connection, an installation, or the end.

As the user has said on the command line, for this host before, or says now.
"""

from __future__ import annotations

import os
import signal
import termios
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Final

from mosh_bootstrap import login_shell, server_search
from mosh_bootstrap.kept_answers import KeptAnswers
from mosh_bootstrap.terminal import Terminal
from mosh_common.errors import EnvironmentFailure
from mosh_common.io.loop import Waiter
from mosh_common.io.signal_handlers import Handler, change_handlers

if TYPE_CHECKING:
    from mosh_bootstrap.channels import Channels
    from mosh_bootstrap.login import Login
    from mosh_bootstrap.options import Options

_ANSWER_OCTETS: Final = 256
_QUIT_EXIT: Final = 127  # as where nobody is asked: sh(1), the command was not found
_NOT_FOUND_EXIT: Final = 127  # sh(1)
_NOT_EXECUTABLE_EXIT: Final = 126  # sh(1)
_SIGNAL_EXIT_BASE: Final = 128  # sh(1)
_PASSED_ON: Final = (signal.SIGTERM, signal.SIGHUP)


class Choice(Enum):
    """What the user wants instead of a session. The value is the word of --fallback for it."""

    INSTALL = "install"
    SSH = "ssh"
    FAIL = "fail"


def instead(
    login: Login, options: Options, environ: Mapping[str, str], *, install: Callable[[Channels], bool]
) -> Login | int:
    """Return what comes of a `login` without a server: itself, one that has found a server by now, or an exit code.

    `options`: as the user gave them. `install`: brings a server to the host and returns whether it did. Raises
    EnvironmentFailure, KeyboardInterrupt and SystemExit.
    """
    if not server_search.is_over(login.dialogue, login.ended):
        return login
    if not login.dialogue.no_server and options.fallback == "ask":
        return login  # another place than the usual ones, or nobody could look: there is nothing to offer
    terminal = Terminal.of_this_process()
    choice, asked = choose(options, environ, terminal)
    if choice is Choice.SSH:
        return plain_ssh(options, login.channels, environ, terminal)
    if choice is Choice.INSTALL:
        return login.search() if install(login.channels) else _QUIT_EXIT
    return _QUIT_EXIT if asked else login


def choose(options: Options, environ: Mapping[str, str], terminal: Terminal | None) -> tuple[Choice, bool]:
    """Return what to do about a host without a server, and whether the user said so just now.

    `terminal`: where somebody can be asked. Raises KeyboardInterrupt, and SystemExit on SIGTERM and SIGHUP.
    """
    if options.fallback != "ask":
        return Choice(options.fallback), False
    if terminal is None:
        return Choice.FAIL, False
    kept = KeptAnswers.of(environ)
    answer = kept.get(options.host)
    if answer is not None:
        return Choice(answer), False
    choice, for_good = _ask(options.host, terminal)
    if for_good:
        failure = kept.keep(options.host, choice.value)
        if failure:
            terminal.show(f"mosh: The answer could not be kept in {kept.path}: {failure}.\r\n".encode(errors="replace"))
        else:
            said = f"mosh: To be asked again, delete the line of {options.host} in {kept.path}.\r\n"
            terminal.show(said.encode(errors="replace"))
    return choice, True


def plain_ssh(
    options: Options,
    channels: Channels,
    environ: Mapping[str, str],
    terminal: Terminal | None,
    *,
    because: str = "has no mosh-server",
) -> int:
    """Have ssh do what the session was to do, over the login that is there; return its exit code.

    `because`: what is the matter with the host. Raises EnvironmentFailure when ssh cannot be started.
    """
    if terminal is not None:
        again = "" if channels.shared else " by another login"
        terminal.show(f"mosh: {options.host} {because}; going on with plain ssh{again}.\r\n".encode())
    command = " ".join(login_shell.quote_command(options.command)) if options.command else ""
    return _run(channels.shell_words(command, terminal=os.isatty(0)), environ)


def _ask(host: str, terminal: Terminal) -> tuple[Choice, bool]:
    """Return what the user answers, and whether it is to hold from now on."""
    question = (
        f"{host} has no mosh-server. [i]nstall it in ~/.local (nothing as root), go on with plain [s]sh, or [q]uit?"
        " (S or Q: keep the answer) "
    )
    answers = {"i": Choice.INSTALL, "s": Choice.SSH, "q": Choice.FAIL}
    # What was typed before the question is no answer to it.
    termios.tcflush(terminal.input_fd, termios.TCIFLUSH)
    with Waiter((signal.SIGTERM, signal.SIGHUP)) as waiter:
        waiter.watch(terminal.input_fd)
        while True:
            terminal.show(question.encode())
            line = _line(terminal, waiter)
            if not line:  # the end of input
                terminal.show(b"\r\n")
                return Choice.FAIL, False
            word = line.strip()
            choice = answers.get(word.lower())
            if choice is not None:
                return choice, word.isupper() and choice is not Choice.INSTALL


def _line(terminal: Terminal, waiter: Waiter) -> str:
    """Return the next line that is typed, with its end; empty at the end of input. Raises as `choose` does."""
    while True:
        ready = waiter.wait(None)
        for number in ready.signals:
            raise SystemExit(_SIGNAL_EXIT_BASE + number)
        if terminal.input_fd in ready.readable:
            try:
                return os.read(terminal.input_fd, _ANSWER_OCTETS).decode(errors="replace")
            except OSError:  # the terminal was hung up
                return ""


def _run(words: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a program that has the terminal to itself; return its exit code, as a shell would say it."""
    # None is to come between the start and the handlers.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)
    try:
        pid = os.posix_spawnp(words[0], list(words), environ, setsigmask=mask, setsigdef=[signal.SIGPIPE])
        restore = _leave_signals_to(pid)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        code = _NOT_FOUND_EXIT if isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE_EXIT
        raise EnvironmentFailure(f"Cannot run {words[0]!r}: {reason}.", exit_code=code) from None
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    try:
        while True:
            _pid, status = os.waitpid(pid, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else _SIGNAL_EXIT_BASE - code
            os.kill(os.getpid(), signal.SIGSTOP)  # as the whole job; `fg` continues both
            os.kill(pid, signal.SIGCONT)
    finally:
        restore()


def _leave_signals_to(pid: int) -> Callable[[], object]:
    """Have the child `pid` decide what signals mean; return what undoes that."""

    def pass_on(number: int, _frame: object) -> None:
        with suppress(ProcessLookupError):  # it has just ended
            os.kill(pid, number)

    # Those of keys it gets itself.
    handlers: dict[int, Handler] = {signal.SIGINT: signal.SIG_IGN, signal.SIGQUIT: signal.SIG_IGN}
    before = change_handlers(handlers | dict.fromkeys(_PASSED_ON, pass_on))
    return partial(change_handlers, before)
