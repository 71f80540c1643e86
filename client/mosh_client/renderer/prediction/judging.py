"""What a frame says of the guesses: frame × guesses → verdicts.

Pure: it changes no guess and takes no note; what follows from a verdict is the engine's business.
"""

from __future__ import annotations

import enum
from typing import Final, NamedTuple

from mosh_client.renderer.prediction.guesses import (
    BLANK,
    Cell,
    CellGuess,
    CursorGuess,
    Guesses,
    Origin,
    cell_at,
    is_dim,
    read_row,
)
from mosh_client.renderer.prediction.habits import SHIFTS, Habit
from mosh_client.renderer.prediction.row import text_end
from mosh_common.terminal.cells import WIDE_TAIL, Snapshot, Style

# Habits of keys that only move the text right of them along.
_TYPING: Final = (None, Habit.BACKSPACE, Habit.WIDE)


class Verdict(enum.Enum):
    """What a frame says of a guess: a row of the table of verdicts (docs/prediction.md, "A guess")."""

    # "the server's echo ack has not reached its batch"
    PENDING = enum.auto()
    # "a typed character is seen before that, not behind an unforeseeable key under way"
    EARLY = enum.auto()
    # "the cell shows it, and it replaced something else"
    CORRECT = enum.auto()
    # "it was there before, is blank, or unknown, or only proposed: dim"
    NO_CREDIT = enum.auto()
    # "anything else, while an unforeseeable key is under way that may have changed it": nobody's fault
    EXCUSED = enum.auto()
    # "text did not make room": the key did what it should, only the text beside it stayed where it was
    STAYED = enum.auto()
    # "anything else"
    WRONG = enum.auto()


CREDIT: Final = (Verdict.EARLY, Verdict.CORRECT)


class Evidence(NamedTuple):
    """What guesses are judged by."""

    screen: Snapshot  # as it looks after the scroll that is under way
    echo_acknowledged: int  # newest batch whose effect it shows
    confirmed_epoch: int
    awaited_batch: int | None  # of the unforeseeable key that is under way
    early: bool  # whether a guess may be credited before it is acknowledged
    singly: bool  # whether a wrong guess says nothing of others

    @property
    def excuses(self) -> bool:
        """Whether a wrong guess is nobody's fault."""
        # "wrong guesses go singly"
        return self.singly or self.awaited_batch is not None


class CellFinding(NamedTuple):
    """The verdict on a cell's guess, unless it is pending."""

    verdict: Verdict
    row: int
    column: int
    guess: CellGuess
    shown_style: Style  # the server's


class CursorFinding(NamedTuple):
    """The verdict on the newest guess of the cursor that can be judged, and on those before it."""

    verdict: Verdict
    judged: list[CursorGuess]  # empty while pending
    later: list[CursorGuess]  # those not acknowledged

    @property
    def blamed(self) -> Origin:
        """Where it went wrong: the first guess of the newest epoch judged."""
        epoch = self.judged[-1].origin.epoch
        return next(guess.origin for guess in self.judged if guess.origin.epoch == epoch)


class Judgement(NamedTuple):
    """All that a frame says, in the order in which it is to be taken; nothing counts behind a WRONG one."""

    stayed: list[Habit]  # in the row of the server's cursor: text that did not make room, though unacknowledged
    cells: list[CellFinding]  # up to the first that is WRONG
    cursor: CursorFinding


def judge(guesses: Guesses, evidence: Evidence) -> Judgement:
    """Judge all guesses by a frame."""
    # "It is *judged* by each frame"
    stayed = _stayed(guesses, evidence)
    cells = _judge_cells(guesses, evidence, {(evidence.screen.cursor_row, habit) for habit in stayed})
    return Judgement(stayed, cells, _judge_cursor(guesses.trail, evidence))


