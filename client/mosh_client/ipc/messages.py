"""The messages between the network process and the renderer: a closed set of values, and their octets.

Each message is a msgpack array whose first element is its kind. `decode` accepts exactly what docs/ipc.md lists and
raises PeerError for everything else, because either side may be one that an attacker got into. What a frame means
relative to the frames before it is `frames.py`'s; when a message may be sent is `permits.py`'s.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple, TypeAlias

import msgpack  # type: ignore[import-untyped]  # it ships no type information

from mosh_common.errors import PeerError
from mosh_common.terminal.cells import CLUSTER, DEFAULT_COLOR, RGB, Clusters, Modes, Row, Style
from mosh_common.terminal.payloads import LONGEST_TITLE, is_clipboard, is_link, is_title
from mosh_common.wire.size import CELLS_LIMIT, SIDE_LIMIT

LONGEST_TO_NETWORK_OCTETS: Final = 1 << 16  # a batch is one read of the terminal, at most 16 KiB
LONGEST_TO_RENDERER_OCTETS: Final = 1 << 23  # nearly every frame is one message: frames.py, `portions`

LONGEST_INPUT_OCTETS: Final = 1 << 14
MOST_STYLES: Final = 0x10000  # Palette.LIMIT
LONGEST_CLUSTER_OCTETS: Final = 64  # docs/terminal.md §1 keeps 32 octets a cell; twice that leaves room for its base
LONGEST_NOTICE: Final = 256  # one line of a terminal
LONGEST_PEER: Final = 64  # a program's name and version
NOTICE_KINDS: Final = 8  # so many notices of the server at once, and …
NOTICE_LIMIT: Final = 160  # … characters of each; as on the wire (wire/hostdiff.py, which needs protobuf)
LARGEST_COUNT: Final = (1 << 63) - 1  # what msgpack and every peer can hold

# SECURITY: what reaches the terminal is drawn from these texts, so no control character may be among them (C0, DEL,
# C1), nor a surrogate, which no encoder accepts. Test: test_a_cell_may_not_hold_a_control_character.
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_CONTROL_IN_ROW: Final = re.compile("[\x03-\x1f\x7f-\x9f\ud800-\udfff]")  # \x00–\x02 are the cells' stand-ins
_STRAY_WIDE_TAIL: Final = re.compile("(?:\\A|[\x00\x01])\x01")  # a right half needs a left one
_MOUSE_TRACKING: Final = frozenset((0, 9, 1000, 1001, 1002, 1003))
_MOUSE_ENCODING: Final = frozenset((0, 1005, 1006, 1015))
_LARGEST_COLOR: Final = RGB | 0xFFFFFF


class Hello(NamedTuple):
    """Renderer, first of all: the size of its terminal. The answer is a whole frame as soon as there is one."""

    columns: int
    lines: int


class Input(NamedTuple):
    """Renderer: what the user typed in one read; batches are numbered from 1 by each renderer."""

    batch: int
    data: bytes


class Resize(NamedTuple):
    """Renderer: the terminal has a new size."""

    columns: int
    lines: int


class Quit(NamedTuple):
    """Renderer: the user wants to leave. The second one means: without waiting for the server."""


class Watch(NamedTuple):
    """Renderer: the user wants to see how the connection is (or no longer): send Statistics meanwhile."""

    on: bool


class Frame(NamedTuple):
    """Network: the server's screen, as what changed since the last frame sent on this socket.

    A `whole` frame forgets all before it: it holds every row and every style. None means "as before". With `more` it is
    a portion of one that is too long for a message: what it leads to is not to be shown before the last of them.
    """

    whole: bool
    columns: int
    lines: int
    styles: tuple[Style, ...]  # appended to the sender's palette since the last frame, in the order of their letters
    rows: tuple[tuple[int, Row], ...]  # (line, row), styles in the sender's letters
    cursor_row: int
    cursor_column: int
    style: Style
    bell_count: int
    modes: Modes
    title: tuple[str, str, bool] | None  # (title, icon name, ever set)
    clipboard: str | None
    more: bool = False


class Progress(NamedTuple):
    """Network: the newest input batch of this renderer whose echo the frames show; 0 = none."""

    echo_acknowledged: int


class Link(NamedTuple):
    """Network: the state of the connection. Times are the shared clock's (clock.now_ms)."""

    last_heard: int | None  # newest authentic datagram that brought a state; None = nothing yet
    last_acknowledged: int | None  # when the newest state that the server acknowledged was sent; None = nothing yet
    send_interval: int  # ms
    port: int  # the server's


