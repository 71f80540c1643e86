"""What a session asks of the machine that it runs on, as a promise: whoever keeps it has the account's rights.

The session itself needs a key, a socket and an emulator, and none of those rights; so what keeps this promise can be
another process. Therefore arguments and results are plain values, and only the pty's descriptor is handed over.
"""

from __future__ import annotations

from typing import Protocol


class Host(Protocol):
    """The shell of one session, and every trace of it outside the process that serves the session.

    Carries out what the session decided; decides nothing. Nothing here is fast enough for each datagram.
    """

    def greeting(self) -> bytes:
        """Return what the screen shows before the shell says anything; nothing for a command."""

    def start_shell(self, columns: int, lines: int) -> int:
        """Start it on a pty of that size; return a descriptor of the master, which is the caller's own.

        Raises EnvironmentFailure, and has noted the reason then.
        """

    def set_size(self, columns: int, lines: int, *, signal: bool) -> None:
        """Tell the programs the new size, with `signal` even if it is none; harmless when the shell has ended."""

    def children_changed(self) -> int | None:
        """Reap what has ended, as SIGCHLD says; return the shell's exit status once it has, also after `end_shell`.

        0 to 255, as shells say it: 128 + n for signal n. Never waits.
        """

    def end_shell(self) -> None:
        """Hang up the pty, whose other descriptor is closed, and close the books; harmless when that was done."""

    def client_heard(self, address: str) -> None:
        """Write down that the client is there, at this address."""

    def client_silent(self) -> None:
        """Write down that the client is not heard: the session is detached."""

    def client_attached(self, address: str) -> None:
        """Write down that another client is there, at this address."""

    def client_detached(self) -> None:
        """Write down that the client has left the session as it wanted."""

    def failed(self, reason: str) -> None:
        """Write down why the session could not go on."""
