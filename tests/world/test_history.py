"""History from server to renderer: pages, searches, bad networks, a page that grows, and what keys notice."""

from __future__ import annotations

import statistics
from functools import cache
from typing import Any

import pytest
from tests.support.history import FakeHistory, line
from tests.support.parts import part_of
from tests.support.simulation import Conditions
from tests.support.world import BareClient, OurClient, OurServer, Pair, entropy

from mosh_client.ipc.messages import (
    Abilities,
    Frame,
    Hello,
    HistoryExtent,
    HistoryFound,
    HistoryPage,
    Input,
    SearchHistory,
    ToRenderer,
    WantHistory,
)
from mosh_client.network.extensions import Extensions as ClientExtensions
from mosh_common.sync.statistics import Statistics
from mosh_common.sync.transport import Transport
from mosh_common.terminal.cells import Style
from mosh_common.terminal.history.line import Line, plain_text
from mosh_common.wire.extensions import HISTORY, OUR_FEATURES

pytestmark = pytest.mark.thorough

FAR = Conditions(delay=100)
BAD = Conditions(delay=100, loss=0.1)
ROWS = 1000


@cache
def long_log() -> list[Line]:
    """Return a log that nobody adds to."""
    return build_log(20_000)


def build_log(count: int) -> list[Line]:
    """Return lines as a build prints them, a part of each coloured."""
    kept = []
    for number in range(count):
        plain = f"[{number:5}/{count}] CC   src/{number % 17:02}/{number * 7919 % 100_003:06x}.o"
        status = f"  {number * 31 % 997}ms"
        kept.append(Line(plain + status, ((len(plain), Style()), (len(status), Style(2 + number % 3)))))
    return kept


class Rig:
    """Both sessions, a renderer that is the test, and a history that holds what the test puts into it."""

    def __init__(
        self,
        kept: list[Line] | None = None,
        *,
        conditions: Conditions = FAR,
        features: frozenset[int] = OUR_FEATURES,
        seed: int = 0,
        echo: bool = False,
    ) -> None:
        self.history = FakeHistory(kept)
        self.client = OurClient(extensions=ClientExtensions(features=features), entropy=entropy("client", seed))
        self.server = OurServer(
            history=self.history, program=(lambda keys: keys) if echo else None, entropy=entropy("server", seed)
        )
        self.pair = Pair(self.client, self.server, conditions=conditions, seed=seed)
        self.serial = 0
        self.pair.run(3000)
        self.print(b"$ ")
        self.pair.run(3000)

    def print(self, output: bytes) -> None:
        self.server.session.receive_output(output, now=self.pair.now)
        self.pair.turn()

    def want(self, number: int, column: int = 0, count: int = ROWS) -> None:
        self.serial += 1
        self.tell(WantHistory(self.serial, number, column, count))

    def search(self, text: str, number: int, *, backwards: bool) -> int | None:
        self.serial += 1
        self.tell(SearchHistory(self.serial, number, backwards, text))
        self.pair.run_until(lambda: bool(self.told(HistoryFound)), patience=10_000)
        found: HistoryFound = self.told(HistoryFound)[-1]
        return found.line

    def tell(self, message: WantHistory | SearchHistory) -> None:
        self.client.session.receive_message(message, now=self.pair.now)
        self.pair.turn()

    def told(self, kind: type[HistoryPage | HistoryFound]) -> list[Any]:
        """Return what the renderer was told in answer to the newest wish, of one kind."""
        return [each for each in self.client.messages if isinstance(each, kind) and each.serial == self.serial]

    def fetch(self, first: int, count: int, *, patience: int = 30_000) -> list[Line]:
        """Return so many whole lines, page by page, as a renderer asks for them."""
        got: list[Line] = []
        began = self.pair.now
        while len(got) < count:
            assert self.pair.now - began < patience
            self.want(first + len(got), count=count - len(got))
            self.pair.run_until(lambda: bool(self.told(HistoryPage)), patience=patience)
            got += self.told(HistoryPage)[-1].lines
        return got


