"""The talk with a server whose answers are counted and not shown: states of input out, acknowledgements in.

Says what a client may say and nothing else: window sizes, which of the server's states came, and in the end that it
leaves; never a key. Of what the server says, numbers are read, and two words that stand for nothing but themselves:
what program the server is, and what time it is there. Pure: octets in, octets out, time is an argument.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from mosh_common.address import Address
from mosh_common.protocol import DATAGRAM_OVERHEAD, MTU_FALLBACK_OCTETS, SHUTDOWN_NUMBER
from mosh_common.sync.path.rtt import RoundTripTime, timestamp16
from mosh_common.sync.states.user_stream import UserStream
from mosh_common.wire import datagram, hostdiff
from mosh_common.wire.datagram import Datagram
from mosh_common.wire.drop import Dropped
from mosh_common.wire.extensions import ANNOUNCEMENT
from mosh_common.wire.fragment import HEADER_OCTETS, Assembler, Fragment, Fragmenter
from mosh_common.wire.instruction import Instruction
from mosh_common.wire.key import Key
from mosh_common.wire.ocb import Ocb

# What `mosh --doctor` lets the session print: "doctor:", seconds since 1970, and the first line of `mosh-server
# --version` with "_" for all that is unusual.
_MARK: Final = re.compile(rb"doctor:([0-9]{1,12}):([A-Za-z0-9.()+_~-]{0,200}):")
_VERSION: Final = re.compile(r"\((mosh(?:-py)?)_([0-9][A-Za-z0-9.+~-]{0,30})")
_PROGRAM: Final = re.compile(r"mosh-py [0-9][A-Za-z0-9.+~-]{0,30}")  # within the announcement of one of ours
_PRINTED_OCTETS: Final = 4096  # of the session's output are looked through; the mark is the first of it


class Line:
    """One end of the talk; `plan.py` says what is sent when."""

    def __init__(self, *, key: Key, addresses: tuple[Address, ...], entropy: Callable[[int], bytes]) -> None:
        """Talk to the server at `addresses`, any of which may be where it is. `entropy(n)` returns n random octets."""
        self._cipher: Final = Ocb(key)
        self._addresses = addresses
        self._entropy = entropy
        self._next_sequence = 0
        self._next_expected = 0
        self._fragmenter = Fragmenter()
        self._assembler = Assembler()
        self._states: dict[int, UserStream] = {0: UserStream()}  # ours, from the newest one that the server has
        self._printed = b""  # the beginning of what the session printed
        # What was found out.
        self.rtt: Final = RoundTripTime()
        self.peer: Address | None = None  # which address answered
        self.received = 0  # authentic datagrams
        self.missing = 0  # numbers among theirs that never came
        self.longest = 0  # octets of the longest one since the owner set this to 0
        self.acknowledged: set[int] = set()  # numbers of ours that the server named as its newest
        self.theirs = 0  # the server's newest state
        self.program = ""  # "mosh-py 0.1.0", "mosh 1.4.0"
        self.epoch: int | None = None  # what the server's clock said, seconds …
        self.epoch_at = 0  # … and when that came

    @property
    def newest(self) -> int:
        """Number of our newest state."""
        return max(self._states)

    @property
    def was_acknowledged(self) -> bool:
        """Whether the server has said that it has a state of ours."""
        return bool(self.acknowledged - {0})

    def window(self, columns: int, lines: int, *, octets: int = 0, now: int) -> list[tuple[bytes, Address]]:
        """Make a state whose news is a window's size, and return it as a datagram for each address.

        With the size that the window has already nothing happens there, and it is acknowledged. `octets`: how long the
        datagram is to be, if that is more than it needs.
        """
        stream = self._states[self.newest]
        if not self.newest:
            stream = stream.push_features(frozenset((ANNOUNCEMENT,)))  # of ours, that is all that is of use here
        self._states[self.newest + 1] = stream.push_resize(columns, lines)
        return self._instruction(self.newest, self._states[self.newest].diff_from(self._known), octets, now=now)

    def farewell(self, *, now: int) -> list[tuple[bytes, Address]]:
        """Return what ends the session there; as often as it takes."""
        return self._instruction(SHUTDOWN_NUMBER, b"", 0, now=now)

    def receive(self, data: bytes, source: Address, *, now: int, arrived_at: int | None = None) -> None:
        """Take a datagram that came at `arrived_at` (ms; None: at `now`). Never raises on what is in it."""
        try:
            opened = datagram.unseal(self._cipher, data, to_client=True)
            self.received += 1
            self.longest = max(self.longest, len(data))
            if opened.sequence >= self._next_expected:
                self.missing += opened.sequence - self._next_expected
                self._next_expected = opened.sequence + 1
                self.rtt.receive_timestamps(opened.timestamp, opened.timestamp_reply, now=now, arrived_at=arrived_at)
                # As a session does: what is authentic counts from wherever it comes, but nobody is followed elsewhere.
                if source in self._addresses:
                    self.peer = source
            elif self.missing:
                self.missing -= 1  # overtaken, and counted
            encoded = self._assembler.add(Fragment.decode(opened.payload))
            if encoded is not None:
                self._receive_instruction(Instruction.decode(encoded), now=now)
        except Dropped:
            pass  # a stranger's, or nothing of ours: what else comes tells

    @property
    def _known(self) -> UserStream:
        return self._states[min(self._states)]

    def _receive_instruction(self, instruction: Instruction, *, now: int) -> None:
        number = instruction.ack_num
        # A number that we never sent counts no more than an old one.
        if number in self._states or number == SHUTDOWN_NUMBER:
            self.acknowledged.add(number)
            self._states = {each: stream for each, stream in self._states.items() if each >= min(number, self.newest)}
        if instruction.new_num <= self.theirs:
            return
        self.theirs = instruction.new_num
        for event in hostdiff.decode(instruction.diff):
            if isinstance(event, hostdiff.Announcement) and (found := _PROGRAM.search(event.program)):
                self.program = found[0]
            elif isinstance(event, hostdiff.HostBytes) and self.epoch is None:
                self._look_for_mark(event.data, now=now)

    def _look_for_mark(self, printed: bytes, *, now: int) -> None:
        if len(self._printed) >= _PRINTED_OCTETS:
            return
        self._printed = (self._printed + printed)[:_PRINTED_OCTETS]
        found = _MARK.search(self._printed)
        if found:
            self.epoch, self.epoch_at = int(found[1]), now
            version = _VERSION.search(found[2].decode())
            if version and not self.program:
                self.program = f"{version[1]} {version[2]}"

    def _instruction(self, number: int, diff: bytes, octets: int, *, now: int) -> list[tuple[bytes, Address]]:
        """Return one instruction in datagrams that each have at most `octets`, if that is more than they need."""
        known = min(self._states)
        plain = Instruction(known, number, self.theirs, known, diff)
        encoded = plain.encode()
        space = octets - DATAGRAM_OVERHEAD - HEADER_OCTETS
        chaff = self._entropy(max(space - len(encoded), 0))
        while chaff and len(encoded := plain._replace(chaff=chaff).encode()) > space:
            chaff = chaff[: space - len(encoded)]  # random octets do not get shorter, and their length is told, too
        datagrams = []
        for fragment in self._fragmenter.split(encoded, max(octets, MTU_FALLBACK_OCTETS) - DATAGRAM_OVERHEAD):
            for address in (self.peer,) if self.peer is not None else self._addresses:
                sealed = Datagram(
                    False, self._next_sequence, timestamp16(now), self.rtt.take_reply(now=now), fragment.encode()
                )
                self._next_sequence += 1
                datagrams.append((datagram.seal(self._cipher, sealed), address))
        return datagrams
