"""The language of the cases: `*.case` files in, cases out. README.md has it on one page.

Every error says the file and the line. Knows nothing of how a case is run.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from tests.screens.facts import Facts, cursor_text, modes_text, row_text, style_of, style_text, styles_text, visible

from mosh_common.terminal.cells import DEFAULT_STYLE, Style

DEFAULT_SIZE: Final = (10, 4)
LONGEST_INPUT: Final = 1 << 20  # octets that `repeat` may make, so that a slip of the finger does not fill the memory

# Where a rule may come from: the first word of a `from` line.
SOURCES: Final = (
    "ECMA-48", "ISO-2022", "T.416", "Unicode", "VT100", "VT220", "VT420", "VT510", "DEC-STD-070", "xterm", "kitty",
    "VTE", "console_codes(4)", "docs/",
)  # fmt: skip

_ESCAPE: Final = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u\{([0-9a-fA-F]{1,6})\}|(.))|([^\\]+)|(\\)", re.DOTALL)
_CONTROLS: Final = {
    "e": b"\x1b", "a": b"\a", "b": b"\b", "t": b"\t", "n": b"\n", "v": b"\v", "f": b"\f", "r": b"\r", "s": b" ",
    "\\": b"\\",
}  # fmt: skip
_COLUMNS: Final = re.compile(r"(\d+)(?:-(\d+))?")


class CaseError(Exception):
    """A file that does not follow the language."""


class Feed(NamedTuple):
    """Output of a program, or a frame."""

    data: bytes


class Resize(NamedTuple):
    """A new size of the window."""

    columns: int
    lines: int


class Check(NamedTuple):
    """What the terminal must be like now; `line` is the first that says so."""

    line: int
    expected: Facts


Step: TypeAlias = Feed | Resize | Check


class Case(NamedTuple):
    """A rule with its source, and what to do to see it."""

    path: Path
    line: int
    name: str
    sources: tuple[str, ...]
    size: tuple[int, int]
    steps: tuple[Step, ...]
    reads_frames: bool = False  # the terminal is a client's
    allows_checksums: bool = False
    differs: tuple[str, ...] = ()  # from what, and why we do it our way

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"{self.path.name}:{self.line}"


def octets_of(text: str) -> bytes:
    r"""Return what `text` stands for: UTF-8, with \e \r \n \b \t \a \v \f \s \\ \xHH (an octet) and \u{H…}.

    Raises ValueError for another escape.
    """
    parts = []
    for octet, code_point, control, plain, _lonely in _ESCAPE.findall(text):
        if octet:
            parts.append(bytes([int(octet, 16)]))
        elif code_point:
            parts.append(chr(int(code_point, 16)).encode())
        elif plain:
            parts.append(plain.encode())
        elif control in _CONTROLS:
            parts.append(_CONTROLS[control])
        else:
            raise ValueError(f"no escape: \\{control}")
    return b"".join(parts)


def read_cases(path: Path) -> list[Case]:
    """Return the cases of a file. Raises CaseError."""
    cases, wrong = read_understood(path)
    if wrong:
        raise wrong[0]
    return cases


def read_understood(path: Path) -> tuple[list[Case], list[CaseError]]:
    """Return the cases of a file that follow the language, and what is wrong with the others."""
    reader = _Reader(path)
    try:
        reader.read(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        reader.wrong.append(CaseError(f"{path}:{line}: no UTF-8: {error.reason}"))
    return reader.cases, reader.wrong


class _Reader:
    """Reads one file: a method for each statement."""

    def __init__(self, path: Path) -> None:
        self.cases: list[Case] = []
        self.wrong: list[CaseError] = []
        self._path = path
        self._case: _Draft | None = None
        self._passes_over = False  # the rest of a case with a fault
        self._in_rows = False  # a line that begins with a bar goes on with `rows`

    def read(self, text: str) -> None:
        """Take what stands in the file. After a fault it goes on with the next case."""
        for number, line in enumerate(text.split("\n"), 1):
            statement = line.strip()
            if not statement or statement.startswith("#"):
                continue
            keyword, _, rest = statement.partition(" ")
            if keyword == "case":
                self._finish()
                self._passes_over = self._in_rows = False
            elif self._passes_over:
                continue
            try:
                if keyword == "case":
                    self._case = _Draft(self._path, number, rest.strip())
                else:
                    self._statement(statement, keyword, rest.strip(), number)
            except ValueError as error:
                self._refuse(number, error)
        self._finish()

    def _refuse(self, number: int, error: ValueError) -> None:
        self.wrong.append(CaseError(f"{self._path}:{number}: {error}"))
        self._case, self._passes_over = None, True

    def _statement(self, text: str, keyword: str, rest: str, number: int) -> None:
        draft = self._case
        if draft is None:
            raise ValueError("nothing may stand before the first `case`")
        draft.line_of_statement = number
        if text.startswith("|") and self._in_rows:
            draft.add_row(text)
            return
        self._in_rows = keyword == "rows"
        statement = STATEMENTS.get(keyword)
        if statement is not None:
            statement(draft, rest)
        elif keyword in TEXTS:
            draft.set_text(keyword, rest)
        else:
            raise ValueError(f"no statement {keyword!r}; there are case, {', '.join((*STATEMENTS, *TEXTS))}")

    def _finish(self) -> None:
        """Take the case that ends here, if one does."""
        draft, self._case = self._case, None
        if draft is not None:
            try:
                self.cases.append(draft.case())
            except ValueError as error:
                self._refuse(draft.line, error)


# Statements with a text or a number as it is.
TEXTS: Final = ("title", "icon", "clipboard", "bells", "answer", "skipped", "clipboard-too-long")


class _Draft:
    """A case that is being read. Its methods raise ValueError for what is not well formed."""

    def __init__(self, path: Path, line: int, name: str) -> None:
        if not name:
            raise ValueError("a case has a name")
        self.line = line
        self.line_of_statement = line
        self._path = path
        self._name = name
        self._sources: list[str] = []
        self._differs: list[str] = []
        self._size = self._now = DEFAULT_SIZE
        self._reads_frames = self._allows_checksums = False
        self._steps: list[Step] = []
        self._expected: _Expected | None = None  # since the last input

    def case(self) -> Case:
        """Return it, finished."""
        self._end_check()
        if not self._sources:
            raise ValueError(f"{self._name!r} says not where the rule is from")
        if not self._steps or not isinstance(self._steps[-1], Check):
            raise ValueError(f"{self._name!r} does not end with what is expected")
        return Case(
            path=self._path,
            line=self.line,
            name=self._name,
            sources=tuple(self._sources),
            size=self._size,
            steps=tuple(self._steps),
            reads_frames=self._reads_frames,
            allows_checksums=self._allows_checksums,
            differs=tuple(self._differs),
        )

    # --- what it is about

    def add_source(self, text: str) -> None:
        """`from SOURCE …`"""
        if not text.startswith(SOURCES):
            raise ValueError(f"{text!r} begins with none of the sources {', '.join(SOURCES)}")
        self._sources.append(text)

    def add_difference(self, text: str) -> None:
        """`differs from WHAT: WHY`"""
        if not text.startswith("from ") or ": " not in text:
            raise ValueError("differs from WHAT: WHY")
        self._differs.append(text)

    def set_size(self, text: str) -> None:
        """`size COLUMNS LINES`, before all input"""
        if self._steps:
            raise ValueError("after input it is `resize`")
        self._size = self._now = _two_numbers(text)

    def set_reader(self, text: str) -> None:
        """`reads frames`"""
        if text != "frames":
            raise ValueError("a terminal reads what programs write, or frames: `reads frames`")
        self._reads_frames = True

    def allow(self, text: str) -> None:
        """`allows checksums`"""
        if text != "checksums":
            raise ValueError("what can be allowed is: `allows checksums`")
        self._allows_checksums = True

    # --- input

    def feed(self, text: str) -> None:
        """`in TEXT`"""
        self._feed(octets_of(text))

    def repeat(self, text: str) -> None:
        """`repeat COUNT TEXT`"""
        count, _, what = text.partition(" ")
        data = octets_of(what.strip())
        if not count.isdecimal() or not data or int(count) * len(data) > LONGEST_INPUT:
            raise ValueError(f"repeat COUNT TEXT, {LONGEST_INPUT} octets at most")
        self._feed(int(count) * data)

    def _feed(self, data: bytes) -> None:
        self._end_check()
        last = self._steps[-1] if self._steps else None
        if isinstance(last, Feed):
            data = last.data + data  # lines of input that follow each other are one
            self._steps.pop()
        self._steps.append(Feed(data))

    def resize(self, text: str) -> None:
        """`resize COLUMNS LINES`"""
        self._end_check()
        self._now = _two_numbers(text)
        self._steps.append(Resize(*self._now))

    # --- expected

    def _expecting(self) -> _Expected:
        if self._expected is None:
            if not self._steps:
                raise ValueError("nothing is expected before input")
            self._expected = _Expected(self.line_of_statement, *self._now)
        return self._expected

    def _end_check(self) -> None:
        if self._expected is not None:
            self._steps.append(Check(self._expected.line, self._expected.facts()))
            self._expected = None

    def add_row(self, text: str) -> None:
        """`rows |TEXT|`, and further rows in lines of their own; `>` at the end: the row wrapped into the next"""
        self._expecting().add_row(text)

    def set_row(self, text: str) -> None:
        """`row NUMBER |TEXT|`"""
        number, _, rest = text.partition(" ")
        self._expecting().set_row(_number(number), rest.strip())

    def set_cursor(self, text: str) -> None:
        """`cursor ROW COLUMN`, and `pending` if the next character wraps first"""
        self._expecting().set_cursor(text)

    def set_style(self, text: str) -> None:
        """`style ROW COLUMN WORD …`, `style ROW COLUMN-COLUMN WORD …`"""
        self._expecting().set_style(text)

    def set_pen(self, text: str) -> None:
        """`pen WORD …`"""
        self._expecting().others["pen"] = style_text(style_of(text.split()))

    def set_modes(self, text: str) -> None:
        """`modes WORD …`"""
        others = self._expecting().others
        others["modes"], others["server-modes"] = modes_text(text.split())

    def set_text(self, keyword: str, text: str) -> None:
        """`title`, `answer` and so on; an `answer` goes on with the one before it."""
        others = self._expecting().others
        plain = visible(octets_of(text).decode())
        if keyword in ("bells", "skipped", "clipboard-too-long"):
            _number(plain)
        others[keyword] = others[keyword] + plain if keyword == "answer" else plain
        if keyword in ("title", "icon"):
            others["title was set"] = "yes"


# What may stand in a case, by its first word: what is done with the rest of the line.
STATEMENTS: Final[dict[str, Callable[[_Draft, str], None]]] = {
    "from": _Draft.add_source, "differs": _Draft.add_difference, "size": _Draft.set_size,
    "reads": _Draft.set_reader, "allows": _Draft.allow, "in": _Draft.feed, "repeat": _Draft.repeat,
    "resize": _Draft.resize, "rows": _Draft.add_row, "row": _Draft.set_row, "cursor": _Draft.set_cursor,
    "style": _Draft.set_style, "pen": _Draft.set_pen, "modes": _Draft.set_modes,
}  # fmt: skip


class _Expected:
    """The facts that a check expects: what is not said is as after power-up."""

    def __init__(self, line: int, columns: int, lines: int) -> None:
        self.line = line
        self.others = {
            "cursor": "1 1", "pen": "", "modes": "", "title": "", "icon": "", "title was set": "no", "clipboard": "",
            "bells": "0", "server-modes": "", "answer": "", "clipboard-too-long": "0", "skipped": "0",
        }  # fmt: skip
        self._columns, self._lines = columns, lines
        self._rows: list[str] = []
        self._styles: dict[int, list[Style]] = {}

    def facts(self) -> Facts:
        """Return all of them."""
        facts = {"size": f"{self._columns} {self._lines}"}
        blank = row_text("", self._columns, wraps=False)
        for number in range(1, self._lines + 1):
            facts[f"row {number}"] = self._rows[number - 1] if number <= len(self._rows) else blank
            facts[f"styles {number}"] = styles_text(self._styles.get(number, ()))
        return {**facts, **self.others}

    def add_row(self, text: str) -> None:
        """Expect `text`, between bars, in the next row."""
        if len(self._rows) == self._lines:
            raise ValueError(f"more than {self._lines} rows")
        if len(text) < 2 or text[0] != "|" or text[-1] not in "|>":
            raise ValueError(f"a row stands between bars, not {text!r}")
        self._rows.append(row_text(octets_of(text[1:-1]).decode(), self._columns, wraps=text[-1] == ">"))

    def set_row(self, number: int, text: str) -> None:
        """Expect `text` in row `number`, and nothing in those before it of which nothing was said."""
        if number <= len(self._rows):
            raise ValueError("rows are told from the top")
        if number > self._lines:
            raise ValueError(f"there is no row {number} of {self._lines}")
        while len(self._rows) < number - 1:
            self._rows.append(row_text("", self._columns, wraps=False))
        self.add_row(text)

    def set_cursor(self, text: str) -> None:
        """Expect the cursor there."""
        place = text.removesuffix(" pending")
        row, column = _two_numbers(place)
        if row > self._lines or column > self._columns:
            raise ValueError(f"there is no {place} on {self._columns} × {self._lines}")
        self.others["cursor"] = cursor_text(row, column, pending=place != text)

    def set_style(self, text: str) -> None:
        """Expect a style in columns of a row."""
        words = text.split()
        match = _COLUMNS.fullmatch(words[1]) if len(words) > 2 else None
        if match is None:
            raise ValueError("style ROW COLUMNS WORD …, with columns such as 3 or 3-5")
        row, first = _number(words[0]), _number(match[1])
        last = _number(match[2] or match[1])
        if row > self._lines or not first <= last <= self._columns:
            raise ValueError(f"there is no {words[0]} {words[1]} on {self._columns} × {self._lines}")
        styles = self._styles.setdefault(row, [DEFAULT_STYLE] * self._columns)
        styles[first - 1 : last] = [style_of(words[2:])] * (last - first + 1)


def _number(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(f"{text!r} is no number")
    return int(text)


def _two_numbers(text: str) -> tuple[int, int]:
    words = text.split()
    if len(words) != 2 or not all(word.isdecimal() and 0 < int(word) <= 1000 for word in words):
        raise ValueError(f"two numbers of 1 to 1000, not {text!r}")
    return int(words[0]), int(words[1])