class Notice(NamedTuple):
    """Network: a sentence for the bar, "" to take the last one away. A `lasting` one stays until then."""

    text: str
    lasting: bool


class ServerNotices(NamedTuple):
    """Network: what the server tells the user of itself, all of it, a line of the bar each."""

    texts: tuple[str, ...]


class Statistics(NamedTuple):
    """Network, while it is watched: how the connection is. Times are the shared clock's (clock.now_ms)."""

    round_trip: int | None  # ms, smoothed; None = not measured yet
    lost_incoming: int  # per mille of the server's datagrams, estimated
    lost_outgoing: int  # per mille of ours, estimated
    last_heard: int | None  # newest authentic datagram; None = nothing yet
    received_octets: int  # of all datagrams so far, without the headers of IP and UDP
    sent_octets: int
    peer: str  # what the server says that it is; "" = nothing, as upstream's


class Exit(NamedTuple):
    """Network, last of all: restore the terminal and leave; the launcher says the last words."""


ToNetwork: TypeAlias = Hello | Input | Resize | Quit | Watch
ToRenderer: TypeAlias = Frame | Progress | Link | Notice | Exit | Statistics | ServerNotices
Message: TypeAlias = ToNetwork | ToRenderer

_KINDS: Final[tuple[type[Message], ...]] = (
    *(Hello, Input, Resize, Quit),
    *(Frame, Progress, Link, Notice, Exit),
    *(Watch, Statistics, ServerNotices),
)
_NUMBER_OF_KIND: Final = {kind: number for number, kind in enumerate(_KINDS, 1)}


def encode(message: Message) -> bytes:
    """Return the octets of `message`, without the length in front (framing.py)."""
    fields: tuple[Any, ...]
    if isinstance(message, Frame):
        fields = (
            *message[:4],
            [
                (line, text, styles, wrapped, list(clusters.items()))
                for line, (text, styles, wrapped, clusters) in message.rows
            ],
            *message[5:],
        )
    else:
        fields = message
    octets: bytes = msgpack.packb((_NUMBER_OF_KIND[type(message)], *fields))
    return octets


def decode(data: bytes | bytearray | memoryview) -> Message:
    """Return the message in `data`. Raises PeerError for anything that is not exactly one."""
    try:
        fields = msgpack.unpackb(data, use_list=False, strict_map_key=True, max_map_len=0, max_ext_len=0)
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
        raise PeerError(f"IPC message of {len(data)} octets is not msgpack: {type(error).__name__}") from None
    if type(fields) is not tuple or not fields or type(fields[0]) is not int or not 1 <= fields[0] <= len(_KINDS):
        raise PeerError("IPC message is not an array that begins with a known kind")
    kind = _KINDS[fields[0] - 1]
    fields = fields[1:]
    expected = len(kind._fields)
    if len(fields) != expected:
        raise PeerError(f"{kind.__name__} has {len(fields)} fields, expected {expected}")
    message: Message = _PARSERS[kind](fields)
    return message


def _parse_hello(fields: tuple[Any, ...]) -> Hello:
    return Hello(*_size(fields[0], fields[1]))


def _parse_input(fields: tuple[Any, ...]) -> Input:
    batch, data = fields
    if type(data) is not bytes or not 1 <= len(data) <= LONGEST_INPUT_OCTETS:
        raise PeerError(f"Input data is not 1–{LONGEST_INPUT_OCTETS} octets")
    return Input(_integer(batch, 1, LARGEST_COUNT, "batch"), data)


def _parse_resize(fields: tuple[Any, ...]) -> Resize:
    return Resize(*_size(fields[0], fields[1]))


