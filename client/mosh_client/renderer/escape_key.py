"""The escape key: how the user speaks to the client itself rather than to the session.

Pure: octets in, octets and commands out. Rules: prediction.md, "Notices".
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

from mosh_common.errors import UsageError

DEFAULT_ESCAPE_KEY: Final = "\x1e"  # Ctrl-^

QUIT: Final = "quit"
SUSPEND: Final = "suspend"
Command: TypeAlias = str  # QUIT or SUSPEND

_QUIT_KEY: Final = ord(".")
_SUSPEND_KEY: Final = 0x1A  # Ctrl-Z
_NEWLINES: Final = b"\r\n"
# Keys that every shell session needs as they are: Ctrl-C, Ctrl-D, newline, Ctrl-L, carriage return.
_REFUSED: Final = b"\x03\x04\n\x0c\r"


class EscapeKeySpec(NamedTuple):
    """One key and what follows from it."""

    octet: int
    literal: bytes  # either of these after the key sends the key itself
    after_newline: bool  # counts only as the first key of a line, as it is printable
    name: str  # for the user, as "Ctrl-^"
    literal_name: str  # "^"


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


class EscapeKey:
    """Follows the keys typed; between reads it remembers whether the escape key was the last."""

    def __init__(self, spec: EscapeKeySpec | None) -> None:
        self._spec = spec
        self._line_start = True  # nothing was typed since the last newline
        self.waiting = False  # the escape key was pressed: the next key decides; show the help

    @property
    def quit_hint(self) -> str:
        """How to leave, for the notices; empty when there is no escape key."""
        return f" [To quit: {self._spec.name} .]" if self._spec is not None else ""

    @property
    def help(self) -> str:
        """The commands, shown while `waiting`."""
        spec = self._spec
        if spec is None:
            return ""
        return f'Commands: Ctrl-Z suspends, "." quits, {spec.literal_name} gives literal {spec.name}'

    def feed(self, data: bytes) -> list[bytes | Command]:
        """Return what is to be sent to the session, and the commands for the client, in order."""
        spec = self._spec
        if spec is None:
            return [data] if data else []
        if not self.waiting and spec.octet not in data:  # the common case at once
            if data:
                self._line_start = data[-1] in _NEWLINES
            return [data] if data else []
        result: list[bytes | Command] = []
        plain = bytearray()
        for octet in data:
            if self.waiting:
                self.waiting = False
                if octet in (_QUIT_KEY, _SUSPEND_KEY):
                    if plain:
                        result.append(bytes(plain))
                        plain.clear()
                    result.append(QUIT if octet == _QUIT_KEY else SUSPEND)
                    self._line_start = True
                    continue
                plain.append(spec.octet)
                if octet not in spec.literal:
                    plain.append(octet)
            elif octet == spec.octet and (self._line_start or not spec.after_newline):
                self.waiting = True
                continue
            else:
                plain.append(octet)
            self._line_start = octet in _NEWLINES
        if plain:
            result.append(bytes(plain))
        return result
