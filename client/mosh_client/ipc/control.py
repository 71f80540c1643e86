"""The few words between launcher and network process (docs/ipc.md, "Control").

Kept apart from the renderer's messages because the launcher should need neither msgpack nor the screen's values.
"""

from __future__ import annotations

import socket
import struct
from typing import Final, NamedTuple

# Launcher to network process: one octet each. The end of the stream means that the launcher is gone: leave soon.
RENDERER: Final = b"R"  # with a descriptor (SCM_RIGHTS): the socketpair of a new renderer
QUIT: Final = b"Q"  # end the session

# Network process to launcher, once, at the end: how the session ended (the numbers below), the exit code, and when, in
# Unix seconds; then a text (UTF-8): a sentence for the user, or what is known of where the session is now.
_HEADER: Final = struct.Struct(">BBQ")
LONGEST_REASON_OCTETS: Final = 1024
_FAILED, _OVER, DETACHED, TAKEN_OVER, UNHEARD = range(5)

FROM_OUTSIDE: Final = 255  # the exit code where something else than the session's program ended it; ssh's, too


class Left(NamedTuple):
    """The client goes, the session stays on the server."""

    kind: int  # DETACHED, TAKEN_OVER, or UNHEARD: the user left, and the server does not know it
    at: int = 0  # of TAKEN_OVER: Unix seconds, by the server's clock
    text: str = ""  # of DETACHED the session's id, of TAKEN_OVER the address that has it; the server's words


class Report(NamedTuple):
    """How the session ended."""

    code: int  # the exit code of mosh-client, 0 to 255
    message: str  # for standard error; may be empty
    over: bool = False  # somebody ended the session: how long it was is said; else it failed, and the message says how
    left: Left | None = None  # neither: it goes on; there is no message

    def encode(self) -> bytes:
        """Return the octets that `ReportReader` understands."""
        left = self.left
        if left is None:
            header, text = _HEADER.pack(_OVER if self.over else _FAILED, self.code, 0), self.message
        else:
            header, text = _HEADER.pack(left.kind, self.code, left.at), left.text
        return header + text.encode(errors="replace")[:LONGEST_REASON_OCTETS]


TAKEN_OVER_EXIT: Final = 79  # next to what sysexits(3) has, and nothing that shells say
UNHEARD_LEAVE: Final = Report(0, "", left=Left(UNHEARD))
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
                data = sock.recv(LONGEST_REASON_OCTETS + _HEADER.size)
            except (BlockingIOError, InterruptedError):
                return None
            except OSError:
                data = b""
            if not data:
                break
            self._octets = (self._octets + data)[: LONGEST_REASON_OCTETS + _HEADER.size]
        if len(self._octets) < _HEADER.size:
            return ENDED_UNEXPECTEDLY
        kind, code, at = _HEADER.unpack_from(self._octets)
        # SECURITY: the network process may be in an attacker's hands: no control character reaches the terminal.
        # Test: test_a_report_cannot_control_the_terminal.
        text = self._octets[_HEADER.size :].decode(errors="replace")
        message = "".join([char if char.isprintable() or char == "\n" else "?" for char in text])
        if kind in (DETACHED, TAKEN_OVER, UNHEARD):
            return Report(code, "", left=Left(kind, at, message))
        return Report(code, message, over=kind == _OVER)
