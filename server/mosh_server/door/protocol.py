"""What goes over a session's door: one question and one answer a visit, in frames (docs/door.md, "A visit").

Octets to values and back, with every bound. Does no input or output. Everything that is not permitted raises PeerError.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from mosh_common.errors import PeerError, UsageError
from mosh_common.protocol import HIGHEST_PORT
from mosh_common.terminal.history.line import LONGEST_LINE, PAGE_LINES
from mosh_common.wire.key import Key
from mosh_common.wire.size import SIDE_LIMIT

LONGEST_QUESTION: Final = 1024  # octets
LONGEST_ANSWER: Final = 8 << 20
LONGEST_WHY: Final = 512  # characters, as of a command
LONGEST_TEXT: Final = 256  # of a line of the screen
LONGEST_ADDRESS: Final = 64
STYLES_LIMIT: Final = 4096  # of a screen; text in others is shown in the default one

_LENGTH: Final = struct.Struct(">I")
_HIGHEST: Final = (1 << 53) - 1  # what every reader of JSON can hold


class AskFacts(NamedTuple):
    """What the session is, and who is there?"""


class AskScreen(NamedTuple):
    """What does it show?"""

    styles: bool = False  # with renditions


class AskHistory(NamedTuple):
    """What scrolled off it, from that place on (line.Position)?"""

    line: int = 0
    column: int = 0
    styles: bool = False  # with renditions


class AskAttach(NamedTuple):
    """A new key, for a client that comes to this address and these ports (as the options of `mosh-server new`)."""

    address: str | None = None  # these three as options.py has them
    ports: tuple[int, int] | None = None
    everywhere: bool = False


class AskEnd(NamedTuple):
    """End the session."""


class Facts(NamedTuple):
    """What a session tells of itself. Texts are as programs and users gave them: not for a terminal."""

    name: str | None = None
    command: str = ""
    started: int = 0  # Unix seconds
    shell: int = 0  # process id; 0 before there is one
    columns: int = 1
    lines: int = 1
    title: str = ""
    attached: bool = False
    reached: bool = False  # a client came, some time
    peer: str = ""  # the address of the one that is, or was last, attached
    since: int = 0  # seconds since it came or left
    heard: int | None = None  # seconds since it was heard
    line: str = ""  # the last one of the screen with text


class Screen(NamedTuple):
    """What a session shows: rows of (text, letters, clusters in the order of their columns), as in cells.py."""

    columns: int = 1
    lines: int = 1
    rows: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    styles: tuple[tuple[int, ...], ...] = ()  # without hyperlinks; a letter is the place in it
    cut: bool = False  # rows are missing


class History(NamedTuple):
    """Some lines of what scrolled off: of (text, runs, clusters in the order of their columns), as in line.py."""

    line: int = 0  # the number of the first of them: what is before it is gone
    lines: tuple[tuple[str, tuple[tuple[int, int], ...], tuple[str, ...]], ...] = ()  # runs: columns, place in styles
    styles: tuple[tuple[int, ...], ...] = ()  # without hyperlinks
    next: int | None = None  # where to go on; None: that was all
    end: int = 0  # the line before which all ended that there was at this moment; 0: not said


class Attached(NamedTuple):
    """Where the session waits for a client with a new key; the key as text. SECURITY: not for any log."""

    port: int
    key: str

    def __repr__(self) -> str:
        return f"Attached(port={self.port})"


class Ended(NamedTuple):
    """The session ends."""


class Refused(NamedTuple):
    """The session does not do it."""

    why: str = ""


Question: TypeAlias = AskFacts | AskScreen | AskHistory | AskAttach | AskEnd
Answer: TypeAlias = Facts | Screen | History | Attached | Ended | Refused
_Check: TypeAlias = Callable[[object], object]


def framed(message: bytes) -> bytes:
    """Return the message with its length."""
    return _LENGTH.pack(len(message)) + message


def unframed(octets: bytes | bytearray, *, longest: int) -> bytes | None:
    """Return the message that `octets` begin with; None while it is not all there.

    Raises PeerError for a length of 0 or above `longest`, as soon as its four octets are there.
    """
    if len(octets) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack_from(octets)
    if not 0 < length <= longest:
        raise PeerError(f"a message of {length} octets; 1 to {longest} are allowed")
    end = _LENGTH.size + length
    return bytes(octets[_LENGTH.size : end]) if len(octets) >= end else None


def encode(message: Question | Answer) -> bytes:
    """Return the message's octets, without its length."""
    what, kind = _NAMES[type(message)]
    return json.dumps({what: kind, **message._asdict()}, separators=(",", ":"), allow_nan=False).encode()


def decode_question(octets: bytes) -> Question:
    """Return the question. Raises PeerError."""
    return _decode(octets, "question", _QUESTIONS)  # type: ignore[no-any-return]  # by the table


def decode_answer(octets: bytes) -> Answer:
    """Return the answer. Raises PeerError."""
    return _decode(octets, "answer", _ANSWERS)  # type: ignore[no-any-return]  # by the table


