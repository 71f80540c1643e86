"""What this machine knows of its way to Debian's packages and to Python's, for a root that shall go the same way.

A mirror, apt's settings for the network, pip's files and variables, the certificates. Read when a check runs and
copied into its root, so that nothing of one machine stands in the repository. Changes nothing on the machine.
"""

from __future__ import annotations

import configparser
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

DEFAULT_MIRROR: Final = "http://deb.debian.org/debian"
MIRROR_VARIABLE: Final = "MOSH_MATRIX_MIRROR"
# "stable" and the like too: a machine may follow the name that moves.
DEBIAN_SUITES: Final = frozenset(
    {"bullseye", "bookworm", "trixie", "forky", "duke", "sid", "oldstable", "stable", "testing", "unstable"}
)
CERTIFICATES: Final = Path("/etc/ssl/certs/ca-certificates.crt")

# SECURITY: how to get there, never whom to trust: no Allow-…, no Verify-…, no keys. Check-… is the date only.
# (test_machine.py: test_a_root_gets_the_way_to_the_mirror_and_no_leave_to_trust_it)
_APT_SETTING = re.compile(r"Acquire::(Check-Valid-Until|Check-Date|Retries|ForceIPv[46]|https?::(Proxy|Timeout)\b)")
_FOR_PROGRAMS = re.compile(r"PIP_\w+|(https?|all|no)_proxy|SSL_CERT_FILE|REQUESTS_CA_BUNDLE", re.IGNORECASE)


class Source(NamedTuple):
    """A place that apt gets packages from."""

    uri: str
    suites: tuple[str, ...]


class Mirrors(NamedTuple):
    """Where Debian comes from; `security` is None where this machine does without."""

    main: str
    security: str | None


def parse_sources(text: str) -> Iterator[Source]:
    """Read a file of /etc/apt/sources.list.d, whichever of apt's two forms it has."""
    for line in text.splitlines():
        one_line = re.match(r"deb\s+(?:\[[^]]*\]\s*)?(\S+)\s+(\S+)", line)
        if one_line:
            yield Source(one_line[1].rstrip("/"), (one_line[2],))
    without_comments = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", without_comments):
        fields = {
            name.lower(): value.split() for name, value in re.findall(r"^([\w-]+):((?:.*)(?:\n\s.*)*)", stanza, re.M)
        }
        if "deb" in fields.get("types", ()) and fields.get("enabled") != ["no"]:
            for uri in fields.get("uris", ()):
                yield Source(uri.rstrip("/"), tuple(fields.get("suites", ())))


def mirrors(sources: list[Source], environment: Mapping[str, str]) -> Mirrors:
    """Choose: the variable's, else what this machine's apt uses for any suite of Debian, else Debian's own."""
    chosen = environment.get(MIRROR_VARIABLE, "").rstrip("/")
    main = next((source.uri for source in sources if DEBIAN_SUITES.intersection(source.suites)), DEFAULT_MIRROR)
    with_security = (
        source.uri
        for source in sources
        if any(suite.removesuffix("-security") in DEBIAN_SUITES for suite in source.suites if "-security" in suite)
    )
    return Mirrors(chosen or main, None if chosen else next(with_security, None))


def machine_sources() -> list[Source]:
    """All that this machine's apt is told to use."""
    folder = Path("/etc/apt/sources.list.d")
    files = [Path("/etc/apt/sources.list"), *sorted(folder.glob("*.list")), *sorted(folder.glob("*.sources"))]
    return [source for path in files if path.is_file() for source in parse_sources(path.read_text(errors="replace"))]


def apt_settings(dump: str) -> str:
    """Return those lines of `apt-config dump` that say how to reach a mirror."""
    return "".join(f"{line}\n" for line in dump.splitlines() if _APT_SETTING.match(line))


def machine_apt_settings() -> str:
    """The same of this machine."""
    return apt_settings(subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout)


def settings_for_programs(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that tell pip and what it uses of indexes, proxies and certificates."""
    return {name: value for name, value in environment.items() if _FOR_PROGRAMS.fullmatch(name)}


def pip_files(home: Path) -> dict[Path, Path]:
    """Return pip's settings on this machine: where each file is, and where a root has it ("~" is its user's home)."""
    system = [Path("/etc/pip.conf"), *Path("/etc/xdg/pip").glob("*")]
    found = {path: path for path in system if path.is_file()}
    for own in (".pip/pip.conf", ".config/pip/pip.conf"):
        if (home / own).is_file():
            found[home / own] = Path("~", own)
    return found


def files_named_in(settings: str) -> list[Path]:
    """Return the files (not folders) that exist here and that a pip.conf names: constraints, certificates."""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(settings)
    except configparser.Error:
        return []  # pip will say so itself
    words = [word for section in parser.sections() for _, value in parser.items(section) for word in value.split()]
    return [Path(word) for word in words if word.startswith("/") and Path(word).is_file()]


def what_to_copy(environment: Mapping[str, str]) -> dict[Path, Path]:
    """Return all files of this machine that a root needs, and where it has them."""
    files = pip_files(Path(environment.get("HOME", "/root")))
    named = [path for source in files for path in files_named_in(source.read_text(errors="replace"))]
    named += [Path(value) for value in settings_for_programs(environment).values() if os.path.isfile(value)]
    own_certificates = [path for path in Path("/usr/local/share/ca-certificates").glob("*.crt") if path.is_file()]
    wanted = [*named, CERTIFICATES, Path("/etc/resolv.conf"), *own_certificates]
    return files | {path: path for path in wanted if path.is_file()}
