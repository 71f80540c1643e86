"""What keys do to a known line, and what stands beside it."""

from __future__ import annotations

import pytest
from tests.support.prediction import CURSOR, Typist, typist_at_prompt

PROMPT = "me@host:~$ "
LINE = "cat one-two three"


def typist_in_line(text: str = LINE, **options: object) -> Typist:
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


def test_at_the_right_edge_the_next_row_is_awaited() -> None:
    somebody = typist_at_prompt(columns=14)
    somebody.keys("abcde")
    assert somebody.shown[-1] == f"{PROMPT}ab{CURSOR}"
    somebody.sees(f"{PROMPT}ls", "file", f"{PROMPT}abc", f"d{CURSOR}", ack=somebody.batch - 1)
    assert somebody.shown[-1] == f"de{CURSOR}"
