"""The parser: how bytes become calls, whole, cut, malformed and endless."""

from __future__ import annotations

import pytest

from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.parser.calls import MAX_PARAMETER, parse_parameters
from mosh_common.terminal.parser.parser import MAX_SEQUENCE
from mosh_common.terminal.parser.strings import MAX_CLIPBOARD_STRING, MAX_STRING
from mosh_common.terminal.screen.pyte_views import row_text
from mosh_common.terminal.screen.sgr import MAX_PARAMETERS


def first_row(output: bytes, columns: int = 20) -> str:
    """Return the text of the first row after `output`."""
    emulator = Emulator(columns, 4)
    emulator.feed(output)
    return emulator.screen.display[0].rstrip()


@pytest.mark.parametrize(
    ("output", "shown"),
    [
        (b"a\x1b[3\x07Cb", "a   b"),  # a control inside a sequence is executed, the sequence goes on
        (b"ab\x1b[\x082Cc", "ab c"),
        (b"a\x1b[3\x18Cb", "aCb"),  # CAN ends a sequence
        (b"a\x1b[3\x1aCb", "aCb"),
        (b"a\x1b[3\x1b[2Cb", "a  b"),  # ESC begins another
        (b"a\x1b\x1b[2Cb", "a  b"),
        (b"a\x1b[3\xc3\xa9b", "a\u00e9b"),  # so does a character that has no place there
        (b"a\x1b[<5Cb", "ab"),
        (b"a\x1b[5:1Cb", "ab"),  # colons have a meaning in SGR only
        (b"a\x1b[2!Cb", "ab"),
        (b"a\x1b[2?Cb", "ab"),
        (b"a\x1b[2 3Cb", "ab"),  # a parameter after an intermediate
        (b"a\xc2\x9b2Cb", "a2Cb"),  # C1 that came as UTF-8 is ignored: CSI
        (b"a\xc2\x9d0;tb", "a0;tb"),  # OSC
        (b"a\xc2\x90$qmb", "a$qmb"),  # DCS
        (b"a\xc2\x98b\xc2\x9ec\xc2\x9fd\xc2\x9ce", "abcde"),  # SOS, PM, APC, ST
        (b"a\xc2\x85b\xc2\x84c\xc2\x8dd\xc2\x8f\xc2\x8ee", "abcde"),  # NEL, IND, RI, SS3, SS2
        (b"say \xc3\xa2\xc2\x80\xc2\x9chello\xc3\xa2\xc2\x80\xc2\x9d", "say \u00e2hello\u00e2"),
        (b"a\x1b[2\xc2\x85Cb", "a  b"),  # also inside sequences
        (b"a\x1b\xc2\x9c[2Cb", "a  b"),
        (b"a\x1b]0;t\xc2\x9cb\x07c", "ac"),  # it ends no string
        (b"a\x1b]0;t\xc2\x9cb\x1b\\c", "ac"),
        (b"a\x1bPt\xc2\x9cb\x1b\\c", "ac"),
        (b"a\x1b_t\xc2\x9cb\x1b\\c", "ac"),
        (b"e\xc2\x85\xcc\x81\xc2\x9c\x1b[bx", "e\u0301e\u0301x"),
        (b"a\x9b2C\x85b", "a\ufffd2C\ufffdb"),  # as octets they are malformed UTF-8
        (b"a\x1b]P0aabbccb", "ab"),  # the Linux console's palette
        (b"a\x1b]PFAABBCC\x1b]P1aabbcc\x1b]Rb", "ab"),
        (b"a\x1b]P0aabbcc\x07\x1b]P0aabbcc\x1b\\b", "ab"),
        (b"a\x1b]P0aa\x07b", "ab"),  # cut short
        (b"a\x1b]P0aa\x18b", "ab"),
        (b"a\x1b]P0aa\x1b[2Cb", "a  b"),
        (b"a\x1b]P\x1b\\b", "ab"),
        (b"a\x1b]P--- ---bcdefgh", "abcdefgh"),  # any seven characters
        (b"a\x1b]Rb\x07c", "abc"),
        (b"a\x1b]R\x1b\\b", "ab"),
        (b"a\x1b]p0aabbcc\x07b", "ab"),  # no palette
        (b"a\x1b]0;P0aabbccb\x07c", "ac"),
        (b"a\x1b\\b", "ab"),
        (b"a\x1b(\x07Bb", "ab"),
        (b"a\x1bP1;2|\x07x\x1b\\b", "ab"),  # BEL does not end DCS
        (b"a\x1b]2;t\x07b", "ab"),
        (b"a\x1b]2;t\x18b", "ab"),
        (b"a\x1b]2;t\x1b[2Cb", "a  b"),  # a sequence ends a string
        (b"a\x1b_apc\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\b", "ab"),
        (b"a\x00\x7f\x05b", "ab"),
        (b"a\xffb\xe4\xb8c", "a\ufffdb\ufffdc"),
        (b"a\xf0\x9f\x91", "a"),  # an unfinished character waits
    ],
)
def test_output_shows(output: bytes, shown: str) -> None:
    assert first_row(output) == shown
    emulator = Emulator(20, 4)
    for octet in output:
        emulator.feed(bytes([octet]))
    assert emulator.screen.display[0].rstrip() == shown


