"""Logging in and starting the server there: what applies to the host, which way ssh goes, where the server then is.

What ssh says of its configuration, and what the name means, is found out by other processes while this one loads what
it needs, or while ssh talks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from mosh_bootstrap import control_socket, ssh_config
from mosh_bootstrap.background import Background
from mosh_bootstrap.channels import Channels
from mosh_bootstrap.control_socket import Folder
from mosh_bootstrap.login_shell import told_to_login_shell
from mosh_bootstrap.options import Options
from mosh_bootstrap.ssh_config import SshConfig
from mosh_bootstrap.ssh_status import SSH_FAILED_EXIT
from mosh_common.errors import EnvironmentFailure

if TYPE_CHECKING:
    from mosh_bootstrap.conversation import Ended
    from mosh_bootstrap.dialogue import Dialogue
    from mosh_bootstrap.progress import Progress
    from mosh_bootstrap.terminal import Terminal

# What `ssh -G` may take: `Match exec` runs programs, canonical names ask the resolver. An ssh that does something else
# than to answer is ended then.
_QUERY_TIMEOUT_MS: Final = 10_000
# What the resolver may still take once the server is up: the far end has told one address by then.
_RESOLVER_TIMEOUT_MS: Final = 1000
_ADDRESSES_OCTETS: Final = 4096
_DEFAULT_FAMILY: Final = Options().family
# Our ProxyCommand is written for this one, and starts with it at once, whatever the user's shell is or reads first.
_PROXY_SHELL: Final = "/bin/sh"
_DEFAULT_SHELL: Final = "/bin/sh"  # ssh(1): where SHELL says nothing


class Login(NamedTuple):
    """A login that has ended, or is left behind (dialogue.left_behind)."""

    options: Options  # as they applied: with the mode that was chosen, the family and command of ssh's configuration
    dialogue: Dialogue
    ended: Ended
    jump: str  # the setting of ssh's that puts something between us and the host; empty without
    by_name: bool  # the host's name was asked for its addresses
    channels: Channels  # further commands there; whoever has this closes them, unless dialogue.left_behind has them
    search: Callable[[], Login]  # searches for a server, as log_in has done where none was found
    take_back: Callable[[str], Login]  # has the server give out a key for the session of that id


class Way(NamedTuple):
    """How to log in."""

    options: Options  # experimental_remote_ip is no longer `auto`
    config: SshConfig | None
    by_name: bool  # ssh goes its own way: what the host's name means here is tried, too
    has_proxy: bool = False  # … and it runs a command of the user's for that
    master: str = ""  # the socket of a live master of the user's, whose connection ssh uses; empty for none

    @property
    def jump(self) -> str:
        """The setting of ssh's that puts something between us and the host; empty without."""
        is_ours = self.options.experimental_remote_ip == "proxy"
        return "" if is_ours or self.config is None else self.config.jump


class _How(NamedTuple):
    """What running ssh takes beside its words."""

    terminal: Terminal | None
    environ: Mapping[str, str]
    progress: Progress
    show: Callable[[bytes], None]
    leave_early: bool
    channels: Channels
    # ssh's standard input is a terminal at which nobody sits, instead of none: a master makes the far end's terminal
    # like it, and would make one without size and settings of none.
    idle_input: bool

    def tell(self, sentence: str) -> None:
        """Show the user a line of ours."""
        if self.terminal is None:
            self.show(f"{sentence}\n".encode())
        else:
            self.terminal.show(f"{sentence}\r\n".encode())


def log_in(
    options: Options,
    environ: Mapping[str, str],
    progress: Progress,
    *,
    colors: Callable[[], int],
    show: Callable[[bytes], None],
    leave_early: bool,
) -> Login:
    """Log in and run the server there.

    `colors`: tells what the terminal can show; `show` takes what ssh says where there is no terminal. `leave_early`:
    the end of ssh need not be waited for. Raises UsageError, EnvironmentFailure, KeyboardInterrupt and SystemExit.
    """
    ssh = ssh_config.command_words(options.ssh)
    asking = ssh_config.query_words(ssh, options.host)
    query = None if options.ssh_config or is_script(ssh) else Background.run(asking, environ)
    try:
        # Meanwhile: what would be loaded after it, here or by what is called.
        from mosh_bootstrap import command, program  # noqa: F401  # that they are loaded is all that is wanted here
        from mosh_bootstrap import ssh as _ssh  # noqa: F401  # the same
        from mosh_bootstrap.terminal import Terminal

        terminal = Terminal.of_this_process()
        if terminal is not None:
            with suppress(ImportError):  # run_with_terminal says so better
                import pexpect  # noqa: F401  # the same
        number_of_colors = colors()
        config = options.ssh_config or _configuration(query, ssh, options.host, environ)
    finally:
        if query is not None:
            query.end()
    way = choose_way(options, ssh, config)
    dialogue, destination = _dialogue(way)
    # Where there is no terminal nobody is asked, and a second login costs nobody anything.
    channels = _channels(way, ssh, destination, environ if terminal is not None else None)
    idle_input = options.ssh_pty and terminal is not None and bool(channels.own_path or way.master)
    how = _How(terminal, environ, progress, show, leave_early, channels, idle_input)
    return _Host(ssh, destination, how, colors=number_of_colors).log_in(way, dialogue)


