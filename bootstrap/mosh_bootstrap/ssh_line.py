"""ssh's own command line, where mosh stands in for ssh: which way each option goes, and each setting of a host.

Pure: words and settings in, a decision out. Whatever is not understood here is ssh's, which says best what is wrong
with it. docs/adr/0092-what-a-login-is.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from mosh_bootstrap.ssh_config import SshConfig
from mosh_common.command_line import letters

LOGIN: Final = "login"  # mosh's own login by ssh has it, too
TERMINAL: Final = "terminal"  # a command gets a terminal
SSH: Final = "ssh"  # the whole line is ssh's


class Row(NamedTuple):
    """One option of ssh's."""

    way: str
    has_value: bool
    reason: str


# Every option of OpenSSH 9.2 to 10: test_the_table_has_each_option_of_the_ssh_that_is_installed
OPTIONS: Final[Mapping[str, Row]] = {
    "1": Row(SSH, False, "refused"),
    "2": Row(LOGIN, False, "of no effect"),
    "4": Row(LOGIN, False, "the session's addresses, too"),
    "6": Row(LOGIN, False, "the session's addresses, too"),
    "A": Row(SSH, False, "forwards an agent"),
    "a": Row(LOGIN, False, "forwards no agent"),
    "B": Row(LOGIN, True, "interface"),
    "b": Row(LOGIN, True, "own address"),
    "C": Row(LOGIN, False, "compression"),
    "c": Row(LOGIN, True, "ciphers"),
    "D": Row(SSH, True, "forwards a port"),
    "E": Row(LOGIN, True, "log file"),
    "e": Row(LOGIN, True, "escape character"),
    "F": Row(LOGIN, True, "configuration file"),
    "f": Row(SSH, False, "goes to the background"),
    "G": Row(SSH, False, "prints the configuration"),
    "g": Row(LOGIN, False, "who may use forwarded ports, of which there are none"),
    "I": Row(LOGIN, True, "PKCS#11 library"),
    "i": Row(LOGIN, True, "key file"),
    "J": Row(LOGIN, True, "jump host"),
    "K": Row(SSH, False, "forwards Kerberos' tickets"),
    "k": Row(LOGIN, False, "forwards no tickets"),
    "L": Row(SSH, True, "forwards a port"),
    "l": Row(LOGIN, True, "user"),
    "M": Row(SSH, False, "is a master for others"),
    "m": Row(LOGIN, True, "message authentication codes"),
    "N": Row(SSH, False, "runs nothing"),
    "n": Row(SSH, False, "reads nothing"),
    "O": Row(SSH, True, "speaks to a master"),
    "o": Row(LOGIN, True, "any setting: `ssh -G` tells what comes of it"),
    "P": Row(SSH, True, "tag for the configuration; before OpenSSH 9.4 without a value, and of no effect"),
    "p": Row(LOGIN, True, "port"),
    "Q": Row(SSH, True, "asks what ssh can"),
    "q": Row(LOGIN, False, "quiet"),
    "R": Row(SSH, True, "forwards a port"),
    "S": Row(LOGIN, True, "a master's socket"),
    "s": Row(SSH, False, "runs a subsystem"),
    "T": Row(SSH, False, "no terminal"),
    "t": Row(TERMINAL, False, "a terminal for a command"),
    "V": Row(SSH, False, "prints the version"),
    "v": Row(LOGIN, False, "tells what ssh does"),
    "W": Row(SSH, True, "forwards standard input"),
    "w": Row(SSH, True, "tunnel"),
    "X": Row(SSH, False, "forwards X11"),
    "x": Row(LOGIN, False, "forwards no X11"),
    "Y": Row(SSH, False, "forwards X11"),
    "y": Row(LOGIN, False, "logs to syslog"),
}
_WITH_VALUE: Final = "".join([letter for letter, row in OPTIONS.items() if row.has_value])

# Keyword as `ssh -G` prints it → the values with which a login may be mosh's. Of others it is ssh's; of a keyword that
# is not printed, too, nothing is asked.
SETTINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "controlmaster": ("false", "no", "auto", "autoask"),
    "forkafterauthentication": ("no", "false"),
    "forwardagent": ("no", "false"),
    "forwardx11": ("no", "false"),
    "gssapidelegatecredentials": ("no", "false"),
    "requesttty": ("auto", "yes", "true", "force"),
    "sessiontype": ("default",),
    "stdinnull": ("no", "false"),
    "tunnel": ("no", "false"),
    # They are printed only where there is something to forward.
    "dynamicforward": (),
    "localforward": (),
    "remoteforward": (),
}
_WITH_TERMINAL: Final = ("yes", "true", "force")  # of RequestTTY, for a RemoteCommand


class SshLine(NamedTuple):
    """A command line of ssh's that may become a session."""

    options: list[str]  # for the login
    host: str
    command: str  # for the login shell; "" = none
    family: str  # "inet" or "inet6" where the line says so, else ""
    keywords: frozenset[str]  # that -o names, in lower case


def read_ssh_line(words: Sequence[str]) -> SshLine | None:
    """Return what `words` (without ssh's name) ask for; None where they are ssh's for certain."""
    rest = list(words)
    options: list[str] = []
    host, family, terminal, keywords = "", "", False, set()
    while rest:
        word = rest.pop(0)
        if word == "--":
            if not host and rest:
                host = rest.pop(0)
                if rest and rest[0].startswith("-"):  # ssh's versions differ in what this is
                    return None
            break
        if not word.startswith("-") or word == "-":
            if host:
                rest.insert(0, word)
                break
            if not word:
                return None
            host = word  # options may stand behind it, too
            continue
        for letter, value in letters(word, rest, with_value=_WITH_VALUE):
            row = OPTIONS.get(letter)
            if row is None or row.way == SSH or value is None:
                return None
            if row.way == TERMINAL:
                terminal = True
                continue
            if letter in "46":
                family = "inet" if letter == "4" else "inet6"
            if letter == "o":
                keywords.update(value.replace("=", " ").replace('"', " ").lower().split()[:1])
            options += [f"-{letter}", value] if row.has_value else [f"-{letter}"]
    if not host or (rest and not terminal):
        return None
    return SshLine(options, host, " ".join(rest), family, frozenset(keywords))


def is_left_to_ssh(line: SshLine, config: SshConfig, *, stand_in: str) -> bool:
    """Whether ssh's settings for the host ask for what only ssh does.

    `stand_in`: "mosh" = what a file says is passed over, and what the line says is not.
    """
    for keyword, harmless in SETTINGS.items():
        value = config.values.get(keyword)
        if value is not None and value.lower() not in harmless and (stand_in != "mosh" or keyword in line.keywords):
            return True
    if not config.remote_command:
        return False
    # ssh refuses two commands, and gives this one no terminal unless asked: a session for it may be wished for.
    has_terminal = config.values.get("requesttty", "").lower() in _WITH_TERMINAL
    return bool(line.command) or not (has_terminal or stand_in == "mosh")


def escape_key(config: SshConfig) -> str:
    r"""Return the character that ssh's EscapeChar names; "" for none.

    `ssh -G` spells a control character as vis(3) does: "\^]".
    """
    text = config.values.get("escapechar", "~")
    if len(text) == 3 and text.startswith("\\^"):
        text = chr(ord(text[2]) ^ 0x40)
    elif text == "\\\\":
        text = "\\"
    return text if len(text) == 1 and 0 < ord(text) < 128 else ""
