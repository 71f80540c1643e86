"""Compare rules of the prediction engine on typed traces, in simulated time: seconds instead of minutes a run.

    python tests/bench/predict_offline.py [--traces shell editor …] [--rtts 100 250 500] [--modes adaptive] [--without RULE …]

A trace is typed once at its own pace into the real program under a pty, and what comes out is recorded with its time
(kept under --records). Played back, each key travels over a link of constant delay to a server that sends frames and echo
acks by the timers of protocol.md, so every run is deterministic. Judged as the end-to-end harness does it: a key is shown
once every cell it changes shows the true value; a cell is wrong when it shows what the true screen never held there lately.

The traces beside the checkout are used when they exist, and those of this file always.
"""

from __future__ import annotations

import argparse
import errno
import heapq
import json
import os
import pty
import random
import select
import signal
import shutil
import struct
import sys
import tempfile
import termios
import time
import fcntl
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "client"), str(ROOT / "common"), str(ROOT)]

from mosh_client.renderer.prediction import DisplayPreference, PredictionEngine  # noqa: E402
from mosh_common.terminal.cells import EMPTY, Palette, Row, Snapshot, Style, WIDE_TAIL, BOLD, FAINT, INVERSE  # noqa: E402

HARNESS = ROOT.parent / "shared" / "harness"
LINES, COLUMNS = 24, 80

ECHO_ACK_MS = 50
SERVER_COLLECTION_MS = 8
CLIENT_COLLECTION_MS = 1


class Press(NamedTuple):
    delay_ms: int
    data: bytes


# -- traces of our own: what the shared ones do not try

KEYS = {"ENTER": "\r", "ESC": "\x1b", "BS": "\x7f", "TAB": "\t", "UP": "\x1bOA", "DOWN": "\x1bOB", "RIGHT": "\x1bOC", "LEFT": "\x1bOD",
        "HOME": "\x1bOH", "END": "\x1bOF", "DEL": "\x1b[3~", "C-LEFT": "\x1b[1;5D", "C-RIGHT": "\x1b[1;5C", "M-b": "\x1bb", "M-f": "\x1bf", "M-d": "\x1bd",
        "M-BS": "\x1b\x7f"}
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


FISH = ["fish", "--no-config", "-C", "function fish_prompt; echo -n 'me@host ~/dir> '; end; function fish_greeting; end; set -g fish_autosuggestion_enabled 1"]
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
TMUX = ["tmux", "-L", "predict-offline", "-f", "HOME/tmux.conf", "new-session", "bash --rcfile HOME/bashrc -i", ";", "split-window", "-h", "bash --rcfile HOME/bashrc -i"]

