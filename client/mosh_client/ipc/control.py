"""The few words between launcher and network process (docs/ipc.md, "Control").

Kept apart from the renderer's messages because the launcher should need neither msgpack nor the screen's values.
"""

from __future__ import annotations

import socket
from typing import Final, NamedTuple

# Launcher to network process: one octet each. The end of the stream means: shut down, nobody is waiting.
RENDERER: Final = b"R"  # with a descriptor (SCM_RIGHTS): the socketpair of a new renderer
QUIT: Final = b"Q"  # end the session

# Network process to launcher, once, at the end: the exit code (one octet), then a sentence for the user (UTF-8).
LONGEST_REASON_OCTETS: Final = 1024


class Report(NamedTuple):
    """How the session ended."""

    code: int  # the exit code of mosh-client
    message: str  # for standard error; may be empty

    def encode(self) -> bytes:
        """Return the octets that `ReportReader` understands."""
        return bytes((self.code,)) + self.message.encode()[:LONGEST_REASON_OCTETS]


HUNG: Final = Report(
    0, "mosh-client: the network process did not answer and was ended; the session on the server may go on."
)
ENDED_UNEXPECTEDLY: Final = Report(1, "mosh-client: the network process ended unexpectedly; the session is lost.")


class ReportReader:
    """Collects the report of the network process."""

    def __init__(self) -> None:
        self._octets = b""

    def receive(self, sock: socket.socket) -> Report | None:
        """Read what waits; return the report once the stream has ended."""
        while True:
            try:
                data = sock.recv(LONGEST_REASON_OCTETS + 1)
            except (BlockingIOError, InterruptedError):
                return None
            except OSError:
                data = b""
            if not data:
                break
            self._octets = (self._octets + data)[: LONGEST_REASON_OCTETS + 1]
        if not self._octets:
            return ENDED_UNEXPECTEDLY
        # SECURITY: the network process may be in an attacker's hands: no control character reaches the terminal.
        # Test: test_a_report_cannot_control_the_terminal.
        text = self._octets[1:].decode(errors="replace")
        return Report(self._octets[0], "".join([char if char.isprintable() or char == "\n" else "?" for char in text]))
