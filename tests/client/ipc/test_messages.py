"""The messages between network process and renderer: what is accepted is exactly what docs/ipc.md lists."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest

from mosh_client.ipc import messages
from mosh_client.ipc.fields import LARGEST_COUNT
from mosh_client.ipc.frames import FrameEncoder
from mosh_client.ipc.messages import (
    KINDS,
    NOTICE_KINDS,
    NOTICE_LIMIT,
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
    decode,
    encode,
)
from mosh_client.ipc.screen_fields import LONGEST_CLUSTER_OCTETS
from mosh_common.errors import PeerError
from mosh_common.terminal.cells import (
    ALL_FLAGS,
    BOLD,
    CLUSTER,
    DEFAULT_STYLE,
    EMPTY,
    RGB,
    WIDE_TAIL,
    Modes,
    Palette,
    Row,
    Style,
)
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.history.line import LONGEST_LINE, LONGEST_SEARCH, PAGE_LINES, Line
from mosh_common.terminal.payloads import LONGEST_CLIPBOARD, LONGEST_LINK, LONGEST_TITLE
from mosh_common.wire import hostdiff
from mosh_common.wire.size import CELLS_LIMIT, SIDE_LIMIT

LONGEST_URI = ";http://".ljust(LONGEST_LINK, "x")
LINKED = Style(fg=1, bg=RGB | 0x102030, flags=BOLD, underline=3, underline_color=9, link="id=1;https://example.org")


def row(text: str, clusters: dict[int, str] | None = None) -> Row:
    return (text, "\x00" * len(text), False, clusters or {})


def frame(**changes: Any) -> Frame:
    whole = Frame(
        whole=True,
        columns=4,
        lines=2,
        styles=(DEFAULT_STYLE, LINKED),
        rows=((0, ("a漢" + WIDE_TAIL + CLUSTER, "\x00\x01\x01\x00", True, {3: "e\u0301"})), (1, row(EMPTY * 4))),
        cursor_row=1,
        cursor_column=3,
        style=LINKED,
        bell_count=7,
        modes=Modes(mouse_tracking=1003, mouse_encoding=1006, cursor_shape=6),
        title=("title", "icon", True),
        clipboard="c;aGVsbG8=",
    )
    return whole._replace(**changes)


EXAMPLES: list[Message] = [
    Hello(80, 24),
    Input(1, b"\x00\xff"),
    Input(LARGEST_COUNT, b"x" * messages.LONGEST_INPUT_OCTETS),
    Resize(SIDE_LIMIT, CELLS_LIMIT // SIDE_LIMIT),
    Quit(True),
    frame(),
    frame(whole=False, styles=(), rows=(), title=None, clipboard=None),
    frame(more=True),
    Progress(3),
    Link(None, None, 250, 60001),
    Link(12345, 12300, 20, 65535),
    Notice("Cannot send: Network is unreachable.", True),
    Notice("x" * messages.LONGEST_NOTICE, False),
    Exit(),
    Watch(True),
    Watch(False),
    Detach(),
    Abilities(True),
    Abilities(False),
    Statistics(None, 0, 0, None, 0, 0, ""),
    Statistics(123, 1000, 7, 99, LARGEST_COUNT, 1, "x" * messages.LONGEST_PEER),
    ServerNotices(()),
    ServerNotices(("x" * NOTICE_LIMIT,) * NOTICE_KINDS),
    WantHistory(1, 0, 0, 1),
    WantHistory(LARGEST_COUNT, LARGEST_COUNT, LONGEST_LINE, PAGE_LINES),
    SearchHistory(1, 0, True, "x" * LONGEST_SEARCH),
    HistoryExtent(0, LARGEST_COUNT, LONGEST_LINE, 0, True),
    HistoryPage(1, 0, 0, (), True),
    HistoryPage(1, 7, 0, (Line("a漢" + WIDE_TAIL, ((1, DEFAULT_STYLE), (2, LINKED)), ()),), False),
    HistoryFound(1, None),
    HistoryFound(LARGEST_COUNT, LARGEST_COUNT),
]


def test_each_kind_has_an_example() -> None:
    assert {type(message) for message in EXAMPLES} == {kind.message for kind in KINDS}


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_a_message_comes_back_as_it_was(message: Message) -> None:
    assert decode(encode(message)) == message


def test_what_the_wire_lets_through_a_message_can_hold() -> None:
    assert (NOTICE_KINDS, NOTICE_LIMIT) == (hostdiff.NOTICE_KINDS, hostdiff.NOTICE_LIMIT)


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_a_message_cut_short_or_with_something_behind_it_is_refused(message: Message) -> None:
    octets = encode(message)
    for wrong in (octets[:-1], octets + b"\x00"):
        with pytest.raises(PeerError):
            decode(wrong)


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_a_message_with_a_field_missing_or_one_too_many_is_refused(message: Message) -> None:
    fields = msgpack.unpackb(encode(message), use_list=False)
    for wrong in ((*fields, None), fields[:-1]):
        with pytest.raises(PeerError):
            decode(msgpack.packb(wrong))


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\xc1",
        msgpack.packb(5),
        msgpack.packb([]),
        msgpack.packb([0]),
        msgpack.packb([max(kind.number for kind in KINDS) + 1]),
        msgpack.packb(["4"]),
        msgpack.packb([True, 80, 24]),
        msgpack.packb({4: 1}),
        msgpack.packb([2, 1, msgpack.ExtType(1, b"x")]),
        b"\x91" * 2000,
    ],
    ids=[
        "nothing",
        "no msgpack",
        "no array",
        "empty",
        "kind 0",
        "next kind",
        "text kind",
        "bool",
        "map",
        "ext",
        "deep",
    ],
)
def test_what_is_no_message_is_refused(octets: bytes) -> None:
    with pytest.raises(PeerError):
        decode(octets)


@pytest.mark.parametrize(
    "message",
    [
        Hello(0, 24),
        Hello(80, 0),
        Hello(SIDE_LIMIT + 1, 24),
        Hello(True, 24),
        Resize(1, SIDE_LIMIT + 1),
        Resize(SIDE_LIMIT, CELLS_LIMIT // SIDE_LIMIT + 1),
        Input(0, b"x"),
        Input(1, b""),
        Input(1, b"x" * (messages.LONGEST_INPUT_OCTETS + 1)),
        Input(1, "x"),  # type: ignore[arg-type]  # as all below: what a liar sends
        Progress(-1),
        Progress(LARGEST_COUNT + 1),
        Link(-1, None, 20, 60001),
        Link(1, 1, 20, 65536),
        Link(1, 1, 2.5, 1),  # type: ignore[arg-type]  # a lie
        Notice("x" * (messages.LONGEST_NOTICE + 1), False),
        Notice("bell\a", False),
        Notice("x", 1),  # type: ignore[arg-type]  # a lie
        Watch(1),  # type: ignore[arg-type]  # a lie
        Abilities(1),  # type: ignore[arg-type]  # a lie
        Statistics(-1, 0, 0, 0, 0, 0, ""),
        Statistics(1.5, 0, 0, 0, 0, 0, ""),  # type: ignore[arg-type]  # a lie
        Statistics(1, 1001, 0, 0, 0, 0, ""),
        Statistics(1, 0, -1, 0, 0, 0, ""),
        Statistics(1, 0, 0, -1, 0, 0, ""),
        Statistics(1, 0, 0, 0, None, 0, ""),  # type: ignore[arg-type]  # a lie
        Statistics(1, 0, 0, 0, 0, LARGEST_COUNT + 1, ""),
        Statistics(1, 0, 0, 0, 0, 0, "x" * (messages.LONGEST_PEER + 1)),
        Statistics(1, 0, 0, 0, 0, 0, "\x1b[31m"),
        ServerNotices("x"),  # type: ignore[arg-type]  # a lie
        ServerNotices(("x" * (NOTICE_LIMIT + 1),)),
        ServerNotices(("x",) * (NOTICE_KINDS + 1)),
        ServerNotices(("\x9b31m",)),
    ],
    ids=repr,
)
def test_a_field_out_of_bounds_is_refused(message: Message) -> None:
    with pytest.raises(PeerError):
        decode(encode(message))


@pytest.mark.parametrize(
    "changes",
    [
        {"whole": 1},
        {"more": 0},
        {"columns": 0},
        {"lines": SIDE_LIMIT + 1},
        {"lines": CELLS_LIMIT // 4 + 1},
        {"cursor_row": 2},
        {"cursor_column": 4},
        {"cursor_column": -1},
        {"bell_count": -1},
        {"rows": ((2, row("abcd")),)},
        {"rows": ((0, row("abc")),)},
        {"rows": ((0, ("abcd", "\x00" * 3, False, {})),)},
        {"rows": ((0, row("abcd")),) * 3},
        {"rows": ((0, ("abcd", "\x00" * 4, 1, {})),)},
        {"styles": (DEFAULT_STYLE,) * (Palette.LIMIT + 1)},
        {"rows": ((0, row(CLUSTER + "abc", {0: "x" * (LONGEST_CLUSTER_OCTETS + 1)})),)},
        {"styles": (Style(fg=-2),)},
        {"styles": (Style(fg=(RGB | 0xFFFFFF) + 1),)},
        {"styles": (Style(flags=ALL_FLAGS + 1),)},
        {"styles": (Style(bg=256),)},
        {"style": Style(underline_color=RGB - 1)},
        {"styles": (Style(underline=6),)},
        {"styles": (Style(link=LONGEST_URI + "x"),)},
        {"styles": (Style(link=";javascript:alert(1)"),)},
        {"styles": (Style(link="foo=bar;http://a"),)},
        {"styles": (Style(link="http://a"),)},
        {"styles": (Style(link=b";http://a"),)},  # type: ignore[arg-type]  # a lie
        {"style": Style(link=";vscode://x")},
        {"styles": (Style(link="\x1b\\"),)},
        {"style": Style(link="\x9c")},
        {"modes": Modes(mouse_tracking=1004)},
        {"modes": Modes(mouse_encoding=1016)},
        {"modes": Modes(cursor_shape=7)},
        {"modes": Modes(cursor_visible=1)},  # type: ignore[arg-type]  # a lie
        {"title": ("a\x07", "", True)},
        {"title": ("", "\x7f", True)},
        {"title": ("\u202e", "", True)},
        {"title": (b"", "", True)},
        {"title": ("\x9d", "", True)},
        {"title": ("x" * (LONGEST_TITLE + 1), "", True)},
        {"title": ("", "x" * (LONGEST_TITLE + 1), True)},
        {"title": ("a", "b")},
        {"clipboard": "c;\x1b"},
        {"clipboard": "c;?"},
        {"clipboard": ";?"},
        {"clipboard": "c;YWJj?"},
        {"clipboard": "c;YWJ"},
        {"clipboard": "x;YWJj"},
        {"clipboard": b"c;YWJj"},
        {"clipboard": "c;" + "A" * (LONGEST_CLIPBOARD + 4)},
    ],
    ids=lambda changes: repr(changes)[:60],
)
def test_a_frame_out_of_bounds_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(PeerError):
        decode(encode(frame(**changes)))


def test_a_frame_at_the_bounds_is_taken() -> None:
    longest = frame(
        styles=(DEFAULT_STYLE, Style(link=LONGEST_URI)),
        title=("x" * LONGEST_TITLE, "y" * LONGEST_TITLE, True),
        clipboard="cpqs01234567;" + "A" * LONGEST_CLIPBOARD,
    )
    assert decode(encode(longest)) == longest
    styles = frame(styles=(DEFAULT_STYLE,) * Palette.LIMIT)
    assert decode(encode(styles)) == styles
    cluster = frame(rows=((0, row(CLUSTER + "abc", {0: "x" * LONGEST_CLUSTER_OCTETS})),))
    assert decode(encode(cluster)) == cluster
    assert decode(encode(frame(clipboard=""))) == frame(clipboard="")  # none was ever set


@pytest.mark.parametrize("control", ["\x03", "\x07", "\n", "\x1b", "\x1f", "\x7f", "\x80", "\x9b", "\x9f"])
def test_a_cell_may_not_hold_a_control_character(control: str) -> None:
    with pytest.raises(PeerError, match="control character"):
        decode(encode(frame(rows=((0, row(f"a{control}bc")),))))
    with pytest.raises(PeerError, match="control character"):
        decode(encode(frame(rows=((0, row(CLUSTER + "abc", {0: "x" + control})),))))


@pytest.mark.parametrize(
    "text", [WIDE_TAIL + "abc", "a" + EMPTY + WIDE_TAIL + "b", "漢" + WIDE_TAIL + WIDE_TAIL + "b"], ids=ascii
)
def test_the_right_half_of_a_wide_character_needs_its_left_half(text: str) -> None:
    with pytest.raises(PeerError, match="half"):
        decode(encode(frame(rows=((0, row(text)),))))


def test_a_cluster_may_be_wide() -> None:
    flag = row(CLUSTER + WIDE_TAIL + "ab", {0: "\U0001f1e9\U0001f1ea"})
    decoded = decode(encode(frame(rows=((0, flag),))))
    assert isinstance(decoded, Frame)
    assert decoded.rows == ((0, flag),)


@pytest.mark.parametrize(
    ("text", "clusters"),
    [
        (CLUSTER + "abc", {}),
        ("abcd", {0: "e\u0301"}),
        (CLUSTER + "abc", {1: "e\u0301"}),
        (CLUSTER + "abc", {4: "e\u0301"}),
        (CLUSTER + "abc", {0: ""}),
        (CLUSTER + "abc", {0: "\u6f22" * 22}),
    ],
    ids=["missing", "superfluous", "elsewhere", "outside", "empty", "too long"],
)
def test_clusters_stand_exactly_where_cells_want_them(text: str, clusters: dict[int, str]) -> None:
    with pytest.raises(PeerError):
        decode(encode(frame(rows=((0, row(text, clusters)),))))


def test_the_largest_frame_of_a_large_terminal_fits() -> None:
    columns, lines = 1000, 300
    wide: Row = ("漢" * columns, "\x7f" * columns, False, {})
    rows = tuple((line, wide) for line in range(lines))
    octets = encode(frame(columns=columns, lines=lines, rows=rows))
    assert len(octets) <= messages.LONGEST_TO_RENDERER_OCTETS


@pytest.mark.parametrize("sequence", ["{}m", "4:{}m", "{} q", '{}"q', "?{}h", "?{}l"])
def test_whatever_a_program_can_choose_crosses(sequence: str) -> None:
    # A flag, a mode or a shape that the emulator knows and a message does not hold would end live sessions.
    emulator = Emulator(4, 2)
    for number in (*range(120), *range(1000, 1060), *range(2000, 2050)):
        emulator.feed(f"\x1b[{sequence.format(number)}x".encode())
        sent = FrameEncoder().encode(emulator.snapshot())
        assert sent is not None
        assert decode(encode(sent)) == sent


def test_a_style_that_equals_a_known_one_is_that_one() -> None:
    def page(*style: Any) -> HistoryPage:
        message = decode(msgpack.packb((18, 1, 0, 0, [("ab", [(2, style)], [])], True)))
        assert isinstance(message, HistoryPage)
        return message

    known = page(1, -1, 0, 0, -1, "").lines[0].runs[0][1]
    odd = page(True, -1.0, False, 0, -1, "").lines[0].runs[0][1]
    assert odd is known
    assert all(type(number) is int for number in odd[:5])
    others: list[tuple[Any, ...]] = [(1, -1, 0, 0, -1, {}), (1.5, -1, 0, 0, -1, ""), (1, -1, 0, 0, -1)]
    for style in others:
        with pytest.raises(PeerError):
            page(*style)
