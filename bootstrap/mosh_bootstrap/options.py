"""What the user asks of `mosh`: the command line as a value.

Pure: no process, no name resolution, no terminal. Accepts what upstream's `mosh --help` lists, and options also after
the host, up to the first word of the command, so that `mosh host --ssh="ssh -p 2222"` and `mosh host ls -l` both
mean what they say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, NoReturn

from mosh_bootstrap.destination import check_destination
from mosh_common import prediction_display
from mosh_common.command_line import letters
from mosh_common.errors import UsageError
from mosh_common.protocol import HIGHEST_PORT

FAMILIES: Final = ("prefer-inet", "prefer-inet6", "inet", "inet6", "auto", "all")
REMOTE_IP_MODES: Final = ("auto", "proxy", "remote", "local")
LOCAL_ADDRESS: Final = "127.0.0.1"  # where --local listens when no host is named

HELP: Final = """\
Usage: mosh [options] [--] [user@]host [command...]
       mosh --local [options] [address [command...]]

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

        --install-server     bring this mosh-server to the host, into ~/.local
                             (it asks first), and begin no session
        --uninstall-server   take it away again
        --yes                do not ask

-h      --help               this text
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
    help: bool = False
    version: bool = False
    verbose: bool = False  # tell the stages of the login
    install_server: bool = False  # bring ours to the host, instead of a session
    uninstall_server: bool = False
    yes: bool = False  # to what these two ask
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
}
INTERNAL: Final = ("--fake-proxy", "--hand-over")  # of us to ourselves: no user is told of it
_IGNORED: Final = "@"  # upstream's parser takes it, with a value, and does nothing: scripts may have it

_WITH_VALUE: Final = _IGNORED + "".join(
    [name[1:] for name, (_, fixed) in SPELLINGS.items() if fixed is None and len(name) == 2]
)

CHOICES: Final[Mapping[str, tuple[str, ...]]] = {  # field → the values that it can have
    "predict": prediction_display.SPELLINGS,
    "family": FAMILIES,
    "experimental_remote_ip": REMOTE_IP_MODES,
}


def parse_options(arguments: Sequence[str], environ: Mapping[str, str]) -> Options:
    """Return what `arguments` (without the program's name) ask for.

    `environ` gives the defaults of MOSH_PREDICTION_DISPLAY and its like. With `help` or `version` nothing else is
    checked. Raises UsageError with one sentence.
    """
    found: dict[str, str | bool] = {}
    if environ.get("MOSH_PREDICTION_DISPLAY"):
        found["predict"] = environ["MOSH_PREDICTION_DISPLAY"]
    if environ.get("MOSH_KEEP_LAST_SCREEN"):
        found["keep_last_screen"] = environ["MOSH_KEEP_LAST_SCREEN"]
    if environ.get("MOSH_PREDICTION_OVERWRITE") == "yes":
        found["predict_overwrite"] = True
    words = list(arguments)
    host: str | None = None
    while words:
        word = words.pop(0)
        if word == "--":
            if host is None and words:
                host = words.pop(0)
            break
        if word.startswith("-") and word != "-":
            _take_option(word, words, found)
        elif host is None:
            host = word
        else:
            words.insert(0, word)
            break
    options = Options(host=host or "", command=tuple(words))
    _normalize(found)
    options = options._replace(**found)  # type: ignore[arg-type]  # SPELLINGS gives each field a value of its type
    if not (options.help or options.version):
        _check(options, host)
    return options


def _normalize(found: dict[str, str | bool]) -> None:
    """Spell what upstream's parser takes too as we do: words of a choice in any case, a port with a sign."""
    for field, choices in (*CHOICES.items(), ("bind_server", ("ssh", "any"))):
        value = found.get(field)
        if isinstance(value, str) and value.lower() in choices:
            found[field] = value.lower()
    port = found.get("port")
    if isinstance(port, str):
        found["port"] = ":".join([part.removeprefix("+") for part in port.split(":")])


def _take_option(word: str, words: list[str], found: dict[str, str | bool]) -> None:
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


def _check(options: Options, host: str | None) -> None:
    """Raise UsageError for the first value that cannot be meant."""
    for field, choices in CHOICES.items():
        value = getattr(options, field)
        if value not in choices:
            name = "--" + field.replace("_", "-")
            raise UsageError(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
    if options.port:
        _check_port(options.port)
    if options.bind_server not in ("ssh", "any"):
        _check_ip(options.bind_server)
    if options.fake_proxy or options.hand_over:
        if len(options.command) not in ((1, 2) if options.hand_over else (1,)):
            raise UsageError("--fake-proxy needs a host and a port.")
        return
    if host is None and not options.local:
        raise UsageError("Which host? Usage: mosh [options] [--] [user@]host [command...]; mosh --help says more.")
    if host is not None:
        check_destination(host)
    _check_installation(options)
    if not options.ssh.strip() and not options.local:
        raise UsageError("--ssh needs a command.")


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