def _stayed(guesses: Guesses, evidence: Evidence) -> list[Habit]:
    """Return the habits of text that did not make room for what is typed before it, acknowledged or not."""
    screen, trail = evidence.screen, guesses.trail
    row, column = screen.cursor_row, screen.cursor_column
    habits = {guess.origin.habit for guess in guesses.rows.get(row, {}).values()}
    found: list[Habit] = [habit for habit in SHIFTS if habit in habits]
    if not found or not trail or evidence.excuses or trail[-1].origin.epoch > evidence.confirmed_epoch:
        return []
    if any(guess.row != row or guess.origin.habit not in _TYPING for guess in trail):
        return []
    # "Text that makes room is moved on by each key and so would never be judged while somebody types: therefore in any
    # frame what stands right of the server's cursor must be what is expected right of ours."
    ours = trail[-1].column
    expected = guesses.expected_row(screen, row)
    end = text_end(expected, ours, screen.columns)
    shown = read_row(screen, row)[column : column + end - ours]
    return found if [cell.text for cell in expected[ours:end]] != [cell.text for cell in shown] else []


def _judge_cells(guesses: Guesses, evidence: Evidence, stayed: set[tuple[int, Habit | None]]) -> list[CellFinding]:
    """Judge row by row, from left to right; `stayed`: (row, habit) of guesses that are wrong already."""
    findings: list[CellFinding] = []
    for row, columns in guesses.rows.items():
        style: Style | None = None  # of the nearest cell to the left that was found correct now
        for column, guess in sorted(columns.items()):
            if (row, guess.origin.habit) in stayed:
                continue
            shown = cell_at(evidence.screen, row, column)
            expected_style = style if style is not None and guess.typed else guess.cell.style
            verdict = _verdict(guess, expected_style, shown, evidence)
            if verdict is Verdict.PENDING:
                continue
            findings.append(CellFinding(verdict, row, column, guess, shown.style))
            if verdict is Verdict.WRONG:
                return findings
            if verdict is Verdict.STAYED:
                stayed.add((row, guess.origin.habit))
            elif verdict in CREDIT:
                style = shown.style
    return findings


def _verdict(guess: CellGuess, style: Style, shown: Cell, evidence: Evidence) -> Verdict:
    """Judge a guess, of which that style is expected now, by what the server's screen shows there."""
    batch = guess.origin.batch
    if batch > evidence.echo_acknowledged:
        # "not behind an unforeseeable key under way": its place is yet to be seen
        placed = evidence.awaited_batch is None or batch <= evidence.awaited_batch
        early = placed and evidence.early and guess.typed and not guess.credited
        return Verdict.EARLY if early and _proves(guess, style, shown) else Verdict.PENDING
    # "is blank, or unknown"
    if not guess.cell.known or guess.cell.text in (BLANK, WIDE_TAIL):
        return Verdict.NO_CREDIT
    # "it was there before"
    if guess.cell.text == shown.text:
        return Verdict.CORRECT if not guess.credited and _proves(guess, style, shown) else Verdict.NO_CREDIT
    if evidence.excuses:
        return Verdict.EXCUSED
    return Verdict.STAYED if guess.origin.habit in SHIFTS else Verdict.WRONG


def _proves(guess: CellGuess, style: Style, shown: Cell) -> bool:
    """Whether the screen can only look like this because the guess was right."""
    text = guess.cell.text
    if text != shown.text or text in (BLANK, WIDE_TAIL) or not guess.cell.known:
        return False
    # "or only proposed: dim"
    if is_dim(shown.style) and not is_dim(style):
        return False
    # "it replaced something else, or a dim proposal that is dim no more"
    if text not in guess.originals:
        return True
    return guess.typed and is_dim(guess.original_style) and not is_dim(shown.style)


def _judge_cursor(trail: list[CursorGuess], evidence: Evidence) -> CursorFinding:
    # "The cursor is judged by its newest guess that is acknowledged"
    count = sum(1 for guess in trail if guess.origin.batch <= evidence.echo_acknowledged)
    judged, later = trail[:count], trail[count:]
    if not judged:
        return CursorFinding(Verdict.PENDING, judged, later)
    shown = (evidence.screen.cursor_row, evidence.screen.cursor_column)
    # "as a frame may show more keys than it acknowledges, any later one may be right instead"
    if any(guess[:2] == shown for guess in (judged[-1], *later)):
        return CursorFinding(Verdict.CORRECT, judged, later)
    return CursorFinding(Verdict.EXCUSED if evidence.excuses else Verdict.WRONG, judged, later)
