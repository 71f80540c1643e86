"""The door of a session: who is let in, for how long, and what they are told."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.doors import FakeControl, Told, Turns, screen

from mosh_common.clock import now_ms
from mosh_common.io.loop import Waiter
from mosh_common.wire.key import Key
from mosh_server.door import listener
from mosh_server.door.listener import ANSWERS_A_TURN, VISITORS_LIMIT, Listener, about
from mosh_server.door.protocol import (
    LONGEST_ANSWER,
    LONGEST_QUESTION,
    Answer,
    AskAttach,
    AskEnd,
    AskFacts,
    AskScreen,
    Attached,
    Ended,
    Facts,
    Question,
    Refused,
    Screen,
    decode_answer,
    encode,
    framed,
    unframed,
)
from mosh_server.host.places import Place

pytestmark = pytest.mark.system

PID = 4711
VISIT_MS = 600_000  # that a visit may take here: nobody is seen off because the machine is busy


class House:
    """A session with a door, in one process with who visits it."""

    def __init__(self, place: Place, turns: Turns, control: FakeControl) -> None:
        self.place, self.turns, self.control = place, turns, control

    def arrive(self, octets: bytes = b"") -> socket.socket:
        """Go to the door and say that."""
        visitor = socket.socket(socket.AF_UNIX)
        with self.place.entered():
            visitor.connect(f"{PID}.door")
        visitor.setblocking(False)
        visitor.send(octets)
        return visitor

    def said_to(self, visitor: socket.socket, *, now: int | None = None) -> Answer:
        """Have turns until the visitor has its answer; with `now` time does not pass meanwhile."""
        said = b""
        while (octets := unframed(said, longest=LONGEST_ANSWER)) is None:
            try:
                piece = visitor.recv(1 << 20)
                assert piece, "seen off without an answer"
                said += piece
            except BlockingIOError:
                assert self.turns.turn(now=now), "nobody does anything more"
        visitor.close()
        return decode_answer(octets)

    def ask(self, question: Question) -> Answer:
        return self.said_to(self.arrive(framed(encode(question))))

    def is_seen_off(self, visitor: socket.socket) -> bool:
        try:
            return visitor.recv(1) == b""
        except BlockingIOError:
            return False
        except ConnectionResetError:
            return True

    @property
    def visitors(self) -> int:
        return len(list(self.turns.door.descriptors())) - 1


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr(listener, "VISIT_MS", VISIT_MS)
    place = Place.opened(str(tmp_path), "place", uid=os.getuid())
    assert place is not None
    control = FakeControl()
    told = about(["vi", "notes"], login_shell="/bin/sh", name="work", shell_pid=lambda: 4712)
    door = Listener([place], pid=PID, control=control, about=told, uid=os.getuid())
    with Waiter() as waiter:
        yield House(place, Turns(door, waiter), control)
    door.close()


def test_the_facts_are_told(house: House) -> None:
    answer = house.ask(AskFacts())
    assert isinstance(answer, Facts)
    assert answer.started > 1_700_000_000
    assert answer._replace(started=0) == Facts(
        name="work", command="vi notes", shell=4712, columns=80, lines=24, title="a title", attached=True, reached=True,
        peer="192.0.2.1", since=10, heard=1, line="$ make",
    )  # fmt: skip


def test_a_session_that_no_client_reached_says_so(house: House) -> None:
    house.control.told = Told(attached=False, peer=None, heard_ms_ago=None)
    answer = house.ask(AskFacts())
    assert isinstance(answer, Facts)
    assert (answer.attached, answer.reached, answer.heard) == (False, False, None)


def test_without_a_command_it_is_the_shell() -> None:
    assert about([], login_shell="/bin/fish", name=None, shell_pid=lambda: 0).command == "fish"


def test_the_screen_is_told_with_styles_or_without(house: House) -> None:
    house.control.shown = screen("\x1b[31mred\x1b[m", columns=4, lines=2)
    plain, styled = house.ask(AskScreen()), house.ask(AskScreen(styles=True))
    assert isinstance(plain, Screen)
    assert isinstance(styled, Screen)
    assert [row[0] for row in plain.rows] == ["red\0", "\0" * 4]
    assert (plain.rows[0][1], plain.styles) == ("", ())
    assert styled.styles[ord(styled.rows[0][1][0])][0] == 1


def test_an_attach_is_handed_on_and_its_key_is_the_answer(house: House) -> None:
    answer = house.ask(AskAttach("192.0.2.9", (60_010, 60_020), True))
    assert isinstance(answer, Attached)
    assert answer.port == 60_001
    assert Key.parse(answer.key)
    assert house.control.asked == [("192.0.2.9", (60_010, 60_020), True)]


def test_what_the_session_cannot_do_is_refused_with_its_reason(house: House) -> None:
    house.control.refuses = "Cannot bind UDP port 1: no."
    assert house.ask(AskAttach()) == Refused("Cannot bind UDP port 1: no.")


def test_a_session_is_ended(house: House) -> None:
    assert house.ask(AskEnd()) == Ended()
    assert house.control.ended


def test_a_fault_in_the_session_costs_the_visitor_its_answer_and_nobody_the_session(house: House) -> None:
    house.control.broken = True
    answer = house.ask(AskFacts())
    assert isinstance(answer, Refused)
    assert "ZeroDivisionError at support/doors.py" in answer.why
    assert house.ask(AskEnd()) == Ended()


@pytest.mark.parametrize(
    "wrong", [framed(b"x"), framed(b"{}"), b"\0\0\0\0", b"\xff\xff\xff\xff", b"GET / HTTP/1.1\r\n\r\n"]
)
def test_what_is_no_question_is_refused(house: House, wrong: bytes) -> None:
    answer = house.said_to(house.arrive(wrong))
    assert isinstance(answer, Refused)
    assert answer.why.startswith("not understood: ")


def test_a_question_may_be_so_long_and_no_longer(house: House) -> None:
    fits = encode(AskEnd()).ljust(LONGEST_QUESTION)
    assert isinstance(house.said_to(house.arrive(framed(fits + b" "))), Refused)
    assert not house.control.ended
    assert house.said_to(house.arrive(framed(fits))) == Ended()


def test_a_question_in_pieces_is_put_together(house: House) -> None:
    visitor = house.arrive()
    for octet in framed(encode(AskFacts())):
        visitor.send(bytes([octet]))
        house.turns.turn()
    assert isinstance(house.said_to(visitor), Facts)


def test_an_answer_that_the_visitor_takes_slowly_is_written_in_pieces(house: House) -> None:
    house.control.shown = screen("x" * 5, columns=1000, lines=300)
    visitor = house.arrive(framed(encode(AskScreen(styles=True))))
    visitor.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    answer = house.said_to(visitor)
    assert isinstance(answer, Screen)
    assert answer.cut
    assert 200 < len(answer.rows) < 300


def test_who_says_nothing_is_seen_off_when_its_time_is_over(house: House) -> None:
    visitor = house.arrive()
    arrived_at = now_ms()
    house.turns.turn(now=arrived_at)
    assert house.turns.door.next_deadline() is not None
    house.turns.turn(now=arrived_at + VISIT_MS - 1, longest_ms=0)
    assert not house.is_seen_off(visitor)
    house.turns.turn(now=arrived_at + VISIT_MS, longest_ms=0)
    assert house.is_seen_off(visitor)
    assert house.turns.door.next_deadline() is None
    visitor.close()


def test_who_does_not_take_its_answer_is_seen_off_too(house: House) -> None:
    house.control.shown = screen("x", columns=1000, lines=200)
    visitor = house.arrive(framed(encode(AskScreen(styles=True))))
    house.turns.turn()
    house.turns.turn()
    assert house.visitors == 1
    house.turns.turn(now=now_ms() + VISIT_MS, longest_ms=0)
    assert house.visitors == 0
    visitor.close()


def test_who_says_nothing_wakes_nobody(house: House) -> None:
    visitor = house.arrive()
    house.turns.turn()
    before = house.turns.count
    assert not house.turns.turn(longest_ms=100)
    assert house.turns.count == before + 1
    visitor.close()


def test_who_hangs_up_is_forgotten(house: House) -> None:
    visitors = [house.arrive(), house.arrive(b"\0\0"), house.arrive(framed(encode(AskFacts())))]
    house.turns.turn()
    for visitor in visitors:
        visitor.close()
    house.turns.turn()
    house.turns.turn(longest_ms=100)
    assert house.visitors == 0
    assert isinstance(house.ask(AskFacts()), Facts)


def test_so_many_visitors_that_say_nothing_keep_nobody_out(house: House) -> None:
    silent = [house.arrive() for _ in range(VISITORS_LIMIT)]
    house.turns.turn()
    assert house.visitors == VISITORS_LIMIT
    assert not any(map(house.is_seen_off, silent))
    assert isinstance(house.ask(AskFacts()), Facts)
    assert [house.is_seen_off(visitor) for visitor in silent] == [True] + [False] * (VISITORS_LIMIT - 1)
    for visitor in silent:
        visitor.close()


def test_of_a_crowd_that_asks_at_the_same_time_each_is_answered(house: House) -> None:
    crowd = [house.arrive(framed(encode(AskFacts()))) for _ in range(2 * VISITORS_LIMIT)]
    for visitor in reversed(crowd):
        assert isinstance(house.said_to(visitor), Facts)


def test_who_has_asked_is_not_displaced(house: House) -> None:
    house.control.shown = screen("x", columns=1000, lines=200)
    now = now_ms()  # time stands still: on a busy machine this takes longer than a visit may
    asking = [house.arrive(framed(encode(AskScreen(styles=True)))) for _ in range(VISITORS_LIMIT)]
    for _ in range(1 + VISITORS_LIMIT):
        house.turns.turn(now=now, longest_ms=0)
    assert house.visitors == VISITORS_LIMIT
    late = house.arrive(framed(encode(AskFacts())))
    house.turns.turn(now=now, longest_ms=0)
    assert house.visitors == VISITORS_LIMIT
    assert isinstance(house.said_to(asking[0], now=now), Screen)
    assert isinstance(house.said_to(late), Facts)
    for visitor in asking[1:]:
        visitor.close()


def test_a_turn_answers_few_questions(house: House) -> None:
    asking = [house.arrive() for _ in range(VISITORS_LIMIT)]
    house.turns.turn()
    for visitor in asking:
        visitor.send(framed(encode(AskAttach())))
    house.turns.turn()
    assert len(house.control.asked) == ANSWERS_A_TURN
    house.turns.turn()
    assert len(house.control.asked) == VISITORS_LIMIT
    for visitor in asking:
        visitor.close()


def test_another_user_is_let_go_without_a_word(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "user_of", lambda _connection: os.getuid() + 1)
    visitor = house.arrive(framed(encode(AskEnd())))
    house.turns.turn()
    assert house.is_seen_off(visitor)
    monkeypatch.setattr(listener, "user_of", lambda _connection: None)
    other = house.arrive(framed(encode(AskEnd())))
    house.turns.turn()
    assert house.is_seen_off(other)
    assert not house.control.ended
    for each in (visitor, other):
        each.close()


def test_without_a_free_descriptor_the_caller_waits_and_nothing_spins(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_self: socket.socket) -> object:
        raise OSError(errno.EMFILE, "too many")

    visitor = house.arrive(framed(encode(AskFacts())))
    with monkeypatch.context() as patched:
        patched.setattr(socket.socket, "accept", fails)
        house.turns.turn()
        assert not house.turns.turn(longest_ms=50)
    assert house.turns.door.next_deadline() is not None
    house.turns.turn(now=now_ms() + 1000, longest_ms=0)
    assert isinstance(house.said_to(visitor), Facts)


def test_a_stale_door_is_replaced_and_the_new_one_is_closed_to_others(house: House) -> None:
    path = Path(house.place.path, f"{PID}.door")
    assert path.stat().st_mode & 0o077 == 0
    before = path.stat().st_ino
    told = about([], login_shell="/bin/sh", name=None, shell_pid=lambda: 0)
    again = Listener([house.place], pid=PID, control=house.control, about=told, uid=os.getuid())
    assert path.stat().st_ino != before
    again.close()


def test_a_place_without_room_for_a_door_leaves_the_session_without_one(tmp_path: Path) -> None:
    place = Place.opened(str(tmp_path), "place", uid=os.getuid())
    assert place is not None
    (tmp_path / "place" / f"{PID}.door").mkdir()
    told = about([], login_shell="/bin/sh", name=None, shell_pid=lambda: 0)
    door = Listener([place], pid=PID, control=FakeControl(), about=told, uid=os.getuid())
    assert list(door.descriptors()) == []
    assert door.next_deadline() is None
    door.close()


def test_a_thousand_visits_gain_no_descriptor(house: House) -> None:
    assert isinstance(house.ask(AskFacts()), Facts)
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for _ in range(1000):
        house.ask(AskFacts())
    house.turns.turn(longest_ms=0)
    after = len(os.listdir("/proc/self/fd")) if before else 0
    assert after <= before
