"""The command line of mosh-server: what was asked for, and the way from there to a detached process.

People wait while this runs, so only what the MOSH CONNECT line needs is imported before it is printed. An option
parser of its own: upstream goes on after an unknown option, and `argparse` would cost more than all the rest.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from mosh_common.command_line import letters
from mosh_common.connect_words import format_connect
from mosh_common.errors import EnvironmentFailure, UsageError
from mosh_common.protocol import HIGHEST_PORT
from mosh_common.terminal.width_table import UNICODE_VERSION
from mosh_common.version import LICENCE, MOSH_COMPATIBLE, VERSION

if TYPE_CHECKING:
    from mosh_common.history_limits import Limits
    from mosh_common.io.udp import UdpSocket
    from mosh_common.wire.key import Key
    from mosh_server.host.environment import Account
    from mosh_server.host.registry import Claim

PROGRAM: Final = "mosh-server"
USAGE: Final = (
    f"Usage: {PROGRAM} new [-s] [-v] [-i LOCALADDR] [-p PORT[:PORT2]] [-c COLORS]\n"
    "       [-l NAME=VALUE] [--history=LINES[,OCTETS]] [-- COMMAND...]"
)
HELP: Final = f"""\
{USAGE}
       {PROGRAM} [LOCALADDR [PORT]] [-- COMMAND...]
       {PROGRAM} list [--json] | preview WHICH [--ansi] | end WHICH...
       {PROGRAM} history WHICH [--ansi]
       {PROGRAM} attach WHICH [-s] [-i LOCALADDR] [-p PORT[:PORT2]]
       {PROGRAM} --doctor

Serves one session; usually it is `mosh` that starts it, through ssh. Prints a
UDP port and the session's key, and goes to the background. An option that is
not known is complained about and passed over. The other words are about your
sessions on this machine: WHICH is the number or name of one, and attach prints
a new key for it.

  -s              answer from the address that was asked; where that cannot
                  be had, bind the one that ssh came to (SSH_CONNECTION)
  -i LOCALADDR    bind this address, any where that cannot be
  -p PORT[:PORT2] bind this UDP port, or the first free one of the range
                  (default: 60001:60999); with 0 the system chooses
  -c COLORS       colours that programs are promised: 256, or fewer
  -l NAME=VALUE   a locale variable of the client, for want of a UTF-8 locale
                  here; may be given several times
  --history=LINES[,OCTETS]
                  keep so much of what scrolls off the screen (default:
                  100000,16777216; k and M mean thousand and million); 0: none
  -v              stay in the foreground and report; twice: every message
  --doctor        say what a session would find on this machine, and exit
  -h, --help      print this, and exit
  --version       print the version, and exit

Environment:
  MOSH_HISTORY=LINES[,OCTETS]        as --history
  MOSH_SERVER_NETWORK_TMOUT=SECONDS  end after so long without the client
  MOSH_SERVER_SIGNAL_TMOUT=SECONDS   SIGUSR1 ends only after so long without it
  MOSH_SERVER_CHECKSUM=yes           programs may read the screen by checksums

