"""The visitor's side of the door: one question to any number of sessions at the same time.

Nobody is waited for longer than the patience, however many do not answer. Knows nothing of what is done with answers.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Sequence
from typing import Final

from mosh_common.errors import PeerError
from mosh_server.door.peer import user_of
from mosh_server.door.protocol import LONGEST_ANSWER, Answer, Question, decode_answer, encode, framed, unframed
from mosh_server.host.places import Place
from mosh_server.host.registry import DOOR, Entry

PATIENCE_S: Final = 1.0
_AGAIN_S: Final = 0.02  # a door that is not open yet, or has a full backlog, is tried again
_READ_OCTETS: Final = 65536
_AT_ONCE: Final = 128  # open connections; the others wait for these


def ask(entry: Entry, question: Question, *, patience_s: float = PATIENCE_S) -> Answer | None:
    """Ask one session; None when it does not answer in time, or with nonsense."""
    return ask_all([entry], question, patience_s=patience_s).get(entry.pid)


def ask_all(entries: Sequence[Entry], question: Question, *, patience_s: float = PATIENCE_S) -> dict[int, Answer]:
    """Ask all sessions the same; return the answers by process id. Who does not answer in time has none."""
    deadline = time.monotonic() + patience_s
    octets = framed(encode(question))
    waiting = list(entries)
    visits: dict[int, _Visit] = {}
    answers: dict[int, Answer] = {}
    poll = select.poll()
    try:
        while (waiting or visits) and (left_s := deadline - time.monotonic()) > 0:
            waiting = _call(waiting, octets, visits, poll)
            for descriptor, _events in poll.poll(1000 * min(left_s, _AGAIN_S if waiting else left_s)):
                visit = visits[descriptor]
                if visit.goes_on():
                    continue
                poll.unregister(descriptor)
                del visits[descriptor]
                visit.connection.close()
                if visit.answer is not None:
                    answers[visit.pid] = visit.answer
    finally:
        for visit in visits.values():
            visit.connection.close()
    return answers


class _Visit:
    """One connection, with the question asked."""

    __slots__ = ("_said", "answer", "connection", "pid")

    def __init__(self, connection: socket.socket, pid: int) -> None:
        self.connection = connection
        self.pid = pid
        self.answer: Answer | None = None
        self._said = bytearray()

    def goes_on(self) -> bool:
        """Read; return whether more is to come. Afterwards `answer` is there, or the session gave none."""
        try:
            piece = self.connection.recv(_READ_OCTETS)
        except (BlockingIOError, InterruptedError):
            return True
        except OSError:
            return False
        self._said += piece
        try:
            octets = unframed(self._said, longest=LONGEST_ANSWER)
            if octets is None:
                return bool(piece)
            self.answer = decode_answer(octets)
        except PeerError:
            pass  # it is of no use: as one that does not answer
        return False


def _call(entries: list[Entry], octets: bytes, visits: dict[int, _Visit], poll: select.poll) -> list[Entry]:
    """Go to the doors of `entries` and ask; return those to be tried again."""
    again: list[Entry] = []
    for entry in entries:
        connection = _connected(entry) if len(visits) < _AT_ONCE else None
        try:
            if connection is None or connection.send(octets) < len(octets):
                raise ConnectionError
        except OSError:
            if connection is not None:
                connection.close()
            again.append(entry)
            continue
        visits[connection.fileno()] = _Visit(connection, entry.pid)
        poll.register(connection, select.POLLIN)
    return again


def _connected(entry: Entry) -> socket.socket | None:
    return next((found for place in entry.places if (found := _connect(place, f"{entry.pid}{DOOR}"))), None)


def _connect(place: Place, name: str) -> socket.socket | None:
    """Return a connection with the door of that name, None where nobody opens it now."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        with place.entered():
            connection.connect(name)
        # SECURITY: a key, or an order to end, is only for a server of ours.
        if user_of(connection) == os.getuid():
            return connection
    except OSError:
        pass
    connection.close()
    return None
