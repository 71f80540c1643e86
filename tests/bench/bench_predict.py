"""Prediction on the traces of tests/traces: our client beside upstream's, on the same link, with the same server.

    python -m tests.bench.bench_predict [--traces NAME …] [--rtts MS …] [--modes MODE …] [--offline]

Each trace is typed at its own pace into both clients, at all round trips at the same time, through a relay with that
delay; the server is ours for both, as upstream's has no alternate screen and so shows something else after a pager
than the recording does. Judged as the shared harness does it (predict_offline.Judge): a
key is shown once every cell that it changes shows the true value, a keystroke is wrong when a cell shows what the true
screen never held there lately. The truth is the recording beside the trace. `--offline` plays the recordings through
our engine in simulated time instead: seconds, not minutes, and the same figures every time.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.bench.predict_offline import REDRAW_ROWS, Judge, Truth, grid_of, play
from tests.support.programs import OURS, UPSTREAM, Programs, clean_environment, start_server, why_not_upstream
from tests.support.relay import Relay
from tests.traces.make_traces import TRACES
from tests.traces.recordings import Trace, end_tmux, make_home, read_recording, read_trace, trace_environment

from mosh_common.terminal.emulator import Emulator

RTTS_MS: Final = (100, 250, 500)
AT_ONCE_MS: Final = 16.0  # a frame of a screen: what users take for immediate
# A server may greet its user; the recordings begin without.
_ON_A_CLEAR_SCREEN: Final = "printf '\\033[H\\033[2J'; exec \"$@\""
PROMPT_PATIENCE_S: Final = 15.0  # for the first screen to be the recording's


class Figures(NamedTuple):
    """How one client did with one trace on one link."""

    shown: float  # percent of the keys shown within AT_ONCE_MS
    wrong_keys: int
    longest_wrong_ms: float
    never: int  # keys whose effect was never seen: the session went another way than the recording
    keys: int


def figures_of(latencies: Sequence[float | None], visible: Sequence[bool], wrong: Sequence[dict[str, Any]]) -> Figures:
    """Sum up what a Judge saw."""
    counted = [latency for latency, seen in zip(latencies, visible, strict=True) if seen]
    at_once = sum(latency is not None and latency <= AT_ONCE_MS for latency in counted)
    longest = max((entry["gone"] - entry["at"] for entry in wrong if entry["gone"] is not None), default=0.0)
    return Figures(
        100 * at_once / max(len(counted), 1),
        len({entry["key"] for entry in wrong}),
        longest,
        sum(latency is None for latency in counted),
        len(counted),
    )


def offline(trace: Trace, rtt: int, mode: str) -> Figures:
    """Play the recording through our engine in simulated time."""
    outputs: list[Any] = list(read_recording(trace.name))
    presses: list[Any] = list(trace.presses)
    result = play(Truth(presses, outputs), presses, outputs, rtt=rtt, mode=mode)
    return figures_of(result.shown, result.visible, result.wrong)


def live(trace: Trace, client: Programs, server: Programs, rtt: int, mode: str) -> Figures:
    """Type the trace into a client. Raises RuntimeError when the session does not begin as the recording does."""
    presses: list[Any] = list(trace.presses)
    outputs: list[Any] = list(read_recording(trace.name))
    truth = Truth(presses, outputs)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "home"
        make_home(home)
        running = start_server(
            server,
            ["sh", "-c", _ON_A_CLEAR_SCREEN, "sh", *trace.command],
            environment=clean_environment(home) | trace_environment(home),
            directory=home,
        )
        relay = Relay(running.port, delay_ms=rtt / 2)
        relay.start()
        pid, fd = pty.fork()
        if pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", trace.lines, trace.columns, 0, 0))
            words = [*client.client, "127.0.0.1", str(relay.port)]
            extra = {"MOSH_KEY": running.key, "MOSH_PREDICTION_DISPLAY": mode}
            os.execvpe(words[0], words, clean_environment(home) | extra)
        try:
            return _type(trace, truth, fd, rtt)
        finally:
            os.kill(pid, signal.SIGTERM)
            _drain_until_end(pid, fd)
            end_tmux(home)
            running.end()
            relay.close()


def _type(trace: Trace, truth: Truth, fd: int, rtt: int) -> Figures:
    terminal = Emulator(trace.columns, trace.lines)

    def read(timeout: float) -> bool:
        if not select.select([fd], [], [], max(timeout, 0.0))[0]:
            return False
        terminal.feed(os.read(fd, 65536))
        return True

    patience = time.monotonic() + PROMPT_PATIENCE_S
    while grid_of(terminal.snapshot()) != truth.states[0]:
        if time.monotonic() > patience:
            raise RuntimeError(f"{trace.name}: the first screen is not that of the recording")
        read(0.05)
    start = time.monotonic() + rtt / 1000
    times: list[float] = []
    at = start * 1000
    for press in trace.presses:
        at += press.delay_ms
        times.append(at)
    judge = Judge(truth, times, rtt)
    octets: list[bytes | None] = [press.data for press in trace.presses]
    for typed, due in zip([*octets, None], [*times, times[-1] + 1500 + 2 * rtt], strict=True):
        while (left := due / 1000 - time.monotonic()) > 0:
            try:
                if read(left):
                    judge.display(time.monotonic() * 1000, terminal.snapshot())
            except OSError:  # the session ended, as it should with the last keys
                time.sleep(max(left, 0.0))
        if typed is not None:
            os.write(fd, typed)
            judge.display(time.monotonic() * 1000, terminal.snapshot())
    rows_at: dict[float, set[int]] = {}
    for entry in judge.wrong:
        rows_at.setdefault(entry["at"], set()).add(entry["y"])
    wrong = [entry for entry in judge.wrong if len(rows_at[entry["at"]]) <= REDRAW_ROWS]
    latencies = [None if shown is None else shown - pressed for shown, pressed in zip(judge.shown, times, strict=True)]
    return figures_of(latencies, judge.visible, wrong)


def _drain_until_end(pid: int, fd: int) -> None:
    deadline = time.monotonic() + 5
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        if select.select([fd], [], [], 0.02)[0]:
            try:
                os.read(fd, 65536)
            except OSError:
                time.sleep(0.02)
    os.close(fd)


def main() -> None:
    """Print a line for each trace and round trip, then the sums."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--traces", nargs="*", default=list(TRACES), choices=list(TRACES))
    parser.add_argument("--rtts", nargs="*", type=int, default=list(RTTS_MS))
    parser.add_argument("--modes", nargs="*", default=["adaptive"])
    parser.add_argument("--offline", action="store_true", help="only our engine, in simulated time")
    ours_alone = sys.argv[0].endswith("bench_predict.py")
    options = parser.parse_args(None if ours_alone else [])
    upstream_there = not (why_not_upstream("mosh-client") or why_not_upstream("mosh-server"))
    clients = {"ours": OURS} | ({"upstream": UPSTREAM} if upstream_there and not options.offline else {})
    all_figures: dict[tuple[int, str], list[Figures]] = {}
    print(
        f"{'trace':18} {'rtt':>4} {'mode':9}" + "".join(f" {name:>9}: shown  wrong longest never" for name in clients)
    )
    for name in options.traces:
        trace = read_trace(name)
        if not options.offline and trace.missing_program:
            print(f"{name:18} {trace.missing_program} is not installed")
            continue
        found = _measure(trace, clients, options)
        for rtt in options.rtts:
            for mode in options.modes:
                line = f"{name:18} {rtt:4} {mode:9}"
                for client in clients:
                    figures = found.get((client, rtt, mode))
                    if isinstance(figures, Figures):
                        all_figures.setdefault((rtt, client), []).append(figures)
                        line += f" {'':10} {figures.shown:5.1f}% {figures.wrong_keys:5} {figures.longest_wrong_ms:7.0f}"
                        line += f" {figures.never:5}"
                    else:
                        line += f" {'':10} {figures}"
                print(line, flush=True)
    for rtt in options.rtts:
        for client in clients:
            several = all_figures.get((rtt, client), [])
            keys = sum(figures.keys for figures in several)
            if keys:
                shown = sum(figures.shown * figures.keys for figures in several) / keys
                wrong = sum(figures.wrong_keys for figures in several)
                print(f"all traces {rtt:4} ms {client:9} shown within 16 ms {shown:5.1f}%  wrong keystrokes {wrong}")


def _measure(
    trace: Trace, clients: dict[str, Programs], options: argparse.Namespace
) -> dict[tuple[str, int, str], Figures | str]:
    """Return the figures by client, round trip and mode, or why there are none; the sessions run side by side."""
    cells = [(client, rtt, mode) for client in clients for rtt in options.rtts for mode in options.modes]
    if options.offline:
        return {(client, rtt, mode): offline(trace, rtt, mode) for client, rtt, mode in cells}
    found: dict[tuple[str, int, str], Figures | str] = {}
    # A process for each, so that none waits for another's interpreter.
    with ProcessPoolExecutor(max_workers=len(cells)) as processes:
        futures = {cell: processes.submit(live, trace, clients[cell[0]], OURS, cell[1], cell[2]) for cell in cells}
        for cell, future in futures.items():
            try:
                found[cell] = future.result()
            except (RuntimeError, AssertionError, OSError) as error:
                found[cell] = f"not measured: {error}"
    return found


if __name__ == "__main__":
    main()
