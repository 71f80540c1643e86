"""The user's own choices, by host: a file in the form of ssh_config(5), whose keywords are mosh's long options.

    Host *.example.org !slow.example.org
        Predict always
        no-init = yes
        Server env FOO=1 ~/bin/mosh-server

The first value for a host wins, as with ssh. What is wrong in a line is said with its number, whether or not the line
is for this host; only a keyword that is unknown is passed over. docs/adr/0093-a-configuration-file.md
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from typing import Final

from mosh_bootstrap.options import ACTIONS, SPELLINGS, Options, check_setting, normal
from mosh_common.errors import UsageError

LONGEST_OCTETS: Final = 262_144  # of the file
_OTHERS_MAY_WRITE: Final = 0o022
_WHOLE_LINE: Final = frozenset({"client", "server", "ssh"})  # their values are a command or a path, with what is in it
_YES_OR_NO: Final = {"yes": True, "true": True, "no": False, "false": False}
_URI: Final = "ssh://"


def _name(keyword: str) -> str:
    """Return a keyword as it is compared: PredictOverwrite and predict-overwrite are one."""
    return keyword.replace("-", "").lower()


# As compared → field, and the value that "yes" stands for; None = the value is the keyword's own.
KEYWORDS: Final[Mapping[str, tuple[str, str | bool | None]]] = {
    _name(spelling): (field, fixed)
    for spelling, (field, fixed) in SPELLINGS.items()
    if spelling.startswith("--") and field not in ACTIONS
}


def settings_for(host: str, path: str) -> tuple[dict[str, str | bool], list[str]]:
    """Return what the file says for `host` ([user@]host or a URI, as on the command line), and what it says in vain.

    Fields of Options and their values, checked; and a sentence for each keyword that is unknown. Raises UsageError for
    a file that cannot be taken, or a line that makes no sense.
    """
    return read_settings(_text_of(path), host, path)


def read_settings(text: str, host: str, path: str) -> tuple[dict[str, str | bool], list[str]]:
    """Return the same of a file's text; `path` is for what is said of it. Raises UsageError for a wrong line."""
    name = _host_name(host)
    found: dict[str, str | bool] = {}
    unknown = []
    applies = True  # before the first Host: for all
    for number, line in enumerate(text.split("\n"), 1):
        keyword, value = _split(line)
        if not keyword:
            continue
        try:
            if keyword == "host":
                applies = _is_meant(name, _words(value))
                continue
            if keyword == "match":
                raise UsageError("Match is not known here, only Host.")
            if keyword not in KEYWORDS:
                unknown.append(f"{path}, line {number}: no option is called {line.split()[0]!r}; mosh(1) lists them.")
                continue
            field, setting = _setting(keyword, value)
        except UsageError as error:
            raise UsageError(f"{path}, line {number}: {error}") from None
        if applies:
            found.setdefault(field, setting)
    return found, unknown


def as_file(options: Options) -> str:
    """Return a file's text that says what `options` do, for their host. Raises UsageError where no file can."""
    lines = [f"Host {_host_name(options.host)}"] if options.host else []
    for spelling, (field, fixed) in SPELLINGS.items():
        if not spelling.startswith("--") or spelling.startswith("--no-") or field in ACTIONS:
            continue
        value = getattr(options, field)
        if value == "":
            continue  # the program's own choice
        if isinstance(value, bool):
            value = "yes" if value == fixed else "no"
        line = f"{spelling[2:]} {'= ' if value.startswith('=') else ''}{value}"
        if "\n" in value or "\0" in value or _setting(*_split(line)) != (field, getattr(options, field)):
            raise UsageError(
                f"A file cannot have {spelling}={value!r}: no line end, and no quotes or blanks around it."
            )
        lines.append(line)
    return "".join([f"{line}\n" for line in lines])


