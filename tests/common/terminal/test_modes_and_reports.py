"""Modes, the alternate screen, resets, answers, and what control strings set."""

from __future__ import annotations

import pyte
import pytest

from mosh_common.terminal.cells import EMPTY, Modes, blank_snapshot
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff.diff import diff
from mosh_common.terminal.payloads import LONGEST_CLIPBOARD, LONGEST_KEPT_CLIPBOARD, LONGEST_LINK, LONGEST_TITLE
from mosh_common.terminal.screen.reports import MAX_REPLY_CHARACTERS
from mosh_common.terminal.screen.screen import Screen
from mosh_common.terminal.screen.strings import MAX_TITLE_STACK


def after(output: bytes, columns: int = 10, lines: int = 4) -> Emulator:
    emulator = Emulator(columns, lines)
    emulator.feed(output)
    return emulator


def texts(emulator: Emulator) -> list[str]:
    return [row[0].rstrip(EMPTY) for row in emulator.snapshot().rows]


@pytest.mark.parametrize(
    ("output", "modes"),
    [
        (b"\x1b[?5h", Modes(reverse_video=True)),
        (b"\x1b[?25l", Modes(cursor_visible=False)),
        (b"\x1b[?2004h", Modes(bracketed_paste=True)),
        (b"\x1b[?1002;1006h", Modes(mouse_tracking=1002, mouse_encoding=1006)),
        (b"\x1b[?1000h\x1b[?1003h", Modes(mouse_tracking=1003)),
        (b"\x1b[?1000h\x1b[?1000l", Modes()),
        (b"\x1b[?9h\x1b[?1015h", Modes(mouse_tracking=9, mouse_encoding=1015)),
        (b"\x1b[?1004h", Modes(focus_events=True)),
        (b"\x1b[?1007h", Modes(alternate_scroll=True)),
        (b"\x1b[4 q", Modes(cursor_shape=4)),
        (b"\x1b[9 q", Modes()),
        (b"\x1b[?5;25;2004h\x1b[?5l\x1bc", Modes()),
    ],
)
def test_modes_that_cross_the_wire(output: bytes, modes: Modes) -> None:
    assert after(output).snapshot().modes == modes


def test_modes_that_the_server_needs() -> None:
    emulator = after(b"\x1b[?1h\x1b=\x1b[?2026h")
    modes = (emulator.application_cursor_keys, emulator.application_keypad, emulator.in_synchronized_update)
    assert modes == (True, True, True)
    emulator.feed(b"\x1b[?1l\x1b>\x1b[?2026l")
    assert not emulator.application_cursor_keys
    assert not emulator.application_keypad
    assert not emulator.in_synchronized_update


def test_saved_modes_come_back() -> None:
    assert after(b"\x1b[?2004h\x1b[?2004s\x1b[?2004l\x1b[?2004r").snapshot().modes.bracketed_paste


def mouse(output: bytes) -> tuple[int, int]:
    modes = after(output).snapshot().modes
    return modes.mouse_tracking, modes.mouse_encoding


@pytest.mark.parametrize("encoding", [1005, 1006, 1015])
@pytest.mark.parametrize("other", [1005, 1006, 1015])
def test_a_mouse_encoding_is_reset_by_its_own_number_only(encoding: int, other: int) -> None:
    output = b"\x1b[?%dh\x1b[?%dl" % (encoding, other)
    assert mouse(output) == (0, 0 if other == encoding else encoding)
    assert mouse(b"\x1b[?%dh\x1b[?%dh" % (encoding, other)) == (0, other)


@pytest.mark.parametrize("tracking", [b"9", b"1000", b"1002", b"1003"])
def test_resetting_any_mouse_tracking_ends_it_and_restoring_all_of_them_does_not(tracking: bytes) -> None:
    number = int(tracking)
    assert mouse(b"\x1b[?1006h\x1b[?%sh\x1b[?1000l" % tracking) == (0, 1006)
    family = b"9;1000;1002;1003;1005;1006;1015"
    kept = b"\x1b[?1006;%sh\x1b[?%ss\x1b[?%sr" % (tracking, family, family)
    assert mouse(kept) == (number, 1006)
    changed = b"\x1b[?1006;%sh\x1b[?%ss\x1b[?1003;1005h\x1b[?%sr" % (tracking, family, family)
    assert mouse(changed) == (number, 1006)


