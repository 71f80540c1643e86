"""Rows of the frame diff: turn one row into another with as few octets as can be.

Compares whole rows with C-speed string operations and loops only over runs that differ. Knows nothing of scrolling,
titles or modes.
"""

from __future__ import annotations

import re
from operator import eq, ne, or_
from typing import Final

from mosh_common.terminal.cells import CLUSTER, DEFAULT_STYLE, EMPTY, WIDE_TAIL, Row, Style
from mosh_common.terminal.frame_diff.pen import UNKNOWN, Pen
from mosh_common.terminal.frame_diff.sgr import erasable
from mosh_common.terminal.frame_diff.widths import is_agreed, is_agreed_grapheme, is_undrawn_by_upstream, tokens

_DIRTY: Final = re.compile(b"\x01+")
_ONE_IF_ANY: Final = b"\x00" + b"\x01" * 255  # for bytes.translate
_STYLE_RUN: Final = re.compile(r"(.)\1*", re.DOTALL)

# ECH (4 octets) and a move on (4) against as many spaces.
_LONG_BLANK: Final = re.compile(" {9,}")
_ECH_AT_END: Final = 5  # the same when nothing of the row follows
_EL_LENGTH: Final = 3  # octets of EL
_WORTH_SHIFTING: Final = 10  # columns that differ; ICH and DCH with their moves cost about as much
_SHIFT_COST: Final = 4  # octets of ICH or DCH; the move to where it happens is needed anyway
_SHIFT_BETWEEN_COST: Final = 14  # of both, with a move between them
_MOVE_COST: Final = 4  # of CUF
_ANCHOR: Final = 6  # columns by which text is recognised that moved sideways

# On the wire, of all octets at most one in so many is spent on placing what follows characters of disputed width.
_OCTETS_PER_PLACING_OCTET: Final = 16
_PLACING_COST: Final = 6  # octets of CHA
_PLACING_COST_AT_END: Final = 24  # of two CUPs and a character twice