def _text_of(path: str) -> str:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe would keep us waiting
        with open(fd, "rb") as file:
            found = os.fstat(fd)
            # SECURITY: who can write it can have us run anything (Ssh, Client): test_a_file_of_others_is_refused
            if found.st_uid not in (0, os.getuid()) or stat.S_IMODE(found.st_mode) & _OTHERS_MAY_WRITE:
                raise UsageError(
                    f"Others may write {path}: it must be yours, and writable by nobody else (chmod go-w)."
                )
            if not stat.S_ISREG(found.st_mode):
                raise UsageError(f"{path} is no file.")
            octets = file.read(LONGEST_OCTETS + 1)
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror}.") from None
    if len(octets) > LONGEST_OCTETS or b"\0" in octets:
        raise UsageError(f"{path} is no text of at most {LONGEST_OCTETS} octets.")
    return octets.decode(errors="surrogateescape")


def _split(line: str) -> tuple[str, str]:
    """Return keyword, as it is compared, and value, as ssh divides them: at blanks, with "=" once among them or not."""
    line = line.strip()
    if not line or line.startswith("#"):
        return "", ""
    end = next((index for index, character in enumerate(line) if character.isspace() or character == "="), len(line))
    value = line[end:].lstrip()
    return _name(line[:end].strip('"')), value.removeprefix("=").lstrip()


def _words(value: str) -> list[str]:
    """Return the words of a value, in double quotes or not, up to a comment. Raises UsageError."""
    found = []
    rest = value
    while rest and not rest.startswith("#"):
        if rest.startswith('"'):
            word, quote, rest = rest[1:].partition('"')
            if not quote:
                raise UsageError("a quote is open.")
        else:
            word = rest.split()[0]
            rest = rest[len(word) :]
        found.append(word)
        rest = rest.lstrip()
    return found


def _setting(keyword: str, value: str) -> tuple[str, str | bool]:
    """Return field and value, checked. Raises UsageError."""
    field, fixed = KEYWORDS[keyword]
    if field in _WHOLE_LINE:
        given = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' and '"' not in value[1:-1] else value
    else:
        words = _words(value)
        if len(words) > 1:
            raise UsageError(f"one value is wanted, not {len(words)}.")
        given = "".join(words)
    if not given:
        raise UsageError("the value is missing.")
    if fixed is not None:
        return field, _switched(fixed, given.lower())
    setting = normal(field, given)
    check_setting(field, setting)
    return field, setting


def _switched(fixed: str | bool, given: str) -> str | bool:
    """Return what a flag's "yes" or "no" means, where its option alone means `fixed`. Raises UsageError."""
    if given == "auto" and isinstance(fixed, str):
        return given
    if given not in _YES_OR_NO:
        raise UsageError(f"yes or no is wanted, not {given!r}.")
    if isinstance(fixed, bool):
        return fixed is _YES_OR_NO[given]
    return "yes" if (fixed == "yes") is _YES_OR_NO[given] else "no"


def _host_name(host: str) -> str:
    """Return what patterns are compared with: the host as it was named, without user and port."""
    name = host.removeprefix(_URI).rpartition("@")[2]
    if not host.startswith(_URI):
        return name
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0] if name.count(":") == 1 else name


def _is_meant(name: str, patterns: list[str]) -> bool:
    """Whether a Host line is for this host: a pattern fits, and none with "!". Raises UsageError."""
    if not patterns:
        raise UsageError("the value is missing.")
    fits = {pattern for pattern in patterns if _fits(name, pattern.removeprefix("!"))}
    return bool(fits) and not any(pattern.startswith("!") for pattern in fits)


def _fits(name: str, pattern: str) -> bool:
    """Whether `pattern`, with "*" and "?", is `name`; at most len(name) × len(pattern) steps."""
    possible = {0}  # positions of the name that the pattern so far may reach
    for character in pattern:
        if not possible:
            return False
        if character == "*":
            possible = set(range(min(possible), len(name) + 1))
        else:
            possible = {at + 1 for at in possible if at < len(name) and character in ("?", name[at])}
    return len(name) in possible