def test_each_screen_has_its_own_saved_cursor() -> None:
    def cursor(output: bytes) -> tuple[int, int]:
        screen = after(b"\x1b[4;7H" + output).snapshot()
        return screen.cursor_row, screen.cursor_column

    assert cursor(b"\x1b[?1049h\x1b[2;3H\x1b[?1049h\x1b[H\x1b8") == (1, 2)  # within the alternate screen
    assert cursor(b"\x1b[?1049h\x1b[2;3H\x1b[?1049h\x1b[H\x1b[?1049l") == (3, 6)
    assert cursor(b"\x1b7\x1b[?47h\x1b[2;3H\x1b8") == (0, 0)
    assert cursor(b"\x1b[?47h\x1b[2;3H\x1b7\x1b[H\x1b[?47l\x1b8") == (0, 0)
    assert cursor(b"\x1b[?1048h\x1b[?47h\x1b[2;3H\x1b[?1048h\x1b[H\x1b[?47l\x1b[?1048l") == (3, 6)
    assert cursor(b"\x1b[?1047h\x1b[3;3H\x1b[?1049h\x1b[2;2H\x1b[?1049l") == (0, 0)
    assert cursor(b"\x1b[?1049h\x1b[2;3H\x1b7\x1b[?1049l\x1b[?47h\x1b8") == (1, 2)


@pytest.mark.parametrize("mode", [b"47", b"1047", b"1049"])
def test_the_alternate_screen_has_its_own_contents(mode: bytes) -> None:
    emulator = after(b"main\x1b[?" + mode + b"h\x1b[Halt")
    assert texts(emulator)[0] == "alt"
    emulator.feed(b"\x1b[?" + mode + b"l")
    assert texts(emulator)[0] == "main"


def test_1049_saves_the_cursor_and_starts_blank() -> None:
    emulator = after(b"main\x1b[?1049h\x1b[3;3Halt\x1b[?1049l\x1b[?1049h")
    assert texts(emulator) == [""] * 4
    emulator.feed(b"\x1b[?1049l")
    assert (emulator.snapshot().cursor_row, emulator.snapshot().cursor_column) == (0, 4)


def test_both_screens_are_resized() -> None:
    emulator = after(b"main row\x1b[?1049h\x1b[Halternate")
    emulator.resize(4, 2)
    assert texts(emulator) == ["alte", ""]
    emulator.feed(b"\x1b[?1049l")
    assert texts(emulator) == ["main", ""]


_EIGHT = b"1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n$ "


def resized(*steps: bytes | tuple[int, int]) -> tuple[list[str], tuple[int, int]]:
    """Return texts and cursor of a screen of 20 × 8 after output and new sizes."""
    emulator = Emulator(20, 8)
    for step in steps:
        if isinstance(step, bytes):
            emulator.feed(step)
        else:
            emulator.resize(*step)
    screen = emulator.snapshot()
    return texts(emulator), (screen.cursor_row, screen.cursor_column)


@pytest.mark.parametrize(
    ("before", "rows", "cursor"),
    [
        (b"", ["5", "6", "7", "$ X"], (3, 3)),  # the prompt stays
        (b"\x1b[6;3H", ["3", "4", "5", "6_X"], (3, 3)),  # no more than the cursor needs
        (b"\x1b[4;3H", ["1", "2", "3", "4_X"], (3, 3)),
        (b"\x1b[H\x1b[C", ["1X", "2", "3", "4"], (0, 2)),
        (b"\x1b[2;6r\x1b[7;2H", ["4", "5", "6", "7X"], (3, 2)),  # margins do not matter
        (b"\x1b[4;6r\x1b[?6h\x1b[3;2H", ["3", "4", "5", "6X"], (3, 2)),
        (b"\r" + b"z" * 20, ["6", "7", "z" * 20, "X"], (3, 1)),  # a wrap that was pending still is
    ],
)
def test_a_smaller_height_keeps_the_row_of_the_cursor(before: bytes, rows: list[str], cursor: tuple[int, int]) -> None:
    shown, at = resized(_EIGHT + before, (20, 4), b"X")
    assert ([row.replace(EMPTY, "_") for row in shown], at) == (rows, cursor)