class RowPainter:
    """Draws rows, top to bottom, with one pen and the new screen's palette."""

    __slots__ = ("_bottom", "_columns", "_counted", "_credit", "_open", "_pen", "_strict", "_styles", "_wrapping")

    def __init__(self, pen: Pen, styles: list[Style]) -> None:
        self._pen = pen
        self._styles = styles
        self._columns = pen.columns
        self._bottom = pen.lines - 1
        self._wrapping = False  # the row above was written through its end, so this one begins with a wrap
        self._open = False  # … but for its last column, as a wide character is to come that does not fit there
        self._strict = pen.dialect.visible  # a real terminal, whose widths nobody knows
        self._credit = 0  # octets written, less those that had to be written for each one spent on placing
        self._counted = 0  # pieces of output that the credit includes

    def draw(self, index: int, old: Row, new: Row, *, wrap_known: bool = True) -> None:
        """Turn `old` at row `index` into `new`; both have the palette's letters.

        Every row from the first that differs on has to be passed, unless nothing of it is to be drawn and `wrapping`
        is False. With `wrap_known` False the other end may hold either value of the old row's wrap flag.
        """
        pen = self._pen
        columns = self._columns
        old_text = old[0].replace(EMPTY, " ")
        new_text = new[0].replace(EMPTY, " ")
        letters = new[1]
        mask = _differences(old, new, old_text, new_text)
        if WIDE_TAIL in new_text:
            mask = _whole_graphemes(mask, new_text)
        elif mask.count(1) > _WORTH_SHIFTING and wrap_known and not (old[2] or new[2] or self._wrapping):
            mask = self._shift(index, old, new, old_text, new_text, mask)
        if self._wrapping:
            mask = b"\x01\x01" + mask[2:] if new_text[1:2] == WIDE_TAIL else b"\x01" + mask[1:]

        # A row's wrap flag lives in its last cell: printing past it sets the flag, rewriting it clears it.
        wraps = new[2] and index < self._bottom
        through = wraps and (not old[2] or not wrap_known or mask[-1] == 1)
        # A blank that was printed would be copied from the scrollback.
        opens = through and pen.dialect.scrolls_back and mask[-1] == 0 and new[0][-1] == EMPTY
        if (through and not opens) or (not new[2] and (old[2] or not wrap_known)):
            mask = mask[:-2] + b"\x01\x01" if new_text[-1] == WIDE_TAIL else mask[:-1] + b"\x01"
        if 1 not in mask and not opens:
            return
        if self._wrapping:
            mask = self._begin_after_wrap(new, new_text, mask)
            self._wrapping = self._open = False

        end = columns
        tail = columns if new[2] else self._erasable_tail(index, new_text, letters)  # EL takes the wrap flag along
        erase_at = self._worth_erasing(mask, tail) if tail < columns else UNKNOWN
        if erase_at >= 0:
            end = tail
        for match in _DIRTY.finditer(mask, 0, end):
            self._draw_run(index, match.start(), match.end(), new, new_text, keep_last=through)
        if erase_at >= 0:
            style = self._styles[ord(letters[-1])]
            if pen.row != index or pen.column == UNKNOWN or pen.pending or not tail <= pen.column <= erase_at:
                self._move(index, erase_at, new_text, letters, style)
            pen.set_background_of(style)
            pen.output.append("\x1b[K")
        if opens:
            self._wrapping = self._open = True
            pen.move(index, columns - 1)
        elif through:
            self._end_pending(index, new, new_text)

    def _worth_erasing(self, mask: bytes, tail: int) -> int:
        """Return from where the blanks behind `tail` are to be erased; UNKNOWN where printing them does as well."""
        first = mask.find(1, tail)
        if first < 0:
            return UNKNOWN
        length = mask.rfind(1) + 1 - first
        # Blanks that were printed would be copied from the scrollback, with the row.
        if length >= _EL_LENGTH or (first == 0 and length > 1) or self._pen.dialect.scrolls_back:
            return first
        return UNKNOWN

    @property
    def wrapping(self) -> bool:
        """Whether the next row has to be drawn, because its first character makes the wrap."""
        return self._wrapping

    def _shift(self, index: int, old: Row, new: Row, old_text: str, new_text: str, mask: bytes) -> bytes:
        """Insert or delete characters if that leaves less to be drawn; return what is left."""
        pen = self._pen
        start = mask.find(1)
        if not pen.dialect.insert_delete_characters or WIDE_TAIL in old_text or CLUSTER in old_text[start:]:
            return mask
        if CLUSTER in new_text[start:]:
            return mask
        moved = old_text[start : start + _ANCHOR]
        count = 0 if moved.isspace() else new_text.find(moved, start + 1) - start
        inserting = count > 0
        if not inserting:
            moved = new_text[start : start + _ANCHOR]
            count = 0 if moved.isspace() else old_text.find(moved, start + 1) - start
            if count <= 0:
                return mask
        # What moves ends where it stops being equal; what follows there, another pane perhaps, is to stay in place.
        longer, shorter = (new_text, old_text) if inserting else (old_text, new_text)
        equal = bytes(map(eq, longer[start + count :], shorter[start:])) + b"\x00"
        end = start + count + equal.index(0)
        best = mask
        least = _cost(mask, new_text)
        chosen = 0
        for stop, operations_cost in ((self._columns, _SHIFT_COST), (end, _SHIFT_BETWEEN_COST)):
            text = _shifted(old_text, start, stop, count if inserting else -count, " ")
            letters = _shifted(old[1], start, stop, count if inserting else -count, "\x00")
            left = _differences((text, letters, False, old[3]), new, text, new_text)
            cost = _cost(left, new_text) + operations_cost
            if cost < least:
                best, least, chosen = left, cost, stop
        if not chosen:
            return mask
        pen.set_background_of(DEFAULT_STYLE)
        operations = [(start, "@")] if inserting else [(start, "P")]
        if chosen < self._columns:
            # Deleting comes first, so that nothing is pushed over the edge.
            operations.insert(0 if inserting else 1, (chosen - count, "P" if inserting else "@"))
        for column, final in operations:
            self._move(index, column, old_text, old[1], pen.style)
            pen.output.append(f"\x1b[{count if count > 1 else ''}{final}")
        return best

    def _erasable_tail(self, index: int, text: str, letters: str) -> int:
        """Return the column from which on EL makes what the row shows; `columns` if there is none."""
        if text[-1] != " ":
            return self._columns
        last = letters[-1]
        style = self._styles[ord(last)]
        if not erasable(style) or (not self._pen.dialect.bce and style.bg != -1):
            return self._columns
        least = 1 if index == 0 and self._pen.dialect.continues else 0  # see wraps.py
        return max(len(text.rstrip(" ")), len(letters.rstrip(last)), least)

    def _begin_after_wrap(self, new: Row, text: str, mask: bytes) -> bytes:
        """Print the first character of a row so that it makes the wrap; return what remains to be drawn."""
        pen = self._pen
        width = 2 if text[1:2] == WIDE_TAIL else 1
        first = text[:width]
        grapheme = new[3][0] if first[0] == CLUSTER else first[0]
        agreed = is_agreed_grapheme(first, grapheme, strict=self._strict)
        if self._open and not (width == 2 and agreed and pen.dialect.unicode):
            pen.set_style(DEFAULT_STYLE)
            pen.print(" ", 1)
        pen.set_style(self._styles[ord(new[1][0])])
        pen.wrap()
        pen.print(self._encodable(grapheme), width)
        if not agreed and self._may_place(grapheme, at_end=True):
            # Where it went on the other end is uncertain; this was for the wrap, draw it again in its place.
            pen.forget_position()
            return b"\x01" * width + mask[width:]
        return b"\x00" * width + mask[width:]

    def _end_pending(self, index: int, new: Row, text: str) -> None:
        """See to it that a wrap is pending on the other end, too, after a row was written through its end."""
        pen = self._pen
        self._wrapping = True
        if pen.pending:
            return
        # Where the row's last grapheme ends is uncertain on the other end: place and print it once more.
        start = self._columns - (2 if text[-1] == WIDE_TAIL else 1)
        grapheme = new[3][start] if text[start] == CLUSTER else text[start]
        pen.move(index, start)
        pen.print(self._encodable(grapheme), self._columns - start)

    def _move(self, row: int, column: int, text: str, letters: str, style: Style) -> None:
        """Move within the screen, over cells that are right already where that is shorter."""
        pen = self._pen
        gap = ""
        start = pen.column if pen.row == row and not pen.pending and 0 <= pen.column < column else 0
        if 0 < column - start <= 4:
            gap = text[start:column]
            letter = letters[start]
            if not (gap.isascii() and gap.isprintable()) or letters[start:column] != letter * len(gap):
                gap = ""
            else:
                of_gap = self._styles[ord(letter)]
                if of_gap != pen.style:
                    if of_gap == style:
                        pen.set_style(style)
                    else:
                        gap = ""
        pen.move(row, column, text=gap)

    def _draw_run(self, index: int, start: int, end: int, new: Row, text: str, *, keep_last: bool) -> None:
        """Draw the columns from `start` to before `end`; `keep_last`: the row's last column must be printed."""
        letters = new[1]
        styles = self._styles
        self._move(index, start, text, letters, styles[ord(letters[start])])
        part = letters[start:end]
        if part == part[0] * len(part):
            self._draw_styled(index, start, end, new, text, styles[ord(part[0])], end, keep_last)
            return
        for match in _STYLE_RUN.finditer(letters, start, end):
            first, last = match.span()
            self._draw_styled(index, first, last, new, text, styles[ord(letters[first])], end, keep_last)

    def _draw_styled(
        self,
        index: int,
        start: int,
        end: int,
        new: Row,
        text: str,
        style: Style,
        run_end: int,
        keep_last: bool,
    ) -> None:
        """Draw columns of one style; blank stretches are erased where that is shorter."""
        pen = self._pen
        part = text[start:end]
        dialect = pen.dialect
        if "     " in part and dialect.ech and erasable(style) and (dialect.bce or style.bg == -1):
            limit = end - 1 if keep_last and end == self._columns else end
            at = start
            for match in _LONG_BLANK.finditer(text, start, limit):
                first, last = match.span()
                if first > at:
                    self._draw_text(index, at, first, new, text, style)
                self._erase(index, first, last, style)
                at = last
            stretch = limit - max(at, len(text[:limit].rstrip(" ")))
            if limit == run_end and stretch >= _ECH_AT_END:
                first = limit - stretch
                if first > at:
                    self._draw_text(index, at, first, new, text, style)
                self._erase(index, first, limit, style)
                at = limit
            if at < end:
                self._draw_text(index, at, end, new, text, style)
            return
        self._draw_text(index, start, end, new, text, style)

    def _erase(self, index: int, start: int, end: int, style: Style) -> None:
        pen = self._pen
        pen.set_background_of(style)
        pen.move(index, start)
        pen.output.append(f"\x1b[{end - start}X")

    def _draw_text(self, index: int, start: int, end: int, new: Row, text: str, style: Style) -> None:
        """Print columns of one style."""
        pen = self._pen
        if pen.style != style:
            pen.set_style(style)
        if pen.row != index or pen.column != start or pen.pending:
            pen.move(index, start)
        part = text[start:end]
        if part.isascii() and CLUSTER not in part and WIDE_TAIL not in part:
            pen.print(part, end - start)
            return
        if not pen.dialect.unicode:
            pen.print(self._plain(start, new, part), end - start)
            return
        strict = self._strict
        if CLUSTER not in part and is_agreed(part, strict=strict):
            pen.print(part.replace(WIDE_TAIL, ""), end - start)
            return
        at = start
        for token in tokens(part, strict=strict):
            if pen.column != at or pen.pending:
                pen.move(index, at)
            char = token[0]
            grapheme = new[3][at] if char == CLUSTER else token.replace(WIDE_TAIL, "")
            pen.print(grapheme, len(token))
            at += len(token)
            if " " <= char <= "~" or is_agreed_grapheme(token, grapheme, strict=strict):
                continue  # a token is agreed as a whole or not at all
            at_end = at >= self._columns - 2
            if self._may_place(grapheme, at_end=at_end):
                pen.pending = False
                pen.column = UNKNOWN
                if at_end:
                    pen.row = UNKNOWN

    def _may_place(self, disputed: str, *, at_end: bool) -> bool:
        """Return whether to place what follows `disputed`, on whose columns not all ends agree.

        On the wire only while that stays a small part of the frame, unless it is sure to be misplaced: no frame is to
        be much longer than upstream's, which places nothing.
        """
        if self._strict or is_undrawn_by_upstream(disputed):
            return True
        output = self._pen.output
        self._credit += len("".join(output[self._counted :]).encode("utf-8", "replace"))
        self._counted = len(output)
        price = (_PLACING_COST_AT_END if at_end else _PLACING_COST) * _OCTETS_PER_PLACING_OCTET
        if self._credit < price:
            return False
        self._credit -= price
        return True

    def _encodable(self, grapheme: str) -> str:
        return grapheme if self._pen.dialect.unicode or grapheme.isascii() else "?"

    def _plain(self, start: int, new: Row, part: str) -> str:
        """Return the columns in ASCII."""
        shown = part.replace(WIDE_TAIL, " ")
        return "".join(
            (new[3][start + at][:1] if char == CLUSTER else char) if char.isascii() else "?"
            for at, char in enumerate(shown)
        )


