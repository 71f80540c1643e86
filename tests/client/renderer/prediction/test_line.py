"""What keys do to a known line, and what stands beside it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.prediction import CURSOR, Typist, typist_at_prompt

from mosh_client.renderer.prediction.engine import Extension

PROMPT = "me@host:~$ "
LINE = "cat one-two three"


def typist_in_line(text: str = LINE, **options: Any) -> Typist:
    somebody = typist_at_prompt(columns=60, **options)
    somebody.keys(text)
    somebody.sees(f"{PROMPT}ls", "file", f"{PROMPT}{text}{CURSOR}", ack=-1)
    return somebody


class TestLineKeys:
    @pytest.mark.parametrize(
        ("keys", "expected"),
        [
            (["\x1b[H"], f"{CURSOR}cat one-two three"),
            (["\x1bOH", "\x1b[F"], f"cat one-two three{CURSOR}"),
            (["\x1b[1~", "\x1b[4~"], f"cat one-two three{CURSOR}"),
            (["\x1b[H", "\x05"], f"cat one-two three{CURSOR}"),
            (["\x1b[D", "\x1b[D", "\x15"], f"{CURSOR}ee"),
            (["\x1b[D", "\x1b[D", "\x0b"], f"cat one-two thr{CURSOR}"),
            (["\x17"], f"cat one-two {CURSOR}"),
            (["\x17", "\x17"], f"cat {CURSOR}"),
            (["\x17"] * 9, f"{CURSOR}"),
            (["\x1bb"], f"cat one-two {CURSOR}three"),
            (["\x1bb", "\x1b[1;5D"], f"cat one-{CURSOR}two three"),
            (["\x1b[H", "\x1bf", "\x1b[1;5C"], f"cat one{CURSOR}-two three"),
            (["\x1bb", "\x1b\x7f"], f"cat one-{CURSOR}three"),
            (["\x1b[H", "\x1bd"], f"{CURSOR} one-two three"),
            (["\x1b[H", "\x1b[3~"], f"{CURSOR}at one-two three"),
            (["\x1b[3~"], f"cat one-two three{CURSOR}"),
            (["\x1b[C", "\x1b[C"], f"cat one-two three{CURSOR}"),
            (["\x1b[H", "\x1b[D", "\x7f"], f"{CURSOR}cat one-two three"),
            ([" ", " ", "\x1b[H", "\x1b[F", "x"], f"cat one-two three  x{CURSOR}"),
            (["\x1b[H", "x", " "], f"x {CURSOR}cat one-two three"),
        ],
    )
    def test_a_line_editors_keys_are_foreseen_where_the_line_is_known(self, keys: list[str], expected: str) -> None:
        somebody = typist_in_line()
        somebody.types(*keys)
        assert somebody.shown[-1] == PROMPT + expected

    def test_ctrl_a_is_awaited_until_it_was_seen_to_be_no_prefix_key(self) -> None:
        somebody = typist_in_line()
        somebody.types("\x01")
        assert somebody.shown[-1] == f"{PROMPT}{LINE}{CURSOR}"
        somebody.sees(f"{PROMPT}ls", "file", f"{PROMPT}{CURSOR}{LINE}", ack=-1)
        somebody.types("\x1b[F", "\x01")
        assert somebody.shown[-1] == f"{PROMPT}{CURSOR}{LINE}"

    def test_ctrl_a_at_the_start_of_a_line_proves_nothing(self) -> None:
        somebody = typist_at_prompt()
        somebody.types("\x01")
        somebody.sees(f"{PROMPT}ls", "file", PROMPT + CURSOR, ack=-1)
        somebody.types("c")
        assert somebody.shown[-1] == PROMPT + CURSOR

    def test_a_key_that_did_something_else_is_not_shown_again(self) -> None:
        somebody = typist_in_line()
        somebody.types("\x1b[H")
        somebody.sees(f"{PROMPT}ls", "file", f"{PROMPT}{LINE}{CURSOR}", ack=-1)
        somebody.keys("x")
        somebody.sees(f"{PROMPT}ls", "file", f"{PROMPT}{LINE}x{CURSOR}", ack=-1)
        somebody.types("\x1b[H")
        assert somebody.shown[-1] == f"{PROMPT}{LINE}x{CURSOR}"

    def test_where_no_line_is_known_they_are_awaited(self) -> None:
        somebody = Typist(f"some text{CURSOR}")
        somebody.types("\x1b[A")
        somebody.sees(f"some text{CURSOR}", ack=-1)
        somebody.types("\x1b[H")
        assert somebody.shown == [f"some text{CURSOR}"]


class TestLeftOfTheLine:
    """The cursor is left of the prompt's end: no key may take the prompt for text, or a row for longer than it is."""

    KEYS = (
        "\x15",
        "\x17",
        "\x1b\x7f",
        "\x7f",
        "\x0b",
        "\x1b[H",
        "\x05",
        "\x1b[3~",
        "\x1bb",
        "\x1bf",
        "\x1b[D",
        "\x1b[C",
    )

    @pytest.mark.parametrize("key", KEYS)
    def test_in_a_line_that_ran_over_the_bottom_rows_end_keys_leave_what_is_shown(self, key: str) -> None:
        somebody = typist_at_prompt("$ ", columns=12, lines=3)
        somebody.keys(
            "abcdefghijk"
        )  # so short a prompt cannot tell whether the screen scrolls: the row is taken for full
        before = somebody.shown
        somebody.types(key, "x")
        assert somebody.shown == before

    @pytest.mark.parametrize("key", KEYS)
    def test_in_a_frame_from_the_middle_of_a_redraw_keys_leave_the_row(self, key: str) -> None:
        somebody = typist_at_prompt()
        somebody.types("l", "\t")  # what completes the line is under way
        somebody.sees("me@host:~$ ls", "file", f"{CURSOR}me@host:~$ l", ack=somebody.batch - 1)
        before = somebody.shown
        somebody.types(key, "x")
        assert somebody.shown == before


