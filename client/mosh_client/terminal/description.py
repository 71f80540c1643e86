"""What is known of the user's terminal when the session starts, for the launcher and for every renderer."""

from __future__ import annotations

from typing import NamedTuple

from mosh_client.terminal import tty
from mosh_common.terminal.frame_diff.dialect import Dialect


class Description(NamedTuple):
    """What a renderer needs to know of the terminal; read once, inherited by fork."""

    terminal: tty.Terminal
    dialect: Dialect  # its `synchronized`: whether the terminal may be asked; the renderer uses it after the answer
    attributes: tty.TermiosAttributes  # the shell's, to be restored

    @property
    def keeps_title(self) -> bool:
        """Whether the terminal can be told to keep its title: the xterm family, which skips what it does not know."""
        return self.dialect.title and self.dialect.hyperlinks

    @property
    def says_state(self) -> bool:
        """Whether the terminal may be asked for what is to be left as it was: the xterm family again."""
        return self.dialect.hyperlinks
