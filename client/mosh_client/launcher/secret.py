"""The session key in the environment: looked at without being copied, and erased.

The launcher is started with the key in its environment, and the renderer is a copy of the launcher; both would hold it
as long as the session lasts. Only two copies exist as long as nobody makes another: the block of the environment that
the kernel made, and the object that Python made of it at its start. So the launcher does not parse the key; it hands
this very object to the process that keeps it, and then both places are overwritten.
"""

from __future__ import annotations

import os
import sys
from typing import Final

from mosh_common.errors import UsageError

KEY_VARIABLE: Final = b"MOSH_KEY"

# As wire/key.py has it, but without making parts of the key.
_KEY_LENGTH: Final = 22
_BASE64: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_LAST_CHARACTERS: Final = b"AQgw"  # of base64 of 16 octets: the low four bits are zero

_PAYLOAD_OFFSET: Final = bytes.__basicsize__ - 1  # of a bytes object in CPython: the octets, then a zero
_ENVIRONMENT_FIELDS: Final = slice(47, 49)  # env_start and env_end behind field 2 of /proc/self/stat (50, 51; proc(5))


def key_in_environment() -> bytes:
    """Return the object that holds the key; do not copy or change its text. Raises UsageError if it is no key."""
    text = os.environb.get(KEY_VARIABLE)
    if text is None:
        raise UsageError("MOSH_KEY is not set: mosh-client needs the key that mosh-server printed.")
    if len(text) != _KEY_LENGTH or text.translate(None, _BASE64) or text[-1] not in _LAST_CHARACTERS:
        raise UsageError(
            f"MOSH_KEY is not a session key: that is {_KEY_LENGTH} characters of base64, as mosh-server printed it."
        )
    return text


def forget_key(text: bytes) -> bool:
    """Erase the key, which `key_in_environment` gave; return whether every copy was overwritten.

    Call after the process that keeps the key was forked and before any that must not have it is. Where memory cannot
    be written like this (not Linux, not CPython), the variable is removed, which is what can be done.
    """
    os.environb.pop(KEY_VARIABLE, None)
    try:
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            # SECURITY: test_neither_launcher_nor_renderer_holds_the_key searches all of their memory.
            return _overwrite_environment(memory.fileno(), text) and _overwrite_object(memory.fileno(), text)
    except (OSError, ValueError):
        return False


def _overwrite_environment(memory: int, text: bytes) -> bool:
    with open("/proc/self/stat", "rb") as stat:
        start, end = (int(word) for word in stat.read().rpartition(b")")[2].split()[_ENVIRONMENT_FIELDS])
    block = bytearray(end - start)
    if os.preadv(memory, [block], start) != len(block):
        return False
    offset = block.find(text)
    while offset >= 0:
        os.pwrite(memory, bytes(len(text)), start + offset)
        offset = block.find(text, offset + len(text))
    block[:] = bytes(len(block))
    return True


def _overwrite_object(memory: int, text: bytes) -> bool:
    if sys.implementation.name != "cpython":
        return False
    address = id(text) + _PAYLOAD_OFFSET
    found = bytearray(len(text))
    if os.preadv(memory, [found], address) != len(found) or found != text:
        return False
    found[:] = bytes(len(found))
    return os.pwrite(memory, bytes(len(text)), address) == len(text)
