"""What scrolls off into history and what does not. As in xterm(379), seen in its printout, but where it says so."""

from __future__ import annotations

import pytest
from tests.support.histories import Kept, numbered

from mosh_common.terminal.parser.stream import Stream

BSU, ESU = "\x1b[?2026h", "\x1b[?2026l"
REDRAW = "\x1b[2J\x1b[3J\x1b[H"  # as agents' user interfaces begin


def names(letter: str, *numbers: int) -> list[str]:
    return [f"{letter}{number}" for number in numbers]


# On a screen of 20 × 6: what is fed, and what history has then. The first 12 lines leave l0 to l6 there.
CASES = {
    "line feeds at the bottom": ([numbered(range(12))], names("l", *range(7))),
    "IND and NEL": ([numbered(range(5)), "\x1b[6;1H\x1bD\x1bE"], names("l", 0, 1)),
    "SU": ([numbered(range(4)), "\x1b[2S"], names("l", 0, 1)),
    "ED 2 pushes nothing": ([numbered(range(12)), "\x1b[2J\x1b[Hnew\r\n"], names("l", *range(7))),
    "ED 3 forgets all": ([numbered(range(12)), "\x1b[3J"], []),
    "so does DECSED 3": ([numbered(range(12)), "\x1b[?3J"], []),
    "so does RIS": ([numbered(range(12)), "\x1bc"], []),
    "not DECSTR": ([numbered(range(12)), "\x1b[!p"], names("l", *range(7))),
    "not DECCOLM": ([numbered(range(12)), "\x1b[?40h\x1b[?3h\x1b[?3l"], names("l", *range(7))),
    "not DECALN": ([numbered(range(8)), "\x1b#8"], names("l", *range(3))),
    "a region from the first row on": ([numbered(range(4)), "\x1b[1;3r\x1b[3;1H\n\n"], names("l", 0, 1)),
    "SU in a region from the first row on": ([numbered(range(4)), "\x1b[1;3r\x1b[2S"], names("l", 0, 1)),
    "no region from the second row on": ([numbered(range(4)), "\x1b[2;6r\x1b[6;1H\n\n"], []),
    "no memory lock": ([numbered(range(4)), "\x1b[3;1H\x1bl\x1b[6;1H\n\n\n"], []),
    "no left and right margins": ([numbered(range(4)), "\x1b[?69h\x1b[3;10s\x1b[6;3H\n\n"], []),
    "margins at the edges": ([numbered(range(4)), "\x1b[?69h\x1b[6;1H\n\n"], names("l", 0, 1)),
    # xterm has l0 and l1 in its scrollback here; tmux has not. To delete a line is to edit the screen.
    "no deletion of lines": ([numbered(range(4)), "\x1b[H\x1b[2M"], []),
    "not what RI scrolls down": ([numbered(range(8)), "\x1b[H\x1bM"], names("l", *range(3))),
    "not the alternate screen": (
        [numbered(range(8)), "\x1b[?1049h", numbered(range(12), "a"), "\x1b[?1049l"],
        names("l", *range(3)),
    ),
    "not the alternate screen in bulk": (
        [numbered(range(8)), "\x1b[?47h" + numbered(range(1000), "a"), "\x1b[?47l"],
        names("l", *range(3)),
    ),
    "a line that wraps is one": (["x" * 45 + "\r\n", numbered(range(8))], ["x" * 45, *names("l", *range(3))]),
    "one that fills the row is one": (["x" * 20 + "\r\n", numbered(range(8))], ["x" * 20, *names("l", *range(3))]),
    "wide characters that do not fit at the edge": (
        ["日" * 2 + "x" + "本" * 20, "\r\n" * 8],
        ["日日x" + "本" * 20, *[""] * 2],
    ),
    "rows that REP fills": (["a\x1b[119b\r\nb\r\n"], ["a" * 40]),
    "blanks at the end are left out": (["a  \r\n" * 8], ["a"] * 3),
    "an erased row is a blank line": (["\r\n" * 8], [""] * 3),
}


@pytest.mark.parametrize("name", CASES)
def test_history_has_what_scrolled_off(name: str) -> None:
    pieces, texts = CASES[name]
    assert Kept().feed(*pieces).texts == texts


def test_a_line_that_the_screen_goes_on_with_is_in_both() -> None:
    kept = Kept().feed("x" * 50, "\r\n", numbered(range(4)))
    assert kept.reading.extent.end == (0, 40)
    assert kept.texts == ["x" * 40]
    assert kept.screen[:2] == ["x" * 10, "l0"]


def test_what_is_drawn_over_the_rest_of_a_line_is_no_part_of_it() -> None:
    kept = Kept().feed("x" * 50, "\r\n", numbered(range(4)), "\x1b[2J\x1b[Hprompt\r\n", numbered(range(6)))
    assert kept.texts == ["x" * 40, "prompt", "l0"]


def test_protection_is_no_matter_of_history() -> None:
    kept = Kept().feed('\x1b[1"qprotected\x1b[0"q\r\n', "\r\n" * 8)
    assert kept.lines[0].runs[0][1].flags == 0


# --- Numbers ------------------------------------------------------------------------------------------------------


def test_no_number_is_used_again_when_all_was_forgotten() -> None:
    kept = Kept().feed(numbered(range(12)))
    before = kept.reading.extent
    kept.feed("\x1b[3J", numbered(range(2)))
    assert kept.reading.extent.first == before.end.line
    assert kept.reading.extent.end.line == before.end.line + 2
    assert kept.reading.extent.clears == 1


