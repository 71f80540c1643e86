"""The user's terminal: its settings, size and description, as things that undo themselves.

The only module of the client that touches termios and terminfo. Knows nothing of screens.
"""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import termios
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, NamedTuple, TypeAlias

from mosh_common.errors import EnvironmentFailure
from mosh_common.terminal_type import load_description
from mosh_common.wire.size import nearest_size

TermiosAttributes: TypeAlias = list[Any]  # what termios.tcgetattr gives

_WINDOW_SIZE: Final = struct.Struct("HHHH")  # ioctl_tty(2): rows, columns, and two unused
_DEFAULT_SIZE: Final = (80, 24)  # of a line that does not say, as every terminal since the VT100

_STRING_CAPABILITIES: Final = (
    *("csr", "dch", "dl", "ech", "fsl", "ich", "il", "rmcup", "smcup", "tsl"),
    *("E3", "Ms", "Se", "Setulc", "Smulx", "Ss", "Sync"),
)
_NUMBER_CAPABILITIES: Final = ("colors", "RGB")
_FLAG_CAPABILITIES: Final = ("bce", "hs", "xenl", "RGB", "Tc", "XT")

# Application cursor keys always: the server translates for applications that want the others (docs/terminal.md §5).
_ENTER: Final = b"\x1b[?1h"
# XTWINOPS: icon and window title onto the terminal's stack of them, and back.
_SAVE_TITLE: Final = b"\x1b[22;0t"
_RESTORE_TITLE: Final = b"\x1b[23;0t"
TITLE_AGAIN: Final = _RESTORE_TITLE + _SAVE_TITLE  # between `entering` and `leaving`: the terminal's own title
# Everything that a frame may have switched on, back to what a terminal is like after a reset: cursor keys, SGR,
# scrolling region, cursor, reverse video, pastes, mouse reports and their encodings, focus reports.
_LEAVE: Final = (
    b"\x1b[?1l\x1b[0m\x1b[r\x1b[?25h\x1b[?5l\x1b[?2004l"
    b"\x1b[?1003l\x1b[?1002l\x1b[?1001l\x1b[?1000l\x1b[?9l\x1b[?1015l\x1b[?1006l\x1b[?1005l\x1b[?1004l"
)


class Terminal(NamedTuple):
    """What terminfo says of the terminal, read once by the launcher."""

    smcup: bytes
    rmcup: bytes
    capabilities: Mapping[str, bytes | int | bool | None]  # for dialect_from_terminfo
    takes_strings: bool = True  # not GNU screen, which hands what is in a DCS to the terminal outside

    @property
    def without_other_screen(self) -> Terminal:
        """The same one, as it is to be treated on its primary screen."""
        return self._replace(smcup=b"", rmcup=b"")


def describe_terminal(*, alternate_screen: bool) -> Terminal:
    """Read the description of the terminal named by TERM. Raises EnvironmentFailure with one sentence."""
    import curses

    name = os.environ.get("TERM", "")
    load_description(name)
    capabilities: dict[str, bytes | int | bool | None] = {}
    for capability in _STRING_CAPABILITIES:
        capabilities[capability] = curses.tigetstr(capability)
    for capability in _NUMBER_CAPABILITIES:
        number = curses.tigetnum(capability)
        capabilities[capability] = number if number > 0 else None
    for capability in _FLAG_CAPABILITIES:
        if not capabilities.get(capability):
            capabilities[capability] = curses.tigetflag(capability) > 0
    return Terminal(
        _without_padding(capabilities["smcup"]) if alternate_screen else b"",
        _without_padding(capabilities["rmcup"]) if alternate_screen else b"",
        capabilities,
        not name.startswith("screen"),
    )


def colors_of_terminal() -> int:
    """Return how many colours terminfo gives the terminal named by TERM. Raises EnvironmentFailure."""
    colors = describe_terminal(alternate_screen=False).capabilities["colors"]
    return colors if isinstance(colors, int) else 0


def entering(
    terminal: Terminal, *, title: bool, taken: bool = False, questions: bytes = b"", before: bytes = b""
) -> bytes:
    """Return what is written before the first frame. `title`: the terminal keeps its title, for `leaving`.

    `questions` go where the first frame covers what a terminal may show of them, and before anything is changed.

    `taken`: another process wrote this already and was killed; what it put on the terminal's stack of titles is taken
    off first, also by terminfo's own strings, which keep the title for some terminals.

    `before`: what makes room on the primary screen, where that is drawn on; not if it was `taken`.
    """
    if taken and not terminal.rmcup:  # there is no screen to leave: the title is still kept
        return questions + _ENTER
    left = (_RESTORE_TITLE if title else b"") + terminal.rmcup if taken else b""
    return left + before + terminal.smcup + (_SAVE_TITLE if title else b"") + questions + _ENTER


def room(columns: int, lines: int) -> bytes:
    """Return what puts what a primary screen shows into its scrollback, as a program's output of a screenful would.

    The cursor's row is the first one afterwards. Blanks in all columns lead out of a row that was begun, and back to
    the start of one that was not.
    """
    return b" " * columns + b"\r" + b"\n" * (lines - 1)


