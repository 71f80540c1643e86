"""What the server says to the client's wish, as a synchronised object: lines, or where something was found.

    serial      of the wish
    line        where the first line begins: as wished, or later if that is gone
    column
    kept        so many lines stay as in the answer before; the others follow
    styles      of these lines, from 1 on; 0 is the default one
    texts       UTF-8 with the stand-ins of cells.py, a line feed between two lines
    runs        varints, columns and style by turns; 0 columns: the rest of the line
    graphemes   UTF-8, a line feed between two
    whole       1: the last line is not cut
    searched    1: a search has ended, and
    found       there, or nowhere

A message of protobuf (docs/wire.md §8, "History"). Both roles in one value. What is said together compresses together:
a page of a log is a tenth of what its lines are one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from mosh_common.errors import PeerError
from mosh_common.sync.states.history.pieces import piece
from mosh_common.sync.states.history.wish import LARGEST
from mosh_common.terminal.cells import (
    ALL_FLAGS,
    CLUSTER,
    DEFAULT_COLOR,
    DEFAULT_STYLE,
    HIGHEST_INDEX,
    HIGHEST_RGB,
    HIGHEST_UNDERLINE,
    RGB,
    UNDERLINE_SINGLE,
    Style,
)
from mosh_common.terminal.history.line import LONGEST_LINE, PAGE_LINES, Line, Position
from mosh_common.terminal.payloads import is_link
from mosh_common.wire import protobuf
from mosh_common.wire.instruction import deflate
from mosh_common.wire.protobuf import Field, Kind, Schema, varint

# SECURITY: of one answer; the renderer is told no more, and reading it takes a client some milliseconds.
# Test: test_an_answer_out_of_bounds_is_refused.
TEXTS_LIMIT_OCTETS: Final = 1 << 18
RUNS_LIMIT_OCTETS: Final = 1 << 16
STYLES_LIMIT: Final = 2048
WEIGHT_LIMIT_OCTETS: Final = 4 << 20  # of all lines, as they are told the renderer in a message of twice that
LONGEST_GRAPHEME_OCTETS: Final = 64

_LINE_OCTETS: Final = 100  # of a line, run or grapheme beside its text
# Control characters but for the stand-ins and the line feed.
_CONTROL: Final = re.compile("[\x03-\x09\x0b-\x1f\x7f-\x9f]")
_CONTROL_IN_GRAPHEME: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
_STRAY_WIDE_TAIL: Final = re.compile("(?:\\A|[\n\x00\x01])\x01")
_MORE: Final = 0x80
_LONGEST_VARINT_BITS: Final = 14
_ZERO: Final = varint(0)
_SMALL: Final = tuple([varint(number) for number in range(_MORE)])  # what most runs' columns are

_FG, _BG, _FLAGS, _UNDERLINE, _UNDERLINE_COLOR, _LINK = range(1, 7)
_STYLE: Final = Schema(
    Field("fg", _FG, Kind.INT32),
    Field("bg", _BG, Kind.INT32),
    Field("flags", _FLAGS, Kind.UINT32),
    Field("underline", _UNDERLINE, Kind.UINT32),
    Field("underline_color", _UNDERLINE_COLOR, Kind.INT32),
    Field("link", _LINK, Kind.BYTES),
)
_SERIAL, _LINE, _COLUMN, _KEPT, _STYLES, _TEXTS, _RUNS, _GRAPHEMES, _WHOLE, _SEARCHED, _FOUND = range(1, 12)
_ANSWER: Final = Schema(
    Field("serial", _SERIAL, Kind.UINT64),
    Field("line", _LINE, Kind.UINT64),
    Field("column", _COLUMN, Kind.UINT32),
    Field("kept", _KEPT, Kind.UINT32),
    Field("styles", _STYLES, _STYLE, repeated=True),
    Field("texts", _TEXTS, Kind.BYTES),
    Field("runs", _RUNS, Kind.BYTES),
    Field("graphemes", _GRAPHEMES, Kind.BYTES),
    Field("whole", _WHOLE, Kind.UINT32),
    Field("searched", _SEARCHED, Kind.UINT32),
    Field("found", _FOUND, Kind.UINT64),
    limit=1 << 14,
)


class Answer(NamedTuple):
    """Lines, as a wish wanted them, as many as there are so far or as fit; or what a search found. Serial 0: none."""

    serial: int = 0  # the wish's
    start: Position = Position(0)  # where the first of the lines begins
    lines: tuple[Line, ...] = ()
    whole: bool = True  # the last of them is not cut
    searched: bool = False  # a search has ended …
    found: int | None = None  # … in that line

    # --- The server's side --------------------------------------------------------------------------------------

    def diff_from(self, known: Answer) -> bytes:
        """See LocalState: lines that are already known, of an answer to the same wish, are not said again."""
        if self == known:
            return b""
        kept = 0
        if (self.serial, self.start) == (known.serial, known.start):
            for ours, theirs in zip(self.lines, known.lines, strict=False):
                if ours is not theirs and ours != theirs:
                    break
                kept += 1
        message: protobuf.Message = {
            _SERIAL: self.serial,
            _LINE: self.start.line,
            _COLUMN: self.start.column,
            _KEPT: kept,
            **_Said(self.lines[kept:]).fields(len(self.lines) - kept),
            _WHOLE: int(self.whole),
        }
        if self.searched:
            message[_SEARCHED] = 1
            if self.found is not None:
                message[_FOUND] = self.found
        return protobuf.encode(_ANSWER, message)

    def looks_like(self, other: Answer) -> bool:
        """See LocalState."""
        return self == other

    def within_reach(self, _known: Answer) -> Answer:
        """See LocalState: see `fitting`."""
        return self

    def fitting(self, octets: int) -> Answer:
        """Return this answer with as many of its lines as go into so many octets, compressed; a piece of one at least.

        Cut lines are not `whole`: what follows has its beginning behind them.
        """
        count = len(self.lines)
        said = _Said(self.lines)
        while (size := said.size(count)) > octets:
            if count == 1:
                return self._with_piece(octets)
            count = max(min(count - 1, count * octets // size), 1)
        return self._first(count)

    def _first(self, count: int) -> Answer:
        return self if count >= len(self.lines) else self._replace(lines=self.lines[:count], whole=True)

    def _with_piece(self, octets: int) -> Answer:
        """Return this answer with what goes into so many octets of its first line."""
        line = self.lines[0]
        columns = len(line.text)
        answer = self
        while columns > 1 and answer._size() > octets:
            columns //= 2
            answer = self._replace(lines=(piece(line, 0, columns),), whole=False)
        return answer

    def _size(self) -> int:
        return _Said(self.lines).size(len(self.lines))

    # --- The client's side --------------------------------------------------------------------------------------

    def apply(self, diff: bytes) -> Answer:
        """Return the answer that a diff leads to. Raises PeerError."""
        message = protobuf.decode(_ANSWER, diff)
        said = message.get
        serial, line, column, kept = said(_SERIAL, 0), said(_LINE, 0), said(_COLUMN, 0), said(_KEPT, 0)
        if not 1 <= serial <= LARGEST or line > LARGEST or column > LONGEST_LINE or said(_FOUND, 0) > LARGEST:
            raise PeerError(f"answer {serial} with line {line}, column {column}")
        start = Position(line, column)
        if kept and (kept > len(self.lines) or (serial, start) != (self.serial, self.start)):
            raise PeerError(f"{kept} lines kept of {len(self.lines)} of another answer")
        lines = self.lines[:kept] + tuple(_lines(message)) if _TEXTS in message else self.lines[:kept]
        if len(lines) > PAGE_LINES or weight_of(lines) > WEIGHT_LIMIT_OCTETS:
            raise PeerError(f"{len(lines)} lines of {weight_of(lines)} octets in an answer")
        searched = bool(said(_SEARCHED, 0))
        return Answer(serial, start, lines, bool(said(_WHOLE, 0)), searched, said(_FOUND) if searched else None)

    @property
    def weight(self) -> int:
        """See RemoteState."""
        return weight_of(self.lines)

    # --- Both ---------------------------------------------------------------------------------------------------

    def trimmed(self, _known: Answer) -> Answer:
        """Return this answer: the lines that it shares with another cost nothing."""
        return self


NO_ANSWER: Final = Answer()


def weight_of(lines: Iterable[Line]) -> int:
    """Return about how many octets lines take in memory, or in a message that shares no styles."""
    weight = 0
    for text, runs, graphemes in lines:
        weight += _LINE_OCTETS * (1 + len(runs) + len(graphemes)) + 4 * len(text)
        for _, style in runs:
            if style.link:
                weight += 4 * len(style.link)
    return weight


# --- Lines ----------------------------------------------------------------------------------------------------------


class _Said:
    """The fields that say some lines, or the first of them."""

    __slots__ = ("_ends", "_lines", "_runs", "_styles", "_weights")

    def __init__(self, lines: tuple[Line, ...]) -> None:
        self._lines = lines
        self._runs: list[bytes] = []  # columns and style by turns
        self._styles: dict[Style, bytes] = {DEFAULT_STYLE: _ZERO}
        self._ends: list[tuple[int, int]] = [(0, 1)]  # by the number of lines: how many of these they take
        self._weights = [0]  # … and what they weigh, but for links
        runs, styles = self._runs, self._styles
        letters: dict[int, bytes] = {}  # by the object, which is hashed sooner; `lines` keeps them
        weight = 0
        for text, of_line, graphemes in lines:
            for columns, style in of_line:
                letter = letters.get(id(style))
                if letter is None:
                    letter = letters[id(style)] = styles.setdefault(style, varint(len(styles)))
                runs += (_SMALL[columns] if columns < len(_SMALL) else varint(columns), letter)
            if of_line:
                runs[-2] = _ZERO
            self._ends.append((len(runs), len(styles)))
            weight += _LINE_OCTETS * (1 + len(of_line) + len(graphemes)) + 4 * len(text)
            self._weights.append(weight)

    def fields(self, count: int) -> protobuf.Message:
        """Return the fields that say the first `count` lines."""
        if not count:
            return {_STYLES: ()}
        lines, (runs, styles) = self._lines[:count], self._ends[count]
        return {
            _STYLES: [_said_of_style(style) for style in list(self._styles)[1:styles]],
            _TEXTS: "\n".join([line.text for line in lines]).encode("utf-8", "replace"),
            _RUNS: b"".join(self._runs[:runs]),
            _GRAPHEMES: "\n".join([each for line in lines for each in line.graphemes]).encode("utf-8", "replace"),
        }

    def size(self, count: int) -> int:
        """Return how long an answer with the first `count` lines is, compressed.

        Of one that no client would take, that it is far too long.
        """
        said = self.fields(count)
        if (
            len(said.get(_TEXTS, b"")) > TEXTS_LIMIT_OCTETS
            or len(said.get(_RUNS, b"")) > RUNS_LIMIT_OCTETS
            or len(said[_STYLES]) > STYLES_LIMIT
            or self._weight(count) > WEIGHT_LIMIT_OCTETS
        ):
            return 2 * WEIGHT_LIMIT_OCTETS
        return len(deflate(protobuf.encode(_ANSWER, said)))

    def _weight(self, count: int) -> int:
        if any(style.link for style in self._styles):
            return weight_of(self._lines[:count])
        return self._weights[count]


def _said_of_style(style: Style) -> protobuf.Message:
    values = zip((_FG, _BG, _FLAGS, _UNDERLINE, _UNDERLINE_COLOR), style[:5], DEFAULT_STYLE[:5], strict=True)
    message: protobuf.Message = {number: value for number, value, default in values if value != default}
    if style.link:
        message[_LINK] = style.link.encode("utf-8", "replace")
    return message


def _lines(message: protobuf.Message) -> list[Line]:
    """Return the lines that a message says. Raises PeerError."""
    octets = message[_TEXTS]
    texts = _text(octets, TEXTS_LIMIT_OCTETS)
    # SECURITY: these are drawn on the user's terminal. Test: test_no_control_character_comes_with_an_answer.
    if _CONTROL.search(texts) or ("\x01" in texts and _STRAY_WIDE_TAIL.search(texts)):
        raise PeerError("control character, or half a wide one, in a line")
    if texts.count("\n") >= PAGE_LINES:
        raise PeerError(f"{texts.count(chr(10)) + 1} lines, at most {PAGE_LINES} expected")
    styles = [DEFAULT_STYLE, *map(_style, message.get(_STYLES, ()))]
    if len(styles) > STYLES_LIMIT + 1:
        raise PeerError(f"{len(styles)} styles, at most {STYLES_LIMIT} expected")
    graphemes = _graphemes(message.get(_GRAPHEMES, b""), texts.count(CLUSTER))
    runs = _Runs(message.get(_RUNS, b""), styles)
    lines: list[Line] = []
    at = 0
    for text in texts.split("\n"):
        clusters = text.count(CLUSTER) if graphemes else 0
        lines.append(Line(text, runs.of_line(len(text)), graphemes[at : at + clusters]))
        at += clusters
    if not runs.over:
        raise PeerError("runs of more lines than there are")
    return lines


class _Runs:
    """Reads the runs of one line after the other. Raises PeerError."""

    def __init__(self, octets: bytes, styles: list[Style]) -> None:
        if len(octets) > RUNS_LIMIT_OCTETS:
            raise PeerError(f"{len(octets)} octets of runs, at most {RUNS_LIMIT_OCTETS} expected")
        self._numbers = list(octets) if not octets or max(octets) < _MORE else _numbers(octets)
        self._styles = styles
        self._at = 0

    @property
    def over(self) -> bool:
        """Whether there are no more."""
        return self._at == len(self._numbers)

    def of_line(self, columns: int) -> tuple[tuple[int, Style], ...]:
        """Return the runs of a line of so many columns. Raises PeerError."""
        if columns > LONGEST_LINE:
            raise PeerError(f"a line of {columns} columns, at most {LONGEST_LINE} expected")
        runs: list[tuple[int, Style]] = []
        numbers, styles, at = self._numbers, self._styles, self._at
        while columns:
            if at + 2 > len(numbers):
                raise PeerError("runs that end too soon")
            length, letter = numbers[at], numbers[at + 1]
            at += 2
            if length >= columns or letter >= len(styles):
                raise PeerError(f"a run of {length} of {columns} columns, in style {letter} of {len(styles)}")
            runs.append((length or columns, styles[letter]))
            columns -= length or columns
        self._at = at
        return tuple(runs)


def _numbers(octets: bytes) -> list[int]:
    """Return the numbers in `octets`, varints of one or two. Raises PeerError."""
    numbers: list[int] = []
    rest = iter(octets)
    for octet in rest:
        if octet >= _MORE:
            high = next(rest, _MORE)
            if high >= _MORE:
                raise PeerError(f"runs that end too soon, or a number of more than {_LONGEST_VARINT_BITS} bits")
            octet = octet & ~_MORE | high << 7
        numbers.append(octet)
    return numbers


def _text(octets: bytes, longest: int) -> str:
    if len(octets) > longest:
        raise PeerError(f"{len(octets)} octets of text, at most {longest} expected")
    try:
        return str(octets, "utf-8")
    except UnicodeDecodeError:
        raise PeerError("text that is not UTF-8") from None


def _graphemes(octets: bytes, count: int) -> tuple[str, ...]:
    if not count and not octets:
        return ()
    graphemes = tuple(_text(octets, TEXTS_LIMIT_OCTETS).split("\n"))
    if len(graphemes) != count:
        raise PeerError(f"{len(graphemes)} graphemes for {count} cells")
    for grapheme in graphemes:
        if not 1 <= len(grapheme.encode()) <= LONGEST_GRAPHEME_OCTETS or _CONTROL_IN_GRAPHEME.search(grapheme):
            raise PeerError(f"a grapheme is not 1–{LONGEST_GRAPHEME_OCTETS} octets without control characters")
    return graphemes


def _style(message: protobuf.Message) -> Style:
    said = message.get
    fg, bg, underline_color = (said(number, DEFAULT_COLOR) for number in (_FG, _BG, _UNDERLINE_COLOR))
    for color in (fg, bg, underline_color):
        if not (DEFAULT_COLOR <= color <= HIGHEST_INDEX or RGB <= color <= HIGHEST_RGB):
            raise PeerError(f"{color} is no colour")
    # What a later version's server knows and this client does not is as in a frame, where its number means nothing.
    flags, underline = said(_FLAGS, 0) & ALL_FLAGS, said(_UNDERLINE, 0)
    if underline > HIGHEST_UNDERLINE:
        underline = UNDERLINE_SINGLE
    link = _text(said(_LINK, b""), TEXTS_LIMIT_OCTETS)
    if link and not is_link(link):
        raise PeerError("a hyperlink that is no URI of a known scheme")
    return Style(fg, bg, flags, underline, underline_color, link)