class _Host:
    """A host, as the user's ssh reaches it."""

    def __init__(self, ssh: Sequence[str], destination: str, how: _How, *, colors: int) -> None:
        """`destination`: the host as ssh is to see it. `colors`: what the user's terminal can show."""
        self._ssh = ssh
        self._destination = destination
        self._how = how
        self._colors = colors

    def log_in(self, way: Way, dialogue: Dialogue) -> Login:
        """Log in; search for a server where PATH has none. Raises as the function of that name does."""
        channels = self._how.channels
        try:
            ended = _run(way, self._words(way, master=channels.own_path), dialogue, self._how)
            if dialogue.connect is None:
                from mosh_bootstrap import server_search

                if server_search.is_wanted(way.options, dialogue, ended):
                    return self._search(way, dialogue)
            return self._login(way, dialogue, ended)
        except BaseException:
            channels.close()
            raise

    def _login(self, way: Way, dialogue: Dialogue, ended: Ended, *, searched: bool = False) -> Login:
        return Login(
            way.options,
            dialogue,
            ended,
            way.jump,
            way.by_name,
            self._how.channels,
            search=lambda: self._search(way, dialogue),
            take_back=lambda session: self._take_back(session, way, dialogue, searched=searched),
        )

    def _search(self, way: Way, first: Dialogue) -> Login:
        from mosh_bootstrap import server_search

        command = server_search.command(way.options, self._how.environ, colors=self._colors)
        purpose = f"looking for mosh-server on {way.options.host} in more places"
        return self._login(way, *self._further(way, command, first, purpose), searched=True)

    def _take_back(self, session: str, way: Way, first: Dialogue, *, searched: bool) -> Login:
        """`searched`: the server is where the search has found it."""
        from mosh_bootstrap import command, server_search

        way = way._replace(options=way.options._replace(attach=session))
        line = server_search.command if searched else command.remote_command
        there = line(way.options, self._how.environ, colors=self._colors)
        return self._login(way, *self._further(way, there, first, "taking it back"), searched=searched)

    def _further(self, way: Way, command: str, first: Dialogue, purpose: str) -> tuple[Dialogue, Ended]:
        """Run a further `command` there, after what `first` was about; return what it said and how it ended.

        It goes over the login that is there; where that is not to be, by another one, and the user is told for what
        `purpose`.
        """
        how, channels = self._how, self._how.channels
        dialogue, _destination = _dialogue(way)
        if channels.shared:
            dialogue.ip, dialogue.others = first.ip, first.others
            shared = channels.words(command, terminal=way.options.ssh_pty, reads=how.idle_input)
            ended = _run(way, shared, dialogue, how)
            dialogue.typed = first.typed + dialogue.typed
            if dialogue.connect is not None or ended.exit_code != SSH_FAILED_EXIT:
                return dialogue, ended
            channels.close()
            first, (dialogue, _destination) = dialogue, _dialogue(way)
        how.tell(f"mosh: {purpose} takes a second login, since the first one takes no further channel.")
        ended = _run(way, self._words(way, command), dialogue, how)
        dialogue.typed = first.typed + dialogue.typed
        return dialogue, ended

    def _words(self, way: Way, command: str = "", *, master: str = "") -> list[str]:
        """Return ssh's command line; `command`: for the remote shell, else the one that runs the server."""
        from mosh_bootstrap.command import ssh_arguments
        from mosh_bootstrap.program import proxy_program

        return ssh_arguments(
            way.options,
            self._how.environ,
            ssh=self._ssh,
            destination=self._destination,
            colors=self._colors,
            proxy=proxy_program() if way.options.experimental_remote_ip == "proxy" else (),
            config=way.config,
            master=master,
            command=command,
            idle_input=self._how.idle_input,
        )


def choose_way(options: Options, ssh: Sequence[str], config: SshConfig | None) -> Way:
    """Return how to log in: as the user wishes, else as ssh's configuration says."""
    mode = options.experimental_remote_ip
    by_name = False
    if mode == "auto":
        # Our own connection tells the address for certain. Where ssh is to come there in another way, it has to.
        by_name = config is not None and (
            config.chooses_its_own_way or ssh_config.names_a_proxy(ssh) or control_socket.listens(config.master_path)
        )
        mode = "remote" if by_name else "proxy"
    family, command = options.family, options.command
    if config is not None:
        if family == _DEFAULT_FAMILY and config.family:
            family = config.family
        if not command and config.remote_command:
            command = told_to_login_shell(config.remote_command)
    options = options._replace(experimental_remote_ip=mode, family=family, command=command)
    has_proxy = mode != "proxy" and config is not None and (bool(config.jump) or ssh_config.names_a_proxy(ssh))
    master = ""
    if config is not None and mode != "proxy" and control_socket.listens(config.master_path):
        master = config.master_path
    return Way(options, config, by_name, has_proxy, master)