def test_a_larger_height_again_brings_blank_rows() -> None:
    assert resized(_EIGHT, (20, 4), (20, 6), b"X") == (["5", "6", "7", "$ X", "", ""], (3, 3))


@pytest.mark.parametrize(("row", "expected"), [(7, 2), (6, 1), (3, 0)])
def test_a_saved_cursor_stays_with_its_row(row: int, expected: int) -> None:
    assert resized(_EIGHT + b"\x1b[%dH\x1b7\x1b[8H" % row, (20, 4), b"\x1b8")[1] == (expected, 0)


def test_a_smaller_height_takes_the_same_rows_from_the_screen_that_is_not_shown() -> None:
    filled = _EIGHT.replace(b"$", b":")
    shown, at = resized(_EIGHT + b"\x1b[?1049h\x1b[H" + filled, (20, 4), b"X")
    assert (shown, at) == (["5", "6", "7", ": X"], (3, 3))
    shown, at = resized(_EIGHT + b"\x1b[?1049h\x1b[H" + filled, (20, 4), b"\x1b[?1049lX")
    assert (shown, at) == (["5", "6", "7", "$ X"], (3, 3))
    shown, _ = resized(b"\x1b[?47h" + filled + b"\x1b[?47l\x1b[H" + _EIGHT, (20, 4), b"\x1b[?47h")
    assert shown == ["5", "6", "7", ": "]
    # Where the alternate screen loses none at the top, neither does the main one (xterm).
    shown, at = resized(_EIGHT + b"\x1b[?1049h\x1b[Hedited", (20, 4), b"\x1b[?1049lX")
    assert (shown, at) == (["1", "2", "3", f"4{EMPTY}X"], (3, 3))


def test_a_new_size_cuts_and_fills_at_bottom_and_right() -> None:
    emulator = after(b"\x1b[2;3r\x1b[1;1Hone\x1b[4;1Hfour")
    emulator.feed(b"\x1b[H")
    emulator.resize(12, 3)
    assert texts(emulator) == ["one", "", ""]
    emulator.resize(2, 5)
    assert texts(emulator) == ["on", "", "", "", ""]
    emulator.feed(b"\x1b[5;1H\n")
    assert texts(emulator)[0] == ""  # the margins were reset


def test_a_new_size_adds_tab_stops() -> None:
    emulator = after(b"\x1b[3g", columns=10)
    emulator.resize(30, 4)
    emulator.feed(b"\t")
    assert emulator.snapshot().cursor_column == 16


