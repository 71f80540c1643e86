"""Starting a server, here or by ssh, or asking one for its sessions: until all that it says is there.

Says what follows what where there is no server, or not just one session to take back; each step is a module of its own.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from mosh_bootstrap.options import LOCAL_ADDRESS, Options
from mosh_bootstrap.ssh_status import SSH_FAILED_EXIT

if TYPE_CHECKING:
    from mosh_bootstrap.channels import Channels
    from mosh_bootstrap.conversation import Ended
    from mosh_bootstrap.dialogue import Dialogue
    from mosh_bootstrap.login import Login
    from mosh_bootstrap.progress import Progress


class Circumstances(NamedTuple):
    """Under which a server is started."""

    environ: Mapping[str, str]
    progress: Progress
    own_path: str  # by which we were called
    leave_early: bool  # the client knows what to do about a login that is not over yet


class Started(NamedTuple):
    """A server that was started, or has answered."""

    options: Options  # as they applied
    dialogue: Dialogue  # what it said, complete


def start(options: Options, under: Circumstances) -> Started | int:
    """Start the server, or ask one; an exit code is that of what was wanted instead on a host that has none.

    Raises UsageError, EnvironmentFailure, KeyboardInterrupt, SystemExit.
    """
    return _start_here(options, under) if options.local else _start_there(options, under)


def local_words(options: Options, under: Circumstances) -> list[str]:
    """Return the words that run the server on this machine, in a shell as ssh would."""
    from mosh_bootstrap.command import DEFAULT_SERVER, quote, server_arguments
    from mosh_bootstrap.program import own_program

    fragment = options.server
    if not fragment:
        own = own_program("mosh-server", "mosh_server", own_path=under.own_path)
        fragment = DEFAULT_SERVER if own is None else " ".join(map(quote, own))
    words = server_arguments(options, under.environ, colors=_colors(under.environ))
    return ["/bin/sh", "-c", " ".join([fragment, *map(quote, words)])]


def _start_here(options: Options, under: Circumstances) -> Started:
    from mosh_bootstrap import diagnosis
    from mosh_bootstrap.dialogue import Dialogue
    from mosh_bootstrap.ssh import run_without_terminal

    kind = Dialogue
    if options.asks_for_sessions:
        from mosh_bootstrap.session_answer import SessionDialogue

        kind = SessionDialogue
    options = options._replace(host=_local_address(options))
    while True:
        dialogue = kind("local")
        dialogue.ip = options.host
        ended = run_without_terminal(
            local_words(options, under),
            dialogue,
            environ=under.environ,
            show=_show_on_stderr,
            progress=under.progress,
            leave_early=under.leave_early,
        )
        chosen = _chosen(options, dialogue, ended)
        if not chosen:
            break
        options = options._replace(attach=chosen)
    if chosen is None and (reason := diagnosis.failure(options, dialogue, ended)) is not None:
        raise reason
    return Started(options, dialogue)


def _start_there(options: Options, under: Circumstances) -> Started | int:
    from mosh_bootstrap.login import log_in

    login = log_in(
        options,
        under.environ,
        under.progress,
        colors=lambda: _colors(under.environ),
        show=_show_on_stderr,
        leave_early=under.leave_early,
    )
    channels = login.channels
    try:
        while chosen := _chosen(login.options, login.dialogue, login.ended):
            login = login.take_back(chosen)
        if chosen == "":
            return Started(login.options, login.dialogue)
        if login.dialogue.connect is None and not options.asks_for_sessions:
            from mosh_bootstrap.fallback import instead

            def install(channels: Channels) -> bool:
                from mosh_bootstrap import installation

                user = installation.User(yes=True)  # who has chosen it knows already what will be where
                return bool(installation.install(channels.words, host=options.host, environ=under.environ, user=user))

            outcome = instead(login, options, under.environ, install=install)
            if isinstance(outcome, int):
                return outcome
            login = outcome
        return _checked(login, options, under)
    finally:
        if not login.dialogue.left_behind:
            channels.close()


def _checked(login: Login, options: Options, under: Circumstances) -> Started | int:
    """Return what comes of a login at whose end nobody has anything more to say. Raises EnvironmentFailure."""
    from mosh_bootstrap import diagnosis

    ended, dialogue = login.ended, login.dialogue
    reason = diagnosis.failure(login.options, dialogue, ended, jump=login.jump, by_name=login.by_name)
    if reason is None:
        return Started(login.options, dialogue)
    has_logged_in = ended.exit_code not in (None, SSH_FAILED_EXIT)
    if options.as_ssh and has_logged_in and dialogue.connect is None and not dialogue.no_ip:
        # Whoever called ssh gets what ssh gives, whatever is the matter with the server there.
        from mosh_bootstrap.fallback import plain_ssh
        from mosh_bootstrap.terminal import Terminal

        return plain_ssh(
            options,
            login.channels,
            under.environ,
            Terminal.of_this_process(),
            because="has no mosh-server that starts",
        )
    raise reason


def _chosen(options: Options, dialogue: Dialogue, ended: Ended) -> str | None:
    """Return the id of the session that the user chooses of several, "" where the answer is all that was wanted.

    None: a MOSH CONNECT line is to follow, or there is no answer, for a reason that has nothing to do with sessions.
    Raises EnvironmentFailure.
    """
    if not options.asks_for_sessions:
        return None
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


def _local_address(options: Options) -> str:
    """Return the numeric address that --local means. Raises EnvironmentFailure."""
    if not options.host or options.host == LOCAL_ADDRESS:
        return LOCAL_ADDRESS
    from mosh_bootstrap.address import resolve, split_user

    return resolve(split_user(options.host)[1], 0, options.family)[0].text


def _colors(environ: Mapping[str, str]) -> int:
    from mosh_bootstrap.terminal import color_count

    return color_count(environ.get("TERM", ""))


def _show_on_stderr(data: bytes) -> None:
    try:
        sys.stderr.buffer.write(data)
        sys.stderr.buffer.flush()
    except OSError:  # closed by whoever started us; nobody is reading
        pass
