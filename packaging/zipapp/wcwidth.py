"""What pyte imports of the package wcwidth, whose own tables take 27 ms to load: the widths are ours anyway."""

from mosh_common.terminal.width import char_width


def wcwidth(char: str) -> int:
    """Return the columns of one code point: 1, 2, 0 (joins the character before it) or -1 (never drawn)."""
    return char_width(char)