def _parse_frame(fields: tuple[Any, ...]) -> Frame:
    whole, columns, lines, styles, rows, cursor_row, cursor_column, style, bell_count, modes = fields[:10]
    title, clipboard, more = fields[10:]
    columns, lines = _size(columns, lines)
    if len(_array(styles, "styles")) > MOST_STYLES:
        raise PeerError(f"{len(styles)} styles in one frame, at most {MOST_STYLES} expected")
    if len(_array(rows, "rows")) > lines:
        raise PeerError(f"{len(rows)} rows in a frame of {lines} lines")
    return Frame(
        _boolean(whole, "whole"),
        columns,
        lines,
        tuple([_style(each) for each in styles]),
        tuple([_numbered_row(each, columns, lines) for each in rows]),
        _integer(cursor_row, 0, lines - 1, "cursor row"),
        _integer(cursor_column, 0, columns - 1, "cursor column"),
        _style(style),
        _integer(bell_count, 0, LARGEST_COUNT, "bell count"),
        _modes(modes),
        None if title is None else _title(title),
        None if clipboard is None else _clipboard(clipboard),
        _boolean(more, "more"),
    )


def _parse_progress(fields: tuple[Any, ...]) -> Progress:
    return Progress(_integer(fields[0], 0, LARGEST_COUNT, "batch"))


def _parse_link(fields: tuple[Any, ...]) -> Link:
    last_heard, last_acknowledged, send_interval, port = fields
    return Link(
        None if last_heard is None else _integer(last_heard, 0, LARGEST_COUNT, "last heard"),
        None if last_acknowledged is None else _integer(last_acknowledged, 0, LARGEST_COUNT, "last acknowledged"),
        _integer(send_interval, 0, LARGEST_COUNT, "send interval"),
        _integer(port, 0, 65535, "port"),
    )


def _parse_notice(fields: tuple[Any, ...]) -> Notice:
    return Notice(_text(fields[0], LONGEST_NOTICE, "notice"), _boolean(fields[1], "lasting"))


def _parse_server_notices(fields: tuple[Any, ...]) -> ServerNotices:
    texts = _array(fields[0], "texts")
    if len(texts) > NOTICE_KINDS:
        raise PeerError(f"{len(texts)} notices of the server, at most {NOTICE_KINDS} expected")
    return ServerNotices(tuple([_text(each, NOTICE_LIMIT, "notice") for each in texts]))


def _parse_watch(fields: tuple[Any, ...]) -> Watch:
    return Watch(_boolean(fields[0], "on"))


def _parse_statistics(fields: tuple[Any, ...]) -> Statistics:
    round_trip, lost_incoming, lost_outgoing, last_heard, received_octets, sent_octets, peer = fields
    return Statistics(
        None if round_trip is None else _integer(round_trip, 0, LARGEST_COUNT, "round trip"),
        _integer(lost_incoming, 0, 1000, "loss"),
        _integer(lost_outgoing, 0, 1000, "loss"),
        None if last_heard is None else _integer(last_heard, 0, LARGEST_COUNT, "last heard"),
        _integer(received_octets, 0, LARGEST_COUNT, "received octets"),
        _integer(sent_octets, 0, LARGEST_COUNT, "sent octets"),
        _text(peer, LONGEST_PEER, "peer"),
    )


def _parse_quit(_fields: tuple[Any, ...]) -> Quit:
    return Quit()


def _parse_exit(_fields: tuple[Any, ...]) -> Exit:
    return Exit()


_PARSERS: Final[dict[type[Message], Any]] = {
    Hello: _parse_hello,
    Input: _parse_input,
    Resize: _parse_resize,
    Quit: _parse_quit,
    Frame: _parse_frame,
    Progress: _parse_progress,
    Link: _parse_link,
    Notice: _parse_notice,
    ServerNotices: _parse_server_notices,
    Exit: _parse_exit,
    Watch: _parse_watch,
    Statistics: _parse_statistics,
}


def _size(columns: Any, lines: Any) -> tuple[int, int]:
    """Return a size that the wire can carry, too: an impossible one must not get as far as the server."""
    columns = _integer(columns, 1, SIDE_LIMIT, "columns")
    lines = _integer(lines, 1, SIDE_LIMIT, "lines")
    if columns * lines > CELLS_LIMIT:
        raise PeerError(f"a terminal of {columns}×{lines}, at most {CELLS_LIMIT} cells expected")
    return columns, lines


def _numbered_row(value: Any, columns: int, lines: int) -> tuple[int, Row]:
    line, text, styles, wrapped, clusters = _array(value, "row", 5)
    if type(text) is not str or len(text) != columns or type(styles) is not str or len(styles) != columns:
        raise PeerError(f"a row's text or styles are not {columns} long")
    found = _CONTROL_IN_ROW.search(text)
    if found:
        raise PeerError(f"control character U+{ord(found.group()):04X} in a cell")
    if "\x01" in text and _STRAY_WIDE_TAIL.search(text):
        raise PeerError("the right half of a wide character without its left half")
    return (
        _integer(line, 0, lines - 1, "line"),
        (text, styles, _boolean(wrapped, "wrapped"), _clusters(clusters, text)),
    )


