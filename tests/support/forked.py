"""Starts what a test asks for: our programs by a fork of a process that has loaded them, where that is the same.

A session of ours takes 0.7 s of processor time to begin and end, 0.5 of them for what its processes import; forked
ones have it. They are the same but for that. So these start for real: what is called by other words than this
checkout's programs (an installed one, an archive's, `ip netns exec …`), with other PYTHON… variables or another locale;
and what a test asks to be started so: it looks at memory, say. What a program imports after it has forked or is
confined is tried by such starts: tests/client/launcher where it watches what a process opens, tests/soak, each session
of tests/e2e over ssh, and each client in tmux.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.forkserver import FOLDERS, LONGEST_ENVIRONMENT, LONGEST_WORDS, PACKAGES, ForkServer, Request

_PYTHONPATH = os.pathsep.join(FOLDERS)
_BY_ENV = ("/usr/bin/env", f"PYTHONPATH={_PYTHONPATH}", sys.executable)
SABOTEUR = str(Path(__file__).resolve().parents[1] / "bad_input" / "saboteur.py")  # becomes one of ours
_PROGRAMS: dict[tuple[str, ...], str] = {
    **{(*_BY_ENV, "-m", package): package for package in PACKAGES},
    **{(sys.executable, "-P", "-m", package): package for package in PACKAGES},
    (*_BY_ENV, SABOTEUR): SABOTEUR,
}
_CAN_FORK = sys.platform == "linux"  # in this way: a subreaper, /proc

# One for each worker, made when the first test asks.
_FORK_SERVER: list[ForkServer] = []


class Program(NamedTuple):
    """One of ours, and what it is started with."""

    name: str  # one of PACKAGES, or SABOTEUR
    words: Sequence[str]
    environment: Mapping[str, str]

    def start(
        self, descriptors: Sequence[int], folder: str | None, *, leader: bool = False, terminal: bool = False
    ) -> int:
        """Start it in `folder`, or in ours; return its process id."""
        if not _FORK_SERVER:
            _FORK_SERVER.append(ForkServer())
            atexit.register(lambda: _FORK_SERVER.pop().close())
        request = Request(
            program=self.name,
            words=list(self.words),
            environment=dict(self.environment),
            folder=os.path.join(os.getcwd(), folder or ""),
            leader=leader,
            terminal=terminal,
        )
        return _FORK_SERVER[0].start(request, descriptors)


def program_of(words: Sequence[str], environment: Mapping[str, str] | None) -> Program | None:
    """Return which program of this checkout `words` start; None if that must be done for real."""
    for beginning, name in _PROGRAMS.items():
        if environment is not None and tuple(words[: len(beginning)]) == beginning:
            by_env = {"PYTHONPATH": _PYTHONPATH} if beginning[0] == _BY_ENV[0] else {}
            program = Program(name, words[len(beginning) :], {**environment, **by_env})
            return program if _CAN_FORK and _is_heard_by_it_alone(program) else None
    return None


def _is_heard_by_it_alone(program: Program) -> bool:
    """Whether Python hears nothing in words and environment before the program does, and there is room for both."""
    environment = program.environment
    named = {name: value for name, value in environment.items() if name.startswith("PYTHON")}
    encoding = environment.get("LC_ALL") or environment.get("LC_CTYPE") or environment.get("LANG")
    octets = sum(len(os.fsencode(f"{name}={value}")) + 1 for name, value in environment.items())
    return (
        named == {"PYTHONPATH": _PYTHONPATH}
        and encoding == "C.UTF-8"
        and octets < LONGEST_ENVIRONMENT
        and sum(len(os.fsencode(word)) + 1 for word in program.words) < LONGEST_WORDS // 2
    )


class Popen(subprocess.Popen[Any]):
    """subprocess.Popen, of a fork where that is the same."""

    # What subprocess does between the making of pipes and the waiting; a Python that has no such thing starts programs
    # as ever.
    def _execute_child(self, args: Any, executable: Any, preexec_fn: Any, *rest: Any) -> None:
        close_fds, pass_fds, cwd, env, _startup, _flags, shell, *others = rest
        ends, (restore_signals, gid, gids, uid, umask, start_new_session, process_group) = others[:6], others[6:]
        as_ever = (close_fds, restore_signals, gid, gids, uid, umask, process_group) == (
            True,
            True,
            *[None] * 3,
            -1,
            -1,
        )
        plain = as_ever and not (executable or preexec_fn or pass_fds or shell)
        program = program_of(args, env) if plain and not isinstance(args, (str, bytes, os.PathLike)) else None
        if program is None:
            super()._execute_child(args, executable, preexec_fn, *rest)  # type: ignore[misc]  # its types lack it
            return
        theirs = ends[0], ends[3], ends[5]
        descriptors = [number if end == -1 else end for number, end in enumerate(theirs)]
        self.pid = program.start(descriptors, None if cwd is None else os.fspath(cwd), leader=start_new_session)
        self._child_created = True
        self._close_pipe_fds(*ends)  # type: ignore[attr-defined]  # its types lack it


def run(
    words: Sequence[str], *, timeout: float, for_real: bool = False, **named: Any
) -> subprocess.CompletedProcess[Any]:
    """subprocess.run with pipes for output and errors, and nothing to read, of a fork where that is the same."""
    pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with (subprocess.Popen if for_real else Popen)(words, **pipes, **named) as process:
        try:
            output, errors = process.communicate(timeout=timeout)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(words, process.returncode, output, errors)


def in_terminal(
    program: Program, size: tuple[int, int], directory: str | None, errors: int | None = None
) -> tuple[int, int]:
    """Start a program in a new pty of that many lines and columns; return its process id and the pty's master.

    `errors`: a descriptor for its standard error, in place of the terminal.
    """
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, size)
    try:
        standard = [slave, slave, slave if errors is None else errors]
        return program.start(standard, directory, leader=True, terminal=True), master
    except BaseException:
        os.close(master)
        raise
    finally:
        os.close(slave)