def test_malformed_utf8_becomes_one_replacement_per_maximal_subpart() -> None:
    # Unicode §3.9, table 3-11
    assert first_row(b"\xf1\x80\x80\xe1\x80\xc2b\x80c\x80\xbfd") == "\ufffd\ufffd\ufffdb\ufffdc\ufffd\ufffdd"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", ()),
        ("1;2", (1, 2)),
        (";", (0, 0)),
        (";5", (0, 5)),
        ("65535;65536;99999999999999999999", (65535, MAX_PARAMETER, MAX_PARAMETER)),
        ("000000000000000000000012", (12,)),
        ("1:2", None),
        ("?1", None),
        ("1;²", None),  # digits, but not of a parameter
        ("٣", None),
        (";".join(["1"] * 40), (1,) * MAX_PARAMETERS),
    ],
)
def test_parameters_are_numbers_that_saturate(text: str, values: tuple[int, ...] | None) -> None:
    assert parse_parameters(text) == values


@pytest.mark.parametrize("chunk", [1, 1000])
def test_a_sequence_at_the_limit_works_and_a_longer_one_is_ignored_whole(chunk: int) -> None:
    def shown(digits: int) -> str:
        emulator = Emulator(20, 4)
        output = b"a\x1b[" + b"3".zfill(digits) + b"Cb"
        for start in range(0, len(output), chunk):
            emulator.feed(output[start : start + chunk])
        return emulator.screen.display[0].rstrip()

    assert shown(200) == "a   b"
    assert shown(201) == "ab"
    assert shown(3 * MAX_SEQUENCE) == "ab"


@pytest.mark.parametrize("chunk", [999, 1_000_000])
def test_a_string_at_the_limit_works_and_a_longer_one_is_skipped_whole(chunk: int) -> None:
    def link(length: int) -> tuple[str, str]:
        emulator = Emulator(20, 4)
        output = b"\x1b]0;" + b"x" * (length - 2) + b"\x07after"
        for start in range(0, len(output), chunk):
            emulator.feed(output[start : start + chunk])
        return emulator.snapshot().title[:3], emulator.screen.display[0].rstrip()

    assert link(MAX_STRING) == ("xxx", "after")
    assert link(MAX_STRING + 1) == ("", "after")
    assert link(10 * MAX_STRING) == ("", "after")


def test_an_endless_string_takes_no_memory() -> None:
    emulator = Emulator(20, 4)
    emulator.feed(b"\x1bP")
    for _ in range(200):
        emulator.feed(b"x" * 10_000)
    assert sum(map(len, emulator._stream.parser._string._parts)) <= 2 * MAX_STRING
    emulator.feed(b"\x1b]52;c;")
    for _ in range(200):
        emulator.feed(b"A" * 10_000)
        emulator.feed(b"")
    assert sum(map(len, emulator._stream.parser._string._parts)) <= MAX_CLIPBOARD_STRING + 10_000
    assert len(emulator._stream.parser._string._parts) <= 16


def test_an_endless_sequence_takes_no_memory() -> None:
    emulator = Emulator(20, 4)
    emulator.feed(b"\x1b[")
    for _ in range(1000):
        emulator.feed(b"1;" * 100)
    assert len(emulator._stream.parser._pending) <= MAX_SEQUENCE + 2


def test_remembered_sequences_are_bounded() -> None:
    emulator = Emulator(20, 4)
    for number in range(20_000):
        emulator.feed(b"\x1b[%dC" % number)
    assert len(emulator._stream.calls.sequences) <= 16384


@pytest.mark.parametrize("opening", [b"\x1b[", b"\x1bP", b"\x1b]0;", b"\x1b"])
def test_thousands_of_lines_in_an_unfinished_sequence_do_not_pile_up(opening: bytes) -> None:
    emulator = Emulator(20, 4)
    emulator.feed(opening + b"\n" * 20_000)
    emulator.feed(b"\x1b\\\x1b[1;1Hafter")
    assert emulator.screen.display[0].rstrip() == "after"


@pytest.mark.parametrize("piece", [b"\x1b", b"\x1b]", b"\x1bP", b"\x1b]P", b"\x1b]R", b"\x1b[\x07", b"\x1b]0;\x1b"])
def test_unfinished_sequences_in_a_row_are_dropped_one_by_one(piece: bytes) -> None:
    emulator = Emulator(20, 4)
    emulator.feed(piece * 5000 + b"\x1b[1;1Hafter")
    assert emulator.screen.display[0].rstrip() == "after"


def test_a_prompt_after_ctrl_c_is_not_lost_in_a_privacy_message() -> None:
    # Ctrl-C discards what the program wrote, here all behind an ESC; then the tty echoes "^C".
    for cut in (b"abc\x1b", b"abc\x1bX"):
        whole, split = Emulator(20, 3), Emulator(20, 3)
        data = cut + b"^C\r\n$ "
        whole.feed(data)
        for octet in data:
            split.feed(bytes([octet]))
        for emulator in (whole, split):
            assert row_text(emulator.snapshot().rows[0]).rstrip() == "abc"
            assert row_text(emulator.snapshot().rows[1]).rstrip() == "$"