def _decode(octets: bytes, what: str, kinds: Mapping[str, tuple[type, Mapping[str, _Check]]]) -> Any:
    try:
        members = json.loads(octets.decode(), parse_float=_no_number, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:  # also UnicodeDecodeError, and an integer of too many digits
        raise PeerError(f"no JSON: {type(error).__name__}") from error
    if not isinstance(members, dict):
        raise PeerError(f"a {type(members).__name__}, not an object")
    kind = members.get(what)
    if not isinstance(kind, str) or kind not in kinds:
        raise PeerError(f"an unknown {what}")
    made, checks = kinds[kind]
    # What is not known is passed over, and what is missing has its default: the other end may be of another version.
    given = {name: check(members[name]) for name, check in checks.items() if members.get(name) is not None}
    try:
        return made(**given)
    except TypeError as error:  # a member that there is no answer without
        raise PeerError(f"{kind} with {len(given)} members") from error


def _no_number(text: str) -> object:
    raise ValueError(f"{text[:20]!r} is no integer")


# --- What a member may be ---------------------------------------------------------------------------------------


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise PeerError(f"a {type(value).__name__}, not true or false")
    return value


def _integer(low: int, high: int) -> Callable[[object], int]:
    def check(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise PeerError(f"a {type(value).__name__}, not an integer")
        if not low <= value <= high:
            raise PeerError(f"an integer that is not from {low} to {high}")
        return value

    return check


def _text(longest: int) -> Callable[[object], str]:
    def check(value: object) -> str:
        if not isinstance(value, str):
            raise PeerError(f"a {type(value).__name__}, not a text")
        if len(value) > longest:
            raise PeerError(f"a text of {len(value)} characters; {longest} are allowed")
        return value

    return check


def _key(value: object) -> str:
    try:
        return Key.parse(_text(22)(value)).text
    except UsageError as error:
        raise PeerError("no key") from error


def _list(longest: int, shortest: int, each: Callable[[object], object]) -> Callable[[object], tuple[Any, ...]]:
    def check(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise PeerError(f"a {type(value).__name__}, not a list")
        if not shortest <= len(value) <= longest:
            raise PeerError(f"a list of {len(value)}; {shortest} to {longest} are allowed")
        return tuple(map(each, value))

    return check


def _row(value: object) -> tuple[str, str, tuple[str, ...]]:
    """One row: [text, letters, [cluster, …]]."""
    if not isinstance(value, list) or len(value) != 3:
        raise PeerError("a row that has not three parts")
    text, letters = map(_text(SIDE_LIMIT), value[:2])
    if letters and len(letters) != len(text):
        raise PeerError(f"{len(letters)} letters for {len(text)} columns")
    return text, letters, _list(len(text), 0, _text(_LONGEST_CLUSTER))(value[2])


def _line(value: object) -> tuple[str, tuple[tuple[int, int], ...], tuple[str, ...]]:
    """One line: [text, [[columns, style], …], [cluster, …]]."""
    if not isinstance(value, list) or len(value) != 3:
        raise PeerError("a line that has not three parts")
    text = _text(LONGEST_LINE)(value[0])
    runs = _list(len(text), 0, _list(2, 2, _integer(0, LONGEST_LINE)))(value[1])
    if runs and sum(columns for columns, _style in runs) != len(text):
        raise PeerError(f"runs that are not {len(text)} columns")
    return text, runs, _list(len(text), 0, _text(_LONGEST_CLUSTER))(value[2])


_LONGEST_CLUSTER: Final = 64
_COLOR_LIMIT: Final = 1 << 25
_NATURAL: Final = _integer(0, _HIGHEST)
_SIDE: Final = _integer(1, SIDE_LIMIT)
_PORT: Final = _integer(0, HIGHEST_PORT)

_QUESTIONS: Final[Mapping[str, tuple[type, Mapping[str, _Check]]]] = {
    "facts": (AskFacts, {}),
    "screen": (AskScreen, {"styles": _boolean}),
    "history": (AskHistory, {"line": _NATURAL, "column": _integer(0, LONGEST_LINE), "styles": _boolean}),
    "attach": (
        AskAttach,
        {"address": _text(LONGEST_ADDRESS), "ports": _list(2, 2, _PORT), "everywhere": _boolean},
    ),
    "end": (AskEnd, {}),
}
_ANSWERS: Final[Mapping[str, tuple[type, Mapping[str, _Check]]]] = {
    "facts": (
        Facts,
        {
            "name": _text(64),
            "command": _text(LONGEST_WHY),
            "started": _NATURAL,
            "shell": _integer(0, (1 << 31) - 1),
            "columns": _SIDE,
            "lines": _SIDE,
            "title": _text(254),
            "attached": _boolean,
            "reached": _boolean,
            "peer": _text(LONGEST_ADDRESS),
            "since": _NATURAL,
            "heard": _NATURAL,
            "line": _text(LONGEST_TEXT),
        },
    ),
    "screen": (
        Screen,
        {
            "columns": _SIDE,
            "lines": _SIDE,
            "rows": _list(SIDE_LIMIT, 0, _row),
            "styles": _list(STYLES_LIMIT, 0, _list(5, 5, _integer(-1, _COLOR_LIMIT - 1))),
            "cut": _boolean,
        },
    ),
    "history": (
        History,
        {
            "line": _NATURAL,
            "lines": _list(PAGE_LINES, 0, _line),
            "styles": _list(STYLES_LIMIT, 0, _list(5, 5, _integer(-1, _COLOR_LIMIT - 1))),
            "next": _NATURAL,
            "end": _NATURAL,
        },
    ),
    "attach": (Attached, {"port": _integer(1, HIGHEST_PORT), "key": _key}),
    "end": (Ended, {}),
    "refused": (Refused, {"why": _text(LONGEST_WHY)}),
}
_NAMES: Final = {
    made: (what, kind)
    for what, kinds in (("question", _QUESTIONS), ("answer", _ANSWERS))
    for kind, (made, _checks) in kinds.items()
}
