"""The register of our own numbers on the wire: instructions, their fields, and the features of two programs of ours.

Numbers below 64 are upstream's. From 64 on they are this project's, each of them for one thing only: what has a number
here keeps it. Programs of upstream's skip what they do not know; what ours say of it is skipped as well, and said only
to a peer that named itself (docs/wire.md §8, docs/adr/0070). Knows nothing of states.

messages.py and the table in docs/wire.md §8 say the same (test_extensions.py).
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Final, NamedTuple

from mosh_common.errors import UsageError

FIRST_NUMBER: Final = 64
LAST_NUMBER: Final = 65535
FEATURES_LIMIT: Final = 128  # numbers in one set, far beyond what there will ever be; others are dropped


class Way(enum.Enum):
    """Who says it to whom."""

    TO_SERVER = "to the server"
    TO_CLIENT = "to the client"
    BOTH = "both ways"


class Kind(enum.Enum):
    """What a number counts."""

    INSTRUCTION = "instruction"  # in a user or host message
    FIELD = "field"  # of such an instruction
    FEATURE = "feature"  # what both must name before anything of it is said; maybe an instruction as well


class Extension(NamedTuple):
    """A row of the register."""

    number: int
    name: str  # as in messages.py, where it is there
    kind: Kind
    way: Way
    why: str


ANNOUNCEMENT: Final = 64
NOTICE: Final = 66
FEATURES: Final = 69
REQUEST: Final = 71
PART: Final = 74
EXIT_STATUS: Final = 75
DETACH: Final = 76
PARTING: Final = 77
HISTORY: Final = 78

REGISTER: Final = (
    Extension(ANNOUNCEMENT, "announcement", Kind.FEATURE, Way.TO_CLIENT, "what program the server is, for people"),
    Extension(65, "program", Kind.FIELD, Way.TO_CLIENT, "of the announcement: name and version"),
    Extension(NOTICE, "notice", Kind.FEATURE, Way.TO_CLIENT, "what the server tells the user of itself"),
    Extension(67, "kind", Kind.FIELD, Way.TO_CLIENT, "of a notice: one of each kind holds"),
    Extension(68, "text", Kind.FIELD, Way.TO_CLIENT, "of a notice; none takes it away"),
    Extension(FEATURES, "features", Kind.INSTRUCTION, Way.BOTH, "who speaks: one of ours, that has these features"),
    Extension(70, "number", Kind.FIELD, Way.BOTH, "of features: each feature's number here"),
    Extension(REQUEST, "request", Kind.INSTRUCTION, Way.TO_SERVER, "what a feature asks of the server"),
    Extension(72, "feature", Kind.FIELD, Way.BOTH, "of a request or part: whose it is"),
    Extension(73, "octets", Kind.FIELD, Way.BOTH, "of a request or part: what the feature makes of it"),
    Extension(PART, "part", Kind.INSTRUCTION, Way.TO_CLIENT, "a feature's part of the host state"),
    Extension(EXIT_STATUS, "exit_status", Kind.FEATURE, Way.TO_CLIENT, "how the session's program ended, in a part"),
    Extension(DETACH, "detach", Kind.FEATURE, Way.TO_SERVER, "a request: the client leaves, the session stays"),
    Extension(PARTING, "parting", Kind.FEATURE, Way.TO_CLIENT, "why the client is shut down, in a part"),
    Extension(
        HISTORY, "history", Kind.FEATURE, Way.BOTH, "a part: its extent and the screen shown; a channel: its lines"
    ),
)

# What this version's programs have, and name to each other.
OUR_FEATURES: Final = frozenset([row.number for row in REGISTER if row.kind is Kind.FEATURE])


class Features(NamedTuple):
    """Who says this is one of ours, and has these features."""

    numbers: tuple[int, ...]  # in order, each once


def is_number(number: int) -> bool:
    """Return whether a number may be a feature's."""
    return FIRST_NUMBER <= number <= LAST_NUMBER


def features(numbers: frozenset[int]) -> Features:
    """Return what names that set. Raises UsageError when no peer would take it whole."""
    if len(numbers) > FEATURES_LIMIT or not all(map(is_number, numbers)):
        raise UsageError(f"{len(numbers)} features; at most {FEATURES_LIMIT} from {FIRST_NUMBER} to {LAST_NUMBER}")
    return Features(tuple(sorted(numbers)))


def decode_features(numbers: Sequence[int]) -> Features:
    """Return what a peer named; numbers beyond FEATURES_LIMIT, and those that can be no feature's, are dropped."""
    # SECURITY: test_what_a_peer_names_is_bounded.
    return Features(tuple(sorted({number for number in numbers[:FEATURES_LIMIT] if is_number(number)})))