# --- Pages ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("conditions", [Conditions(delay=0), BAD, Conditions(delay=40, loss=0.3, jitter=30)])
def test_a_thousand_rows_arrive_as_they_were(conditions: Conditions) -> None:
    kept = build_log(3000)
    assert Rig(kept, conditions=conditions, seed=3).fetch(1500, ROWS) == kept[1500 : 1500 + ROWS]


def test_a_page_at_a_far_place_takes_a_round_trip_or_two() -> None:
    rig = Rig(long_log())
    began = rig.pair.now
    rig.want(15_000, count=50)
    rig.pair.run_until(lambda: bool(rig.told(HistoryPage)), patience=1000)
    assert rig.pair.now - began < 450
    assert rig.told(HistoryPage)[-1].lines == tuple(rig.history.kept[15_000:15_050])


def test_what_is_gone_begins_with_what_is_kept() -> None:
    rig = Rig(build_log(50))
    rig.history.first = 20
    rig.want(3, count=5)
    rig.pair.run(1000)
    page = rig.told(HistoryPage)[-1]
    assert (page.line, page.column, page.lines) == (20, 0, tuple(rig.history.kept[20:25]))


def test_a_line_that_is_too_long_comes_in_pieces() -> None:
    words = "".join([f"{number * 7919 % 1_000_003:x}" for number in range(1600)])[:8000]
    rig = Rig([line(words), line("next")])
    text, place, pieces = "", (0, 0), 0
    while place == (0, len(text)):
        rig.want(*place)
        rig.pair.run_until(lambda: bool(rig.told(HistoryPage)), patience=5000)
        page = rig.told(HistoryPage)[-1]
        text += plain_text(page.lines[0])
        pieces += 1
        place = (1, 0) if page.whole else (0, len(text))
    assert text == words
    assert pieces >= 1


def test_a_wish_stands_and_its_page_grows_as_more_scrolls_off() -> None:
    rig = Rig(build_log(10))
    rig.want(10)
    rig.pair.run(1000)
    assert rig.told(HistoryPage)[-1].lines == ()
    for count in (1, 2, 3):
        rig.history.kept.append(line(f"more {count}"))
        rig.print(b"\r\nmore")
        rig.pair.run(115)
        assert rig.told(HistoryPage)[-1].lines == tuple(rig.history.kept[10:])
        rig.pair.run(400)


def test_what_scrolled_off_is_told_no_later_than_the_frame() -> None:
    rig = Rig(build_log(10))
    rig.want(10)
    rig.pair.run(1000)
    rig.client.messages.clear()
    rig.history.kept.append(line("scrolled"))
    rig.print(b"\r\nmore")
    rig.pair.run(1000)
    kinds = [type(each) for each in rig.client.messages]
    assert kinds.index(HistoryExtent) < kinds.index(Frame)
    assert rig.told(HistoryPage)[-1].lines == (line("scrolled"),)


def test_a_page_holds_nothing_that_the_screen_of_the_last_frame_shows() -> None:
    rig = Rig(build_log(10))
    rig.history.kept += build_log(5)  # it scrolled off a screen that was not looked at yet
    rig.want(8)
    rig.pair.run(1000)
    assert len(rig.told(HistoryPage)[-1].lines) == 2


def test_only_the_newest_wish_is_answered() -> None:
    rig = Rig(long_log())
    for number in range(0, 20_000, 1000):
        rig.want(number, count=40)
        rig.pair.run(20)
    rig.pair.run(1000)
    assert rig.told(HistoryPage)[-1].lines == tuple(rig.history.kept[19_000:19_040])
    assert len([each for each in rig.client.messages if isinstance(each, HistoryPage)]) < 12


def test_a_renderer_that_does_not_read_is_kept_one_page_for() -> None:
    rig = Rig(build_log(5000))
    rig.client.renderer_reads = False
    for number in range(0, 5000, 500):
        rig.want(number, count=40)
        rig.pair.run(500)
    rig.client.messages.clear()
    rig.client.renderer_reads = True
    rig.pair.run(10)
    assert [each.line for each in rig.client.messages if isinstance(each, HistoryPage)] == [4500]


