"""Typed traces, and what the real programs answered: the raw material of predict_offline.py.

A trace is typed once, at its own pace, into the program under a pty; what comes out is kept with its time. The shared
harness's traces are used where it stands beside the checkout; the others are here, for what those do not try.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import pty
import random
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
HARNESS = ROOT.parent / "shared" / "harness"
LINES, COLUMNS = 24, 80


class Press(NamedTuple):
    delay_ms: int
    data: bytes


# -- traces of our own: what the shared ones do not try

KEYS = {
    "ENTER": "\r",
    "ESC": "\x1b",
    "BS": "\x7f",
    "TAB": "\t",
    "UP": "\x1bOA",
    "DOWN": "\x1bOB",
    "RIGHT": "\x1bOC",
    "LEFT": "\x1bOD",
    "HOME": "\x1bOH",
    "END": "\x1bOF",
    "DEL": "\x1b[3~",
    "C-LEFT": "\x1b[1;5D",
    "C-RIGHT": "\x1b[1;5C",
    "M-b": "\x1bb",
    "M-f": "\x1bf",
    "M-d": "\x1bd",
    "M-BS": "\x1b\x7f",
}
SLOW_AFTER = {"ENTER": 900, "ESC": 500, "TAB": 500, "^C": 500, "UP": 250}


def typed(name: str, *parts: str) -> list[Press]:
    """Make a trace: plain strings are typed, "<NAME>" is a key, "<^X>" a control, "<500>" a pause."""
    rng = random.Random(name)
    presses: list[Press] = []
    pending = 800.0

    def add(data: str, after: float = 0.0) -> None:
        nonlocal pending
        presses.append(Press(round(pending), data.encode()))
        pending = max(after, min(400.0, max(45.0, rng.lognormvariate(4.8, 0.45))))

    for part in parts:
        if part.startswith("<") and part.endswith(">") and len(part) > 2:
            word = part[1:-1]
            if word.isdigit():
                pending = max(pending, float(word))
            elif word.startswith("^"):
                add(chr(ord(word[1]) & 31), SLOW_AFTER.get(word, 0))
            else:
                add(KEYS[word], SLOW_AFTER.get(word, 0))
        else:
            for char in part:
                add(char)
    return presses


FISH = [
    "fish",
    "--no-config",
    "-C",
    (
        "function fish_prompt; echo -n 'me@host ~/dir> '; end; function fish_greeting; end;"
        " set -g fish_autosuggestion_enabled 1"
    ),
]
FISH_COLOR = ["fish", "-C", FISH[3]]
ZSH = ["zsh", "-f", "-c", "exec zsh -f -i"]
BASH = ["bash", "--rcfile", "HOME/bashrc", "-i"]
BASHRC = r"""
PS1='me@host:\w\$ '
HISTFILE=
LC_ALL=C.UTF-8
bind 'set bell-style none'
bind 'set enable-bracketed-paste off'
"""
ZSHRC = "PROMPT='%n@host %~ %# '; RPROMPT='[right]'\n"
TMUX = [
    "tmux",
    "-L",
    "predict-offline",
    "-f",
    "HOME/tmux.conf",
    "new-session",
    "bash --rcfile HOME/bashrc -i",
    ";",
    "split-window",
    "-h",
    "bash --rcfile HOME/bashrc -i",
]
FISH_WORDS = [
    "<1500>",
    "echo one two three",
    "<ENTER>",
    "echo one four",
    "<ENTER>",
    "echo one",
    "<RIGHT>",
    "<500>",
    "<ENTER>",
    "ls -la /tmp/none",
    "<LEFT>",
    "<LEFT>",
    "xy",
    "<BS>",
    "<ENTER>",
    "echo hello",
    "<ENTER>",
    "echo hel",
    "<END>",
    "<500>",
    " more",
    "<ENTER>",
    "cat /etc/hostname",
    "<ENTER>",
]

OWN_TRACES: dict[str, tuple[list[str], list[Press]]] = {
    "fish": (FISH, typed("fish", *FISH_WORDS)),
    "fish-color": (FISH_COLOR, typed("fish-color", *FISH_WORDS)),
    "zsh": (
        ["zsh", "-i"],
        typed(
            "zsh",
            "<1500>",
            "echo one two three",
            "<ENTER>",
            "echo one four",
            "<LEFT>",
            "<LEFT>",
            "<LEFT>",
            "xyz",
            "<BS>",
            "<^E>",
            " end",
            "<ENTER>",
            "ls",
            "<^A>",
            "echo ",
            "<^E>",
            " -la",
            "<^W>",
            "<^W>",
            "foo",
            "<^U>",
            "pwd",
            "<ENTER>",
            "cat",
            "<ENTER>",
            "some text",
            "<ENTER>",
            "<^D>",
            "<800>",
            "echo bye",
            "<ENTER>",
        ),
    ),
    "tmux": (
        TMUX,
        typed(
            "tmux",
            "<2500>",
            "echo left border test",
            "<LEFT>",
            "<LEFT>",
            "<LEFT>",
            "<LEFT>",
            "big ",
            "<^E>",
            "!",
            "<ENTER>",
            "ls",
            "<ENTER>",
            "<^B>",
            "o",
            "<900>",
            "echo in the other pane",
            "<^A>",
            "# ",
            "<^E>",
            " x",
            "<ENTER>",
            "echo a very long command line that wraps in its pane, twice even",
            "<ENTER>",
            "echo again",
            "<ENTER>",
        ),
    ),
    "bash-edit": (
        BASH,
        typed(
            "bash-edit",
            "<1000>",
            "echo first command",
            "<ENTER>",
            "echo second one here",
            "<HOME>",
            "<C-RIGHT>",
            "X",
            "<END>",
            " tail",
            "<M-b>",
            "mid ",
            "<M-d>",
            "<^K>",
            "<M-BS>",
            "new",
            "<DEL>",
            "<^U>",
            "python3 -q",
            "<ENTER>",
            "<900>",
            "print(1)",
            "<ENTER>",
            "x = 'abc'",
            "<LEFT>",
            "<LEFT>",
            "Z",
            "<ENTER>",
            "<^D>",
            "<900>",
            "echo done",
            "<ENTER>",
            "<UP>",
            "<UP>",
            "<600>",
            " more",
            "<ENTER>",
            "read -sp 'Password: ' x",
            "<ENTER>",
            "hunter2",
            "<BS>",
            "<ENTER>",
            "<700>",
            "read -sp '> ' x",
            "<ENTER>",
            "secret",
            "<ENTER>",
            "<700>",
            "echo type ahead",
            "<ENTER>",
            "<200>",
            "echo quick",
            "<ENTER>",
            "stty -echo; cat",
            "<ENTER>",
            "hidden",
            "<ENTER>",
            "<^D>",
            "<700>",
            "stty echo",
            "<ENTER>",
            "echo visible",
            "<ENTER>",
            "sleep 1",
            "<ENTER>",
            "<300>",
            "ls",
            "<ENTER>",
            "<1500>",
            "echo 日本語 wide",
            "<LEFT>",
            "<LEFT>",
            "<LEFT>",
            "<LEFT>",
            "<LEFT>",
            "<BS>",
            "x",
            "<ENTER>",
            "pwd",
            "<ENTER>",
        ),
    ),
    "bottom": (
        BASH,
        typed(
            "bottom",
            "<1000>",
            "seq 40",
            "<ENTER>",
            "echo at the bottom",
            "<ENTER>",
            "ls",
            "<ENTER>",
            "echo more output here",
            "<ENTER>",
            "echo a long command line that has to wrap around at the very right edge, and then goes on",
            "<BS>",
            "<BS>",
            "n!",
            "<ENTER>",
            "pwd",
            "<ENTER>",
            "cat > f.txt",
            "<ENTER>",
            "one line",
            "<ENTER>",
            "another line",
            "<ENTER>",
            "third",
            "<ENTER>",
            "<^D>",
            "<700>",
            "echo end",
            "<ENTER>",
        ),
    ),
    "nano-like": (
        ["vim.tiny", "-u", "NONE", "-i", "NONE", "-n", "-N", "HOME/letter.txt"],
        typed(
            "nano-like",
            "<1500>",
            "i",
            "<400>",
            "Typing at the top of a file. ",
            "<ENTER>",
            "And a second line",
            "<ENTER>",
            "third",
            "<BS>",
            "<BS>",
            "xx",
            "<UP>",
            "up here",
            "<LEFT>",
            "<LEFT>",
            "y",
            "<ESC>",
            "jjA",
            " appended text",
            "<ESC>",
            "ddp",
            "o",
            "new line of text",
            "<ESC>",
            "/and",
            "<ENTER>",
            "n",
            "x",
            "iinserted ",
            "<ESC>",
            ":w",
            "<ENTER>",
            "<700>",
            ":q",
            "<ENTER>",
        ),
    ),
}


def shared_traces() -> dict[str, tuple[list[str], list[Press]]]:
    """Return the harness's traces by name, empty where the harness is missing."""
    found = {}
    for path in sorted((HARNESS / "traces").glob("*.jsonl")):
        presses = []
        for line in path.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            if "meta" not in entry:
                presses.append(Press(round(entry["delay_ms"]), entry["bytes"].encode()))
        found[path.stem] = (["bash", "--rcfile", str(HARNESS / "apps" / "bashrc"), "-i"], presses)
    return found


