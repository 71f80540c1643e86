"""AES-128-OCB by the libcrypto that Python itself is linked with, called through ctypes (EVP_EncryptInit_ex(3)).

Where `cryptography` is not installed: docs/adr/0071. Everything that a datagram needs is made once for each key: a
context for each direction, which knows key and lengths, and a buffer. PyDLL, not CDLL: the calls take less than a
microsecond, and giving the interpreter's lock away for each of them would take as long.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final

from mosh_common.errors import EnvironmentFailure
from mosh_common.protocol import KEY_OCTETS, TAG_OCTETS

_NONCE_OCTETS: Final = 12
_USUAL_OCTETS: Final = 2048  # more than a datagram has; the buffer grows with what is longer
_DONE: Final = 1  # what each of the functions returns that can fail

_EVP_CTRL_AEAD_SET_IVLEN: Final = 0x9
_EVP_CTRL_AEAD_GET_TAG: Final = 0x10
_EVP_CTRL_AEAD_SET_TAG: Final = 0x11

_POINTER: Final = ctypes.c_void_p
_INT: Final = ctypes.c_int
_INIT: Final = (_INT, (_POINTER, _POINTER, _POINTER, _POINTER, _POINTER))
_UPDATE: Final = (_INT, (_POINTER, _POINTER, _POINTER, _POINTER, _INT))
_FINAL: Final = (_INT, (_POINTER, _POINTER, _POINTER))
# Result and arguments of each function, as in <openssl/evp.h>; 1.1.1 and 3 have them, LibreSSL lacks the first.
_PROTOTYPES: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "EVP_aes_128_ocb": (_POINTER, ()),
    "EVP_CIPHER_CTX_new": (_POINTER, ()),
    "EVP_CIPHER_CTX_free": (None, (_POINTER,)),
    "EVP_CIPHER_CTX_ctrl": (_INT, (_POINTER, _INT, _INT, _POINTER)),
    "EVP_EncryptInit_ex": _INIT,
    "EVP_EncryptUpdate": _UPDATE,
    "EVP_EncryptFinal_ex": _FINAL,
    "EVP_DecryptInit_ex": _INIT,
    "EVP_DecryptUpdate": _UPDATE,
    "EVP_DecryptFinal_ex": _FINAL,
    "ERR_clear_error": (None, ()),
}

# The second vector of RFC 7253, Appendix A: key, nonce, associated data and plaintext, ciphertext and tag.
_KNOWN_KEY: Final = bytes(range(KEY_OCTETS))
_KNOWN_NONCE: Final = bytes.fromhex("BBAA99887766554433221101")
_KNOWN_PLAINTEXT: Final = bytes(range(8))
_KNOWN_SEALED: Final = bytes.fromhex("6820B3657B6F615A5725BDA0D3B4EB3A257C9AF1F8F03009")


class InvalidTag(Exception):
    """The tag does not fit the ciphertext."""


class Library:
    """The functions of a libcrypto that has AES-OCB. Raises EnvironmentFailure where there is none.

    Look for it before files can no longer be opened.
    """

    __slots__ = ("functions", "version")

    def __init__(self) -> None:
        reason = "this Python is linked with no OpenSSL that others may call"
        for handle in _handles():
            version = _version(handle)
            if not version:
                continue
            try:
                self.functions = {name: _function(handle, name) for name in _PROTOTYPES}
            except AttributeError:
                reason = f"{version}, with which this Python is linked, lacks it"
                continue
            self.version = version
            if self._knows_the_answer():
                return
            reason = f"{version}, with which this Python is linked, does it otherwise"
        raise EnvironmentFailure(f"No AES-OCB to encrypt with: {reason}.")

    def cipher(self, key: bytes) -> Cipher:
        """Return the cipher under a key of 16 octets. Raises EnvironmentFailure."""
        return Cipher(self.functions, key)

    def _knows_the_answer(self) -> bool:
        """Return whether it computes what it should: a library of another kind is called by the same names."""
        try:
            cipher = self.cipher(_KNOWN_KEY)
            sealed = cipher.encrypt(_KNOWN_NONCE, _KNOWN_PLAINTEXT, _KNOWN_PLAINTEXT)
            return sealed == _KNOWN_SEALED and (
                cipher.decrypt(_KNOWN_NONCE, sealed, _KNOWN_PLAINTEXT) == _KNOWN_PLAINTEXT
            )
        except (EnvironmentFailure, InvalidTag):
            return False


class Cipher:
    """AES-128-OCB under one key. Its parameters and results are those of cryptography's AESOCB3."""

    __slots__ = (
        "_address",
        "_buffer",
        "_clear_errors",
        "_control",
        "_free",
        "_length",
        "_length_address",
        "_open",
        "_opening",
        "_seal",
        "_sealing",
    )

    def __init__(self, functions: dict[str, Any], key: bytes) -> None:
        self._sealing: int | None = None  # the contexts, which hold the key
        self._opening: int | None = None
        self._free = functions["EVP_CIPHER_CTX_free"]
        self._clear_errors = functions["ERR_clear_error"]
        self._control = functions["EVP_CIPHER_CTX_ctrl"]
        # Of each direction: begin with a nonce, take octets, end.
        self._seal = tuple(functions[f"EVP_Encrypt{step}"] for step in ("Init_ex", "Update", "Final_ex"))
        self._open = tuple(functions[f"EVP_Decrypt{step}"] for step in ("Init_ex", "Update", "Final_ex"))
        self._length = _INT()  # where the functions write how many octets they have written
        self._length_address = ctypes.addressof(self._length)
        self._buffer: Any = ctypes.create_string_buffer(_USUAL_OCTETS)
        self._address = ctypes.addressof(self._buffer)
        if len(key) != KEY_OCTETS:
            raise ValueError(f"a key has {KEY_OCTETS} octets, not {len(key)}")
        self._sealing = self._context(functions, self._seal[0], key)
        self._opening = self._context(functions, self._open[0], key)

    def __del__(self) -> None:
        # SECURITY: it also overwrites what it frees, the key's schedule.
        for context in (self._sealing, self._opening):
            if context is not None:
                self._free(context)
        self._sealing = self._opening = None

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Return ciphertext and tag. `nonce`: 12 octets. Raises EnvironmentFailure."""
        self._prepare(nonce, data)
        context, length, address = self._sealing, self._length, self._length_address
        begin, update, end = self._seal
        done = begin(context, None, None, None, nonce) == _DONE
        if associated_data:
            done = done and update(context, None, address, associated_data, len(associated_data)) == _DONE
        written = 0
        if data:
            done = done and update(context, self._address, address, data, len(data)) == _DONE
            written = length.value
        done = done and end(context, self._address + written, address) == _DONE
        done = done and written + length.value == len(data)
        tag = self._address + len(data)
        if not (done and self._control(context, _EVP_CTRL_AEAD_GET_TAG, TAG_OCTETS, tag) == _DONE):
            raise self._failure()
        sealed: bytes = self._buffer[: len(data) + TAG_OCTETS]
        return sealed

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Return the plaintext of ciphertext and tag. Raises InvalidTag, EnvironmentFailure."""
        octets = len(data) - TAG_OCTETS
        if octets < 0:
            raise InvalidTag
        self._prepare(nonce, data)
        context, length, address = self._opening, self._length, self._length_address
        begin, update, end = self._open
        done = begin(context, None, None, None, nonce) == _DONE
        done = done and self._control(context, _EVP_CTRL_AEAD_SET_TAG, TAG_OCTETS, data[octets:]) == _DONE
        if associated_data:
            done = done and update(context, None, address, associated_data, len(associated_data)) == _DONE
        written = 0
        if octets:
            done = done and update(context, self._address, address, data, octets) == _DONE
            written = length.value
        if not done:
            raise self._failure()
        # SECURITY: OpenSSL compares the tags, in the same time whatever differs. Until it has, nobody sees the
        # plaintext. (test_every_bit_of_a_tag_is_refused)
        if end(context, self._address + written, address) != _DONE:
            ctypes.memset(self._address, 0, octets)
            self._clear_errors()
            raise InvalidTag
        if written + length.value != octets:
            raise self._failure()
        plaintext: bytes = self._buffer[:octets]
        return plaintext

    def _prepare(self, nonce: bytes, data: bytes) -> None:
        # SECURITY: how many octets the library reads there it knows from elsewhere.
        # (test_a_nonce_of_another_length_is_refused)
        if len(nonce) != _NONCE_OCTETS:
            raise ValueError(f"a nonce has {_NONCE_OCTETS} octets, not {len(nonce)}")
        if len(data) + TAG_OCTETS > len(self._buffer):
            self._buffer = ctypes.create_string_buffer(len(data) + TAG_OCTETS)
            self._address = ctypes.addressof(self._buffer)

    def _context(self, functions: dict[str, Any], begin: Any, key: bytes) -> int:
        """Return a context with algorithm, key and length of nonces; the tag's length is 16 unless one says other."""
        context: int | None = functions["EVP_CIPHER_CTX_new"]()
        if context is None:
            raise self._failure()
        if not (
            begin(context, functions["EVP_aes_128_ocb"](), None, None, None) == _DONE
            and self._control(context, _EVP_CTRL_AEAD_SET_IVLEN, _NONCE_OCTETS, None) == _DONE
            and begin(context, None, None, key, None) == _DONE
        ):
            self._free(context)
            raise self._failure()
        return context

    def _failure(self) -> EnvironmentFailure:
        self._clear_errors()  # the queue is Python's as well
        return EnvironmentFailure("OpenSSL failed to compute AES-OCB; is the system out of memory, or in FIPS mode?")


def _handles() -> Iterator[ctypes.PyDLL]:
    """Yield what may find the functions: modules of Python's that are linked with libcrypto, else the interpreter."""
    for name in ("_hashlib", "_ssl"):
        try:
            file = getattr(import_module(name), "__file__", None)  # None: a part of the interpreter
            yield ctypes.PyDLL(file)
        except (ImportError, OSError):
            continue


def _version(handle: ctypes.PyDLL) -> str:
    """Return name and number of the library that a handle finds; "" for none."""
    try:
        function = handle.OpenSSL_version
    except AttributeError:
        return ""
    function.restype, function.argtypes = ctypes.c_char_p, (_INT,)
    text: bytes = function(0)
    return " ".join(text.decode("ascii", "replace").split()[:2])


def _function(handle: ctypes.PyDLL, name: str) -> Any:
    """Return the function of that name. Raises AttributeError."""
    function = getattr(handle, name)
    function.restype, function.argtypes = _PROTOTYPES[name]
    return function
