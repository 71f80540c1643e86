"""Keys while 1000 rows of history are fetched, beside the same keys without: whole sessions, a bad network between.

    python -m tests.bench.bench_history_keys [ROUNDS]

The program echoes keys, and prints 1000 lines at one of them. With native scroll the client fetches these while the
next keys are typed, without it does not; a session of each in turns. A key's time is from its writing to the client's
pty to its echo there, at 100 ms of round trip and 10 % of loss each way, predictions off; a page's from the key that
has the lines printed to the last of them in the terminal's scrollback.
"""

from __future__ import annotations

import os
import pty
import random
import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.support.programs import OURS, clean_environment, start_server
from tests.support.relay import Relay

ROUNDS = 9
PAGES, KEYS = 3, 16  # of a session; of a page
ROWS = 1000
COLUMNS, LINES = 80, 24
DELAY_MS, LOSS = 50.0, 0.1
PATIENCE_S = 20.0
KINDS = {"plain": "none", "native": "native"}

# Each key has a character of its own, so that its echo is known wherever it is drawn.
FIRST = 0x1401
ECHO = f"""
import os, tty
tty.setraw(0)
os.write(1, b"READY\\r\\n")
count = 0
while key := os.read(0, 1):
    if key == b"!":
        rows = [f"[{{n:04}}/{ROWS}] CC   {{n % 17:02}}/{{n * 7919 % 100_003:06x}}.o  {{n * 31 % 997}}ms"
                for n in range({ROWS})]
        os.write(1, ("\\r\\n".join(rows) + "\\r\\n").encode())
    os.write(1, chr({FIRST} + count).encode())
    count += 1
"""


class Client:
    """One session's client, and what it writes to its terminal, with the times."""

    def __init__(self, folder: Path, scrollback: str, seed: int) -> None:
        environment = clean_environment(folder)
        self._server = start_server(
            OURS,
            [sys.executable, "-IS", "-c", ECHO],
            environment={**environment, "MOSH_SERVER_NETWORK_TMOUT": "60"},
            directory=folder,
        )
        self.relay = Relay(self._server.port, delay_ms=DELAY_MS, seed=seed).start()
        self._pty, inside = pty.openpty()
        self._process = subprocess.Popen(
            [
                "sh",
                "-c",
                f'stty rows {LINES} cols {COLUMNS}; exec "$@"',
                "sh",
                *OURS.client,
                "127.0.0.1",
                str(self.relay.port),
            ],
            env={
                **environment,
                "MOSH_KEY": self._server.key,
                "MOSH_SCROLLBACK": scrollback,
                "MOSH_PREDICTION_DISPLAY": "never",
            },
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
        )
        os.close(inside)
        self.output = bytearray()
        self._chunks: list[tuple[int, float]] = []  # how much there was when

    def type(self, key: bytes) -> float:
        """Press a key; return when."""
        now = time.perf_counter()
        os.write(self._pty, key)
        return now

    def read(self, *, until: float) -> None:
        """Read what comes until then."""
        while (left := until - time.perf_counter()) > 0:
            if select.select([self._pty], [], [], left)[0]:
                self.output += os.read(self._pty, 65536)
                self._chunks.append((len(self.output), time.perf_counter()))

    def when(self, octets: bytes, start: int = 0) -> float:
        """Return when these octets had been written at first, which are waited for."""
        give_up = time.perf_counter() + PATIENCE_S
        while (at := self.output.find(octets, start)) < 0:
            if time.perf_counter() > give_up:
                raise SystemExit(f"{octets!r} does not come")
            self.read(until=time.perf_counter() + 0.02)
        return next(moment for length, moment in self._chunks if length >= at + len(octets))

    def close(self) -> None:
        """End it all."""
        self._process.terminate()
        self._process.wait()
        self._server.end()
        self.relay.close()
        os.close(self._pty)


def play(client: Client, scrollback: str, chance: random.Random) -> tuple[list[float], list[float], int]:
    """Return the ms of each key and each page, and how many of the keys were typed before their page was there."""
    client.when(b"READY")
    keys: list[float] = []
    pages: list[float] = []
    during = number = 0
    client.relay.set(delay_ms=DELAY_MS, loss=LOSS)
    for _ in range(PAGES):
        start = len(client.output)
        asked = client.type(b"!")
        client.when(echo(number), start)
        number += 1
        client.read(until=time.perf_counter() + 0.2)  # the flood is over soon, and its rows are asked for
        typed: list[float] = []
        for _ in range(KEYS):
            typed.append(client.type(b"k"))
            client.read(until=time.perf_counter() + chance.uniform(0.03, 0.07))
        for moment in typed:
            keys.append((client.when(echo(number), start) - moment) * 1e3)
            number += 1
        if scrollback == "native":
            # They go in order, the last of them into the screen.
            there = client.when(b"[%04d/%d]" % (ROWS - LINES, ROWS), start)
            during += sum(moment < there for moment in typed)
            pages.append((there - asked) * 1e3)
        client.read(until=time.perf_counter() + 0.5)
    return keys, pages, during


def echo(number: int) -> bytes:
    """Return what the program answers to the key of that number."""
    return chr(FIRST + number).encode()


def row(kind: str, keys: Sequence[float], rest: str) -> str:
    """Say what the keys of one kind took."""
    return f"{kind:8}{len(keys):6}{statistics.median(keys):10.0f}{p90(keys):10.0f}{rest}"


def p90(values: Sequence[float]) -> float:
    """Return the value that nine of ten are below."""
    return statistics.quantiles(values, n=10)[-1]


def main() -> None:
    """Print one line per kind, and the ratios."""
    rounds = int(sys.argv[1]) if len(sys.argv) == 2 and sys.argv[1].isdecimal() else ROUNDS
    keys: dict[str, list[float]] = {kind: [] for kind in KINDS}
    pages: list[float] = []
    during = 0
    for number in range(rounds):
        for kind, scrollback in KINDS.items():
            with tempfile.TemporaryDirectory() as folder:
                client = Client(Path(folder), scrollback, seed=number)
                try:
                    more_keys, more_pages, more_during = play(client, scrollback, random.Random(number))
                finally:
                    client.close()
            keys[kind] += more_keys
            pages += more_pages
            during += more_during
    print(f"{'':8}{'keys':>6}{'median':>10}{'p90':>10}  ms")
    print(row("plain", keys["plain"], ""))
    print(row("native", keys["native"], f"  {during} of them while a page came; pages: {statistics.median(pages):.0f}"))
    median = statistics.median(keys["native"]) / statistics.median(keys["plain"])
    print(f"{'ratio':14}{median:10.2f}{p90(keys['native']) / p90(keys['plain']):10.2f}")


if __name__ == "__main__":
    main()
