"""A real session for fault tests: our client in a pty, our server, the network between, and every process by name.

Lighter than terminal_session.py: no second shell to compare with, and the terminal's master is the test's own, so that
it can hang up.

    with ClientSession(folder) as session:
        session.terminal.type("echo hello\\r")
        session.renderer.signal(signal.SIGKILL)
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

from tests.support.programs import (
    OURS,
    Process,
    Programs,
    clean_environment,
    descendants,
    process,
    start_server,
    wait_until,
)
from tests.support.relay import Relay
from tests.support.terminal_session import PROMPT, furnish, shell_of
from tests.support.user_terminal import UserTerminal, modes_left_on

SHELL: Final = ("/bin/bash", "--noprofile", "--rcfile", "bashrc", "-i")
LONGEST_REMAINS_S: Final = 60.0  # nothing of a session may be left after that; normally it is gone at once

_TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")


class ClientSession:
    """One session of our client with our server, at the shell's prompt once it is made."""

    def __init__(
        self,
        folder: Path,
        *,
        programs: Programs = OURS,
        command: Sequence[str] = SHELL,
        prediction: str = "adaptive",
        environment: Mapping[str, str] | None = None,
        mute: bool = False,
        delay_ms: float = 0.0,
        address: str = "",
        client_within: Sequence[str] = (),
        server_within: Sequence[str] = (),
    ) -> None:
        """Start it in `folder`, which must exist. `command` runs in place of the shell; then nothing is waited for.

        `programs`: ours, called in another way, or with another server.
        `mute`: of what the server sends nothing arrives, and `delay_ms`: everything arrives so much later, until the
        relay is told otherwise. With an `address` of the server there is no relay between; `client_within` and
        `server_within` are the words that run a command where each is at home.
        """
        self.home = folder / "home"
        furnish(self.home)
        shared = clean_environment(self.home)
        self.server = start_server(
            programs._replace(server=(*server_within, *programs.server)),
            command,
            # Should the test die before it can end the server.
            environment={**shared, "MOSH_SERVER_NETWORK_TMOUT": "120"},
            directory=self.home,
            options=("-i", address) if address else (),
        )
        self.relay = Relay(self.server.port).start()
        self.relay.set(mute=mute, delay_ms=delay_ms)
        self.terminal = UserTerminal(
            [
                *client_within,
                *programs.client,
                address or "127.0.0.1",
                str(self.server.port if address else self.relay.port),
            ],
            environment={
                **shared,
                "MOSH_KEY": self.server.key,
                "MOSH_PREDICTION_DISPLAY": prediction,
                **(environment or {}),
            },
            directory=str(self.home),
        )
        self.launcher = process(self.terminal.pid)
        self._known = {self.launcher, self.server.process}  # every process of the session that was seen
        if command == SHELL:
            self.terminal.wait_for(PROMPT.rstrip())
            self.members()

    # --- its processes

    @property
    def network(self) -> Process:
        """The client's network process."""
        return self._child("mosh-network")

    @property
    def renderer(self) -> Process:
        """The client's renderer, the present one."""
        return self._child("mosh-renderer")

    @property
    def shell(self) -> Process:
        """The shell within the session."""
        return shell_of(self.home)

    def client_members(self) -> list[Process]:
        """The processes of the client that run."""
        return [member for member in self._note([self.launcher, *descendants(self.launcher.pid)]) if member.alive]

    def members(self) -> list[Process]:
        """All processes of the session that run, those within it too."""
        return self.client_members() + [member for member in self._note(self.server.family()) if member.alive]

    def renderers(self) -> list[Process]:
        """The renderers that run: one, or none for a moment."""
        return [member for member in self.client_members() if comm(member) == "mosh-renderer"]

    def hang_up(self) -> None:
        """Let the terminal go away, as when its window is closed."""
        self.terminal.hang_up()

    # --- what must hold

    def enter(self, line: str) -> None:
        """Type a line and press Enter."""
        self.terminal.type(f"{line}\r")

    def wait_for_answer(self, word: str) -> None:
        """Let the shell say `word`: keys go all the way, and what comes of them comes back."""
        self.enter(f"echo {word[0]}''{word[1:]}")  # what is typed is not what is waited for
        self.terminal.wait_for(f"\n{word}")

    def wait_for_no_remains(self) -> None:
        """Wait until no process of the session that was ever seen runs."""
        wait_for_none_left(self._known)  # not until its port is free: another server may have taken it by then

    def assert_terminal_restored(self) -> None:
        """Settings and modes of the terminal are those of before, and the main screen is shown."""
        assert self.terminal.settings() == self.terminal.settings_before
        modes = modes_left_on(bytes(self.terminal.output))
        assert modes[25], "the cursor is hidden"
        assert not {mode for mode, on in modes.items() if on} - {25, 7}

    # --- its end

    def close(self) -> None:
        """End everything of this session, however far it came."""
        try:
            self.members()
            for member in self._known:
                member.signal(signal.SIGKILL)
        finally:
            self.server.end()
            self.relay.close()
            self.terminal.close()

    def __enter__(self) -> ClientSession:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _child(self, name: str) -> Process:
        def found() -> Process | None:
            return next((member for member in self.client_members() if comm(member) == name), None)

        return wait_until(found, f"no process {name}")

    def _note(self, members: list[Process]) -> list[Process]:
        self._known.update(members)
        return members


def comm(member: Process) -> str:
    """The short name of a process; empty when it is gone."""
    try:
        return Path(f"/proc/{member.pid}/comm").read_text().strip()
    except OSError:
        return ""


def wait_for_none_left(members: Iterable[Process]) -> None:
    """Wait until none of `members` runs."""
    awaited = list(members)
    wait_until(
        lambda: not any(member.alive for member in awaited),
        lambda: "still there: " + ", ".join(member.name for member in awaited if member.alive),
        timeout_s=LONGEST_REMAINS_S,
    )


def is_stopped(member: Process) -> bool:
    """Whether SIGSTOP, or a signal like it, has it stopped."""
    try:
        return Path(f"/proc/{member.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    except OSError:
        return False


def processor_seconds(member: Process) -> float:
    """How much processor time it has used so far; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{member.pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


class Idleness:
    """How busy each of some processes is from here on."""

    def __init__(self, members: Iterable[Process]) -> None:
        self._since = time.monotonic()
        self._used = {member: processor_seconds(member) for member in members}

    @property
    def elapsed(self) -> float:
        """How many seconds that has been."""
        return time.monotonic() - self._since

    def assert_none_spins(self, *, most: float = 0.1, name: Callable[[Process], str] = comm) -> None:
        """Fail when one of them used more than that share of a processor."""
        elapsed = self.elapsed
        shares = {
            name(member): (processor_seconds(member) - used) / elapsed
            for member, used in self._used.items()
            if member.alive
        }
        busy = {who: f"{share:.0%}" for who, share in shares.items() if share > most}
        assert not busy, f"busy for {elapsed:.1f} s: {busy}"
