"""How much of a screen one frame may carry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import tried_with
from tests.support.screens import canonical, many_coloured, programs

from mosh_common.terminal.cells import LINKS_LIMIT_OCTETS, Snapshot, blank_snapshot, cell_text
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff.diff import diff
from mosh_common.terminal.frame_diff.portions import BESIDE_OCTETS, FRAME_LIMIT_OCTETS, portion

A_ROW = 20 * (16 + 64 + 112 + 16)  # the dearest of 20 cells, with the short links of `programs`
LONG_LINK = "\x1b]8;;http://{}" + "x" * 2030 + "\a"


def screen(output: str, columns: int = 20, lines: int = 6) -> Snapshot:
    emulator = Emulator(columns, lines)
    emulator.feed(output.encode())
    return emulator.snapshot()


def alternating_links(columns: int, lines: int) -> Snapshot:
    """A screen of which each cell begins another of two long hyperlinks."""
    pair = "".join(LONG_LINK.format(number) + "x" for number in range(2))
    return screen((pair * (columns // 2)) * lines, columns, lines)


def on_the_way(old: Snapshot, new: Snapshot, *, limit: int) -> list[Snapshot]:
    """Send frames until the other end shows all; return what it shows after each."""
    shown = [old]
    client = Emulator(old.columns, old.lines, frames=True)
    while True:
        assert len(shown) <= new.lines + 2, "it does not come to an end"
        part, last = portion(shown[-1], new, limit=limit)
        output = diff(shown[-1], part)
        assert len(output) <= limit
        client.restore(shown[-1])
        client.resize(part.columns, part.lines)
        client.feed(output)
        assert canonical(client.snapshot()) == canonical(part)
        shown.append(part)
        if last:
            return shown[1:]


def test_a_screen_of_any_usual_kind_is_carried_whole() -> None:
    new = many_coloured(200, 60)
    assert portion(blank_snapshot(200, 60), new) == (new, True)
    assert len(diff(blank_snapshot(200, 60), new)) < FRAME_LIMIT_OCTETS


def test_a_screen_of_long_links_comes_in_portions_from_the_top_down() -> None:
    new = alternating_links(80, 40)
    assert len(diff(blank_snapshot(80, 40), new)) > 2 * FRAME_LIMIT_OCTETS
    frames = on_the_way(blank_snapshot(80, 40), new, limit=FRAME_LIMIT_OCTETS)
    assert len(frames) == 3
    assert frames[-1] is new
    first = frames[0]
    assert [row[0].strip("\x00") != "" for row in first.rows] == sorted(
        [row[0].strip("\x00") != "" for row in first.rows], reverse=True
    )


def test_what_is_not_drawn_yet_shows_what_was_there_before() -> None:
    old, new = screen("\r\n".join("abcdef")), screen("\r\n".join(f"\x1b[3{n}mABCDEF" for n in range(6)))
    first = on_the_way(old, new, limit=BESIDE_OCTETS + 3 * 600)[0]
    assert [cell_text(row, 0) for row in first.rows] == ["A", "A", "A", "d", "e", "f"]


def test_of_another_size_what_is_not_drawn_yet_is_blank() -> None:
    old, new = screen("x" * 100, 10, 10), screen("\r\n".join("ABCDEF"))
    first = on_the_way(old, new, limit=BESIDE_OCTETS + 3 * 600)[0]
    assert [cell_text(row, 0) for row in first.rows] == ["A", "B", "C", "", "", ""]


def test_a_row_that_is_too_long_by_itself_comes_without_links() -> None:
    new = alternating_links(80, 4)
    frames = on_the_way(blank_snapshot(80, 4), new, limit=BESIDE_OCTETS + 100_000)
    final = frames[-1]
    assert [row[0] for row in final.rows] == [row[0] for row in new.rows]
    assert not any(style.link for row in final.rows for style in {final.palette.styles[ord(each)] for each in row[1]})


@tried_with(200)
@given(programs, programs, st.integers(A_ROW, 3 * A_ROW), st.booleans())
def test_whatever_the_portions_they_lead_to_the_screen(first: str, then: str, room: int, one: bool) -> None:
    emulator = Emulator(20, 6)
    emulator.feed(first.encode())
    old = emulator.snapshot()
    if not one:
        emulator = Emulator(20, 6)
    emulator.feed(then.encode())
    new = emulator.snapshot()._replace(
        bell_count=old.bell_count, title_set=True, title="t", clipboard=emulator.snapshot().clipboard or old.clipboard
    )
    old = old._replace(title_set=True)
    final = on_the_way(old, new, limit=BESIDE_OCTETS + room)[-1]
    assert canonical(final) == canonical(new)


def test_hyperlinks_have_a_budget_beyond_which_text_is_plain() -> None:
    emulator = Emulator(200, 60)
    for number in range(3000):
        emulator.feed(f"{LONG_LINK.format(number)}x".encode())
    snapshot = emulator.snapshot()
    assert snapshot.palette.link_octets <= LINKS_LIMIT_OCTETS
    linked = sum(bool(snapshot.palette.styles[ord(letter)].link) for row in snapshot.rows for letter in row[1])
    assert 500 <= linked <= 520  # the first ones: a MiB of them
    assert sum(row[0].count("x") for row in snapshot.rows) == 3000
    assert snapshot.style.link == ""


def test_links_that_are_gone_make_room_for_others() -> None:
    emulator = Emulator(80, 24)
    for number in range(1000):
        emulator.feed(f"{LONG_LINK.format(number)}x".encode())
    assert emulator.snapshot().style.link == ""
    emulator.feed(b"\x1b[H\x1b[2J")
    linked = 0
    for number in range(80):  # a look at the cells each time would be too dear
        emulator.feed(f"{LONG_LINK.format(number)}x".encode())
        linked += bool(emulator.snapshot().style.link)
    assert linked >= 40


def test_a_refused_link_is_looked_into_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = Emulator(80, 24)
    compactions = 0
    real = emulator.screen.compact_palette

    def compact() -> None:
        nonlocal compactions
        compactions += 1
        real()

    monkeypatch.setattr(type(emulator.screen), "compact_palette", lambda _: compact())
    for number in range(3000):
        emulator.feed(f"{LONG_LINK.format(number)}x".encode())
    assert compactions <= 3000 // (80 * 24 // 64) + 2


def test_links_of_one_frame_may_be_twice_as_many_as_of_a_screen() -> None:
    old, new = (
        screen("".join(LONG_LINK.format(f"{name}{number}") + "x" for number in range(500)), 100, 10) for name in "ab"
    )
    client = Emulator(100, 10, frames=True)
    client.restore(blank_snapshot(100, 10))
    client.feed(diff(blank_snapshot(100, 10), old))
    client.feed(diff(old, new))
    assert canonical(client.snapshot()) == canonical(new)
