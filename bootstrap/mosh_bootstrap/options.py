"""What the user asks of `mosh`: the command line as a value.

Pure: no process, no name resolution, no terminal. Accepts what upstream's `mosh --help` lists, and options also after
the host, up to the first word of the command, so that `mosh host --ssh="ssh -p 2222"` and `mosh host ls -l` both
mean what they say.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn, TypeAlias

from mosh_bootstrap.destination import check_destination
from mosh_common import prediction_display, scrollback
from mosh_common.command_line import letters
from mosh_common.errors import UsageError
from mosh_common.protocol import HIGHEST_PORT

if TYPE_CHECKING:
    from mosh_bootstrap.ssh_config import SshConfig

Given: TypeAlias = dict[str, str | bool]  # values by field of Options
FAMILIES: Final = ("prefer-inet", "prefer-inet6", "inet", "inet6", "auto", "all")
REMOTE_IP_MODES: Final = ("auto", "proxy", "remote", "local")
FALLBACKS: Final = ("ask", "ssh", "fail")
STAND_IN_MODES: Final = ("auto", "mosh", "ssh")
LOCAL_ADDRESS: Final = "127.0.0.1"  # where --local listens when no host is named


class Options(NamedTuple):
    """One wish, checked. Every field beyond `host` and `command` is an option of the same name."""

    host: str = ""  # as ssh takes it; empty only with `local`, `doctor`, `help`, `version`
    command: tuple[str, ...] = ()  # remote command; empty = login shell
    client: str = ""  # empty = look for mosh-client
    server: str = ""  # shell fragment; empty = "mosh-server", or our own with `local`
    predict: str = prediction_display.DEFAULT
    predict_overwrite: bool = False
    family: str = "prefer-inet"
    port: str = ""  # "PORT" or "PORT:PORT2"; empty = the server's choice
    bind_server: str = "ssh"
    ssh: str = "ssh"  # words in shell quoting
    ssh_pty: bool = True
    init: bool = True
    scrollback: str = scrollback.DEFAULT
    keep_last_screen: str = "auto"  # "yes", "no", "auto": of a command, not of a login shell; others the client refuses
    history: str = ""  # LINES[,OCTETS] that the server keeps of what scrolls off; empty = the server's choice
    local: bool = False
    list: bool = False
    json: bool = False
    attach: str = ""  # the id or name of a session, or session_names.ONLY; empty = a new one
    session: str = ""  # the name of one; empty = without
    end: str = ""  # as attach, but not ONLY
    experimental_remote_ip: str = "auto"
    fallback: str = "ask"  # for a host without a server
    doctor: bool = False
    stand_in: str = "auto"  # with `as_ssh`
    as_ssh: bool = False  # the line was ssh's own; until as_ssh.py has read it, `command` is all of it
    ssh_escape_key: str = ""  # internal: with `as_ssh`, the character that leaves at the start of a line, as ssh's
    ssh_config: SshConfig | None = None  # internal: what applies to the host, where ssh was asked already
    print_config: bool = False
    help: bool = False
    version: bool = False
    verbose: bool = False  # tell the stages of the login
    install_server: bool = False  # bring ours to the host, instead of a session
    uninstall_server: bool = False
    yes: bool = False  # to what these two ask
    fake_proxy: bool = False  # internal: we are ssh's ProxyCommand; host and command are host and port
    hand_over: bool = False  # internal: the same, and ssh takes the connection over; seconds may stand behind the port
    complete_sessions: bool = False  # internal: a shell wants to know what --attach and --end can have

    @property
    def asks_for_sessions(self) -> bool:
        """Whether this is about sessions that may be there already."""
        return bool(self.list or self.attach or self.session or self.end)


# Spelling → (field, value); None as value: the option takes one. Manual page, --help and completions are held to it.
SPELLINGS: Final[Mapping[str, tuple[str, str | bool | None]]] = {
    "--client": ("client", None),
    "--server": ("server", None),
    "--predict": ("predict", None),
    "-a": ("predict", "always"),
    "-n": ("predict", "never"),
    "--predict-overwrite": ("predict_overwrite", True),
    "--no-predict-overwrite": ("predict_overwrite", False),
    "-o": ("predict_overwrite", True),
    "--family": ("family", None),
    "-4": ("family", "inet"),
    "-6": ("family", "inet6"),
    "--port": ("port", None),
    "-p": ("port", None),
    "--bind-server": ("bind_server", None),
    "--ssh": ("ssh", None),
    "--ssh-pty": ("ssh_pty", True),
    "--no-ssh-pty": ("ssh_pty", False),
    "--init": ("init", True),
    "--no-init": ("init", False),
    "--scrollback": ("scrollback", None),
    "--keep-last-screen": ("keep_last_screen", "yes"),
    "--no-keep-last-screen": ("keep_last_screen", "no"),
    "--history": ("history", None),
    "--local": ("local", True),
    "--list": ("list", True),
    "--json": ("json", True),
    "--attach": ("attach", "--only"),  # session_names.ONLY, which is only loaded where it is asked for
    "--session": ("session", None),
    "--end": ("end", None),
    "--experimental-remote-ip": ("experimental_remote_ip", None),
    "--fallback": ("fallback", None),
    "--doctor": ("doctor", True),
    "--stand-in": ("stand_in", None),
    "--as-ssh": ("as_ssh", True),
    "-G": ("print_config", True),
    "--help": ("help", True),
    "-h": ("help", True),
    "--version": ("version", True),
    "-V": ("version", True),
    "-v": ("verbose", True),
    "--install-server": ("install_server", True),
    "--uninstall-server": ("uninstall_server", True),
    "--yes": ("yes", True),
    "--fake-proxy": ("fake_proxy", True),
    "--hand-over": ("hand_over", True),
    "--complete-sessions": ("complete_sessions", True),
}
OPTIONAL_VALUE: Final = ("--attach",)  # that may have one behind "=", and what is above without
INTERNAL: Final = ("--fake-proxy", "--hand-over", "--complete-sessions")  # of us to ourselves: no user is told of it
# Fields of options that say what to do now, and not how: no file of settings can have them.
ACTIONS: Final = (
    *("as_ssh", "print_config", "list", "json", "attach", "session", "end", "complete_sessions", "doctor"),
    *("install_server", "uninstall_server", "yes", "help", "version", "verbose", "fake_proxy", "hand_over"),
)
_WITHOUT_SETTINGS: Final = ("help", "version", "fake_proxy", "hand_over")
_IGNORED: Final = "@"  # upstream's parser takes it, with a value, and does nothing: scripts may have it

_WITH_VALUE: Final = _IGNORED + "".join(
    [name[1:] for name, (_, fixed) in SPELLINGS.items() if fixed is None and len(name) == 2]
)

CHOICES: Final[Mapping[str, tuple[str, ...]]] = {  # field → the values that it can have
    "predict": prediction_display.SPELLINGS,
    "scrollback": scrollback.SPELLINGS,
    "family": FAMILIES,
    "experimental_remote_ip": REMOTE_IP_MODES,
    "fallback": FALLBACKS,
    "stand_in": STAND_IN_MODES,
}


class Line(NamedTuple):
    """A command line as it was read; nothing of it is checked."""

    given: Given
    host: str | None
    command: tuple[str, ...]  # with `as_ssh`: ssh's own command line

    @property
    def wants_settings(self) -> bool:
        """Whether it matters what a file of settings says."""
        return not any(field in self.given for field in _WITHOUT_SETTINGS)


def config_path(environ: Mapping[str, str]) -> str:
    """Return where the user's choices are kept, if there are any."""
    folder = environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(folder):  # else it is to be passed over, says the XDG base directory specification
        folder = os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".config")
    return os.path.join(folder, "mosh-py", "config")