def _differences(old: Row, new: Row, old_text: str, new_text: str) -> bytes:
    """Return one octet per column: 1 where the rows differ."""
    old_letters, new_letters = old[1], new[1]
    try:
        # Nearly always both are within Latin-1: then one exclusive or compares all columns at once.
        differing = int.from_bytes(old_text.encode("latin-1")) ^ int.from_bytes(new_text.encode("latin-1"))
        if old_letters != new_letters:
            differing |= int.from_bytes(old_letters.encode("latin-1")) ^ int.from_bytes(new_letters.encode("latin-1"))
        mask = differing.to_bytes(len(new_text)).translate(_ONE_IF_ANY)
    except UnicodeEncodeError:
        mask = bytes(map(ne, old_text, new_text)) if old_text != new_text else bytes(len(new_text))
        if old_letters != new_letters:
            mask = bytes(map(or_, mask, map(ne, old_letters, new_letters)))
    if old[3] and new[3] and old[3] != new[3]:
        marks = bytearray(mask)
        for column, grapheme in new[3].items():
            if new_text[column] == CLUSTER and old[3].get(column, grapheme) != grapheme:
                marks[column] = 1
        mask = bytes(marks)
    return mask


def _cost(mask: bytes, text: str) -> int:
    """Return about how many octets drawing the columns in `mask` takes."""
    cost = 0
    for match in _DIRTY.finditer(mask):
        part = text[match.start() : match.end()]
        blanks = part.count(" ")
        cost += len(part) - max(0, blanks - _ECH_AT_END) + _MOVE_COST
    return cost


def _shifted(cells: str, start: int, end: int, count: int, blank: str) -> str:
    """Return the cells after `count` were inserted (or deleted, if negative) at `start`, those from `end` on kept."""
    if count > 0:
        return cells[:start] + blank * count + cells[start : end - count] + cells[end:]
    return cells[:start] + cells[start - count : end] + blank * -count + cells[end:]


def _whole_graphemes(mask: bytes, text: str) -> bytes:
    """Extend what is to be drawn to both halves of wide characters."""
    marks = bytearray(mask)
    column = text.find(WIDE_TAIL)
    while column > 0:
        if marks[column] != marks[column - 1]:
            marks[column] = marks[column - 1] = 1
        column = text.find(WIDE_TAIL, column + 1)
    return bytes(marks)
