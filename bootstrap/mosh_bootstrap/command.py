"""The command lines that `mosh` runs: ssh, the remote server, the client.

Pure: values in, words out. The words are upstream's, so that either wrapper drives either pair of programs.
Must not know how they are run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from mosh_bootstrap import login_shell
from mosh_bootstrap.channels import PERSIST_S
from mosh_bootstrap.options import LOCAL_ADDRESS, Options
from mosh_bootstrap.ssh_config import SshConfig, login_words
from mosh_common.connect_words import format_ssh_connection
from mosh_common.locale_variables import LOCALE_VARIABLES

DEFAULT_SERVER: Final = "mosh-server"
HISTORY_VARIABLE: Final = "MOSH_HISTORY"
NOT_FOUND_EXIT: Final = 127  # sh(1): the command was not found

# Behind a pipe, so that the command still begins with the server; all that the server says comes after its own line.
# The newline first: a prompt or a title may stand on the line already. Only what is built into a shell: this costs one
# process, which starts beside the server. It ends as the pipe does, so it must tell of a server that said nothing.
_TELL_SSH_CONNECTION: Final = (
    f"""printf "\\n{format_ssh_connection("%s")}\\n" "$SSH_CONNECTION";mosh_end=1;"""
    'while IFS= read -r mosh_line;do mosh_end=0;printf "%s\\n" "$mosh_line";done;'
)


def quote(word: str) -> str:
    """Return `word` as a single word of this machine's shells, which are of sh's family, csh's or fish."""
    # Quotes and backslashes stand outside the quotes: between them, to fish alone, a backslash is an escape.
    return "'" + word.replace("\\", "\0").replace("'", "'\\''").replace("\0", "'\\\\'") + "'"


def server_arguments(options: Options, environ: Mapping[str, str], *, colors: int) -> list[str]:
    """Return the words behind "mosh-server". `colors`: what the user's terminal can show."""
    listens: list[str] = []
    if options.bind_server == "any":
        pass
    elif options.bind_server != "ssh":
        listens += ["-i", options.bind_server]
    elif options.local:
        listens += ["-i", options.host or LOCAL_ADDRESS]
    else:
        listens.append("-s")
    if options.port:
        listens += ["-p", options.port]
    words = ["new", "-c", str(colors), *listens]
    for name in LOCALE_VARIABLES:
        if name in environ:
            words += ["-l", f"{name}={environ[name]}"]
    if options.history:
        # As a variable: upstream's server takes any for one of the locale, and is none the worse for it.
        words += ["-l", f"{HISTORY_VARIABLE}={options.history}"]
    if options.command:
        words += ["--", *options.command]
    if options.asks_for_sessions:
        from mosh_bootstrap import sessions

        return sessions.words(options, listens=listens, new=words)
    return words


