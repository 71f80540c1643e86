"""The command `mosh`: from the command line to a running mosh-client.

Says what happens in which order; each step is a module of its own. Imports lazily what only one way needs, since
`mosh` is run by hand and its start is waited for.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from mosh_bootstrap.options import HELP, LOCAL_ADDRESS, Options, parse_options
from mosh_common.errors import EnvironmentFailure, UsageError
from mosh_common.native_environment import native_environment
from mosh_common.version import LICENCE, MOSH_COMPATIBLE, VERSION

if TYPE_CHECKING:
    from mosh_bootstrap.conversation import Ended
    from mosh_bootstrap.dialogue import Dialogue
    from mosh_bootstrap.progress import Progress

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
    options = parse_options(arguments, environ)
    if options.help:
        print(HELP, end="")
        return 0
    if options.version:
        return _show_version()
    if options.fake_proxy or options.hand_over:
        from mosh_bootstrap.fake_proxy import fake_proxy

        port, *patience = options.command
        return fake_proxy(options.host, port, options.family, hand_over=options.hand_over, timeout_s="".join(patience))

    if options.list or options.end or options.complete_sessions:
        return _ask_for_sessions(options, environ, own_path=own_path)

    from mosh_bootstrap.command import client_arguments, client_environment
    from mosh_bootstrap.handoff import become_client, find_client
    from mosh_bootstrap.preflight import check
    from mosh_bootstrap.progress import Progress, begun
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
    options, dialogue = _start_server(options, inherited, progress, own_path=own_path, leave_early=client.ours)
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


def _show_version() -> int:
    from mosh_common.wire import cipher

    print(
        f"mosh (mosh-py {VERSION}), compatible with mosh {MOSH_COMPATIBLE}\n{cipher.description()}\n{LICENCE}", end=""
    )
    return 0


def _ask_for_sessions(options: Options, environ: Mapping[str, str], *, own_path: str) -> int:
    """Do what --list and --end ask for; return the exit code. Raises as `run` does."""
    if options.complete_sessions:
        from mosh_bootstrap.session_offers import print_offers

        return print_offers(options, environ, local=lambda wish: _local_words(wish, environ, own_path=own_path))
    from mosh_bootstrap.progress import Progress, begun
    from mosh_bootstrap.session_answer import SessionDialogue
    from mosh_bootstrap.session_errands import show
    from mosh_common.io.inherited import expect_signals

    progress = Progress(options.host, begun() if options.verbose else None)
    expect_signals()
    options, dialogue = _start_server(options, environ, progress, own_path=own_path, leave_early=False)
    assert isinstance(dialogue, SessionDialogue), "made so for what is asked"
    assert dialogue.answer is not None, "checked by session_errands.failure"
    return show(options, dialogue.answer)


def _answered(options: Options, dialogue: Dialogue, ended: Ended) -> str | None:
    """Look at the answer about sessions; return "" where it is all, the id of the session that the user chose, or None.

    None: a MOSH CONNECT line is to follow, or there is no answer, for a reason that has nothing to do with sessions.
    Raises EnvironmentFailure.
    """
    from mosh_bootstrap.session_answer import SessionDialogue
    from mosh_bootstrap.session_errands import asks_on_terminal, choose, failure

    assert isinstance(dialogue, SessionDialogue), "made so for what is asked"
    reason = failure(options, dialogue, ended)
    if reason is not None:
        raise reason
    answer = dialogue.answer
    if answer is None or answer.gives_a_key:
        return None
    return choose(options, answer.sessions, ask=asks_on_terminal()) if answer.verb == "CHOICE" else ""


def _way_back(options: Options, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variable by which the client tells how to come back to the session."""
    from mosh_bootstrap.sessions import way_back
    from mosh_common.handover import WAY_BACK_VARIABLE

    return {WAY_BACK_VARIABLE: way_back(options, parse_options(["--help"], environ))}


def _start_server(
    options: Options, environ: Mapping[str, str], progress: Progress, *, own_path: str, leave_early: bool
) -> tuple[Options, Dialogue]:
    """Start the server or ask one, here or by ssh; return the options as they applied, and what it said, complete.

    `leave_early`: the client knows what to do about a login that is not over yet. Raises EnvironmentFailure.
    """
    asked, jump, by_name = options, "", False
    if options.local:
        from mosh_bootstrap.dialogue import Dialogue

        kind = Dialogue
        if options.asks_for_sessions:
            from mosh_bootstrap.session_answer import SessionDialogue

            kind = SessionDialogue
        dialogue = kind("local")
        options = options._replace(host=_local_address(options))
        dialogue.ip = options.host
        ended = _run_local(options, dialogue, environ, progress, own_path=own_path, leave_early=leave_early)
    else:
        from mosh_bootstrap.login import log_in

        options, dialogue, ended, jump, by_name = log_in(
            options,
            environ,
            progress,
            colors=lambda: _colors(environ),
            show=_show_on_stderr,
            leave_early=leave_early,
        )
    from mosh_bootstrap.diagnosis import failure

    if options.asks_for_sessions:
        which = _answered(options, dialogue, ended)
        if which == "":
            return options, dialogue
        if which is not None:
            again = asked._replace(attach=which)
            return _start_server(again, environ, progress, own_path=own_path, leave_early=leave_early)
    reason = failure(options, dialogue, ended, jump=jump, by_name=by_name)
    if reason is not None:
        raise reason
    return options, dialogue


def _local_address(options: Options) -> str:
    """Return the numeric address that --local means. Raises EnvironmentFailure."""
    if not options.host or options.host == LOCAL_ADDRESS:
        return LOCAL_ADDRESS
    from mosh_bootstrap.address import resolve, split_user

    return resolve(split_user(options.host)[1], 0, options.family)[0].text


def _run_local(
    options: Options,
    dialogue: Dialogue,
    environ: Mapping[str, str],
    progress: Progress,
    *,
    own_path: str,
    leave_early: bool,
) -> Ended:
    """Run the server on this machine, in a shell as ssh would."""
    from mosh_bootstrap.ssh import run_without_terminal

    return run_without_terminal(
        _local_words(options, environ, own_path=own_path),
        dialogue,
        environ=environ,
        show=_show_on_stderr,
        progress=progress,
        leave_early=leave_early,
    )


def _local_words(options: Options, environ: Mapping[str, str], *, own_path: str) -> list[str]:
    """Return the words that run the server on this machine."""
    from mosh_bootstrap.command import DEFAULT_SERVER, quote, server_arguments
    from mosh_bootstrap.program import own_program

    fragment = options.server
    if not fragment:
        own = own_program("mosh-server", "mosh_server", own_path=own_path)
        fragment = DEFAULT_SERVER if own is None else " ".join(map(quote, own))
    words = server_arguments(options, environ, colors=_colors(environ))
    return ["/bin/sh", "-c", " ".join([fragment, *map(quote, words)])]


def _colors(environ: Mapping[str, str]) -> int:
    from mosh_bootstrap.terminal import color_count

    return color_count(environ.get("TERM", ""))


def _show_on_stderr(data: bytes) -> None:
    try:
        sys.stderr.buffer.write(data)
        sys.stderr.buffer.flush()
    except OSError:  # closed by whoever started us; nobody is reading
        pass


if __name__ == "__main__":
    sys.exit(main())
