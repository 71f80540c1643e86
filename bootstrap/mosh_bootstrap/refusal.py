"""A server that will not start, known by its own words among what ssh shows; and what to do about it.

Ours starts without a UTF-8 locale; upstream's, and the first of ours, do not. Pure; knows nothing of ssh.
"""

from __future__ import annotations

from typing import Final

from mosh_common.errors import EnvironmentFailure

_NO_LOCALE: Final = b"mosh-server needs a UTF-8 native locale to run."


class Refusal:
    """Feed it the text that is shown; ask it when the server has not started."""

    __slots__ = ("_tail", "for_want_of_locale")

    def __init__(self) -> None:
        self.for_want_of_locale = False
        self._tail = b""  # the end of what came, for a sentence that comes in two pieces

    def receive(self, shown: bytes | bytearray) -> None:
        """Take the next piece of the text."""
        text = self._tail + shown
        if _NO_LOCALE in text:
            self.for_want_of_locale = True
        self._tail = text[1 - len(_NO_LOCALE) :]


def no_locale(server: str, *, host: str, exit_code: int) -> EnvironmentFailure:
    """Return what to tell the user of a `server` (a piece of shell) on `host` that found no UTF-8 locale."""
    import shlex

    wanted = shlex.quote(f"env LC_ALL=C.UTF-8 {server}")
    return EnvironmentFailure(
        f"The server on {host} found no UTF-8 locale, as it says above; name one with --server={wanted}.",
        exit_code=exit_code,
    )
