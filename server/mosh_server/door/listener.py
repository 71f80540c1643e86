"""The server's side of the door: sockets, visitors, and the answers of the session that it belongs to.

A part of the loop's turn (loop.py), which it never holds up: each visitor has a bounded time and a bounded question,
and a turn answers few of them. Knows of the session what a `Control` promises.
"""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from mosh_common.errors import EnvironmentFailure, PeerError, place_of
from mosh_common.terminal.cells import Snapshot
from mosh_common.wire.key import Key
from mosh_server.door.history import Kept, page_of
from mosh_server.door.peer import user_of
from mosh_server.door.protocol import (
    LONGEST_ADDRESS,
    LONGEST_ANSWER,
    LONGEST_QUESTION,
    LONGEST_WHY,
    Answer,
    AskAttach,
    AskEnd,
    AskHistory,
    AskScreen,
    Attached,
    Ended,
    Facts,
    Question,
    Refused,
    decode_question,
    encode,
    framed,
    unframed,
)
from mosh_server.door.screen import last_line, screen_of
from mosh_server.host.places import Place
from mosh_server.host.registry import DOOR

VISITORS_LIMIT: Final = 8
VISIT_MS: Final = 2000  # a visitor asks at once, and reads the answer as soon as it comes
ANSWERS_A_TURN: Final = 4
_BACKLOG: Final = 16  # who comes while VISITORS_LIMIT are there; who finds that full tries again
_NO_DESCRIPTORS_MS: Final = 1000  # without one to be had, a caller at the door would wake the loop again and again
_READ_OCTETS: Final = 4 + LONGEST_QUESTION
_NO_ROOM: Final = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))


class Offer(Protocol):
    """Where a client is waited for, and with which key."""

    @property
    def port(self) -> int:
        """The UDP port."""

    @property
    def key(self) -> Key:
        """SECURITY: known to the session and to the visitor who asked."""


class SessionFacts(Protocol):
    """What `Control.facts` tells."""

    @property
    def columns(self) -> int:
        """Of the screen."""

    @property
    def lines(self) -> int:
        """Of the screen."""

    @property
    def title(self) -> str:
        """As a program set it."""

    @property
    def attached(self) -> bool:
        """Whether a client is there."""

    @property
    def peer(self) -> str | None:
        """Its address."""

    @property
    def since_ms(self) -> int:
        """For how long it has been there, or none has."""

    @property
    def heard_ms_ago(self) -> int | None:
        """When a client was heard last; None = never."""


class Control(Protocol):
    """What can be asked of a session."""

    def attach(self, *, address: str | None, ports: tuple[int, int] | None, everywhere: bool, now: int) -> Offer:
        """Wait for a client with a new key. Raises EnvironmentFailure."""

    def end(self, *, now: int) -> None:
        """End the session; the client is told."""

    def facts(self, *, now: int) -> SessionFacts:
        """Return what it is."""

    def snapshot(self) -> Snapshot:
        """Return its screen."""

    def history(self) -> Kept | None:
        """Return what scrolled off it; None if that is not kept."""


class About(NamedTuple):
    """What the door tells besides."""

    name: str | None
    command: str
    started: int  # Unix seconds
    shell: Callable[[], int]  # its process id; 0 before there is one


class _Visitor:
    """Somebody at the door."""

    __slots__ = ("arrived_at", "asked", "leaves", "octets", "said", "socket")

    def __init__(self, connection: socket.socket, *, now: int) -> None:
        self.socket = connection
        self.arrived_at = now
        self.said = bytearray()  # of its question
        self.asked = False  # all of it
        self.octets = memoryview(b"")  # of the answer, those that are not written yet
        self.leaves = False

    @property
    def silent(self) -> bool:
        """Whether it has not asked, and nothing of it waits to be heard."""
        if self.asked:
            return False
        try:
            self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            pass  # it has gone, which will be heard
        return False

    def read(self) -> bytes | None:
        """Take what it says; return its question once that is all there. Raises PeerError."""
        try:
            piece = self.socket.recv(_READ_OCTETS)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError:
            piece = b""
        self.said += piece
        question = unframed(self.said, longest=LONGEST_QUESTION)
        if question is None and not piece:
            self.leaves = True
        return question

    def write(self) -> None:
        """Write what fits of the answer; it leaves when that was all."""
        try:
            self.octets = self.octets[self.socket.send(self.octets) :]
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.leaves = True
        if not self.octets:
            self.leaves = True


