"""Parameters that are programs: each case is skipped where upstream's part of it is missing, and the others run."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from tests.support.programs import UPSTREAM, Pair, Programs


def parameter(value: object, **roles: Programs) -> object:
    """Return `value` as a parameter that needs those programs of its roles (mosh, mosh_client, mosh_server)."""
    wanted = [role.replace("_", "-") for role, programs in roles.items() if programs is UPSTREAM]
    return pytest.param(value, id=str(value), marks=pytest.mark.requires_upstream(*wanted))


def pair_parameters(pairs: Iterable[Pair]) -> list[object]:
    """Return pairs as parameters."""
    return [parameter(pair, mosh_client=pair.client, mosh_server=pair.server) for pair in pairs]
