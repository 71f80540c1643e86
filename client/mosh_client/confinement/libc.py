"""Calls of the C library that Python has no names for. Loads ctypes when the first is made."""

from __future__ import annotations

import errno
import os


def call(name: str, *arguments: object) -> int:
    """Call the function; integers are passed as long, octets and None as pointers.

    Returns an int. Raises OSError when it fails or cannot be called.
    """
    try:
        import ctypes

        function = getattr(ctypes.CDLL(None, use_errno=True), name)
        result = int(function(*(ctypes.c_long(each) if isinstance(each, int) else each for each in arguments)))
    except (ImportError, AttributeError, TypeError) as error:
        raise OSError(errno.ENOSYS, f"{name}: {error}") from error
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
