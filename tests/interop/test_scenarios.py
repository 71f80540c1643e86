"""What a user does in a session, with every pair of clients and servers: it must look as without mosh.

The scenarios of a pair share one session (conftest.py); each starts at a prompt on an empty screen.
"""

from __future__ import annotations

import hashlib
import random
import string

import pytest
from tests.support.programs import OURS, wait_until
from tests.support.terminal_session import MoshSession, modes_left_on

pytestmark = [
    pytest.mark.interop,
    pytest.mark.requires_linux,
    pytest.mark.requires_program("tmux", "bash"),
]

PASTE_OCTETS = 60 * 1024
POEM = "".join(f"{number:4d}  line {number} of a file that is longer than any screen\n" for number in range(1, 301))


def test_typing_shows_what_was_typed_and_what_came_of_it(session: MoshSession) -> None:
    for word in ("echo", " typed", " $((6", "*7))"):
        session.type(word)
    session.expect_same("$((6*7))")
    session.press("Enter")
    session.expect_same("typed 42")


def test_single_keys_typed_fast_arrive_in_order(session: MoshSession) -> None:
    line = "printf '%s\\n' the quick brown fox jumps over the lazy dog | rev"
    for character in line:
        session.mosh.type(character)
    session.direct.type(line)
    session.expect_same("| rev")
    session.press("Enter")
    session.expect_same("god")


def test_line_editing_and_history_follow_the_keys(session: MoshSession) -> None:
    session.type("echo alpha gamma")
    session.press("Left", "Left", "Left", "Left", "Left")
    session.type("beta ")
    session.expect_same("alpha beta gamma")
    session.press("C-a")
    session.type("time ")
    session.expect_same("time echo")
    session.press("C-e", "C-w")
    session.expect_same("time echo alpha beta")
    session.press("C-a", "Right", "Right", "Right", "Right", "Right", "C-k")
    session.expect_same("> time")
    session.press("C-u")
    session.enter("echo history-$((1+1))")
    session.expect_same("history-2")
    session.press("Up", "BSpace", "BSpace", "BSpace")
    session.type("9))")
    session.press("Home", "Delete", "Delete", "Delete", "Delete", "End", "C-b", "C-f", "Enter")
    session.expect_same("command not found")
    session.press("C-p", "Up", "Down", "Down")
    session.expect_same("history-2")
    session.press("C-r")
    session.type("history-")
    session.expect_same("i-search)`history-'")  # all of it: Ctrl-C takes away what was typed and not read yet
    session.press("C-c")
    session.expect_same("history-2")


def test_typing_beyond_the_last_column_wraps(session: MoshSession) -> None:
    session.type("echo " + "0123456789" * 12)
    session.expect_same("0123456789")
    session.press("BSpace", "BSpace", "C-a", "Right")
    session.type("x")
    session.expect_same("exc")
    session.press("C-c")
    session.expect_same("^C")


def test_less_pages_searches_and_ends(session: MoshSession) -> None:
    session.write_file("poem", POEM.encode())
    session.enter("LESSHISTFILE=- less poem")
    session.expect_same("   1  line 1 ")
    session.press("Space")
    session.expect_same("  40  line 40 ")
    session.press("Down", "Down", "b", "j", "d")
    session.expect_same("  20  line 20 ")
    session.press("G")
    session.expect_same(" 300  line 300 ")
    session.type("?line 11")
    session.press("Enter")
    session.expect_same("line 119 ")
    session.press("n", "n", "C-l")
    session.expect_same("line 117 ")
    session.press("q")
    session.wait_for_prompt()
    if session.pair.server is OURS:  # upstream's server has no alternate screen: the file stays visible there
        session.expect_same("less poem")