def test_soft_reset_keeps_the_screen_and_hard_reset_does_not() -> None:
    emulator = after(b"text\x1b[?25l\x1b[4h\x1b[?6h\x1b[2;3r\x1b[1m\x1b[!p")
    snapshot = emulator.snapshot()
    assert texts(emulator)[0] == "text"
    assert snapshot.modes.cursor_visible
    assert snapshot.style.flags == 0
    emulator.feed(b"\x1b]2;title\x07\a\x1b[?1049h\x1bc")
    snapshot = emulator.snapshot()
    assert texts(emulator) == [""] * 4
    assert (snapshot.title, snapshot.bell_count) == ("title", 1)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (b"\x1b[c", b"\x1b[?62c"),
        (b"\x1bZ", b"\x1b[?62c"),
        (b"\x1b[>c", b"\x1b[>1;10;0c"),
        (b"\x1b[=c", b"\x1bP!|00000000\x1b\\"),
        (b"\x1b[>q", b"\x1bP>|mosh-py(0.1)\x1b\\"),
        (b"\x1b[5n", b"\x1b[0n"),
        (b"\x1b[2;3H\x1b[6n", b"\x1b[2;3R"),
        (b"\x1b[2;3r\x1b[?6h\x1b[2;3H\x1b[6n", b"\x1b[2;3R"),
        (b"\x1b[2;3H\x1b[?6n", b"\x1b[?2;3;1R"),
        (b"\x1b[?2026$p", b"\x1b[?2026;2$y"),
        (b"\x1b[?2026h\x1b[?2026$p", b"\x1b[?2026;1$y"),
        (b"\x1b[?1049$p\x1b[?7$p\x1b[?4711$p", b"\x1b[?1049;2$y\x1b[?7;1$y\x1b[?4711;0$y"),
        (b"\x1b[4$p\x1b[4h\x1b[4$p\x1b[1$p", b"\x1b[4;2$y\x1b[4;1$y\x1b[1;4$y"),
        (b"\x1b[1;31m\x1bP$qm\x1b\\", b"\x1bP1$r0;1;31m\x1b\\"),
        (b"\x1b[2;3r\x1bP$qr\x1b\\", b"\x1bP1$r2;3r\x1b\\"),
        (b"\x1b[3 q\x1bP$q q\x1b\\", b"\x1bP1$r3 q\x1b\\"),
        (b"\x1bP$qfoo\x1b\\", b"\x1bP0$r\x1b\\"),
        (b"\x1bP+q544e\x1b\\", b"\x1bP0+r\x1b\\"),
        (b"\x1b[?u", b""),  # protocols that are not there do not answer
        (b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\", b""),
        (b"\x1b[?996n", b""),
        (b"\x1b[?4m", b""),
        (
            b"\x1b[?1016$p\x1b[?2027$p\x1b[?2031$p\x1b[?2048$p",
            b"\x1b[?1016;0$y\x1b[?2027;0$y\x1b[?2031;0$y\x1b[?2048;0$y",
        ),
        (b"\x1b[18t", b"\x1b[8;4;10t"),
        (b"\x1b[21t", b""),
        (b"\x1b]11;?\x07", b"\x1b]11;rgb:0000/0000/0000\x07"),
        (b"\x1b]10;?;?\x1b\\", b"\x1b]10;rgb:e5e5/e5e5/e5e5\x1b\\\x1b]11;rgb:0000/0000/0000\x1b\\"),
        (b"\x1b]4;1;?;999;?;x;?\x07", b"\x1b]4;1;rgb:cdcd/0000/0000\x07"),
        ("\x1b]4;²;?;٣;?;1;?\x07".encode(), b"\x1b]4;1;rgb:cdcd/0000/0000\x07"),  # digits, but not of a parameter
        (b"\x1b]52;c;?\x07", b""),
        (b"\x05", b""),
    ],
)
def test_questions_are_answered(question: bytes, answer: bytes) -> None:
    emulator = after(question)
    assert emulator.replies() == answer
    assert emulator.replies() == b""


def test_answers_that_nobody_fetches_are_bounded() -> None:
    emulator = after(b"\x1b[c" * 100_000)
    assert len(emulator.replies()) <= MAX_REPLY_CHARACTERS
    screen = Screen(10, 4)
    screen.write_process_input("x" * (MAX_REPLY_CHARACTERS - 1))
    screen.write_process_input("yz")  # one too many
    screen.write_process_input("y")
    assert screen.take_replies() == "x" * (MAX_REPLY_CHARACTERS - 1) + "y"


def test_titles() -> None:
    snapshot = after(b"").snapshot()
    assert (snapshot.title, snapshot.icon_name, snapshot.title_set) == ("", "", False)
    snapshot = after(b"\x1b]0;both\x07\x1b]1;icon\x1b\\").snapshot()
    assert (snapshot.title, snapshot.icon_name, snapshot.title_set) == ("both", "icon", True)
    assert after(b"\x1b]2;a\tb\x07").snapshot().title == "ab"


@pytest.mark.parametrize("excess", [0, 1, 100])
def test_titles_are_bounded(excess: int) -> None:
    snapshot = after(b"\x1b]0;" + b"x" * (LONGEST_TITLE + excess) + b"\x07").snapshot()
    assert snapshot.title == snapshot.icon_name == "x" * LONGEST_TITLE


@pytest.mark.parametrize(
    "title",
    [
        "\ue62b nvim",  # an icon font
        "曲\u3000名",
        "a\u00a0b\u2009c\u00ad\u200bd\u2028e\ufeff",
        "👩\u200d🚀 🏴\U000e0067\U000e007f",
        "\U0001fae9\U0001fadf\U000313b0",  # newer than Python 3.11
        "\u200fשלום\u200e \u061c",
        "می\u200cخواهم",
        "\U000f0001\U0010fffd",
    ],
    ids=ascii,
)
def test_titles_keep_all_text(title: str) -> None:
    assert after(f"\x1b]0;{title}\x07".encode()).snapshot().title == title


