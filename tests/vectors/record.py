"""Record a session: every datagram between a client and a server, with the key.

    python -m tests.vectors.record upstream tests/vectors/upstream.json

Run by hand where Debian's `mosh` is installed, once for each of SESSIONS; the tests read the files that it wrote. The
sessions are our own. With `upstream`, `our_client` and `our_server`, a few lines are typed into `cat`, one of them a
paste that takes two fragments, the window is resized, and the escape sequence quits. The others have what only two
programs of ours say to each other.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
from typing import Any, Final, NamedTuple

from tests.support.programs import OURS, UPSTREAM, Programs

HOST = "127.0.0.1"
SIZES = [(80, 24), (100, 30)]
PASTE = bytes(33 + pow(3, i, 65537) % 90 for i in range(2000))  # hardly compresses: two fragments


class Aside(bytes):
    """What is typed for the client: the session never sees it."""


Script = list[tuple[float, bytes | None]]
# Seconds after the start, and what the user does then: types something, or makes the window SIZES[1].
SCRIPT: Script = [
    (0.8, b"hello"),
    (1.3, b" world\r"),
    (2.0, "é 中文 e\u0301\r".encode()),
    (2.7, None),
    (3.4, PASTE + b"\r"),
    (5.5, Aside(b"\x1e.")),
]
LONG_CLIPBOARD = b"\x1b]52;c;" + 20_000 * b"A" + b"\x07"  # no frame has room for it: a notice
WORDS = b"hello"
NOTICE_SCRIPT: Script = [(2.0, WORDS), (2.6, LONG_CLIPBOARD), (5.0, b"q")]
DETACHING_SCRIPT: Script = [(2.0, WORDS), (3.0, Aside(b"\x1ed"))]
# In the pager: to the top, a search, and back.
PAGING_SCRIPT: Script = [
    (2.0, Aside(b"\x1e[g")),
    (3.0, Aside(b"/42\r")),
    (4.0, Aside(b"q")),
    (4.5, WORDS),
    (5.5, Aside(b"\x1e.")),
]


class Session(NamedTuple):
    """Who talks to whom, and of what."""

    client: Programs
    server: Programs
    program: str
    script: Script


_ECHO: Final = "exec cat"
_LIST_AND_ECHO: Final = "seq 1 500 | sed 's/$/\\r/'; exec cat"
_ECHO_AND_END: Final = f"dd bs=1 status=none count={len(WORDS) + len(LONG_CLIPBOARD) + 1}; exit 3"
SESSIONS: Final = {
    "upstream": Session(UPSTREAM, UPSTREAM, _ECHO, SCRIPT),
    "our_client": Session(OURS, UPSTREAM, _ECHO, [(after + 1, what) for after, what in SCRIPT]),
    "our_server": Session(UPSTREAM, OURS, _ECHO, SCRIPT),
    "exit_status": Session(OURS, OURS, _ECHO_AND_END, NOTICE_SCRIPT),
    "detached": Session(OURS, OURS, _ECHO, DETACHING_SCRIPT),
    "paged": Session(OURS, OURS, _LIST_AND_ECHO, PAGING_SCRIPT),
}


def set_size(terminal: int, columns: int, lines: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


def record(session: Session) -> dict[str, object]:
    """Have the session in a home of its own, and return what is to be kept of it."""
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **{name: os.environ[name] for name in ("PATH", "LOGNAME") if name in os.environ},
            "HOME": home,
            "XDG_RUNTIME_DIR": home,
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm-256color",
        }
        started = subprocess.run(
            [*session.server.server, "new", "-i", HOST, "--", "sh", "-c", f"stty raw -echo; {session.program}"],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )
        match = re.search(rb"MOSH CONNECT (\d+) (\S+)", started.stdout)
        detached = re.search(rb"pid = (\d+)", started.stderr)
        assert match is not None, started
        assert detached is not None, started
        try:
            return _relayed(session, environment, (HOST, int(match[1])), match[2].decode())
        finally:
            try:
                os.kill(int(detached[1]), signal.SIGTERM)
            except ProcessLookupError:
                pass


def _relayed(session: Session, environment: dict[str, str], server: tuple[str, int], key: str) -> dict[str, object]:
    """Run the client, play the script, and keep what passes between it and the server."""
    relay = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    relay.bind((HOST, 0))
    onward = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    child, terminal = pty.fork()
    if child == 0:
        set_size(0, *SIZES[0])
        words = (*session.client.client, HOST, str(relay.getsockname()[1]))
        os.execve(words[0], words, {**environment, "MOSH_KEY": key, "MOSH_PREDICTION_DISPLAY": "never"})
    script = list(session.script)
    datagrams: list[list[str]] = []  # to whom, and in hex
    sources: list[Any] = [relay, onward, terminal]
    start, client = time.monotonic(), None
    while True:
        wait = max(0.0, start + script[0][0] - time.monotonic()) if script else 1.0
        for ready in select.select(sources, [], [], wait)[0]:
            if ready is terminal:
                try:
                    os.read(terminal, 65536)
                except OSError:
                    os.waitpid(child, 0)
                    return {
                        "key": key,
                        "sizes": SIZES[: 1 + any(what is None for _, what in session.script)],
                        "typed": b"".join(
                            what for _, what in session.script if what and not isinstance(what, Aside)
                        ).hex(),
                        "datagrams": datagrams,
                    }
            elif ready is relay:
                data, client = relay.recvfrom(65536)
                datagrams.append(["server", data.hex()])
                onward.sendto(data, server)
            else:
                data = onward.recv(65536)
                datagrams.append(["client", data.hex()])
                assert client is not None
                relay.sendto(data, client)
        if script and time.monotonic() >= start + script[0][0]:
            _, typed = script.pop(0)
            if typed is None:
                set_size(terminal, *SIZES[1])
            else:
                while typed:  # the terminal's queue is bounded
                    typed = typed[os.write(terminal, typed[:2000]) :]
                    if typed and select.select([terminal], [], [], 0.02)[0]:
                        os.read(terminal, 65536)


if __name__ == "__main__":
    with open(sys.argv[2], "w") as file:
        json.dump(record(SESSIONS[sys.argv[1]]), file, indent=0)
        file.write("\n")
