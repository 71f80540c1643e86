"""What ssh's configuration says of a host, as `ssh -G` prints it, and what of it would defeat our login.

Pure: octets in, facts and words out. Who runs ssh, and when, is login.py's business.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from mosh_common.errors import UsageError

OUTPUT_LIMIT: Final = 262_144  # octets; a configuration of many keys and forwards prints some 10,000
_LONGEST_NUMBER: Final = 9  # digits
_LINE_LIMIT: Final = 16_384  # of one line; a longer one is passed over

_FORWARDS: Final = ("localforward", "remoteforward", "dynamicforward")

# ssh's own options (getopt), as OpenSSH 7 to 10 have them.
_WITH_VALUE: Final = frozenset("BbcDEeFIiJLlmOopQRSWwP")
# Go to the background, no command, a subsystem instead of one, be a master for others: none is meant for a login that
# starts a server and ends.
_DEFEATING: Final = frozenset("fNsM")


class SshConfig(NamedTuple):
    """The settings that apply to a host. None of it is known of an ssh that has no -G."""

    values: Mapping[str, str]  # by keyword in lower case; the first, where there are several

    @property
    def host_name(self) -> str:
        """What ssh would connect to: a name, or a numeric address with its scope."""
        return self.values.get("hostname", "")

    @property
    def family(self) -> str:
        """`inet` or `inet6` where AddressFamily says so, else empty."""
        family = self.values.get("addressfamily", "")
        return family if family in ("inet", "inet6") else ""

    @property
    def jump(self) -> str:
        """The setting that puts something between us and the host, as a user knows it; empty without."""
        if self._has("proxyjump"):
            return f"ProxyJump {self.values['proxyjump']}"
        return "ProxyCommand" if self._has("proxycommand") else ""

    @property
    def chooses_its_own_way(self) -> bool:
        """Whether ssh's connection is to be something that our ProxyCommand would not make."""
        return bool(self.jump) or self._has("bindaddress") or self._has("bindinterface")

    @property
    def master_path(self) -> str:
        """The socket of the master whose connection ssh would use, if one listens there; empty without."""
        return self.values["controlpath"] if self._has("controlpath") else ""

    @property
    def remote_command(self) -> str:
        """What ssh would run for a user who names no command, its tokens replaced by ssh; empty = a login shell."""
        return self.values["remotecommand"] if self._has("remotecommand") else ""

    @property
    def passes_sockets(self) -> bool:
        """Whether this ssh can take over a connection that its ProxyCommand made."""
        return "proxyusefdpass" in self.values

    @property
    def can_be_master(self) -> bool:
        """Whether this ssh can take further channels, and end by itself when nobody wants any."""
        return "controlpersist" in self.values

    @property
    def connect_timeout_s(self) -> str:
        """How long connecting may take, in decimal; empty = as long as the system tries."""
        seconds = self.values.get("connecttimeout", "")
        return seconds if seconds.isascii() and seconds.isdigit() and len(seconds) <= _LONGEST_NUMBER else ""

    def overrides(self, *, pty: bool, reads: bool = True, master_persists_s: int = 0) -> list[str]:
        """Return the settings, as -o takes them, that our login needs otherwise. Only such as this ssh knows.

        `pty`: whether the login asks for a pseudo-terminal (by -tt, which needs nothing here). `reads`: its standard
        input is to be ssh's (else by -n, which needs nothing). `master_persists_s`: seconds for which it is to stay as
        a master of ours; 0 = it is to be none.
        """
        found = []
        if self.remote_command:
            found.append("RemoteCommand=none")  # ssh refuses two commands
        if self.values.get("forkafterauthentication") == "yes":
            found.append("ForkAfterAuthentication=no")
        if self.values.get("sessiontype", "default") != "default":
            found.append("SessionType=default")
        if any(keyword in self.values for keyword in _FORWARDS) or self.values.get("tunnel", "false") != "false":
            # They would end with the login, and a port that is taken may keep it from coming about.
            found.append("ClearAllForwardings=yes")
        if reads and self.values.get("stdinnull") == "yes":
            found.append("StdinNull=no")
        if master_persists_s:
            found += ["ControlMaster=yes", f"ControlPersist={master_persists_s}"]
        elif self.values.get("controlmaster", "no") not in ("no", "false"):
            found.append("ControlMaster=no")  # it would stay for others; what is there is used all the same
        if not pty and self.values.get("requesttty") in ("yes", "true", "force"):
            found.append("RequestTTY=no")
        return found

    @property
    def makes_canonical(self) -> bool:
        """Whether ssh makes names canonical, but not for a ProxyCommand, which ours is."""
        return self.values.get("canonicalizehostname") in ("yes", "true")

    def local_command(self, shell: str) -> str:
        """Return LocalCommand for an ssh whose SHELL is not the user's `shell`; empty when there is nothing to do.

        Its tokens are still to be replaced by ssh, within the quotes, too.
        """
        if not (shell and self.values.get("permitlocalcommand") == "yes" and self._has("localcommand")):
            return ""
        quoted_shell = _quoted(shell).replace("%", "%%")
        return f"SHELL={quoted_shell}; exec {quoted_shell} -c {_quoted(self.values['localcommand'])}"

    def _has(self, keyword: str) -> bool:
        """Whether a setting that may be "none" is something else."""
        return self.values.get(keyword, "").lower() not in ("", "none")


