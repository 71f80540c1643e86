"""Record a session of upstream's client and server: every datagram between them, with the key.

    python -m tests.vectors.record tests/vectors/upstream.json

Run by hand where Debian's `mosh` is installed; the tests read the file that it wrote. The session is our own: a few
commands typed into `cat`, a paste that takes two fragments, a resize, and the escape sequence that quits.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import socket
import struct
import subprocess
import sys
import termios
import time

from tests.support.programs import UPSTREAM

HOST = "127.0.0.1"
SIZES = [(80, 24), (100, 30)]
PASTE = bytes(33 + pow(3, i, 65537) % 90 for i in range(2000))  # hardly compresses: two fragments
# Seconds after the start, and what the user does then: types something, or makes the window SIZES[1].
SCRIPT: list[tuple[float, bytes | None]] = [
    (0.8, b"hello"),
    (1.3, b" world\r"),
    (2.0, "é 中文 e\u0301\r".encode()),
    (2.7, None),
    (3.4, PASTE + b"\r"),
    (5.5, b"\x1e."),
]


def set_size(terminal: int, columns: int, lines: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


def record() -> dict[str, object]:
    environment = {**os.environ, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
    started = subprocess.run(
        [*UPSTREAM.server, "new", "-i", HOST, "--", "sh", "-c", "stty raw -echo; exec cat"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    match = re.search(rb"MOSH CONNECT (\d+) (\S+)", started.stdout)
    assert match is not None, started.stdout
    server = (HOST, int(match[1]))
    key = match[2].decode()
    relay = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    relay.bind((HOST, 0))
    onward = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update({**environment, "MOSH_KEY": key, "MOSH_PREDICTION_DISPLAY": "never"})
        set_size(0, *SIZES[0])
        os.execv(UPSTREAM.client[0], [*UPSTREAM.client, HOST, str(relay.getsockname()[1])])
    script = list(SCRIPT)
    datagrams: list[list[str]] = []
    readable: list[socket.socket | int] = [relay, onward, terminal]
    start, client = time.monotonic(), None
    while True:
        wait = max(0.0, start + script[0][0] - time.monotonic()) if script else 1.0
        for ready in select.select(readable, [], [], wait)[0]:
            if ready is terminal:
                try:
                    os.read(terminal, 65536)
                except OSError:
                    os.waitpid(child, 0)
                    return {
                        "key": key,
                        "sizes": SIZES,
                        "typed": b"".join(data for _, data in SCRIPT[:-1] if data is not None).hex(),
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
            _, data_typed = script.pop(0)
            if data_typed is None:
                set_size(terminal, *SIZES[1])
            else:
                os.write(terminal, data_typed)


if __name__ == "__main__":
    with open(sys.argv[1], "w") as file:
        json.dump(record(), file, indent=0)
        file.write("\n")
