"""The answer to a character is seen when it stands where it was typed, and only then."""

from __future__ import annotations

import pytest

from mosh_common.terminal.emulator import Emulator
from mosh_server.output.visible_echo import TYPED_OCTETS, VisibleEcho


class Prompt:
    """A line to type into."""

    def __init__(self, before: str = "$ ", behind: str = "") -> None:
        self.emulator = Emulator(40, 5)
        self.emulator.feed((before + "\x1b7" + behind + "\x1b8").encode())
        self.echo = VisibleEcho()

    def type(self, number: int, data: bytes) -> None:
        self.echo.expect(number, data, self.emulator.snapshot())

    def print(self, output: str) -> int | None:
        self.emulator.feed(output.encode())
        return self.echo.shown(self.emulator.snapshot())


def test_a_character_at_the_end_of_a_line_is_answered_by_itself() -> None:
    prompt = Prompt()
    prompt.type(7, b"l")
    assert prompt.print("l") == 7
    assert prompt.print("") is None
    prompt.type(8, b"s")
    assert prompt.print("s") == 8


def test_several_keys_under_way_are_answered_one_by_one_or_at_once() -> None:
    prompt = Prompt()
    for number, key in enumerate((b"a", b"b", b"cd"), start=1):
        prompt.type(number, key)
    assert prompt.print("a") == 1
    assert prompt.print("bcd") == 3


def test_half_of_what_came_at_once_is_no_answer() -> None:
    prompt = Prompt()
    prompt.type(1, b"abc")
    assert prompt.print("ab") is None
    assert prompt.print("c") == 1


def test_within_a_line_the_rest_must_have_given_way() -> None:
    prompt = Prompt(behind="tail")
    prompt.type(1, b"x")
    assert prompt.print("x") is None
    assert prompt.print("tail\x1b[4D") == 1


@pytest.mark.parametrize("output", ["", "*", "xy", "\r\n", "x\r\n", "x\b", "\x1b[3;3Hx"])
def test_anything_else_is_no_answer(output: str) -> None:
    prompt = Prompt()
    prompt.type(1, b"x")
    assert prompt.print(output) is None


@pytest.mark.parametrize("data", [b"\r", b"\x1b[A", b"\t", "ß".encode(), b"x" * (TYPED_OCTETS + 1)])
def test_what_follows_something_unforeseen_is_left_to_time(data: bytes) -> None:
    prompt = Prompt()
    prompt.type(1, data)
    prompt.type(2, b"x")
    assert prompt.print("x") is None
    prompt.echo.forget_up_to(2)
    prompt.type(3, b"y")
    assert prompt.print("y") == 3


def test_characters_that_came_before_time_had_passed_are_left_to_time() -> None:
    prompt = Prompt()
    prompt.type(1, b"a")
    prompt.type(2, b"b")
    prompt.echo.forget_up_to(1)
    assert prompt.print("ab") is None
    prompt.type(3, b"c")
    assert prompt.print("c") is None
    prompt.echo.forget_up_to(2)
    prompt.echo.forget_up_to(3)
    prompt.type(4, b"d")
    assert prompt.print("d") == 4