def parse(output: bytes) -> SshConfig | None:
    """Read what `ssh -G` printed; None when that is something else."""
    values: dict[str, str] = {}
    for line in output[:OUTPUT_LIMIT].decode(errors="surrogateescape").split("\n"):
        keyword, _blank, value = line.partition(" ")
        if keyword.isalnum() and len(line) <= _LINE_LIMIT:
            values.setdefault(keyword.lower(), value.strip())
    return SshConfig(values) if values.get("hostname") and "port" in values else None


def login_words(ssh: Sequence[str], overrides: Iterable[str] = ()) -> list[str]:
    """Return the user's ssh command without options that would defeat our login, and with `overrides`.

    These come first: of two values for a setting, ssh takes the first.
    """
    start = _behind_program(ssh)
    words = list(ssh[:start])
    for override in overrides:
        words += ["-o", override]
    rest = list(ssh[start:])
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or word in ("-", "--"):
            words += [word, *rest]
            break
        kept, takes_next = _without_defeating(word)
        if kept != "-":
            words.append(kept)
        if takes_next and rest:
            words.append(rest.pop(0))
    return words


def names_a_proxy(ssh: Sequence[str]) -> bool:
    """Whether the user's ssh command says by itself how to get to the host, be it "none"."""
    return any("proxy" in word.lower() or word.startswith("-J") for word in ssh[_behind_program(ssh) :])


def query_words(ssh: Sequence[str], destination: str) -> list[str]:
    """Return the words that ask ssh what applies to `destination`."""
    start = _behind_program(ssh)
    return [*ssh[:start], "-G", *login_words(ssh)[start:], destination]


def program_words(ssh: Sequence[str]) -> list[str]:
    """Return the words of the user's ssh command up to the one that names ssh: without its options."""
    return list(ssh[: _behind_program(ssh)])


def command_words(command: str) -> list[str]:
    """Return the words of the user's ssh command, as the value of --ssh has them. Raises UsageError."""
    try:
        return shlex.split(command)
    except ValueError as error:
        raise UsageError(f"--ssh is no shell command ({error}): {command!r}.") from None


def program_of(ssh: Sequence[str]) -> str:
    """Return the word of the user's ssh command that names ssh, or what stands for it."""
    return ssh[_behind_program(ssh) - 1] if ssh else ""


def _behind_program(ssh: Sequence[str]) -> int:
    """Return where ssh's own options begin: behind "ssh", or the first word where none is called so."""
    for index, word in enumerate(ssh):
        if os.path.basename(word) == "ssh":
            return index + 1
    return 1


def _without_defeating(word: str) -> tuple[str, bool]:
    """Return an option word without the letters that defeat a login, and whether its value is the next word."""
    kept = "-"
    for position, letter in enumerate(word[1:], 1):
        if letter in _WITH_VALUE:
            return kept + word[position:], position == len(word) - 1
        if letter not in _DEFEATING:
            kept += letter
    return kept, False


def _quoted(word: str) -> str:
    """Return `word` as a single word of sh."""
    return "'" + word.replace("'", "'\\''") + "'"