class TestBesideTheLine:
    def test_a_panes_border_and_what_is_behind_it_do_not_move(self) -> None:
        wall = [f"{' ' * 20}│other", f"{' ' * 20}│pane"]
        row = "$ echo left and ri  │here"
        somebody = Typist(row.replace("  │", f"{CURSOR}  │"), *wall)
        somebody.types("g")
        somebody.sees(f"$ echo left and rig{CURSOR} │here", *wall, ack=-1)
        somebody.types("\x1b[D", "\x1b[D", "x")
        assert somebody.shown[0] == f"$ echo left and rx{CURSOR}ig│here"

    def test_at_the_border_the_pane_ends(self) -> None:
        wall = [f"{' ' * 6}│x", f"{' ' * 6}│y"]
        somebody = Typist(f"$ {CURSOR}    │z", *wall)
        somebody.keys("abc")
        somebody.sees(f"$ abc{CURSOR} │z", *wall, ack=-1)
        somebody.keys("def")
        assert somebody.shown[0] == f"$ abc{CURSOR} │z"

    def test_a_bar_in_a_command_is_no_border(self) -> None:
        somebody = typist_in_line("ls | wc")
        somebody.types("\x1b[H", "x")
        assert somebody.shown[-1] == f"{PROMPT}x{CURSOR}ls | wc"

    def test_a_prompt_at_the_right_does_not_move(self) -> None:
        right = " " * 18 + "[right]"
        somebody = Typist(f"% {CURSOR}   {right}", columns=40)
        somebody.keys("ab")
        somebody.sees(f"% ab{CURSOR} {right}", ack=-1)
        somebody.types("\x1b[D", "x")
        assert somebody.shown == [f"% ax{CURSOR}b{right}"]

    def test_a_shells_dim_proposal_is_typed_over(self) -> None:
        somebody = typist_at_prompt()
        before = (f"{PROMPT}ls", "file")
        somebody.keys("g")
        somebody.sees(*before, f"{PROMPT}g{CURSOR}it status", ack=-1, dim="it status")
        somebody.keys("it")
        assert somebody.shown[-1] == f"{PROMPT}git{CURSOR} status"
        somebody.keys("k")
        assert somebody.shown[-1] == f"{PROMPT}gitk{CURSOR}status"

    @pytest.mark.parametrize("key", ["\x1b[C", "\x05", "\x1b[F"], ids=["right", "Ctrl-E", "end"])
    def test_a_dim_proposal_is_accepted(self, key: str) -> None:
        somebody = typist_at_prompt()
        somebody.keys("g")
        somebody.sees(f"{PROMPT}ls", "file", f"{PROMPT}g{CURSOR}it st", ack=-1, dim="it st")
        somebody.types(key)
        assert somebody.shown[-1] == f"{PROMPT}git st{CURSOR}"

    def test_a_proposal_that_shows_the_typed_letter_is_no_echo(self) -> None:
        somebody = Typist(f"$ {CURSOR}")
        somebody.keys("gi")
        somebody.sees(f"$ {CURSOR}git", ack=0, dim="git")
        assert somebody.shown == [f"$ {CURSOR}git"]

    def test_text_that_did_not_give_way_is_typed_over_from_then_on(self) -> None:
        somebody = Typist(f"{CURSOR}Name____")
        somebody.keys("a")
        somebody.sees(f"a{CURSOR}ame____", ack=-1)
        somebody.keys("bc")
        assert somebody.shown == [f"abc{CURSOR}e____"]

    def test_text_that_makes_room_stops_at_a_proposal(self) -> None:
        somebody = typist_at_prompt(columns=40)
        before = (f"{PROMPT}ls", "file")
        somebody.keys("ls")
        somebody.types("\x1b[D")
        somebody.sees(*before, f"{PROMPT}l{CURSOR}s -la more", ack=-1, dim=" -la more")
        somebody.keys("x")
        assert somebody.shown[-1] == f"{PROMPT}lx{CURSOR}s-la more"

    def test_text_found_not_to_make_room_is_put_back_while_somebody_types_on(self) -> None:
        somebody = Typist(f"{CURSOR}")
        somebody.keys("x")
        somebody.sees(f"x{CURSOR}Name____", ack=-1)
        somebody.keys("abc")
        somebody.sees(f"xa{CURSOR}ame____", ack=somebody.batch - 3)
        assert somebody.shown == [f"xabc{CURSOR}e____"]


