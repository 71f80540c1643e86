"""The lines by which the two sides find each other through ssh (docs/wire.md §7).

    MOSH CONNECT <port> <key>                                     printed by mosh-server
    MOSH IP <address> [<address> …]                               printed by the proxy command
    MOSH NO IP <reason>                                           printed by it instead
    MOSH SSH_CONNECTION <client ip> <port> <server ip> <port>     printed by the remote shell

Reads single lines; who prints one needs connect_words.py only. Knows nothing of ssh or of the stream they come in, and
imports nothing heavy: the bootstrap starts with it.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple, TypeAlias

from mosh_common.connect_words import CONNECT, IP, MOSH, NO_IP, OTHERS_LIMIT, SSH_CONNECTION
from mosh_common.errors import UsageError
from mosh_common.protocol import HIGHEST_PORT
from mosh_common.wire.key import Key

LINE_LIMIT: Final = 512  # characters; the longest real line has 511: nine IPv6 addresses, each with a scope

# One pattern a line. Anchored at both ends: a line with something else in it is the user's. [0-9], not \d: that takes
# other scripts' digits too.
_END: Final = r" *\r*\n?"
_PORT: Final = r"[0-9]{1,5}"
_HOST: Final = r"[0-9A-Za-z.:%_-]{1,128}"  # IPv4, IPv6 with a scope, never an option or a space
_CONNECT: Final = re.compile(rf"{CONNECT}({_PORT}) ([A-Za-z0-9+/]+){_END}")
_NUMERIC: Final = r"(?=[0-9A-Fa-f]*[.:])[0-9A-Fa-f.:]{2,45}(?:%[0-9A-Za-z._-]{1,32})?"
_IP: Final = re.compile(rf"{IP}({_HOST})((?: {_NUMERIC}){{0,{OTHERS_LIMIT}}}){_END}")
_NO_IP: Final = re.compile(rf"{NO_IP}([ -~]+){_END}")
_SSH_CONNECTION: Final = re.compile(rf"{SSH_CONNECTION}({_HOST}) ({_PORT}) ({_HOST}) ({_PORT}){_END}")


class Connect(NamedTuple):
    """Where the server listens, and the session key."""

    port: int
    key: Key


class Ip(NamedTuple):
    """The address that ssh connected to, and what else the name means."""

    address: str
    others: tuple[str, ...] = ()  # at most OTHERS_LIMIT


class NoIp(NamedTuple):
    """Why the proxy command connected ssh to nothing."""

    reason: str  # a sentence; printable ASCII


class SshConnection(NamedTuple):
    """What sshd says of its connection; addresses as it prints them, IPv4-mapped ones included."""

    client_ip: str
    client_port: int
    server_ip: str
    server_port: int


MoshLine: TypeAlias = Connect | Ip | NoIp | SshConnection


def parse(line: str) -> MoshLine | None:
    """Return what a line says; None when it is none of the four: then it belongs to the user.

    Trailing blanks, CRs (a tty's) and the line end do not matter. Ports are 1–65535; the key is one that
    `Key.parse` takes.
    """
    if len(line) > LINE_LIMIT or not line.startswith(MOSH):
        return None
    match = _CONNECT.fullmatch(line)
    if match is not None:
        return _connect(int(match[1]), match[2])
    match = _IP.fullmatch(line)
    if match is not None:
        return Ip(match[1], tuple(match[2].split())) if _is_host(match[1]) else None
    match = _NO_IP.fullmatch(line)
    if match is not None:
        return NoIp(match[1].rstrip())
    match = _SSH_CONNECTION.fullmatch(line)
    if match is None:
        return None
    found = SshConnection(match[1], int(match[2]), match[3], int(match[4]))
    possible = _is_host(found.client_ip) and _is_host(found.server_ip)
    return found if possible and _is_port(found.client_port) and _is_port(found.server_port) else None


def _connect(port: int, key_text: str) -> Connect | None:
    try:
        key = Key.parse(key_text)
    except UsageError:
        return None
    return Connect(port, key) if _is_port(port) else None


def _is_port(port: int) -> bool:
    return 1 <= port <= HIGHEST_PORT


def _is_host(host: str) -> bool:
    # SECURITY: an address is later handed to a program; it must not be read as an option.
    # (test_an_address_that_looks_like_an_option_is_not_believed)
    return not host.startswith("-")
