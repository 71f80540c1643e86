"""Which terminal sizes are believed, by both kinds of diff."""

from __future__ import annotations

import pytest

from mosh_common.errors import UsageError
from mosh_common.wire import hostdiff, userdiff
from mosh_common.wire.drop import Dropped
from mosh_common.wire.size import CELLS_LIMIT, SIDE_LIMIT, Resize, check_size, nearest_size, size_is_possible

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


@pytest.mark.parametrize("size", [(0, 0), (-1, 7), (65535, 65535), (65535, 1), (1, 65535), (1025, 1025), (80, 24)])
def test_the_nearest_size_is_possible_and_no_larger(size: tuple[int, int]) -> None:
    columns, lines = nearest_size(*size)
    assert size_is_possible(columns, lines)
    assert columns <= max(size[0], 1)
    assert lines <= max(size[1], 1)
    assert nearest_size(columns, lines) == (columns, lines)
