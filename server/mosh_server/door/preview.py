"""What a visitor makes of a session's screen and history: text, or text with renditions, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from mosh_common.terminal.cells import CLUSTER, DEFAULT_STYLE, EMPTY, WIDE_TAIL, Style
from mosh_server.door.printable import printable
from mosh_server.door.protocol import History, Screen

if TYPE_CHECKING:
    from mosh_common.terminal.frame_diff.dialect import Dialect

_DEFAULT_LETTER: Final = "\x00"


def text_of(screen: Screen) -> str:
    """Return its lines without blanks at the right and at the end, each with LF: printable text only."""
    lines = ["".join(text for text, _letter in _cells(row)).rstrip() for row in screen.rows]
    return _joined(lines)


def ansi_of(screen: Screen) -> str:
    """Return the same with renditions; each line begins and ends in the default one."""
    from mosh_common.terminal.frame_diff.dialect import XTERM

    styles = [Style(fg, bg, flags, underline, color) for fg, bg, flags, underline, color in screen.styles] or [
        DEFAULT_STYLE
    ]
    return _joined([_ansi_line(list(_cells(row)), styles, XTERM) for row in screen.rows])


def history_text(page: History) -> str:
    """Return the lines of a page of history, each with LF: printable text only."""
    return "".join(
        "".join(text for text, _letter in _cells((text, "", clusters))).rstrip() + "\n"
        for text, _runs, clusters in page.lines
    )


def history_ansi(page: History) -> str:
    """Return the same with renditions; each line begins and ends in the default one."""
    from mosh_common.terminal.frame_diff.dialect import XTERM

    styles = [Style(fg, bg, flags, underline, color) for fg, bg, flags, underline, color in page.styles] or [
        DEFAULT_STYLE
    ]
    lines = []
    for text, runs, clusters in page.lines:
        letters = "".join([chr(place) * columns for columns, place in runs])
        lines.append(_ansi_line(list(_cells((text, letters, clusters))), styles, XTERM))
    return "".join(f"{line}\n" for line in lines)


def _ansi_line(cells: list[tuple[str, str]], styles: list[Style], dialect: Dialect) -> str:
    from mosh_common.terminal.frame_diff.sgr import rendition

    def style_of(letter: str) -> Style:
        place = ord(letter or _DEFAULT_LETTER)
        return styles[place] if place < len(styles) else DEFAULT_STYLE

    while cells and cells[-1][0] in ("", " ") and style_of(cells[-1][1]) == DEFAULT_STYLE:
        cells.pop()
    line, pen = "", DEFAULT_STYLE
    for text, letter in cells:
        style = style_of(letter)
        if text and style != pen:
            line += "".join(rendition(pen, style, dialect))
            pen = style
        line += text
    return line + "".join(rendition(pen, DEFAULT_STYLE, dialect))


def _joined(lines: list[str]) -> str:
    while lines and not lines[-1]:
        lines.pop()
    return "".join(f"{line}\n" for line in lines)


def _cells(row: tuple[str, str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    """Yield (text, letter) of each column; no text for the right half of a wide character."""
    text, letters, clusters = row
    left = iter(clusters)
    for column, char in enumerate(text):
        letter = letters[column] if letters else ""
        if char == EMPTY:
            yield " ", letter
        elif char == CLUSTER:
            yield printable(next(left, "")), letter
        else:
            yield "" if char == WIDE_TAIL else printable(char), letter
