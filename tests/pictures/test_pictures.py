"""The pictures of README show what they are said to show, are what their sources give, and bring nothing along."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.pictures import __main__ as pictures
from tests.pictures import cast, chart, pager, screens, session, svg
from tests.pictures.cast import Cast, Event

from mosh_common.terminal.emulator import Emulator

pytestmark = pytest.mark.once

SVG = "{http://www.w3.org/2000/svg}"
LARGEST_OCTETS = 300_000  # that a reader of README has to load
DRAWINGS = [pictures.FOLDER / "session.svg", pictures.FOLDER / "pager.svg"]
if pictures.RESULTS.exists():
    DRAWINGS.append(pictures.FOLDER / "numbers.svg")

RECORDING = cast.read(pictures.CAST)


# When a test asks for them, not when it is collected: each of xdist's workers collects all tests.
drawings = functools.cache(pictures.drawings)


def text_of(moment: screens.Moment) -> str:
    return "\n".join(row[0].replace("\0", " ").rstrip() for row in moment.screen.rows)


def underlined(moment: screens.Moment) -> str:
    """What of a screen is underlined."""
    palette = moment.screen.palette.styles
    return "".join(
        char
        for row in moment.screen.rows
        for char, letter in zip(row[0], row[1], strict=True)
        if palette[ord(letter)].underline
    )


def during(caption: str) -> list[screens.Moment]:
    return [moment for moment in screens.moments(RECORDING) if moment.caption == caption]


# --- the recording


def test_guesses_are_seen_on_the_bad_link() -> None:
    assert any(underlined(moment) for moment in during(session.BAD_LINK))


def test_in_the_outage_the_bar_counts_and_guesses_stay() -> None:
    ages = [
        age for moment in during(session.GONE) for age in re.findall(r"Last contact (\d+) seconds ago", text_of(moment))
    ]
    assert int(ages[-1]) >= session.OUTAGE_SHOWN_S
    assert "cat" in underlined(during(session.GONE)[-1])


def test_after_the_roam_the_session_goes_on_without_a_bar() -> None:
    last = during(session.ROAMED)[-1]
    assert "bread" in text_of(last)
    assert "Last contact" not in text_of(last)
    assert not underlined(last)


def test_nothing_of_this_machine_is_in_the_recording() -> None:
    words = "".join(event.text for event in RECORDING.events)
    assert not re.search(r"/(home|root|tmp|work|usr)\b|MOSH_KEY", words)


def test_a_recording_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = Cast(80, 24, "ünï", (Event(0.0, "m", "caption"), Event(0.25, "o", "\x1b[1m漢\r\n")))
    cast.write(tmp_path / "cast", written)
    assert cast.read(tmp_path / "cast") == written


def test_another_version_of_asciicast_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cast").write_text('{"version": 3}\n')
    with pytest.raises(ValueError, match="version 3, expected 2"):
        cast.read(tmp_path / "cast")


# --- the pager


def test_the_error_is_found_and_copied_in_the_picture_of_the_pager() -> None:
    played = screens.moments(pager.play())
    texts = {moment.caption: text_of(moment) for moment in played}
    assert "error:" not in texts[pager.PAGER]
    assert "error:" in texts[pager.FOUND]
    assert "Copied" in texts[pager.COPIED]
    assert texts[pager.BACK] == texts[pager.AWAY]


# --- the drawings


@pytest.mark.parametrize("recording", [lambda: RECORDING, pager.play], ids=["session", "pager"])
def test_captions_fit_below_the_terminal(recording: Callable[[], Cast]) -> None:
    captions = [event.text for event in recording().events if event.kind == cast.MARKER]
    room = session.COLUMNS * svg.CELL // 8  # 8 px: what a character of 15 px takes in a wide font
    assert captions
    assert [caption for caption in captions if len(caption) > room] == []


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.name)
def test_a_drawing_is_what_its_source_gives(path: Path) -> None:
    assert path.read_text() == drawings()[path], "make pictures PICTURES=drawing"


def test_all_drawings_are_among_these() -> None:
    assert set(drawings()) == set(DRAWINGS)


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.name)
def test_a_drawing_is_small_and_brings_nothing_along(path: Path) -> None:
    content = path.read_text()
    assert len(content.encode()) < LARGEST_OCTETS
    tree = ElementTree.fromstring(content)
    assert {element.tag.removeprefix(SVG) for element in tree.iter()} <= {
        *("svg", "title", "desc", "style", "g", "rect", "path", "text")
    }
    assert "http" not in content.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"@import|url\(|href", content)


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.name)
def test_a_drawing_says_in_words_what_it_shows(path: Path) -> None:
    tree = ElementTree.parse(path).getroot()
    assert tree.get("role") == "img"
    assert all(len(tree.findtext(f"{SVG}{name}") or "") > 10 for name in ("title", "desc"))


def test_a_row_is_a_strip_on_which_every_text_is_once() -> None:
    made = svg.strip([(0.0, ""), (1.0, "a"), (2.0, "a"), (3.0, ""), (4.0, "b")])
    assert made.texts == ("", "a", "b")
    assert made.steps == ((0.0, 0), (1.0, 1), (3.0, 0), (4.0, 2))


def drawn(output: str) -> ElementTree.Element:
    emulator = Emulator(20, 1)
    emulator.feed(output.encode())
    screen = emulator.snapshot()
    return ElementTree.fromstring(f"<svg>{svg.drawn_row(screen.rows[0], screen.palette)}</svg>")


def test_runs_of_one_look_are_drawn_where_their_cells_are() -> None:
    texts = drawn("ab \x1b[1;31mc<d\x1b[m  e").findall("text")
    assert [(t.text, t.get("x"), t.get("textLength")) for t in texts] == [
        ("ab", "0", "19.2"),
        ("c<d", "28.8", "28.8"),
        ("e", "76.8", "9.6"),
    ]
    assert [(t.get("fill"), t.get("font-weight")) for t in texts] == [
        (None, None),
        (svg.THEME[1], "bold"),
        (None, None),
    ]


def test_several_blanks_are_left_out_between_two_texts() -> None:
    texts = drawn("a b   c").findall("text")
    assert [(t.text, t.get("x"), t.get("textLength")) for t in texts] == [("a b", "0", "28.8"), ("c", "57.6", "9.6")]


def test_wide_characters_have_two_cells() -> None:
    texts = drawn("a漢字b").findall("text")
    assert [(t.text, t.get("x"), t.get("textLength")) for t in texts] == [
        ("a", "0", "9.6"),
        ("漢字", "9.6", "38.4"),
        ("b", "48", "9.6"),
    ]


def test_background_inverse_and_underline_are_drawn_below_blanks_too() -> None:
    row = drawn("\x1b[44;4mx \x1b[m\x1b[7my")
    rectangles = [(r.get("x"), r.get("width"), r.get("height"), r.get("fill")) for r in row.findall("rect")]
    assert rectangles == [
        ("0", "19.2", "22", svg.THEME[4]),
        ("0", "19.2", "1.5", svg.INK),
        ("19.2", "9.6", "22", svg.INK),
    ]
    assert [t.get("fill") for t in row.findall("text")] == [None, svg.PAPER]


def test_the_screen_moves_and_one_moment_stands_still() -> None:
    recording = Cast(10, 2, "title", (Event(0.0, "o", "a"), Event(1.0, "o", "\rb"), Event(2.0, "o", "\rc")))
    made = svg.draw(screens.moments(recording), 4.0, title="t", description="d", poster_s=1.5)
    assert ".r0{transform:translateY(-22px);animation-name:r0}" in made
    assert (
        "@keyframes r0{0.00%{transform:translateY(0px)}25.00%{transform:translateY(-22px)}"
        "50.00%{transform:translateY(-44px)}}" in made
    )


# --- the chart


RESULTS = {
    "conditions": {"in short": "here & now"},
    "programs": ["mosh-py", "mosh", "ssh"],
    "measures": [
        {"name": "a key", "note": "median", "unit": "ms", "values": {"mosh-py": 5, "mosh": 10.04, "ssh": "no session"}}
    ],
}


def write_results(folder: Path, results: object) -> Path:
    (folder / "results.json").write_text(json.dumps(results))
    return folder / "results.json"


def test_bars_begin_at_zero_and_are_as_long_as_their_values(tmp_path: Path) -> None:
    tree = ElementTree.fromstring(chart.draw(chart.read(write_results(tmp_path, RESULTS))))
    bars = [float(r.get("width", "")) for r in tree.iter(f"{SVG}rect") if r.get("height") == str(chart.BAR)]
    assert bars[0] == pytest.approx(bars[1] * 5 / 10.04, abs=0.1)
    assert bars[2] == 0
    words = [text.text for text in tree.iter(f"{SVG}text")]
    assert {"5.00 ms", "10.0 ms", "no session", "here & now"} <= set(words)


def test_a_program_without_a_value_is_refused(tmp_path: Path) -> None:
    path = write_results(tmp_path, {**RESULTS, "programs": ["mosh-py", "mosh"]})
    with pytest.raises(ValueError, match="a key"):
        chart.read(path)