def test_vim_edits_and_saves_a_file(session: MoshSession) -> None:
    session.write_file("letter", POEM.encode())
    session.enter("vim.tiny -u NONE -i NONE -n letter")
    session.expect_same("   1  line 1 ")
    session.type("Oa first line")
    session.press("Escape")
    session.expect_same("a first line")
    session.type("10jdd2ddpp")
    session.expect_same("line 12 ")
    session.press("Down", "Left", "C-f", "C-f", "C-b")
    session.expect_same("line 23 ")
    session.type(":set number")
    session.press("Enter")
    session.expect_same(" 24 ")
    session.type("G$i appended")
    session.press("Escape")
    session.expect_same("appended")
    session.type(":wq")
    session.press("Enter")
    session.wait_for_prompt()
    written = (session.home / "letter").read_bytes()
    assert written == (session.direct_home / "letter").read_bytes()
    assert written.startswith(b"a first line\n")
    if session.pair.server is OURS:
        session.expect_same("vim.tiny")


UNICODE = "\n".join(
    [
        "漢字かな交じり文 と ASCII",
        "한국어 텍스트, 中文（简体）",
        "combining: e\u0301 a\u0308\u0323 o\u0302\u0301 n\u0303.",
        "Ελληνικά Кириллица עברית ไทย",
        "┌──────┬──────┐",
        "│ box  │ 箱   │",
        "└──────┴──────┘",
        "emoji 😀 🎉 end",
        "x" * 79 + "漢 wraps whole",
        "y" * 78 + "漢" + "z fits",
        "漢" * 45,
        "end of unicode",
    ]
)


def test_wide_and_combining_characters_stand_where_they_belong(session: MoshSession) -> None:
    session.write_file("unicode", UNICODE.encode() + b"\n")
    session.enter("clear; cat unicode")
    session.expect_same("end of unicode")


def test_wide_characters_can_be_typed_and_edited(session: MoshSession) -> None:
    session.type("echo 漢字 né 😀 Ж")
    session.expect_same("Ж")
    session.press("Left", "Left", "Left", "Left", "BSpace", "BSpace")
    session.type("字漢")
    session.expect_same("字漢")
    session.press("C-a", "Delete", "Delete", "Delete", "Delete")
    session.type("printf '<%s>'")
    session.press("Enter")
    session.expect_same("<漢字>")


def colours() -> bytes:
    """Return lines with every attribute and colour that the wire can carry."""
    lines = ["".join(f"\x1b[38;5;{n}m{n % 10}" for n in range(start, start + 64)) for start in range(0, 256, 64)]
    lines += ["".join(f"\x1b[48;5;{n}m{n % 10}" for n in range(start, start + 64)) for start in range(0, 256, 64)]
    lines.append("".join(f"\x1b[38;2;{n};{255 - n};128m#" for n in range(0, 256, 4)))
    lines.append("".join(f"\x1b[48;2;10;{n};{255 - n}m " for n in range(0, 256, 4)))
    lines.append(" ".join(f"\x1b[0;{n}mattribute {n}" for n in (1, 3, 4, 5, 7, 8)))
    lines.append("".join(f"\x1b[{n}m{n} " for n in (*range(30, 38), *range(90, 98))))
    lines.append("".join(f"\x1b[{n}m{n} " for n in (*range(40, 48), *range(100, 108))))
    lines.append("\x1b[1;4;7;38;5;208;48;2;1;2;3mall of it\x1b[24;27m less \x1b[22;39;49m and less")
    # The stroke in the last column makes tmux report the erased cells before it.
    lines.append("\x1b[41m\x1b[Kerased with a background\x1b[80G\x1b[m|")
    lines.append("\x1b[44mcoloured blanks:          \x1b[m|")
    return ("\x1b[m\n".join(lines) + "\x1b[m\nend of colours\n").encode()


def test_colours_and_attributes_are_those_of_the_program(session: MoshSession) -> None:
    session.write_file("colours", colours())
    session.enter("clear; cat colours")
    picture = session.expect_same("end of colours")
    looks = {cell.look for row in picture.rows for cell in row}
    assert len({look.fg for look in looks}) > 256  # the direct terminal did show them


