"""The command `mosh`: from the command line to a running mosh-client.

Says what happens in which order; each step is a module of its own. Imports lazily what only one way needs, since
`mosh` is run by hand and its start is waited for.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from mosh_bootstrap.options import LOCAL_ADDRESS, Line, Options, config_path, options_of, read_line
from mosh_common.errors import EnvironmentFailure, UsageError
from mosh_common.native_environment import native_environment
from mosh_common.version import LICENCE, MOSH_COMPATIBLE, VERSION

_USAGE_EXIT: Final = 2  # what getopt(1) and the shells say; 255 would look like a failure of ssh
_INTERRUPTED_EXIT: Final = 130  # sh(1): ended by SIGINT


def main() -> int:
    """Run `mosh` with this process's arguments; return its exit code. On success the client has replaced us."""
    try:
        return run(sys.argv[0], sys.argv[1:], native_environment(os.environ))
    except UsageError as error:
        print(f"mosh: {error}", file=sys.stderr)
        return _USAGE_EXIT
    except EnvironmentFailure as error:
        print(f"mosh: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED_EXIT


def run(own_path: str, arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Do what `arguments` ask for; returns only where there is no client to become.

    Raises UsageError, EnvironmentFailure, KeyboardInterrupt.
    """
    options = _what_applies(read_line(arguments), environ)
    if options.help or options.version or options.print_config:
        _tell(options)
        return 0
    if options.fake_proxy or options.hand_over:
        from mosh_bootstrap.fake_proxy import fake_proxy

        port, *patience = options.command
        return fake_proxy(options.host, port, options.family, hand_over=options.hand_over, timeout_s="".join(patience))

    if options.doctor:
        from mosh_bootstrap.doctor.examination import run as examine

        return examine(options, environ, own_path=own_path)
    if options.list or options.end or options.complete_sessions:
        return _ask_for_sessions(options, environ, own_path=own_path)
    if options.install_server or options.uninstall_server:
        from mosh_bootstrap import installation

        return installation.run(options, environ)
    return _begin_session(options, arguments, environ, own_path=own_path)


def _begin_session(options: Options, arguments: Sequence[str], environ: Mapping[str, str], *, own_path: str) -> int:
    """Start the server and become the client. Raises as `run` does."""
    from mosh_bootstrap.command import client_arguments, client_environment
    from mosh_bootstrap.handoff import become_client, find_client
    from mosh_bootstrap.preflight import check
    from mosh_bootstrap.progress import Progress, begun
    from mosh_bootstrap.start import Circumstances, start
    from mosh_common.io.inherited import FEWEST_FOR_CLIENT, expect_signals, require_descriptors

    progress = Progress(options.host, begun() if options.verbose else None)
    expect_signals()
    require_descriptors(FEWEST_FOR_CLIENT)
    # Before anybody types a password for nothing.
    client = find_client(options.client, own_path=own_path)
    check(environ, own_client=client.ours)
    # Set for the server too: a local session's programs find in it which client is theirs. exec keeps our pid.
    inherited = {**environ, "MOSH_CLIENT_PID": str(os.getpid())}
    inherited.pop("MOSH_KEY", None)
    way_back = _way_back(options, environ)
    started = start(options, Circumstances(inherited, progress, own_path, client.ours))
    if isinstance(started, int):
        return started
    options, dialogue = started
    connect, ip = dialogue.connect, dialogue.ip
    assert connect is not None, "checked by diagnosis.failure"
    assert ip is not None, "checked by diagnosis.failure"
    progress.reached("client started")
    return become_client(
        client_arguments(client.words, arguments, ip=ip, port=connect.port),
        client_environment(options, inherited, key=connect.key.text, others=dialogue.others)
        | progress.for_client()
        | way_back,
        typed=dialogue.typed,
        left=dialogue.left_behind,
    )


def _ask_for_sessions(options: Options, environ: Mapping[str, str], *, own_path: str) -> int:
    """Do what --list and --end ask for; return the exit code. Raises as `run` does."""
    from mosh_bootstrap.progress import Progress, begun
    from mosh_bootstrap.start import Circumstances, local_words, start
    from mosh_common.io.inherited import expect_signals

    progress = Progress(options.host, begun() if options.verbose else None)
    under = Circumstances(environ, progress, own_path, False)
    if options.complete_sessions:
        from mosh_bootstrap.session_offers import print_offers

        return print_offers(options, environ, local=lambda wish: local_words(wish, under))
    from mosh_bootstrap.session_answer import SessionDialogue
    from mosh_bootstrap.session_errands import show

    expect_signals()
    started = start(options, under)
    if isinstance(started, int):
        return started
    options, dialogue = started
    assert isinstance(dialogue, SessionDialogue), "made so for what is asked"
    assert dialogue.answer is not None, "checked by session_errands.failure"
    return show(options, dialogue.answer)


def _way_back(options: Options, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variable by which the client tells how to come back to the session."""
    from mosh_bootstrap.sessions import way_back
    from mosh_common.handover import WAY_BACK_VARIABLE

    return {WAY_BACK_VARIABLE: way_back(options, options_of(read_line(["--help"]), environ))}


def _tell(options: Options) -> None:
    """Print what is asked for instead of a session. Raises UsageError."""
    if options.help:
        from mosh_bootstrap.help_text import HELP

        print(HELP, end="")
    elif options.version:
        from mosh_common.wire import cipher

        print(
            f"mosh (mosh-py {VERSION}), compatible with mosh {MOSH_COMPATIBLE}\n{cipher.description()}\n{LICENCE}",
            end="",
        )
    else:
        from mosh_bootstrap.config_file import as_file

        sys.stdout.buffer.write(as_file(options).encode(errors="surrogateescape"))


def _what_applies(line: Line, environ: Mapping[str, str]) -> Options:
    """Return what is asked for: by the line, the environment and the user's file.

    Where the line is ssh's own it does not return. Raises UsageError, EnvironmentFailure.
    """
    complaints: list[str] = []

    def settings(host: str) -> Mapping[str, str | bool]:
        path = config_path(environ)
        try:
            os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError:
            pass  # who reads it says why it cannot be read
        from mosh_bootstrap.config_file import settings_for

        found, unknown = settings_for(host, path)
        complaints.extend(unknown)
        return found

    if "as_ssh" in line.given and line.wants_settings and "print_config" not in line.given:
        from mosh_bootstrap.as_ssh import stand_in

        options = stand_in(line, environ, settings)
    else:
        options = options_of(line, environ, settings(line.host or LOCAL_ADDRESS) if line.wants_settings else None)
    for complaint in complaints:
        print(f"mosh: {complaint}", file=sys.stderr)
    return options


if __name__ == "__main__":
    sys.exit(main())
