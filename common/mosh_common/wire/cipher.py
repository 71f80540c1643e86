"""Which implementation of AES-128-OCB is used: that of the package `cryptography`, else Python's own libcrypto.

docs/adr/0071 says why in this order. Both give the same octets (tests/common/wire/test_cipher.py).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import NamedTuple, Protocol

from mosh_common.errors import EnvironmentFailure
from mosh_common.protocol import KEY_OCTETS


class Cipher(Protocol):
    """AES-128-OCB under one key, with nonces of 12 octets and tags of 16."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Return ciphertext and tag (RFC 7253 §4.2)."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Return the plaintext of ciphertext and tag (RFC 7253 §4.3). Raises the backend's `forged`."""


class Backend(NamedTuple):
    """An implementation."""

    cipher: Callable[[bytes], Cipher]  # under a key of 16 octets
    forged: type[Exception]  # what `decrypt` raises when the tag does not fit
    describe: Callable[[], str]


def through_cryptography() -> Backend:
    """Return the package's. Raises EnvironmentFailure where it is not installed, or its OpenSSL lacks AES-OCB."""
    try:
        from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
        from cryptography.hazmat.primitives.ciphers.aead import AESOCB3
    except ImportError:
        raise EnvironmentFailure("The Python package cryptography is not installed.") from None
    try:
        AESOCB3(bytes(KEY_OCTETS))
    except UnsupportedAlgorithm:
        raise EnvironmentFailure("The OpenSSL of the Python package cryptography lacks AES-OCB.") from None

    def describe() -> str:
        from cryptography import __version__
        from cryptography.hazmat.backends.openssl import backend

        return f"{' '.join(backend.openssl_version_text().split()[:2])} through cryptography {__version__}"

    return Backend(AESOCB3, InvalidTag, describe)


def through_ctypes() -> Backend:
    """Return that of the libcrypto that Python is linked with. Raises EnvironmentFailure where there is none."""
    try:
        from mosh_common.wire.libcrypto import InvalidTag, Library
    except ImportError:
        raise EnvironmentFailure("No AES-OCB to encrypt with: this Python has no ctypes.") from None
    library = Library()
    return Backend(library.cipher, InvalidTag, lambda: f"{library.version} through ctypes")


@cache
def backend() -> Backend:
    """Return the one to use. Raises EnvironmentFailure where there is none. Reads files the first time."""
    try:
        return through_cryptography()
    except EnvironmentFailure:
        pass
    try:
        return through_ctypes()
    except EnvironmentFailure as error:
        raise EnvironmentFailure(f"{error} Install the Python package cryptography for {sys.executable}.") from None


def check() -> None:
    """Raise EnvironmentFailure if there is no backend, as far as that is known without loading `cryptography`."""
    if find_spec("cryptography") is None:
        backend()


def description() -> str:
    """Return the one line about the cipher for --version and --doctor, without its end."""
    try:
        return f"Cipher: {backend().describe()}"
    except EnvironmentFailure as error:
        return f"Cipher: none. {error}"