More: mosh-server(1).
"""
_VERSIONS: Final = (
    f"{PROGRAM} (mosh-py {VERSION}, speaks mosh {MOSH_COMPATIBLE})\nWidths of characters: Unicode {UNICODE_VERSION}\n"
)
ABOUT: Final = f"{_VERSIONS}{LICENCE.rstrip()}"
FEWEST_COLORS: Final = 8

# The options; manual page and --help are held to them.
WITH_VALUE: Final = "ipcl"
HISTORY: Final = "--history"
HISTORY_VARIABLE: Final = "MOSH_HISTORY"
FLAGS: Final = "sv"
SHOWN: Final = {"--help": "help", "-h": "help", "--version": "version", "--doctor": "doctor"}
SESSION_WORDS: Final = ("session", "list", "attach", "preview", "history", "end")  # sessions.py
_MAPPED_IPV4: Final = "::ffff:"  # how a dual-stack sshd writes an IPv4 address


class Options(NamedTuple):
    """What the command line asked for."""

    show: str = ""  # "help", "version" or "doctor": print that and leave
    address: str | None = None  # local address to try first
    everywhere: bool = False  # bind all, and `address` only where datagrams cannot be answered from where they came to
    ports: tuple[int, int] | None = None  # inclusive; None = the default range; (0, 0) = the system's choice
    colors: int = 0
    locale: tuple[tuple[str, str], ...] = ()  # -l, in order
    verbose: int = 0
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run mosh-server; return its exit status, in the caller's process and (much later) in the detached one."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        if given and given[0] in SESSION_WORDS:
            return _about_sessions(given)
        options = parse(given, ssh_connection=os.environ.get("SSH_CONNECTION"))
        if options.show:
            return _show(options.show)
        for complaint in options.complaints:
            print(complaint, file=sys.stderr)
        return _serve(options)
    except UsageError as error:
        print(f"{PROGRAM}: {error}\n{USAGE}", file=sys.stderr)
        return 1
    except EnvironmentFailure as error:
        print(error if str(error).startswith(PROGRAM) else f"{PROGRAM}: {error}", file=sys.stderr)
        return error.exit_code


def _about_sessions(words: Sequence[str]) -> int:
    """Do what words about sessions that are there say, or have a new one with a name."""
    from mosh_server import sessions

    _require_own_rights()
    ssh_connection = os.environ.get("SSH_CONNECTION")
    return sessions.run(words, parse=lambda options: parse(options, ssh_connection=ssh_connection), serve=_serve)


def _require_own_rights() -> None:
    if (os.getuid(), os.getgid()) != (os.geteuid(), os.getegid()):
        raise EnvironmentFailure("It is installed setuid or setgid, which it must not be: remove that with chmod ug-s.")


def _show(what: str) -> int:
    """Print what was asked for instead of a session; return the exit status."""
    if what == "doctor":
        from mosh_server import doctor

        lines, sound = doctor.examine(os.environ, needed={"Python packages": _check_installation, "pty": _check_pty})
        print(ABOUT.partition("\n")[0], *lines, sep="\n")
        return 0 if sound else 1
    print(HELP.rstrip() if what == "help" else _about_with_cipher())
    return 0


def _serve(options: Options, name: str = "") -> int:
    """Bind, announce port and key, detach; the detached process then loads the rest and runs the session.

    One with a `name` that another session has already attaches to that instead.
    """
    from mosh_common.io import inherited
    from mosh_common.io.udp import UdpSocket
    from mosh_common.native_environment import native_environment
    from mosh_common.wire.key import Key
    from mosh_server.host import detach, environment, locale_choice, scope

    _require_own_rights()
    history = _history_limits(options, os.environ)
    in_scope = scope.is_in_scope(os.environ)
    detach.ensure_standard_descriptors()
    inherited.expect_signals()
    inherited.require_descriptors(inherited.FEWEST_FOR_SERVER)
    native = native_environment(os.environ)
    question = None if in_scope else scope.ask_logind(native)  # answered while this process is busy
    located = locale_choice.choose_locale(native, options.locale)
    _check_installation()
    _check_pty()
    status = scope.keep_from_logout(question, native)
    if status is not None:
        return status
    claim = _take_name(name, options) if name else None
    if isinstance(claim, int):
        return claim
    if options.verbose:
        _report_locale(native, located)
    socket = UdpSocket.bind_server(options.address, options.ports, everywhere=options.everywhere)
    key = Key.generate(os.urandom(16))

    detach.outlive_login()  # from here on somebody may know of this server, and the login may end at any moment
    _announce(socket.port, key, claim)
    pid = detach.detach()
    if pid:
        _tell(f"\n{ABOUT}\n\n[{PROGRAM} detached, pid = {pid}]\n")
        return 0
    kept = {socket.fileno()} if claim is None else {socket.fileno(), *claim.descriptors}
    detach.let_go(keep=kept, verbose=bool(options.verbose))
    account = environment.account(native)
    return _run_session(
        options,
        socket=socket,
        key=key,
        environ=environment.session_environment(located, colors=options.colors, account=account),
        account=account,
        claim=claim,
        history=history,
    )


def _history_limits(options: Options, environ: Mapping[str, str]) -> Limits | None:
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


def _take_name(name: str, options: Options) -> Claim | int:
    """Return the claim on the name, or the exit status where the session that has it was attached to."""
    from mosh_server import sessions

    return sessions.take_name(name, options)


def _run_session(
    options: Options,
    *,
    socket: UdpSocket,
    key: Key,
    environ: Mapping[str, str],
    account: Account,
    claim: Claim | None,
    history: Limits | None,
) -> int:
    """Load the rest and serve the session; return the exit status."""
    try:
        from mosh_server import process as server_process
    except ImportError as error:  # a broken package; missing ones were seen before
        from mosh_server.host import accounting

        accounting.log_failure(account.user, str(error))
        return 1
    return server_process.run(
        socket=socket,
        key=key,
        command=options.command,
        environment=environ,
        account=account,
        verbose=options.verbose,
        claim=claim,
        history=history,
    )


def _report_locale(native: Mapping[str, str], located: Mapping[str, str]) -> None:
    """Say which locale the session has, and what was changed for it."""
    from mosh_server.host import locale_choice

    changed = ", ".join(locale_choice.changes(native, located)) or "as it was given"
    _tell(f"{PROGRAM}: locale: {locale_choice.in_words(located)} ({changed})\n")


def _tell(text: str) -> None:
    from mosh_common.io.fds import write_all

    try:
        write_all(2, text.encode(errors="backslashreplace"))
    except OSError:
        pass  # a full disk, a terminal that is gone, nobody who reads it: the session is there all the same


def _announce(port: int, key: Key, claim: Claim | None) -> None:
    """Print the line that the bootstrap waits for. SECURITY: the only place where the key is written anywhere."""
    from mosh_common.io.fds import write_all

    header = ""
    if claim is not None:
        from mosh_server import sessions

        header = sessions.answer("CREATE", {"id": None, "name": claim.name, "new": True})
    # At a terminal the line must stand alone even if something was printed before it without a newline.
    first = "\n" if sys.stdin is not None and sys.stdin.isatty() else ""
    try:
        write_all(1, f"{first}{header}{format_connect(port, key)}\n".encode())
    except OSError as error:
        raise EnvironmentFailure(f"Cannot print the MOSH CONNECT line: {error.strerror}.") from error


def _about_with_cipher() -> str:
    from mosh_common.wire import cipher

    return f"{_VERSIONS}{cipher.description()}\n{LICENCE.rstrip()}"


def _check_installation() -> None:
    """Say so while somebody reads it if something is missing that the detached process will import."""
    from importlib.util import find_spec

    from mosh_common.wire import cipher

    if find_spec("pyte") is None:
        raise EnvironmentFailure(f"The Python package pyte is not installed for {sys.executable}.")
    cipher.check()


def _check_pty() -> None:
    """Say so while somebody reads it if there is no pty to be had; the session's own is opened when its client came."""
    try:
        for fd in os.openpty():
            os.close(fd)
    except OSError as error:
        raise EnvironmentFailure(f"Cannot open a pty: {error.strerror}.") from error


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
        if word.startswith(f"{HISTORY}="):
            found.append((HISTORY, word.partition("=")[2]))
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
