"""Session keys and their text."""

from __future__ import annotations

import pytest

from mosh_common.errors import UsageError
from mosh_common.wire.key import Key


def test_a_key_is_22_characters_of_base64_without_padding() -> None:
    key = Key.generate(bytes(range(16)))
    assert key.text == "AAECAwQFBgcICQoLDA0ODw"
    assert Key.parse(key.text) == key
    assert hash(Key.parse(key.text)) == hash(key)


def test_a_key_is_not_shown() -> None:
    assert repr(Key(bytes(16))) == "Key(…)"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AAECAwQFBgcICQoLDA0OD",
        "AAECAwQFBgcICQoLDA0ODw=",
        "AAECAwQFBgcICQoLDA0ODw==",
        "AAECAwQFBgcICQoLDA0ODwA",
        "AAECAwQFBgcICQoLDA0OD-",
        "AAECAwQFBgcICQoLDA0OD\n",
        "AAECAwQFBgcICQoLDA0OÐw",
    ],
)
def test_what_is_not_a_keys_text_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Key.parse(text)


@pytest.mark.parametrize("last", "BCDPRSx/")
def test_a_key_with_stray_low_bits_is_refused(last: str) -> None:
    with pytest.raises(UsageError):
        Key.parse("AAECAwQFBgcICQoLDA0OD" + last)


@pytest.mark.parametrize("octets", [0, 15, 17])
def test_a_key_has_16_octets(octets: int) -> None:
    with pytest.raises(UsageError):
        Key.generate(bytes(octets))


def test_neither_repr_nor_refusal_shows_a_key() -> None:
    key = Key(bytes(range(16)))
    assert key.text not in repr(key)
    with pytest.raises(UsageError) as refusal:
        Key.parse("AAECAwQFBgcICQoLDA0ODx")
    assert "AAECAw" not in str(refusal.value)