def test_a_line_of_which_a_part_was_forgotten_has_lost_its_number() -> None:
    kept = Kept().feed("x" * 50, "\r\n", numbered(range(4)), "\x1b[3J")
    assert kept.reading.extent == (1, (1, 0), 1)


def test_what_is_read_is_as_of_the_last_look() -> None:
    kept = Kept().feed(numbered(range(12)))
    kept.emulator.feed(numbered(range(12, 20)).encode())
    assert len(kept.texts) == 7
    kept.emulator.snapshot()
    assert len(kept.texts) == 15


# --- Synchronized updates -----------------------------------------------------------------------------------------


def test_who_forgets_and_draws_all_anew_leaves_one_copy() -> None:
    kept = Kept().feed(numbered(range(12)))
    drawing = BSU + REDRAW + numbered(range(900), "r") + ESU
    for _ in range(5):
        kept.feed(drawing)
        assert kept.texts + kept.screen[:5] == names("r", *range(900))


def test_what_an_update_draws_and_erases_again_is_not_kept() -> None:
    kept = Kept().feed(numbered(range(12)))
    kept.feed(BSU + ("\x1b[2J\x1b[H" + numbered(range(30), "r")) * 3 + ESU)
    assert kept.texts + kept.screen[:5] == [*names("l", *range(7)), *names("r", *range(30))]


def test_what_stood_on_the_screen_before_an_update_is_kept_when_that_scrolls() -> None:
    kept = Kept().feed(numbered(range(12)))
    kept.feed(BSU + numbered(range(12, 40), "n") + "\x1b[2J\x1b[H" + numbered(range(3), "r") + ESU)
    assert kept.texts == names("l", *range(12))


def test_what_was_seen_of_an_update_that_takes_long_stays() -> None:
    kept = Kept().feed(numbered(range(12)), BSU + "\x1b[2J\x1b[H" + numbered(range(10), "r"))
    seen = kept.reading.extent
    kept.feed("\x1b[2J\x1b[H" + numbered(range(10), "s") + ESU)
    assert kept.reading.extent.end.line == seen.end.line + 5


def test_what_scrolls_off_in_an_update_and_is_not_erased_is_kept() -> None:
    kept = Kept().feed(numbered(range(12)), BSU + numbered(range(12, 20)) + ESU)
    assert kept.texts == names("l", *range(15))


# --- Sizes: as xterm and tmux have it -----------------------------------------------------------------------------


def test_a_lower_screen_pushes_its_first_rows_and_a_higher_one_gets_them_back() -> None:
    kept = Kept().feed(numbered(range(12)))
    kept.resize(20, 4)
    assert (kept.texts, kept.screen) == (names("l", *range(9)), [*names("l", 9, 10, 11), ""])
    kept.resize(20, 6)
    assert (kept.texts, kept.screen) == (names("l", *range(7)), [*names("l", 7, 8, 9, 10, 11), ""])
    assert kept.emulator.snapshot().cursor_row == 5


def test_to_drag_a_window_adds_nothing() -> None:
    kept = Kept().feed(numbered(range(12)))
    for lines in (5, 4, 3, 2, 3, 5, 4, 1, 6):
        kept.resize(20, lines)
        assert (kept.texts + kept.screen)[:12] == names("l", *range(12))
    assert kept.texts == names("l", *range(7))


def test_rows_on_which_more_followed_stay_in_history() -> None:
    kept = Kept().feed(numbered(range(12))).resize(20, 4).feed("l12\r\nl13\r\n").resize(20, 6)
    assert kept.texts == names("l", *range(11))
    assert kept.screen == ["l11", "l12", "l13", "", "", ""]


def test_the_main_screen_keeps_its_rows_while_the_alternate_one_is_resized() -> None:
    kept = Kept().feed(numbered(range(12)), "\x1b[?1049h\x1b[6;1Halternate")
    kept.resize(20, 4)
    assert kept.texts == names("l", *range(9))
    kept.resize(20, 6).feed("\x1b[?1049l")
    assert (kept.texts, kept.screen) == (names("l", *range(7)), [*names("l", 7, 8, 9, 10, 11), ""])
    assert kept.emulator.snapshot().cursor_row == 5


def test_rows_that_come_back_are_as_wide_as_the_screen() -> None:
    kept = Kept().feed(numbered(range(12))).resize(10, 4).resize(30, 6)
    assert kept.screen == [*names("l", 7, 8, 9, 10, 11), ""]
    assert {len(row[0]) for row in kept.emulator.snapshot().rows} == {30}


# --- Failures -----------------------------------------------------------------------------------------------------


def test_history_outlives_an_emulator_that_starts_over() -> None:
    kept = Kept().feed(numbered(range(12)))
    kept.emulator.start_over(20, 6)
    kept.feed(numbered(range(12, 24)))
    assert kept.texts == [*names("l", *range(7)), *names("l", *range(12, 19))]


def test_rows_that_were_to_be_drawn_once_more_and_are_not_take_nothing_from_history() -> None:
    kept = Kept()
    kept.emulator.take(numbered(range(40)).encode())
    with pytest.MonkeyPatch.context() as context:
        context.setattr(Stream, "execute", lambda _self, _text: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            kept.emulator.digest()
    kept.emulator.reset_parser()
    kept.feed(numbered(range(40, 60)))
    assert kept.texts[:35] == names("l", *range(35))
    assert kept.texts[-15:] == names("l", *range(40, 55))  # and the screenful before them, which was not drawn, is lost
