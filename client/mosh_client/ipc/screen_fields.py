"""What a frame holds of a screen, as fields of a message: rows, styles, modes, title and clipboard.

Their bounds are those of the modules that own the values. A frame comes with each key, so each part is read in one go,
with as few calls as can be. What parts mean relative to the frames before is frames.py's.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from mosh_client.ipc.fields import Field, array, checked_array, checked_boolean, checked_text
from mosh_common.errors import PeerError
from mosh_common.terminal.cells import (
    ALL_FLAGS,
    CLUSTER,
    DEFAULT_COLOR,
    HIGHEST_CURSOR_SHAPE,
    HIGHEST_INDEX,
    HIGHEST_RGB,
    HIGHEST_UNDERLINE,
    MOUSE_ENCODING,
    MOUSE_TRACKING,
    RGB,
    Clusters,
    Modes,
    Palette,
    Row,
    Style,
)
from mosh_common.terminal.history.line import LONGEST_LINE, PAGE_LINES, Line
from mosh_common.terminal.payloads import LONGEST_TITLE, is_clipboard, is_link, is_title
from mosh_common.wire.size import SIDE_LIMIT

LONGEST_CLUSTER_OCTETS: Final = 64  # docs/terminal.md §1 keeps 32 octets a cell; twice that leaves room for its base

# SECURITY: as in any text (fields.py), but for the cells' stand-ins \x00–\x02.
# Test: test_a_cell_may_not_hold_a_control_character.
_CONTROL_IN_ROW: Final = re.compile("[\x03-\x1f\x7f-\x9f\ud800-\udfff]")
_STRAY_WIDE_TAIL: Final = re.compile("(?:\\A|[\x00\x01])\x01")  # a right half needs a left one
_KNOWN_STYLES: Final = 1024

_MOUSE_TRACKING: Final = frozenset((0, *MOUSE_TRACKING))
_MOUSE_ENCODING: Final = frozenset((0, *MOUSE_ENCODING))


def _style(value: Any) -> Style:
    fg, bg, flags, underline, underline_color, hyperlink = checked_array(value, "style", 6)
    if not type(fg) is type(bg) is type(flags) is type(underline) is type(underline_color) is int:
        raise PeerError("a colour, flags or underline of a style is not an integer")
    for color in (fg, bg, underline_color):
        if not (DEFAULT_COLOR <= color <= HIGHEST_INDEX or RGB <= color <= HIGHEST_RGB):
            raise PeerError(f"{color} is no colour")
    if not 0 <= flags <= ALL_FLAGS:
        raise PeerError(f"style flags {flags}, expected 0–{ALL_FLAGS}")
    if not 0 <= underline <= HIGHEST_UNDERLINE:
        raise PeerError(f"underline {underline}, expected 0–{HIGHEST_UNDERLINE}")
    if hyperlink != "" and (type(hyperlink) is not str or not is_link(hyperlink)):
        raise PeerError("hyperlink is not a URI of a known scheme, perhaps with an id")
    return tuple.__new__(Style, value)


# A page of history has thousands of runs, and few styles. SECURITY: what equals a style that was in order becomes that
# very object, whatever its own numbers were made of. Test: test_a_style_that_equals_a_known_one_is_that_one.
_checked_style: Final = lru_cache(_KNOWN_STYLES)(_style)


def _known_style(value: Any) -> Style:
    try:
        return _checked_style(value)
    except TypeError:  # it holds what cannot be looked up: a map
        raise PeerError("a style that holds a map") from None


def _numbered_row(value: Any) -> tuple[int, Row]:
    """Check a row by itself; whether it is within its frame is to be seen there."""
    line, text, letters, wrapped, clusters = checked_array(value, "row", 5)
    if type(line) is not int or line < 0:
        raise PeerError("a row's line is not an integer from 0 on")
    if type(text) is not str or type(letters) is not str or not text or len(text) != len(letters):
        raise PeerError("a row's text and letters are not texts of one length")
    found = _CONTROL_IN_ROW.search(text)
    if found:
        raise PeerError(f"control character U+{ord(found.group()):04X} in a cell")
    if "\x01" in text and _STRAY_WIDE_TAIL.search(text):
        raise PeerError("the right half of a wide character without its left half")
    return line, (text, letters, checked_boolean(wrapped, "wrapped"), _clusters(clusters, text))


def _clusters(value: Any, text: str) -> Clusters:
    pairs = checked_array(value, "clusters")
    if len(pairs) != text.count(CLUSTER):
        raise PeerError(f"{len(pairs)} clusters for {text.count(CLUSTER)} cells")
    clusters: dict[int, str] = {}
    for pair in pairs:
        column, grapheme = checked_array(pair, "cluster", 2)
        if type(column) is not int or not 0 <= column < len(text) or text[column] != CLUSTER or column in clusters:
            raise PeerError("a cluster for a column that wants none")
        clusters[column] = _grapheme(grapheme)
    return clusters


def _line(value: Any) -> Line:
    """Check a line of history."""
    text, runs, graphemes = checked_array(value, "line", 3)
    if type(text) is not str or len(text) > LONGEST_LINE:
        raise PeerError(f"a line is not a text of at most {LONGEST_LINE} columns")
    found = _CONTROL_IN_ROW.search(text)
    if found:
        raise PeerError(f"control character U+{ord(found.group()):04X} in a line")
    if "\x01" in text and _STRAY_WIDE_TAIL.search(text):
        raise PeerError("the right half of a wide character without its left half")
    styled: list[tuple[int, Style]] = []
    for run in checked_array(runs, "runs"):
        columns, style = checked_array(run, "run", 2)
        if type(columns) is not int or not 1 <= columns <= LONGEST_LINE:
            raise PeerError(f"a run is not 1–{LONGEST_LINE} columns")
        styled.append((columns, _known_style(style)))
    if sum([columns for columns, _ in styled]) != len(text):
        raise PeerError(f"runs that are not together the {len(text)} columns of their line")
    if len(checked_array(graphemes, "graphemes")) != text.count(CLUSTER):
        raise PeerError(f"{len(graphemes)} clusters for {text.count(CLUSTER)} cells")
    return Line(text, tuple(styled), tuple([_grapheme(each) for each in graphemes]))


def _grapheme(value: Any) -> str:
    grapheme = checked_text(value, LONGEST_CLUSTER_OCTETS, "cluster")
    if not grapheme or len(grapheme.encode()) > LONGEST_CLUSTER_OCTETS:
        raise PeerError(f"a cluster is not 1–{LONGEST_CLUSTER_OCTETS} octets")
    return grapheme


def _pack_rows(rows: tuple[tuple[int, Row], ...]) -> list[Any]:
    return [(line, text, letters, wrapped, list(clusters.items())) for line, (text, letters, wrapped, clusters) in rows]


def _modes(value: Any) -> Modes:
    reverse, visible, paste, tracking, encoding, focus, scroll, shape = checked_array(value, "modes", 8)
    if not type(reverse) is type(visible) is type(paste) is type(focus) is type(scroll) is bool:
        raise PeerError("a mode is not true or false")
    if type(tracking) is not int or tracking not in _MOUSE_TRACKING:
        raise PeerError("unknown mouse tracking mode")
    if type(encoding) is not int or encoding not in _MOUSE_ENCODING:
        raise PeerError("unknown mouse encoding")
    if type(shape) is not int or not 0 <= shape <= HIGHEST_CURSOR_SHAPE:
        raise PeerError(f"cursor shape is not 0–{HIGHEST_CURSOR_SHAPE}")
    return tuple.__new__(Modes, value)


def _title(value: Any) -> tuple[str, str, bool]:
    title, icon_name, ever_set = checked_array(value, "title", 3)
    for text in (title, icon_name):
        if type(text) is not str or not is_title(text):
            raise PeerError(f"title is not a text without controls of at most {LONGEST_TITLE} characters")
    return (title, icon_name, checked_boolean(ever_set, "title set"))


def _clipboard(value: Any) -> str:
    """Check "selection;base64", or "" = never set."""
    # SECURITY: anything else could ask the terminal for its clipboard. Test: test_a_frame_out_of_bounds_is_refused.
    if type(value) is not str or not (value == "" or is_clipboard(value)):
        raise PeerError("clipboard is not a selection and base64")
    return value


STYLE: Final = Field("style", "style", _style)
STYLES: Final = array("styles", STYLE, Palette.LIMIT)
ROWS: Final = array("rows", Field("row", "row", _numbered_row), SIDE_LIMIT)._replace(
    bounds="≤ lines, each row", pack=_pack_rows
)
LINES: Final = array("lines", Field("line", "line", _line), PAGE_LINES)
MODES: Final = Field("modes", "modes", _modes)
TITLE: Final = Field("title", "title", _title)
CLIPBOARD: Final = Field("clipboard", "clipboard", _clipboard)
