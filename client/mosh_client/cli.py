"""The command line of `mosh-client`: reads it, checks what can be checked, and hands over to the launcher.

Parses its few options itself: argparse alone costs more start-up time than everything else here.
"""

from __future__ import annotations

import os
import sys
from typing import Final, NamedTuple

from mosh_common.address import Address
from mosh_common.command_line import letters
from mosh_common.errors import EnvironmentFailure, MoshError, UsageError
from mosh_common.protocol import HIGHEST_PORT
from mosh_common.terminal.width_table import UNICODE_VERSION
from mosh_common.version import LICENCE, MOSH_COMPATIBLE, VERSION

USAGE: Final = """\
Usage: mosh-client [-v] [-# ARGS] IP PORT
       mosh-client -c
       mosh-client --doctor

Connects to a mosh-server; usually it is `mosh` that starts it. The session key is read from MOSH_KEY in the
environment, and so are the address and the port (MOSH_IP, MOSH_PORT) when they are not given.

  -c           print the number of colours of the terminal, and exit
  -v           say on standard error (unless that is the terminal) what is sent and received, and what each process
               has given up
  -# ARGS      ignored: shows in the process list what `mosh` was asked for
  --doctor     try what the processes give up, print what of that works on this machine, and exit
  --help       print this, and exit
  --version    print the version, and exit
"""
_VERSIONS: Final = f"""\
mosh-client (mosh-py {VERSION}), compatible with mosh {MOSH_COMPATIBLE}
Widths of characters: Unicode {UNICODE_VERSION}
"""
_WITH_VALUE: Final = "#"  # and it is ignored, with what it has


class Arguments(NamedTuple):
    """The command line, parsed."""

    action: str  # "connect", "colors", "doctor", "help" or "version"
    verbose: int
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
        if word == "--help":
            return Arguments("help", verbose, ())
        if word == "--doctor":
            return Arguments("doctor", verbose, ())
        if word == "--version":
            return Arguments("version", verbose, ())
        if word.startswith("--") or not word.startswith("-") or word == "-":
            if word.startswith("--"):
                raise UsageError(f"Unknown option {word}; see mosh-client --help.")
            positional.append(word)
            continue
        for letter, _value in letters(word, rest, with_value=_WITH_VALUE):
            if letter == "c":
                action = "colors"
            elif letter == "v":
                verbose += 1
            elif letter == "h":
                return Arguments("help", verbose, ())
            elif letter not in _WITH_VALUE:
                raise UsageError(f"Unknown option -{letter}; see mosh-client --help.")
    if action == "connect" and len(positional) not in (0, 2):
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
            from mosh_client.confinement import doctor
            from mosh_common.wire import cipher

            sys.stdout.write("".join([f"{line}\n" for line in (cipher.description(), *doctor.lines())]))
            return 0
        return _connect(parsed)
    except MoshError as error:
        sys.stderr.write(f"mosh-client: {error}\n")
        return error.exit_code if isinstance(error, EnvironmentFailure) else 1


def _connect(parsed: Arguments) -> int:
    from mosh_client.launcher.launcher import Launcher
    from mosh_client.launcher.secret import key_in_environment
    from mosh_client.settings import read_settings

    environment = os.environ
    ip, port = parsed.positional or (environment.get("MOSH_IP", ""), environment.get("MOSH_PORT", ""))
    if not ip or not port:
        raise UsageError("mosh-client wants an IP address and a port; see mosh-client --help.")
    key_text = key_in_environment()
    settings = read_settings(environment, verbose=parsed.verbose)
    peer = _address(ip, port)
    _require_utf8()
    return Launcher(settings=settings, peer=peer, ip=ip).run(key_text)


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


def _require_utf8() -> None:
    """Raise EnvironmentFailure unless the locale's character set is UTF-8."""
    import locale

    from mosh_common.locale_variables import CHARACTER_SET_VARIABLES

    try:
        locale.setlocale(locale.LC_CTYPE, "")
        codeset = locale.nl_langinfo(locale.CODESET)
    except locale.Error:
        codeset = "that of a locale which is not installed here"
    if codeset.upper().replace("-", "") == "UTF8":
        return
    chosen = next((name for name in CHARACTER_SET_VARIABLES if os.environ.get(name)), None)
    source = f"{chosen}={os.environ[chosen]}" if chosen else "no LC_ALL, LC_CTYPE or LANG is set"
    raise EnvironmentFailure(
        f"mosh-client needs a UTF-8 locale, but the character set is {codeset} ({source});"
        " choose one of `locale -a`, for example LC_ALL=C.UTF-8."
    )


if __name__ == "__main__":
    sys.exit(main())
