"""Invariant: any text is a key, which writes itself as that text, or UsageError."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import fuzzed

from mosh_common.errors import UsageError
from mosh_common.wire.key import Key

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


@fuzzed
@given(st.one_of(st.text(), st.text(ALPHABET, min_size=22, max_size=22), st.text(ALPHABET + "=-_\n", max_size=25)))
def test_any_text_is_a_key_or_refused(text: str) -> None:
    try:
        key = Key.parse(text)
    except UsageError:
        return
    assert key.text == text


@fuzzed
@given(st.binary(min_size=16, max_size=16))
def test_any_octets_are_a_key_that_reads_itself(octets: bytes) -> None:
    assert Key.parse(Key.generate(octets).text).octets == octets
