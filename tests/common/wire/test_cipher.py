"""The implementations of AES-128-OCB, beside each other, and which of them is used."""

from __future__ import annotations

import ctypes
import gc
import re
import sys
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosh_common.errors import EnvironmentFailure, PeerError
from mosh_common.protocol import TAG_OCTETS
from mosh_common.wire import cipher, libcrypto
from mosh_common.wire.cipher import Backend, through_cryptography, through_ctypes
from mosh_common.wire.key import Key
from mosh_common.wire.ocb import Ocb

KEY = bytes(range(100, 116))
LENGTHS = range(2049)
TEXT = bytes(number * 7 & 0xFF for number in LENGTHS)


def needs(backend: object) -> Backend:
    """What one of the implementations is here; skips where there is none."""
    assert callable(backend)
    try:
        found = backend()
    except EnvironmentFailure as error:
        pytest.skip(str(error))
    assert isinstance(found, Backend)
    return found


def hide_cryptography(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the package's import fail from here on, also where it was imported before."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "cryptography"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "cryptography", None)


EACH = pytest.mark.parametrize("through", [through_cryptography, through_ctypes], ids=["cryptography", "ctypes"])


@pytest.mark.parametrize("associated", [None, b"", b"associated", TEXT[:100]], ids=["none", "empty", "short", "long"])
def test_both_give_the_same_for_every_length(associated: bytes | None) -> None:
    one, other = (needs(each).cipher(KEY) for each in (through_cryptography, through_ctypes))
    for length in LENGTHS:
        nonce = length.to_bytes(12, "big")
        sealed = one.encrypt(nonce, TEXT[:length], associated)
        assert other.encrypt(nonce, TEXT[:length], associated) == sealed
        assert other.decrypt(nonce, sealed, associated) == one.decrypt(nonce, sealed, associated) == TEXT[:length]


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=12, max_size=12), st.binary(), st.none() | st.binary())
def test_both_give_the_same_for_any_key_and_nonce(
    key: bytes, nonce: bytes, plaintext: bytes, associated: bytes | None
) -> None:
    one, other = (needs(each).cipher(key) for each in (through_cryptography, through_ctypes))
    assert one.encrypt(nonce, plaintext, associated) == other.encrypt(nonce, plaintext, associated)