def test_titles_lose_controls() -> None:
    emulator = after(b"")
    emulator.feed("\x1b]2;a\tb\nc\x7fd\u0085e\u009cf\u202eg\u2066h\x07".encode())
    assert emulator.snapshot().title == "abcdefgh"


@pytest.mark.parametrize("cluster", ["e\u0301", "👩\u200d🚀", "❤\ufe0f", "👍🏽", "n\u0303\u0323"])
@pytest.mark.parametrize("before", range(LONGEST_TITLE - 3, LONGEST_TITLE + 1))
def test_a_title_is_not_cut_within_a_cluster(cluster: str, before: int) -> None:
    title = after(f"\x1b]2;{'x' * before}{cluster}yz\x07".encode()).snapshot().title
    whole = before + len(cluster) <= LONGEST_TITLE
    assert title.rstrip("yz") == "x" * min(before, LONGEST_TITLE) + (cluster if whole else "")


def test_a_title_of_one_cluster_is_cut_somewhere() -> None:
    title = after(b"\x1b]2;e" + "\u0301".encode() * 500 + b"\x07").snapshot().title
    assert len(title) == LONGEST_TITLE


def test_a_title_that_another_stream_passes_on_is_cleaned_too() -> None:
    screen = Screen(10, 4)
    pyte.Stream(screen).feed("\x1b]0;a\nb\x9d\x07")
    assert (screen.title, screen.icon_name) == ("ab", "ab")


def test_the_title_stack_is_bounded() -> None:
    emulator = after(b"".join(b"\x1b]2;%d\x07\x1b[22t" % number for number in range(50)))
    for expected in range(49, 49 - MAX_TITLE_STACK, -1):
        emulator.feed(b"\x1b[23t")
        assert emulator.snapshot().title == str(expected)
    emulator.feed(b"\x1b[23t")
    assert emulator.snapshot().title == "40"


@pytest.mark.parametrize(
    ("command", "clipboard"),
    [
        (b"52;c;YWJj", "c;YWJj"),
        (b"52;;YWJj", ";YWJj"),
        (b"52;p;YWJj", "p;YWJj"),
        (b"52;c;?", ""),
        (b"52;c;YWJj?", ""),
        (b"52;c;YWJ", ""),
        (b"52;c;not base64!", ""),
        (b"52;YWJj", ""),
        (b"52;evil;YWJj", ""),
        (b"52;c;" + b"A" * LONGEST_CLIPBOARD, "c;" + "A" * LONGEST_CLIPBOARD),
        (b"52;c;" + b"A" * LONGEST_KEPT_CLIPBOARD, "c;" + "A" * LONGEST_KEPT_CLIPBOARD),
        (b"52;c;" + b"A" * (LONGEST_KEPT_CLIPBOARD + 4), ""),
        (b"52;cpqs01234567;" + b"A" * LONGEST_KEPT_CLIPBOARD, "cpqs01234567;" + "A" * LONGEST_KEPT_CLIPBOARD),
        (b"0;" + b"A" * LONGEST_KEPT_CLIPBOARD, ""),  # other strings may not be so long
        (b"520;" + b"A" * LONGEST_KEPT_CLIPBOARD, ""),
    ],
    ids=lambda value: str(value)[:20],
)
def test_the_clipboard_takes_base64_up_to_its_limit(command: bytes, clipboard: str) -> None:
    output = b"\x1b]" + command + b"\x07after"
    assert after(output).snapshot().clipboard == clipboard
    pieces = Emulator(10, 4)
    for start in range(0, len(output), 5) if len(output) < 1000 else (0, 1, 2, 3, *range(4, len(output), 4000)):
        end = start + 1 if len(output) >= 1000 and start < 4 else start + (5 if len(output) < 1000 else 4000)
        pieces.feed(output[start:end])
    assert pieces.snapshot().clipboard == clipboard
    assert texts(pieces)[0] == "after"


