"""What is known of the user's terminal when the session starts, for the launcher and for every renderer."""

from __future__ import annotations

from typing import NamedTuple

from mosh_client.scrollback_end import ScrollbackEnd
from mosh_client.terminal import tty
from mosh_common.terminal.frame_diff.dialect import Dialect


class Description(NamedTuple):
    """What a renderer needs to know of the terminal; read once, inherited by fork."""

    terminal: tty.Terminal
    dialect: Dialect  # its `synchronized`: whether the terminal may be asked; the renderer uses it after the answer
    attributes: tty.TermiosAttributes  # the shell's, to be restored
    scrollback_end: ScrollbackEnd | None = None  # with native scroll: what renderers tell one another

    @property
    def keeps_title(self) -> bool:
        """Whether the terminal can be told to keep its title: the xterm family, which skips what it does not know."""
        return self.dialect.title and self.dialect.hyperlinks

    @property
    def says_state(self) -> bool:
        """Whether the terminal may be asked for what is to be left as it was: the xterm family again."""
        return self.dialect.hyperlinks

    @property
    def clears_scrollback(self) -> bytes:
        """What clears the terminal's scrollback and leaves its screen: E3; terminals skip it that do not know it."""
        clear = self.terminal.capabilities.get("E3")
        known = isinstance(clear, bytes) and clear.endswith(b"\x1b[3J")  # terminfo's erases the screen, too, for some
        return b"\x1b[3J" if known or self.dialect.hyperlinks else b""
