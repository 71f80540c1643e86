"""What is ours between the two ends, by upstream's rules: said to those who named it, and to nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pytest
from tests.support.parts import part_of
from tests.support.pb import mosh_pb2
from tests.support.simulation import Conditions
from tests.support.world import START, BareClient, OurServer, Pair, World, entropy, lines_of

from mosh_client.ipc.messages import ServerNotices
from mosh_client.network.extensions import Extensions as ClientExtensions
from mosh_common.errors import UsageError
from mosh_common.sync.states.parts.part import Part
from mosh_common.sync.states.parts.table import OURS
from mosh_common.sync.states.user_stream import UserStream
from mosh_common.version import PROGRAM
from mosh_common.wire import hostdiff, userdiff
from mosh_common.wire.extensions import ANNOUNCEMENT, FEATURES, HISTORY, NOTICE, OUR_FEATURES, Features
from mosh_common.wire.hostdiff import HostEvent, NoticeKind, PartDiff
from mosh_common.wire.userdiff import Request, UserEvent
from mosh_server.extensions import Extensions as ServerExtensions

WITHOUT_HISTORY = OUR_FEATURES - {HISTORY}  # a server that keeps none does not say that it has it
LOSSY = Conditions(delay=40, loss=0.3, jitter=30, duplicate=0.1, reorder=0.2, reorder_by=100)

# What the server sent a client in `session` before there were features, less its announcement: when, from which state
# to which, the diff.
BEFORE: Final = (
    (20, 0, 1, "0a061a04282830050a11120f220d1b5b721b5b6d1b5b481b5b324a"),
    (78, 0, 2, "0a043a0240010a061a04282830050a11120f220d1b5b721b5b6d1b5b481b5b324a"),
    (504, 2, 3, "0a06120422022420"),
    (1030, 3, 4, "0a043a0240040a05120322016c"),
    (1360, 4, 5, "0a1912172215730d0a1b5b33316d524541444d450d0a1b5b6d2420"),
    (1408, 4, 6, "0a043a0240060a1912172215730d0a1b5b33316d524541444d450d0a1b5b6d2420"),
    (
        1680,
        6,
        7,
        "0a061a04281e30040a29122722251b5b721b5b6d1b5b481b5b324a24206c730d0a1b5b33316d524541444d450d0a1b5b6d2420",
    ),
    (
        *(1738, 6, 8),
        "0a043a0240080a061a04281e30040a29122722251b5b721b5b6d1b5b481b5b324a24206c730d0a1b5b33316d524541444d450d0a1b5b6d2420",
    ),
)


def session(features: frozenset[int] | None, server: ServerExtensions | None = None) -> Pair:
    """Some typing and printing, with a client that names `features`."""
    client = BareClient(features=features, entropy=entropy("client"))
    ours = OurServer(extensions=server, entropy=entropy("server"))
    pair = Pair(client, ours, conditions=Conditions(delay=20))

    def output(octets: bytes) -> None:
        ours.session.receive_output(octets, now=pair.now)
        pair.turn()

    client.push(client.typed.push_resize(40, 5), now=pair.now)
    pair.run(500)
    output(b"$ ")
    pair.run(500)
    client.push(client.typed.push_keys(b"l"), now=pair.now)
    pair.run(30)
    output(b"l")
    pair.run(300)
    client.push(client.typed.push_keys(b"s\r"), now=pair.now)
    pair.run(30)
    output(b"s\r\n\x1b[31mREADME\x1b[m\r\n$ ")
    pair.run(300)
    client.push(client.typed.push_resize(30, 4), now=pair.now)
    pair.run(500)
    return pair


def said(pair: Pair) -> list[tuple[int, int, int, str]]:
    """What the server sent: when, from which state to which, the diff."""
    times = [each.at for each in pair.sent if each.to_client]
    instructions = pair.instructions(to_client=True)
    start = pair.now - 2160
    return [
        (at - start, each.old_num, each.new_num, each.diff.hex()) for at, each in zip(times, instructions, strict=True)
    ]


def numbers_said(pair: Pair, *, to_client: bool) -> set[int]:
    """The numbers of all instructions of host or user messages that were sent, lost ones included."""
    kind = mosh_pb2.HostMessage if to_client else mosh_pb2.UserMessage
    return {
        field.number
        for instruction in pair.instructions(to_client=to_client)
        for each in kind.FromString(instruction.diff).instruction
        for field, _ in each.ListFields()
    }


@pytest.fixture
def server_of_upstreams(monkeypatch: pytest.MonkeyPatch) -> ServerExtensions:
    """A server that skips what is ours, and says nothing of it."""
    decode = userdiff.decode

    def skip(diff: bytes) -> list[UserEvent]:
        return [event for event in decode(diff) if not isinstance(event, Features | Request)]

    monkeypatch.setattr(userdiff, "decode", skip)
    return ServerExtensions(features=None)


# --- The four pairings ----------------------------------------------------------------------------------------------


def test_two_of_ours_say_what_both_have() -> None:
    world = World()
    world.run(1000)
    assert world.client.session.extensions.named_by_server == WITHOUT_HISTORY
    assert world.server.client.extensions.named_by_client == OUR_FEATURES
    state = world.client.session._transport.received.state
    assert part_of(state, FEATURES) == Features(tuple(sorted(WITHOUT_HISTORY)))
    assert part_of(state, ANNOUNCEMENT) == PROGRAM
    world.server.session.terminal.notices.hold(NoticeKind.CLIPBOARD_NOT_SET, "too long")
    world.print(b"x")
    world.run(500)
    assert ServerNotices(("too long",)) in world.client.messages
    assert "mosh-server: too long" in world.terminal.lines[0]


@pytest.mark.parametrize(("client", "server"), [({NOTICE}, OUR_FEATURES), (OUR_FEATURES, {NOTICE})])
def test_what_only_one_has_is_not_said(client: set[int], server: set[int]) -> None:
    world = World(
        client_extensions=ClientExtensions(features=frozenset(client)),
        server_extensions=ServerExtensions(features=frozenset(server)),
    )
    world.run(500)
    world.server.session.terminal.notices.hold(NoticeKind.CLIPBOARD_NOT_SET, "too long")
    world.print(b"x")
    world.run(500)
    assert numbers_said(world, to_client=True) == {2, 7, FEATURES, NOTICE}
    assert world.client.session.extensions.common == {NOTICE}


def test_a_client_of_upstreams_is_sent_what_it_was_sent_before() -> None:
    assert tuple(said(session(features=None))) == BEFORE


def test_a_client_of_upstreams_is_sent_nothing_of_ours_whatever_there_is_to_say() -> None:
    with_notice = ServerExtensions(handlers={200: lambda *_, **__: None})
    with_notice.set_value(NOTICE, (hostdiff.Notice(1, "it fails"),))
    pair = session(None, with_notice)
    assert numbers_said(pair, to_client=True) == {2, 3, 7}


def test_a_server_of_upstreams_gets_one_instruction_of_ours_and_says_none(
    server_of_upstreams: ServerExtensions,
) -> None:
    world = World(server_extensions=server_of_upstreams)
    world.run(500)
    world.print(b"$ ")
    world.type("ls\r")
    world.run(500)
    assert numbers_said(world, to_client=False) == {2, 3, FEATURES}
    assert numbers_said(world, to_client=True) == {2, 7}
    assert world.pty.given == b"ls\r"
    assert world.client.session.extensions.named_by_server == frozenset()
    with pytest.raises(UsageError):
        world.client.session.request(NOTICE, b"", now=world.now)


def test_a_server_of_upstreams_says_the_same_to_both_kinds_of_clients(server_of_upstreams: ServerExtensions) -> None:
    assert tuple(said(session(OUR_FEATURES, server_of_upstreams))) == BEFORE


def test_two_of_upstreams_say_nothing_of_ours(server_of_upstreams: ServerExtensions) -> None:
    pair = session(None, server_of_upstreams)
    assert tuple(said(pair)) == BEFORE
    assert numbers_said(pair, to_client=False) == {2, 3}


# --- When it is known -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_the_first_host_state_says_what_the_server_has_whatever_is_lost(seed: int) -> None:
    world = World(conditions=LOSSY, seed=seed)
    extensions = world.client.session.extensions
    transport = world.client.session._transport
    world.run_until(lambda: world.pty.size is not None, patience=20_000)
    world.print(b"hello")
    while lines_of(transport.received.state.snapshot)[0] != "hello":
        assert extensions.named_by_server in (None, WITHOUT_HISTORY)
        assert world.now < START + 20_000
        world.run(5)
    assert extensions.named_by_server == WITHOUT_HISTORY


def test_a_set_that_comes_later_than_the_first_input_is_dropped() -> None:
    client = BareClient(features=None, entropy=entropy("client"))
    server = OurServer(entropy=entropy("server"))
    pair = Pair(client, server)
    client.push(UserStream().push_resize(80, 24), now=pair.now)
    pair.run(500)
    client.push(client.typed.push_features(OUR_FEATURES).push_keys(b"x"), now=pair.now)
    pair.run(500)
    assert server.pty.given == b"x"
    assert server.client.extensions.named_by_client is None
    assert server.client.extensions.dropped == 1
    assert numbers_said(pair, to_client=True) == {7}


# --- A part and a request of a test's own ---------------------------------------------------------------------------

NEWS: Final = 4711


class NewsPart:
    """What somebody asked for last."""

    number: Final = NEWS
    initial: Final = b""

    def diff_from(self, known: bytes, value: bytes) -> Sequence[HostEvent]:
        return [PartDiff(NEWS, value)] if value != known else []

    def looks_like(self, one: bytes, other: bytes) -> bool:
        return one == other

    def apply(self, value: bytes, events: Sequence[PartDiff]) -> bytes:
        return events[-1].octets

    def weight(self, value: bytes) -> int:
        return len(value)


WITH_NEWS: Final[tuple[Part, ...]] = (*OURS, NewsPart())


class NewsWorld(World):
    """A world of two programs that have news; the server answers each request with more of it."""

    def __init__(self, *, seed: int = 0, client_has: bool = True, server_has: bool = True) -> None:
        self.asked: list[bytes] = []
        super().__init__(
            conditions=LOSSY,
            seed=seed,
            client_extensions=ClientExtensions(
                features=OUR_FEATURES | {NEWS} if client_has else OUR_FEATURES, parts=WITH_NEWS
            ),
            server_extensions=ServerExtensions(
                features=OUR_FEATURES | {NEWS} if server_has else OUR_FEATURES,
                handlers={NEWS: self._answer},
                parts=WITH_NEWS,
            ),
        )
        self.run_until(lambda: self.client.session.extensions.named_by_server is not None, patience=20_000)

    def _answer(self, payload: bytes, *, now: int) -> None:
        self.asked.append(payload)
        self.server.session.show_part(NEWS, b"news of " + payload, now=now)

    @property
    def news(self) -> bytes:
        """What the client has of it."""
        ours = self.client.session._transport.received.state.ours
        return bytes(self.client.session.extensions.value_of(NEWS, ours))


@pytest.mark.parametrize("seed", range(4))
def test_requests_and_a_part_of_the_host_state_arrive_although_a_third_is_lost(seed: int) -> None:
    world = NewsWorld(seed=seed)
    for number in range(5):
        world.type(f"{number}")
        world.client.session.request(NEWS, b"%d" % number, now=world.now)
        world.run(100)
    world.run_until(lambda: world.news == b"news of 4", patience=20_000)
    assert world.asked == [b"%d" % number for number in range(5)]
    world.run(2000)
    assert world.pty.given == b"01234"
    world.print(b"and the screen")
    world.run_until(lambda: world.terminal.lines[0] == "and the screen", patience=20_000)
    assert world.news == b"news of 4"


def test_what_is_asked_of_a_feature_that_the_server_has_not_is_not_sent() -> None:
    world = NewsWorld(server_has=False)
    with pytest.raises(UsageError):
        world.client.session.request(NEWS, b"", now=world.now)


def test_a_request_of_a_feature_that_the_client_did_not_name_is_counted_and_dropped() -> None:
    world = NewsWorld(client_has=False)
    session = world.client.session
    session._transport.set_local_state(session._transport.local_state().push_request(NEWS, b"?"), now=world.now)
    world.type("x")
    world.run_until(lambda: world.pty.given == b"x", patience=20_000)
    assert world.asked == []
    assert world.server.client.extensions.dropped == 1
    world.server.session.show_part(NEWS, b"unasked", now=world.now)
    world.run(5000)
    assert world.news == b""