class TestWideCharacters:
    def test_half_of_one_that_is_typed_over_goes(self) -> None:
        somebody = Typist(f"$ {CURSOR}日本", overwrite=True)
        somebody.keys("a")
        somebody.sees(f"$ a{CURSOR} 本", ack=-1)
        somebody.types("\x1b[C", "b")
        assert somebody.shown == [f"$ a b{CURSOR}"]

    def test_they_take_two_columns(self) -> None:
        somebody = typist_at_prompt()
        somebody.keys("日本")
        assert somebody.shown[-1] == f"{PROMPT}日本{CURSOR}"

    def test_arrows_and_backspace_step_over_both(self) -> None:
        somebody = typist_at_prompt()
        somebody.keys("a日b")
        somebody.types("\x1b[D", "\x7f")
        assert somebody.shown[-1] == f"{PROMPT}a{CURSOR}b"

    def test_one_that_does_not_fit_is_awaited(self) -> None:
        somebody = typist_at_prompt(columns=14)
        somebody.keys("ab日")
        assert somebody.shown[-1] == f"{PROMPT}ab{CURSOR}"


class TestBottomRow:
    """What is typed in the bottom row stays in sight when Enter ends the line, until the screen scrolls."""

    ABOVE = (f"{PROMPT}ls", "file")

    def test_it_stays_while_the_server_catches_up(self) -> None:
        somebody = typist_at_prompt(lines=3)
        somebody.keys("pwd")
        somebody.types("\r")
        assert somebody.shown == [*self.ABOVE, f"{PROMPT}pwd{CURSOR}"]
        somebody.keys("x")
        assert somebody.shown == [*self.ABOVE, f"{PROMPT}pwd{CURSOR}"]
        somebody.sees(*self.ABOVE, f"{PROMPT}p{CURSOR}", ack=4)
        assert somebody.shown == [*self.ABOVE, f"{PROMPT}pwd{CURSOR}"]

    @pytest.mark.parametrize("bottom", [PROMPT + CURSOR, CURSOR])
    def test_it_is_gone_with_the_frame_that_scrolls(self, bottom: str) -> None:
        somebody = typist_at_prompt(lines=3)
        somebody.keys("pwd")
        somebody.types("\r")
        somebody.sees("file", f"{PROMPT}pwd", bottom, ack=somebody.batch - 1)
        assert somebody.shown == ["file", f"{PROMPT}pwd", bottom]

    def test_what_was_not_echoed_is_gone_with_its_acknowledgement(self) -> None:
        somebody = typist_at_prompt(lines=3)
        somebody.keys("pwd")
        somebody.types("\r")
        somebody.sees(*self.ABOVE, PROMPT + CURSOR, ack=somebody.batch - 1)
        assert somebody.shown == [*self.ABOVE, PROMPT + CURSOR]