@EACH
@pytest.mark.parametrize("length", [0, 1, 16, 41, 1280])
def test_every_bit_of_a_tag_is_refused(through: object, length: int) -> None:
    ocb = Ocb(Key(KEY), through=needs(through))
    sealed = ocb.seal(bytes(12), TEXT[:length])
    for bit in range(8 * TAG_OCTETS):
        forged = bytearray(sealed)
        forged[length + bit // 8] ^= 1 << bit % 8
        with pytest.raises(PeerError, match="authentication failed"):
            ocb.open(bytes(12), bytes(forged))
        # What was refused has left nothing behind, in this direction or the other.
        assert ocb.open(bytes(12), sealed) == TEXT[:length]
        assert ocb.seal(bytes(12), TEXT[:length]) == sealed


@EACH
def test_other_associated_data_another_nonce_and_another_key_are_refused(through: object) -> None:
    backend = needs(through)
    ocb, other = Ocb(Key(KEY), through=backend), Ocb(Key(bytes(16)), through=backend)
    sealed = ocb.seal(bytes(12), TEXT[:40], b"data")
    for opener, nonce, associated in (
        (ocb, bytes(12), b"Data"),
        (ocb, bytes(12), None),
        (ocb, bytes(11) + b"\1", b"data"),
        (other, bytes(12), b"data"),
    ):
        with pytest.raises(PeerError):
            opener.open(nonce, sealed, associated)
    assert ocb.open(bytes(12), sealed, b"data") == TEXT[:40]


@EACH
def test_a_result_stays_what_it_was(through: object) -> None:
    backend = needs(through).cipher(KEY)
    sealed = [backend.encrypt(bytes(12), TEXT[:length], None) for length in (100, 50, 3000)]
    assert [backend.decrypt(bytes(12), each, None) for each in sealed] == [TEXT[:100], TEXT[:50], TEXT[:3000]]


@EACH
@pytest.mark.parametrize("octets", [0, 7, 11, 13, 16])
def test_a_nonce_of_another_length_is_refused(through: object, octets: int) -> None:
    backend = needs(through)
    if backend.forged is not libcrypto.InvalidTag and octets == 13:
        pytest.skip("cryptography takes it")
    for call in (backend.cipher(KEY).encrypt, backend.cipher(KEY).decrypt):
        with pytest.raises(ValueError, match=r"."):
            call(bytes(octets), bytes(32), None)


# --- through ctypes


class Counting:
    """A function of the library, and how often it was called."""

    def __init__(self, function: object) -> None:
        assert callable(function)
        self.function, self.calls = function, 0

    def __call__(self, *arguments: object) -> object:
        self.calls += 1
        return self.function(*arguments)


@pytest.fixture
def library() -> libcrypto.Library:
    try:
        return libcrypto.Library()
    except EnvironmentFailure as error:
        pytest.skip(str(error))


def test_the_library_that_this_python_is_linked_with_is_used_where_it_can() -> None:
    """The other tests pass over a library that fails, and would over a fault of ours that makes it fail."""
    hashes = pytest.importorskip("_hashlib")
    if not getattr(hashes, "__file__", None) or not hasattr(ctypes.PyDLL(hashes.__file__), "EVP_aes_128_ocb"):
        pytest.skip("this Python is linked with no OpenSSL that has AES-OCB")
    if hashes.get_fips_mode():
        pytest.skip("OpenSSL is in FIPS mode, which has no AES-OCB")
    found = libcrypto.Library()
    assert re.fullmatch(r"\S+ \S+", found.version)
    assert found.cipher(KEY).decrypt(bytes(12), found.cipher(KEY).encrypt(bytes(12), TEXT, b"a"), b"a") == TEXT


def test_the_package_is_looked_for_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(cipher, "find_spec", asked.append)  # finds nothing
    monkeypatch.setattr(cipher, "backend", lambda: asked.append("a backend"))
    cipher.check()
    assert asked == ["cryptography", "a backend"]


def test_modules_that_are_linked_with_it_are_asked_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def lacking(name: str) -> None:
        asked.append(name)
        raise ImportError

    monkeypatch.setattr(libcrypto, "import_module", lacking)
    assert list(libcrypto._handles()) == []
    assert asked == ["_hashlib", "_ssl"]


def test_contexts_are_made_once_and_freed(library: libcrypto.Library) -> None:
    new, free = (Counting(library.functions[f"EVP_CIPHER_CTX_{name}"]) for name in ("new", "free"))
    functions = {**library.functions, "EVP_CIPHER_CTX_new": new, "EVP_CIPHER_CTX_free": free}
    one = libcrypto.Cipher(functions, KEY)
    for _ in range(5):
        one.decrypt(bytes(12), one.encrypt(bytes(12), TEXT, None), None)
    assert (new.calls, free.calls) == (2, 0)
    del one
    gc.collect()
    assert (new.calls, free.calls) == (2, 2)


CAN_FAIL = [f"EVP_{way}{step}" for way in ("Encrypt", "Decrypt") for step in ("Init_ex", "Update", "Final_ex")]


@pytest.mark.parametrize("result", [0, -1])
@pytest.mark.parametrize("name", ["EVP_CIPHER_CTX_ctrl", *CAN_FAIL])
def test_no_failure_of_openssls_goes_unnoticed(name: str, result: int, library: libcrypto.Library) -> None:
    failing = False

    def call(*arguments: object) -> object:
        return result if failing else library.functions[name](*arguments)

    one = libcrypto.Cipher({**library.functions, name: call}, KEY)
    sealed = one.encrypt(bytes(12), TEXT, b"a")
    assert one.decrypt(bytes(12), sealed, b"a") == TEXT
    failing = True
    if "Decrypt" not in name:
        with pytest.raises(EnvironmentFailure, match="OpenSSL failed"):
            one.encrypt(bytes(12), TEXT, b"a")
    if "Encrypt" not in name:
        with pytest.raises((EnvironmentFailure, libcrypto.InvalidTag)):
            one.decrypt(bytes(12), sealed, b"a")


@pytest.mark.parametrize(
    ("name", "result"), [("EVP_CIPHER_CTX_new", None), ("EVP_EncryptInit_ex", 0), ("EVP_CIPHER_CTX_ctrl", 0)]
)
def test_a_context_that_cannot_be_made_is_a_failure(name: str, result: int | None, library: libcrypto.Library) -> None:
    with pytest.raises(EnvironmentFailure, match="OpenSSL failed"):
        libcrypto.Cipher({**library.functions, name: lambda *_: result}, KEY)


def handle_of(version: bytes, **functions: object) -> SimpleNamespace:
    """What stands for a loaded library."""

    class Function:
        def __call__(self, *_: object) -> bytes:
            return version

    return SimpleNamespace(OpenSSL_version=Function(), **functions)


@pytest.mark.parametrize(
    ("handles", "sentence"),
    [
        ([], "No AES-OCB to encrypt with: this Python is linked with no OpenSSL that others may call."),
        (
            [SimpleNamespace()],
            "No AES-OCB to encrypt with: this Python is linked with no OpenSSL that others may call.",
        ),
        (
            [handle_of(b"LibreSSL 3.3.6")],
            "No AES-OCB to encrypt with: LibreSSL 3.3.6, with which this Python is linked, lacks it.",
        ),
    ],
    ids=["no module", "hidden", "LibreSSL"],
)
def test_a_python_without_aes_ocb_is_told(
    handles: list[SimpleNamespace], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libcrypto, "_handles", lambda: iter(handles))
    with pytest.raises(EnvironmentFailure) as failure:
        libcrypto.Library()
    assert str(failure.value) == sentence
    hide_cryptography(monkeypatch)
    cipher.backend.cache_clear()
    for ask in (cipher.backend, cipher.check):
        with pytest.raises(EnvironmentFailure) as failure:
            ask()
        assert str(failure.value) == f"{sentence} Install the Python package cryptography for {sys.executable}."
    assert cipher.description() == f"Cipher: none. {failure.value}"


@pytest.mark.usefixtures("library")
def test_a_library_that_computes_something_else_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libcrypto, "_KNOWN_SEALED", bytes(24))
    with pytest.raises(EnvironmentFailure, match="does it otherwise"):
        libcrypto.Library()