def test_another_renderer_wishes_anew_and_hears_nothing_of_what_the_one_before_it_wished() -> None:
    rig = Rig(build_log(500))
    rig.want(100, count=10)
    rig.want(200, count=10)
    rig.pair.run(1000)
    rig.client.session.detach_renderer()
    rig.client.session.attach_renderer(Hello(80, 24), now=rig.pair.now)
    rig.client.messages.clear()
    rig.pair.run(1000)
    assert not [each for each in rig.client.messages if isinstance(each, HistoryPage)]
    assert [each for each in rig.client.messages if isinstance(each, HistoryExtent)]
    rig.serial = 0
    rig.want(300, count=10)
    rig.pair.run(1000)
    assert rig.told(HistoryPage)[-1].lines == tuple(rig.history.kept[300:310])


def test_a_wish_that_does_not_rise_is_dropped() -> None:
    rig = Rig(build_log(500))
    rig.want(100, count=10)
    rig.pair.run(1000)
    rig.tell(WantHistory(rig.serial, 300, 0, 10))
    rig.pair.run(1000)
    assert [page.line for page in rig.told(HistoryPage)] == [100]


# --- Searches -------------------------------------------------------------------------------------------------------


def test_a_search_goes_on_in_portions_and_finds_the_nearest() -> None:
    rig = Rig([line(f"line {number}") for number in range(300)])
    assert rig.search("line 7", 0, backwards=False) == 7
    assert rig.search("line 7", 80, backwards=False) is None or rig.told(HistoryFound)[-1].line == 170
    assert rig.search("line 7", 70, backwards=True) == 7
    rig.history.portions = 0
    assert rig.search("nowhere", 0, backwards=False) is None
    assert rig.history.portions == 30


def test_keys_are_answered_while_a_search_goes_on() -> None:
    rig = Rig([line("x")] * 50_000, conditions=Conditions(delay=0), echo=True)
    rig.serial += 1
    rig.tell(SearchHistory(rig.serial, 0, False, "nowhere"))
    rig.pair.run(100)
    rig.client.session.receive_message(Input(1, b"k"), now=rig.pair.now)
    rig.pair.run(30)
    assert not rig.told(HistoryFound)
    assert rig.server.pty.given.endswith(b"k")
    assert "k" in "".join([row[1][0] for each in rig.client.messages if isinstance(each, Frame) for row in each.rows])


# --- Who has it -----------------------------------------------------------------------------------------------------


def test_the_renderer_learns_the_extent_and_the_screen_that_is_shown() -> None:
    rig = Rig(build_log(10))
    assert [each for each in rig.client.messages if isinstance(each, Abilities)] == [Abilities(True, True)]
    assert [each for each in rig.client.messages if isinstance(each, HistoryExtent)] == [
        HistoryExtent(0, 10, 0, 0, False)
    ]
    rig.history.alternate = True
    rig.history.clears = 1
    rig.print(b"vim")
    rig.pair.run(500)
    assert [each for each in rig.client.messages if isinstance(each, HistoryExtent)][-1] == HistoryExtent(
        0, 10, 0, 1, True
    )


def test_a_client_without_the_feature_is_told_nothing_and_has_no_channel() -> None:
    rig = Rig(build_log(10), features=OUR_FEATURES - {HISTORY})
    rig.want(0)
    rig.pair.run(1000)
    assert not rig.told(HistoryPage)
    assert not [each for each in rig.client.messages if isinstance(each, HistoryExtent)]
    assert not rig.server.client.transport.channels.any
    assert not rig.client.session._transport.channels.any


def test_a_server_that_keeps_none_does_not_say_that_it_has_it() -> None:
    client, server = OurClient(entropy=entropy("client")), OurServer(entropy=entropy("server"))
    pair = Pair(client, server)
    pair.run(1000)
    assert [each for each in client.messages if isinstance(each, Abilities)] == [Abilities(True, False)]
    client.session.receive_message(WantHistory(1, 0, 0, 10), now=pair.now)
    pair.run(1000)
    assert not [each for each in client.messages if isinstance(each, HistoryExtent | HistoryPage)]
    assert not client.session._transport.channels.any


