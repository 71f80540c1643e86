"""The pager's bar: what it says in how many columns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mosh_client.renderer.pager.bar import READING_KEYS, SELECTING_KEYS, Whereabouts, bar_text, text_row
from mosh_common.terminal.cells import WIDE_TAIL

WHERE = Whereabouts(top=3120, bottom=3142, total=100_000, gone=5000, waiting=True)


def test_the_longest_form_that_fits_is_shown() -> None:
    shown = [
        bar_text(WHERE, columns=columns, message="", keys=READING_KEYS) for columns in (120, 90, 70, 60, 50, 20, 3)
    ]
    assert shown[0].startswith(" lines 3,120-3,142 of 100,000 (3%) | waiting… | 5,000 lines dropped before")
    assert shown[0].endswith(f"{READING_KEYS} ")
    assert shown[1:] == [
        " lines 3,120-3,142 of 100,000 (3%) | waiting… | 5,000 lines dropped before",
        " lines 3,120-3,142 of 100,000 (3%) | waiting…",
        " lines 3,120-3,142 of 100,000 (3%) | waiting…",
        " lines 3,120-3,142 of 100,000 (3%) | waiting…",
        " 3,120/100,000",
        "3%",
    ]


def test_what_ends_a_selection_comes_before_the_place() -> None:
    assert bar_text(WHERE, columns=36, message="", keys=SELECTING_KEYS).split(maxsplit=1) == [
        "3%",
        f"{SELECTING_KEYS} ",
    ]


def test_a_message_takes_the_place_of_all() -> None:
    assert bar_text(WHERE, columns=30, message="Copied 3 characters.", keys=READING_KEYS) == " Copied 3 characters."


@given(
    st.integers(1, 200),
    st.builds(Whereabouts, *[st.integers(0, 1 << 40)] * 4, st.booleans()),
    st.sampled_from(["", "x" * 300, "漢\x1b\u0301"]),
)
def test_it_is_never_wider_than_the_screen(columns: int, where: Whereabouts, message: str) -> None:
    text = bar_text(where, columns=columns, message=message, keys=READING_KEYS)
    assert len(text) <= columns
    assert len(text_row(text, columns=columns, letter="\0")[0]) == columns


def test_wide_characters_take_their_columns_and_controls_are_not_shown() -> None:
    assert text_row("/漢\x1b\u0301", columns=6, letter="\0")[0] == "/漢" + WIDE_TAIL + "?? "
    assert text_row("漢字", columns=3, letter="\0")[0] == "漢" + WIDE_TAIL + " "
