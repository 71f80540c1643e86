"""What a host's output may do to the terminal of a user who is still logging in: be read, and nothing else."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosh_bootstrap.sanitizer import SEQUENCE_LIMIT, STRING_LIMIT, Sanitizer

# Written apart from the module: the sentence of the issue as a pattern.
ALLOWED = re.compile(r"(?:[^\x00-\x1f\x7f-\x9f]|[\r\n\b\t\a]|\x1b\[[0-9;:]*m|\x1b\[[0-9]*[CDG`])*")


def shown(*chunks: bytes) -> bytes:
    """What the terminal gets of `chunks`."""
    sanitizer = Sanitizer()
    return b"".join(map(sanitizer.receive, chunks))


@pytest.mark.parametrize(
    "output",
    [
        b"user@host's password: ",
        b"Are you sure you want to continue connecting (yes/no/[fingerprint])? ",
        b"+--[ED25519 256]--+\r\n|  .o+ ^ \\ ]P[ _ |\r\n+----[SHA256]-----+\r\n",
        b"\x1b[1;31mwarning\x1b[0m \x1b[38;2;255;128;0mcolour\x1b[39m \x1b[4:3mcurl\x1b[m",
        b"[###   ] 50%\r[####  ] 60%\x1b[3D\x1b[2C\x1b[7G\x1b[7`\x1b[C\b\b  \tdone\a\n",
        "Passwort für größe 密码 🔑 \u00a0: ".encode(),
    ],
)
def test_prompts_banners_and_progress_bars_look_as_before(output: bytes) -> None:
    assert shown(output) == output
    assert shown(*(bytes([octet]) for octet in output)) == output


COMMANDS = {
    "clipboard": b"\x1b]52;c;ZXZpbA==\a",
    "clipboard, asked for": b"\x1b]52;c;?\x1b\\",
    "title": b"\x1b]0;title\a",
    "title of screen": b"\x1bktitle\x1b\\",
    "colour, asked for": b"\x1b]11;?\a",
    "colour of the Linux console": b"\x1b]P0ff0000\n",
    "hyperlink": b"\x1b]8;;file:///etc/passwd\a",
    "notification": b"\x1b]777;notify;a;b\x1b\\",
    "termcap query": b"\x1bP+q544e\x1b\\",
    "setting query": b"\x1bP$qm\x1b\\",
    "sixels": b"\x1bPq#0;2;0;0;0~~@@vv\x1b\\",
    "application command": b"\x1b_Gi=31;AAAA\x1b\\",
    "privacy message": b"\x1b^x\x1b\\",
    "start of string": b"\x1bXx\x1b\\",
    "cursor position query": b"\x1b[6n",
    "status query": b"\x1b[5n",
    "private status query": b"\x1b[?6n",
    "device attributes": b"\x1b[c",
    "secondary device attributes": b"\x1b[>c",
    "tertiary device attributes": b"\x1b[=0c",
    "version query": b"\x1b[>q",
    "mode query": b"\x1b[?2026$p",
    "window query": b"\x1b[21t",
    "DECID": b"\x1bZ",
    "checksum query": b"\x1b[1;1;1;1;1;1*y",
    "keyboard protocol": b"\x1b[?u",
    "key modifiers": b"\x1b[>4;2m",
    "key modifier query": b"\x1b[?4m",
    "alternate screen": b"\x1b[?1049h",
    "pastes": b"\x1b[?2004h",
    "insert mode": b"\x1b[4h",
    "up": b"\x1b[A",
    "down": b"\x1b[2B",
    "next line": b"\x1b[E",
    "home": b"\x1b[H",
    "place": b"\x1b[3;4H",
    "row": b"\x1b[3d",
    "erase the screen": b"\x1b[2J",
    "erase the line": b"\x1b[K",
    "scroll": b"\x1b[S",
    "scrolling region": b"\x1b[2;3r",
    "repeat": b"\x1b[65535b",
    "save the cursor": b"\x1b7",
    "restore the cursor": b"\x1b8",
    "reverse index": b"\x1bM",
    "reset": b"\x1bc",
    "soft reset": b"\x1b[!p",
    "alignment test": b"\x1b#8",
    "character set": b"\x1b(0",
    "another coding": b"\x1b%@",
    "8-bit answers": b"\x1b G",
    "shift out and in": b"\x0e\x0f",
    "answerback": b"\x05",
    "vertical tab and form feed": b"\x0b\x0c",
    "NUL and DEL": b"\x00\x7f",
    "8-bit CSI": b"\x9b",
    "8-bit CSI, as UTF-8": "\x9b".encode(),
    "8-bit OSC": b"\x9d",
    "8-bit ST": b"\x9c",
    "too many digits": b"\x1b[123456C",
    "SGR with an intermediate": b"\x1b[0 m",
    "move with a prefix": b"\x1b[?3C",
    "cancelled": b"\x1b[31\x18",
    "substituted": b"\x1b]0;title\x1a",
    "sequence begun anew": b"\x1b\x1b[\x1b[c",
    "string without its end": b"\x1b]52;c;ZXZp\x1b[c",
    "control in a sequence": b"\x1b[\x006n",
}


@pytest.mark.parametrize("what", COMMANDS)
def test_what_commands_or_asks_the_terminal_is_swallowed_whole(what: str) -> None:
    command = COMMANDS[what]
    expected = b"before" + (b"\n" if command.endswith(b"\n") else b"") + b"after"
    output = b"before" + command + b"after"
    assert shown(output) == expected
    assert shown(*(bytes([octet]) for octet in output)) == expected


def test_an_octet_that_is_no_utf_8_is_shown_as_a_replacement() -> None:
    assert shown(b"caf\xe9 \xf0\x9f") == "caf\ufffd ".encode()
    assert shown(b"\xc3", b"\xa9") == "é".encode()


@pytest.mark.parametrize("introducer", [b"\x1b", b"\x1b[", b"\x1b[1", b"\x1b(", b"\x1b]", b"\x1bP", b"\x1b_", b"\x1bk"])
@pytest.mark.parametrize("end", [b"\r", b"\n"])
def test_the_end_of_a_line_ends_a_sequence_so_that_the_prompt_is_seen(introducer: bytes, end: bytes) -> None:
    assert shown(introducer + end + b"password: ") == end + b"password: "


def test_a_string_is_swallowed_up_to_the_limit_and_what_follows_is_shown() -> None:
    assert shown(b"\x1b]" + b"x" * STRING_LIMIT + b"password: ") == b"password: "
    assert shown(b"\x1b]", b"x" * (STRING_LIMIT - 1), b"x", b"password: ") == b"password: "
    assert shown(b"\x1b]" + b"x" * (STRING_LIMIT - 1) + b"\apassword: ") == b"password: "


def test_a_sequence_works_up_to_the_limit_and_a_longer_one_is_no_sequence() -> None:
    longest = b"\x1b[" + b"1;" * (SEQUENCE_LIMIT // 2 - 1) + b"1m"
    assert shown(longest) == longest
    assert shown(b"\x1b[" + b"1;" * (SEQUENCE_LIMIT // 2) + b"1" + b"password: ") == b"password: "
    assert shown(b"\x1b" + b" " * SEQUENCE_LIMIT + b" password: ") == b"password: "


def test_colours_are_taken_off_at_the_end_where_they_were_left_on() -> None:
    sanitizer = Sanitizer()
    sanitizer.receive(b"\x1b[8mhidden")
    assert sanitizer.finish() == b"\x1b[m"
    assert sanitizer.finish() == b""
    sanitizer.receive(b"\x1b[8mhidden\x1b[0m")
    assert sanitizer.finish() == b""


def cut(data: bytes, places: list[int]) -> list[bytes]:
    bounds = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[start:end] for start, end in pairwise(bounds)]


PIECES = st.sampled_from(
    [
        *COMMANDS.values(),
        *(b"\x1b", b"\x1b[", b"\x1b]", b"\x1bP", b"\\", b"[", b"0", b";", b":", b"1", b"m", b"G", b"?", b" ", b"\xc2"),
        *(
            b"\r",
            b"\n",
            b"\b",
            b"\a",
            b"\x18",
            b"\x9b",
            b"\xe5\xaf\x86",
            b"\xf0\x9f\x94",
            b"text",
            b"\x1b[31m",
            b"\x1b[3C",
        ),
    ]
)
OUTPUT = st.lists(st.one_of(PIECES, st.binary(max_size=6)), max_size=30).map(b"".join)


@given(OUTPUT, st.lists(st.integers(0, 500), max_size=12))
def test_nothing_but_text_and_what_stays_in_its_line_is_shown(output: bytes, places: list[int]) -> None:
    whole = shown(output)
    assert ALLOWED.fullmatch(whole.decode())
    assert shown(*cut(output, places)) == whole
    assert shown(*(bytes([octet]) for octet in output)) == whole


@given(OUTPUT)
def test_what_may_be_shown_is_shown_again_unchanged(output: bytes) -> None:
    once = shown(output)
    assert shown(once) == once


@pytest.mark.parametrize(
    "piece",
    [b"\x1b", b"\x1b[", b"1;", b"\x1b[1;", b"\x1b]", b"\x1b]x\x1b\\", b"\xc2", b"\x9b", b"x", b"\x1b(", b"\x1b[31m"],
)
@pytest.mark.parametrize("opening", [b"", b"\x1b[", b"\x1b]"])
def test_each_character_is_looked_at_a_bounded_number_of_times(
    opening: bytes, piece: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = 0
    step = Sanitizer._step

    def counting(sanitizer: Sanitizer, text: str, position: int, out: list[str]) -> int:
        nonlocal steps
        steps += 1
        return step(sanitizer, text, position, out)

    monkeypatch.setattr(Sanitizer, "_step", counting)
    output = opening + piece * 2000
    sanitizer = Sanitizer()
    sanitizer.receive(output)
    assert steps <= 2 * len(output)
    assert len(sanitizer._sequence) <= SEQUENCE_LIMIT + 1
