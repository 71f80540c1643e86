"""From key press to the guess on the pty: 200×60 screen, predictions always shown, ours beside upstream's client.

Both clients run at the same time, each with a server of upstream's (ours where it is missing) behind a relay with a
round trip of 200 ms; keys are pressed in turns, so that both meet the same load. A guess counts when it comes well
before the server could have answered. The screen is full of coloured text, as it is at work.

    python -m tests.bench.bench_key_to_guess [keys]
"""

from __future__ import annotations

import fcntl
import os
import pty
import random
import re
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path
from typing import Final

from tests.support.programs import OURS, UPSTREAM, Programs, clean_environment, start_server, why_not_upstream
from tests.support.relay import Relay

COLUMNS: Final = 200
LINES: Final = 60
ONE_WAY_MS: Final = 100
TOO_LATE_MS: Final = 2 * ONE_WAY_MS - 20  # from then on it may be the echo
KEYS: Final = 600
KEYS_PER_LINE: Final = 100
MEDIAN_LIMIT_MS: Final = 2.0
P99_LIMIT_MS: Final = 8.0

_SEQUENCE: Final = re.compile(rb"\x1b(?:\[[0-9;:?>]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][A-Z0-9]|[=>])")

# Fills the screen with coloured words, then lets the line discipline echo.
_PROGRAM: Final = r"""
for row in $(seq 1 50); do
    for word in $(seq 1 20); do printf '\033[3%dmword%d\033[m ' $((word % 7 + 1)) $((row * word)); done; echo
done
echo begun
exec cat >/dev/null
"""


class Client:
    """One client in a pty, and the session behind it."""

    def __init__(self, name: str, client: Programs, server: Programs, home: Path) -> None:
        self.name = name
        self.latencies: list[float] = []
        self.late = 0
        environment = clean_environment(home)
        script = home / "program"
        script.write_text(_PROGRAM)
        self._server = start_server(server, ["/bin/sh", str(script)], environment=environment, directory=home)
        self._relay = Relay(self._server.port, delay_ms=ONE_WAY_MS)
        self._relay.start()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
            words = [*client.client, "127.0.0.1", str(self._relay.port)]
            extra = {"MOSH_KEY": self._server.key, "MOSH_PREDICTION_DISPLAY": "always"}
            os.execvpe(words[0], words, {**environment, **extra})
        self._wait_for(b"begun")

    def press(self, key: bytes) -> None:
        """Press a key and note when the terminal shows it."""
        self._drain()
        pressed = time.perf_counter()
        os.write(self.fd, key)
        shown = b""
        while True:
            left = TOO_LATE_MS / 1000 - (time.perf_counter() - pressed)
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                self.late += 1
                return
            shown += os.read(self.fd, 65536)
            seen = time.perf_counter()
            if key in _SEQUENCE.sub(b"", shown):
                self.latencies.append((seen - pressed) * 1000)
                return

    def begin_line(self) -> None:
        """Start a line whose guesses are shown: one has been confirmed."""
        os.write(self.fd, b"\r")
        time.sleep(5 * ONE_WAY_MS / 1000)
        os.write(self.fd, b"x")
        time.sleep(5 * ONE_WAY_MS / 1000)

    def close(self) -> None:
        """End the client and its server."""
        os.kill(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and os.waitpid(self.pid, os.WNOHANG)[0] == 0:
            self._drain()
            time.sleep(0.02)
        os.close(self.fd)
        self._server.end()
        self._relay.close()

    def _drain(self) -> None:
        while select.select([self.fd], [], [], 0)[0]:
            try:
                if not os.read(self.fd, 65536):
                    return
            except OSError:
                return

    def _wait_for(self, wanted: bytes) -> None:
        shown = b""
        while wanted not in shown:
            if not select.select([self.fd], [], [], 20)[0]:
                raise RuntimeError(f"{self.name}: no {wanted!r} in {shown[-500:]!r}")
            shown += os.read(self.fd, 65536)


def percentile(values: list[float], share: float) -> float:
    """Return the value below which `share` of `values` lie."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def main() -> None:
    """Measure and print a line for each client, and the difference."""
    keys = int(sys.argv[1]) if len(sys.argv) == 2 and sys.argv[1].isdigit() else KEYS
    upstream_there = not (why_not_upstream("mosh-client") or why_not_upstream("mosh-server"))
    server = UPSTREAM if upstream_there else OURS
    clients: list[Client] = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            for name, programs in [("ours", OURS)] + ([("upstream", UPSTREAM)] if upstream_there else []):
                home = Path(folder) / name
                home.mkdir()
                clients.append(Client(name, programs, server, home))
            rng = random.Random(1)
            for number in range(keys):
                if number % KEYS_PER_LINE == 0:
                    for client in clients:
                        client.begin_line()
                key = bytes((97 + number % 23,))  # no letter twice in a row, never the x before
                for client in clients:
                    client.press(key)
                    time.sleep(rng.uniform(0.03, 0.09))
        finally:
            for client in clients:
                client.close()
    for client in clients:
        if not client.latencies:
            print(f"{client.name:9} no guess was shown")
            continue
        print(
            f"{client.name:9} median {statistics.median(client.latencies):6.2f} ms"
            f"  p99 {percentile(client.latencies, 0.99):6.2f} ms  worst {max(client.latencies):6.2f} ms"
            f"  {len(client.latencies)} keys, {client.late} not shown before the echo"
        )
    if len(clients) == 2 and all(client.latencies for client in clients):
        ours, theirs = clients[0].latencies, clients[1].latencies
        median = statistics.median(ours) - statistics.median(theirs)
        p99 = percentile(ours, 0.99) - percentile(theirs, 0.99)
        print(
            f"ours is {median:+.2f} ms at the median (at most {MEDIAN_LIMIT_MS:+.0f} wanted),"
            f" {p99:+.2f} ms at p99 (at most {P99_LIMIT_MS:+.0f})"
        )
    elif len(clients) == 1:
        print("upstream's mosh-client is not installed: nothing to compare with")


if __name__ == "__main__":
    main()