def parse_options(arguments: Sequence[str], environ: Mapping[str, str]) -> Options:
    """Return what `arguments` (without the program's name) ask for, where no file says anything.

    Raises UsageError with one sentence.
    """
    return options_of(read_line(arguments), environ)


def read_line(arguments: Sequence[str]) -> Line:
    """Read a command line (without the program's name). Raises UsageError with one sentence."""
    given: Given = {}
    words = list(arguments)
    host: str | None = None
    while words:
        word = words.pop(0)
        if word == "--":
            if host is None and words:
                host = words.pop(0)
            break
        if word.startswith("-") and word != "-":
            _take_option(word, words, given)
            if "as_ssh" in given:
                if host is not None:
                    raise UsageError("--as-ssh must stand before the host: all that is behind it is ssh's.")
                break
        elif host is None:
            host = word
        else:
            words.insert(0, word)
            break
    return Line(given, host, tuple(words))


def options_of(line: Line, environ: Mapping[str, str], settings: Mapping[str, str | bool] | None = None) -> Options:
    """Return what applies: what the line says, else a variable of `environ`, else `settings` (a file's), else ours.

    With `help` or `version` nothing is checked, and of a line of ssh's nothing of that. Raises UsageError with one
    sentence.
    """
    found: Given = {**(settings or {}), **_from_environment(environ), **line.given}
    options = Options(host=line.host or "", command=line.command)
    for field, value in found.items():
        found[field] = normal(field, value)
    options = options._replace(**found)  # type: ignore[arg-type]  # SPELLINGS gives each field a value of its type
    if not (options.help or options.version):
        _check(options, line.host)
    return options


