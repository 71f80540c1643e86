"""The lines of connect_line.py as they are printed. Imports nothing: who prints one is waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mosh_common.wire.key import Key

MOSH: Final = "MOSH "  # how each of the three begins
CONNECT: Final = "MOSH CONNECT "
IP: Final = "MOSH IP "
SSH_CONNECTION: Final = "MOSH SSH_CONNECTION "


def format_connect(port: int, key: Key) -> str:
    """Return the line, without its end, that `connect_line.parse` reads as Connect."""
    return f"{CONNECT}{port} {key.text}"


def format_ip(address: str) -> str:
    """Return the line, without its end, that `connect_line.parse` reads as Ip."""
    return f"{IP}{address}"


def format_ssh_connection(ssh_connection: str) -> str:
    """Return the line, without its end, for the contents of the variable SSH_CONNECTION."""
    return f"{SSH_CONNECTION}{ssh_connection}"
