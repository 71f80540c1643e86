"""Verdicts, row by row of the table in docs/prediction.md; judging changes nothing."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tests.support.prediction import CURSOR, frame

from mosh_client.renderer.prediction.guesses import Cell, Guesses, Origin
from mosh_client.renderer.prediction.habits import Habit
from mosh_client.renderer.prediction.judging import Evidence, Verdict, judge
from mosh_common.terminal.cells import DEFAULT_STYLE, WIDE_TAIL, Snapshot, Style

BATCH = 5
BEFORE = frame(f"$ {CURSOR}old")
GREY = Style(fg=8)


def evidence(screen: Snapshot, **facts: Any) -> Evidence:
    usual = Evidence(
        screen=screen, echo_acknowledged=BATCH, confirmed_epoch=1, awaited_batch=None, early=True, singly=False
    )
    return usual._replace(**facts)


def guessed(
    text: str, *, typed: bool = True, known: bool = True, habit: Habit | None = None, screen: Snapshot = BEFORE
) -> Guesses:
    """One guess of `text`, in the cell under the cursor."""
    guesses = Guesses()
    cell = Cell(text, DEFAULT_STYLE, known=known)
    guesses.expect(screen, 0, 2, cell, Origin(1, BATCH, 0, habit), typed=typed)
    return guesses


def verdict(guesses: Guesses, screen: Snapshot, **facts: Any) -> Verdict:
    cells = judge(guesses, evidence(screen, **facts)).cells
    assert len(cells) <= 1
    return cells[0].verdict if cells else Verdict.PENDING


class TestCells:
    def test_a_guess_is_pending_until_its_batch_is_acknowledged(self) -> None:
        assert verdict(guessed("x"), BEFORE, echo_acknowledged=BATCH - 1) is Verdict.PENDING
        assert verdict(guessed("x"), BEFORE) is Verdict.WRONG

    def test_a_typed_character_that_is_seen_needs_no_acknowledgement(self) -> None:
        seen = frame(f"$ x{CURSOR}")
        assert verdict(guessed("x"), seen, echo_acknowledged=BATCH - 1) is Verdict.EARLY
        assert verdict(guessed("x", typed=False), seen, echo_acknowledged=BATCH - 1) is Verdict.PENDING
        assert verdict(guessed("x"), seen, echo_acknowledged=BATCH - 1, early=False) is Verdict.PENDING

    @pytest.mark.parametrize(("awaited", "expected"), [(BATCH - 1, Verdict.PENDING), (BATCH, Verdict.EARLY)])
    def test_but_not_behind_an_unforeseeable_key(self, awaited: int, expected: Verdict) -> None:
        seen = frame(f"$ x{CURSOR}")
        assert verdict(guessed("x"), seen, echo_acknowledged=BATCH - 2, awaited_batch=awaited) is expected

    def test_what_is_seen_and_replaced_something_else_is_correct(self) -> None:
        assert verdict(guessed("x"), frame(f"$ x{CURSOR}")) is Verdict.CORRECT

    @pytest.mark.parametrize(
        "guesses",
        [guessed("o"), guessed(" "), guessed(WIDE_TAIL), guessed("x", known=False)],
        ids=["it was there before", "blank", "half of a wide one", "unknown"],
    )
    def test_what_proves_nothing_has_no_credit(self, guesses: Guesses) -> None:
        assert verdict(guesses, BEFORE) is Verdict.NO_CREDIT

    def test_a_dim_proposal_was_not_typed(self) -> None:
        assert verdict(guessed("x"), frame(f"$ {CURSOR}x", dim="x")) is Verdict.NO_CREDIT

    def test_a_proposal_that_is_dim_no_more_was(self) -> None:
        proposed = frame(f"$ {CURSOR}x", dim="x")
        assert (
            verdict(guessed("x", screen=proposed), frame(f"$ x{CURSOR}", palette=proposed.palette)) is Verdict.CORRECT
        )

    def test_no_credit_is_given_twice(self) -> None:
        guesses = guessed("x")
        guesses.rows[0][2].credited = True
        assert verdict(guesses, frame(f"$ x{CURSOR}")) is Verdict.NO_CREDIT

    @pytest.mark.parametrize("facts", [{"awaited_batch": BATCH + 1}, {"singly": True}], ids=["awaited", "singly"])
    def test_a_wrong_guess_may_be_nobodys_fault(self, facts: dict[str, object]) -> None:
        assert verdict(guessed("x"), BEFORE, **facts) is Verdict.EXCUSED

    def test_text_that_did_not_make_room_is_told_from_what_was_typed(self) -> None:
        assert verdict(guessed("x", typed=False, habit=Habit.SHIFT), BEFORE) is Verdict.STAYED

    def test_of_such_text_one_verdict_is_enough(self) -> None:
        guesses = guessed("x", typed=False, habit=Habit.SHIFT)
        guesses.expect(BEFORE, 0, 3, Cell("y", DEFAULT_STYLE), Origin(1, BATCH, 0, Habit.SHIFT))
        guesses.expect(BEFORE, 0, 4, Cell("z", DEFAULT_STYLE), Origin(1, BATCH, 0))
        found = judge(guesses, evidence(BEFORE)).cells
        assert [(each.column, each.verdict) for each in found] == [(2, Verdict.STAYED), (4, Verdict.WRONG)]

    def test_nothing_is_judged_behind_a_wrong_guess(self) -> None:
        guesses = guessed("x")
        guesses.expect(BEFORE, 0, 3, Cell("l", DEFAULT_STYLE), Origin(1, BATCH, 0), typed=True)
        assert [each.verdict for each in judge(guesses, evidence(BEFORE)).cells] == [Verdict.WRONG]

    def test_a_correct_cells_style_is_expected_of_what_was_typed_right_of_it(self) -> None:
        guesses = Guesses()
        for column, text in enumerate("xy", start=2):
            guesses.expect(BEFORE, 0, column, Cell(text, GREY), Origin(1, BATCH, 0), typed=True)
        # y alone could be the text that was expected in grey; x says that what is typed is not grey: y is a proposal
        found = judge(guesses, evidence(frame(f"$ x{CURSOR}y", dim="y"))).cells
        assert [each.verdict for each in found] == [Verdict.CORRECT, Verdict.NO_CREDIT]


class TestCursor:
    def cursors(self, *columns: int) -> Guesses:
        """A guess for each column, of batches from 1 on."""
        guesses = Guesses()
        for batch, column in enumerate(columns, start=1):
            guesses.expect_cursor(0, column, Origin(1, batch, 0))
        return guesses

    @pytest.mark.parametrize(
        ("acknowledged", "expected"),
        [(0, Verdict.PENDING), (1, Verdict.CORRECT), (2, Verdict.CORRECT), (3, Verdict.WRONG)],
    )
    def test_the_newest_that_is_acknowledged_or_any_later_one_must_hold(
        self, acknowledged: int, expected: Verdict
    ) -> None:
        found = judge(self.cursors(3, 4, 5), evidence(frame(f"$ ab{CURSOR}"), echo_acknowledged=acknowledged)).cursor
        assert found.verdict is expected
        assert (len(found.judged), len(found.later)) == (acknowledged, 3 - acknowledged)

    def test_the_first_of_the_newest_epoch_judged_is_to_blame(self) -> None:
        guesses = self.cursors(3)
        guesses.expect_cursor(0, 4, Origin(2, 2, 0, Habit.MOVE))
        guesses.expect_cursor(0, 5, Origin(2, 3, 0, Habit.HOME))
        found = judge(guesses, evidence(frame(f"{CURSOR}$"))).cursor
        assert (found.verdict, found.blamed.habit) == (Verdict.WRONG, Habit.MOVE)

    @pytest.mark.parametrize("facts", [{"awaited_batch": BATCH + 1}, {"singly": True}], ids=["awaited", "singly"])
    def test_elsewhere_may_be_nobodys_fault(self, facts: dict[str, object]) -> None:
        assert judge(self.cursors(9), evidence(BEFORE, **facts)).cursor.verdict is Verdict.EXCUSED


class TestTextThatMakesRoom:
    def typed_before_text(self) -> Guesses:
        """An x typed before "old", not acknowledged."""
        guesses = Guesses()
        guesses.expect(BEFORE, 0, 2, Cell("x", DEFAULT_STYLE), Origin(1, BATCH, 0), typed=True)
        for column, text in enumerate("old", start=3):
            guesses.expect(BEFORE, 0, column, Cell(text, DEFAULT_STYLE), Origin(1, BATCH, 0, Habit.SHIFT))
        guesses.expect_cursor(0, 3, Origin(1, BATCH, 0))
        return guesses

    @pytest.mark.parametrize(
        ("row", "stayed"), [(f"$ {CURSOR}old", []), (f"$ x{CURSOR}old", []), (f"$ x{CURSOR}ld", [Habit.SHIFT])]
    )
    def test_is_judged_before_the_key_is_acknowledged(self, row: str, stayed: list[Habit]) -> None:
        assert judge(self.typed_before_text(), evidence(frame(row), echo_acknowledged=0)).stayed == stayed

    @pytest.mark.parametrize("facts", [{"awaited_batch": BATCH}, {"singly": True}, {"confirmed_epoch": 0}])
    def test_but_not_where_it_proves_nothing(self, facts: dict[str, object]) -> None:
        screen = frame(f"$ x{CURSOR}ld")
        assert judge(self.typed_before_text(), evidence(screen, echo_acknowledged=0, **facts)).stayed == []

    def test_is_not_judged_twice(self) -> None:
        found = judge(self.typed_before_text(), evidence(frame(f"$ x{CURSOR}ld")))
        assert found.stayed == [Habit.SHIFT]
        assert [each.verdict for each in found.cells] == [Verdict.CORRECT]


def test_judging_changes_no_guess() -> None:
    guesses = TestTextThatMakesRoom().typed_before_text()

    def values() -> object:
        return copy.deepcopy(
            [
                (row, column, guess.cell, guess.origin, guess.originals, guess.credited)
                for row, columns in guesses.rows.items()
                for column, guess in columns.items()
            ]
        ), list(guesses.trail)

    before = values()
    for screen in (BEFORE, frame(f"$ x{CURSOR}old"), frame(f"$ x{CURSOR}ld"), frame(f"{CURSOR}")):
        judge(guesses, evidence(screen))
    assert values() == before
