"""Which message may come when: every pair of phase and kind, in both directions."""

from __future__ import annotations

import pytest

from mosh_client.ipc.messages import (
    GREETING,
    KINDS,
    OVER,
    RUNNING,
    Abilities,
    Detach,
    Exit,
    Frame,
    Hello,
    HistoryExtent,
    HistoryFound,
    HistoryPage,
    Input,
    Link,
    Message,
    Notice,
    Progress,
    Quit,
    Resize,
    SearchHistory,
    ServerNotices,
    Statistics,
    WantHistory,
    Watch,
)
from mosh_client.ipc.permits import FROM_NETWORK, FROM_RENDERER, Permits
from mosh_common.errors import PeerError
from mosh_common.terminal.cells import DEFAULT_STYLE, Modes

WHOLE = Frame(True, 1, 1, (), (), 0, 0, DEFAULT_STYLE, 0, Modes(), None, None)
ALL: list[Message] = [
    Hello(80, 24),
    Input(1, b"x"),
    Resize(80, 24),
    Quit(True),
    WHOLE,
    Progress(0),
    Link(None, None, 250, 60001),
    Notice("", False),
    Exit(),
    Watch(True),
    Statistics(None, 0, 0, None, 0, 0, ""),
    ServerNotices(()),
    Detach(),
    Abilities(False),
    WantHistory(1, 0, 0, 1),
    SearchHistory(1, 0, False, "x"),
    HistoryExtent(0, 0, 0, 0, False),
    HistoryPage(1, 0, 0, (), True),
    HistoryFound(1, None),
]
OF_THE_NETWORK: set[type[Message]] = {
    *(Frame, Progress, Link, Notice, Exit, Statistics, ServerNotices, Abilities),
    *(HistoryExtent, HistoryPage, HistoryFound),
}
ALLOWED: dict[tuple[str, str], set[type[Message]]] = {
    ("renderer", GREETING): {Hello},
    ("renderer", RUNNING): {Input, Resize, Quit, Watch, Detach, WantHistory, SearchHistory},
    ("network", GREETING): OF_THE_NETWORK,
    ("network", RUNNING): OF_THE_NETWORK,
    ("network", OVER): set(),
}
LEADING_THERE: dict[tuple[str, str], list[Message]] = {
    ("renderer", GREETING): [],
    ("renderer", RUNNING): [Hello(80, 24)],
    ("network", GREETING): [],
    ("network", RUNNING): [WHOLE],
    ("network", OVER): [WHOLE, Exit()],
}


def permits(sender: str, phase: str) -> Permits:
    table = Permits(FROM_RENDERER if sender == "renderer" else FROM_NETWORK)
    for message in LEADING_THERE[sender, phase]:
        table.admit(message)
    assert table.phase == phase
    return table


def test_each_kind_is_tried() -> None:
    assert {type(message) for message in ALL} == {kind.message for kind in KINDS}


@pytest.mark.parametrize(("sender", "phase"), ALLOWED)
@pytest.mark.parametrize("message", ALL, ids=lambda message: type(message).__name__)
def test_only_what_the_table_lists_is_admitted(sender: str, phase: str, message: Message) -> None:
    table = permits(sender, phase)
    if type(message) in ALLOWED[sender, phase]:
        table.admit(message)
    else:
        with pytest.raises(PeerError, match=type(message).__name__):
            table.admit(message)
        assert table.phase == phase


def test_the_first_frame_must_be_whole() -> None:
    table = permits("network", GREETING)
    with pytest.raises(PeerError, match="whole"):
        table.admit(WHOLE._replace(whole=False))
    table.admit(WHOLE)
    table.admit(WHOLE._replace(whole=False))