def _from_environment(environ: Mapping[str, str]) -> Given:
    found: Given = {}
    if environ.get("MOSH_PREDICTION_DISPLAY"):
        found["predict"] = environ["MOSH_PREDICTION_DISPLAY"]
    if environ.get("MOSH_SCROLLBACK"):
        found["scrollback"] = environ["MOSH_SCROLLBACK"]
    if environ.get("MOSH_KEEP_LAST_SCREEN"):
        found["keep_last_screen"] = environ["MOSH_KEEP_LAST_SCREEN"]
    if environ.get("MOSH_HISTORY"):
        found["history"] = environ["MOSH_HISTORY"]
    if environ.get("MOSH_PREDICTION_OVERWRITE"):
        found["predict_overwrite"] = environ["MOSH_PREDICTION_OVERWRITE"] == "yes"
    if "MOSH_NO_TERM_INIT" in environ:
        found["init"] = False
    return found


def normal(field: str, value: str | bool) -> str | bool:
    """Return the value spelt as we do, of what upstream's parser takes too: choices in any case, a port with a sign."""
    if not isinstance(value, str):
        return value
    if value.lower() in CHOICES.get(field, ("ssh", "any") if field == "bind_server" else ()):
        return value.lower()
    return ":".join([part.removeprefix("+") for part in value.split(":")]) if field == "port" else value


def _take_option(word: str, words: list[str], found: Given) -> None:
    """Note `word` in `found`, taking its value from `words` where it needs one."""
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        field, fixed = SPELLINGS[_full_name(name)]
        if fixed is not None:
            if equals and _full_name(name) in OPTIONAL_VALUE:
                found[field] = _not_empty(name, field, value)
                return
            if equals:
                raise UsageError(f"The option {name} takes no value, but got {value!r}.")
            found[field] = fixed
            return
        if not equals:
            if not words:
                _refuse_missing_value(name)
            value = words.pop(0)
        found[field] = _not_empty(name, field, value)
        return
    for letter, given in letters(word, words, with_value=_WITH_VALUE):
        name = "-" + letter
        if letter == _IGNORED and given is not None:
            continue
        if name not in SPELLINGS and letter != _IGNORED:
            raise UsageError(f"Unknown option {name} (in {word!r}); mosh --help lists them.")
        if given is None:
            _refuse_missing_value(name)
        field, fixed = SPELLINGS[name]
        found[field] = given if fixed is None else fixed


def _not_empty(name: str, field: str, value: str) -> str:
    """Return the value, where an empty one would mean that the option was not given."""
    if not value and field in ("attach", "session", "end"):
        _refuse_missing_value(name)
    return value


def _full_name(name: str) -> str:
    """Return the long option that `name` is, or is the unambiguous beginning of."""
    if name in SPELLINGS:
        return name
    candidates = [known for known in SPELLINGS if known.startswith(name) and known not in INTERNAL]
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        raise UsageError(f"The option {name} could be {' or '.join(sorted(candidates))}.")
    raise UsageError(f"Unknown option {name}; mosh --help lists them.")


