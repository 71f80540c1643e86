"""The escape key: how the user speaks to the client itself rather than to the session.

Pure: octets in, octets and commands out. Rules: docs/prediction.md, "Notices".
"""

from __future__ import annotations

from typing import Final, TypeAlias

from mosh_client.escape_key_choice import EscapeKeySpec

QUIT: Final = "quit"
SUSPEND: Final = "suspend"
LINK_DISPLAY: Final = "link display"  # switch it on or off
DETACH: Final = "detach"
HISTORY: Final = "history"  # page what scrolled away
Command: TypeAlias = str  # one of these

_QUIT_KEY: Final = ord(".")
_SUSPEND_KEY: Final = 0x1A  # Ctrl-Z
_LINK_KEY: Final = ord("s")
_DETACH_KEY: Final = ord("d")
_HISTORY_KEY: Final = ord("[")
_HELP_KEY: Final = ord("?")
# The first two are upstream's, and come before the key that sends the escape key itself; ours come after it.
_COMMANDS: Final = {_QUIT_KEY: QUIT, _SUSPEND_KEY: SUSPEND}
_LATER_COMMANDS: Final = {_LINK_KEY: LINK_DISPLAY, _DETACH_KEY: DETACH, _HISTORY_KEY: HISTORY}
_NEWLINES: Final = b"\r\n"
_NO_DETACH: Final = "not from this server, which keeps no session for later"
_NO_HISTORY: Final = "not with this server, which keeps no history"


class EscapeKey:
    """Follows the keys typed; between reads it remembers whether the escape key was the last."""

    def __init__(self, spec: EscapeKeySpec | None, ssh_spec: EscapeKeySpec | None = None) -> None:
        """Follow the escape key `spec`, and that of ssh, where mosh stands in for it."""
        self._spec = spec
        self._specs = {each.octet: each for each in (ssh_spec, spec) if each is not None}  # of two alike, ours
        self._pressed = spec  # the one that was pressed last
        self._line_start = True  # nothing was typed since the last newline
        self.waiting = False  # the escape key was pressed: the next key decides; show `help`
        self.explaining = False  # all commands were asked for: the next key may be one; show `explanation`
        self.detaches = False  # the server lets a client go and keeps the session
        self.pages = False  # the server keeps what scrolled away

    @property
    def quit_hint(self) -> str:
        """How to leave, for the notices; empty when there is no escape key."""
        return f" [To quit: {self._spec.name} .]" if self._spec is not None else ""

    @property
    def leave_hint(self) -> str:
        """How to leave when leaving takes long; empty when there is no escape key."""
        return f" [To leave at once: {self._spec.name} .]" if self._spec is not None else ""

    @property
    def detach_hint(self) -> str:
        """How to leave when detaching takes long; empty when there is no escape key."""
        return f" [To leave at once: {self._spec.name} d]" if self._spec is not None else ""

    @property
    def help(self) -> str:
        """The commands in a line, shown while `waiting`."""
        spec = self._pressed
        if spec is None or spec.of_ssh:  # what begins with "~" is no command mostly, and ssh shows nothing either
            return ""
        more = ', "?" shows all' if _HELP_KEY not in spec.literal else ""
        return f'Commands: Ctrl-Z suspends, "." quits, {spec.literal_name} gives literal {spec.name}{more}'

    @property
    def explanation(self) -> tuple[str, ...]:
        """All commands, a line each, shown while `explaining`."""
        spec = self._pressed
        if spec is None:
            return ()
        lines = [f"mosh: commands, each after {spec.name}" + (" at the start of a line" if spec.after_newline else "")]
        lines.append("  .       quit: end the session; once more leaves at once, whatever hangs")
        lines.append("  Ctrl-Z  suspend the client; fg brings it back")
        if _DETACH_KEY not in spec.literal and not spec.of_ssh:
            meant = "leave, and let the session go on for mosh --attach" if self.detaches else _NO_DETACH
            lines.append(f"  d       detach: {meant}")
        if _LINK_KEY not in spec.literal and not spec.of_ssh:
            lines.append("  s       show how the connection is, in a line; once more hides it")
        if _HISTORY_KEY not in spec.literal and not spec.of_ssh:
            lines.append(f"  [       {'page, search and copy what scrolled away' if self.pages else _NO_HISTORY}")
        lines.append(f"  {spec.literal_name:<7} send {spec.name} itself")
        lines.append("One of these keys now, or any other to go on typing.")
        return tuple(lines)

    def feed(self, data: bytes) -> list[bytes | Command]:
        """Return what is to be sent to the session, and the commands for the client, in order."""
        if not (self.waiting or self.explaining) and not any(octet in data for octet in self._specs):
            # The common case at once.
            if data:
                self._line_start = data[-1] in _NEWLINES
            return [data] if data else []
        result: list[bytes | Command] = []
        plain = bytearray()
        for octet in data:
            if self.waiting or self.explaining:
                meant = self._after_escape_key(octet)
                if isinstance(meant, Command):
                    if plain:
                        result.append(bytes(plain))
                        plain.clear()
                    result.append(meant)
                    self._line_start = True
                    continue
                if not meant:
                    continue
                plain += meant
            elif (spec := self._specs.get(octet)) and (self._line_start or not spec.after_newline):
                self.waiting = True
                self._pressed = spec
                continue
            else:
                plain.append(octet)
            self._line_start = octet in _NEWLINES
        if plain:
            result.append(bytes(plain))
        return result

    def _after_escape_key(self, octet: int) -> bytes | Command:
        """Return the command that the key is, or what it sends; b"" while the next key decides."""
        spec = self._pressed
        assert spec is not None, "it was pressed"
        explained = self.explaining
        self.waiting = self.explaining = False
        if octet in _COMMANDS:
            return _COMMANDS[octet]
        if octet in spec.literal:
            return bytes((spec.octet,))
        if octet in _LATER_COMMANDS and not spec.of_ssh:
            return _LATER_COMMANDS[octet]
        if explained:  # it stood there to be read: a key that is no command is not meant as one
            self.waiting = octet == spec.octet
            return b"" if self.waiting else bytes((octet,))
        self.explaining = octet == _HELP_KEY
        return b"" if self.explaining else bytes((spec.octet, octet))
