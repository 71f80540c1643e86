"""Whether the machine's way to a peer changed: another local address, a route that went or came back.

On Linux the kernel says so (rtnetlink); elsewhere the local address is looked up now and then, when there is something
else to do. Knows nothing of what is done about it.
"""

from __future__ import annotations

import enum
import socket
import sys
from typing import Any, Final

from mosh_common.address import Address
from mosh_common.io.udp import family_of

LOOK_UP_EVERY_MS: Final = 1000  # without rtnetlink
_READ_OCTETS: Final = 1 << 16
_READS: Final = 64  # of one turn: a storm of messages says no more than the first

# <linux/rtnetlink.h>: links, addresses and routes of both families.
_GROUPS: Final = 0x1 | 0x10 | 0x100 | 0x40 | 0x400


class PathNews(enum.Enum):
    """What `PathWatch.news` found."""

    NONE = "nothing"
    STIRRED = "links, addresses or routes changed"
    MOVED = "datagrams to the peer leave from another address"


class PathWatch:
    """Watches the way to one peer. Open it before the process gives up what it does not need."""

    __slots__ = ("_looked_up_at", "_netlink", "_peer", "_source")

    def __init__(self, peer: Address, *, now: int) -> None:
        self._peer = peer
        self._source = source_address(peer)  # the last one that was known
        self._looked_up_at = now
        self._netlink = _open_netlink()

    @property
    def fileno(self) -> int | None:
        """The descriptor to watch; None where there is none."""
        return None if self._netlink is None else self._netlink.fileno()

    def news(self, *, ready: bool, now: int) -> PathNews:
        """Return what changed since the last call; `ready`: `fileno` is readable."""
        stirred = ready and self._drain()
        if not stirred and (self._netlink is not None or now - self._looked_up_at < LOOK_UP_EVERY_MS):
            return PathNews.NONE
        self._looked_up_at = now
        source = source_address(self._peer)
        if source is not None and source != self._source:
            self._source = source
            return PathNews.MOVED
        return PathNews.STIRRED if stirred else PathNews.NONE

    def close(self) -> None:
        """Close the descriptor."""
        if self._netlink is not None:
            self._netlink.close()
            self._netlink = None

    def _drain(self) -> bool:
        """Read the kernel's messages; return whether there were any."""
        stirred = False
        for _ in range(_READS):
            try:
                if self._netlink is None or not self._netlink.recv(_READ_OCTETS):
                    break
            except BlockingIOError:
                break
            except OSError:  # ENOBUFS: more messages than it keeps; they say the same
                pass
            stirred = True
        return stirred


def source_address(peer: Address) -> str | None:
    """Return the local address from which datagrams to `peer` leave now; None when there is no way to it."""
    try:
        with socket.socket(family_of(peer), socket.SOCK_DGRAM) as probe:
            probe.connect(peer.socket_address)  # sends nothing: asks the routing table
            name: tuple[Any, ...] = probe.getsockname()
            return str(name[0])
    except OSError:
        return None


def _open_netlink() -> socket.socket | None:
    if sys.platform.startswith("linux"):
        try:
            netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        except OSError:
            return None
        try:
            netlink.setblocking(False)
            netlink.bind((0, _GROUPS))
            return netlink
        except OSError:
            netlink.close()
    return None