def _refuse_missing_value(name: str) -> NoReturn:
    raise UsageError(f"The option {name} needs a value.")


def check_setting(field: str, value: str | bool) -> None:
    """Check the value of one option, spelt as `normal` does. Raises UsageError."""
    if not isinstance(value, str):
        return
    if value not in CHOICES.get(field, (value,)):
        name = "--" + field.replace("_", "-")
        raise UsageError(f"{name} must be one of {', '.join(CHOICES[field])}, not {value!r}.")
    if field == "port" and value:
        _check_port(value)
    if field == "history" and value:
        from mosh_common.history_limits import parse_limits

        parse_limits(value)
    if field == "bind_server" and value not in ("ssh", "any"):
        _check_ip(value)
    if field == "ssh" and not value.strip():
        raise UsageError("--ssh needs a command.")


def _check(options: Options, host: str | None) -> None:
    """Raise UsageError for the first value that cannot be meant."""
    for field in (*CHOICES, "port", "bind_server", "history"):
        check_setting(field, getattr(options, field))
    if options.fake_proxy or options.hand_over:
        if len(options.command) not in ((1, 2) if options.hand_over else (1,)):
            raise UsageError("--fake-proxy needs a host and a port.")
        return
    if options.doctor and (options.local or options.command):
        raise UsageError("--doctor takes a host at most: no command, and no --local.")
    if options.json and not (options.doctor or options.list):
        raise UsageError("--json goes with --list or --doctor.")
    if options.asks_for_sessions:
        from mosh_bootstrap import session_names

        wishes = {name: getattr(options, name) for name in ("list", "attach", "session", "end")}
        session_names.check(wishes, command=bool(options.command))
    if host is None and not (options.local or options.doctor or (options.as_ssh and not options.print_config)):
        raise UsageError("Which host? Usage: mosh [options] [--] [user@]host [command...]; mosh --help says more.")
    if host is not None:
        check_destination(host)
    _check_installation(options)
    if not options.local:
        check_setting("ssh", options.ssh)


def _check_installation(options: Options) -> None:
    """Check what goes with --install-server and --uninstall-server. Raises UsageError."""
    if not (options.install_server or options.uninstall_server):
        if options.yes:
            raise UsageError(
                "--yes answers what --install-server and --uninstall-server ask, and goes with these alone."
            )
        return
    if options.install_server and options.uninstall_server:
        raise UsageError("Either --install-server or --uninstall-server: not both at once.")
    if options.local or options.command:
        raise UsageError("--install-server and --uninstall-server take a host to log in to, and no command.")


def _check_port(text: str) -> None:
    """Check PORT or PORT:PORT2. Raises UsageError."""
    parts = text.split(":")
    if len(parts) > 2 or not all(part.isascii() and part.isdigit() and len(part) <= 5 for part in parts):
        raise UsageError(f"The port must be PORT or PORT:PORT2 in decimal, not {text!r}.")
    numbers = [int(part) for part in parts]
    if max(numbers) > HIGHEST_PORT:
        raise UsageError(f"The port must be at most {HIGHEST_PORT}, not {max(numbers)}.")
    if len(numbers) == 2:
        low, high = numbers
        if low == 0:
            raise UsageError("Port 0 lets the system choose; it cannot begin a range.")
        if low > high:
            raise UsageError(f"The range of ports {text} ends before it begins.")


def _check_ip(text: str) -> None:
    """Check a numeric address, IPv6 with or without a zone. Raises UsageError."""
    import socket  # only the rare --bind-server=IP needs it

    for family, candidate in ((socket.AF_INET, text), (socket.AF_INET6, text.partition("%")[0])):
        try:
            socket.inet_pton(family, candidate)
        except (OSError, ValueError):
            continue
        return
    _refuse_bind_server(text)


def _refuse_bind_server(text: str) -> NoReturn:
    raise UsageError(f"--bind-server must be ssh, any or a numeric IP address, not {text!r}.")
