"""The few words between launcher and network process (docs/ipc.md, "Control").

Kept apart from the renderer's messages because the launcher should need neither msgpack nor the screen's values.
"""

from __future__ import annotations

import socket
from typing import Final, NamedTuple

# Launcher to network process: one octet each. The end of the stream means: shut down, nobody is waiting.
RENDERER: Final = b"R"  # with a descriptor (SCM_RIGHTS): the socketpair of a new renderer
QUIT: Final = b"Q"  # end the session

# Network process to launcher, once, at the end: whether the session came to its end, and the exit code (an octet each),
# then a sentence for the user (UTF-8).
LONGEST_REASON_OCTETS: Final = 1024
_HEADER_OCTETS: Final = 2

FROM_OUTSIDE: Final = 255  # the exit code where something else than the session's program ended it; ssh's, too


class Report(NamedTuple):
    """How the session ended."""

    code: int  # the exit code of mosh-client, 0 to 255
    message: str  # for standard error; may be empty
    over: bool = False  # somebody ended the session: how long it was is said; else it failed, and the message says how

    def encode(self) -> bytes:
        """Return the octets that `ReportReader` understands."""
        return bytes((self.over, self.code)) + self.message.encode()[:LONGEST_REASON_OCTETS]


BY_USER: Final = Report(0, "", over=True)
BY_SIGNAL: Final = Report(FROM_OUTSIDE, "", over=True)
HUNG: Final = Report(
    0, "mosh-client: the network process did not answer and was ended; the session on the server may go on.", over=True
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
                data = sock.recv(LONGEST_REASON_OCTETS + _HEADER_OCTETS)
            except (BlockingIOError, InterruptedError):
                return None
            except OSError:
                data = b""
            if not data:
                break
            self._octets = (self._octets + data)[: LONGEST_REASON_OCTETS + _HEADER_OCTETS]
        if len(self._octets) < _HEADER_OCTETS:
            return ENDED_UNEXPECTEDLY
        over, code = self._octets[:_HEADER_OCTETS]
        # SECURITY: the network process may be in an attacker's hands: no control character reaches the terminal.
        # Test: test_a_report_cannot_control_the_terminal.
        text = self._octets[_HEADER_OCTETS:].decode(errors="replace")
        message = "".join([char if char.isprintable() or char == "\n" else "?" for char in text])
        return Report(code, message, over=bool(over))
