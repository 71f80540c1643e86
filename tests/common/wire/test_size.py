"""Which terminal sizes are believed, by both kinds of diff."""

from __future__ import annotations

import pytest

from mosh_common.errors import UsageError
from mosh_common.terminal.emulator import Emulator
from mosh_common.wire import hostdiff, userdiff
from mosh_common.wire.drop import Dropped
from mosh_common.wire.size import CELLS_LIMIT, SIDE_LIMIT, Resize, check_size, nearest_size, size_is_possible

POSSIBLE = [(1, 1), (80, 24), (SIDE_LIMIT, 1), (1, SIDE_LIMIT), (1024, CELLS_LIMIT // 1024)]
NO_SIZES = [(0, 24), (80, 0), (-1, 24), (80, -(2**31)), (0, 2**31 - 1)]
TOO_LARGE = [(SIDE_LIMIT + 1, 1), (1, SIDE_LIMIT + 1), (1024, 1025), (65535, 65535), (2**31 - 1, 2**31 - 1)]


@pytest.mark.parametrize(("columns", "lines"), POSSIBLE)
def test_a_size_up_to_the_limits_is_taken(columns: int, lines: int) -> None:
    check_size(columns, lines)
    for module in (userdiff, hostdiff):
        assert module.decode(module.encode([Resize(columns, lines)])) == [Resize(columns, lines)]


@pytest.mark.parametrize(("columns", "lines"), NO_SIZES)
def test_what_is_no_size_is_refused(columns: int, lines: int) -> None:
    with pytest.raises(UsageError):
        check_size(columns, lines)
    for module in (userdiff, hostdiff):
        with pytest.raises(Dropped):
            module.decode(module.encode([Resize(columns, lines)]))


@pytest.mark.parametrize(("columns", "lines"), TOO_LARGE)
def test_a_window_past_the_limits_counts_as_the_nearest_and_a_servers_screen_is_refused(
    columns: int, lines: int
) -> None:
    with pytest.raises(UsageError):
        check_size(columns, lines)
    assert userdiff.decode(userdiff.encode([Resize(columns, lines)])) == [Resize(*nearest_size(columns, lines))]
    with pytest.raises(Dropped):
        hostdiff.decode(hostdiff.encode([Resize(columns, lines)]))


@pytest.mark.parametrize(("columns", "lines"), [*POSSIBLE, *TOO_LARGE])
def test_emulators_and_messages_have_one_bound(columns: int, lines: int) -> None:
    # Both roles cut with one rule, so that server, pty and client have screens of one size.
    (told,) = userdiff.decode(userdiff.encode([Resize(columns, lines)]))
    assert isinstance(told, Resize)
    emulator = Emulator(80, 24)
    emulator.resize(columns, lines)
    for snapshot in (emulator.snapshot(), Emulator(columns, lines).snapshot()):
        assert (snapshot.columns, snapshot.lines) == told == nearest_size(columns, lines)
    assert hostdiff.decode(hostdiff.encode([told])) == [told]


@pytest.mark.parametrize("size", [(0, 0), (-1, 7), (65535, 65535), (65535, 1), (1, 65535), (1025, 1025), (80, 24)])
def test_the_nearest_size_is_possible_and_no_larger(size: tuple[int, int]) -> None:
    columns, lines = nearest_size(*size)
    assert size_is_possible(columns, lines)
    assert columns <= max(size[0], 1)
    assert lines <= max(size[1], 1)
    assert nearest_size(columns, lines) == (columns, lines)
