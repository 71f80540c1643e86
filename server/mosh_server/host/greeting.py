"""What a login shell's user reads first: the message of the day, and a word about sessions left behind.

Reads files, writes nothing; returns octets for the emulator, so every line ends with CR LF.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from typing import Final

MOTD_PATHS: Final = ("/run/motd.dynamic", "/etc/motd")
HUSH_FILE: Final = ".hushlogin"
MOST_OCTETS: Final = 65536  # of each file; more than a screen's worth is lost at the top anyway


def message_of_the_day(home: str, *, paths: Sequence[str] = MOTD_PATHS) -> bytes:
    """Return the files of the day one after the other, b"" if the user wants none (~/.hushlogin)."""
    if os.path.exists(os.path.join(home, HUSH_FILE)):
        return b""
    return b"".join(_as_terminal_output(_contents(path)) for path in paths)


def detached_warning(*, with_door: Collection[int], without_door: Collection[int] = ()) -> bytes:
    """Return lines naming the servers that no client is heard from, and how to take one back; b"" for none.

    Those `without_door` (docs/door.md), upstream's or older than this one, keep their sessions to themselves.
    """
    pids = sorted({*with_door, *without_door})
    names = [f"mosh [{pid}]" for pid in pids]
    if not names:
        return b""
    if len(names) == 1:
        text = f"Mosh: You have a detached Mosh session on this server ({names[0]}).\n"
    else:
        listed = "".join(f"        - {name}\n" for name in names)
        text = f"Mosh: You have {len(names)} detached Mosh sessions on this server, with PIDs:\n{listed}"
    if with_door:
        # What this machine is called where the user sits is not known here.
        what = "it" if len(pids) == 1 else "one"
        text += (
            f"To take {what} back, leave this session and type: mosh --attach={min(with_door)} HOST\n"
            "with HOST as you typed it just now.\n"
        )
    return _as_terminal_output(f"{text}\n".encode())


def _contents(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(MOST_OCTETS)
    except OSError:
        return b""


def _as_terminal_output(text: bytes) -> bytes:
    """Do what a tty does to output (ONLCR)."""
    return text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