def test_upstreams_client_is_told_nothing_of_it() -> None:
    client = BareClient(features=None, entropy=entropy("client"))
    server = OurServer(history=FakeHistory(build_log(10)), entropy=entropy("server"))
    pair = Pair(client, server)
    client.push(client.typed.push_resize(80, 24), now=pair.now)
    pair.run(1000)
    assert client.frames
    assert part_of(client.frames[-1][1], HISTORY) is None
    assert not server.client.transport.channels.any


def statistics_of_an_idle_minute(*, asked: bool, features: frozenset[int] = OUR_FEATURES) -> tuple[int, int]:
    """Return how many datagrams each end sends in a minute in which nothing happens."""
    rig = Rig(build_log(100), features=features)
    if asked:
        rig.want(0)
    rig.pair.run(5000)
    ends: list[Transport[Any, Any]] = [rig.client.session._transport, rig.server.client.transport]
    before: list[Statistics] = [end.statistics() for end in ends]
    rig.pair.run(60_000)
    first, second = [end.statistics().sent - earlier.sent for end, earlier in zip(ends, before, strict=True)]
    return first, second


def test_who_does_not_ask_and_who_has_asked_idle_alike() -> None:
    plain = statistics_of_an_idle_minute(asked=False, features=OUR_FEATURES - {HISTORY})
    assert statistics_of_an_idle_minute(asked=False) == plain
    asked = statistics_of_an_idle_minute(asked=True)
    assert all(abs(one - other) <= 1 for one, other in zip(asked, plain, strict=True))


# --- What keys notice -----------------------------------------------------------------------------------------------


class Reader(list[ToRenderer]):
    """What a renderer is told, which asks for the next page as soon as it has one, and notes when frames came."""

    def __init__(self, rig: Rig, *, fetching: bool) -> None:
        super().__init__()
        self.rig = rig
        self.frames: list[int] = []
        self.rows = 0  # that it was given so far
        if fetching:
            rig.want(0)

    def append(self, told: ToRenderer) -> None:
        super().append(told)
        if isinstance(told, Frame):
            self.frames.append(self.rig.pair.now)
        elif isinstance(told, HistoryPage) and told.serial == self.rig.serial:
            self.rows += len(told.lines)
            self.rig.serial += 1
            wish = WantHistory(self.rig.serial, self.rows, 0, ROWS)
            self.rig.client.session.receive_message(wish, now=self.rig.pair.now)


def key_latencies(conditions: Conditions, *, fetching: bool, seed: int, keys: int = 20) -> list[int]:
    """Return how long each key's echo took to the renderer, in simulated ms."""
    rig = Rig(long_log(), conditions=conditions, seed=seed, echo=True)
    rig.client.messages = reader = Reader(rig, fetching=fetching)
    took: list[int] = []
    for number in range(keys):
        rig.pair.run(40 + number * 37 % 90)
        rig.client.session.receive_message(Input(number + 1, b"k"), now=rig.pair.now)
        began, before = rig.pair.now, len(reader.frames)
        while len(reader.frames) == before:
            assert rig.pair.now - began < 20_000
            rig.pair.run(20)
        took.append(reader.frames[before] - began)
    assert not fetching or reader.rows >= ROWS
    return took


@pytest.mark.parametrize(
    "conditions",
    [BAD, Conditions(delay=25, loss=0.1), Conditions(delay=25, rate=125), Conditions(delay=100, loss=0.1, rate=125)],
    ids=["200 ms, 10 %", "50 ms, 10 %", "50 ms, 1 Mbit/s", "200 ms, 10 %, 1 Mbit/s"],
)
def test_keys_do_not_notice_that_history_is_fetched(conditions: Conditions) -> None:
    alone, beside = (sorted(key_latencies(conditions, fetching=fetching, seed=0)) for fetching in (False, True))
    figures = [f"{statistics.median(times):.0f}, {times[len(times) * 9 // 10]} ms" for times in (alone, beside)]
    print(f"\n{conditions}: median and 90th percentile alone {figures[0]}; beside {figures[1]}")
    assert statistics.median(beside) <= 1.2 * statistics.median(alone)
    assert beside[len(beside) * 9 // 10] <= 1.2 * alone[len(alone) * 9 // 10]