class TestRightEdge:
    """Behind a prompt of 11 columns in a window of 14, three characters fill a row."""

    ABOVE = (f"{PROMPT}ls", "file")

    def test_a_known_line_goes_on_in_the_next_row(self) -> None:
        somebody = typist_at_prompt(columns=14)
        somebody.keys("abcde")
        assert somebody.shown == [*self.ABOVE, f"{PROMPT}abc", f"de{CURSOR}"]

    def test_in_the_bottom_row_the_screen_scrolls(self) -> None:
        somebody = typist_at_prompt(columns=14, lines=3)
        somebody.keys("ab")
        assert somebody.shown == [*self.ABOVE, f"{PROMPT}ab{CURSOR}"]
        somebody.keys("c")
        assert somebody.shown == ["file", f"{PROMPT}abc", CURSOR]
        somebody.keys("de")
        assert somebody.shown == ["file", f"{PROMPT}abc", f"de{CURSOR}"]

    def test_what_the_server_shows_meanwhile_changes_nothing(self) -> None:
        somebody = typist_at_prompt(columns=14, lines=3)
        somebody.keys("abcde")
        for shown, ack in (("a", 4), ("ab", 5)):
            somebody.sees(*self.ABOVE, f"{PROMPT}{shown}{CURSOR}", ack=ack)
            assert somebody.shown == ["file", f"{PROMPT}abc", f"de{CURSOR}"]
        somebody.sees("file", f"{PROMPT}abc", CURSOR, ack=5)
        assert somebody.shown == ["file", f"{PROMPT}abc", f"de{CURSOR}"]
        somebody.sees("file", f"{PROMPT}abc", f"de{CURSOR}", ack=-1)
        assert somebody.engine.apply(somebody.screen) is somebody.screen
        somebody.keys("f")
        assert somebody.shown == ["file", f"{PROMPT}abc", f"def{CURSOR}"]

    def test_a_screen_that_does_not_scroll_is_put_right_and_another_is_awaited(self) -> None:
        somebody = typist_at_prompt(columns=14, lines=3)
        somebody.keys("abcd")
        somebody.sees(*self.ABOVE, f"{PROMPT}ab{CURSOR}c", ack=6)  # it waits for the next character before it wraps
        assert somebody.shown == [*self.ABOVE, f"{PROMPT}ab{CURSOR}c"]
        somebody.sees("file", f"{PROMPT}abc", f"d{CURSOR}", ack=-1)
        somebody.types("\r")
        somebody.sees(f"{PROMPT}abc", "d", PROMPT + CURSOR, ack=-1)
        somebody.keys("abc")
        assert somebody.shown == [f"{PROMPT}abc", "d", f"{PROMPT}ab{CURSOR}"]

    def test_something_else_that_comes_is_shown_as_it_is(self) -> None:
        somebody = typist_at_prompt(columns=14, lines=3)
        somebody.keys("abcd")
        somebody.sees("news", "news", f"news{CURSOR}")
        assert somebody.shown == ["news", "news", f"news{CURSOR}"]

    def test_a_resize_forgets_the_scroll(self) -> None:
        somebody = typist_at_prompt(columns=14, lines=3)
        somebody.keys("abcd")
        somebody.columns = 20
        somebody.sees(*self.ABOVE, f"{PROMPT}{CURSOR}")
        assert somebody.shown == [*self.ABOVE, f"{PROMPT}{CURSOR}"]

    def test_a_second_row_is_awaited(self) -> None:
        somebody = typist_at_prompt(columns=14, lines=3)
        somebody.keys("abc" + "d" * 13)
        assert somebody.shown == ["file", f"{PROMPT}abc", "d" * 13 + CURSOR]
        somebody.keys("ef")
        assert somebody.shown == ["file", f"{PROMPT}abc", "d" * 13 + CURSOR]

    def test_where_text_stands_below_the_next_row_is_awaited(self) -> None:
        somebody = typist_at_prompt(columns=14)
        somebody.sees(*self.ABOVE, PROMPT + CURSOR, "below")
        somebody.keys("abcd")
        assert somebody.shown == [*self.ABOVE, f"{PROMPT}ab{CURSOR}", "below"]

    def test_without_the_extension_the_next_row_is_awaited(self) -> None:
        somebody = typist_at_prompt(columns=14, extensions=frozenset(Extension) - {Extension.WRAP})
        somebody.keys("abcde")
        assert somebody.shown[-1] == f"{PROMPT}ab{CURSOR}"
        somebody.sees(f"{PROMPT}ls", "file", f"{PROMPT}abc", f"d{CURSOR}", ack=somebody.batch - 1)
        assert somebody.shown[-1] == f"de{CURSOR}"
