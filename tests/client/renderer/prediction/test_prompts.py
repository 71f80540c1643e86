"""What is shown without waiting: known prompts and lines; and what must never be."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.prediction import CURSOR, Typist, typist_at_prompt

from mosh_client.renderer.prediction.engine import DisplayPreference, Extension
from mosh_client.renderer.prediction.habits import PROMPTS_LIMIT, Confidence, Habit, prompt_shape

PROMPT = "me@host:~$ "
BEFORE = [f"{PROMPT}ls", "file"]
PAGE = ["first", "second", "third"]


class TestKnownPrompts:
    def test_at_a_prompt_that_echoed_before_keys_are_shown_at_once(self) -> None:
        somebody = typist_at_prompt()
        somebody.keys("pwd")
        assert somebody.shown == [*BEFORE, f"{PROMPT}pwd{CURSOR}"]

    def test_another_directory_makes_no_other_prompt(self) -> None:
        somebody = typist_at_prompt()
        somebody.keys("cd")
        somebody.types("\r")
        somebody.sees("me@host:~$ cd", f"me@host:~/src/x$ {CURSOR}", ack=-1)
        somebody.keys("pwd")
        assert somebody.shown == ["me@host:~$ cd", f"me@host:~/src/x$ pwd{CURSOR}"]

    def test_without_the_extension_it_waits(self) -> None:
        somebody = typist_at_prompt(extensions=frozenset(Extension) - {Extension.PROMPT_TRUST})
        somebody.keys("pwd")
        assert somebody.shown == [*BEFORE, f"{PROMPT}{CURSOR}"]

    def test_a_prompt_never_met_is_awaited(self) -> None:
        somebody = typist_at_prompt()
        somebody.keys("python")
        somebody.types("\r")
        somebody.sees(">>> " + CURSOR, ack=-1)
        somebody.keys("1")
        assert somebody.shown == [">>> " + CURSOR]

    def test_keys_typed_before_the_prompt_came_are_shown_with_it(self) -> None:
        somebody = typist_at_prompt()
        somebody.types("\r")
        somebody.keys("pwd")
        assert somebody.shown[-1] == f"{PROMPT}{CURSOR}"
        somebody.sees(*BEFORE, PROMPT, f"{PROMPT}{CURSOR}", ack=somebody.batch - 3)
        assert somebody.shown[-1] == f"{PROMPT}pwd{CURSOR}"

    def test_keys_that_the_prompts_frame_shows_already_are_not_shown_twice(self) -> None:
        somebody = typist_at_prompt()
        somebody.types("\r")
        somebody.keys("pwd")
        somebody.sees(*BEFORE, PROMPT, f"{PROMPT}pw{CURSOR}", ack=somebody.batch - 3)
        assert somebody.shown[-1] == f"{PROMPT}pwd{CURSOR}"

    def test_a_prompt_whose_echo_failed_is_not_trusted_again(self) -> None:
        somebody = typist_at_prompt()
        somebody.keys("x")
        somebody.sees(*BEFORE, PROMPT + CURSOR, ack=-1)
        somebody.keys("y")
        assert somebody.shown == [*BEFORE, PROMPT + CURSOR]
        somebody.sees(*BEFORE, PROMPT + CURSOR, ack=-1)
        somebody.types("\r")
        somebody.sees(PROMPT + CURSOR, ack=-1)
        somebody.keys("z")
        assert somebody.shown == [PROMPT + CURSOR]

    def test_a_prompt_that_comes_late_into_a_row_that_was_blank_is_known(self) -> None:
        somebody = typist_at_prompt()
        somebody.keys("sudo x")
        somebody.types("\r")
        somebody.sees(f"{PROMPT}sudo x", "Password: " + CURSOR, ack=-1)
        somebody.keys("hunter2")
        somebody.types("\r")
        somebody.sees(f"{PROMPT}sudo x", "Password:", CURSOR, ack=-1)
        somebody.sees(f"{PROMPT}sudo x", "Password:", PROMPT + CURSOR)
        somebody.keys("p")
        assert somebody.shown[-1] == f"{PROMPT}p{CURSOR}"


class TestCommandLines:
    """A pager's or an editor's: a key opens a line elsewhere, which begins with it."""

    def pager(self, bottom: str = ":" + CURSOR, **options: Any) -> Typist:
        return Typist(*PAGE, "", "", bottom, **options)

    @pytest.mark.parametrize("bottom", [":" + CURSOR, "(END)" + CURSOR, "file.txt" + CURSOR])
    def test_what_is_typed_behind_it_is_shown_once_it_is_there(self, bottom: str) -> None:
        somebody = self.pager(bottom)
        somebody.keys("/re")
        somebody.sees(*PAGE, "", "", "/" + CURSOR)
        assert somebody.shown[-1] == "/re" + CURSOR
        somebody.keys("t")
        assert somebody.shown[-1] == "/ret" + CURSOR

    def test_an_editor_s_is_far_from_the_text(self) -> None:
        somebody = Typist("fir" + CURSOR + "st", "", "", "", "", "file.txt")
        somebody.keys(":wq")
        somebody.sees("first", "", "", "", "", ":w" + CURSOR)
        assert somebody.shown == ["first", "", "", "", "", ":wq" + CURSOR]

    def test_before_it_is_there_nothing_is_shown(self) -> None:
        somebody = self.pager()
        somebody.keys("/re")
        assert somebody.shown[-1] == ":" + CURSOR

    @pytest.mark.parametrize("bottom", ["?" + CURSOR, "xy/" + CURSOR, "/x" + CURSOR, CURSOR + "/", ":" + CURSOR])
    def test_another_line_proves_nothing(self, bottom: str) -> None:
        somebody = self.pager()
        somebody.keys("/re")
        somebody.sees(*PAGE, "", "", bottom)
        assert somebody.shown[-1] == bottom

    def test_neither_does_one_that_was_there_before(self) -> None:
        somebody = Typist("te" + CURSOR + "xt", "/")
        somebody.keys("/re")
        somebody.sees("text", "/" + CURSOR)
        assert somebody.shown == ["text", "/" + CURSOR]

    def test_nor_a_key_that_is_no_character(self) -> None:
        somebody = Typist("te" + CURSOR + "xt")
        somebody.types("\x06", "a")
        somebody.sees("text", "", "a" + CURSOR)
        assert somebody.shown == ["text", "", "a" + CURSOR]

    def test_without_the_extension_it_waits(self) -> None:
        somebody = self.pager(extensions=frozenset(Extension) - {Extension.COMMAND_LINE})
        somebody.keys("/re")
        somebody.sees(*PAGE, "", "", "/" + CURSOR)
        assert somebody.shown[-1] == "/" + CURSOR


class TestSecrets:
    @pytest.mark.parametrize(
        "question",
        [
            "Password: ",
            "[sudo] password for me: ",
            "Enter passphrase for key '/home/me/.ssh/id': ",
            "me@host's password:",
            "PIN? ",
            "> ",
            "Enter PIN> ",
            "",
        ],
    )
    def test_behind_a_question_nothing_is_ever_shown(self, question: str) -> None:
        somebody = typist_at_prompt(columns=60)
        somebody.keys("sudo x")
        somebody.types("\r")
        somebody.sees(f"{PROMPT}sudo x", question + CURSOR, ack=-1)
        for key in ["h", "u", "n", "\x7f", "t", "\x1b[D", "\x15", "e", "r"]:
            before = somebody.shown
            somebody.types(key)
            assert somebody.shown == before
            somebody.sees(f"{PROMPT}sudo x", question + CURSOR, ack=-1)

    def test_not_even_if_echo_was_seen_behind_the_same_question(self) -> None:
        somebody = Typist(f"Name: {CURSOR}")
        somebody.keys("anna")
        somebody.sees(f"Name: anna{CURSOR}", ack=-1)
        somebody.types("\r")
        somebody.sees("Name: anna", f"Name: {CURSOR}", ack=-1)
        somebody.keys("s3")
        assert somebody.shown == ["Name: anna", f"Name: {CURSOR}"]

    def test_typed_ahead_of_a_password_prompt_nothing_is_shown(self) -> None:
        somebody = typist_at_prompt()
        somebody.keys("su")
        somebody.types("\r")
        somebody.keys("hunter2")
        assert somebody.shown == [*BEFORE, f"{PROMPT}su{CURSOR}"]
        somebody.sees(f"{PROMPT}su", f"Password: {CURSOR}", ack=somebody.batch - 7)
        assert somebody.shown == [f"{PROMPT}su", f"Password: {CURSOR}"]
        somebody.sees(f"{PROMPT}su", f"Password: {CURSOR}", ack=-1)
        assert somebody.shown == [f"{PROMPT}su", f"Password: {CURSOR}"]

    def test_stars_for_a_password_show_nothing(self) -> None:
        somebody = typist_at_prompt()
        somebody.types("\r")
        somebody.sees(f"Passcode: {CURSOR}", ack=-1)
        somebody.keys("ab")
        somebody.sees(f"Passcode: *{CURSOR}", ack=somebody.batch - 1)
        assert somebody.shown == [f"Passcode: *{CURSOR}"]

    def test_after_escape_letters_may_be_commands(self) -> None:
        somebody = typist_at_prompt()
        somebody.keys("ls")
        somebody.types("\x1b")
        somebody.now += 500
        somebody.sees(*BEFORE, f"{PROMPT}l{CURSOR}s", ack=-1)
        somebody.keys("x")
        assert somebody.shown[-1] == f"{PROMPT}l{CURSOR}s"

    def test_after_a_multiplexers_prefix_letters_may_be_commands(self) -> None:
        somebody = typist_at_prompt()
        somebody.types("\x02")
        somebody.sees(*BEFORE, f"{PROMPT}{CURSOR}", ack=-1)
        somebody.keys("c")
        assert somebody.shown[-1] == f"{PROMPT}{CURSOR}"


class TestLinesThatGoOn:
    def test_after_completion_the_line_is_trusted(self) -> None:
        somebody = typist_at_prompt()
        somebody.keys("cat fi")
        somebody.types("\t")
        somebody.sees(*BEFORE, f"{PROMPT}cat file {CURSOR}", ack=-1)
        somebody.keys("-n")
        assert somebody.shown[-1] == f"{PROMPT}cat file -n{CURSOR}"

    def test_keys_typed_before_the_completion_came_are_shown_with_it(self) -> None:
        somebody = typist_at_prompt()
        somebody.keys("cat fi")
        somebody.types("\t")
        somebody.keys("-n")
        somebody.sees(*BEFORE, f"{PROMPT}cat file {CURSOR}", ack=somebody.batch - 2)
        assert somebody.shown[-1] == f"{PROMPT}cat file -n{CURSOR}"

    def test_keys_behind_an_edit_that_the_frame_shows_already_are_not_shown_twice(self) -> None:
        somebody = typist_at_prompt()
        somebody.types("\x1b[A", "\x15")
        somebody.keys("echo")
        somebody.sees(*BEFORE, f"{PROMPT}e{CURSOR}", ack=somebody.batch - 4)
        somebody.sees(*BEFORE, f"{PROMPT}ec{CURSOR}", ack=somebody.batch - 3)
        assert somebody.shown[-1] == f"{PROMPT}echo{CURSOR}"

    def test_after_history_the_line_is_trusted(self) -> None:
        somebody = typist_at_prompt()
        somebody.types("\x1b[A")
        somebody.sees(*BEFORE, f"{PROMPT}ls{CURSOR}", ack=-1)
        somebody.keys(" -l")
        assert somebody.shown[-1] == f"{PROMPT}ls -l{CURSOR}"

    def test_a_line_whose_prompt_changed_is_awaited(self) -> None:
        somebody = typist_at_prompt()
        somebody.types("\x1b[A")
        somebody.sees(*BEFORE, f"(search)'': {CURSOR}", ack=-1)
        somebody.keys("l")
        assert somebody.shown[-1] == f"(search)'': {CURSOR}"

    def test_echo_is_proved_by_what_was_typed_meanwhile(self) -> None:
        somebody = Typist(f"{CURSOR}")
        somebody.types("i")  # an editor's command
        somebody.keys("some")
        somebody.sees(f"som{CURSOR}", ack=1)
        assert somebody.shown == [f"some{CURSOR}"]

    def test_a_character_that_is_seen_needs_no_echo_ack(self) -> None:
        somebody = Typist(f"$ {CURSOR}")
        somebody.keys("ab")
        somebody.sees(f"$ a{CURSOR}", ack=0)
        assert somebody.shown == [f"$ ab{CURSOR}"]


class TestConfidence:
    def test_shapes_hide_names_paths_and_numbers(self) -> None:
        assert prompt_shape("me@host:~/src$ ") == prompt_shape("you@mars:/var/log$ ")
        assert prompt_shape("me@host:~$ ") != prompt_shape("me@host:~# ")

    def test_questions_have_no_shape(self) -> None:
        assert prompt_shape("Password: ") is None
        assert prompt_shape("continue? ") is None
        assert prompt_shape("   ") is None

    def test_the_number_of_shapes_is_bounded(self) -> None:
        confidence = Confidence()
        for number in range(PROMPTS_LIMIT + 1):
            for _ in range(2):
                confidence.echoed("#" * (number + 1) + "$ ")
        assert not confidence.knows("#$ ")
        assert confidence.knows("#" * (PROMPTS_LIMIT + 1) + "$ ")

    def test_a_habit_that_was_wrong_is_not_trusted_until_right_again(self) -> None:
        confidence = Confidence()
        assert confidence.trusts(Habit.HOME)
        confidence.wrong(Habit.HOME)
        assert not confidence.trusts(Habit.HOME)
        confidence.right(Habit.HOME)
        assert confidence.trusts(Habit.HOME)


def test_adaptive_and_always_agree_on_a_slow_link() -> None:
    for display in (DisplayPreference.ADAPTIVE, DisplayPreference.ALWAYS):
        somebody = typist_at_prompt(display=display)
        somebody.keys("x")
        assert somebody.shown[-1] == f"{PROMPT}x{CURSOR}"


def test_while_nothing_came_of_enter_the_old_line_is_no_prompt() -> None:
    somebody = typist_at_prompt()
    somebody.keys("su")
    somebody.types("\r")
    somebody.sees(*BEFORE, f"{PROMPT}su{CURSOR}", ack=-1)
    somebody.keys("ab")
    somebody.sees(*BEFORE, f"{PROMPT}suab{CURSOR}", ack=-1)
    somebody.types("\r")
    somebody.sees(*BEFORE, f"{PROMPT}su{CURSOR}", ack=-1)
    somebody.keys("s")
    assert somebody.shown[-1] == f"{PROMPT}su{CURSOR}"


def test_a_prompt_in_a_pane_is_known_by_what_stands_in_the_pane() -> None:
    wall = f"{' ' * 9}│"
    somebody = Typist(f"left one │$ {CURSOR}", wall, wall, columns=40)
    somebody.keys("ls")
    somebody.sees(f"left one │$ ls{CURSOR}", wall, wall, ack=-1)
    somebody.types("\r")
    somebody.sees("left one │$ ls", f"other    │$ {CURSOR}", wall, ack=-1)
    somebody.keys("x")
    assert somebody.shown[1] == f"other    │$ x{CURSOR}"


def test_keys_typed_before_a_late_prompt_are_taken_up_by_it() -> None:
    somebody = typist_at_prompt()
    somebody.keys("make")
    somebody.types("\r")
    somebody.sees(*BEFORE, f"{PROMPT}make", CURSOR, ack=-1)
    somebody.keys("ls")
    somebody.now += 100
    somebody.sees(*BEFORE, f"{PROMPT}make", f"{PROMPT}{CURSOR}")
    assert somebody.shown[-1] == f"{PROMPT}ls{CURSOR}"


def test_a_key_that_may_have_ended_a_program_is_not_taken_up_by_the_prompt() -> None:
    somebody = typist_at_prompt()
    somebody.keys("less")
    somebody.types("\r")
    somebody.sees("text", f":{CURSOR}", ack=-1)
    somebody.keys("q")
    somebody.now += 260
    somebody.sees("text", f"{PROMPT}{CURSOR}")
    assert somebody.shown == ["text", f"{PROMPT}{CURSOR}"]