@pytest.mark.parametrize("excess", [-4, 0, 4])
def test_a_clipboard_that_no_frame_takes_is_told_of_once(excess: int) -> None:
    for longest in (LONGEST_CLIPBOARD, LONGEST_KEPT_CLIPBOARD):
        emulator = after(b"\x1b]52;c;YWJj\x07\x1b]52;c;" + b"A" * (longest + excess) + b"\x07")
        crosses = longest == LONGEST_CLIPBOARD and excess <= 0
        told = emulator.take_refused_clipboard()
        assert (told == 0) if crosses else (longest + excess <= told <= longest + excess + 5)
        assert emulator.take_refused_clipboard() == 0
        diffed = diff(blank_snapshot(10, 4), emulator.snapshot())
        assert (b"]52;" in diffed) == (crosses or longest + excess > LONGEST_KEPT_CLIPBOARD)  # that one keeps the last


def test_a_frame_sets_no_clipboard_that_is_too_long() -> None:
    emulator = Emulator(10, 4, frames=True)
    emulator.feed(b"\x1b]52;c;YWJj\x07\x1b]52;c;" + b"A" * (LONGEST_CLIPBOARD + 4) + b"\x07")
    assert emulator.snapshot().clipboard == "c;YWJj"


def test_a_question_leaves_the_clipboard_as_it_was() -> None:
    emulator = after(b"\x1b]52;c;YWJj\x07\x1b]52;c;?\x07")
    assert emulator.snapshot().clipboard == "c;YWJj"
    assert emulator.replies() == b""


def test_a_link_that_is_too_long_is_none() -> None:
    longest = b";http://".ljust(LONGEST_LINK, b"x")
    assert after(b"\x1b]8;" + longest + b"\x07").snapshot().style.link == longest.decode()
    assert after(b"\x1b]8;" + longest + b"x\x07").snapshot().style.link == ""


def test_a_link_of_an_unknown_scheme_is_plain_text_and_ends_the_one_before() -> None:
    emulator = after(b"\x1b]8;;http://a\x07x\x1b]8;;javascript:1\x07y")
    snapshot = emulator.snapshot()
    assert texts(emulator)[0] == "xy"
    assert [snapshot.palette.styles[ord(letter)].link for letter in snapshot.rows[0][1][:2]] == [";http://a", ""]


@pytest.mark.parametrize("number", [b"7", b"9", b"133", b"777", b"1337", b"99999", b"x", b""])
def test_other_commands_leave_nothing_on_the_screen(number: bytes) -> None:
    assert texts(after(b"\x1b]" + number + b";payload\x07"))[0] == ""


def test_protected_cells_survive_selective_erasure() -> None:
    assert texts(after(b'a\x1b[1"qb\x1b[0"qc\x1b[?2J'))[0].replace(EMPTY, "_") == "_b"
    assert texts(after(b'a\x1b[1"qb\x1b[0"qc\x1b[2J'))[0] == ""
    assert texts(after(b"a\x1bVb\x1bWc\x1b[2J"))[0].replace(EMPTY, "_") == "_b"


def test_rectangles() -> None:
    fill = b"\x1b[88;1;2;2;3$x"
    assert texts(after(fill)) == ["\0XX", "\0XX", "", ""]
    assert texts(after(fill + b"\x1b[1;2;1;2$z")) == ["\0\0X", "\0XX", "", ""]
    assert texts(after(fill + b"\x1b[1;2;2;3;1;3;5$v")) == ["\0XX", "\0XX", "\0\0\0\0XX", "\0\0\0\0XX"]
    assert texts(after(fill + b"\x1b[4;4;2;2$z")) == ["\0XX", "\0XX", "", ""]  # not a rectangle
    emulator = after(fill + b"\x1b[2*x\x1b[1;2;1;2;1;4$r\x1b[1;2;1;3;1$t")
    snapshot = emulator.snapshot()
    styles = [snapshot.palette.styles[ord(letter)] for letter in snapshot.rows[0][1][:4]]
    assert [(style.flags, style.underline) for style in styles] == [(0, 0), (0, 1), (1, 0), (0, 0)]


def test_a_checksum_of_an_area() -> None:
    emulator = Emulator(10, 4, checksums=True)
    emulator.feed(b"AB\x1b[7;1;1;1;1;2*y")
    assert emulator.replies() == b"\x1bP7!~FF7D\x1b\\"
