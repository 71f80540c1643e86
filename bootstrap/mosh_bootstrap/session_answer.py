"""What a server answers when it is asked for sessions (docs/door.md): one line, read and checked here.

All in it is a stranger's: texts are bounded and hold nothing that a terminal obeys, numbers are within their bounds,
and what does not fit is no answer. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple, NoReturn

from mosh_bootstrap.dialogue import Dialogue

PREFIX: Final = b"MOSH SESSION 1 "
LINE_LIMIT: Final = 4 << 20  # octets
SESSIONS_LIMIT: Final = 256
_PROGRAMS_LIMIT: Final = 16
_LARGEST: Final = 1 << 53  # of JSON's integers
# What a server says that knows no sessions: upstream's, and ours from before there were any.
_IGNORANT: Final = re.compile(rb"Usage: \S{1,300} new \[-s\]|mosh-server: Bad UDP port range \(")
_USAGE: Final = b"Usage: "
_USAGE_LIMIT: Final = 400  # octets of a line that may yet be such a usage
_BEGINNINGS: Final = (PREFIX, _USAGE, b"mosh-server: Bad UDP port range (")
STATES: Final = ("attached", "detached", "new", "stuck", "old")


class Session(NamedTuple):
    """One session; None, 0 and "" stand for what is not known."""

    id: int
    name: str
    state: str  # one of STATES
    age: int | None  # seconds since it began
    peer: str  # the address of the client that is attached, or was last
    since: int | None  # seconds since it was attached or detached
    heard: int | None  # seconds since the client was heard last
    columns: int
    lines: int
    command: str
    title: str
    folder: str
    programs: tuple[str, ...]  # those that end with it
    line: str  # the last line of its screen with text


class Answer(NamedTuple):
    """What the server did, or why not."""

    verb: str  # LIST, CHOICE, ATTACH, CREATE, END or REFUSED
    sessions: tuple[Session, ...] = ()  # of LIST and CHOICE
    received: Any = None  # of LIST: the checked value as it came, for other programs, but for what is nested in it
    ended: tuple[int, ...] = ()  # of END
    code: int = 0  # of REFUSED: the exit code
    why: str = ""  # of REFUSED: a sentence

    @property
    def gives_a_key(self) -> bool:
        """Whether a MOSH CONNECT line is to follow."""
        return self.verb in ("ATTACH", "CREATE")


class SessionDialogue(Dialogue):
    """The dialogue of a login that asks for sessions: keeps the answer from the screen, and believes it alone."""

    answer: Answer | None = None
    bad_answer = False  # there was one that made no sense
    unasked = False  # the server offered a session without an answer: it did something else than it was asked for
    ignorant = False  # the server does not know the words; what it said of that is not shown
    _line: bytearray | None = None  # of the answer, up to now; None = not within it
    _kept = b""  # the end of what came that could be the beginning of one of ours

    def receive(self, data: bytes) -> bytes:
        """See Dialogue. A key is only believed behind an answer that promises one; what else is behind is not shown."""
        before, behind = (b"", data) if self.answer is not None else self._around_answer(data)
        shown = super().receive(before)
        if behind:  # ssh's farewell, mostly
            super().receive(behind)
        if self.connect is not None and (self.answer is None or not self.answer.gives_a_key):
            self.connect, self.unasked = None, True
        return shown

    def finish(self) -> bytes:
        """See Dialogue."""
        kept, self._kept = self._kept, b""
        if self._line is not None:
            self._line, self.bad_answer = None, True
        return super().receive(kept) + super().finish()

    def _around_answer(self, data: bytes) -> tuple[bytes, bytes]:
        """Return what of `data` stands before the answer and behind it; what may be of its beginning comes later."""
        if self.ignorant:
            return b"", b""
        if self._line is not None:
            return b"", self._take_line(data)
        if self.bad_answer:
            return b"", data
        text = self._kept + data
        start = text.find(PREFIX)
        if start >= 0:
            self._kept = b""
            self._line = bytearray()
            return text[:start], self._take_line(text[start:])
        said = _IGNORANT.search(text)
        if said is not None:
            self.ignorant, self._kept = True, b""
            return text[: said.start()], b""
        self._kept = text[len(text) - _begun(text) :]
        return text[: len(text) - len(self._kept)], b""

    def _take_line(self, data: bytes) -> bytes:
        """Take `data` up to the end of the answer's line; return what is behind."""
        assert self._line is not None
        text, newline, rest = data.partition(b"\n")
        if not self.bad_answer:
            self._line += text
            if len(self._line) > LINE_LIMIT:
                self._line, self.bad_answer = bytearray(), True
        if newline:
            if not self.bad_answer:
                self.answer = parse(bytes(self._line))
                self.bad_answer = self.answer is None
            self._line = None
        return rest