def make_home(home: Path) -> None:
    """Lay out the home directory that the traces expect."""
    words = "error warn info debug request connection timeout retry socket packet session client server"
    rng = random.Random("home")
    prose = [" ".join(rng.choices(words.split(), k=9)).capitalize() + "." for _ in range(60)]
    (home / "src").mkdir(parents=True)
    files = {
        "README.md": "# Fixture\nNothing here matters.\n",
        "notes.txt": "".join(f"note {i}: {line}\n" for i, line in enumerate(prose)),
        "letter.txt": "Dear all,\n\n" + "\n".join(prose[:12]) + "\n\nYours\n",
        "login.sh": "#!/bin/bash\nread -rsp 'Password: ' answer\necho\nsleep 0.2\necho Welcome.\n",
        "src/main.c": '#include <stdio.h>\n\nint main(void)\n{\n  puts("hello");\n  return 0;\n}\n',
        "src/util.c": "int util(void) { return 1; }\n",
        "bashrc": BASHRC,
        ".zshrc": ZSHRC,
        "tmux.conf": "set -g status-right ''\nset -g default-terminal screen-256color\n",
    }
    for name, text in files.items():
        (home / name).write_text(text)
    (home / "login.sh").chmod(0o755)


# -- recording


class Output(NamedTuple):
    key: int  # index of the last key pressed before; -1 before the first
    offset_ms: float  # after that key (or after the start)
    data: bytes


