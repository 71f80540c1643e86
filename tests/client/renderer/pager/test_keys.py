"""From octets to keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosh_client.renderer.pager import keys
from mosh_client.renderer.pager.keys import Key, Mouse, forced_keys, split_keys


@pytest.mark.parametrize(
    ("octets", "name"),
    [
        *((b"\x1b[A", keys.UP), (b"\x1bOB", keys.DOWN), (b"\x1b[5~", keys.PAGE_UP), (b"\x1b[6;2~", keys.PAGE_DOWN)),
        *((b"\x1b[1~", keys.HOME), (b"\x1bOF", keys.END), (b"\r", keys.ENTER), (b"\x7f", keys.BACKSPACE)),
        *((b"a", "a"), ("ä".encode(), "ä"), (b"\x01", "\x01"), ("漢".encode(), "漢"), ("😀".encode(), "😀")),
        *((b"\x1b[1;5A", keys.OTHER), (b"\x1bx", keys.OTHER), (b"\x1b[200~", keys.OTHER), (b"\xff", keys.OTHER)),
        *((b"\x1b[I", keys.PASSING), (b"\x1b[M !!", keys.NOTHING), (b"\x1b[97;5u", keys.OTHER)),
    ],
)
def test_a_key_has_its_name(octets: bytes, name: str) -> None:
    assert split_keys(octets) == ([Key(name, octets)], b"")


@pytest.mark.parametrize(
    ("octets", "mouse"),
    [(b"\x1b[<0;1;1M", Mouse(0, 0, 0, False)), (b"\x1b[<64;80;24m", Mouse(64, 79, 23, True))],
)
def test_a_report_of_the_mouse_is_read(octets: bytes, mouse: Mouse) -> None:
    assert split_keys(octets)[0][0].mouse == mouse


@pytest.mark.parametrize("octets", [b"\x1b[5;2~", b"\x1b[<64;10;10M", "漢".encode(), b"\x1bOA", b"\x1b[M !!"])
def test_a_key_that_is_cut_waits_for_its_rest(octets: bytes) -> None:
    for cut in range(1, len(octets)):
        assert split_keys(b"k" + octets[:cut]) == ([Key("k", b"k")], octets[:cut])


def test_escape_alone_is_a_key_when_nothing_follows() -> None:
    assert split_keys(b"\x1b") == ([], b"\x1b")
    assert forced_keys(b"\x1b") == [Key(keys.ESCAPE, b"\x1b")]


@given(
    st.lists(st.one_of(st.binary(max_size=6), st.sampled_from([b"\x1b", b"\x1b[", b"\x1bO", b"\x1b[<0;"])), max_size=9)
)
def test_no_octet_is_lost_or_made_up(reads: list[bytes]) -> None:
    held, taken = b"", b""
    for read in reads:
        found, held = split_keys(held + read)
        assert len(held) <= 20
        taken += b"".join(key.octets for key in found)
    taken += b"".join(key.octets for key in forced_keys(held))
    assert taken == b"".join(reads)