class Listener:
    """A `Door` of the loop: the sockets in each place, and who is there."""

    def __init__(self, places: Iterable[Place], *, pid: int, control: Control, about: About, uid: int) -> None:
        """Open the door of process `pid`, whose entry in `places` is locked; where that fails there is none."""
        self._control = control
        self._about = about
        self._uid = uid
        self._sockets = [opened for place in places if (opened := _bound(place, f"{pid}{DOOR}")) is not None]
        self._visitors: list[_Visitor] = []  # in the order in which they came
        self._waits_until: int | None = None  # no descriptor was to be had

    def descriptors(self) -> Iterable[tuple[int, bool, bool]]:
        """Yield (descriptor, whether to wait for reading, for writing).

        A turn closes some and opens others, which may have the same numbers: none may be waited for during it.
        """
        accepts = self._waits_until is None and not self._full
        for listening in self._sockets:
            yield listening.fileno(), accepts, False
        for visitor in self._visitors:
            yield visitor.socket.fileno(), not visitor.asked, bool(visitor.octets)

    def next_deadline(self) -> int | None:
        """Return when a visitor's time is over, or the door is looked at again; None without either."""
        times = [visitor.arrived_at + VISIT_MS for visitor in self._visitors[:1]]
        if self._waits_until is not None:
            times.append(self._waits_until)
        return min(times, default=None)

    def turn(self, readable: Iterable[int], writable: Iterable[int], *, now: int) -> None:
        """Answer who has asked, see off who has the answer or no time left, and let in who has come."""
        readable, writable = frozenset(readable), frozenset(writable)
        if self._waits_until is not None and now >= self._waits_until:
            self._waits_until = None
        answers = ANSWERS_A_TURN
        for visitor in list(self._visitors):
            if answers and not visitor.asked and visitor.socket.fileno() in readable:
                answers -= self._hear(visitor, now=now)
            elif visitor.octets and visitor.socket.fileno() in writable:
                visitor.write()
            if visitor.leaves or now >= visitor.arrived_at + VISIT_MS:
                self._see_off(visitor)
        for listening in self._sockets:
            if listening.fileno() in readable:
                self._let_in(listening, now=now)

    def close(self) -> None:
        """Close it; who is there gets no answer. What lies in the places is the registry's to remove."""
        for each in (*self._sockets, *(visitor.socket for visitor in self._visitors)):
            each.close()
        self._sockets.clear()
        self._visitors.clear()

    # --- Visitors -------------------------------------------------------------------------------------------------

    @property
    def _full(self) -> bool:
        return len(self._visitors) >= VISITORS_LIMIT and all(visitor.asked for visitor in self._visitors)

    def _let_in(self, listening: socket.socket, *, now: int) -> None:
        for _ in range(VISITORS_LIMIT):
            silent = next((visitor for visitor in self._visitors if visitor.silent), None)
            if len(self._visitors) >= VISITORS_LIMIT and silent is None:
                return
            try:
                connection, _address = listening.accept()
            except OSError as error:
                if error.errno in _NO_ROOM:
                    self._waits_until = now + _NO_DESCRIPTORS_MS
                return
            connection.setblocking(False)
            # SECURITY: nobody else is heard; test_another_user_is_let_go_without_a_word.
            if user_of(connection) != self._uid:
                connection.close()
                continue
            if len(self._visitors) >= VISITORS_LIMIT and silent is not None:
                self._see_off(silent)
            self._visitors.append(_Visitor(connection, now=now))

    def _see_off(self, visitor: _Visitor) -> None:
        """End the visit."""
        visitor.socket.close()
        self._visitors.remove(visitor)

    def _hear(self, visitor: _Visitor, *, now: int) -> int:
        """Take what the visitor says; return how many questions were answered."""
        try:
            octets = visitor.read()
            if octets is None:
                return 0
            answer = self._answer(decode_question(octets), now=now)
        except PeerError as error:
            answer = Refused(f"not understood: {error}"[:LONGEST_WHY])
        visitor.asked = True
        message = encode(answer)
        if len(message) > LONGEST_ANSWER:
            message = encode(Refused("the answer is too long"))
        visitor.octets = memoryview(framed(message))
        visitor.write()
        return 1

    # --- Answers --------------------------------------------------------------------------------------------------

    def _answer(self, question: Question, *, now: int) -> Answer:
        try:
            return self._answer_of_the_session(question, now=now)
        except EnvironmentFailure as error:
            return Refused(str(error)[:LONGEST_WHY])
        except Exception as error:  # a fault of ours costs the visitor the answer, and nobody the session
            return Refused(f"the session failed at it: {place_of(error)}"[:LONGEST_WHY])

    def _answer_of_the_session(self, question: Question, *, now: int) -> Answer:
        control = self._control
        if isinstance(question, AskAttach):
            offer = control.attach(
                address=question.address, ports=question.ports, everywhere=question.everywhere, now=now
            )
            return Attached(offer.port, offer.key.text)
        if isinstance(question, AskEnd):
            control.end(now=now)
            return Ended()
        if isinstance(question, AskScreen):
            return screen_of(control.snapshot(), styles=question.styles)
        if isinstance(question, AskHistory):
            kept = control.history()
            return Refused("what scrolls off its screen is not kept") if kept is None else page_of(kept, question)
        return self._facts(now=now)

    def _facts(self, *, now: int) -> Facts:
        facts, about = self._control.facts(now=now), self._about
        return Facts(  # nosec B604  # `shell` is a process id here, not subprocess's flag
            name=about.name,
            command=about.command[:LONGEST_WHY],
            started=about.started,
            shell=about.shell(),
            columns=facts.columns,
            lines=facts.lines,
            title=facts.title,
            attached=facts.attached,
            reached=facts.heard_ms_ago is not None,
            peer=(facts.peer or "")[:LONGEST_ADDRESS],
            since=max(facts.since_ms, 0) // 1000,
            heard=None if facts.heard_ms_ago is None else max(facts.heard_ms_ago, 0) // 1000,
            line=last_line(self._control.snapshot()),
        )


def about(command: Sequence[str], *, login_shell: str, name: str | None, shell_pid: Callable[[], int]) -> About:
    """Return what the door tells of a session that begins now and runs `command`, or `login_shell` if that is empty."""
    return About(name, " ".join(command) or os.path.basename(login_shell), int(time.time()), shell_pid)


def _bound(place: Place, name: str) -> socket.socket | None:
    """Return the socket of that name; None where none can be had: the session is not found there."""
    opened = None
    try:
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        opened.setblocking(False)
        before = os.umask(0o077)
        try:
            with place.entered():
                place.remove(name)  # of a dead server that had our number: the entry's lock is ours
                opened.bind(name)
        finally:
            os.umask(before)
        opened.listen(_BACKLOG)
    except OSError:
        if opened is not None:
            opened.close()
        return None
    return opened
