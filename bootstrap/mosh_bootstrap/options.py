"""What the user asks of `mosh`: the command line as a value.

Pure: no process, no name resolution, no terminal. Accepts what upstream's `mosh --help` lists, and options also after
the host, up to the first word of the command, so that `mosh host --ssh="ssh -p 2222"` and `mosh host ls -l` both
mean what they say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn, TypeAlias

from mosh_bootstrap.destination import check_destination
from mosh_common import prediction_display
from mosh_common.command_line import letters
from mosh_common.errors import UsageError
from mosh_common.protocol import HIGHEST_PORT

if TYPE_CHECKING:
    from mosh_bootstrap.ssh_config import SshConfig

Given: TypeAlias = dict[str, str | bool]  # values by field of Options
FAMILIES: Final = ("prefer-inet", "prefer-inet6", "inet", "inet6", "auto", "all")
REMOTE_IP_MODES: Final = ("auto", "proxy", "remote", "local")
STAND_IN_MODES: Final = ("auto", "mosh", "ssh")
LOCAL_ADDRESS: Final = "127.0.0.1"  # where --local listens when no host is named

HELP: Final = """\
Usage: mosh [options] [--] [user@]host [command...]
       mosh --local [options] [address [command...]]
       mosh [options] --as-ssh [ssh's own command line]

Logs in with ssh, starts mosh-server there, and goes on over encrypted UDP.
Options may stand before or after the host, up to the command's first word.

        --predict=adaptive   show guesses of what keys do on slow links
                             [default]
-a      --predict=always     show them on fast links too
-n      --predict=never      never show any
        --predict=experimental  show them at once, even where often wrong
-o      --predict-overwrite     what is typed replaces, it does not insert
        --no-predict-overwrite  it inserts [default]

        --family=prefer-inet    try all addresses, IPv4 first [default]
        --family=prefer-inet6   try all addresses, IPv6 first
-4      --family=inet        use IPv4 only
-6      --family=inet6       use IPv6 only
        --family=auto        only for hosts that have one kind of address
        --family=all         try all addresses, in the resolver's order

-p PORT[:PORT2]
        --port=PORT[:PORT2]  UDP port or range on the server; 0 = any free one
                             (not the port of ssh: see --ssh)
        --bind-server={ssh|any|IP}  address that the server answers from
                             (default: "ssh", the one that ssh came to)

        --client=PATH        mosh-client on this machine
                             (default: the one of this installation)
        --server=COMMAND     mosh-server on the remote machine, a piece of
                             shell (default: "mosh-server")
        --ssh=COMMAND        ssh command that sets the session up
                             (example: "ssh -p 2222"; default: "ssh")
        --ssh-pty            ask ssh for a pseudo-terminal [default]
        --no-ssh-pty         do not
        --experimental-remote-ip={auto|proxy|remote|local}
                             how to find the server's address: as ssh's
                             configuration asks for [default], by making ssh's
                             connection ourselves, by asking the server, or by
                             its name here
        --local              run mosh-server on this machine, without ssh

        --init               use the terminal's alternate screen [default]
        --no-init            do not: the last screen stays after the session
        --keep-last-screen   print the last screen behind the alternate one
                             [default for a command, not for a login shell]
        --no-keep-last-screen   do not

        --as-ssh             what follows is ssh's own command line: a login on
                             a terminal becomes mosh, all else is left to ssh
        --stand-in={auto|mosh|ssh}  what --as-ssh does of a login: as ssh's
                             configuration asks for [default], mosh, or ssh

-h      --help               this text
-G                           print what applies to the host, as a file has it
-v                           tell on standard error how long each stage takes
-V      --version            version and licence

Keys in a session, each after Ctrl-^ (often Ctrl-Shift-6):
  .       quit           s  show how the link is, or hide it
  Ctrl-Z  suspend        ?  list these keys
  ^       send a Ctrl-^

Environment:
  MOSH_PREDICTION_DISPLAY=WHEN   as --predict=WHEN
  MOSH_PREDICTION_OVERWRITE=yes  as --predict-overwrite
  MOSH_ESCAPE_KEY=KEY            another key than Ctrl-^; "~" is as in ssh
  MOSH_TITLE_NOPREFIX=1          no "[mosh] " before window titles
  MOSH_CLIPBOARD=no              programs cannot set the clipboard
  MOSH_NO_TERM_INIT=1            as --no-init
  MOSH_KEEP_LAST_SCREEN=yes      as --keep-last-screen; also no, and auto
  MOSH_PYTHON=PATH               the Python to use (not where pip installed it)

Files:
  ~/.config/mosh-py/config       the long options above, by Host, in the form
                                 of ssh_config(5)

Example:
  mosh --ssh="ssh -p 2222" -p 60010:60020 me@example.org -- tmux attach

More: mosh(1), mosh-client(1), mosh-server(1).
"""


class Options(NamedTuple):
    """One wish, checked. Every field beyond `host` and `command` is an option of the same name."""

    host: str = ""  # as ssh takes it; empty only with `local`, `help`, `version`
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
    keep_last_screen: str = "auto"  # "yes", "no", "auto": of a command, not of a login shell; others the client refuses
    local: bool = False
    experimental_remote_ip: str = "auto"
    stand_in: str = "auto"  # with `as_ssh`
    as_ssh: bool = False  # the line was ssh's own; until as_ssh.py has read it, `command` is all of it
    ssh_escape_key: str = ""  # internal: with `as_ssh`, the character that leaves at the start of a line, as ssh's
    ssh_config: SshConfig | None = None  # internal: what applies to the host, where ssh was asked already
    plain_ssh: tuple[str, ...] = ()  # internal: with `as_ssh`, ssh and its whole line
    print_config: bool = False
    help: bool = False
    version: bool = False
    verbose: bool = False  # tell the stages of the login
    fake_proxy: bool = False  # internal: we are ssh's ProxyCommand; host and command are host and port
    hand_over: bool = False  # internal: the same, and ssh takes the connection over; seconds may stand behind the port


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
    "--keep-last-screen": ("keep_last_screen", "yes"),
    "--no-keep-last-screen": ("keep_last_screen", "no"),
    "--local": ("local", True),
    "--experimental-remote-ip": ("experimental_remote_ip", None),
    "--stand-in": ("stand_in", None),
    "--as-ssh": ("as_ssh", True),
    "-G": ("print_config", True),
    "--help": ("help", True),
    "-h": ("help", True),
    "--version": ("version", True),
    "-V": ("version", True),
    "-v": ("verbose", True),
    "--fake-proxy": ("fake_proxy", True),
    "--hand-over": ("hand_over", True),
}
INTERNAL: Final = ("--fake-proxy", "--hand-over")  # of us to ourselves: no user is told of it
# Fields of options that say what to do now, and not how: no file of settings can have them.
ACTIONS: Final = ("as_ssh", "print_config", "help", "version", "verbose", "fake_proxy", "hand_over")
_WITHOUT_SETTINGS: Final = ("help", "version", "fake_proxy", "hand_over")
_IGNORED: Final = "@"  # upstream's parser takes it, with a value, and does nothing: scripts may have it

_WITH_VALUE: Final = _IGNORED + "".join(
    [name[1:] for name, (_, fixed) in SPELLINGS.items() if fixed is None and len(name) == 2]
)

CHOICES: Final[Mapping[str, tuple[str, ...]]] = {  # field → the values that it can have
    "predict": prediction_display.SPELLINGS,
    "family": FAMILIES,
    "experimental_remote_ip": REMOTE_IP_MODES,
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
    if environ.get("MOSH_KEEP_LAST_SCREEN"):
        found["keep_last_screen"] = environ["MOSH_KEEP_LAST_SCREEN"]
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
            if equals:
                raise UsageError(f"The option {name} takes no value, but got {value!r}.")
            found[field] = fixed
            return
        if not equals:
            if not words:
                _refuse_missing_value(name)
            value = words.pop(0)
        found[field] = value
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
    if field == "bind_server" and value not in ("ssh", "any"):
        _check_ip(value)
    if field == "ssh" and not value.strip():
        raise UsageError("--ssh needs a command.")


def _check(options: Options, host: str | None) -> None:
    """Raise UsageError for the first value that cannot be meant."""
    for field in (*CHOICES, "port", "bind_server"):
        check_setting(field, getattr(options, field))
    if options.fake_proxy or options.hand_over:
        if len(options.command) not in ((1, 2) if options.hand_over else (1,)):
            raise UsageError("--fake-proxy needs a host and a port.")
        return
    if host is None and not (options.local or (options.as_ssh and not options.print_config)):
        raise UsageError("Which host? Usage: mosh [options] [--] [user@]host [command...]; mosh --help says more.")
    if host is not None:
        check_destination(host)
    if not options.local:
        check_setting("ssh", options.ssh)


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
