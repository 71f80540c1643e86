"""A real session with native scroll: our server, our client and a bad network; the shell within is told what to print.

with NativeShell(folder, loss=0.1) as session:
    ... run session.words with session.environment in a terminal ...
    session.run("seq 1 100", prints=[str(number) for number in range(1, 101)])
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO

from tests.support.programs import OURS, clean_environment, start_server, wait_until
from tests.support.relay import Relay

LONG_S = 60.0  # a flood through a bad network, on a busy machine
_QUIET_S = 0.4  # longer than anything waits for what comes with it, shorter than a heartbeat
# What a command prints goes to the session; what was done, to a file.
_SHELL = 'while IFS= read -r line <&3; do eval "$line" 3<&-; printf "%s\\n" "$line" >>"$1"; done 3<"$0"'


class NativeShell:
    """The session, and what it has printed by now: the rows that its terminal is to hold."""

    def __init__(
        self,
        folder: Path,
        *,
        columns: int = 80,
        delay_ms: float = 0.0,
        loss: float = 0.0,
        seed: int = 1,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._columns = columns
        self._folder = folder
        self._commands, self._log = folder / "commands", folder / "log"
        os.mkfifo(self._commands)
        self._log.touch()
        self._count = 0
        self._pipe: IO[str] | None = None
        self.printed: list[str] = []  # since the scrollback was cleared
        home = clean_environment(folder)
        self.server = start_server(
            OURS,
            ["bash", "--noprofile", "--norc", "-c", _SHELL, str(self._commands), str(self._log)],
            # Should the test die before it can end the server.
            environment={**home, "MOSH_SERVER_NETWORK_TMOUT": "120"},
            directory=folder,
        )
        self.relay = Relay(self.server.port, delay_ms=delay_ms, loss=loss, seed=seed).start()
        self.words = [*OURS.client, "127.0.0.1", str(self.relay.port)]
        self.environment = {
            "MOSH_KEY": self.server.key,
            "MOSH_SCROLLBACK": "native",
            "MOSH_PREDICTION_DISPLAY": "always",
            **(environment or {}),
        }

    def begin(self, command: str) -> None:
        """Have the shell begin a command."""
        if self._pipe is None:
            self._pipe = self._commands.open("w", buffering=1)
        self._pipe.write(f"{command}\n")
        self._count += 1

    def wait(self) -> None:
        """Wait until it is done."""
        done = self._log.read_text
        wait_until(lambda: done().count("\n") >= self._count, lambda: f"done: {done()[-1000:]}", timeout_s=LONG_S)

    def run(self, command: str, *, prints: Iterable[str] = ()) -> None:
        """Have a command done that prints these lines, at the end of what there is."""
        self.begin(command)
        self.wait()
        self.note(prints)

    def note(self, lines: Iterable[str]) -> None:
        """Say that these lines were printed."""
        width = self._columns
        for line in lines:
            self.printed += [line[at : at + width].rstrip() for at in range(0, max(len(line), 1), width)]

    def clear(self, command: str) -> None:
        """Have a command done that clears the screen and the scrollback."""
        self.run(command)
        self.printed.clear()

    def await_size(self, columns: int, lines: int) -> None:
        """Wait until the window has that size for the shell."""
        self.run(f'until [ "$(stty size </dev/tty)" = "{lines} {columns}" ]; do sleep 0.02; done')
        self._columns = columns

    def rest(self) -> None:
        """Wait until nothing goes through the network any more but what keeps it alive."""
        seen, since = self._datagrams, time.monotonic()

        def rests() -> bool:
            nonlocal seen, since
            if self._datagrams > seen + 1:
                seen, since = self._datagrams, time.monotonic()
            return time.monotonic() - since > _QUIET_S

        wait_until(rests, "the session does not come to rest", timeout_s=LONG_S)

    def close(self) -> None:
        """End the server and the network."""
        if self._pipe is not None:
            self._pipe.close()
        self.server.end()
        self.relay.close()

    @property
    def _datagrams(self) -> int:
        return self.relay.upward.offered + self.relay.downward.offered

    def __enter__(self) -> NativeShell:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
