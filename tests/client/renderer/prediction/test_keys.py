"""Keys out of reads that are cut anywhere."""

from __future__ import annotations

import pytest

from mosh_client.renderer.prediction.keys import ESCAPE_TIMEOUT_MS, SEQUENCE_LIMIT, InputParser, Key, KeyKind

CASES = [
    (b"a", [Key(KeyKind.TEXT, "a")]),
    ("日".encode(), [Key(KeyKind.TEXT, "日")]),
    (b"\r", [Key(KeyKind.ENTER)]),
    (b"\n", [Key(KeyKind.CONTROL, "\n")]),
    (b"\x7f", [Key(KeyKind.BACKSPACE)]),
    (b"\t", [Key(KeyKind.TAB)]),
    (b"\x01", [Key(KeyKind.CONTROL, "\x01")]),
    (b"\x1b[D\x1bOD", [Key(KeyKind.LEFT)] * 2),
    (b"\x1b[C\x1bOC", [Key(KeyKind.RIGHT)] * 2),
    (b"\x1b[A\x1bOB", [Key(KeyKind.UP), Key(KeyKind.DOWN)]),
    (b"\x1b[H\x1bOH\x1b[1~\x1b[7~", [Key(KeyKind.HOME)] * 4),
    (b"\x1b[F\x1bOF\x1b[4~\x1b[8~", [Key(KeyKind.END)] * 4),
    (b"\x1b[3~", [Key(KeyKind.DELETE)]),
    (b"\x1bb\x1b[1;5D\x1b[1;3D", [Key(KeyKind.WORD_LEFT)] * 3),
    (b"\x1bf\x1b[1;5C\x1b[1;3C", [Key(KeyKind.WORD_RIGHT)] * 3),
    (b"\x1bd", [Key(KeyKind.DELETE_WORD_RIGHT)]),
    (b"\x1b\x7f\x1b\b", [Key(KeyKind.DELETE_WORD_LEFT)] * 2),
    (b"\x1b[200~", [Key(KeyKind.SEQUENCE, "~")]),
    (b"\x1b[1;2C", [Key(KeyKind.SEQUENCE, "C")]),
    (b"\x1b[<0;1;2M", [Key(KeyKind.SEQUENCE, "M")]),
    (b"\x1bx\x1bOP", [Key(KeyKind.SEQUENCE, "x"), Key(KeyKind.SEQUENCE, "P")]),
    ("\u0301\x85".encode(), [Key(KeyKind.UNPRINTABLE, "\u0301"), Key(KeyKind.UNPRINTABLE, "\x85")]),
    (b"\xffa", [Key(KeyKind.UNPRINTABLE, "\ufffd"), Key(KeyKind.TEXT, "a")]),
]


@pytest.mark.parametrize(("data", "keys"), CASES, ids=[repr(data) for data, _ in CASES])
def test_keys_are_what_xterm_sends(data: bytes, keys: list[Key]) -> None:
    assert InputParser().feed(data, now=0) == keys


@pytest.mark.parametrize(("data", "keys"), CASES, ids=[repr(data) for data, _ in CASES])
def test_wherever_a_read_is_cut_the_keys_are_the_same(data: bytes, keys: list[Key]) -> None:
    parser = InputParser()
    found = [key for octet in data for key in parser.feed(bytes([octet]), now=0)]
    assert [key for key in found if key.kind is not KeyKind.ESCAPE] == keys


def test_an_escape_alone_is_a_key_at_once() -> None:
    assert InputParser().feed(b"\x1b", now=0) == [Key(KeyKind.ESCAPE)]


def test_what_follows_an_escape_late_is_a_key_of_its_own() -> None:
    parser = InputParser()
    parser.feed(b"\x1b", now=0)
    assert parser.feed(b"O", now=ESCAPE_TIMEOUT_MS + 1) == [Key(KeyKind.TEXT, "O")]


def test_what_follows_an_escape_in_time_belongs_to_it() -> None:
    parser = InputParser()
    parser.feed(b"\x1b", now=0)
    assert parser.feed(b"OD", now=ESCAPE_TIMEOUT_MS) == [Key(KeyKind.LEFT)]


def test_a_sequence_has_a_limit() -> None:
    parser = InputParser()
    assert parser.feed(b"\x1b[" + b"1" * SEQUENCE_LIMIT + b"~", now=0) == [Key(KeyKind.SEQUENCE, "~")]
    assert parser.feed(b"\x1b[" + b"1" * (SEQUENCE_LIMIT + 1) + b"~", now=0) == [
        Key(KeyKind.SEQUENCE, "1"),
        Key(KeyKind.TEXT, "~"),
    ]
