"""Compare rules of the prediction engine on typed traces, in simulated time: seconds instead of minutes a run.

    python -m tests.bench.predict_offline [--traces shell …] [--rtts 100 500] [--modes adaptive] [--without REBASE …]

Played back, each key of a recording travels over a link of constant delay to a server that sends frames and echo acks
by the protocol's timers, so every run gives the same figures. Judged as the end-to-end harness does it: a key is shown
once every cell it changes shows the true value; a cell is wrong when it shows what the true screen never held there
lately. `--without` takes the names of engine extensions, or ALL.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench.predict_traces import (
    COLUMNS,
    LINES,
    OWN_TRACES,
    Output,
    Press,
    recorded,
    shared_traces,
)

from mosh_client.renderer.prediction.engine import ALL_EXTENSIONS, DisplayPreference, Extension, PredictionEngine
from mosh_common.terminal.cells import EMPTY, Snapshot
from mosh_common.terminal.emulator import Emulator

ECHO_ACK_MS = 50
SERVER_COLLECTION_MS = 8
CLIENT_COLLECTION_MS = 1
SHOWN_AT_ONCE_MS = 5
WRONG_AFTER_MS = 1000  # beyond the round trip: how long a cell may show what was true before
REDRAW_ROWS = 2  # wrong cells in more rows at once are a stage of a redraw, no guess


Grid = tuple[str, ...]


def grid_of(screen: Snapshot) -> Grid:
    """Return what the screen shows, a string a row."""
    return tuple(row[0].replace(EMPTY, " ") for row in screen.rows)


class Truth:
    """What the screen shows after each key when nothing is hurried."""

    def __init__(self, presses: list[Press], outputs: list[Output]) -> None:
        terminal = Emulator(COLUMNS, LINES)
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
                for y, (a, b) in enumerate(zip(grid, new, strict=False)):
                    if a != b:
                        for x, (c, d) in enumerate(zip(a, b, strict=False)):
                            if c != d:
                                values.setdefault((y, x), set()).add(d)
                grid = new
            screen = terminal.snapshot()
            self.states.append(grid)
            self.cursors.append((screen.cursor_row, screen.cursor_column))
            self.seen.append(values)
        self.changes = [
            {
                (y, x): b
                for y, (old, new) in enumerate(zip(before, after, strict=False))
                if old != new
                for x, (a, b) in enumerate(zip(old, new, strict=False))
                if a != b
            }
            for before, after in zip(self.states, self.states[1:], strict=False)
        ]


# -- playing


class Event(NamedTuple):
    at: float
    order: int
    kind: str
    value: Any  # by kind: a key, keys from and to, octets, an echo acknowledgement, a screen with one


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
        self.wrong_now: dict[tuple[int, int], dict[str, Any]] = {}
        self.wrong: list[dict[str, Any]] = []

    def display(self, now: float, screen: Snapshot) -> None:
        truth = self.truth
        while self.sent < len(self.times) and self.times[self.sent] <= now:
            if self.visible[self.sent]:
                self.pending.append(self.sent)
            self.sent += 1
        new = grid_of(screen)
        changed = [
            (y, x, b)
            for y, (old, row) in enumerate(zip(self.grid, new, strict=False))
            if old != row
            for x, (a, b) in enumerate(zip(old, row, strict=False))
            if a != b
        ]
        self.grid = grid = new
        if self.sent == 0:
            return
        cursor = (screen.cursor_row, screen.cursor_column)
        full = next(
            (
                j
                for j in range(self.sent, self.pending[0] if self.pending else self.sent, -1)
                if grid == truth.states[j]
            ),
            0,
        )
        blocked: set[tuple[int, int]] = set()
        cursor_blocked = False
        left = []
        for k in self.pending:
            cells = truth.changes[k]
            if k < full:
                done = True
            elif cells:
                done = not (blocked and not blocked.isdisjoint(cells)) and all(
                    grid[y][x] == c for (y, x), c in cells.items()
                )
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
            low = next((j for j in range(self.sent - 1, -1, -1) if self.times[j] < now - self.rtt - WRONG_AFTER_MS), 0)
            for y, x, char in changed:
                legal = truth.states[low][y][x] == char or any(
                    char in truth.seen[j].get((y, x), ()) for j in range(low, min(self.sent + 1, len(truth.seen)))
                )
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
    wrong: list[dict[str, Any]]
    visible: list[bool]
    equal: bool


def play(
    truth: Truth,
    presses: list[Press],
    outputs: list[Output],
    *,
    rtt: float,
    mode: str,
    make: Callable[..., PredictionEngine] = PredictionEngine,
    jitter: float = 0.0,
    seed: int = 0,
) -> Result:
    """Play a recording over a link with that round trip."""
    engine = make(display=DisplayPreference(mode))
    rng = random.Random(seed)
    latest = {"arrive": 0.0, "frame": 0.0}  # the link keeps the order

    def travelled(kind: str, now: float) -> float:
        latest[kind] = max(latest[kind], now + rtt / 2 + rng.uniform(0, jitter))
        return latest[kind]

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

    terminal = Emulator(COLUMNS, LINES)
    for output in by_key.get(-1, []):
        terminal.feed(output.data)
    client_screen = terminal.snapshot()
    # client's sender
    client_last_send, client_due = -1e9, None
    written = sent = -1  # batches
    # server
    server_last_send, server_due = -1e9, None
    echo_ack = -1
    last_output_at = 0.0
    deadline_at: float | None = None

    def server_changed(now: float) -> None:
        nonlocal server_due
        if server_due is None:
            server_due = max(now + SERVER_COLLECTION_MS, server_last_send + interval)
            push(server_due, "server-send")

    def show(now: float) -> None:
        nonlocal deadline_at
        judge.display(now, engine.apply(client_screen))
        wanted = engine.next_deadline()
        if wanted is not None:
            deadline = max(wanted, now + 1)
            if deadline_at is None or deadline < deadline_at or deadline_at <= now:
                deadline_at = deadline
                push(deadline, "deadline")

    engine.set_echo_acknowledged(-1)
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
            push(travelled("arrive", now), "arrive", (sent + 1, written))
            sent = written
        elif kind == "arrive":
            first, last = value
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
            push(travelled("frame", now), "frame", (terminal.snapshot(), echo_ack))
        elif kind == "frame":
            client_screen, echo = value
            engine.set_echo_acknowledged(echo)
            engine.server_screen(client_screen, now=int(now))
            show(now)
        elif kind == "deadline":
            deadline_at = None
            engine.server_screen(client_screen, now=int(now))
            show(now)
    latencies = [
        shown - typed
        for shown, typed, seen in zip(judge.shown, times, judge.visible, strict=True)
        if seen and shown is not None
    ]
    rows_at: dict[float, set[int]] = {}
    for entry in judge.wrong:
        rows_at.setdefault(entry["at"], set()).add(entry["y"])
    wrong = [e for e in judge.wrong if len(rows_at[e["at"]]) <= REDRAW_ROWS]
    return Result(
        within=100 * sum(x <= SHOWN_AT_ONCE_MS for x in latencies) / max(1, sum(judge.visible)),
        mean_ms=sum(latencies) / max(1, len(latencies)),
        wrong_cells=len(wrong),
        wrong_keys=len({e["key"] for e in wrong}),
        longest_ms=max(((e["gone"] or now) - e["at"] for e in wrong), default=0.0),
        transition=len(judge.wrong) - len(wrong),
        never=sum(1 for k in range(len(times)) if judge.visible[k] and judge.shown[k] is None),
        shown=[None if s is None else s - t for s, t in zip(judge.shown, times, strict=False)],
        wrong=wrong,
        visible=judge.visible,
        equal=judge.grid == truth.states[-1],
    )


def main() -> None:
    """Play the wanted traces and print a line for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    traces = shared_traces() | OWN_TRACES
    parser.add_argument("--traces", nargs="*", default=list(traces))
    parser.add_argument("--rtts", nargs="*", type=int, default=[100, 250, 500])
    parser.add_argument("--modes", nargs="*", default=["adaptive"])
    parser.add_argument("--records", type=Path, default=Path(tempfile.gettempdir()) / "predict-records")
    parser.add_argument("--jitter", type=float, default=0.0, help="ms that a packet may take longer each way")
    parser.add_argument("--seeds", type=int, default=1, help="how often to play, with other jitter each time")
    parser.add_argument("--keys", action="store_true", help="print each key's latency and wrong cells")
    parser.add_argument("--without", nargs="*", default=[], help="names of extensions, or ALL")
    options = parser.parse_args()
    left_out = {extension for extension in Extension if {extension.name, "ALL"} & set(options.without)}

    def make(*, display: DisplayPreference) -> PredictionEngine:
        return PredictionEngine(display=display, extensions=ALL_EXTENSIONS - left_out)

    for name in options.traces:
        command, presses = traces[name]
        if shutil.which(command[0]) is None:
            continue
        outputs = recorded(name, command, presses, options.records)
        truth = Truth(presses, outputs)
        for rtt in options.rtts:
            for mode, seed in itertools.product(options.modes, range(options.seeds)):
                begin = time.perf_counter()
                result = play(
                    truth,
                    presses,
                    outputs,
                    rtt=rtt,
                    mode=mode,
                    make=make,
                    jitter=options.jitter,
                    seed=seed,
                )
                took = time.perf_counter() - begin
                print(
                    f"{name:10} {rtt:4} {mode:8} {seed:2} shown {result.within:5.1f}%  mean {result.mean_ms:6.1f}"
                    f"  wrong cells {result.wrong_cells:4} keys {result.wrong_keys:3}"
                    f" longest {result.longest_ms:5.0f}  transition {result.transition:4}"
                    f"  never {result.never:3} equal {result.equal}  ({took:.1f}s)",
                    flush=True,
                )
                if options.keys:
                    wrong: dict[int, list[dict[str, Any]]] = {}
                    for entry in result.wrong:
                        wrong.setdefault(entry["key"], []).append(entry)
                    for k, press in enumerate(presses):
                        late = result.shown[k]
                        mark = "." if not result.visible[k] else "never" if late is None else f"{late:.0f}"
                        print(
                            f"   {k:4} +{press.delay_ms:5} {press.data!r:12} {mark:>6} {truth.cursors[k + 1]}",
                            *(f"({e['y']},{e['x']})={e['char']!r}@{e['at'] - 5000:.0f}" for e in wrong.get(k, [])[:6]),
                        )


if __name__ == "__main__":
    main()
