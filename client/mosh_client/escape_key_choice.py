"""Which key is the escape key: what MOSH_ESCAPE_KEY asks for, and how the user reads it; and ssh's beside it, where
mosh stands in for ssh.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from mosh_common.errors import UsageError

DEFAULT_ESCAPE_KEY: Final = "\x1e"  # Ctrl-^

# Keys that every shell session needs as they are: Ctrl-C, Ctrl-D, newline, Ctrl-L, carriage return.
_REFUSED: Final = b"\x03\x04\n\x0c\r"


class EscapeKeySpec(NamedTuple):
    """One key and what follows from it."""

    octet: int
    literal: bytes  # either of these after the key sends the key itself
    after_newline: bool  # counts only as the first key of a line, as it is printable, or ssh's
    name: str  # for the user, as "Ctrl-^"
    literal_name: str  # "^"
    of_ssh: bool = False  # it has no command but ssh's, and nothing shows before one of them is known


def parse_escape_key(text: str | None) -> EscapeKeySpec | None:
    """Return what MOSH_ESCAPE_KEY asks for: None = unset, "" = no escape key. Raises UsageError."""
    if text is None:
        text = DEFAULT_ESCAPE_KEY
    if not text:
        return None
    if len(text) != 1 or not 0 < ord(text) < 128:
        raise UsageError("MOSH_ESCAPE_KEY must be a single ASCII character, or empty for none.")
    octet = ord(text)
    if octet in _REFUSED:
        raise UsageError("MOSH_ESCAPE_KEY cannot be Ctrl-C, Ctrl-D, Ctrl-J, Ctrl-L or Ctrl-M.")
    if octet < 32:
        letter = octet + 64
        # The letter in either case; for ^ _ ] and the like there is but one.
        literal = bytes({letter, letter + 32 if 65 <= letter <= 90 else letter})
        return EscapeKeySpec(octet, literal, False, f"Ctrl-{chr(letter)}", chr(letter))
    if octet == 127:
        return EscapeKeySpec(octet, b"?", False, "Backspace", "?")
    return EscapeKeySpec(octet, bytes((octet,)), True, f'"{text}"', f'"{text}"')


def parse_ssh_escape_key(text: str | None) -> EscapeKeySpec | None:
    """Return what MOSH_SSH_ESCAPE_KEY asks for, which `mosh` sets and no user; None = no such key."""
    if text is None or len(text) != 1 or not 0 < ord(text) < 128:
        return None
    octet = ord(text)
    name = f"Ctrl-{chr(octet ^ 64)}" if octet < 32 or octet == 127 else f'"{text}"'
    return EscapeKeySpec(octet, bytes((octet,)), True, name, name, of_ssh=True)
