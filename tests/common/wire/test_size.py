"""Which terminal sizes are believed, by both kinds of diff."""

from __future__ import annotations

import pytest

from mosh_common.errors import UsageError
from mosh_common.wire import hostdiff, userdiff
from mosh_common.wire.drop import Dropped
from mosh_common.wire.size import CELLS_LIMIT, SIDE_LIMIT, Resize, check_size

POSSIBLE = [(1, 1), (80, 24), (SIDE_LIMIT, 1), (1, SIDE_LIMIT), (1024, CELLS_LIMIT // 1024)]
IMPOSSIBLE = [(0, 24), (80, 0), (-1, 24), (80, -(2**31)), (SIDE_LIMIT + 1, 1), (1, SIDE_LIMIT + 1), (1024, 1025)]


@pytest.mark.parametrize(("columns", "lines"), POSSIBLE)
def test_a_size_up_to_the_limits_is_taken(columns: int, lines: int) -> None:
    check_size(columns, lines)
    for module in (userdiff, hostdiff):
        assert module.decode(module.encode([Resize(columns, lines)])) == [Resize(columns, lines)]


@pytest.mark.parametrize(("columns", "lines"), IMPOSSIBLE)
def test_a_size_past_the_limits_is_refused(columns: int, lines: int) -> None:
    with pytest.raises(UsageError):
        check_size(columns, lines)
    for module in (userdiff, hostdiff):
        with pytest.raises(Dropped):
            module.decode(module.encode([Resize(columns, lines)]))
