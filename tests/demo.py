"""`make demo`: a real session on this machine, without ssh.

With a terminal on stdin it is yours: `mosh --local`. Otherwise a short scripted session is played through a pty, over a
loopback relay with 200 ms round trip, 10 % loss each way and one change of the client's port; the final screen and a
line of what happened are printed. Exits 0 only if the session did what it should.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), *(str(ROOT / folder) for folder in ("bootstrap", "client", "common", "server"))]

COLUMNS, LINES = 80, 24
ONE_WAY_MS = 100  # two of them are the round trip
LOSS = 0.10  # each way
PATIENCE_S = 60.0  # for any one step, on a slow machine with unlucky losses

# Stands between `mosh` and the client: tells the demo where the server listens and is told the relay's port.
CLIENT_SCRIPT = """#!/bin/sh
# Arguments: [-# ARGS |] IP PORT
for port; do :; done
echo "$port" > '{directory}/server-port'
read -r relay_port < '{directory}/relay-port'
exec '{python}' -m mosh_client 127.0.0.1 "$relay_port"
"""


def environment() -> dict[str, str]:
    """The user's, with this checkout's packages and a UTF-8 locale where none is set."""
    found = dict(os.environ)
    paths = [str(ROOT / folder) for folder in ("bootstrap", "client", "common", "server")]
    found["PYTHONPATH"] = os.pathsep.join([*paths, *filter(None, [found.get("PYTHONPATH")])])
    if not any("UTF-8" in found.get(name, "").upper() for name in ("LC_ALL", "LC_CTYPE", "LANG")):
        found.pop("LC_ALL", None)
        found.pop("LC_CTYPE", None)
        found["LANG"] = "C.UTF-8"
    return found


def interactive() -> int:
    """Give the user a session; replaces this process."""
    command = [sys.executable, "-m", "mosh_bootstrap", "--local"]
    command += [f"--client={sys.executable} -m mosh_client", f"--server={sys.executable} -m mosh_server", "localhost"]
    print("A session on this machine: your shell, through mosh. Leave with `exit` or Ctrl-^ and a full stop.")
    sys.stdout.flush()
    os.execvpe(command[0], command, environment())


class Session:
    """`mosh --local` in a pty, watched through an emulator of its own."""

    def __init__(self, directory: str) -> None:
        import pexpect

        from mosh_common.terminal.emulator import Emulator

        script = Path(directory) / "client"
        script.write_text(CLIENT_SCRIPT.format(directory=directory, python=sys.executable))
        script.chmod(0o755)
        command = ["-m", "mosh_bootstrap", "--local", f"--client={script}"]
        command += [f"--server={sys.executable} -m mosh_server", "127.0.0.1", "--", "bash", "--norc", "--noprofile"]
        env = environment() | {"TERM": "xterm-256color", "PS1": "demo$ ", "HISTFILE": os.devnull}
        self.child: pexpect.spawn[bytes] = pexpect.spawn(
            sys.executable, command, env=env, dimensions=(LINES, COLUMNS), timeout=PATIENCE_S
        )
        self.child.delaybeforesend = None
        self.emulator = Emulator(COLUMNS, LINES)
        self.left = False  # the client restored the terminal: what comes now is not the session's …
        self.farewell = b""  # … but its last words

    def text(self) -> str:
        """The screen as the user sees it."""
        rows = (row[0].replace("\0", " ").replace("\1", "").rstrip() for row in self.emulator.snapshot().rows)
        return "\n".join(rows).rstrip()

    def read(self, seconds: float) -> bool:
        """Take what comes within that time; False at the end of the session."""
        import pexpect

        try:
            data = self.child.read_nonblocking(65536, timeout=seconds)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.left = self.left or b"\x1b[?1049l" in data
        if self.left:
            self.farewell += data
        else:
            self.emulator.feed(data)
        return True

    def wait_for(self, pattern: str) -> None:
        """Read until the screen matches. Exits the demo with the screen when it does not in time."""
        deadline = time.monotonic() + PATIENCE_S
        while not re.search(pattern, self.text(), re.MULTILINE):
            if time.monotonic() > deadline or not self.read(0.05):
                sys.exit(f"The demo waited for {pattern!r} in vain; the screen was:\n{self.text()}")

    def type(self, text: str) -> None:
        """Type at a human's pace."""
        for key in text:
            self.child.send(key)
            self.read(0.03)


def scripted() -> int:
    """Play the session; return the exit status."""
    from tests.support.relay import Relay

    with tempfile.TemporaryDirectory(prefix="mosh-demo-") as directory:
        for name in ("server-port", "relay-port"):
            os.mkfifo(Path(directory) / name)
        relays: list[Relay] = []

        def connect_relay() -> None:
            port = int((Path(directory) / "server-port").read_text())
            relays.append(Relay(port, delay_ms=ONE_WAY_MS, loss=LOSS, seed=1))
            relays[0].start()
            (Path(directory) / "relay-port").write_text(f"{relays[0].port}\n")

        connector = threading.Thread(target=connect_relay, daemon=True)
        connector.start()
        session = Session(directory)
        session.wait_for(r"^demo\$ $|^demo\$$")
        session.type("echo 'lost packets, wide 漢字, ünïcödé and \U0001f600'\r")
        session.wait_for(r"^lost packets, wide")
        session.type("printf '\\033[1;32mcolour\\033[0m\\n'; seq 1 5 | tr '\\n' ' '; echo\r")
        session.wait_for(r"^1 2 3 4 5")
        relays[0].change_source()
        session.type("echo the client now has $((60 + 4)) % of its packets from another port | sed 's/64 % of //'\r")
        session.wait_for(r"^the client now has its packets from another port")
        session.type("exit\r")
        deadline = time.monotonic() + PATIENCE_S
        while session.read(0.1):
            if time.monotonic() > deadline:
                sys.exit("The session did not end; the screen was:\n" + session.text())
        session.child.close()
        relay = relays[0]
        relay.close()
        offered = relay.upward.offered + relay.downward.offered
        lost = relay.upward.lost + relay.downward.lost

    border = "─" * COLUMNS
    print(border, session.text(), border, sep="\n")
    print(
        f"mosh --local over a relay with {2 * ONE_WAY_MS} ms round trip: {lost} of {offered} datagrams lost, "
        f"the client's port changed once; the session ended by itself with status {session.child.exitstatus}."
    )
    if session.child.exitstatus != 0:
        print(f"Expected status 0; the last words were {session.farewell.decode(errors='replace')!r}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(interactive() if os.isatty(0) else scripted())
