"""Printing: runs of characters into cells, with wrapping, wide and combining characters, and insert mode."""

from __future__ import annotations

from typing import Final

from mosh_common.terminal import rows as row_ops
from mosh_common.terminal.cells import CLUSTER, EMPTY, NO_CLUSTERS, WIDE_TAIL, Clusters, Graphemes, Row, cell_text
from mosh_common.terminal.rows import Span
from mosh_common.terminal.screen.grid import Grid
from mosh_common.terminal.screen.state import MOVED, PENDING, PENDING_MOVED, WRITTEN
from mosh_common.terminal.width import char_width, width_runs

MAX_CLUSTER_OCTETS: Final = 32  # upstream's limit for a cell's contents; both ends must cut alike
_NO_BREAK_SPACE: Final = "\u00a0"  # what a combining character stands on where there is nothing


class Drawing(Grid):
    """What happens to printable characters."""

    # Applications that draw their own screen send little but CUP, SGR and short texts. Each of the next three has
    # the common case in one piece, because calls are what costs: inside the row, over nothing but single columns.

    def write(self, text: str) -> None:
        """Print `text`, which holds no control characters."""
        columns, column = self.columns, self.cursor_column
        end = column + len(text)
        if end <= columns and self.plain_printing and self.phase < PENDING and text.isascii():
            row = self.cursor_row
            cells, letters, wrapped, clusters = self.rows[row]
            if (cells.isascii() or WIDE_TAIL not in cells[column : end + 1]) and not clusters:
                letter = self.rendition.letter
                if letter != "\x00" or letters is not self.plain_letters:
                    new = letter * len(text)
                    if letters[column:end] != new:
                        letters = f"{letters[:column]}{new}{letters[end:]}"
                self.rows[row] = (
                    f"{cells[:column]}{text}{cells[end:]}",
                    letters,
                    wrapped and end < columns,
                    clusters,
                )
                if end < columns:
                    self.cursor_column = end
                    self.phase = WRITTEN
                else:
                    self.cursor_column = end - 1
                    self.phase = PENDING
                return
        self._write_any(text)

    def print_at(self, row: int, column: int, text: str) -> None:
        """CUP to a 0-based position, then print `text`, if it is not empty."""
        plain_printing = self.plain_printing
        if not plain_printing and self.rules.origin_mode:
            self.move_to(row, column)
            if text:
                self._write_any(text)
            return
        columns = self.columns
        if row >= self.lines:
            row = self.lines - 1
        if column >= columns:
            column = columns - 1
        self.cursor_row = row
        end = column + len(text)
        if text and end <= columns and plain_printing and text.isascii():
            cells, letters, wrapped, clusters = self.rows[row]
            if (cells.isascii() or WIDE_TAIL not in cells[column : end + 1]) and not clusters:
                letter = self.rendition.letter
                if letter != "\x00" or letters is not self.plain_letters:
                    new = letter * len(text)
                    if letters[column:end] != new:
                        letters = f"{letters[:column]}{new}{letters[end:]}"
                self.rows[row] = (
                    f"{cells[:column]}{text}{cells[end:]}",
                    letters,
                    wrapped and end < columns,
                    clusters,
                )
                if end < columns:
                    self.cursor_column = end
                    self.phase = WRITTEN
                else:
                    self.cursor_column = end - 1
                    self.phase = PENDING
                return
        self.cursor_column = column
        self.phase = MOVED
        if text:
            self._write_any(text)

    def print_styled(self, parameters: str, _: None, text: str) -> None:
        """SGR, then print `text`, if it is not empty."""
        try:
            rendition = self.rendition.after[parameters]
        except KeyError:
            rendition = self.rendition.follow(parameters)
        self.rendition = rendition
        if not text:
            return
        columns, column = self.columns, self.cursor_column
        end = column + len(text)
        if end <= columns and self.plain_printing and self.phase < PENDING and text.isascii():
            row = self.cursor_row
            cells, letters, wrapped, clusters = self.rows[row]
            if (cells.isascii() or WIDE_TAIL not in cells[column : end + 1]) and not clusters:
                letter = rendition.letter
                if letter != "\x00" or letters is not self.plain_letters:
                    new = letter * len(text)
                    if letters[column:end] != new:
                        letters = f"{letters[:column]}{new}{letters[end:]}"
                self.rows[row] = (
                    f"{cells[:column]}{text}{cells[end:]}",
                    letters,
                    wrapped and end < columns,
                    clusters,
                )
                if end < columns:
                    self.cursor_column = end
                    self.phase = WRITTEN
                else:
                    self.cursor_column = end - 1
                    self.phase = PENDING
                return
        self._write_any(text)

    def move_to(self, row: int, column: int) -> None:
        """Move the cursor to a 0-based position; with origin mode, relative to the margins and inside them."""
        self.phase = MOVED
        if self.rules.origin_mode:
            self.cursor_row = min(row + self.top, self.bottom)
            self.cursor_column = min(column + self.left, self.right)
        else:
            self.cursor_row = min(row, self.lines - 1)
            self.cursor_column = min(column, self.columns - 1)

    def _write_any(self, text: str) -> None:
        """Print `text`, whatever it holds and wherever it goes."""
        if self.charsets.single_shift and text:
            self._write_shifted(text[0])
            text = text[1:]
        if self.translation is not None:
            text = text.translate(self.translation)
        if text.isascii():
            if text:
                self._write_run(text, 1)
            return
        for narrow, wide, marks, _never in width_runs(text):
            if narrow:
                self._write_run(narrow, 1)
            elif wide:
                self._write_run(WIDE_TAIL.join(wide) + WIDE_TAIL, 2)
            else:
                self._combine(marks)

    def _write_shifted(self, char: str) -> None:
        """Print the character that SS2 or SS3 was for."""
        table = self.charsets.shifted_translation()
        self.use_charsets(self.charsets._replace(single_shift=0))
        shifted = char.translate(table) if table else char
        translation, self.translation = self.translation, None
        self.write(shifted)
        self.translation = translation

    def _write_run(self, cells: str, width: int) -> None:
        """Write a non-empty run of characters that all are `width` columns wide; with their tails, if they have any."""
        if width > self.columns:
            return  # a wide character on a screen of one column
        total = len(cells)
        offset = 0
        while True:
            if self.phase >= PENDING:
                self.phase = MOVED
                if self.rules.autowrap:
                    self._wrap()
            column = self.cursor_column
            limit = self.right + 1 if column <= self.right else self.columns
            room = limit - column
            if self.rules.insert_mode and column < self.left:
                room = min(
                    room, max(self.left - column, width)
                )  # what begins inside the margins inserts, this does not
            if width == 2:
                room &= ~1
            if room <= 0:
                # A wide character before the last column: it goes to the next row, and the column left behind is blank.
                if not self.rules.autowrap:
                    break
                self.erase(self.cursor_row, column, limit)
                self._wrap()
                continue
            piece = cells[offset : offset + room] if offset or room < total else cells
            self._write_cells(piece, limit)
            offset += len(piece)
            column += len(piece)
            if column >= limit:
                self.cursor_column = limit - 1
                self.phase = PENDING
            else:
                self.cursor_column = column
                self.phase = WRITTEN
            if offset >= total:
                break
            if not self.rules.autowrap:
                # Everything else is printed over the last column; only the last character remains.
                if width == 1:
                    self.cursor_column = limit - 1
                    self._write_cells(cells[-1], limit)
                elif self.phase >= PENDING:
                    self.phase = MOVED  # as when the next wide character comes by itself and finds no room
                break

    def _write_cells(self, cells: str, limit: int, clusters_of: Clusters = NO_CLUSTERS) -> None:
        """Put cells at the cursor, which fit before `limit`, with their clusters."""
        column = self.cursor_column
        row = self.rows[self.cursor_row]
        count = len(cells)
        if self.rules.insert_mode and column + count < limit and self.within_columns():
            self.work.charge_cells(limit - column)
            row = row_ops.insert(row, column, limit, count, self.rendition.blank)
        text, letters, wrapped, clusters = row
        end = column + count
        if clusters or clusters_of or text[column] == WIDE_TAIL or (end < self.columns and text[end] == WIDE_TAIL):
            new = Span(cells, self.rendition.letter * count, clusters_of)
            self.rows[self.cursor_row] = row
            self.put(self.cursor_row, column, new)
            return
        self.rows[self.cursor_row] = (
            text[:column] + cells + text[end:],
            letters[:column] + self.rendition.letter * count + letters[end:],
            wrapped and end < self.columns,
            NO_CLUSTERS,
        )

    def _wrap(self) -> None:
        """Go to the start of the next row, because a character did not fit."""
        if self.cursor_column == self.columns - 1:
            text, letters, _, clusters = self.rows[self.cursor_row]
            self.rows[self.cursor_row] = (text, letters, True, clusters)
        self.index()  # which scrolls only between the left and right margins, so before the column changes
        self.cursor_column = self.left if self.cursor_column >= self.left else 0

    def index(self) -> None:
        """IND: move down one row; at the bottom margin, scroll."""
        self.phase = MOVED
        if self.cursor_row == self.bottom:
            if self.left <= self.cursor_column <= self.right:
                self.scroll_up(1)
        elif self.cursor_row < self.lines - 1:
            self.cursor_row += 1

    def _last_cell(self) -> int | None:
        """Return the column of the character written last; None if the cursor moved since."""
        column = self.cursor_column
        if self.phase in (MOVED, PENDING_MOVED):
            return None
        if self.phase == WRITTEN and column > 0:
            column -= 1
        if column > 0 and self.rows[self.cursor_row][0][column] == WIDE_TAIL:
            column -= 1
        return column

    def _combine(self, marks: str) -> None:
        """Add characters without width to the cell that was written last, or else to the one at the cursor.

        They never move the cursor, except in a frame: whether they do could only depend on what stands there, and then
        the cursor's position, which programs can ask for, would tell that.
        """
        # SECURITY: tests/property/test_answers.py::test_no_answer_depends_on_what_stood_on_the_screen
        row, column = self.cursor_row, self._last_cell()
        if column is None:
            column = self.cursor_column
            if column > 0 and self.rows[row][0][column] == WIDE_TAIL:
                column -= 1
        if self.rows[row][0][column] == EMPTY:
            # docs/terminal.md §2: if that cell is empty, it stands on a no-break space. Its style stays (upstream, by
            # comparison).
            self.put(row, column, Span(_NO_BREAK_SPACE, self.rows[row][1][column]))
            if self.executes_frames:  # upstream's rule: it occupies the cell
                self.phase = PENDING if column == self.columns - 1 else WRITTEN
                self.cursor_column = min(column + 1, self.columns - 1)
        self.rows[row] = row_ops.combined(self.rows[row], column, marks, MAX_CLUSTER_OCTETS)

    # --- REP

    def repeat_character(self, count: int = 1, *__: int) -> None:
        """REP: print the last character again, `count` times, if nothing has happened since."""
        column = self._last_cell()
        if column is None:
            return
        grapheme = cell_text(self.rows[self.cursor_row], column)
        if not grapheme:
            return
        size = self.columns * self.lines
        count = count or 1
        if count > size:
            count = size + count % self.columns  # a screenful is enough, if it ends in the same column
        if len(grapheme) > 1:
            count = min(count, self.columns)  # a row of them must do
        translation, self.translation = self.translation, None  # it was translated when it was printed
        if self.charsets.single_shift:
            self.write(grapheme)
            count -= 1
        width = char_width(grapheme[0])
        if width > self.columns:
            count = min(count, 1)
        else:
            count = self._write_repeated(grapheme, width, count)
        # Where there is no room for the character, what joins it joins what stands there, as long as that takes it.
        while count > 0:
            before = (self.rows[self.cursor_row], self.cursor_column, self.phase)
            self.write(grapheme)
            count -= 1
            if before == (self.rows[self.cursor_row], self.cursor_column, self.phase):
                break
        self.translation = translation

    def _write_repeated(self, grapheme: str, width: int, count: int) -> int:
        """Write `grapheme` so many times; return how many of them found no room."""
        single = len(grapheme) == 1
        cell = (grapheme if single else CLUSTER) + WIDE_TAIL * (width - 1)

        def clusters_of(cells: str, number: int) -> Clusters:
            return NO_CLUSTERS if single else Graphemes(cells, (grapheme,) * number)

        while count > 0:
            if self.phase >= PENDING:
                self.phase = MOVED
                if self.rules.autowrap:
                    self._wrap()
                    # From here on whole rows between the margins are alike, but for the last.
                    number = (self.right + 1 - self.left) // width
                    if self.cursor_column == self.left and count > 2 * number > 0:
                        cells = cell * number
                        times = (count - 1) // number
                        self._write_rows(times, cells, clusters_of(cells, number))
                        count -= times * number
            column = self.cursor_column
            limit = self.right + 1 if column <= self.right else self.columns
            room = limit - column
            if self.rules.insert_mode and column < self.left:
                room = min(room, max(self.left - column, width))  # as in `_write_run`
            number = min(count, room // width)
            if not number:
                if not self.rules.autowrap:
                    return 0 if single else count
                self.erase(self.cursor_row, column, limit)
                self._wrap()
                continue
            cells = cell * number
            self._write_cells(cells, limit, clusters_of(cells, number))
            count -= number
            column += len(cells)
            if column >= limit:
                self.cursor_column = limit - 1
                self.phase = PENDING
            else:
                self.cursor_column = column
                self.phase = WRITTEN
            if not self.rules.autowrap and width == 1:
                break  # the rest is printed over the last column, where it stands already
        return 0

    def _write_rows(self, count: int, cells: str, clusters: Clusters) -> None:
        """Write `count` rows from margin to margin from the cursor on, at the left margin, each of which wraps."""
        left, end, bottom, blank = self.left, self.right + 1, self.bottom, self.rendition.blank
        rest = end - left - len(cells)  # no room for a wide character
        letters = self.rendition.letter * len(cells) + blank * rest
        written = Span(cells + EMPTY * rest, letters, clusters)

        def write(first: int, last: int, *, wraps: bool) -> None:
            if self.rules.margin_mode and not wraps:
                self.work.charge_cells(last + 1 - first)
                self.split_rows().fill(first, last, written, blank)
                return

            def written_to(row: Row) -> Row:
                text, letters, wrapped, clusters = self.overwritten(row, left, written)
                return (text, letters, wrapped or wraps, clusters)

            key = ("repeat", left, written.text, letters, next(iter(clusters.values()), ""), blank, wraps)
            self.change_rows(first, last, key, written_to)

        wraps = end == self.columns
        first = self.cursor_row
        direct = min(count, (bottom if first <= bottom else self.lines - 1) - first)
        write(first, first + direct - 1, wraps=wraps)
        self.cursor_row += direct
        count -= direct
        if count and first > bottom:
            write(self.cursor_row, self.cursor_row, wraps=wraps)  # again and again
        elif count:
            at_once = count if self.past is None or self.rules.margin_mode else 1
            for _ in range(0, count, at_once):  # where what scrolls off is kept, each row must be there before it does
                write(bottom, bottom, wraps=wraps)
                self.scroll_up(at_once)
            # What scrolled between margins does not count as wrapped any more.
            write(max(self.top, bottom - count + 1), bottom - 1, wraps=wraps and not self.rules.margin_mode)
        self.phase = MOVED
