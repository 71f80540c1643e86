"""What is reset by what: all that the values of a state declare, whether or not it was thought of elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from mosh_common.terminal.cells import Snapshot
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.screen.state import DEFAULT_RULES, DEFAULT_SETTINGS, Rules, Settings, default_tab_stops

ANYTHING = {"flags": frozenset({2026}), "saved_modes": {7: True}, "conformance_level": 1}


def changed(blank: Snapshot | None = None) -> Emulator:
    """Return an emulator of which every rule and setting is another one than at first."""
    emulator = Emulator(20, 5)
    screen = emulator.screen
    screen.change_rules(**{name: not getattr(DEFAULT_RULES, name) for name in Rules._fields})
    anything: dict[str, Any] = {name: ANYTHING.get(name, True) for name in Settings._fields}
    screen.settings = Settings(**anything)
    emulator.feed(b"\x1b[2;4r\x1b[3;9s\x1b[3g\x1b)0\x0e\x1b7")
    if blank is not None:
        emulator.restore(blank)
    return emulator


def assert_as_at_first(emulator: Emulator, *parts: str) -> None:
    new = Emulator(20, 5).screen
    for part in parts:
        assert getattr(emulator.screen, part) == getattr(new, part), part


SOFT = ("rules", "plain_printing", "charsets", "translation", "saved", "top", "bottom", "left", "right")
HARD = (*SOFT, "settings", "tab_stops", "modes", "alternate")


def test_every_rule_and_setting_can_be_another_one() -> None:
    screen = changed().screen
    for name in Rules._fields:
        assert getattr(screen.rules, name) != getattr(DEFAULT_RULES, name)
    for name in Settings._fields:
        assert getattr(screen.settings, name) != getattr(DEFAULT_SETTINGS, name)
    assert not screen.plain_printing


def test_a_soft_reset_sets_back_the_rules_and_leaves_the_settings() -> None:
    emulator = changed()
    before = emulator.screen.settings
    emulator.feed(b"\x1b[!p")
    assert_as_at_first(emulator, *SOFT)
    assert emulator.screen.settings == before
    assert emulator.screen.tab_stops == bytes(20)


@pytest.mark.parametrize("alternate", [b"", b"\x1b[?1049h"])
def test_a_hard_reset_sets_back_all_of_it(alternate: bytes) -> None:
    emulator = changed()
    emulator.feed(alternate + b"\x1bc")
    assert_as_at_first(emulator, *HARD)


def test_so_does_a_snapshot_that_is_restored() -> None:
    assert_as_at_first(changed(Emulator(20, 5).snapshot()), *HARD)
    assert_as_at_first(changed(Emulator(20, 5).snapshot()), "rows", "cursor_row", "cursor_column", "phase", "style")


@pytest.mark.parametrize("columns", [1, 2, 8, 9, 200])
def test_tab_stops_are_every_eight_columns_but_not_in_the_first(columns: int) -> None:
    stops = default_tab_stops(columns)
    assert len(stops) == columns
    assert [column for column, stop in enumerate(stops) if stop] == list(range(8, columns, 8))