def sent_locale(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what of `environ` the server is told of the user's locale: no locale has a name that cannot be quoted."""
    return {
        name: environ[name] for name in LOCALE_VARIABLES if name in environ and login_shell.can_be_quoted(environ[name])
    }


def remote_command(options: Options, environ: Mapping[str, str], *, colors: int) -> str:
    """Return the one string that ssh hands to the remote shell."""
    server = options.server or DEFAULT_SERVER
    words = server_arguments(options._replace(command=()), sent_locale(environ), colors=colors)
    command = " ".join([server, *map(login_shell.quote, words)])
    if options.command:
        command += " -- " + " ".join(login_shell.quote_command(options.command))
    if options.experimental_remote_ip == "remote" and not (options.list or options.end):
        return tells_ssh_connection(command, server)
    return command


def tells_ssh_connection(command: str, server: str = "") -> str:
    """Return `command` with what prints SSH_CONNECTION, and then what the server says on its standard output.

    `server`: the word of it that the shell looks for, whose code for that the end of the pipe then has.
    """
    script = _TELL_SSH_CONNECTION
    if login_shell.is_plain(server.removeprefix("~/")):  # else a piece of shell: nobody knows which word it runs
        script += f"[ $mosh_end = 0 ]||command -v {server} >/dev/null||exit {NOT_FOUND_EXIT};"
    return f"{command} | sh -c '{script}exit $mosh_end'"


def ssh_arguments(
    options: Options,
    environ: Mapping[str, str],
    *,
    ssh: Sequence[str],
    destination: str,
    colors: int,
    proxy: Sequence[str] = (),
    config: SshConfig | None = None,
    master: str = "",
    command: str = "",
    idle_input: bool = False,
) -> list[str]:
    """Return ssh's whole command line.

    `ssh`: the user's ssh command in words. `destination`: the host as ssh is to see it. `environ`: the user's. `proxy`:
    the words of our own ProxyCommand, before the family; only used in the mode `proxy`. `config`: what applies to the
    host, as far as ssh says. `master`: where the socket is to be by which this login takes further channels; empty =
    it takes none. `command`: for the remote shell; empty = the one that starts the server. `idle_input`: on ssh's
    standard input nobody types.
    """
    mode = options.experimental_remote_ip
    if mode == "auto":  # nobody has found out what applies
        mode = "proxy"
    overrides = [] if config is None else _overrides(config, options, environ, master=master, idle_input=idle_input)
    words = login_words(ssh, overrides)
    if not idle_input:
        words.append("-n")
    if options.ssh_pty:
        words.append("-tt")
    if mode == "proxy" or master:
        # A shared connection of somebody else's would bypass the ProxyCommand, and with it the address we need.
        words += ["-S", master or "none"]
    if mode == "proxy":
        words += _proxy_words(options, proxy, config, master=master)
    elif mode == "remote" and options.family in ("inet", "inet6"):
        words.append("-4" if options.family == "inet" else "-6")
    return [*words, destination, "--", command or remote_command(options, environ, colors=colors)]


def _overrides(
    config: SshConfig, options: Options, environ: Mapping[str, str], *, master: str, idle_input: bool
) -> list[str]:
    """Return the settings, as -o takes them, that stand before the user's own."""
    overrides = config.overrides(pty=options.ssh_pty, reads=idle_input, master_persists_s=PERSIST_S if master else 0)
    if options.experimental_remote_ip in ("auto", "proxy"):
        if config.makes_canonical:
            overrides.append("CanonicalizeHostname=always")
        local_command = config.local_command(environ.get("SHELL", ""))
        if local_command:
            overrides.append("LocalCommand=" + local_command)
    return overrides


def _proxy_words(options: Options, proxy: Sequence[str], config: SshConfig | None, *, master: str) -> list[str]:
    """Return ssh's options for our own ProxyCommand."""
    hand_over = config is not None and config.passes_sockets
    command = proxy_command(proxy, options.family, hand_over=hand_over)
    if config is not None and hand_over and config.connect_timeout_s:
        command += " " + config.connect_timeout_s  # ssh itself waits for its proxy command for ever
    if master:
        command += " 2>/dev/tty"  # which ssh takes away from the proxies of a master that persists
    return ["-o", "ProxyCommand=" + command, *(["-o", "ProxyUseFdpass=yes"] if hand_over else [])]


def proxy_command(proxy: Sequence[str], family: str, *, hand_over: bool = False) -> str:
    """Return the value of ssh's ProxyCommand: a shell line in which ssh replaces %h and %p.

    `hand_over`: ssh takes the connection itself over.
    """
    words = [quote(word).replace("%", "%%") for word in (*proxy, f"--family={family}")]
    return " ".join([*words, "--hand-over" if hand_over else "--fake-proxy", "--", "%h", "%p"])


def client_arguments(client: Sequence[str], arguments: Sequence[str], *, ip: str, port: int) -> list[str]:
    """Return the client's command line. `arguments`: our own, which `ps` shows between "-#" and "|"."""
    return [*client, "-# " + " ".join([*arguments, "|"]), ip, str(port)]


def client_environment(
    options: Options, environ: Mapping[str, str], *, key: str, others: Sequence[str] = ()
) -> dict[str, str]:
    """Return the client's environment: ours, the key, and the wishes that have no option on its command line.

    `others`: numeric addresses that the server may have beside the one on that command line.
    """
    result = dict(environ)
    result["MOSH_KEY"] = key
    if others:
        result["MOSH_ADDRESSES"] = " ".join(others)
    result["MOSH_PREDICTION_DISPLAY"] = options.predict
    if options.predict_overwrite:
        result["MOSH_PREDICTION_OVERWRITE"] = "yes"
    else:
        result.pop("MOSH_PREDICTION_OVERWRITE", None)  # --no-predict-overwrite beats the environment
    result.pop("MOSH_SSH_ESCAPE_KEY", None)
    if options.ssh_escape_key:
        result["MOSH_SSH_ESCAPE_KEY"] = options.ssh_escape_key
    if not options.init:
        result["MOSH_NO_TERM_INIT"] = "1"
    result["MOSH_SCROLLBACK"] = options.scrollback
    if options.keep_last_screen != "auto":
        result["MOSH_KEEP_LAST_SCREEN"] = options.keep_last_screen
    elif options.command:
        result["MOSH_KEEP_LAST_SCREEN"] = "yes"
    return result
