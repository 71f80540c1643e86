"""Epochs, guesses and verdicts, rule by rule; without what goes beyond upstream unless a test asks for it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from tests.support.prediction import CURSOR, FAST_MS, Typist, frame

from mosh_client.renderer.prediction.engine import DisplayPreference, Extension, PredictionEngine
from mosh_common.terminal.cells import DEFAULT_STYLE, Palette, Row, Snapshot, Style

NONE: frozenset[Extension] = frozenset()


def plain(*rows: str, **options: Any) -> Typist:
    return Typist(*rows, extensions=NONE, **options)


def confirmed(text: str = "ab", **options: Any) -> Typist:
    """Somebody whose epoch was confirmed by typing `text` behind "$ "."""
    somebody = plain(f"$ {CURSOR}", **options)
    somebody.keys(text)
    somebody.sees(f"$ {text}{CURSOR}", ack=-1)
    return somebody


class TestEpochs:
    def test_the_first_guesses_are_not_shown(self) -> None:
        somebody = plain(f"$ {CURSOR}")
        somebody.keys("ab")
        assert somebody.engine.apply(somebody.screen) is somebody.screen

    def test_one_confirmed_guess_shows_the_rest_of_its_epoch(self) -> None:
        somebody = plain(f"$ {CURSOR}")
        somebody.keys("abc")
        somebody.sees(f"$ a{CURSOR}", ack=1)
        assert somebody.shown == [f"$ abc{CURSOR}"]

    def test_in_a_confirmed_epoch_keys_are_shown_at_once(self) -> None:
        somebody = confirmed()
        somebody.keys("cd")
        assert somebody.shown == [f"$ abcd{CURSOR}"]

    @pytest.mark.parametrize(
        "key",
        ["\r", "\x01", "\t", "\x1b", "\x1b[A", "\x1bOB", "\x1b[3~", "\x1bx", "日", "\x85", b"\xff"],
        ids=["CR", "control", "tab", "ESC", "up", "down", "delete", "meta", "wide", "C1", "malformed"],
    )
    def test_what_is_hard_to_foresee_makes_what_follows_tentative(self, key: str | bytes) -> None:
        somebody = confirmed()
        somebody.types(key)
        before = somebody.shown
        somebody.now += 200  # or ESC would be taken for the start of a sequence
        somebody.keys("x")
        assert somebody.shown == before

    def test_left_and_right_do_not_start_an_epoch(self) -> None:
        somebody = confirmed()
        somebody.types("\x1b[D", "\x1bOD", "\x1b[C", "c")
        assert somebody.shown == [f"$ ac{CURSOR}b"]

    def test_typing_in_the_last_column_starts_an_epoch(self) -> None:
        somebody = plain(f"$ {CURSOR}", columns=5)
        somebody.keys("a")
        somebody.sees(f"$ a{CURSOR}", ack=-1)
        somebody.keys("bcd")
        assert somebody.shown == [f"$ ab{CURSOR}"]

    def test_a_password_shows_nothing(self) -> None:
        somebody = confirmed()
        somebody.types("\r")
        somebody.sees("$ ab", f"Password: {CURSOR}", ack=-1)
        for key in "secret!":
            somebody.types(key)
            assert somebody.shown == ["$ ab", f"Password: {CURSOR}"]
            somebody.sees("$ ab", f"Password: {CURSOR}", ack=somebody.batch - 1)
            assert somebody.shown == ["$ ab", f"Password: {CURSOR}"]

    def test_wrong_in_a_tentative_epoch_drops_that_epoch_only(self) -> None:
        somebody = confirmed()
        somebody.keys("c")
        somebody.types("\x01")
        somebody.keys("xy")
        somebody.sees(f"$ ab{CURSOR}", ack=somebody.batch - 3)
        somebody.sees(f"$ abc{CURSOR}", ack=somebody.batch)
        assert somebody.engine.apply(somebody.screen) is somebody.screen

    def test_wrong_in_a_shown_epoch_drops_everything(self) -> None:
        somebody = confirmed()
        somebody.keys("cde")
        somebody.sees(f"$ abX{CURSOR}", ack=somebody.batch - 2)
        assert somebody.shown == [f"$ abX{CURSOR}"]

    def test_after_a_wrong_guess_it_starts_over_tentatively_from_the_servers_cursor(self) -> None:
        somebody = confirmed()
        somebody.keys("c")
        somebody.sees(f"$ a{CURSOR}", ack=-1)
        somebody.keys("x")
        assert somebody.shown == [f"$ a{CURSOR}"]
        somebody.keys("y")
        somebody.sees(f"$ ax{CURSOR}", ack=somebody.batch - 1)
        assert somebody.shown == [f"$ axy{CURSOR}"]


class TestGuesses:
    def test_text_right_of_the_cursor_makes_room(self) -> None:
        somebody = confirmed("abc")
        somebody.types("\x1b[D", "\x1b[D", "x")
        assert somebody.shown == [f"$ ax{CURSOR}bc"]

    def test_in_overwrite_mode_it_does_not(self) -> None:
        somebody = confirmed("abc", overwrite=True)
        somebody.types("\x1b[D", "\x1b[D", "x")
        assert somebody.shown == [f"$ ax{CURSOR}c"]

    def test_backspace_takes_the_text_right_of_the_cursor_along(self) -> None:
        somebody = confirmed("abc")
        somebody.types("\x1b[D", "\x7f")
        assert somebody.shown == [f"$ a{CURSOR}c"]

    def test_backspace_in_overwrite_mode_leaves_a_blank(self) -> None:
        somebody = confirmed("abc", overwrite=True)
        somebody.types("\x1b[D", "\x7f")
        assert somebody.shown == [f"$ a{CURSOR} c"]

    def test_backspace_in_the_first_column_does_nothing(self) -> None:
        somebody = plain(f"{CURSOR}")
        somebody.types("\x7f", "a")
        somebody.sees(f"a{CURSOR}", ack=-1)
        somebody.types("\x7f", "\x7f", "\x7f")
        assert somebody.shown == [f"{CURSOR}"]

    def test_a_guess_takes_the_rendition_of_the_cell_to_its_left(self) -> None:
        somebody = confirmed("ab", interval_ms=FAST_MS)
        red = Style(fg=1)
        letter = somebody.palette.letter(red)
        text, letters, wrapped, clusters = somebody.screen.rows[0]
        row = (text, letters[:3] + letter + letters[4:], wrapped, clusters)
        somebody.screen = somebody.screen._replace(rows=(row, *somebody.screen.rows[1:]))
        somebody.keys("cd")
        assert [somebody.style_at(0, column) for column in (4, 5, 6)] == [red, red, DEFAULT_STYLE]

    def test_a_confirmed_cells_rendition_goes_to_the_guesses_right_of_it(self) -> None:
        somebody = confirmed("ab", interval_ms=FAST_MS)
        somebody.keys("cd")
        blue = Style(fg=4)
        screen = frame(f"$ abc{CURSOR}", palette=somebody.palette)
        text, letters, wrapped, clusters = screen.rows[0]
        row = (text, letters[:4] + somebody.palette.letter(blue) + letters[5:], wrapped, clusters)
        somebody.screen = screen._replace(rows=(row, *screen.rows[1:]))
        somebody.engine.set_echo_acknowledged(3)
        somebody.engine.server_screen(somebody.screen, now=somebody.now)
        assert somebody.shown == [f"$ abcd{CURSOR}"]
        assert somebody.style_at(0, 5) == blue

    def test_enter_guesses_the_next_row_once_confirmed(self) -> None:
        somebody = plain(f"{CURSOR}")
        somebody.types("\r", "a", "b")
        somebody.sees("", f"a{CURSOR}", ack=2)
        assert somebody.shown == ["", f"ab{CURSOR}"]

    def test_enter_in_the_bottom_row_guesses_a_blank_row(self) -> None:
        somebody = plain("", f"old{CURSOR}", lines=2)
        somebody.types("\r", "n", "e")
        somebody.sees("old", f"n{CURSOR}", ack=2)
        assert somebody.shown == ["old", f"ne{CURSOR}"]

    def test_a_paste_resets_all_guesses(self) -> None:
        somebody = confirmed()
        somebody.keys("c")
        somebody.types("p" * 101)
        assert somebody.engine.apply(somebody.screen) is somebody.screen

    def test_a_hundred_octets_are_no_paste_yet(self) -> None:
        somebody = confirmed(columns=200)
        somebody.types("p" * 100)
        assert somebody.shown == [f"$ ab{'p' * 100}{CURSOR}"]

    def test_a_resize_resets_all_guesses(self) -> None:
        somebody = confirmed()
        somebody.keys("cd")
        somebody.columns = 40
        somebody.sees(f"$ ab{CURSOR}")
        assert somebody.shown == [f"$ ab{CURSOR}"]

    def test_a_frame_of_another_size_is_never_drawn_upon(self) -> None:
        somebody = confirmed()
        somebody.keys("cd")
        other = frame(f"$ ab{CURSOR}", columns=10, lines=1)
        assert somebody.engine.apply(other) is other


class TestVerdicts:
    def test_nothing_is_judged_before_its_batch_is_echo_acknowledged(self) -> None:
        somebody = confirmed()
        somebody.keys("c")
        somebody.sees(f"$ ab{CURSOR}", ack=somebody.batch - 1)
        somebody.now += 60_000
        somebody.sees(f"$ ab{CURSOR}", "x")
        assert somebody.shown[0] == f"$ abc{CURSOR}"

    def test_a_guess_that_the_cell_showed_before_proves_nothing(self) -> None:
        somebody = plain(f"$ {CURSOR}aaa", overwrite=True)
        somebody.keys("ab")
        somebody.sees(f"$ a{CURSOR}aa", ack=1)
        assert somebody.shown == [f"$ a{CURSOR}aa"]

    def test_a_blank_proves_nothing(self) -> None:
        somebody = plain(f"$ {CURSOR}")
        somebody.keys(" b")
        somebody.sees(f"$  {CURSOR}", ack=1)
        assert somebody.shown == [f"$  {CURSOR}"]

    def test_a_cursor_elsewhere_is_wrong(self) -> None:
        somebody = confirmed()
        somebody.keys(" ")
        somebody.sees(f"$ ab{CURSOR}", ack=-1)
        somebody.keys("x")
        assert somebody.shown == [f"$ ab{CURSOR}"]

    def test_a_frame_may_show_more_keys_than_it_acknowledges(self) -> None:
        somebody = confirmed()
        somebody.keys("cde")
        somebody.sees(f"$ abcd{CURSOR}", ack=somebody.batch - 2)
        assert somebody.shown == [f"$ abcde{CURSOR}"]

    def test_a_verdict_frees_the_screen_of_the_guess(self) -> None:
        somebody = confirmed()
        somebody.keys("c")
        somebody.sees(f"$ abc{CURSOR}", ack=-1)
        assert somebody.engine.apply(somebody.screen) is somebody.screen


class TestModes:
    def test_never_shows_nothing(self) -> None:
        somebody = confirmed(display=DisplayPreference.NEVER)
        somebody.keys("c")
        assert somebody.engine.apply(somebody.screen) is somebody.screen

    def test_adaptive_shows_nothing_on_a_fast_link(self) -> None:
        somebody = confirmed(display=DisplayPreference.ADAPTIVE, interval_ms=FAST_MS)
        somebody.keys("c")
        assert somebody.engine.apply(somebody.screen) is somebody.screen

    def test_adaptive_shows_on_a_slow_link(self) -> None:
        somebody = confirmed(display=DisplayPreference.ADAPTIVE)
        somebody.keys("c")
        assert somebody.shown == [f"$ abc{CURSOR}"]

    def test_adaptive_shows_once_a_guess_waits_a_quarter_of_a_second(self) -> None:
        somebody = confirmed(display=DisplayPreference.ADAPTIVE, interval_ms=FAST_MS)
        somebody.keys("c")
        somebody.passes(249)
        assert somebody.shown == [f"$ ab{CURSOR}"]
        somebody.passes(1)
        assert somebody.shown == [f"$ abc{CURSOR}"]
        assert not somebody.underlined_at(0, 4)

    def test_after_five_seconds_it_is_underlined(self) -> None:
        somebody = confirmed(display=DisplayPreference.ADAPTIVE, interval_ms=FAST_MS)
        somebody.keys("c")
        somebody.passes(5000)
        assert somebody.underlined_at(0, 4)

    def test_experimental_knows_no_epochs(self) -> None:
        somebody = plain(f"$ {CURSOR}", display=DisplayPreference.EXPERIMENTAL)
        somebody.types("a", "\x01", "b")
        assert somebody.shown == [f"$ ab{CURSOR}"]

    def test_experimental_removes_wrong_guesses_singly(self) -> None:
        somebody = plain(f"$ {CURSOR}", display=DisplayPreference.EXPERIMENTAL)
        somebody.keys("abc")
        somebody.sees(f"$ X{CURSOR}", ack=1)
        assert somebody.shown == [f"$ Xbc{CURSOR}"]

    def test_underlines_mark_guesses_only(self) -> None:
        somebody = confirmed()
        somebody.keys("c")
        assert [somebody.underlined_at(0, column) for column in range(6)] == [
            False,
            False,
            False,
            False,
            True,
            False,
        ]


class TestInput:
    def test_an_escape_sequence_cut_over_reads_moves_the_cursor_and_types_nothing(self) -> None:
        somebody = confirmed()
        somebody.types("\x1b[", "D")
        assert somebody.shown == [f"$ a{CURSOR}b"]

    def test_a_character_cut_over_reads_is_one_guess(self) -> None:
        somebody = confirmed()
        somebody.types(b"\xc3", b"\xa9")
        assert somebody.shown == [f"$ abé{CURSOR}"]


def test_a_key_costs_far_less_than_a_frame_even_before_much_text_on_a_large_screen() -> None:
    palette = Palette()
    row: Row = ("$ a" + "x" * 196 + " ", "\x00" * 200, False, {})
    screen = Snapshot(200, 60, (row,) * 60, palette, 30, 3)
    engine = PredictionEngine(display=DisplayPreference.ALWAYS)
    engine.server_screen(screen, now=0)
    engine.user_input(b"b", batch=1, screen=screen, now=0)
    best = 1.0
    for batch in range(2, 40):
        begin = time.perf_counter()
        engine.user_input(b"b", batch=batch, screen=screen, now=0)
        engine.apply(screen)
        best = min(best, time.perf_counter() - begin)
    assert best < 0.016  # seconds; generous: a key may cost a frame of a slow machine, not two