def _channels(way: Way, ssh: Sequence[str], destination: str, environ: Mapping[str, str] | None) -> Channels:
    """Return the channels that the login to be will have. `environ`: says where a master's socket may be; None = no."""
    config, folder = way.config, None
    if environ is not None and config is not None and config.can_be_master and not way.master:
        folder = Folder.make(environ)
        if folder is not None and way.has_proxy and not folder.add_shell(environ.get("SHELL") or _DEFAULT_SHELL):
            folder.remove()  # better a second login than one of which nobody hears why it failed
            folder = None
    return Channels(ssh, destination, config=config, folder=folder, master=way.master)


def is_script(ssh: Sequence[str]) -> bool:
    """Whether the user has written a script that stands for ssh: it may do more than that, and is run once."""
    program = ssh_config.program_of(ssh)
    if "/" not in program:
        return False
    try:
        with open(program, "rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return False


def _configuration(
    query: Background | None, ssh: Sequence[str], destination: str, environ: Mapping[str, str]
) -> SshConfig | None:
    """Return what ssh said of its configuration; None of an ssh that does not."""
    if query is None:
        return None
    output = query.output(limit=ssh_config.OUTPUT_LIMIT, timeout_ms=_QUERY_TIMEOUT_MS)
    if query.exit_code == SSH_FAILED_EXIT:
        # ssh refuses to go to the background without a command, also when it is only asked.
        again = Background.run([*ssh_config.query_words(ssh, destination), "true"], environ)
        if again is not None:
            output = again.output(limit=ssh_config.OUTPUT_LIMIT, timeout_ms=_QUERY_TIMEOUT_MS)
    return ssh_config.parse(output) if output else None


def _dialogue(way: Way) -> tuple[Dialogue, str]:
    """Return the dialogue to be, and the host as ssh is to see it. Raises EnvironmentFailure."""
    from mosh_bootstrap.dialogue import Dialogue

    options = way.options
    # So that nobody wonders at a question for another host than the one named.
    preface = f"mosh: ssh reaches {options.host} through its {way.jump}; the session's UDP will go there directly."
    kind = Dialogue
    if options.asks_for_sessions:
        from mosh_bootstrap.session_answer import SessionDialogue

        kind = SessionDialogue
    dialogue = kind(options.experimental_remote_ip, preface=preface if way.jump else "")
    if options.experimental_remote_ip != "local":
        return dialogue, options.host
    from mosh_bootstrap.address import resolve, split_user

    user, host = split_user(options.host)
    dialogue.ip = resolve(host, 0, options.family)[0].text
    return dialogue, user + dialogue.ip


def _run(way: Way, words: Sequence[str], dialogue: Dialogue, how: _How) -> Ended:
    """Run ssh; fill in, of `dialogue`, where the server may be."""
    from mosh_bootstrap.ssh import run_with_terminal, run_without_terminal

    environ = how.environ
    if way.options.experimental_remote_ip == "proxy":
        environ = {**environ, "SHELL": _PROXY_SHELL}
    elif how.channels.shell:
        environ = {**environ, "SHELL": how.channels.shell}
    resolver = None
    if way.by_name and way.config is not None:
        host_name, family = way.config.host_name, way.options.family
        resolver = Background.compute(lambda: _resolved(host_name, family))
    try:
        if how.terminal is None:
            ended = run_without_terminal(
                words,
                dialogue,
                environ=environ,
                show=how.show,
                progress=how.progress,
                leave_early=how.leave_early,
            )
        else:
            ended = run_with_terminal(
                words,
                dialogue,
                terminal=how.terminal,
                environ=environ,
                progress=how.progress,
                leave_early=how.leave_early,
                leave=how.channels.leave,
                idle_input=how.idle_input,
            )
        if resolver is not None and dialogue.connect is not None:
            from mosh_bootstrap.candidates import candidates

            said = resolver.output(limit=_ADDRESSES_OCTETS, timeout_ms=_RESOLVER_TIMEOUT_MS) or b""
            found = candidates(dialogue.ip, said.decode().split(), family=way.options.family)
            if found:
                dialogue.ip, dialogue.others = found[0], tuple(found[1:])
        return ended
    finally:
        if resolver is not None:
            resolver.end()


def _resolved(host_name: str, family: str) -> bytes:
    """Return the numeric addresses of a name, with blanks between; none where it has none here."""
    from mosh_bootstrap.address import resolve

    try:
        return " ".join([address.text for address in resolve(host_name, 0, family)]).encode()
    except EnvironmentFailure:  # only the jump host may know it
        return b""
