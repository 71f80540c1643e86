"""Leaving a session that goes on: asked for, or taken over; what the client knows of it at the end."""

from __future__ import annotations

import pytest
from tests.support.simulation import Conditions
from tests.support.world import BareServer, OurClient, Pair, entropy

from mosh_client.ipc.control import BY_USER, DETACHED, TAKEN_OVER, TAKEN_OVER_EXIT, UNHEARD_LEAVE, Left, Report
from mosh_client.ipc.messages import Abilities, Detach, Input, Notice, Quit
from mosh_common.sync.events import NewRemoteState, PeerShutdown
from mosh_common.sync.states.parts.parting import Parting
from mosh_common.sync.states.screen_state import ServerScreen
from mosh_common.wire.extensions import DETACH, EXIT_STATUS, OUR_FEATURES, features
from mosh_common.wire.userdiff import Request

AT = 1_796_000_000
OVER = Report(TAKEN_OVER_EXIT, "", left=Left(TAKEN_OVER, AT, "192.0.2.7"))


class World(Pair):
    """A client's session, and a server's transport that has these features."""

    def __init__(self, has: frozenset[int] = OUR_FEATURES, *, loss: float = 0.0) -> None:
        self.client = OurClient(columns=20, lines=4, entropy=entropy("client"))
        self.server = BareServer(columns=20, lines=4, entropy=entropy("server"))
        super().__init__(self.client, self.server, conditions=Conditions(delay=30, loss=loss))
        self.session = self.client.session
        self._has = features(has)
        self.show(None)

    def show(self, parting: Parting | None, *, status: int | None = None) -> None:
        """Let the server say so in its newest state."""
        screen = ServerScreen(self.server.emulator.snapshot(), 0, (self._has, "", (), status, parting))
        self.server.set_local_state(screen, now=self.now)

    def part(self, parting: Parting | None, *, status: int | None = None) -> None:
        """Let the server shut down with that."""
        self.show(parting, status=status)
        self.server.start_shutdown(now=self.now)

    def tell(self, *messages: Detach | Quit | Input) -> None:
        for message in messages:
            self.session.receive_message(message, now=self.now)

    def requests(self) -> list[Request]:
        """What the server was asked for."""
        states = [event.state for event in self.server.seen if isinstance(event, NewRemoteState)]
        return [event for state in states[-1:] for event in state._events if isinstance(event, Request)]

    def told(self, kind: type) -> list[object]:
        return [message for message in self.client.messages if isinstance(message, kind)]


@pytest.fixture
def world() -> World:
    world = World()
    world.run(500)
    return world


def test_the_renderer_learns_what_the_server_can(world: World) -> None:
    assert world.told(Abilities) == [Abilities(True)]
    older = World(OUR_FEATURES - {DETACH})
    older.run(500)
    assert older.told(Abilities) == []


@pytest.mark.parametrize("loss", [0.0, 0.3])
def test_a_client_that_detaches_is_told_where_the_session_is(loss: float) -> None:
    world = World(loss=loss)
    world.run_until(lambda: bool(world.told(Abilities)), patience=30_000)
    world.tell(Detach())
    world.run_until(lambda: bool(world.requests()), patience=5000)
    assert world.requests() == [Request(DETACH, b"")]
    assert world.session.outcome is None
    world.part(Parting(1, AT, "4711"))
    world.run_until(lambda: world.session.outcome is not None, patience=10_000)
    assert world.session.outcome == Report(0, "", left=Left(DETACHED, AT, "4711"))


def test_what_is_typed_after_it_is_not_sent(world: World) -> None:
    world.tell(Detach(), Input(1, b"rm -rf /\r"))
    world.run(1000)
    assert world.server.given == b""
    assert world.told(Notice)[-1] == Notice("Detaching...", True)


def test_a_server_that_does_not_answer_is_left_all_the_same(world: World) -> None:
    world.connected = False
    asked = world.now
    world.tell(Detach())
    world.run_until(lambda: world.session.outcome is not None, patience=30_000)
    assert world.session.outcome == UNHEARD_LEAVE
    assert world.now - asked <= 10_100


def test_one_that_was_silent_for_long_is_left_soon(world: World) -> None:
    world.connected = False
    world.run(60_000)
    asked = world.now
    world.tell(Detach())
    world.run_until(lambda: world.session.outcome is not None, patience=30_000)
    assert world.session.outcome == UNHEARD_LEAVE
    assert world.now - asked <= 2000


def test_the_second_wish_waits_for_nobody(world: World) -> None:
    world.tell(Detach(), Detach())
    assert world.session.outcome == UNHEARD_LEAVE


def test_quitting_twice_while_detaching_leaves_the_session_there(world: World) -> None:
    world.tell(Detach(), Quit(True))
    outcome = world.session.outcome
    assert outcome is None
    world.tell(Quit(True))
    assert world.session.outcome == UNHEARD_LEAVE
    world.run(1000)
    assert not any(isinstance(event, PeerShutdown) for event in world.server.seen)


def test_a_server_without_the_feature_is_asked_nothing() -> None:
    world = World(OUR_FEATURES - {DETACH})
    world.run(500)
    world.tell(Detach(), Input(1, b"x"))
    world.run(1000)
    assert world.requests() == []
    assert world.server.given == b"x"
    assert world.session.outcome is None


def test_a_session_that_ends_meanwhile_has_ended(world: World) -> None:
    world.tell(Detach())
    world.part(None, status=3)
    world.run(2000)
    assert world.session.outcome == Report(3, "", over=True)


def test_a_session_that_is_being_ended_is_not_detached_from(world: World) -> None:
    world.tell(Quit(True), Detach(), Detach())
    assert world.session.outcome is None
    world.run(2000)
    assert world.requests() == []
    assert world.session.outcome == BY_USER


@pytest.mark.parametrize("wish", [None, Quit(True), Detach()])
def test_a_client_whose_session_was_taken_over_says_so_whatever_it_wished(world: World, wish: Quit | None) -> None:
    if wish is not None:
        world.tell(wish)
    world.part(Parting(2, AT, "192.0.2.7"))
    world.run(2000)
    assert world.session.outcome == OVER


def test_a_client_whose_launcher_was_killed_lets_the_session_go_on(world: World) -> None:
    world.session.orphaned(now=world.now)
    world.run(500)
    assert world.requests() == [Request(DETACH, b"")]
    world.run(3000)
    assert world.session.outcome == UNHEARD_LEAVE
    assert not any(isinstance(event, PeerShutdown) for event in world.server.seen)


def test_one_that_slept_for_an_hour_learns_it(world: World) -> None:
    world.connected = False
    world.run(60_000)
    world.now += 3_600_000
    world.connected = True
    world.part(Parting(2, AT, "192.0.2.7"))
    world.session.start_afresh(now=world.now)
    world.run_until(lambda: world.session.outcome is not None, patience=30_000)
    assert world.session.outcome == OVER


def test_a_parting_of_a_later_version_is_an_end_as_ever() -> None:
    world = World(OUR_FEATURES - {EXIT_STATUS})
    world.run(500)
    world.part(Parting(9, AT, "x"))
    world.run(2000)
    assert world.session.outcome == Report(0, "", over=True)