def _clusters(value: Any, text: str) -> Clusters:
    pairs = _array(value, "clusters")
    if len(pairs) != text.count(CLUSTER):
        raise PeerError(f"{len(pairs)} clusters for {text.count(CLUSTER)} cells")
    clusters: dict[int, str] = {}
    for pair in pairs:
        column, grapheme = _array(pair, "cluster", 2)
        column = _integer(column, 0, len(text) - 1, "cluster column")
        if text[column] != CLUSTER or column in clusters:
            raise PeerError(f"a cluster for column {column}, which wants none")
        grapheme = _text(grapheme, LONGEST_CLUSTER_OCTETS, "cluster")
        if not grapheme or len(grapheme.encode()) > LONGEST_CLUSTER_OCTETS:
            raise PeerError(f"a cluster is not 1–{LONGEST_CLUSTER_OCTETS} octets")
        clusters[column] = grapheme
    return clusters


def _style(value: Any) -> Style:
    fg, bg, flags, underline, underline_color, link = _array(value, "style", 6)
    return Style(
        _integer(fg, DEFAULT_COLOR, _LARGEST_COLOR, "colour"),
        _integer(bg, DEFAULT_COLOR, _LARGEST_COLOR, "colour"),
        _integer(flags, 0, 511, "style flags"),
        _integer(underline, 0, 5, "underline"),
        _integer(underline_color, DEFAULT_COLOR, _LARGEST_COLOR, "colour"),
        _link(link),
    )


def _link(value: Any) -> str:
    if type(value) is not str or not (value == "" or is_link(value)):
        raise PeerError("hyperlink is not a URI of a known scheme, perhaps with an id")
    return value


def _clipboard(value: Any) -> str:
    """Check "selection;base64", or "" = never set."""
    # SECURITY: anything else could ask the terminal for its clipboard. Test: test_a_frame_out_of_bounds_is_refused.
    if type(value) is not str or not (value == "" or is_clipboard(value)):
        raise PeerError("clipboard is not a selection and base64")
    return value


def _modes(value: Any) -> Modes:
    reverse, visible, paste, tracking, encoding, focus, scroll, shape = _array(value, "modes", 8)
    if type(tracking) is not int or tracking not in _MOUSE_TRACKING:
        raise PeerError("unknown mouse tracking mode")
    if type(encoding) is not int or encoding not in _MOUSE_ENCODING:
        raise PeerError("unknown mouse encoding")
    return Modes(
        _boolean(reverse, "reverse video"),
        _boolean(visible, "cursor visible"),
        _boolean(paste, "bracketed paste"),
        tracking,
        encoding,
        _boolean(focus, "focus events"),
        _boolean(scroll, "alternate scroll"),
        _integer(shape, 0, 6, "cursor shape"),
    )


def _title(value: Any) -> tuple[str, str, bool]:
    title, icon_name, ever_set = _array(value, "title", 3)
    for text in (title, icon_name):
        if type(text) is not str or not is_title(text):
            raise PeerError(f"title is not a text without controls of at most {LONGEST_TITLE} characters")
    return (title, icon_name, _boolean(ever_set, "title set"))


def _integer(value: Any, low: int, high: int, name: str) -> int:
    if type(value) is not int or not low <= value <= high:
        raise PeerError(f"{name} is not an integer of {low}–{high}")
    return value


def _boolean(value: Any, name: str) -> bool:
    if type(value) is not bool:
        raise PeerError(f"{name} is not true or false")
    return value


def _text(value: Any, longest: int, name: str) -> str:
    if type(value) is not str or len(value) > longest:
        raise PeerError(f"{name} is not a text of at most {longest} characters")
    if _CONTROL.search(value):
        raise PeerError(f"control character in {name}")
    return value


def _array(value: Any, name: str, length: int | None = None) -> tuple[Any, ...]:
    if type(value) is not tuple or (length is not None and len(value) != length):
        raise PeerError(f"{name} is not an array" + (f" of {length}" if length is not None else ""))
    return value