OWN_TRACES: dict[str, tuple[list[str], list[Press]]] = {
    "fish": (FISH, typed("fish", "<1500>", "echo one two three", "<ENTER>", "echo one four", "<ENTER>", "echo one", "<RIGHT>", "<500>", "<ENTER>", "ls -la /tmp/none",
                         "<LEFT>", "<LEFT>", "xy", "<BS>", "<ENTER>", "echo hello", "<ENTER>", "echo hel", "<END>", "<500>", " more", "<ENTER>", "cat /etc/hostname", "<ENTER>")),
    "fish-color": (FISH_COLOR, typed("fish-color", "<1500>", "echo one two three", "<ENTER>", "echo one four", "<ENTER>", "echo one", "<RIGHT>", "<500>", "<ENTER>", "ls -la /tmp/none",
                         "<LEFT>", "<LEFT>", "xy", "<BS>", "<ENTER>", "echo hello", "<ENTER>", "echo hel", "<END>", "<500>", " more", "<ENTER>", "cat /etc/hostname", "<ENTER>")),
    "zsh": (["zsh", "-i"], typed("zsh", "<1500>", "echo one two three", "<ENTER>", "echo one four", "<LEFT>", "<LEFT>", "<LEFT>", "xyz", "<BS>", "<^E>", " end", "<ENTER>",
                                "ls", "<^A>", "echo ", "<^E>", " -la", "<^W>", "<^W>", "foo", "<^U>", "pwd", "<ENTER>", "cat", "<ENTER>", "some text", "<ENTER>", "<^D>", "<800>", "echo bye", "<ENTER>")),
    "tmux": (TMUX, typed("tmux", "<2500>", "echo left border test", "<LEFT>", "<LEFT>", "<LEFT>", "<LEFT>", "big ", "<^E>", "!", "<ENTER>", "ls", "<ENTER>", "<^B>", "o", "<900>", "echo in the other pane",
                            "<^A>", "# ", "<^E>", " x", "<ENTER>", "echo a very long command line that wraps in its pane, twice even", "<ENTER>", "echo again", "<ENTER>")),
    "bash-edit": (BASH, typed("bash-edit", "<1000>", "echo first command", "<ENTER>", "echo second one here", "<HOME>", "<C-RIGHT>", "X", "<END>", " tail", "<M-b>", "mid ", "<M-d>", "<^K>", "<M-BS>",
                              "new", "<DEL>", "<^U>", "python3 -q", "<ENTER>", "<900>", "print(1)", "<ENTER>", "x = 'abc'", "<LEFT>", "<LEFT>", "Z", "<ENTER>", "<^D>", "<900>", "echo done", "<ENTER>",
                              "<UP>", "<UP>", "<600>", " more", "<ENTER>", "read -sp 'Password: ' x", "<ENTER>", "hunter2", "<BS>", "<ENTER>", "<700>", "read -sp '> ' x", "<ENTER>", "secret", "<ENTER>", "<700>",
                              "echo type ahead", "<ENTER>", "<200>", "echo quick", "<ENTER>", "stty -echo; cat", "<ENTER>", "hidden", "<ENTER>", "<^D>", "<700>", "stty echo", "<ENTER>", "echo visible", "<ENTER>",
                              "sleep 1", "<ENTER>", "<300>", "ls", "<ENTER>", "<1500>", "echo 日本語 wide", "<LEFT>", "<LEFT>", "<LEFT>", "<LEFT>", "<LEFT>", "<BS>", "x", "<ENTER>", "pwd", "<ENTER>")),
    "bottom": (BASH, typed("bottom", "<1000>", "seq 40", "<ENTER>", "echo at the bottom", "<ENTER>", "ls", "<ENTER>", "echo more output here", "<ENTER>", "echo a long command line that has to wrap around at the very right edge, and then goes on",
                           "<BS>", "<BS>", "n!", "<ENTER>", "pwd", "<ENTER>", "cat > f.txt", "<ENTER>", "one line", "<ENTER>", "another line", "<ENTER>", "third", "<ENTER>", "<^D>", "<700>", "echo end", "<ENTER>")),
    "nano-like": (["vim.tiny", "-u", "NONE", "-i", "NONE", "-n", "-N", "HOME/letter.txt"], typed("nano-like", "<1500>", "i", "<400>", "Typing at the top of a file. ", "<ENTER>", "And a second line", "<ENTER>", "third", "<BS>", "<BS>", "xx",
                           "<UP>", "up here", "<LEFT>", "<LEFT>", "y", "<ESC>", "jjA", " appended text", "<ESC>", "ddp", "o", "new line of text", "<ESC>", "/and", "<ENTER>", "n", "x", "iinserted ", "<ESC>", ":w", "<ENTER>", "<700>", ":q", "<ENTER>")),
}


def shared_traces() -> dict[str, tuple[list[str], list[Press]]]:
    """Return the harness's traces by name, empty where the harness is missing."""
    found = {}
    for path in sorted((HARNESS / "traces").glob("*.jsonl")):
        presses = []
        for line in path.read_text().splitlines():
            entry = json.loads(line)
            if "meta" not in entry:
                presses.append(Press(round(entry["delay_ms"]), entry["bytes"].encode()))
        found[path.stem] = (["bash", "--rcfile", str(HARNESS / "apps" / "bashrc"), "-i"], presses)
    return found


def make_home(home: Path) -> None:
    """Lay out the home directory that the traces expect."""
    words = "error warn info debug request connection timeout retry socket packet session client server user token".split()
    rng = random.Random("home")
    prose = [" ".join(rng.choices(words, k=9)).capitalize() + "." for _ in range(60)]
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
            env = {"HOME": str(home), "PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8", "SHELL": "/bin/bash"}
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
                os.system("tmux -L predict-offline kill-server 2>/dev/null")
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
        kept = json.loads(path.read_text())
        if kept["trace"] == fingerprint:
            return [Output(k, o, bytes.fromhex(d)) for k, o, d in kept["outputs"]]
    outputs = record(command, presses)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"trace": fingerprint, "outputs": [(o.key, o.offset_ms, o.data.hex()) for o in outputs]}))
    return outputs


# -- the server's terminal