def test_long_output_ends_on_the_right_screen(session: MoshSession) -> None:
    session.write_file("poem", POEM.encode())
    session.enter("clear; cat poem poem poem poem poem; echo end-of-$((100+1))")
    session.expect_same("end-of-101")


def test_scrolling_regions_insertions_and_deletions_are_drawn_right(session: MoshSession) -> None:
    moves = [
        "\x1b[2J\x1b[H" + "\r\n".join(f"row {n} " + "abcdefghij" * 6 for n in range(22)),
        "\x1b[5;15r\x1b[15;1H\nscrolled up\n\n\x1b[5;1H\x1bM\x1bMscrolled down\x1b[r",
        "\x1b[3;10H\x1b[5@\x1b[4;10H\x1b[5P\x1b[17;10H\x1b[5X\x1b[18;10H\x1b[K\x1b[19;10H\x1b[1K",
        "\x1b[8;1H\x1b[2L\x1b[12;1H\x1b[3M\x1b[20;1H\x1b[4hinserted\x1b[4l\x1b[21;1Hend of moves\x1b[22;1H",
    ]
    session.write_file("moves", "".join(moves).encode())
    session.enter("cat moves")
    session.expect_same("end of moves")


def test_titles_reach_the_terminal_with_the_prefix(session: MoshSession) -> None:
    session.write_file("title", "\x1b]0;a title: ünïcode\x07".encode())
    session.enter("cat title")
    wait_until(lambda: session.direct.title == "a title: ünïcode", "the direct terminal has no title")
    wait_until(lambda: session.mosh.title == "[mosh] a title: ünïcode", lambda: f"the title is {session.mosh.title!r}")
    session.write_file("title", b"\x1b]2;another\x1b\\")
    session.enter("cat title")
    wait_until(lambda: session.mosh.title == "[mosh] another", lambda: f"the title is {session.mosh.title!r}")


@pytest.mark.parametrize(
    ("tracking", "flag"),
    [(1000, "mouse_standard_flag"), (1002, "mouse_button_flag"), (1003, "mouse_all_flag")],
    ids=["press-and-release", "drag", "any-motion"],
)
def test_mouse_reports_reach_the_program_that_asked_for_them(session: MoshSession, tracking: int, flag: str) -> None:
    session.enter(f"./show_input {tracking} 1006")
    session.wait_for("listening")
    wait_until(lambda: session.mosh.flag(flag), f"mode {tracking} did not reach the terminal")
    wait_until(lambda: session.mosh.flag("mouse_sgr_flag"), "mode 1006 did not reach the terminal")
    session.send(b"\x1b[<0;15;3M")
    session.send(b"\x1b[<0;15;3m")
    session.expect_same((b"\x1b[<0;15;3M" + b"\x1b[<0;15;3m").hex())
    session.type("q")
    session.expect_same("over")
    wait_until(lambda: not session.mosh.flag("mouse_any_flag"), f"mode {tracking} is still on")
    wait_until(lambda: not session.mosh.flag("mouse_sgr_flag"), "mode 1006 is still on")


def test_a_bracketed_paste_arrives_in_brackets_only_where_asked_for(session: MoshSession) -> None:
    session.enter("./show_input 2004")
    session.wait_for("listening")
    wait_until(
        lambda: modes_left_on(session.mosh.recorded_so_far(), [2004]) == {2004: True},
        "mode 2004 did not reach the terminal",
    )
    session.paste(b"two\nlines", bracketed=True)
    session.expect_same((b"\x1b[200~two\nlines\x1b[201~").hex())
    session.type("q")
    session.expect_same("over")
    session.begin_afresh()
    session.enter("./show_input")
    session.expect_same("listening")
    wait_until(lambda: modes_left_on(session.mosh.recorded_so_far(), [2004]) == {2004: False}, "mode 2004 is still on")
    session.paste(b"plain", bracketed=True)
    session.expect_same(b"plain".hex())
    session.type("q")
    session.expect_same("over")
    session.wait_for_prompt()


