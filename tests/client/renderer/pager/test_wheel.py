"""The wheel: in the pager, in the normal view, and that it types nothing at a prompt."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.paging import PagingDesk

from mosh_client.renderer.pager.paging import LATE_REPORTS_MS
from mosh_client.renderer.pager.reports import MouseReports
from mosh_common.terminal.cells import DEFAULT_MODES

ENTER_KEY = b"\x1e["
UP = b"\x1b[<64;5;5M"
DOWN = b"\x1b[<65;5;5M"
PRESS, DRAG, RELEASE = b"\x1b[<0;1;1M", b"\x1b[<32;3;1M", b"\x1b[<0;3;1m"


def desk_of(**environment: Any) -> PagingDesk:
    desk = PagingDesk(**environment)
    desk.print(*[f"line {number}" for number in range(100)])
    desk.shown  # noqa: B018  # it draws
    return desk


def test_the_pager_asks_for_the_mouse_and_gives_it_back() -> None:
    desk = desk_of()
    assert desk.terminal.snapshot().modes.mouse_tracking == 0
    desk.type(ENTER_KEY + UP)
    assert desk.text[0] == "line 87"
    modes = desk.terminal.snapshot().modes
    assert (modes.mouse_tracking, modes.mouse_encoding) == (1002, 1006)
    desk.type(DOWN * 5 + b"q")
    desk.shown  # noqa: B018  # it draws
    assert desk.terminal.snapshot().modes == DEFAULT_MODES
    assert desk.typed == b""


def test_reports_that_come_late_are_not_typed() -> None:
    desk = desk_of()
    desk.type(ENTER_KEY + b"q")
    desk.type(b"a" + DOWN + b"b")
    desk.wait(LATE_REPORTS_MS)
    desk.type(DOWN)
    assert desk.typed == b"ab" + DOWN


def test_where_a_program_has_the_mouse_its_reports_are_its_own() -> None:
    desk = desk_of(MOSH_WHEEL="yes")
    desk.server.modes = DEFAULT_MODES._replace(mouse_tracking=1000, mouse_encoding=1006)
    desk.show()
    desk.type(UP)
    assert not desk.paging
    assert desk.typed == UP


def test_by_default_the_mouse_is_the_terminals_in_the_normal_view() -> None:
    desk = desk_of()
    assert desk.terminal.snapshot().modes.mouse_tracking == 0
    desk.type(UP)
    assert not desk.paging


def test_with_the_setting_the_wheel_enters_and_at_the_end_leaves() -> None:
    desk = desk_of(MOSH_WHEEL="yes")
    modes = desk.terminal.snapshot().modes
    assert (modes.mouse_tracking, modes.mouse_encoding) == (1002, 1006)
    desk.type(UP + UP)
    assert desk.text[0] == "line 84"
    desk.type(DOWN * 2)
    assert desk.paging
    desk.type(DOWN)
    assert (desk.paging, desk.typed) == (False, b"")


def test_with_the_setting_a_drag_selects_and_other_reports_do_nothing() -> None:
    desk = desk_of(MOSH_WHEEL="yes")
    desk.type(DOWN + PRESS + RELEASE + b"a")
    assert not desk.paging
    desk.type(PRESS + DRAG + RELEASE)
    assert (desk.paging, "y copies" in desk.bar) == (True, True)
    assert desk.typed == b"a"


def test_with_the_setting_a_program_with_a_screen_of_its_own_is_left_alone() -> None:
    desk = desk_of(MOSH_WHEEL="yes")
    desk.server.alternate = True
    desk.show()
    desk.shown  # noqa: B018  # it draws
    assert desk.terminal.snapshot().modes == DEFAULT_MODES


@pytest.mark.parametrize("cut", range(1, len(UP)))
def test_a_report_in_two_reads_is_one(cut: int) -> None:
    reports = MouseReports()
    first, second = reports.split(b"x" + UP[:cut]), reports.split(UP[cut:] + b"y")
    if cut < 3:  # it could be a key
        assert first == [b"x" + UP[:cut]]
    else:
        assert [first[0], second[-1]] == [b"x", b"y"]
        assert len(second) == 2


# --- Alternate scroll (?1007), by which the wheel types arrow keys


def test_a_terminal_whose_wheel_types_arrow_keys_does_not_at_a_prompt_and_does_for_a_program() -> None:
    desk = desk_of()
    desk.view.terminal_scrolls()
    assert b"\x1b[?1007l" in desk.draw(now=desk.now)
    assert desk.view.touched.alternate_scroll  # it is put back in the end
    desk.server.alternate = True
    desk.show()
    assert b"\x1b[?1007h" in desk.draw(now=desk.now)
    desk.server.alternate = False
    desk.show()
    assert b"\x1b[?1007l" in desk.draw(now=desk.now)


def test_what_the_terminal_has_is_met_again_after_a_stop() -> None:
    desk = desk_of()
    desk.view.terminal_scrolls()
    desk.draw(now=desk.now)
    desk.view.repaint()
    assert b"\x1b[?1007l" in desk.draw(now=desk.now)


def test_a_terminal_is_left_as_it_is_where_the_server_keeps_no_history() -> None:
    desk = PagingDesk(offered=False)
    desk.view.terminal_scrolls()
    assert b"1007" not in desk.draw(now=desk.now)
    assert not desk.view.touched.alternate_scroll


def test_a_terminal_without_alternate_scroll_is_told_nothing_of_it() -> None:
    desk = desk_of()
    desk.type(ENTER_KEY + b"kq")
    assert b"1007" not in desk.written
    assert b"1007" not in desk.draw(now=desk.now)
