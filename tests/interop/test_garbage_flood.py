"""Strangers send the server of a session as much garbage as they can: typing goes on, and memory does not grow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.programs import OURS, Pair, Process
from tests.support.terminal_session import MoshSession
from tests.support.tmux import Tmux

pytestmark = [
    pytest.mark.interop,
    pytest.mark.requires_linux,
    pytest.mark.requires_program("tmux", "bash"),
]

PER_SECOND = 50_000
SECONDS = 5
MEMORY_KIB = 60 * 1024
WORDS = 8  # typed while it lasts

# As many as that many seconds would have, of all lengths that a datagram has, and then on until standard input ends; a
# loaded machine takes longer for them.
SENDER = """
import os, select, socket, sys, time
port, per_second, seconds = map(int, sys.argv[1:])
garbage = [os.urandom(length) for length in (0, 1, 23, 24, 60, 100, 500, 1252)]
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.connect(("127.0.0.1", port))
    began, sent = time.monotonic(), 0
    print("started", flush=True)
    while sent < seconds * per_second or not select.select([sys.stdin], [], [], 0)[0]:
        elapsed = time.monotonic() - began
        for _ in range(min(int(elapsed * per_second) - sent, per_second)):
            try:
                sock.send(garbage[sent % len(garbage)])
            except OSError:
                pass
            sent += 1
        time.sleep(0.002)
print(sent)
"""


def peak_memory_kib(process: Process) -> int:
    """Return the most that the process ever had resident."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def test_typing_goes_on_under_fifty_thousand_datagrams_of_garbage_a_second(tmux: Tmux) -> None:
    with MoshSession(Pair(OURS, OURS), tmux, seed=6) as session:
        session.begin_afresh()
        words = [sys.executable, "-c", SENDER, str(session.server.port), str(PER_SECOND), str(SECONDS)]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as stranger:
            assert stranger.stdin is not None
            assert stranger.stdout is not None
            assert stranger.stdout.readline() == "started\n"
            for number in range(WORDS):
                session.enter(f"echo through-$((40+{number}))")
                session.wait_for(f"through-{40 + number}")
            assert stranger.poll() is None
            stranger.stdin.close()
            sent = int(stranger.stdout.read())
        assert sent >= PER_SECOND * SECONDS
        session.expect_same(f"through-{40 + WORDS - 1}")
        assert peak_memory_kib(session.server.process) < MEMORY_KIB
