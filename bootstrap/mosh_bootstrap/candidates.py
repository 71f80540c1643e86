"""Where the server may be: which addresses the client is to try, the likeliest first.

Used where ssh went its own way, so that nobody here saw the connection: what the far end says of itself and what the
name means here are two guesses, and each may be wrong. All are tried at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mosh_common.address import is_confined
from mosh_common.connect_words import OTHERS_LIMIT

_IPV6_FAMILY: Final = "inet6"


def candidates(announced: str | None, resolved: Sequence[str], *, family: str = "") -> list[str]:
    """Return the numeric addresses to try; empty when nothing is known.

    `announced`: the one that sshd says it was reached at (SSH_CONNECTION); `resolved`: those of the host's name, in the
    order in which --family wants them. `family`: "inet" or "inet6", if only that is wanted.

    SECURITY: a wrong one costs a few datagrams that only the session's server can read, and none is believed that is
    not authentic.
    """
    found = list(dict.fromkeys(resolved))
    if announced:
        known = [each for each in found if each.partition("%")[0] == announced.partition("%")[0]]
        if known:
            # The zone is ours: of a link-local address, the far end says its own.
            found.remove(known[0])
            found.insert(0, known[0])
        elif not is_confined(announced):
            found.insert(0, announced)
        else:  # the network behind a jump host, or the jump host itself; but maybe one that we share
            found.append(announced)
    if family in ("inet", _IPV6_FAMILY):
        found = [each for each in found if (":" in each) == (family == _IPV6_FAMILY)] or found
    if len(found) > OTHERS_LIMIT + 1 and announced:
        found = [*found[:OTHERS_LIMIT], found[-1]]  # the last may be the one that was announced
    return found[: OTHERS_LIMIT + 1]