def record(command: list[str], presses: list[Press]) -> list[Output]:
    """Type the trace at its own pace into the program; return what came out and when."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        make_home(home)
        argv = [word.replace("HOME", str(home)) for word in command]
        pid, fd = pty.fork()
        if pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
            os.chdir(home)
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # a background job's children ignore it
            env = {
                "HOME": str(home),
                "PATH": os.environ["PATH"],
                "TERM": "xterm-256color",
                "LANG": "C.UTF-8",
                "SHELL": "/bin/bash",
            }
            os.execvpe(argv[0], argv, env)
        outputs: list[Output] = []
        start = base = time.monotonic()
        at, key = start + 1.0, -1
        queue = list(presses)
        try:
            while True:
                if queue:
                    due = at + queue[0].delay_ms / 1000
                else:
                    due = at + 1.5
                timeout = due - time.monotonic()
                if timeout > 0:
                    ready, _, _ = select.select([fd], [], [], timeout)
                    if ready:
                        try:
                            data = os.read(fd, 65536)
                        except OSError as error:
                            if error.errno == errno.EIO:
                                break
                            raise
                        if not data:
                            break
                        outputs.append(Output(key, (time.monotonic() - base) * 1000, data))
                        answer_queries(fd, data)
                    continue
                if not queue:
                    break
                press = queue.pop(0)
                at = due
                base = time.monotonic()
                key += 1
                os.write(fd, press.data)
        finally:
            os.close(fd)
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                pass
            os.waitpid(pid, 0)
            if command[0] == "tmux":
                subprocess.run(["tmux", "-L", "predict-offline", "kill-server"], stderr=subprocess.DEVNULL, check=False)
        return outputs


def answer_queries(fd: int, data: bytes) -> None:
    """Answer what programs wait for at start: device attributes and the cursor's position."""
    if b"\x1b[c" in data or b"\x1b[0c" in data:
        os.write(fd, b"\x1b[?62c")
    if b"\x1b[>c" in data or b"\x1b[>0c" in data:
        os.write(fd, b"\x1b[>1;10;0c")
    if b"\x1b[6n" in data:
        os.write(fd, b"\x1b[1;1R")


def recorded(name: str, command: list[str], presses: list[Press], folder: Path) -> list[Output]:
    """Return the trace's recording, made now unless it was kept."""
    path = folder / f"{name}.json"
    fingerprint = json.dumps([command, [(p.delay_ms, p.data.decode()) for p in presses]])
    if path.exists():
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["trace"] == fingerprint:
            return [Output(k, o, bytes.fromhex(d)) for k, o, d in kept["outputs"]]
    outputs = record(command, presses)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps({"trace": fingerprint, "outputs": [(o.key, o.offset_ms, o.data.hex()) for o in outputs]})
    )
    return outputs