def _begun(text: bytes) -> int:
    """Return how many octets at the end could be the beginning of what is not to be shown."""
    usage = text.rfind(_USAGE, max(len(text) - _USAGE_LIMIT, 0))
    if usage >= 0 and b"\n" not in text[usage:]:
        return len(text) - usage
    for length in range(min(len(text), max(map(len, _BEGINNINGS)) - 1), 0, -1):
        end = text[-length:]
        if any(each.startswith(end) for each in _BEGINNINGS):
            return length
    return 0


def parse(line: bytes) -> Answer | None:
    """Return what a line that begins with PREFIX says; None where that makes no sense. A CR at its end is a tty's."""
    verb, _, text = line[len(PREFIX) :].rstrip(b" \r\n").partition(b" ")
    read = _READERS.get(verb.decode("ascii", "replace"))
    if read is None:
        return None
    try:
        return read(json.loads(text.decode("ascii"), parse_constant=_refuse, parse_float=_refuse))
    except (ValueError, RecursionError):
        return None


def _refuse(number: str) -> NoReturn:
    raise ValueError(f"{number} is no integer")


def _sessions(value: Any) -> tuple[Session, ...]:
    if type(value) is not list or len(value) > SESSIONS_LIMIT:
        raise ValueError(f"no list of at most {SESSIONS_LIMIT} sessions")
    return tuple([_session(each) for each in value])


def _session(value: Any) -> Session:
    """Return one session. Raises ValueError."""
    members = _object(value)
    state = members.get("state")
    if state not in STATES:
        raise ValueError("no known state")
    programs = members.get("programs") or []
    if type(programs) is not list or len(programs) > _PROGRAMS_LIMIT:
        raise ValueError(f"no list of at most {_PROGRAMS_LIMIT} programs")
    return Session(
        id=_integer(members.get("id"), 1),
        name=_text(members.get("name"), 64),
        state=state,
        age=_optional(members.get("age")),
        peer=_text(members.get("from"), 64),
        since=_optional(members.get("since")),
        heard=_optional(members.get("heard")),
        columns=_integer(members.get("columns") or 0, 0, 4096),
        lines=_integer(members.get("lines") or 0, 0, 4096),
        command=_text(members.get("command"), 512),
        title=_text(members.get("title"), 254),
        folder=_text(members.get("folder"), 512),
        programs=tuple([_text(each, 64) for each in programs]),
        line=_text(members.get("line"), 256),
    )


def _refused(value: Any) -> Answer:
    members = _object(value)
    return Answer("REFUSED", code=_integer(members.get("code"), 1, 255), why=_text(members.get("why"), 512))


def _ended(value: Any) -> Answer:
    ended = _object(value).get("ended")
    if type(ended) is not list or not 1 <= len(ended) <= SESSIONS_LIMIT:
        raise ValueError("no list of ids")
    return Answer("END", ended=tuple([_integer(each, 1) for each in ended]))


def _choice(value: Any) -> Answer:
    sessions = _sessions(value)
    if not sessions:
        raise ValueError("nothing to choose from")
    return Answer("CHOICE", sessions)


def _attached(verb: str) -> Callable[[Any], Answer]:
    def read(value: Any) -> Answer:
        _object(value)
        return Answer(verb)

    return read


_READERS: Final[dict[str, Callable[[Any], Answer]]] = {
    "LIST": lambda value: Answer("LIST", _sessions(value), received=[_plain(each) for each in value]),
    "CHOICE": _choice,
    "ATTACH": _attached("ATTACH"),
    "CREATE": _attached("CREATE"),
    "END": _ended,
    "REFUSED": _refused,
}


def _plain(members: dict[str, Any]) -> dict[str, Any]:
    """Return what of a session is plain: values, and lists of them. Of what later versions add, depth has no bound."""
    return {
        name: value
        for name, value in members.items()
        if not isinstance(value, dict | list)
        or (isinstance(value, list) and not any(isinstance(each, dict | list) for each in value))
    }


def _object(value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise ValueError("no object")
    return value


def _integer(value: Any, low: int = 0, high: int = _LARGEST) -> int:
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"no integer of {low} to {high}")
    return value


def _optional(value: Any) -> int | None:
    return None if value is None else _integer(value)


def _text(value: Any, longest: int) -> str:
    """Return a text of at most `longest` characters, without what a terminal obeys; "" for null."""
    if value is None:
        return ""
    if type(value) is not str or len(value) > longest:
        raise ValueError(f"no text of at most {longest} characters")
    # SECURITY: controls and what turns the direction of text round are not printable.
    # test_no_text_of_an_answer_can_command_the_terminal
    return "".join([char if char.isprintable() else "?" for char in value])
