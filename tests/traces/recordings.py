"""Reads the traces of this folder, and records what the programs answer: through a pty, at the trace's own pace.

A recording is JSON lines beside its trace, one for each read: `{"key": index of the last key pressed before, −1 before
the first, "offset_ms": since that key, "bytes": what came}` (text; octets that are not UTF-8 as surrogates).
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import threading
import time
from pathlib import Path
from typing import Final, NamedTuple

from mosh_common.terminal.emulator import Emulator

HERE: Final = Path(__file__).parent
START_S: Final = 1.0  # for the program to show its prompt, before the first key's own delay
REST_S: Final = 1.5  # after the last key


class Press(NamedTuple):
    """A keystroke."""

    delay_ms: int  # since the one before
    data: bytes


class Output(NamedTuple):
    """What one read gave."""

    key: int
    offset_ms: float
    data: bytes


class Trace(NamedTuple):
    """A typed session."""

    name: str
    note: str
    lines: int
    columns: int
    command: list[str]
    presses: list[Press]

    @property
    def missing_program(self) -> str:
        """The program that this machine lacks; empty when it can be run."""
        words = [word for word in self.command if word != "sh"]
        program = "tmux" if self.command[0] == "sh" else words[0]
        return "" if shutil.which(program) else program


def read_trace(name: str) -> Trace:
    """Return the trace NAME.jsonl."""
    first, *rest = (HERE / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    meta = json.loads(first)["meta"]
    presses = [Press(entry["delay_ms"], entry["bytes"].encode()) for entry in map(json.loads, rest)]
    return Trace(name, meta["note"], meta["rows"], meta["cols"], meta["command"], presses)


def read_recording(name: str) -> list[Output]:
    """Return what the program of the trace answered when NAME.recording.jsonl was made."""
    lines = (HERE / f"{name}.recording.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        Output(entry["key"], entry["offset_ms"], entry["bytes"].encode("utf-8", "surrogateescape"))
        for entry in map(json.loads, lines)
    ]


def make_home(home: Path) -> None:
    """Make the home directory that the traces expect."""
    shutil.copytree(HERE / "home", home)


def trace_environment(home: Path) -> dict[str, str]:
    """Return what the program finds in its environment."""
    return {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "LESSHISTFILE": "-",
        "PATH": os.environ["PATH"],
        "SHELL": "/bin/bash",
        "TERM": "xterm-256color",
    }


def end_tmux(home: Path) -> None:
    """End the tmux server that a trace may have left in its home."""
    for path in home.glob("tmux-*/default"):
        subprocess.run(["tmux", "-S", str(path), "kill-server"], stderr=subprocess.DEVNULL, check=False)


def record(trace: Trace) -> list[Output]:
    """Type the trace into its program; return what came out and when."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "home"
        make_home(home)
        pid, fd = pty.fork()
        if pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", trace.lines, trace.columns, 0, 0))
            os.chdir(home)
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # a background job's children ignore it
            os.execvpe(trace.command[0], trace.command, trace_environment(home))
        terminal = Emulator(trace.columns, trace.lines)  # answers what programs ask at their start
        outputs: list[Output] = []
        base = time.monotonic()
        due, key = base + START_S, -1
        try:
            for press in [*trace.presses, None]:
                due += press.delay_ms / 1000 if press is not None else REST_S
                while (timeout := due - time.monotonic()) > 0:
                    if select.select([fd], [], [], timeout)[0]:
                        data = _read(fd)
                        if not data:
                            return outputs
                        outputs.append(Output(key, round((time.monotonic() - base) * 1000, 1), data))
                        terminal.feed(data)
                        os.write(fd, terminal.replies())
                if press is not None:
                    base = time.monotonic()
                    key += 1
                    os.write(fd, press.data)
            return outputs
        finally:
            os.close(fd)
            end_tmux(home)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def record_all(names: list[str]) -> None:
    """Record these traces, all at the same time, and write NAME.recording.jsonl."""

    def make(name: str) -> None:
        trace = read_trace(name)
        if trace.missing_program:
            print(f"{name}: {trace.missing_program} is not installed; not recorded")
            return
        lines = [
            json.dumps(
                {"key": key, "offset_ms": offset, "bytes": data.decode("utf-8", "surrogateescape")}, ensure_ascii=True
            )
            for key, offset, data in record(trace)
        ]
        (HERE / f"{name}.recording.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"{name}: {len(trace.presses)} keys, {len(lines)} reads")

    threads = [threading.Thread(target=make, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, 65536)
    except OSError as error:
        if error.errno == errno.EIO:  # the program has ended
            return b""
        raise
