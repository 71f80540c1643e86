"""Who is at the other end of a socket that has a name, as the kernel says it."""

from __future__ import annotations

import socket
import struct
import sys
from typing import Final

_UCRED: Final = struct.Struct("=iII")  # Linux, struct ucred: pid, uid, gid
_XUCRED: Final = struct.Struct("=II")  # macOS and FreeBSD, what struct xucred begins with: version, uid
_SOL_LOCAL: Final = 0
_LOCAL_PEERCRED: Final = 1


def user_of(connection: socket.socket) -> int | None:
    """Return the user id of the process at the other end when it connected, or listened; None = not known."""
    user: int
    try:
        if sys.platform == "linux":
            octets = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
            user = _UCRED.unpack(octets)[1]
        else:
            octets = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, 128)
            user = _XUCRED.unpack_from(octets)[1]
    except (OSError, struct.error):
        return None
    return user
