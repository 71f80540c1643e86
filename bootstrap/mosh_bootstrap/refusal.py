"""A server that will not start, known by its own words or its shell's among what ssh shows; and what to do about it.

Ours starts without a UTF-8 locale; upstream's, and the first of ours, do not. Pure; knows nothing of ssh.
"""

from __future__ import annotations

from typing import Final

from mosh_common.errors import EnvironmentFailure

_NO_LOCALE: Final = b"mosh-server needs a UTF-8 native locale to run."
# What csh, tcsh, rc, Plan 9's rc, sash, elvish and xonsh say of a command that they do not find; others end with the
# code for it.
_NO_SERVER: Final = (
    b"mosh-server: Command not found",
    b"cannot find `mosh-server'",
    b"command not found: mosh-server",
    b"mosh-server: No such file or directory",
    b'"mosh-server": executable file not found',
)
_LONGEST: Final = max(map(len, (_NO_LOCALE, *_NO_SERVER)))


class Refusal:
    """Feed it the text that is shown; ask it when the server has not started."""

    __slots__ = ("_tail", "for_want_of_locale", "for_want_of_server", "found_nowhere")

    def __init__(self) -> None:
        self.for_want_of_locale = False
        self.for_want_of_server = False
        self.found_nowhere = False  # as a line of ours has said, not the text
        self._tail = b""  # the end of what came, for a sentence that comes in two pieces

    def receive(self, shown: bytes | bytearray) -> None:
        """Take the next piece of the text."""
        text = self._tail + shown
        if _NO_LOCALE in text:
            self.for_want_of_locale = True
        if any(sentence in text for sentence in _NO_SERVER):
            self.for_want_of_server = True
        self._tail = text[1 - _LONGEST :]


def no_locale(server: str, *, host: str, exit_code: int) -> EnvironmentFailure:
    """Return what to tell the user of a `server` (a piece of shell) on `host` that found no UTF-8 locale."""
    import shlex

    wanted = shlex.quote(f"env LC_ALL=C.UTF-8 {server}")
    return EnvironmentFailure(
        f"The server on {host} found no UTF-8 locale, as it says above; name one with --server={wanted}.",
        exit_code=exit_code,
    )
