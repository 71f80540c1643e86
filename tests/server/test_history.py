"""What the server says of the history: as much as its last frame lets go, in portions, and nothing twice."""

from __future__ import annotations

import pytest
from tests.support.history import FakeHistory, line

from mosh_common.sync.channels import Channels
from mosh_common.sync.states.history.answer import NO_ANSWER, Answer
from mosh_common.sync.states.history.wish import Wish
from mosh_common.terminal.cells import blank_snapshot
from mosh_common.terminal.history.line import Extent, Line, Position
from mosh_server.history import CHANNEL, History, HistoryChannel, _before

SCREEN = blank_snapshot(20, 5)


class Served:
    """A client's channel, on which the test wishes."""

    def __init__(self, count: int = 10) -> None:
        self.source = FakeHistory([line(f"line {number}") for number in range(count)])
        self.history = History(self.source)
        self.history.look(SCREEN, looked=True)
        self.served = HistoryChannel(self.history, Channels(bytes), now=0)
        self.channel = self.served._channel

    def wish(self, wish: Wish) -> Answer:
        """Let the client wish that; return the answer once there is nothing more to do."""
        self.channel._receiver._states[-1] = self.channel._receiver._states[-1]._replace(state=wish)
        return self.answer()

    def answer(self) -> Answer:
        while self.served.busy:
            self.served.serve()
        answer: Answer = self.channel.local_state()
        return answer


def test_nothing_is_said_unasked() -> None:
    served = Served()
    assert not served.served.busy
    assert served.answer() is NO_ANSWER
    assert served.channel.number == CHANNEL


def test_a_full_page_is_not_looked_up_again() -> None:
    served = Served()
    page = served.wish(Wish(1, Position(2), 3))
    assert page.lines == tuple(served.source.kept[2:5])
    served.source.kept.append(line("more"))
    served.history.look(SCREEN, looked=True)
    assert not served.served.busy


def test_a_page_that_is_not_full_is_looked_up_when_more_was_seen_to_scroll_off() -> None:
    served = Served()
    served.wish(Wish(1, Position(8), 5))
    served.source.kept.append(line("more"))
    assert not served.served.busy
    served.history.look(SCREEN, looked=True)
    assert served.answer().lines == tuple(served.source.kept[8:])


def test_in_a_synchronized_update_the_history_is_that_of_the_screen_that_is_shown() -> None:
    served = Served()
    served.source.kept.append(line("of the screen that is not shown"))
    served.history.look(SCREEN, looked=False)
    assert served.history.shown.extent == Extent(0, Position(10))
    served.history.look(blank_snapshot(20, 5), looked=False)  # the update's end, and another has begun
    assert served.history.shown.extent == Extent(0, Position(11))


def test_a_page_too_long_is_cut_and_the_rest_is_for_the_next_wish() -> None:
    served = Served(0)
    served.source.kept = [line(f"{pow(7, number + 9, 1 << 200):x}") for number in range(1000)]
    served.history.look(SCREEN, looked=True)
    first = served.wish(Wish(1, Position(0), 1000))
    assert 0 < len(first.lines) < 1000
    assert first.whole
    second = served.wish(Wish(2, Position(len(first.lines)), 1000))
    assert first.lines + second.lines == tuple(served.source.kept[: len(first.lines) + len(second.lines)])


@pytest.mark.parametrize(
    ("end", "start", "texts", "whole"),
    [
        (Position(4), Position(2), ["abcdef", "abcdef"], True),
        (Position(3), Position(2), ["abcdef"], True),
        (Position(3, 4), Position(2), ["abcdef", "abcd"], False),
        (Position(2, 4), Position(2, 1), ["abc"], False),
        (Position(2, 4), Position(2, 4), [], True),
        (Position(2), Position(2), [], True),
        (Position(1), Position(2), [], True),
    ],
)
def test_nothing_is_said_that_the_screen_still_shows(
    end: Position, start: Position, texts: list[str], whole: bool
) -> None:
    found: list[Line] = [line("abcdef")] * 2
    lines, is_whole = _before(end, start, found, whole=True)
    assert ([each.text for each in lines], is_whole) == (texts, whole)


def test_what_ends_before_the_screen_is_as_the_source_says() -> None:
    assert _before(Position(9), Position(2), [line("a")], whole=False) == ((line("a"),), False)
