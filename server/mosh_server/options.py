"""The options of mosh-server: words in, what they ask for out.

An option parser of its own: upstream goes on after an unknown option, and `argparse` would cost more than all the rest.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from mosh_common.command_line import letters
from mosh_common.errors import UsageError
from mosh_common.protocol import HIGHEST_PORT

if TYPE_CHECKING:
    from mosh_common.history_limits import Limits

PROGRAM: Final = "mosh-server"
USAGE: Final = (
    f"Usage: {PROGRAM} new [-s] [-v] [-i LOCALADDR] [-p PORT[:PORT2]] [-c COLORS]\n"
    "       [-l NAME=VALUE] [--history=LINES[,OCTETS]] [-- COMMAND...]"
)
FEWEST_COLORS: Final = 8

# The options; manual page and --help are held to them.
WITH_VALUE: Final = "ipcl"
HISTORY: Final = "--history"
HISTORY_VARIABLE: Final = "MOSH_HISTORY"
FLAGS: Final = "sv"
SHOWN: Final = {"--help": "help", "-h": "help", "--version": "version", "--doctor": "doctor"}
_MAPPED_IPV4: Final = "::ffff:"  # how a dual-stack sshd writes an IPv4 address


class Options(NamedTuple):
    """What the command line asked for."""

    show: str = ""  # "help", "version" or "doctor": print that and leave
    address: str | None = None  # local address to try first
    everywhere: bool = False  # bind all, and `address` only where datagrams cannot be answered from where they came to
    ports: tuple[int, int] | None = None  # inclusive; None = the default range; (0, 0) = the system's choice
    colors: int = 0  # that the client's terminal shows
    locale: tuple[tuple[str, str], ...] = ()  # -l, in order
    verbose: int = 0  # how often -v was given
    history: str = ""  # LINES[,OCTETS]; empty = what the environment says, or the default
    command: tuple[str, ...] = ()  # empty = login shell
    complaints: tuple[str, ...] = ()  # for stderr; they do not keep the server from starting


def parse(arguments: Sequence[str], *, ssh_connection: str | None = None) -> Options:
    """Parse the arguments after the program's name; `ssh_connection` is SSH_CONNECTION, for -s.

    Raises UsageError for a value that cannot be meant: a port, a port range or a number of colours.
    """
    words, command = _split_command(arguments)
    if words and words[0] in SHOWN:
        return Options(show=SHOWN[words[0]])
    if not words or words[0] != "new":
        return _parse_legacy(words, command)
    return _parse_new(words[1:], command, ssh_connection)


def history_limits(options: Options, environ: Mapping[str, str]) -> Limits | None:
    """Return how much history is kept; None = the default. Raises UsageError."""
    inherited = environ.get(HISTORY_VARIABLE, "")
    if not options.history and not inherited:
        return None
    from mosh_common.history_limits import parse_limits

    if options.history:
        return parse_limits(options.history)
    try:
        return parse_limits(inherited)
    except UsageError as error:  # what stands in a start-up file must not keep anybody out
        print(f"{PROGRAM}: {HISTORY_VARIABLE}: {error}", file=sys.stderr)
        return None


def _split_command(arguments: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """Return (own words, command): the first -- ends the options."""
    words = list(arguments)
    if "--" not in words:
        return words, ()
    at = words.index("--")
    return words[:at], tuple(words[at + 1 :])


def _parse_legacy(words: Sequence[str], command: tuple[str, ...]) -> Options:
    """`mosh-server [IP [PORT]]`, from before there was `new`."""
    address = words[0] if words else None
    ports = _ports(words[1]) if len(words) > 1 else None
    complaints = (USAGE,) if len(words) > 2 or (address or "").startswith("-") else ()
    if address is not None and address.startswith("-"):
        address = None
    return Options(address=address, ports=ports, command=command, complaints=complaints)


def _parse_new(words: Sequence[str], command: tuple[str, ...], ssh_connection: str | None) -> Options:
    options = Options(command=command)
    complaints: list[str] = []
    for letter, value in _options(words, complaints):
        if letter in SHOWN.values():
            return Options(show=letter)
        if letter == "v":
            options = options._replace(verbose=options.verbose + 1)
        elif letter == "i":
            options = options._replace(address=value, everywhere=False)
        elif letter == "p":
            options = options._replace(ports=_ports(value))
        elif letter == "c":
            options = options._replace(colors=_colors(value))
        elif letter == "l" and "=" in value:
            name, _, text = value.partition("=")
            if name == HISTORY_VARIABLE:  # so the wrapper says it: any server understands that, and only ours minds it
                options = options._replace(history=options.history or text)
            else:
                options = options._replace(locale=(*options.locale, (name, text)))
        elif letter == HISTORY:
            options = options._replace(history=value)
        elif letter == "s":
            address = _address_of_ssh(ssh_connection)
            if address is None:
                complaints.append("Warning: SSH_CONNECTION not found; binding to any interface.")
            options = options._replace(address=address, everywhere=address is not None)
    return options._replace(complaints=tuple(complaints))


def _options(words: Sequence[str], complaints: list[str]) -> list[tuple[str, str]]:
    """Return (option letter, its value or ""), as getopt reads words; what it does not know becomes a complaint.

    Words that ask to be shown something come as what they ask for.
    """
    found: list[tuple[str, str]] = []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if word in SHOWN:
            found.append((SHOWN[word], ""))
            continue
        name, equals, text = word.partition("=")
        if name == HISTORY and (equals or waiting):
            found.append((HISTORY, text if equals else waiting.pop(0)))
            continue
        if len(word) < 2 or word[0] != "-":
            continue  # upstream passes over words without a dash
        for letter, value in letters(word, waiting, with_value=WITH_VALUE):
            if letter not in FLAGS + WITH_VALUE:
                complaints.append(f"{PROGRAM}: unknown option: {word}\n{USAGE}")
                break
            if value is None:
                complaints.append(f"{PROGRAM}: option requires an argument: -{letter}\n{USAGE}")
            else:
                found.append((letter, value))
    return found


def _ports(text: str) -> tuple[int, int]:
    low_text, colon, high_text = text.partition(":")
    low = _port(low_text, text)
    high = _port(high_text, text) if colon else low
    if colon and low == 0:
        raise UsageError(f"Bad UDP port range ({text}): port 0 lets the system choose and takes no range.")
    if low > high:
        raise UsageError(f"Bad UDP port range ({text}): {low} is greater than {high}.")
    return low, high


def _port(text: str, whole: str) -> int:
    # The length first: of thousands of digits Python makes no number.
    if not (text.isascii() and text.isdigit() and len(text) <= 5) or int(text) > HIGHEST_PORT:
        raise UsageError(f"Bad UDP port range ({whole}): expected numbers from 0 to {HIGHEST_PORT}.")
    return int(text)


def _colors(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"Bad number of colors ({text}).") from None


def _address_of_ssh(ssh_connection: str | None) -> str | None:
    """Return the third word of SSH_CONNECTION: the local address that ssh was reached at."""
    words = (ssh_connection or "").split()
    if len(words) < 3:
        return None
    return words[2].removeprefix(_MAPPED_IPV4)
