"""The command line of `mosh-client`: reads it, checks what can be checked, and hands over to the launcher.

Parses its few options itself: argparse alone costs more start-up time than everything else here.
"""

from __future__ import annotations

import os
import sys
from typing import Final, NamedTuple, NoReturn

from mosh_common.address import Address
from mosh_common.command_line import letters
from mosh_common.errors import EnvironmentFailure, MoshError, UsageError
from mosh_common.protocol import HIGHEST_PORT
from mosh_common.terminal.width_table import UNICODE_VERSION
from mosh_common.version import LICENCE, MOSH_COMPATIBLE, VERSION

USAGE: Final = """\
Usage: mosh-client [-v] [-# ARGS] [IP PORT]
       mosh-client -c
       mosh-client --doctor
       mosh-client --probe IP PORT

Connects to a mosh-server; usually it is `mosh` that starts it.

  -c            print the number of colours of the terminal, and exit
  -v            say on standard error, if it is not the terminal, what is sent
                and received, and what each process has given up
  -# ARGS       ignored: shows in the process list what `mosh` was asked for
  --doctor      try what the processes give up, print what of it works on this
                machine, and exit
  --probe       measure the way to the server for at most five seconds, end its
                session, and print what was found as JSON; `mosh --doctor HOST`
                starts such a session, and says it in words
  -h, --help    print this, and exit
  --version     print the version, and exit

Environment:
  MOSH_KEY                   the session key, as mosh-server printed it
  MOSH_IP, MOSH_PORT         the server, where IP and PORT are not given
  MOSH_ADDRESSES             other addresses of the server, with blanks between
  MOSH_PREDICTION_DISPLAY    adaptive, always, never or experimental
  MOSH_PREDICTION_OVERWRITE  yes: what is typed replaces, it does not insert
  MOSH_ESCAPE_KEY            another escape key than Ctrl-^
  MOSH_TITLE_NOPREFIX        set: no "[mosh] " before window titles
  MOSH_CLIPBOARD             no: programs cannot set the clipboard
  MOSH_NO_TERM_INIT          set: the alternate screen is not used
  MOSH_SCROLLBACK            native: what scrolls off goes into this
                             terminal's own scroll bar
  MOSH_KEEP_LAST_SCREEN      yes: what the session showed last is printed
  MOSH_WHEEL                 yes: the mouse's wheel pages what scrolled away

In a session, Ctrl-^ and then ? lists the keys. More: mosh-client(1).
"""
_VERSIONS: Final = f"""\
mosh-client (mosh-py {VERSION}), compatible with mosh {MOSH_COMPATIBLE}
Widths of characters: Unicode {UNICODE_VERSION}
"""
# The options; manual page and --help are held to them.
ACTIONS: Final = {"-c": "colors", "--doctor": "doctor", "-h": "help", "--help": "help", "--version": "version"}
MEASURE: Final = "--probe"
FLAGS: Final = "v"
WITH_VALUE: Final = "#"  # and it is ignored, with what it has
_AT_ONCE: Final = ("doctor", "help", "version")  # nothing else that stands there matters


class Arguments(NamedTuple):
    """The command line, parsed."""

    action: str  # "connect", "probe", "colors", "doctor", "help" or "version"
    verbose: int  # how often -v was given
    positional: tuple[str, ...]  # (), or (ip, port)


