"""The messages between the network process and the renderer: a closed set of values, one row of `KINDS` for each.

Each message is a msgpack array whose first element is the number of its kind. From its row follow encoding, decoding
and permits (permits.py). `decode` accepts exactly what docs/ipc.md lists and raises PeerError for everything else,
because either side may be one that an attacker got into. What a frame means relative to the frames before it is
`frames.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from operator import call
from typing import Any, Final, NamedTuple, TypeAlias

import msgpack

from mosh_client.ipc import screen_fields
from mosh_client.ipc.fields import Field, array, boolean, integer, octets, optional, text
from mosh_common.errors import PeerError
from mosh_common.protocol import HIGHEST_PORT
from mosh_common.terminal.cells import Modes, Row, Style
from mosh_common.terminal.history.line import LONGEST_LINE, LONGEST_SEARCH, PAGE_LINES, Line
from mosh_common.wire.size import CELLS_LIMIT, SIDE_LIMIT

LONGEST_TO_NETWORK_OCTETS: Final = 1 << 16  # a batch is one read of the terminal, at most 16 KiB
LONGEST_TO_RENDERER_OCTETS: Final = 1 << 23  # nearly every frame is one message: frames.py, `portions`

LONGEST_INPUT_OCTETS: Final = 1 << 14
LONGEST_NOTICE: Final = 256  # one line of a terminal
LONGEST_PEER: Final = 64  # a program's name and version
NOTICE_KINDS: Final = 8  # so many notices of the server at once, and …
NOTICE_LIMIT: Final = 160  # … characters of each; as on the wire (wire/hostdiff.py, which no renderer loads)

# Who says it, and in which phases of a socketpair; the words are the same for both directions.
RENDERER: Final = "renderer"
NETWORK: Final = "network"
GREETING: Final = "greeting"  # nothing was said yet
RUNNING: Final = "running"
OVER: Final = "over"  # the last word was said


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
    """Renderer: end the session. The second one means: without waiting for the server."""

    by_user: bool  # by the escape key; else by a signal, or the terminal is gone


class Watch(NamedTuple):
    """Renderer: the user wants to see how the connection is (or no longer): send Statistics meanwhile."""

    on: bool


class Detach(NamedTuple):
    """Renderer: leave, and let the session go on. The second one means: without waiting for the server."""


class WantHistory(NamedTuple):
    """Renderer: lines of history from a place on. The newest wish stands: more of it comes as more scrolls off."""

    serial: int  # rises with each wish, WantHistory or SearchHistory, of this renderer
    line: int
    column: int  # of that line; 0 but where a page ended within it
    lines: int  # at most so many


class SearchHistory(NamedTuple):
    """Renderer: where the text stands, in the nearest line from `line` on (itself too), or before it if `backwards`."""

    serial: int
    line: int
    backwards: bool
    text: str  # without capitals it is found in any case


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
    cursor_row: int  # from 0, as the column and the lines of `rows`
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

    round_trip: int | None  # ms, the path's own; None = not measured yet
    lost_incoming: int  # per mille of the server's datagrams, estimated
    lost_outgoing: int  # per mille of ours, estimated
    last_heard: int | None  # newest authentic datagram; None = nothing yet
    received_octets: int  # of all datagrams so far, without the headers of IP and UDP
    sent_octets: int
    peer: str  # what the server says that it is; "" = nothing, as upstream's


class Abilities(NamedTuple):
    """Network: what the server can do beyond what every one can."""

    detach: bool  # let the client go and keep the session
    history: bool = False  # show what scrolled away


class HistoryExtent(NamedTuple):
    """Network: what history there is as of the frame that follows (history/line.py), and which screen that shows."""

    first: int
    line: int
    column: int
    clears: int
    alternate: bool  # a program is on the alternate screen


class HistoryPage(NamedTuple):
    """Network: lines as a wish wanted them, as many as there are so far, or as fit; another one of it may be longer."""

    serial: int
    line: int  # where the first of them begins: as wished, or later if that is gone
    column: int
    lines: tuple[Line, ...]
    whole: bool  # the last of them is not cut: the next page begins with the line after it


class HistoryFound(NamedTuple):
    """Network: what a search found."""

    serial: int
    line: int | None  # None: nothing


class Exit(NamedTuple):
    """Network, last of all: restore the terminal and leave; the launcher says the last words."""


ToNetwork: TypeAlias = Hello | Input | Resize | Quit | Watch | Detach | WantHistory | SearchHistory
ToHistory: TypeAlias = HistoryExtent | HistoryPage | HistoryFound
ToRenderer: TypeAlias = Frame | Progress | Link | Notice | Exit | Statistics | ServerNotices | Abilities | ToHistory
Message: TypeAlias = ToNetwork | ToRenderer


# --- Kinds ----------------------------------------------------------------------------------------------------------


class Kind:
    """All that holds for one kind of message."""

    __slots__ = ("checks", "fields", "fits", "make", "message", "number", "packs", "phases", "sender")

    def __init__(
        self,
        number: int,
        message: type[Message],
        sender: str,
        phases: Mapping[str, str],
        fields: tuple[Field, ...] = (),
        *,
        fits: Callable[[Any], None] | None = None,
    ) -> None:
        self.number = number
        self.message = message
        self.sender = sender
        self.phases = phases  # in which it may come → the phase afterwards
        self.fields = fields  # those of the message, in order
        self.fits = fits  # sees to what no field shows alone; raises PeerError
        # The same, to be gone through for each message.
        self.make: Callable[[Iterable[Any]], Message] = partial(tuple.__new__, message)  # `_make`, without a call
        self.checks = [field.check for field in fields]
        self.packs = [(index, field.pack) for index, field in enumerate(fields) if field.pack is not None]


def _fits_size(message: Hello | Resize | Frame) -> None:
    """See to it that the wire can carry the size: an impossible one must not get as far as the server."""
    if message.columns * message.lines > CELLS_LIMIT:
        raise PeerError(f"a terminal of {message.columns}×{message.lines}, at most {CELLS_LIMIT} cells expected")


def _fits_frame(frame: Frame) -> None:
    """See to it that everything in the frame is within its size."""
    _fits_size(frame)
    columns, lines = frame.columns, frame.lines
    if len(frame.rows) > lines:
        raise PeerError(f"{len(frame.rows)} rows in a frame of {lines} lines")
    for line, row in frame.rows:
        if line >= lines or len(row[0]) != columns:
            raise PeerError(f"row {line} of {len(row[0])} columns in a frame of {columns}×{lines}")
    if frame.cursor_row >= lines or frame.cursor_column >= columns:
        raise PeerError(f"the cursor is outside {columns}×{lines}")


_FIRST: Final = {GREETING: RUNNING}
_LATER: Final = {RUNNING: RUNNING}
_ANY_TIME: Final = {GREETING: GREETING, RUNNING: RUNNING}
_LAST: Final = {GREETING: OVER, RUNNING: OVER}

_SIZE: Final = (integer("columns", 1, SIDE_LIMIT), integer("lines", 1, SIDE_LIMIT))
_INPUT: Final = (integer("batch", 1), octets("data", LONGEST_INPUT_OCTETS))
_FRAME: Final = (
    boolean("whole"),
    *_SIZE,
    screen_fields.STYLES,
    screen_fields.ROWS,
    integer("cursor_row", 0, SIDE_LIMIT - 1)._replace(bounds="< lines"),
    integer("cursor_column", 0, SIDE_LIMIT - 1)._replace(bounds="< columns"),
    screen_fields.STYLE,
    integer("bell_count"),
    screen_fields.MODES,
    optional(screen_fields.TITLE),
    optional(screen_fields.CLIPBOARD),
    boolean("more"),
)
_LINK: Final = (
    optional(integer("last_heard")),
    optional(integer("last_acknowledged")),
    integer("send_interval"),
    integer("port", 0, HIGHEST_PORT),
)
_NOTICE: Final = (text("text", LONGEST_NOTICE), boolean("lasting"))
_STATISTICS: Final = (
    optional(integer("round_trip")),
    integer("lost_incoming", 0, 1000),
    integer("lost_outgoing", 0, 1000),
    optional(integer("last_heard")),
    integer("received_octets"),
    integer("sent_octets"),
    text("peer", LONGEST_PEER),
)

_PLACE: Final = (integer("line"), integer("column", 0, LONGEST_LINE))
_WANT_HISTORY: Final = (integer("serial", 1), *_PLACE, integer("lines", 1, PAGE_LINES))
_SEARCH_HISTORY: Final = (integer("serial", 1), integer("line"), boolean("backwards"), text("text", LONGEST_SEARCH))
_HISTORY_EXTENT: Final = (integer("first"), *_PLACE, integer("clears"), boolean("alternate"))
_HISTORY_PAGE: Final = (integer("serial", 1), *_PLACE, screen_fields.LINES, boolean("whole"))

KINDS: Final = (
    Kind(1, Hello, RENDERER, _FIRST, _SIZE, fits=_fits_size),
    Kind(2, Input, RENDERER, _LATER, _INPUT),
    Kind(3, Resize, RENDERER, _LATER, _SIZE, fits=_fits_size),
    Kind(4, Quit, RENDERER, _LATER, (boolean("by_user"),)),
    Kind(5, Frame, NETWORK, _FIRST | _LATER, _FRAME, fits=_fits_frame),
    Kind(6, Progress, NETWORK, _ANY_TIME, (integer("echo_acknowledged"),)),  # keys typed while connecting count, too
    Kind(7, Link, NETWORK, _ANY_TIME, _LINK),
    Kind(8, Notice, NETWORK, _ANY_TIME, _NOTICE),
    Kind(9, Exit, NETWORK, _LAST),
    Kind(10, Watch, RENDERER, _LATER, (boolean("on"),)),
    Kind(11, Statistics, NETWORK, _ANY_TIME, _STATISTICS),
    Kind(12, ServerNotices, NETWORK, _ANY_TIME, (array("texts", text("text", NOTICE_LIMIT), NOTICE_KINDS),)),
    Kind(13, Detach, RENDERER, _LATER),
    Kind(14, Abilities, NETWORK, _ANY_TIME, (boolean("detach"), boolean("history"))),
    Kind(15, WantHistory, RENDERER, _LATER, _WANT_HISTORY),
    Kind(16, SearchHistory, RENDERER, _LATER, _SEARCH_HISTORY),
    Kind(17, HistoryExtent, NETWORK, _ANY_TIME, _HISTORY_EXTENT),
    Kind(18, HistoryPage, NETWORK, _ANY_TIME, _HISTORY_PAGE),
    Kind(19, HistoryFound, NETWORK, _ANY_TIME, (integer("serial", 1), optional(integer("line")))),
)

_KIND_OF_MESSAGE: Final[dict[type[Message], Kind]] = {kind.message: kind for kind in KINDS}
_KIND_OF_NUMBER: Final = {kind.number: kind for kind in KINDS}


def encode(message: Message) -> bytes:
    """Return the octets of `message`, without the length in front (framing.py)."""
    kind = _KIND_OF_MESSAGE[type(message)]
    fields: Any = message
    if kind.packs:
        fields = list(message)
        for index, pack in kind.packs:
            fields[index] = pack(fields[index])
    encoded: bytes = msgpack.packb((kind.number, *fields))
    return encoded


def decode(data: bytes | bytearray | memoryview) -> Message:
    """Return the message in `data`. Raises PeerError for anything that is not exactly one."""
    try:
        fields = msgpack.unpackb(data, use_list=False, strict_map_key=True, max_map_len=0, max_ext_len=0)
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
        raise PeerError(f"IPC message of {len(data)} octets is not msgpack: {type(error).__name__}") from None
    if type(fields) is not tuple or not fields or type(fields[0]) is not int or fields[0] not in _KIND_OF_NUMBER:
        raise PeerError("IPC message is not an array that begins with a known kind")
    kind = _KIND_OF_NUMBER[fields[0]]
    if len(fields) != 1 + len(kind.checks):
        raise PeerError(f"{kind.message.__name__} has {len(fields) - 1} fields, expected {len(kind.checks)}")
    # `map` and `call` cost less than a comprehension over pairs, and a frame comes with each key.
    message = kind.make(map(call, kind.checks, fields[1:]))
    if kind.fits is not None:
        kind.fits(message)
    return message
