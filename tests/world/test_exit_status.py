"""How the session's program ended is the client's end, whatever is lost and however late."""

from __future__ import annotations

import pytest
from tests.support.parts import part_of
from tests.support.simulation import Conditions
from tests.support.world import World

from mosh_client.ipc.control import BY_SIGNAL, BY_USER, FROM_OUTSIDE, Report
from mosh_client.network.extensions import Extensions as ClientExtensions
from mosh_common.protocol import SHUTDOWN_NUMBER
from mosh_common.wire.extensions import EXIT_STATUS, NOTICE, OUR_FEATURES
from mosh_common.wire.hostdiff import PartDiff, decode
from mosh_server.attendance import Timeouts
from mosh_server.extensions import Extensions as ServerExtensions

LOSSY = Conditions(delay=40, loss=0.5, jitter=30, duplicate=0.1, reorder=0.2, reorder_by=100)
OLDER = frozenset(OUR_FEATURES - {EXIT_STATUS})


def end(world: World, status: int) -> None:
    """Let the shell end."""
    world.server.session.pty_closed(status=status, now=world.now)


def begun(world: World) -> World:
    """That world once the shell runs and has said something that the client shows."""
    world.run_until(lambda: world.pty.size is not None, patience=60_000)
    world.print(b"$ ")
    world.run_until(lambda: world.terminal.lines[0] == "$", patience=60_000)
    return world


@pytest.mark.parametrize("status", [0, 1, 127, 137, 255])
def test_the_client_ends_as_the_shell_did(status: int) -> None:
    world = begun(World())
    end(world, status)
    world.run(2000)
    assert world.client.session.outcome == Report(status, "", over=True)
    assert world.server.left


@pytest.mark.parametrize("seed", range(12))
def test_half_of_all_datagrams_lost_the_status_comes_with_the_end(seed: int) -> None:
    world = begun(World(conditions=LOSSY, seed=seed))
    end(world, 42)
    world.run_until(lambda: world.client.left, patience=60_000)
    assert world.client.session.outcome == Report(42, "", over=True)


def test_whoever_acknowledges_the_end_has_the_status() -> None:
    world = begun(World(conditions=LOSSY, seed=3))
    end(world, 42)
    world.run_until(lambda: world.client.left, patience=60_000)
    said = world.instructions(to_client=True)
    with_status = [each for each in said if PartDiff(EXIT_STATUS, b"\x2a") in decode(each.diff)]
    assert with_status == [each for each in said if each.new_num == SHUTDOWN_NUMBER] != []


@pytest.mark.parametrize("away_ms", [5000, 900_000])
def test_a_client_that_comes_back_gets_screen_and_status(away_ms: int) -> None:
    world = begun(World())
    world.connected = False
    world.run(10_000)
    world.print(b"last words")
    end(world, 3)
    world.run(away_ms)
    assert not world.client.left
    world.connected = True
    world.run(10_000)
    assert world.client.session.outcome == Report(3, "", over=True)
    assert world.terminal.lines[0] == "$ last words"


def test_a_status_of_a_screen_that_did_not_change_is_said() -> None:
    world = begun(World())
    world.run(5000)
    end(world, 0)
    world.run(2000)
    state = world.client.session._transport.received.state
    assert part_of(state, EXIT_STATUS) == 0
    assert world.client.session.outcome == Report(0, "", over=True)


def test_what_is_not_digested_yet_is_shown_with_the_status() -> None:
    world = begun(World())
    session = world.server.session
    session.take_output(b"\r\nlast words", now=world.now)
    end(world, 5)
    world.turn()
    assert not session._ending.begun
    while session.digesting(now=world.now):
        session.digest_output(now=world.now)
    world.run(2000)
    assert world.client.session.outcome == Report(5, "", over=True)
    assert world.terminal.lines[1] == "last words"


def test_a_server_that_is_told_to_end_is_heard_to_have_been() -> None:
    world = begun(World())
    world.server.session.terminate(now=world.now)
    end(world, 129)  # it was hung up
    world.run(2000)
    outcome = world.client.session.outcome
    assert outcome is not None
    assert (outcome.code, outcome.over) == (FROM_OUTSIDE, True)
    assert "was ended on the server" in outcome.message


def test_a_signal_after_the_shells_end_changes_nothing_of_it() -> None:
    world = begun(World())
    world.connected = False
    world.run(10_000)
    end(world, 3)
    world.run(100)  # it goes on trying
    world.server.session.terminate(now=world.now)
    world.connected = True
    world.run(10_000)
    assert world.client.session.outcome == Report(3, "", over=True)


def test_a_time_out_ends_the_server_and_the_client_goes_on_waiting() -> None:
    world = begun(World(timeouts=Timeouts(network_ms=60_000)))
    world.connected = False
    world.run(70_000)
    assert world.server.left
    world.connected = True
    world.run(60_000)
    assert world.client.session.outcome is None
    world.type("\x1e.")
    world.run(5000)
    assert world.client.session.outcome == BY_USER


def test_who_leaves_by_the_escape_key_ends_with_zero() -> None:
    world = begun(World())
    world.type("\x1e.")
    world.run(2000)
    assert world.client.session.outcome == BY_USER
    assert world.server.left


def test_a_client_that_is_told_to_end_ends_with_255() -> None:
    world = begun(World())
    world.client.session.terminate(now=world.now)
    world.run(2000)
    assert world.client.session.outcome == BY_SIGNAL
    assert world.server.left


@pytest.mark.parametrize(("client", "server"), [(OUR_FEATURES, OLDER), (OLDER, OUR_FEATURES), (None, OUR_FEATURES)])
@pytest.mark.parametrize("by_signal", [False, True])
def test_where_one_of_both_does_not_have_it_the_end_is_zero(
    client: frozenset[int] | None, server: frozenset[int], by_signal: bool
) -> None:
    world = begun(
        World(client_extensions=ClientExtensions(features=client), server_extensions=ServerExtensions(features=server))
    )
    if by_signal:
        world.server.session.terminate(now=world.now)
    else:
        end(world, 42)
    world.run(2000)
    assert world.client.session.outcome == Report(0, "", over=True)
    assert not any(
        isinstance(event, PartDiff) for each in world.instructions(to_client=True) for event in decode(each.diff)
    )


def test_a_client_that_named_other_features_is_told_no_status() -> None:
    world = begun(World(client_extensions=ClientExtensions(features=frozenset({NOTICE}))))
    end(world, 42)
    world.run(2000)
    assert part_of(world.client.session._transport.received.state, EXIT_STATUS) is None
