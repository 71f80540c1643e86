"""What a renderer says to the launcher: a wish and a reason on its lifeline, and the code that it exits with.

The lifeline is a socketpair: closed, the other side is gone.
"""

from __future__ import annotations

import socket
from typing import Final

from mosh_client.ipc.control import LONGEST_REASON_OCTETS

# Renderer to launcher: the user leaves now, whatever the network process does. No reason holds it.
LEAVE: Final = b"\x00"

# Exit codes, for the launcher alone.
LEFT: Final = 0  # the network process said Exit
CUT_OFF: Final = 3  # its socketpair to the network process was closed
BETRAYED: Final = 4  # the network process sent what it must not; the reason is on the lifeline
FAILED: Final = 70  # a bug (EX_SOFTWARE of sysexits(3)); what kind is on the lifeline


def leave_wanted(lifeline: socket.socket) -> bool:
    """Return whether the renderer says that the user leaves; what else is there stays for `last_words`."""
    try:
        return LEAVE in lifeline.recv(LONGEST_REASON_OCTETS, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except OSError:
        return False


def last_words(lifeline: socket.socket) -> str:
    """Return what a renderer that ended left on its lifeline, as printable text."""
    lifeline.setblocking(False)
    try:
        text = lifeline.recv(LONGEST_REASON_OCTETS).decode(errors="replace")
    except OSError:
        return ""
    return "".join([char if char.isprintable() else "?" for char in text])
