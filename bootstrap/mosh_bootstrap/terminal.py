"""The user's terminal while ssh talks: raw, so that the keys go to ssh's own pty unchanged, and put back afterwards.

Knows nothing of what is typed or shown.
"""

from __future__ import annotations

import os
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

# What tcgetattr gives: flags, speeds and control characters.
Attributes: TypeAlias = list[Any]

_DEFAULT_SIZE: Final = (24, 80)  # lines, columns of a terminal that does not know (serial lines)


class Terminal:
    """The two descriptors of a terminal that somebody sits at."""

    def __init__(self, input_fd: int, output_fd: int) -> None:
        """Raises termios.error when `input_fd` is no terminal."""
        self.input_fd = input_fd
        self.output_fd = output_fd
        self.attributes: Attributes = termios.tcgetattr(input_fd)  # as the user's shell left it
        self._disabled = os.fpathconf(input_fd, "PC_VDISABLE") & 0xFF  # instead of a key: no key does that

    @classmethod
    def of_this_process(cls) -> Terminal | None:
        """Return the terminal that ssh would ask on: standard input, else /dev/tty; None without either.

        What is opened for it stays open as long as this process.
        """
        input_fd = 0
        try:
            if not os.isatty(0):
                input_fd = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
            output_fd = 2 if os.isatty(2) else os.open("/dev/tty", os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC)
            return cls(input_fd, output_fd)
        except (OSError, termios.error):  # no controlling terminal, or one that was hung up
            return None

    def key(self, place: int) -> bytes:
        """Return the user's key for a place among the control characters (termios.VSUSP: Ctrl-Z); b"" for none."""
        key = self.attributes[6][place]
        return key if isinstance(key, bytes) and key[0] != self._disabled else b""

    def size(self) -> tuple[int, int]:
        """Return (lines, columns)."""
        try:
            columns, lines = os.get_terminal_size(self.input_fd)
        except OSError:
            return _DEFAULT_SIZE
        return (lines, columns) if lines and columns else _DEFAULT_SIZE

    @contextmanager
    def raw(self) -> Iterator[None]:
        """Pass keys through unchanged while inside; what was typed and not read yet stays to be read."""
        tty.setraw(self.input_fd, termios.TCSADRAIN)
        try:
            yield
        finally:
            # TCSADRAIN: flushing the input would eat what the user has typed ahead for the session.
            termios.tcsetattr(self.input_fd, termios.TCSADRAIN, self.attributes)

    def show(self, data: bytes) -> None:
        """Write `data`; a terminal that has gone away shows nothing."""
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self.output_fd, view) :]
        except OSError:
            pass


def color_count(term: str) -> int:
    """Return how many colours the terminal type `term` has; 8 when unknown, at most the 256 that servers know of."""
    try:
        import curses
    except ImportError:  # a Python built without curses
        return 256 if "256color" in term else 8
    try:
        curses.setupterm(term, 1)
    except curses.error:  # the type is not in this machine's terminfo
        return 256 if "256color" in term else 8
    return max(min(curses.tigetnum("colors"), 256), 8)