def parse_arguments(arguments: list[str]) -> Arguments:
    """Parse what follows the program's name. Raises UsageError."""
    action, verbose = "connect", 0
    positional: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--":
            positional += rest
            break
        if word == MEASURE:
            action = "probe"
            continue
        if word.startswith("--"):
            if word not in ACTIONS:
                raise UsageError(f"Unknown option {word}; see mosh-client --help.")
            return Arguments(ACTIONS[word], verbose, ())
        if not word.startswith("-") or word == "-":
            positional.append(word)
            continue
        for letter, _value in letters(word, rest, with_value=WITH_VALUE):
            if letter in FLAGS:
                verbose += 1
            elif (wanted := ACTIONS.get(f"-{letter}")) is not None:
                action = wanted
                if action in _AT_ONCE:
                    return Arguments(action, verbose, ())
            elif letter not in WITH_VALUE:
                raise UsageError(f"Unknown option -{letter}; see mosh-client --help.")
    if action in ("connect", "probe") and len(positional) not in (0, 2):
        raise UsageError("mosh-client wants an IP address and a port; see mosh-client --help.")
    return Arguments(action, verbose, tuple(positional))


def main(arguments: list[str] | None = None) -> int:
    """Run mosh-client; return its exit code."""
    try:
        parsed = parse_arguments(sys.argv[1:] if arguments is None else arguments)
        if parsed.action == "help":
            sys.stdout.write(USAGE)
            return 0
        if parsed.action == "version":
            from mosh_common.wire import cipher

            sys.stdout.write(f"{_VERSIONS}{cipher.description()}\n{LICENCE}")
            return 0
        if parsed.action == "colors":
            from mosh_client.terminal.tty import colors_of_terminal

            sys.stdout.write(f"{colors_of_terminal()}\n")
            return 0
        if parsed.action == "doctor":
            from mosh_client import doctor

            sys.stdout.write("".join([f"{line}\n" for line in doctor.lines()]))
            return 0
        if parsed.action == "probe":
            return _probe(parsed)
        _connect(parsed)
    except MoshError as error:
        sys.stderr.write(f"mosh-client: {error}\n")
        return error.exit_code if isinstance(error, EnvironmentFailure) else 1


def _connect(parsed: Arguments) -> NoReturn:
    from mosh_client.handed_over import take_over
    from mosh_client.launcher.launcher import Launcher
    from mosh_client.launcher.secret import key_in_environment
    from mosh_client.settings import read_settings
    from mosh_common.io import inherited
    from mosh_common.io.fds import leave

    environment = os.environ
    handed = take_over(environment)
    ip, port = _server(parsed)
    key_text = key_in_environment()
    settings = read_settings(environment, verbose=parsed.verbose)
    peer = _address(ip, port)
    inherited.expect_signals()
    inherited.require_descriptors(inherited.FEWEST_FOR_CLIENT)
    leave(Launcher(settings=settings, peer=peer, ip=ip, handed=handed).run(key_text))


def _probe(parsed: Arguments) -> int:
    from mosh_client.launcher.secret import key_in_environment
    from mosh_client.network.probe import process
    from mosh_common.io import inherited
    from mosh_common.wire.key import Key

    peer = _address(*_server(parsed))
    key = Key.parse(key_in_environment().decode())
    inherited.expect_signals()
    inherited.require_descriptors(inherited.FEWEST_FOR_CLIENT)
    return process.run(key=key, peer=peer)


def _server(parsed: Arguments) -> tuple[str, str]:
    """Return the server's address and port as they were given. Raises UsageError."""
    ip, port = parsed.positional or (os.environ.get("MOSH_IP", ""), os.environ.get("MOSH_PORT", ""))
    if not ip or not port:
        raise UsageError("mosh-client wants an IP address and a port; see mosh-client --help.")
    return ip, port


def _address(ip: str, port: str) -> Address:
    """Return the address of numeric `ip` and `port`. Raises UsageError."""
    import socket

    if not port.isascii() or not port.isdigit() or not 0 < int(port) <= HIGHEST_PORT:
        raise UsageError(f"{port!r} is not a UDP port (1–{HIGHEST_PORT}).")
    try:
        found = socket.getaddrinfo(
            ip, int(port), type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        )
    except (OSError, UnicodeError):
        raise UsageError(f"{ip!r} is not a numeric IP address; mosh looks names up, mosh-client does not.") from None
    return Address(*found[0][4])


if __name__ == "__main__":
    sys.exit(main())
