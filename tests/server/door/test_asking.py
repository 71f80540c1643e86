"""All sessions are asked at once, and none that is stuck holds the others up."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.support.doors import door_process
from tests.support.programs import wait_until

from mosh_server.door import asking
from mosh_server.door.asking import ask, ask_all
from mosh_server.door.protocol import AskEnd, AskFacts, Ended, Facts
from mosh_server.host.places import Place
from mosh_server.host.registry import Entry, living

pytestmark = pytest.mark.system

PATIENCE_S = 20.0


@pytest.fixture
def places(tmp_path: Path) -> list[Place]:
    found = [Place.opened(str(tmp_path), name, uid=os.getuid()) for name in ("state", "runtime")]
    return [place for place in found if place is not None]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_a_session_answers(places: list[Place], stack: ExitStack) -> None:
    pid = stack.enter_context(door_process(places, name="work"))
    answer = ask(living(places)[0], AskFacts(), patience_s=PATIENCE_S)
    assert isinstance(answer, Facts)
    assert (answer.shell, answer.name) == (pid, "work")


def test_either_place_will_do(places: list[Place], stack: ExitStack) -> None:
    stack.enter_context(door_process(places))
    (entry,) = living(places)
    for place in places:
        assert isinstance(ask(entry._replace(places=(place,)), AskFacts(), patience_s=PATIENCE_S), Facts)
    for name in places[0].names():
        places[0].remove(name)
    assert isinstance(ask(entry, AskFacts(), patience_s=PATIENCE_S), Facts)


def test_many_are_asked_at_once_and_the_stuck_ones_cost_no_more_than_the_patience(
    places: list[Place], stack: ExitStack
) -> None:
    """50 sessions, of which 10 are stopped, 10 have no door, and 10 doors are nonsense: 20 answer."""
    pids = [stack.enter_context(door_process(places[:1], opens=number >= 10)) for number in range(40)]
    for pid in pids[10:20]:
        os.kill(pid, signal.SIGSTOP)
    entries = living(places)
    assert len(entries) == 40
    for number in range(1, 11):
        entries.append(Entry(number, detached=False, places=(places[1],)))
        listening = stack.enter_context(socket.socket(socket.AF_UNIX))
        with places[1].entered():
            listening.bind(f"{number}.door")
        listening.listen(0)

    def all_that_can_answer() -> bool:
        began = time.monotonic()
        answers = ask_all(entries, AskFacts(), patience_s=1.0)
        assert time.monotonic() - began >= 1.0
        assert set(answers) <= set(pids[20:])
        return len(answers) == 20

    wait_until(all_that_can_answer, "never 20 of them within a second")  # others may need the machine


def test_a_door_that_opens_a_little_later_is_found(places: list[Place], stack: ExitStack) -> None:
    read_end, write_end = os.pipe()
    pid = stack.enter_context(door_process(places, opens=False))
    (entry,) = living(places)
    opener = os.fork()
    if not opener:
        os.read(read_end, 1)
        listening = socket.socket(socket.AF_UNIX)
        with places[0].entered():
            listening.bind(f"{pid}.door")
        listening.listen()
        connection, _address = listening.accept()
        connection.recv(1000)
        connection.sendall(b'\0\0\0\x10{"answer":"end"}')
        os._exit(0)
    os.write(write_end, b"g")
    assert ask(entry, AskEnd(), patience_s=PATIENCE_S) == Ended()
    os.waitpid(opener, 0)
    os.close(read_end)
    os.close(write_end)


@pytest.mark.parametrize(
    "said",
    [b"", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\x01x", b"\0\0\0\x02{", b'\0\0\0\x12{"answer":"facts"'],
    ids=str,
)
def test_an_answer_that_makes_no_sense_is_none(places: list[Place], said: bytes) -> None:
    listening = socket.socket(socket.AF_UNIX)
    with listening, places[0].entered():
        listening.bind("7.door")
        listening.listen()
        child = os.fork()
        if not child:
            connection, _address = listening.accept()
            connection.recv(1000)
            connection.sendall(said)
            os._exit(0)
        began = time.monotonic()
        entry = Entry(7, detached=False, places=(places[0],))
        assert ask(entry, AskFacts(), patience_s=PATIENCE_S) is None
        assert time.monotonic() - began < PATIENCE_S
        os.waitpid(child, 0)


def test_another_user_s_server_is_told_nothing(
    places: list[Place], stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.enter_context(door_process(places))
    (entry,) = living(places)
    monkeypatch.setattr(asking, "user_of", lambda _connection: os.getuid() + 1)
    assert ask(entry, AskEnd(), patience_s=0.1) is None
    monkeypatch.undo()
    assert isinstance(ask(entry, AskFacts(), patience_s=PATIENCE_S), Facts)