@pytest.mark.usefixtures("library")
def test_a_library_that_fails_when_it_is_tried_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_what: object) -> bytes:
        raise libcrypto.InvalidTag

    monkeypatch.setattr(libcrypto.Cipher, "decrypt", fails)
    with pytest.raises(EnvironmentFailure, match="does it otherwise"):
        libcrypto.Library()


@EACH
@pytest.mark.parametrize("octets", [0, TAG_OCTETS - 1])
def test_what_is_shorter_than_a_tag_is_no_ciphertext(through: object, octets: int) -> None:
    backend = needs(through)
    with pytest.raises(backend.forged):
        backend.cipher(KEY).decrypt(bytes(12), bytes(octets), None)


@EACH
@pytest.mark.parametrize("octets", [15, 17])
def test_a_key_of_another_length_is_refused(through: object, octets: int) -> None:
    with pytest.raises(ValueError, match=r"key|Key"):
        needs(through).cipher(bytes(octets))


# --- the choice


def test_cryptography_is_preferred_and_the_one_that_is_used_is_named() -> None:
    needs(through_cryptography)
    cipher.backend.cache_clear()
    assert cipher.backend().forged is not libcrypto.InvalidTag
    assert re.fullmatch(r"Cipher: OpenSSL [0-9.]+ through cryptography [0-9.]+", cipher.description())


def test_without_cryptography_it_is_pythons_own(library: libcrypto.Library, monkeypatch: pytest.MonkeyPatch) -> None:
    hide_cryptography(monkeypatch)
    cipher.backend.cache_clear()
    cipher.check()
    assert cipher.backend().forged is libcrypto.InvalidTag
    assert cipher.description() == f"Cipher: {library.version} through ctypes"


@pytest.fixture(autouse=True)
def _choice_as_it_was() -> object:
    yield
    cipher.backend.cache_clear()
