"""What the user reads who leaves a session that goes on: where it is now, and how to take it back."""

from __future__ import annotations

import re
import time
from typing import Final

from mosh_client.ipc.control import DETACHED, TAKEN_OVER, Left
from mosh_client.launcher.duration import duration

# SECURITY: the server's words are to be typed into a shell, and stand among ours.
# test_a_server_cannot_choose_what_is_typed
_ID: Final = re.compile(r"[0-9A-Za-z._][0-9A-Za-z._-]{0,63}", re.ASCII)
_ADDRESS: Final = re.compile(r"[0-9A-Za-z._:%-]{1,64}", re.ASCII)
_UNKNOWN_HOST: Final = "HOST"  # another program than `mosh` has started the client
_LATEST: Final = 253402300799  # the last second of the year 9999


def words(left: Left, way_back: str, *, lasted: int) -> str:
    """Return the line, with its newline. `way_back`: as handed over. `lasted`: the session with this client, in ms."""
    host = way_back or _UNKNOWN_HOST
    if left.kind == TAKEN_OVER:
        by = left.text if _ADDRESS.fullmatch(left.text) else "another client"
        at = time.strftime(" at %Y-%m-%d %H:%M:%S", time.localtime(left.at)) if 0 < left.at <= _LATEST else ""
        return f"[mosh: this session was taken over from {by}{at}]\n"
    if left.kind == DETACHED:
        which = f"={left.text}" if _ID.fullmatch(left.text) else ""
        return f"[mosh: detached after {duration(lasted)}; take it back with: mosh --attach{which} {host}]\n"
    return (
        f"[mosh: left after {duration(lasted)} without the server, which could not be told; the session goes on there;"
        f" find it with: mosh --list {host}]\n"
    )
