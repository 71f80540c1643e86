"""The lines of connect_line.py as they are printed. Imports nothing: who prints one is waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mosh_common.wire.key import Key

OTHERS_LIMIT: Final = 8  # addresses of a host beside the one that ssh came to

MOSH: Final = "MOSH "  # how each of the five begins
CONNECT: Final = "MOSH CONNECT "
IP: Final = "MOSH IP "
NO_IP: Final = "MOSH NO IP "
SSH_CONNECTION: Final = "MOSH SSH_CONNECTION "
NO_SERVER: Final = "MOSH NO SERVER"


def format_connect(port: int, key: Key) -> str:
    """Return the line, without its end, that `connect_line.parse` reads as Connect."""
    return f"{CONNECT}{port} {key.text}"


def format_ip(address: str, others: Sequence[str] = ()) -> str:
    """Return the line, without its end, that `connect_line.parse` reads as Ip. Of `others` the first few count."""
    return f"{IP}{' '.join([address, *others[:OTHERS_LIMIT]])}"


def format_no_ip(reason: str) -> str:
    """Return the line, without its end, that `connect_line.parse` reads as NoIp."""
    return f"{NO_IP}{reason}"


def format_ssh_connection(ssh_connection: str) -> str:
    """Return the line, without its end, for the contents of the variable SSH_CONNECTION."""
    return f"{SSH_CONNECTION}{ssh_connection}"