def test_application_cursor_keys_are_encoded_as_the_program_wants_them(session: MoshSession) -> None:
    session.enter("./show_input")
    session.wait_for("listening")
    session.press("Up", "Down", "Left", "Right")
    session.expect_same(b"\x1b[A\x1b[B\x1b[D\x1b[C".hex())
    session.type("q")
    session.expect_same("over")
    session.begin_afresh()
    session.enter("./show_input 1")
    session.wait_for("listening")
    session.press("Up", "Down", "Left", "Right")
    session.expect_same(b"\x1bOA\x1bOB\x1bOD\x1bOC".hex())
    session.type("q")
    session.expect_same("over")
    session.wait_for_prompt()


def test_function_keys_and_control_characters_arrive_as_pressed(session: MoshSession) -> None:
    session.enter("./show_input")
    session.wait_for("listening")
    session.press("C-a", "C-c", "C-d", "C-s", "C-z", "M-b", "M-C-a", "Tab", "BTab", "BSpace", "Escape")
    session.press("F1", "F5", "F12", "S-F3", "PPage", "NPage", "Home", "End", "IC", "DC", "C-Left", "S-Up", "M-Right")
    session.type("é漢😀.")
    session.expect_same("😀.".encode().hex())
    session.type("q")
    session.expect_same("over")


def test_the_program_sees_each_new_size(session: MoshSession) -> None:
    session.enter("./show_size")
    session.expect_same("size 80x24")
    for columns, lines in ((100, 30), (61, 13), (132, 43)):
        session.resize(columns, lines)
        session.expect_same(f"size {columns}x{lines}")
    session.type("q")
    session.wait_for_prompt()
    session.resize(80, 24)
    session.enter("clear; until stty size | grep '^24 80$'; do sleep 0.05; done")
    session.expect_same("24 80")


def test_of_many_sizes_in_a_row_the_last_one_counts(session: MoshSession) -> None:
    sizes = random.Random(30)
    session.enter("./show_size")
    session.expect_same("size 80x24")
    for _ in range(20):
        session.resize(sizes.randint(20, 200), sizes.randint(3, 60))
    session.resize(220, 70)
    session.expect_same("size 220x70")
    session.type("q")
    session.wait_for_prompt()


def test_a_paste_of_sixty_kilobytes_arrives_whole(session: MoshSession) -> None:
    characters = random.Random(60).choices(string.ascii_letters + string.digits + " \n\t", k=PASTE_OCTETS)
    pasted = "".join(characters).encode()
    session.enter(f"./read_raw {PASTE_OCTETS}")
    session.wait_for("reading")
    session.paste(pasted)
    session.expect_same(f"got {PASTE_OCTETS} octets, {hashlib.sha256(pasted).hexdigest()[:40]}")


def test_a_lossy_network_changes_nothing_but_the_time(session: MoshSession) -> None:
    session.write_file("poem", POEM.encode())
    session.write_file("colours", colours())
    lost_before = session.relay.upward.lost + session.relay.downward.lost
    session.relay.set(delay_ms=10, jitter_ms=5, loss=0.2, duplicate=0.2, reorder=0.2, reorder_ms=40)
    for number in range(6):
        session.enter(f"echo loss-{number}-$(({number}+40))")
        session.expect_same(f"loss-{number}-{40 + number}")
    session.enter("clear; cat poem; cat colours")
    session.expect_same("end of colours")
    session.enter("./show_size")
    session.expect_same("size 80x24")
    session.resize(90, 28)
    session.expect_same("size 90x28")
    session.type("q")
    session.wait_for_prompt()
    assert session.relay.upward.lost + session.relay.downward.lost > lost_before  # the network was indeed bad


def test_the_session_follows_the_client_to_new_addresses(session: MoshSession) -> None:
    for number, host in enumerate(("127.0.0.1", "127.0.0.2", "127.0.0.1")):
        moved_to = session.relay.change_source(host)
        session.enter(f"echo moved-{number}-$((40+{number}))")
        session.expect_same(f"moved-{number}-{40 + number}")
        assert session.relay.source == moved_to
