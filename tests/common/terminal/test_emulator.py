"""The facade: feeding, snapshots, restoring."""

from __future__ import annotations

from mosh_common.terminal.cells import blank_snapshot
from mosh_common.terminal.emulator import Emulator


def test_a_new_emulator_is_state_0() -> None:
    snapshot = Emulator(10, 3).snapshot()
    blank = blank_snapshot(10, 3)._replace(palette=snapshot.palette)  # which is never the same in two of them
    assert snapshot == blank


def test_a_snapshot_stays_the_same_object_while_nothing_was_fed() -> None:
    emulator = Emulator(10, 3)
    emulator.feed(b"a")
    snapshot = emulator.snapshot()
    assert emulator.snapshot() is snapshot
    emulator.feed(b"\x1b[?1h")
    assert emulator.snapshot() is snapshot  # nothing that a diff expresses has changed
    emulator.feed(b"b")
    assert emulator.snapshot() is not snapshot


def test_rows_that_did_not_change_are_shared() -> None:
    emulator = Emulator(10, 3)
    emulator.feed(b"one\r\ntwo")
    before = emulator.snapshot()
    emulator.feed(b"!")
    after = emulator.snapshot()
    assert after.rows[0] is before.rows[0]
    assert after.rows[2] is before.rows[2]
    assert after.rows[1] is not before.rows[1]


def test_restoring_shares_the_rows_and_the_palette() -> None:
    source, target = Emulator(10, 3), Emulator(4, 2)
    source.feed(b"\x1b[31mred")
    snapshot = source.snapshot()
    target.restore(snapshot)
    assert target.snapshot() is snapshot
    target.feed(b"!")
    assert target.snapshot().rows[1] is snapshot.rows[1]
    assert target.snapshot().palette is snapshot.palette


def test_restoring_forgets_what_no_snapshot_holds() -> None:
    emulator = Emulator(10, 4)
    blank = emulator.snapshot()
    emulator.feed(b"\x1b[2;3r\x1b[?6h\x1b[4h\x1b(0\x1b[?7l\x1b[?1049h\x1b[3g\x1b[?69h\x1b[20h\x1b[12")
    emulator.restore(blank)
    emulator.feed(b"q\tx\x1b[4;1Hlast\n")
    assert [row.rstrip() for row in emulator.screen.display] == ["", "", "last", ""]
    assert emulator.snapshot().cursor_column == 4


def test_an_absurd_size_is_bounded() -> None:
    snapshot = Emulator(1_000_000, 0).snapshot()
    assert (snapshot.columns, snapshot.lines) == (4096, 1)