class PyteTerminal:
    """A stand-in emulator: pyte's screen as snapshots."""

    def __init__(self, columns: int, lines: int) -> None:
        import pyte

        class Screen(pyte.Screen):
            def select_graphic_rendition(self, *attributes: int, private: bool = False) -> None:
                if not private:
                    super().select_graphic_rendition(*attributes)

        self._screen = Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._palette = Palette()
        self._rows: list[Row] = []

    def feed(self, data: bytes) -> None:
        self._stream.feed(data)

    def snapshot(self) -> Snapshot:
        screen = self._screen
        if not self._rows:
            self._rows = [self._row(y) for y in range(screen.lines)]
        for y in screen.dirty:
            if y < screen.lines:
                row = self._row(y)
                if row != self._rows[y]:
                    self._rows[y] = row
        screen.dirty.clear()
        return Snapshot(screen.columns, screen.lines, tuple(self._rows), self._palette, screen.cursor.y, min(screen.cursor.x, screen.columns - 1))

    _COLORS = {n: i for i, n in enumerate("black red green brown blue magenta cyan white".split())} | {
        "bright" + n: i + 8 for i, n in enumerate("black red green brown blue magenta cyan white".split())} | {"brightyellow": 11}

    def _color(self, name: str) -> int:
        if name == "default":
            return -1
        found = self._COLORS.get(name)
        return found if found is not None else (1 << 24) | int(name, 16)

    def _row(self, y: int) -> Row:
        line = self._screen.buffer[y]
        text, letters, clusters = [], [], {}
        for x in range(self._screen.columns):
            cell = line[x]
            data = cell.data
            if len(data) > 1:
                clusters[x] = data
                text.append("\x02")
            else:
                text.append(data or WIDE_TAIL)
            letters.append(self._palette.letter(Style(self._color(cell.fg), self._color(cell.bg), BOLD * cell.bold | INVERSE * cell.reverse, int(cell.underscore))))
        return ("".join(text), "".join(letters), False, clusters)


def make_terminal() -> PyteTerminal:
    try:
        from mosh_common.terminal.emulator import Emulator
    except ImportError:
        return PyteTerminal(COLUMNS, LINES)
    return Emulator(COLUMNS, LINES)  # type: ignore[return-value]


Grid = tuple[str, ...]


def grid_of(screen: Snapshot) -> Grid:
    """Return what the screen shows, a string a row."""
    return tuple(row[0].replace(EMPTY, " ") for row in screen.rows)


class Truth:
    """What the screen shows after each key when nothing is hurried."""

    def __init__(self, presses: list[Press], outputs: list[Output]) -> None:
        terminal = make_terminal()
        self.states: list[Grid] = []
        self.cursors: list[tuple[int, int]] = []
        self.seen: list[dict[tuple[int, int], set[str]]] = []
        grid = grid_of(terminal.snapshot())
        index = 0
        for key in range(-1, len(presses)):
            values: dict[tuple[int, int], set[str]] = {}
            while index < len(outputs) and outputs[index].key <= key:
                terminal.feed(outputs[index].data)
                index += 1
                new = grid_of(terminal.snapshot())
                for y, (a, b) in enumerate(zip(grid, new)):
                    if a != b:
                        for x, (c, d) in enumerate(zip(a, b)):
                            if c != d:
                                values.setdefault((y, x), set()).add(d)
                grid = new
            screen = terminal.snapshot()
            self.states.append(grid)
            self.cursors.append((screen.cursor_row, screen.cursor_column))
            self.seen.append(values)
        self.changes = [
            {(y, x): b for y, (old, new) in enumerate(zip(before, after)) if old != new for x, (a, b) in enumerate(zip(old, new)) if a != b}
            for before, after in zip(self.states, self.states[1:])
        ]


# -- playing


class Event(NamedTuple):
    at: float
    order: int
    kind: str
    value: object


