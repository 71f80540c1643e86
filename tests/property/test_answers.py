"""What the emulator answers to programs: nothing that stood on the screen before, nothing that they chose.

Answers are typed into whatever reads next, a shell for example, and the program that asks may be a stranger's.
docs/terminal.md §7 lists them.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.fuzzing import tried_with
from tests.support.terminal_output import noise, output, strings

from mosh_common.terminal.emulator import Emulator

COLUMNS, LINES = 12, 4

IDENTITY = (
    rb"\x1b\[\?62c|\x1b\[>1;10;0c|\x1bP!\|00000000\x1b\\|\x1bP>\|mosh-py\([0-9.]+\)\x1b\\"
    rb"|\x1b\[[23];1;1;128;128;1;0x"
)
STATUS = rb"\x1b\[0n|\x1b\[N;NR|\x1b\[\?N;N;1R|\x1b\[\?(?:13|20|27;1;0;0|50|57;0|70|83)n|\x1b\[0\*\{"
MODES = rb"\x1b\[\??N;[0124]\$y"
SIZES = rb"\x1b\[1t|\x1b\[[89];N;Nt"
CHECKSUMS = rb"\x1bPN!~0000\x1b\\"  # of the macros, of which there are none
SETTINGS = (
    rb"\x1bP0\$r\x1b\\"
    rb'|\x1bP1\$r(?:[0-9;:]+m|N;Nr|N;Ns|[0-6] q|[01]"q|6[1-5];1"p|Nt|N\$\||N\*\|)\x1b\\'
)
CAPABILITIES = rb"\x1bP0\+r\x1b\\"
COLORS = rb"\x1b\](?:4;N|1[0-2]);rgb:H/H/H(?:\x07|\x1b\\)"
ANSWER = b"|".join((IDENTITY, STATUS, MODES, SIZES, CHECKSUMS, SETTINGS, CAPABILITIES, COLORS))
ANSWERS = re.compile(b"(?:" + ANSWER.replace(b"N", b"[0-9]{1,5}").replace(b"H", b"[0-9a-f]{4}") + b")*")

# Everything that any terminal answers to, as far as we know of it, also what this one does not.
QUESTIONS = (
    "\x05", "\x1bZ", "\x1b[c", "\x1b[>c", "\x1b[=c", "\x1b[>q", "\x1b[x", "\x1b[1x", "\x1b[5n", "\x1b[6n",
    *(f"\x1b[?{mode}n" for mode in (1, 6, 8, 10, 15, 25, 26, 53, 55, 56, 62, "63;7", 75, 85, 996, 997)),
    *(f"\x1b[{mode}$p" for mode in (1, 4, 20, 77)),
    *(f"\x1b[?{mode}$p" for mode in (1, 6, 7, 25, 69, 1000, 1049, 2004, 2026, 2048, 9999)),
    *(f"\x1b[{what}t" for what in (11, 13, 14, 15, 16, 18, 19, 20, 21, "14;2", "13;2")),
    *(f"\x1bP$q{what}\x1b\\" for what in ("m", "r", "s", " q", '"q', '"p', "t", "$|", "*|", "$~", "}", ",|", "x", "")),
    "\x1bP+q544e\x1b\\", "\x1bP+Q\x1b\\", "\x1bP+q636f6c6f7273;544e\x1b\\",
    "\x1b[1$w", "\x1b[2$w", "\x1b[1$u", "\x1b[2$u", "\x1b[&u", "\x1b[*y", "\x1b[1;1;1;1;1;1*y", "\x1b[#y", "\x1b[?1$s",
    "\x1b[#R", "\x1b[#S", "\x1b[#|", "\x1b[1;2S", "\x1b[?1;1;0S", "\x1b[?u", "\x1b[?4m", "\x1b[>4m", "\x1b['|",
    "\x1bP0;0;0!z6669\x1b\\\x1b[0*z", "\x1bP0;1|17/70776e\x1b\\", "\x1b]4;1;?\x07", "\x1b]4;1;?;300;?;x;?\x1b\\",
    "\x1b]5;0;?\x07", "\x1b]10;?\x07", "\x1b]10;?;?;?;?\x1b\\", "\x1b]17;?\x07", "\x1b]52;c;?\x07", "\x1b]52;;?\x07",
    "\x1b]0;?\x07", "\x1b]2;?\x07", "\x1b]l\x07", "\x1b]L\x07", "\x1b]7;?\x07", "\x1b]8;?\x07", "\x1b]9;4;?\x07",
    "\x1b]21;foreground=?\x07", "\x1b]50;?\x07", "\x1b]60;?\x07", "\x1b]61;?\x07", "\x1b]133;?\x07", "\x1b]702;?\x07",
    "\x1b]1337;ReportCellSize\x07", "\x1b]1337;ReportVariable=c2Vzc2lvbi5uYW1l\x07", "\x1b]3008;?\x07",
    "\x1b]99;i=1:p=?;\x1b\\", "\x1b]5522;type=read;\x1b\\", "\x1b_Gi=1,a=q;AAAA\x1b\\", "\x1b]66;?\x07",
)  # fmt: skip

questions = st.sampled_from(QUESTIONS)
# Marks and wide characters, printed where the cursor was just put: what they do to it must not tell what is there.
probes = st.builds(
    "\x1b[{};{}H{}{}\x1b[6n".format,
    st.integers(1, LINES),
    st.integers(1, COLUMNS),
    st.sampled_from(["", "\x1b[4h", "\x1b[?45h", "\x1b[?7l", "\x1b[2;3r", '\x1b[1"q', "\x0e", "\t"]),
    st.sampled_from(["\u0301", "\ufe0f", "\u200d", "漢", "x", "\x1b[3b", "\b\b\b", "\x1bM", "\n", "\x1b[X", "\x1b[?J"]),
)
later = st.lists(
    st.one_of(questions, probes, output.map(bytes.decode), strings, st.just("\x1b[6n")), min_size=1, max_size=12
).map("".join)

secrets = st.lists(st.text("ab 漢é\u0301\x00", max_size=COLUMNS + 2), min_size=LINES, max_size=LINES)


def fed(data: str | bytes, *, checksums: bool = False) -> Emulator:
    emulator = Emulator(COLUMNS, LINES, checksums=checksums)
    emulator.feed(data if isinstance(data, bytes) else data.encode(errors="replace"))
    return emulator


def screen_of(rows: list[str], style: str, *, alternate: bool) -> str:
    """Return output that shows `rows`, which may wrap, and leaves everything but cells as it was."""
    painted = "".join(f"\x1b[{row};1H\x1b[0;{style}m{text}" for row, text in enumerate(rows, 1))
    shown = f"\x1b]2;{rows[0]}\x07\x1b]52;c;YWJj\x07{painted}\x1b[m\x1b[H"
    return f"{shown}\x1b[?1049h{painted}\x1b[m\x1b[H" if alternate else shown


@tried_with(400)
@given(first=secrets, second=secrets, alternate=st.booleans(), asked=later)
@example(first=["word"] * LINES, second=[""] * LINES, alternate=False, asked="\x1b[1;2H\u0301\x1b[6n")
@example(first=["word"] * LINES, second=["漢"] * LINES, alternate=False, asked="\x1b[1;1;1;1;1;1*y")
def test_no_answer_depends_on_what_stood_on_the_screen(
    first: list[str], second: list[str], alternate: bool, asked: str
) -> None:
    one = fed(screen_of(first, "1;31", alternate=alternate))
    other = fed(screen_of(second, "4", alternate=alternate))
    for emulator in (one, other):
        assert emulator.replies() == b""
        emulator.feed(asked.encode())
    assert one.replies() == other.replies()


def test_what_stands_on_the_screen_is_told_to_who_was_allowed_to_ask() -> None:
    ask = b"\x1b[H\x1b[7;1;1;1;1;1*y"
    assert fed(b"A" + ask, checksums=True).replies() == b"\x1bP7!~FFBF\x1b\\"
    assert fed(b"B" + ask, checksums=True).replies() == b"\x1bP7!~FFBE\x1b\\"
    refused = fed(b"A" + ask)
    assert refused.replies() == b""
    refused.start_over(COLUMNS, LINES)  # after a failure
    refused.feed(b"A" + ask)
    assert refused.replies() == b""
    allowed = fed(b"", checksums=True)
    allowed.start_over(COLUMNS, LINES)
    allowed.feed(b"A\x1b!p\x1bc" + b"A" + ask)
    assert allowed.replies() == b"\x1bP7!~FFBF\x1b\\"


@tried_with(400)
@given(data=st.one_of(later.map(str.encode), noise))
def test_every_answer_is_one_of_those_that_are_listed(data: bytes) -> None:
    emulator = Emulator(COLUMNS, LINES)
    emulator.feed(data)
    assert ANSWERS.fullmatch(emulator.replies())


@pytest.mark.parametrize("question", QUESTIONS, ids=ascii)
def test_no_answer_contains_what_the_program_said(question: str) -> None:
    marked = fed("pwned\x1b]0;pwned\x07\x1b]1;pwned\x07\x1b]52;c;cHduZWQ=\x07\x1b]8;id=pwned;http://pwned\x07pwned")
    marked.feed(b"\x1b[22t\x1bP0;0;0!z70776e6564\x1b\\\x1bP0;1|17/70776e6564\x1b\\\x1bP$qpwned\r\n\x1b\\")
    assert marked.replies() == b"\x1bP0$r\x1b\\"
    marked.feed(question.encode())
    answer = marked.replies()
    assert ANSWERS.fullmatch(answer)
    assert not re.search(rb"[\x00-\x06\x08-\x1a\x1c-\x1f\x7f-\xff]", answer)
    assert b"pwned" not in answer


LONGEST_ANSWER_RATIO = 8


@tried_with(200)
@given(asked=st.lists(questions, min_size=1, max_size=20).map("".join))
@example(asked="\x1b[x")
@example(asked="\x1b]4;" + "1;?;" * 32 + "1;?\x07")
@example(asked="\x1b]4" + ";1;?" * 8000 + "\x1b\\")
@example(asked="\x1b]10" + ";?" * 16000 + "\x1b\\")
def test_answers_are_not_many_times_as_long_as_the_questions(asked: str) -> None:
    assert len(fed(asked).replies()) <= LONGEST_ANSWER_RATIO * len(asked)
