"""The whole session in one process: keys from the user's hands to the application, and its output back to the eyes."""

from __future__ import annotations

import pytest
from tests.support.simulation import Conditions
from tests.support.world import World

from mosh_client.ipc.messages import Progress
from mosh_server.events import Finished, StartShell

BAD = Conditions(delay=40, loss=0.3, jitter=30, duplicate=0.1, reorder=0.2, reorder_by=100)


def shell(keys: bytes) -> bytes:
    """A shell of sorts: echoes what is typed, and answers each line."""
    return keys.replace(b"\r", b"\r\nREADME\r\n$ ")


def test_what_is_typed_reaches_the_application_and_its_answer_the_terminal() -> None:
    world = World()
    world.run(500)
    assert world.pty.size == (80, 24)
    world.print(b"$ ")
    world.type("ls\r")
    world.run(100)
    assert world.pty.given == b"ls\r"
    world.print(b"ls\r\nREADME\r\n$ ")
    world.run(500)
    assert world.terminal.lines[:3] == ["$ ls", "README", "$"]


def test_nothing_happens_but_when_time_passes() -> None:
    world = World()
    world.type("x")
    world.print(b"hello")
    assert world.pty.given == b""
    assert world.terminal.lines == [""] * 24
    assert world.now == World().now


def test_a_key_is_shown_before_the_server_has_it() -> None:
    world = World(conditions=Conditions(delay=200), environment={"MOSH_PREDICTION_DISPLAY": "always"}, program=shell)
    world.run(2000)
    world.type("a")
    world.run(1500)
    world.type("b")
    world.run(100)
    assert world.pty.given == b"a"
    assert world.terminal.lines[0] == "ab"


def test_a_new_window_reaches_the_application() -> None:
    world = World()
    world.run(500)
    world.resize(100, 30)
    world.run(500)
    assert world.pty.size == (100, 30)
    assert len(world.terminal.lines) == 30


@pytest.mark.parametrize("seed", range(3))
def test_a_bad_network_loses_no_key_and_no_line(seed: int) -> None:
    world = World(conditions=BAD, seed=seed, program=shell)
    for letter in "ls -l":
        world.type(letter)
        world.run(150)
    world.type("\r")
    world.run_until(lambda: world.terminal.lines[:3] == ["ls -l", "README", "$"], patience=20_000)
    assert world.pty.given == b"ls -l\r"


def test_the_same_seed_is_the_same_world() -> None:
    def datagrams(seed: int) -> list[bytes]:
        world = World(conditions=BAD, seed=seed, program=shell)
        world.type("ls\r")
        world.run(2000)
        return [each.data for each in world.sent]

    assert datagrams(1) == datagrams(1) != datagrams(2)


def test_the_end_of_the_shell_ends_the_client() -> None:
    world = World()
    world.run(500)
    world.print(b"logout\r\n")
    world.server.session.pty_closed(status=0, now=world.now)
    world.run(5000)
    assert world.client.left
    assert world.server.left
    assert [type(event) for event in world.server.events if isinstance(event, StartShell | Finished)] == [
        StartShell,
        Finished,
    ]


def test_each_batch_of_keys_is_known_to_have_been_echoed() -> None:
    world = World(conditions=BAD, program=shell)
    world.run(1000)
    for letter in "abc":
        world.type(letter)
        world.run(20)
    world.run(5000)
    assert [message for message in world.client.messages if isinstance(message, Progress)][-1] == Progress(3)