class Judge:
    """Follows the display, as analyse_trace of the harness does."""

    def __init__(self, truth: Truth, times: list[float], rtt: float) -> None:
        self.truth, self.times, self.rtt = truth, times, rtt
        count = len(times)
        self.visible = [bool(truth.changes[k]) or truth.cursors[k] != truth.cursors[k + 1] for k in range(count)]
        self.shown: list[float | None] = [None] * count
        self.pending: list[int] = []
        self.sent = 0
        self.grid: Grid = truth.states[0]
        self.wrong_now: dict[tuple[int, int], dict] = {}
        self.wrong: list[dict] = []

    def display(self, now: float, screen: Snapshot) -> None:
        truth = self.truth
        while self.sent < len(self.times) and self.times[self.sent] <= now:
            if self.visible[self.sent]:
                self.pending.append(self.sent)
            self.sent += 1
        new = grid_of(screen)
        changed = [(y, x, b) for y, (old, row) in enumerate(zip(self.grid, new)) if old != row for x, (a, b) in enumerate(zip(old, row)) if a != b]
        self.grid = grid = new
        if self.sent == 0:
            return
        cursor = (screen.cursor_row, screen.cursor_column)
        full = next((j for j in range(self.sent, self.pending[0] if self.pending else self.sent, -1) if grid == truth.states[j]), 0)
        blocked: set[tuple[int, int]] = set()
        cursor_blocked = False
        left = []
        for k in self.pending:
            cells = truth.changes[k]
            if k < full:
                done = True
            elif cells:
                done = not (blocked and not blocked.isdisjoint(cells)) and all(grid[y][x] == c for (y, x), c in cells.items())
            else:
                done = not cursor_blocked and cursor == truth.cursors[k + 1]
            if done:
                self.shown[k] = now
            else:
                left.append(k)
                blocked.update(cells)
                cursor_blocked |= not cells
        self.pending = left
        if changed:
            low = next((j for j in range(self.sent - 1, -1, -1) if self.times[j] < now - self.rtt - 1000), 0)
            for y, x, char in changed:
                legal = truth.states[low][y][x] == char or any(
                    char in truth.seen[j].get((y, x), ()) for j in range(low, min(self.sent + 1, len(truth.seen))))
                if (y, x) in self.wrong_now:
                    self.wrong_now.pop((y, x))["gone"] = now
                if not legal:
                    entry = {"key": self.sent - 1, "at": now, "gone": None, "y": y, "x": x, "char": char}
                    self.wrong_now[(y, x)] = entry
                    self.wrong.append(entry)


class Result(NamedTuple):
    within: float  # percent of the keys shown within 5 ms
    mean_ms: float
    wrong_cells: int
    wrong_keys: int
    longest_ms: float  # how long the longest wrong cell stood
    transition: int
    never: int
    shown: list[float | None]
    wrong: list[dict]
    visible: list[bool]
    equal: bool


