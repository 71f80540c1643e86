"""The round trip that the link display shows is the path's, whatever delays the two programs add."""

from __future__ import annotations

import re

import pytest
from tests.support.simulation import Conditions
from tests.support.world import World

_LOADING_MS = 80  # how long the programs' first exchange is held up: the one imports, the other starts a shell


def shown_round_trip(world: World) -> int:
    match = re.match(r"link: rtt (\d+) ms", world.terminal.lines[0])
    assert match, world.terminal.lines[0]
    return int(match.group(1))


def begun(delay_ms: int) -> World:
    """A session over a path of that delay, one way, whose display is on; the first exchange took longer."""
    world = World(conditions=Conditions(delay=delay_ms + _LOADING_MS // 2), program=lambda keys: keys)
    world.run(2 * delay_ms + _LOADING_MS)
    world.conditions = Conditions(delay=delay_ms)
    world.type("\x1es")
    return world


@pytest.mark.parametrize("round_trip", [2, 10, 100])
def test_without_a_key_it_is_the_paths_within_two_heartbeats(round_trip: int) -> None:
    world = begun(round_trip // 2)
    world.run(6500)
    assert shown_round_trip(world) == round_trip


@pytest.mark.parametrize("round_trip", [2, 10, 100, 600])
def test_who_types_sees_the_paths_with_the_first_answers(round_trip: int) -> None:
    world = begun(round_trip // 2)
    for letter in "hello":
        world.type(letter)
        world.run(150)
    world.run(round_trip + 1000)
    assert shown_round_trip(world) == round_trip


def test_it_follows_a_path_that_becomes_slower_and_quicker() -> None:
    world = begun(10)
    world.run(6500)
    for round_trip in (300, 4):
        world.conditions = Conditions(delay=round_trip // 2)
        for letter in "a slower or a quicker path":
            world.type(letter)
            world.run(250)
        world.run(round_trip + 1000)
        assert shown_round_trip(world) == round_trip
