"""The file system, TCP and other domains' processes, given up altogether (landlock(7), Linux 5.13 and later).

A ruleset that handles every right that the running kernel knows and has no rule grants none of them. What was opened
before stays open.
"""

from __future__ import annotations

import errno
import os
import struct
from typing import Final

from mosh_client.confinement import libc
from mosh_client.confinement.system_calls import this_machine

_CREATE_RULESET: Final = 444  # the same on every machine
_RESTRICT_SELF: Final = 446
_CREATE_RULESET_VERSION: Final = 1

# Of <linux/landlock.h>: how many rights over files there are, by the first version of the interface that has them.
_FILE_RIGHTS: Final = ((1, 13), (2, 14), (3, 15), (5, 16))
_TCP_SINCE: Final = 4
_TCP_RIGHTS: Final = 0b11  # bind, connect
_SCOPES_SINCE: Final = 6
_SCOPE_ABSTRACT_SOCKETS: Final = 0b01
_SCOPE_SIGNALS: Final = 0b10


def version() -> int:
    """Return the version of the interface. Raises OSError where there is none."""
    if this_machine() is None:
        raise OSError(errno.ENOSYS, "not Linux on x86-64 or arm64")
    try:
        return libc.call("syscall", _CREATE_RULESET, None, 0, _CREATE_RULESET_VERSION)
    except OSError as error:
        if error.errno == errno.EOPNOTSUPP:
            raise OSError(error.errno, "the kernel was started without it (lsm=landlock,…)") from error
        if error.errno == errno.ENOSYS:
            raise OSError(error.errno, "the kernel has none (Linux 5.13 or later, with landlock)") from error
        raise


def forbid_files(*, signals: bool) -> str:
    """Give up opening and changing files, and TCP; return "" or why not. Wants `forbid_new_privileges` before it.

    `signals`: those that this process may send to others stay, which job control needs.
    """
    try:
        attributes = _ruleset(version(), signals=signals)
        ruleset = libc.call("syscall", _CREATE_RULESET, attributes, len(attributes), 0)
        try:
            libc.call("syscall", _RESTRICT_SELF, ruleset, 0)
        finally:
            os.close(ruleset)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _ruleset(version: int, *, signals: bool) -> bytes:
    """Return struct landlock_ruleset_attr: files[8] TCP[8] scopes[8], as far as `version` knows them."""
    files = (1 << max(count for since, count in _FILE_RIGHTS if since <= version)) - 1
    words = [files]
    if version >= _TCP_SINCE:
        words.append(_TCP_RIGHTS)
    if version >= _SCOPES_SINCE:
        words.append(_SCOPE_ABSTRACT_SOCKETS | (0 if signals else _SCOPE_SIGNALS))
    return struct.pack(f"<{len(words)}Q", *words)