def play(truth: Truth, presses: list[Press], outputs: list[Output], *, rtt: float, mode: str, make: object = PredictionEngine) -> Result:
    """Play a recording over a link with that round trip."""
    engine = make(display=DisplayPreference(mode))  # type: ignore[operator]
    interval = min(250, max(20, -(-rtt // 2)))
    engine.set_send_interval(int(interval))
    start = 5000.0
    times: list[float] = []
    at = start
    for press in presses:
        at += press.delay_ms
        times.append(at)
    judge = Judge(truth, times, rtt)
    events: list[Event] = []
    order = 0

    def push(when: float, kind: str, value: object = None) -> None:
        nonlocal order
        order += 1
        heapq.heappush(events, Event(when, order, kind, value))

    for k, when in enumerate(times):
        push(when, "key", k)
    by_key: dict[int, list[Output]] = {}
    for output in outputs:
        by_key.setdefault(output.key, []).append(output)

    terminal = make_terminal()
    for output in by_key.get(-1, []):
        terminal.feed(output.data)
    server_screen = client_screen = terminal.snapshot()
    # client's sender
    client_last_send, client_due = -1e9, None
    written = sent = -1  # batches
    # server
    server_last_send, server_due = -1e9, None
    echo_queue: list[tuple[float, int]] = []
    echo_ack = sent_echo_ack = received = -1
    last_output_at = 0.0
    frame_sent = server_screen
    deadline_at: float | None = None

    def server_changed(now: float) -> None:
        nonlocal server_due
        if server_due is None:
            server_due = max(now + SERVER_COLLECTION_MS, server_last_send + interval)
            push(server_due, "server-send")

    def show(now: float) -> None:
        nonlocal deadline_at
        judge.display(now, engine.apply(client_screen))
        deadline = engine.next_deadline(now=int(now))
        if deadline is not None:
            deadline = max(deadline, now + 1)
            if deadline_at is None or deadline < deadline_at or deadline_at <= now:
                deadline_at = deadline
                push(deadline, "deadline")

    engine.set_progress(sent=-1, acknowledged=-1, echo_acknowledged=-1)
    engine.server_screen(client_screen, now=int(start))
    while events:
        now, _, kind, value = heapq.heappop(events)
        if kind == "key":
            k = value
            engine.user_input(presses[k].data, batch=k, screen=client_screen, now=int(now))
            written = k
            if client_due is None:
                client_due = max(now + CLIENT_COLLECTION_MS, client_last_send + interval)
                push(client_due, "client-send")
            show(now)
        elif kind == "client-send":
            client_due = None
            client_last_send = now
            push(now + rtt / 2, "arrive", (sent + 1, written))
            sent = written
            engine.set_progress(sent=sent, acknowledged=-1, echo_acknowledged=-1)
        elif kind == "arrive":
            first, last = value
            received = last
            push(now + ECHO_ACK_MS, "echo-ack", last)
            for k in range(first, last + 1):
                for output in by_key.get(k, []):
                    last_output_at = max(last_output_at, now + output.offset_ms)
                    push(last_output_at, "output", output.data)
        elif kind == "output":
            terminal.feed(value)
            server_changed(now)
        elif kind == "echo-ack":
            echo_ack = value
            server_changed(now)
        elif kind == "server-send":
            server_due = None
            server_last_send = now
            push(now + rtt / 2, "frame", (terminal.snapshot(), echo_ack, received))
        elif kind == "frame":
            client_screen, echo, acked = value
            engine.set_progress(sent=sent, acknowledged=acked, echo_acknowledged=echo)
            engine.server_screen(client_screen, now=int(now))
            show(now)
        elif kind == "deadline":
            deadline_at = None
            engine.server_screen(client_screen, now=int(now))
            show(now)
    latencies = [judge.shown[k] - times[k] for k in range(len(times)) if judge.visible[k] and judge.shown[k] is not None]
    rows_at: dict[float, set[int]] = {}
    for entry in judge.wrong:
        rows_at.setdefault(entry["at"], set()).add(entry["y"])
    wrong = [e for e in judge.wrong if len(rows_at[e["at"]]) <= 2]
    return Result(
        within=100 * sum(x <= 5 for x in latencies) / max(1, sum(judge.visible)),
        mean_ms=sum(latencies) / max(1, len(latencies)),
        wrong_cells=len(wrong),
        wrong_keys=len({e["key"] for e in wrong}),
        longest_ms=max(((e["gone"] or now) - e["at"] for e in wrong), default=0.0),
        transition=len(judge.wrong) - len(wrong),
        never=sum(1 for k in range(len(times)) if judge.visible[k] and judge.shown[k] is None),
        shown=[None if s is None else s - t for s, t in zip(judge.shown, times)],
        wrong=wrong,
        visible=judge.visible,
        equal=judge.grid == truth.states[-1],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    traces = shared_traces() | OWN_TRACES
    parser.add_argument("--traces", nargs="*", default=list(traces))
    parser.add_argument("--rtts", nargs="*", type=int, default=[100, 250, 500])
    parser.add_argument("--modes", nargs="*", default=["adaptive"])
    parser.add_argument("--records", type=Path, default=Path(tempfile.gettempdir()) / "predict-records")
    parser.add_argument("--keys", action="store_true", help="print each key's latency and wrong cells")
    options = parser.parse_args()
    for name in options.traces:
        command, presses = traces[name]
        if shutil.which(command[0]) is None:
            continue
        outputs = recorded(name, command, presses, options.records)
        truth = Truth(presses, outputs)
        for rtt in options.rtts:
            for mode in options.modes:
                begin = time.perf_counter()
                result = play(truth, presses, outputs, rtt=rtt, mode=mode)
                took = time.perf_counter() - begin
                print(
                    f"{name:10} {rtt:4} {mode:9} shown {result.within:5.1f}%  mean {result.mean_ms:6.1f}  wrong cells {result.wrong_cells:4} "
                    f"keys {result.wrong_keys:3} longest {result.longest_ms:5.0f}  transition {result.transition:4}  never {result.never:3} equal {result.equal}  ({took:.1f}s)", flush=True)
                if options.keys:
                    wrong: dict[int, list[dict]] = {}
                    for entry in result.wrong:
                        wrong.setdefault(entry["key"], []).append(entry)
                    for k, press in enumerate(presses):
                        late = result.shown[k]
                        mark = "." if not result.visible[k] else "never" if late is None else f"{late:.0f}"
                        print(f"   {k:4} +{press.delay_ms:5} {press.data!r:12} {mark:>6} {truth.cursors[k + 1]}", *(f"({e['y']},{e['x']})={e['char']!r}@{e['at'] - 5000:.0f}" for e in wrong.get(k, [])[:6]))


if __name__ == "__main__":
    main()
