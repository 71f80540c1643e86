"""The command line of mosh-server: the way from what was asked for to a detached process.

People wait while this runs, so only what the MOSH CONNECT line needs is imported before it is printed.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from mosh_common.connect_words import format_connect
from mosh_common.errors import EnvironmentFailure, UsageError
from mosh_common.io.fds import leave
from mosh_common.terminal.width_table import UNICODE_VERSION
from mosh_common.version import LICENCE, MOSH_COMPATIBLE, VERSION
from mosh_server.options import PROGRAM, USAGE, Options, history_limits, parse

if TYPE_CHECKING:
    from mosh_common.history_limits import Limits
    from mosh_common.io.udp import UdpSocket
    from mosh_common.wire.key import Key
    from mosh_server.host.environment import Account
    from mosh_server.host.registry import Claim

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
                  "100000,16M", of 1024² octets; k is 1024); 0 = none
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
SESSION_WORDS: Final = ("session", "list", "attach", "preview", "history", "end")  # sessions.py


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
    """Bind, announce port and key, detach; the detached process then loads the rest and runs the session, and both end.

    One with a `name` that another session has already attaches to that instead.
    """
    from mosh_common.io import inherited
    from mosh_common.io.udp import UdpSocket
    from mosh_common.native_environment import native_environment
    from mosh_common.wire.key import Key
    from mosh_server.host import detach, environment, locale_choice, scope

    _require_own_rights()
    history = history_limits(options, os.environ)
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
        leave(0)
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
    """Load the rest, serve the session, and end; where it cannot be loaded, return the exit status."""
    gc.disable()  # what is imported lives as long as the process: no collection need look at it, now or later
    try:
        from mosh_server import process as server_process
    except ImportError as error:  # a broken package; missing ones were seen before
        from mosh_server.host import accounting

        accounting.log_failure(account.user, str(error))
        return 1
    gc.freeze()
    gc.enable()
    return leave(
        server_process.run(
            socket=socket,
            key=key,
            command=options.command,
            environment=environ,
            account=account,
            verbose=options.verbose,
            claim=claim,
            history=history,
        )
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
