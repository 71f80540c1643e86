"""Lines of history by chance, and a history that holds what a test puts into it."""

from __future__ import annotations

from hypothesis import strategies as st

from mosh_common.terminal.cells import ALL_FLAGS, CLUSTER, EMPTY, HIGHEST_UNDERLINE, RGB, WIDE_TAIL, Style
from mosh_common.terminal.history.line import Extent, Found, Line, Position

STYLES = (
    Style(),
    Style(),
    Style(1),
    Style(-1, 255, ALL_FLAGS, HIGHEST_UNDERLINE, RGB | 0xFFFFFF),
    Style(RGB, link=";https://example.org/"),
    Style(link="id=1;file:///etc/motd"),
)
cells = st.sampled_from(["a", "b", " ", EMPTY, "é", "\U0001f40d" + WIDE_TAIL, CLUSTER, CLUSTER + WIDE_TAIL])


def lines(longest: int = 12) -> st.SearchStrategy[Line]:
    """Return lines of any cells and of one to three styles."""
    return st.builds(_line, st.lists(cells, max_size=longest), st.integers(0, len(STYLES) ** 3 - 1))


def _line(chosen: list[str], style: int) -> Line:
    text = "".join(chosen)
    third = len(text) // 3
    lengths = (third, third, len(text) - 2 * third)
    choices = (style, style // len(STYLES), style // len(STYLES) ** 2)
    runs = [(length, STYLES[n % len(STYLES)]) for length, n in zip(lengths, choices, strict=True) if length]
    graphemes = ("e\u0301", "\U0001f469\u200d\U0001f680") * len(text)
    return Line(text, tuple(runs), graphemes[: text.count(CLUSTER)])


def line(text: str, style: Style | None = None) -> Line:
    """Return a line of one style."""
    return Line(text, ((len(text), style or Style()),) if text else ())


class FakeHistory:
    """A HistorySource of lines that a test adds, all of them whole."""

    def __init__(self, kept: list[Line] | None = None) -> None:
        self.kept = kept or []
        self.first = 0
        self.clears = 0
        self.alternate = False
        self.portions = 0  # of searches

    @property
    def extent(self) -> Extent:
        """See HistorySource."""
        return Extent(self.first, Position(len(self.kept)), self.clears)

    def lines(self, start: Position, most: int, octets: int) -> tuple[Position, list[Line], bool]:
        """See HistorySource."""
        begin = max(start, Position(self.first))
        found = self.kept[begin.line : begin.line + most]
        if begin.column and found:
            text = found[0].text[begin.column :]
            found[0] = line(text, found[0].runs[0][1])
        return begin, found, True

    def search(self, text: str, line: int, backwards: bool, units: int) -> Found:
        """See HistorySource; a portion is ten lines."""
        self.portions += 1
        order = range(line - 1, -1, -1) if backwards else range(line, len(self.kept))
        for at in order[:10]:
            if text in self.kept[at].text:
                return Found(at, None)
        return Found(None, order[10] + backwards if len(order) > 10 else None)
