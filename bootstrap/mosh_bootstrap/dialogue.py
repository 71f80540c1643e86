"""The dialogue with ssh, as octets: what the user may see, and the `MOSH …` lines that are for us.

ssh's prompts, the banner, whatever the remote shell prints while it starts, and the server's answer all come in one
stream. Prompts must appear at once, though no newline ends them; the session key must never appear. So: at the
beginning of a line nothing is held back but what could become "MOSH "; in the middle of one nothing but what follows
"MOSH CONNECT ".

Pure: no terminal, no process. Bounded: at most LINE_LIMIT octets of a line are held back.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from mosh_bootstrap.refusal import Refusal
from mosh_common import connect_words
from mosh_common.connect_line import LINE_LIMIT, Connect, Ip, NoIp, SshConnection, parse

_PREFIX: Final = connect_words.MOSH.encode()
_CONNECT_PREFIX: Final = connect_words.CONNECT.encode()
_NO_SERVER: Final = connect_words.NO_SERVER.encode()
_DETACHED: Final = b"mosh-server detached"  # what the server says (upstream's too) once it needs the login no longer
_IPV4_MAPPED: Final = "::ffff:"


class _LinePart(Enum):
    """Where in a line we are."""

    AT_START = auto()  # nothing of this line was shown; what is held back could become "MOSH "
    IN_TEXT = auto()  # an ordinary line: shown as it comes
    IN_MOSH_LINE = auto()  # held back until its end


class Dialogue:
    """Feed it what ssh says; show what it returns; read the facts it found.

    `ip_source`: which line tells the server's address: "proxy" (MOSH IP), "remote" (MOSH SSH_CONNECTION) or "local"
    (neither: the caller knows). Lines of the other kind are kept from the screen and not believed.
    """

    def __init__(self, ip_source: str, *, preface: str = "") -> None:
        self.ip: str | None = None  # the server's address, numeric
        self.others: tuple[str, ...] = ()  # further addresses of the name, as far as our ProxyCommand told them
        self.no_ip = ""  # why our ProxyCommand came to none: a sentence; what ssh says of that is not shown
        self.ip_redefined = False  # a second line named another address; the first one stays
        self.connect: Connect | None = None  # the first valid MOSH CONNECT
        self.bad_connect = False  # a MOSH CONNECT line made no sense
        self.connect_cut_off = False  # ssh's output ended within a MOSH CONNECT line
        self.detached = False  # the server said, behind its line, that it goes on without the login
        self.in_mid_line = False  # what was shown last did not end its line
        self.refusal = Refusal()  # what of the text was a server that will not start
        self.left_behind: tuple[int, ...] = ()  # processes of the login that still run, for the client to reap
        self.typed = b""  # by the user meanwhile, and not for ssh: the session's first keys

        self._ip_source = ip_source
        self._preface = preface  # a line that explains what ssh is about to say, if it says anything
        self._showed_anything = False
        self._part = _LinePart.AT_START
        self._blank = bytearray()  # line ends before the current line, not shown: the server prints one before its own
        self._held = bytearray()  # of the current line, not shown
        self._returned = False  # a carriage return was shown just now: a line feed belongs to it
        # The end of what came last, for words across reads: _CONNECT_PREFIX while IN_TEXT, _DETACHED behind the line.
        self._tail = b""

    @property
    def showed_anything(self) -> bool:
        """Whether the user has seen anything of what ssh said."""
        return self._showed_anything

    @property
    def no_server(self) -> bool:
        """Whether the search for a server there has found none."""
        return self.refusal.found_nowhere

    @property
    def may_be_asking(self) -> bool:
        """Whether the user has seen anything that could want an answer, and the server is not up yet."""
        return self._showed_anything and self.connect is None and not self.no_ip

    def receive(self, data: bytes) -> bytes:
        """Take what ssh printed; return what of it (and of what was held back) to show now.

        What follows MOSH CONNECT (the server's notice, ssh's farewell) is not: it would litter the client's screen.
        """
        shown = bytearray()
        position = 0
        while position < len(data) and self.connect is None and not self.no_ip:
            position = self._step(data, position, shown)
        if self.connect is not None and not self.detached:
            joined = self._tail + data[position:]
            self.detached = _DETACHED in joined
            self._tail = joined[-(len(_DETACHED) - 1) :]
        return self._show(shown)

    def finish(self) -> bytes:
        """ssh's output has ended: return what was held back and turned out to be no line for us."""
        shown = bytearray()
        if self._part is _LinePart.IN_MOSH_LINE:
            bad_before = self.bad_connect
            self._end_mosh_line(shown)
            if self.bad_connect and not bad_before:
                self.bad_connect, self.connect_cut_off = False, True
        else:
            self._show_held(shown)
        return self._show(shown)

    def _show(self, shown: bytearray) -> bytes:
        if shown:
            if not self._showed_anything and self._preface:
                shown[:0] = f"{self._preface}\r\n".encode()
            self._showed_anything = True
            self.refusal.receive(shown)
            self.in_mid_line = not shown.endswith(b"\n")
        return bytes(shown)

    def _step(self, data: bytes, position: int, shown: bytearray) -> int:
        """Digest at least one octet of `data`; return the position behind."""
        if self._part is _LinePart.AT_START:
            return self._at_start(data, position, shown)
        if self._part is _LinePart.IN_TEXT:
            return self._in_text(data, position, shown)
        return self._in_mosh_line(data, position, shown)

    def _at_start(self, data: bytes, position: int, shown: bytearray) -> int:
        octet = data[position : position + 1]
        if octet == b"\n" and self._returned:
            self._returned = False
            shown += octet
            return position + 1
        self._returned = False
        if octet in (b"\r", b"\n") and not self._held and len(self._blank) < LINE_LIMIT:
            self._blank += octet
            return position + 1
        candidate = self._held + octet
        if _PREFIX.startswith(candidate):
            self._held = candidate
            if candidate == _PREFIX:
                self._part = _LinePart.IN_MOSH_LINE
            return position + 1
        self._show_held(shown)
        return position  # the octet itself is ordinary text

    def _show_held(self, shown: bytearray) -> None:
        """What was held back at the start of the line is not ours after all."""
        shown += self._blank
        shown += self._held
        self._blank.clear()
        self._tail = bytes(self._held)
        self._held.clear()
        self._part = _LinePart.IN_TEXT

    def _in_text(self, data: bytes, position: int, shown: bytearray) -> int:
        """Show up to the end of the line, or up to a MOSH CONNECT in the middle of it."""
        ends = [end for end in (data.find(b"\n", position), data.find(b"\r", position)) if end >= 0]
        end = min(ends) + 1 if ends else len(data)
        text = data[position:end]
        # SECURITY: the octets behind "MOSH CONNECT " may be the key, also when the text came in several reads.
        # test_a_connect_line_behind_a_prompt_is_found_and_its_key_not_shown
        joined = self._tail + text
        found = joined.find(_CONNECT_PREFIX)
        if found >= 0:
            behind = found + len(_CONNECT_PREFIX) - len(self._tail)
            shown += text[: max(found - len(self._tail), 0)]
            self._tail = b""
            self._held += _CONNECT_PREFIX
            self._part = _LinePart.IN_MOSH_LINE
            return position + behind
        shown += text
        if ends:
            self._tail = b""
            self._part = _LinePart.AT_START
            self._returned = text.endswith(b"\r")
        else:
            self._tail = joined[-(len(_CONNECT_PREFIX) - 1) :]
        return end

    def _in_mosh_line(self, data: bytes, position: int, shown: bytearray) -> int:
        newline = data.find(b"\n", position)
        end = newline + 1 if newline >= 0 else len(data)
        self._held += data[position:end]
        if newline >= 0:
            self._end_mosh_line(shown)
        elif len(self._held) > LINE_LIMIT:
            self._shorten_mosh_line(shown)
        return end

    def _shorten_mosh_line(self, shown: bytearray) -> None:
        """The line that is held back is longer than any of ours, and has not ended yet."""
        start = self._held.find(_CONNECT_PREFIX)
        if start < 0:
            self._show_held(shown)
            self._tail = self._tail[-(len(_CONNECT_PREFIX) - 1) :]
            return
        # SECURITY: what follows may yet be a key; it is dropped, not shown.
        # test_a_key_is_not_shown_wherever_its_line_stands
        shown += self._blank + self._held[:start]
        self._blank.clear()
        self._held[:] = self._held[start : start + LINE_LIMIT]

    def _end_mosh_line(self, shown: bytearray) -> None:
        """Believe the line that was held back, or show it; go on at the start of the next."""
        line = bytes(self._held)
        start = line.find(_CONNECT_PREFIX)
        if start > 0:  # behind something that only began like a line of ours
            shown += self._blank + line[:start]
            line = line[line.rfind(_CONNECT_PREFIX) :]
        found = parse(line.decode("ascii", "replace").rstrip())
        if isinstance(found, Connect):
            self.connect = found
        elif isinstance(found, Ip):
            if self._ip_source == "proxy":
                self._set_ip(found.address, found.others)
        elif isinstance(found, NoIp):
            # SECURITY: a host cannot say it: until our ProxyCommand has come to one, there is none.
            # test_a_host_cannot_say_that_it_was_not_reached
            if self._ip_source == "proxy" and self.ip is None:
                self.no_ip = found.reason
        elif isinstance(found, SshConnection):
            if self._ip_source == "remote":
                self._set_ip(found.server_ip.removeprefix(_IPV4_MAPPED))
        elif line.rstrip() == _NO_SERVER:
            self.refusal.found_nowhere = True
        elif line.startswith(_CONNECT_PREFIX):
            self.bad_connect = True  # SECURITY: not shown, it may hold a key: test_a_bad_connect_line_is_not_shown
        else:
            shown += self._blank
            shown += line
        self._blank.clear()
        self._held.clear()
        self._part = _LinePart.AT_START

    def _set_ip(self, address: str, others: tuple[str, ...] = ()) -> None:
        if self.ip is None:
            self.ip, self.others = address, others
        elif self.ip != address:
            self.ip_redefined = True
