"""Sessions as a person reads them: within the width, below each other, with nothing left out that matters."""

from __future__ import annotations

import pytest

from mosh_bootstrap.session_answer import Session
from mosh_bootstrap.session_table import choice, duration, fit, table

PLAIN = Session(
    *(4711, "work", "detached", 7200, "192.0.2.7", 7300, None, 80, 24),
    *("/bin/bash", "vim notes", "/home/me", ("vim", "make"), "$ make"),
)
ATTACHED = PLAIN._replace(id=12, name="", state="attached", since=200, heard=400, title="", programs=())
STUCK = Session(99, "", "stuck", None, "", None, None, 0, 0, "", "", "", (), "")


def test_a_table_says_what_there_is() -> None:
    assert table([PLAIN, ATTACHED, STUCK], width=80) == [
        "ID    NAME  SIZE   STATE",
        "4711  work  80x24  detached for 2 h, was at 192.0.2.7",
        "        /bin/bash: vim notes in /home/me",
        "        runs vim, make",
        "12    -     80x24  attached for 3 min from 192.0.2.7, silent for 6 min",
        "        /bin/bash in /home/me",
        "99    -     -      does not answer",
    ]


def test_a_choice_is_numbered_and_previews_the_screen() -> None:
    assert choice([PLAIN, ATTACHED._replace(line="")], width=80) == [
        "1)  4711  work  80x24  detached for 2 h, was at 192.0.2.7",
        "        $ make",
        "2)  12    -     80x24  attached for 3 min from 192.0.2.7, silent for 6 min",
        "        /bin/bash",
    ]


@pytest.mark.parametrize(
    ("state", "words"),
    [("new", "waits for its first client"), ("old", "of an older mosh-server; cannot be attached to")],
)
def test_each_state_has_words(state: str, words: str) -> None:
    assert table([PLAIN._replace(state=state)], width=80)[1].endswith(words)


def test_no_line_is_wider_than_the_terminal() -> None:
    long = PLAIN._replace(
        title="漢字" * 100, folder="/x" * 200, line="漢" * 200, programs=("p" * 60,) * 16, peer="f" * 64
    )
    for lines in (table([long], width=40), choice([long], width=40)):
        for line in lines:
            assert sum(2 if char in "漢字" else 1 for char in line) <= 40


@pytest.mark.parametrize(
    ("text", "width", "fitting"),
    [("abc", 2, "ab"), ("漢字", 3, "漢"), ("漢字", 4, "漢字"), ("e\u0301x", 1, "e\u0301"), ("abc", 0, ""), ("", 5, "")],
)
def test_a_text_is_cut_by_columns(text: str, width: int, fitting: str) -> None:
    assert fit(text, width) == fitting


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (86_399, "23 h"), (90_000, "1 d")]
)
def test_a_duration_is_told_in_its_largest_unit(seconds: int, words: str) -> None:
    assert duration(seconds) == words
