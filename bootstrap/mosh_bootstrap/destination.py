"""Whether [user@]host is a name: what a shell would read as more than that never gets as far as ssh.

Pure. ssh puts host and user into commands that a shell reads (ProxyCommand, LocalCommand, Match exec), and refuses the
worst itself only since 9.6. A name often comes from elsewhere: a link, a submodule, a script's list.
"""

from __future__ import annotations

import re
from typing import Final

from mosh_common.errors import UsageError

_URI: Final = "ssh://"
# What sh, csh, fish or ssh's own configuration read as something else.
_NO_NAME: Final = frozenset("$`\"'\\;&|<>(){}*?[]!~#%^")
# Numeric IPv6: only there are brackets, and "%" before the zone, part of the address (RFC 4007 §11, RFC 3986 §3.2.2).
_IPV6: Final = r"[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9._-]+)?"
_IPV6_HOST: Final = re.compile(rf"{_IPV6}|\[{_IPV6}\](?::[0-9]+)?")
# A Windows domain's user, whose backslash no shell takes for more than a quote of the letter behind it.
_DOMAIN_USER: Final = re.compile(r"[A-Za-z0-9._-]+\\(?=[A-Za-z0-9])")
_ENCODED: Final = re.compile(r"%([0-9A-Fa-f]{2})")  # in a URI's user


def check_destination(destination: str) -> None:
    """Check [user@]host or ssh://[user@]host[:port], as ssh takes them. Raises UsageError with one sentence."""
    uri = destination.startswith(_URI)
    user, at, host = destination.removeprefix(_URI if uri else "").rpartition("@")
    if uri:
        user = _ENCODED.sub(lambda code: chr(int(code[1], 16)), user)
    if not host or host.startswith("-") or user.startswith("-"):
        # SECURITY: it would be an option to ssh, and ssh has options that run programs.
        # test_a_host_that_ssh_would_take_for_an_option_is_refused
        raise UsageError(f"{destination!r} cannot be a host.")
    if "/" in host:
        # SECURITY: ssh's configuration makes file names of hosts. test_a_host_is_no_path
        raise UsageError(f"{destination!r} cannot be a host: no name has '/' in it.")
    user = _DOMAIN_USER.sub("", user, count=1) if at else ""
    parts = user if _IPV6_HOST.fullmatch(host) else user + host
    # SECURITY: a shell may see it: test_a_host_that_a_shell_would_read_as_more_is_refused
    for character in parts:
        if character in _NO_NAME or character.isspace() or not character.isprintable():
            raise UsageError(f"{destination!r} cannot be a host: no name has {character!r} in it.")
