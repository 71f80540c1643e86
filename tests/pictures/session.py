"""Records a session of this checkout's programs over a bad link: typing, an outage, another address, and back.

Client and server are the real ones, on this machine; tests/support/relay.py is the network between them. The
recording begins at the prompt; nothing of the rest is cut and no time is made shorter.
"""

from __future__ import annotations

import codecs
import random
import re
import tempfile
import time
from pathlib import Path
from typing import Final

import pexpect
from tests.pictures.cast import MARKER, OUTPUT, Cast, Event
from tests.support.programs import OURS, PATIENCE_S, clean_environment, start_server
from tests.support.relay import Relay

from mosh_common.terminal.emulator import Emulator

COLUMNS, LINES = 80, 12
ONE_WAY_MS: Final = 200
LOSS: Final = 0.10  # each way
SEED: Final = 7  # of the relay's losses and of the rhythm of typing
OTHER_ADDRESS: Final = "127.0.0.2"
OUTAGE_SHOWN_S: Final = 10  # the bar counts to that before the link comes back

TITLE: Final = "A session of mosh-py over a bad link"
PROMPT: Final = r"\[\e[32m\]far-away\[\e[m\] \w $ "
FILES: Final = {"notes.txt": "milk\nbread\n", "report.tex": "", "deploy.sh": "#!/bin/sh\n"}

BAD_LINK: Final = (
    f"{2 * ONE_WAY_MS} ms of round trip, 1 packet in {round(1 / LOSS)} lost:"
    " typing shows at once, underlined until confirmed."
)
GONE: Final = "The network is gone. What is typed waits; the bar says for how long."
ROAMED: Final = "Another network, another address: the session goes on where it was."


class Recorder:
    """The user at the client's terminal, and the camera."""

    def __init__(self, child: pexpect.spawn[bytes]) -> None:
        self._child = child
        self._emulator = Emulator(COLUMNS, LINES)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rhythm = random.Random(SEED)
        self._start = time.monotonic()
        self.events: list[Event] = []

    def text(self) -> str:
        """What the screen shows."""
        return "\n".join(row[0].replace("\0", " ").rstrip() for row in self._emulator.snapshot().rows)

    def begin(self) -> None:
        """Let the recording begin here, with what the terminal shows now."""
        self.events = [Event(0.0, OUTPUT, "".join(event.text for event in self.events))]
        self._start = time.monotonic()

    def say(self, caption: str) -> None:
        """Have a caption from now on."""
        self._note(MARKER, caption)

    def watch(self, seconds: float) -> None:
        """Let so much time go by."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._read(left)

    def wait_for(self, pattern: str) -> None:
        """Watch until the screen matches; raises AssertionError when it does not in time."""
        until = time.monotonic() + PATIENCE_S
        while not re.search(pattern, self.text(), re.MULTILINE):
            if time.monotonic() > until:
                raise AssertionError(f"{pattern!r} did not come; the screen was:\n{self.text()}")
            self._read(0.05)

    def type(self, text: str) -> None:
        """Type at a human's pace, Enter after a short look."""
        for key in text:
            if key == "\r":
                self.watch(0.4)
            self._child.send(key.encode())
            self.watch(self._rhythm.uniform(0.07, 0.17))

    def _read(self, seconds: float) -> None:
        try:
            data: bytes = self._child.read_nonblocking(65536, timeout=seconds)
        except pexpect.TIMEOUT:
            return
        self._emulator.feed(data)
        self._note(OUTPUT, self._decoder.decode(data))

    def _note(self, kind: str, text: str) -> None:
        self.events.append(Event(time.monotonic() - self._start, kind, text))


def play(recorder: Recorder, relay: Relay) -> None:
    """Have the session."""
    recorder.wait_for(r"far-away ~ \$ ?$")
    recorder.begin()
    recorder.say(BAD_LINK)
    recorder.watch(1.5)
    recorder.type("ls --color\r")
    recorder.wait_for(r"^deploy\.sh")
    recorder.watch(0.8)
    recorder.type("echo 'the server is far, the keys are here'\r")
    recorder.wait_for(r"^the server is far")
    recorder.watch(1.2)
    relay.black_out()
    recorder.say(GONE)
    recorder.watch(1.0)
    recorder.type("cat notes.txt")
    recorder.wait_for(rf"Last contact {OUTAGE_SHOWN_S} seconds ago")
    recorder.type("\r")
    recorder.watch(1.0)
    relay.change_source(OTHER_ADDRESS)
    relay.black_out(False)
    recorder.say(ROAMED)
    recorder.wait_for(r"^bread")
    recorder.watch(1.5)
    recorder.type("echo 'same shell, nothing lost'\r")
    recorder.wait_for(r"^same shell")
    recorder.watch(0.5)


def record() -> Cast:
    """Return a recording of the session; raises AssertionError when it went otherwise than told."""
    with tempfile.TemporaryDirectory(prefix="mosh-pictures-") as folder:
        home = Path(folder)
        for name, text in FILES.items():
            (home / name).write_text(text)
        (home / "deploy.sh").chmod(0o755)
        environment = clean_environment(home, PS1=PROMPT, HISTFILE="/dev/null")
        shell = ["bash", "--norc", "--noprofile"]
        server = start_server(OURS, shell, environment=environment, directory=home)
        words = [*OURS.client, "127.0.0.1"]
        try:
            with Relay(server.port, delay_ms=ONE_WAY_MS, loss=LOSS, seed=SEED) as relay:
                child: pexpect.spawn[bytes] = pexpect.spawn(
                    words[0],
                    [*words[1:], str(relay.port)],
                    env={**environment, "MOSH_KEY": server.key, "MOSH_TITLE_NOPREFIX": "yes"},
                    dimensions=(LINES, COLUMNS),
                    timeout=None,
                )
                child.delaybeforesend = None
                recorder = Recorder(child)
                try:
                    play(recorder, relay)
                finally:
                    child.close(force=True)
        finally:
            server.end()
    return Cast(COLUMNS, LINES, TITLE, tuple(recorder.events))