def leaving(
    terminal: Terminal,
    *,
    hyperlinks: bool,
    synchronized: bool,
    cursor_shape: int | None,
    modes: Mapping[int, bool],
    title: bool,
    lines: int | None,
) -> bytes:
    """Return what gives the terminal back as it was, whatever frames were drawn (or half drawn) on it.

    `hyperlinks`, `synchronized`: the dialect allowed frames to use them; `cursor_shape` (DECSCUSR): the one before
    frames changed it, None where they did not; `modes`: how others were, where they were not as after a reset or that
    is not the same everywhere; `title`: as for `entering`. Without an alternate screen to leave, the cursor goes below
    the last of `lines`; None: it is where it should be.
    """
    octets = b""
    if synchronized:
        octets += b"\x1b[?2026l"
    if hyperlinks:
        octets += b"\x1b]8;;\x1b\\"
    octets += _LEAVE
    for mode, on in modes.items():
        octets += b"\x1b[?%d%c" % (mode, b"h" if on else b"l")
    if cursor_shape is not None:
        octets += b"\x1b[%d q" % cursor_shape
    if title:
        octets += _RESTORE_TITLE
    if terminal.rmcup:
        return octets + terminal.rmcup
    return octets if lines is None else octets + b"\x1b[%d;1H\r\n" % lines


def window_size(fd: int) -> tuple[int, int]:
    """Return (columns, lines) of the terminal at `fd`; where it claims an impossible size, the nearest possible."""
    return nearest_size(*_claimed_size(fd))


def exceeds(fd: int, size: tuple[int, int]) -> bool:
    """Return whether the terminal at `fd` is larger than `size`, what `window_size` made of it."""
    # The system is asked only where something may have been cut.
    return nearest_size(size[0] + 1, size[1] + 1) != (size[0] + 1, size[1] + 1) and _claimed_size(fd) != size


def _claimed_size(fd: int) -> tuple[int, int]:
    try:
        lines, columns, _, _ = _WINDOW_SIZE.unpack(fcntl.ioctl(fd, termios.TIOCGWINSZ, bytes(_WINDOW_SIZE.size)))
    except OSError:
        return _DEFAULT_SIZE
    return columns or _DEFAULT_SIZE[0], lines or _DEFAULT_SIZE[1]


def read_attributes(fd: int) -> TermiosAttributes:
    """Return the settings of the terminal at `fd`. Raises EnvironmentFailure when it is none."""
    try:
        return termios.tcgetattr(fd)
    except termios.error:
        raise EnvironmentFailure("mosh-client needs a terminal as its standard input.") from None


def restore_attributes(fd: int, attributes: TermiosAttributes) -> None:
    """Give the terminal its settings back, also from the background (the shell may have taken over)."""
    handler = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        termios.tcsetattr(fd, termios.TCSANOW, attributes)
    except termios.error:
        pass  # it hung up: nothing is left to restore
    finally:
        signal.signal(signal.SIGTTOU, handler)


def open_for_output(fd: int) -> int:
    """Return a descriptor of the terminal at `fd` whose writes never block.

    A descriptor of its own, since O_NONBLOCK on the one that came from the shell would be the shell's as well. Where
    the terminal cannot be opened again (another user's after su), a copy, whose writes may block.
    """
    try:
        return os.open(os.ttyname(fd), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return os.dup(fd)


class RawMode:
    """Within it every key comes at once and as it is; afterwards the terminal has the settings given."""

    def __init__(self, fd: int, original: TermiosAttributes) -> None:
        self._fd = fd
        self._original = original

    def __enter__(self) -> RawMode:
        self.enter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.leave()

    def enter(self) -> None:
        """Switch to raw mode; also after a stop, when the shell had the terminal."""
        try:
            termios.tcsetattr(self._fd, termios.TCSANOW, raw_attributes(self._original))
        except termios.error:
            pass  # it hung up: reading will tell

    def leave(self) -> None:
        """Give the settings back."""
        restore_attributes(self._fd, self._original)


def raw_attributes(original: TermiosAttributes) -> TermiosAttributes:
    """Return `original` with every key passed on at once and unchanged, and output left alone (cfmakeraw(3))."""
    iflag, oflag, cflag, lflag, ispeed, ospeed, characters = original
    iflag &= ~(
        termios.IGNBRK
        | termios.BRKINT
        | termios.PARMRK
        | termios.ISTRIP
        | termios.INLCR
        | termios.IGNCR
        | termios.ICRNL
        | termios.IXON
    )
    oflag &= ~termios.OPOST
    lflag &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN)
    cflag = cflag & ~(termios.CSIZE | termios.PARENB) | termios.CS8
    characters = list(characters)
    characters[termios.VMIN] = 1
    characters[termios.VTIME] = 0
    return [iflag, oflag, cflag, lflag, ispeed, ospeed, characters]


def _without_padding(capability: bytes | int | bool | None) -> bytes:
    """Return a terminfo string without its delays (`$<5>`), which no terminal of today needs."""
    if not isinstance(capability, bytes):
        return b""
    while (start := capability.find(b"$<")) >= 0 and (end := capability.find(b">", start)) >= 0:
        capability = capability[:start] + capability[end + 1 :]
    return capability
