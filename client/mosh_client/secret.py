"""Forgetting the session key in a process that must not have it: environment, objects, and what was freed.

The launcher is started with the key in its environment and the renderer is a copy of the launcher, so both would hold
it as long as the session lasts. On Linux all of the process's own memory is searched; elsewhere the environment is
cleared, which is what the system lets us do.
"""

from __future__ import annotations

import os
import zlib
from typing import Final

from mosh_common.wire.key import Key

_CHUNK_OCTETS: Final = 1 << 20
# SECURITY: the server chooses the key. One that may stand in memory by chance or by design (zeros, a pointer repeated)
# is not searched for: erasing it would break the process. No random key is that plain (probability below 10^-9).
# Test: test_a_key_without_randomness_is_not_searched_for.
_FEWEST_DISTINCT_OCTETS: Final = 8
_LARGEST_REGION_OCTETS: Final = 1 << 28  # a larger one is an arena reserved and unused, or not Python's


def forget_key(key: Key, *, variable: str = "MOSH_KEY") -> int:
    """Erase `key` from this process; it is useless afterwards. Returns how many copies were found in memory.

    Call after the process that keeps the key was forked and before any that must not have it is.
    """
    needles = [bytearray(key.octets), bytearray(key.text.encode("ascii"))]
    os.environ.pop(variable, None)
    if min(len(set(needle)) for needle in needles) < _FEWEST_DISTINCT_OCTETS:
        return 0
    try:
        # SECURITY: searched by address, as the text was in objects that are freed and in the block of the environment
        # that the kernel made. Test: test_neither_launcher_nor_renderer_holds_the_key.
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            return _erase(memory.fileno(), needles)
    except OSError:
        return 0
    finally:
        _wipe(needles)


def _wipe(needles: list[bytearray]) -> None:
    for needle in needles:
        needle[:] = bytes(len(needle))


def _erase(memory: int, needles: list[bytearray]) -> int:
    # Found first and erased afterwards: the needles are in this memory too, and are needed until all was searched.
    found: list[tuple[int, int, int]] = []  # (address, length, checksum)
    buffer = bytearray(_CHUNK_OCTETS)
    view = memoryview(buffer)
    overlap = max(map(len, needles)) - 1
    for start, end in _writable_regions():
        position = start
        while position < end:
            try:
                length = os.preadv(memory, [view[: min(_CHUNK_OCTETS, end - position)]], position)
            except OSError:
                break  # a region that went away, or is not to be read
            if not length:
                break
            for needle in needles:
                offset = buffer.find(needle, 0, length)
                while offset >= 0:
                    found.append((position + offset, len(needle), zlib.crc32(needle)))
                    offset = buffer.find(needle, offset + 1, length)
            if position + length >= end:
                break
            position += max(length - overlap, 1)
    buffer[:] = bytes(len(buffer))
    _wipe(needles)
    erased = 0
    for address, length, checksum in found:
        piece = view[:length]
        try:
            # Whatever took the place of a freed copy in the meantime stays.
            if os.preadv(memory, [piece], address) == length and zlib.crc32(piece) == checksum:
                erased += os.pwrite(memory, bytes(length), address) == length
        except OSError:
            continue
    buffer[:] = bytes(len(buffer))
    return erased


def _writable_regions() -> list[tuple[int, int]]:
    regions: list[tuple[int, int]] = []
    with open("/proc/self/maps", encoding="ascii", errors="replace") as maps:
        for line in maps:
            addresses, permissions = line.split(maxsplit=2)[:2]
            start, end = (int(each, 16) for each in addresses.split("-"))
            if permissions.startswith("rw") and end - start <= _LARGEST_REGION_OCTETS:
                regions.append((start, end))
    return regions
