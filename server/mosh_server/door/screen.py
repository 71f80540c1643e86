"""A session's screen as it goes through its door: rows as the emulator has them, which costs the session's loop little.

The visitor makes lines of them (preview.py).
"""

from __future__ import annotations

from typing import Final

from mosh_common.terminal.cells import CLUSTER, DEFAULT_STYLE, EMPTY, WIDE_TAIL, Row, Snapshot, Style, graphemes_of
from mosh_server.door.protocol import LONGEST_TEXT, STYLES_LIMIT, Screen

ROWS_LIMIT_OCTETS: Final = 4 << 20  # of JSON; some 500 × 500 cells with renditions
_CHARACTER_OCTETS: Final = 12  # at most: a pair of \uXXXX
_LETTER_OCTETS: Final = 6


def screen_of(snapshot: Snapshot, *, styles: bool) -> Screen:
    """Return the message; without `styles` no letters. Rows from the top, as many as a message takes."""
    rows: list[tuple[str, str, tuple[str, ...]]] = []
    letters = _Letters(snapshot.palette.styles)
    room = ROWS_LIMIT_OCTETS
    for text, own_letters, _wrapped, clusters in snapshot.rows:
        graphemes = graphemes_of(clusters)
        room -= _CHARACTER_OCTETS * (len(text) + sum(map(len, graphemes)))
        if styles:
            room -= _LETTER_OCTETS * len(text)
        if room < 0:
            break
        rows.append((text, letters.of(own_letters) if styles else "", graphemes))
    return Screen(
        columns=snapshot.columns,
        lines=snapshot.lines,
        rows=tuple(rows),
        styles=tuple(letters.styles) if styles else (),
        cut=len(rows) < snapshot.lines,
    )


def last_line(snapshot: Snapshot) -> str:
    """Return the last line with text, looking from the cursor upwards; "" when there is none."""
    for row in reversed(snapshot.rows[: snapshot.cursor_row + 1]):
        if row[0].strip(EMPTY + " "):
            return _row_text(row)[:LONGEST_TEXT]
    return ""


def _row_text(row: Row) -> str:
    text, _letters, _wrapped, clusters = row
    left = iter(graphemes_of(clusters))
    whole = "".join(next(left) if char == CLUSTER else char for char in text) if clusters else text
    return whole.replace(WIDE_TAIL, "").replace(EMPTY, " ").rstrip()


class _Letters:
    """The styles that rows use, under letters of their own, since a palette holds all that there ever were."""

    __slots__ = ("_known", "_of_palette", "styles")

    def __init__(self, of_palette: list[Style]) -> None:
        self._of_palette = of_palette
        self._known = {0: 0}  # a letter of the palette to ours, as `str.translate` has it
        self.styles = [tuple(DEFAULT_STYLE[:5])]

    def of(self, letters: str) -> str:
        """Return the row's letters as ours."""
        new = sorted({ord(letter) for letter in set(letters)} - self._known.keys())
        for letter in new:
            if len(self.styles) < STYLES_LIMIT:
                self._known[letter] = len(self.styles)
                self.styles.append(tuple(self._of_palette[letter][:5]))
            else:
                self._known[letter] = 0
        return letters.translate(self._known)
