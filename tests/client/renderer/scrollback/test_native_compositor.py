"""What native scroll writes: on the primary screen, and in the scrollback."""

from __future__ import annotations

import re

import pytest
from tests.support.native_scene import COLUMNS, Scene, begun
from tests.support.scrollback import plain

from mosh_client.ipc.messages import Abilities, Notice
from mosh_client.renderer.scrollback.native_compositor import DECIDE_MS, NO_HISTORY_WORDS, ROWS_PATIENCE_MS
from mosh_client.renderer.scrollback.terminal import NativeTerminal
from mosh_client.scrollback_end import ScrollbackEnd


def written(scene: Scene) -> bytes:
    """Return what was written since this was asked last."""
    octets = bytes(scene.terminal.octets)
    scene.terminal.octets.clear()
    return octets


def filled(**arguments: object) -> Scene:
    scene = begun(**arguments)
    for number in range(scene.server.lines):
        scene.server.print(f"line {number}")
    scene.settle()
    written(scene)
    return scene


def test_a_pure_scroll_is_a_line_feed_and_the_new_row() -> None:
    scene = filled()
    scene.server.print("new line")
    scene.tell()
    scene.answer()
    scene.draw()
    octets = written(scene)
    assert octets.count(b"line") == 1
    assert len(octets) <= len("new line") + 30
    scene.assert_ideal()


def test_a_frame_waits_a_moment_for_the_rows_that_go_with_it() -> None:
    scene = filled()
    scene.server.print("new")
    scene.tell()
    scene.draw()
    assert written(scene) == b""
    assert scene.view.next_deadline(now=scene.now) == scene.now + ROWS_PATIENCE_MS
    scene.now += ROWS_PATIENCE_MS
    scene.draw()
    assert b"new" in written(scene)
    scene.answer()
    scene.draw()
    scene.assert_ideal()


def test_a_frame_never_waits_while_a_key_is_unanswered() -> None:
    scene = filled()
    scene.view.receive_keys(b"x", now=scene.now)
    scene.server.print("new")
    scene.tell()
    scene.draw()
    assert b"new" in written(scene)


def test_the_alternate_screen_is_the_terminals() -> None:
    scene = filled()
    shown = scene.terminal.shown
    scene.server.alternate = "vim"
    scene.settle()
    assert b"\x1b[?1049h" in written(scene)
    assert scene.terminal.shown[0] == "vim"
    scene.server.alternate = None
    scene.settle()
    octets = written(scene)
    assert b"\x1b[?1049l" in octets
    assert b"line" not in octets
    assert scene.terminal.shown == shown


def test_rows_that_come_while_a_program_is_on_the_alternate_screen_are_pushed_after_it() -> None:
    scene = filled()
    for number in range(20):
        scene.server.print(f"late {number}")
    scene.server.alternate = "vim"
    scene.settle()
    assert scene.terminal.shown[0] == "vim"
    scene.server.alternate = None
    scene.settle()
    scene.assert_ideal()


def test_notices_do_not_get_into_the_scrollback() -> None:
    scene = filled()
    scene.view.receive_message(Notice("a notice", True), now=scene.now)
    for number in range(20):
        scene.server.print(f"more {number}")
        scene.settle()
    assert any("mosh:" in row for row in scene.terminal.shown)
    assert plain(scene.terminal.scrollback) == plain(scene.server.ideal())


def test_a_clear_of_the_history_clears_the_scrollback_and_not_the_screen() -> None:
    scene = filled()
    scene.server.print("more")
    scene.settle()
    shown = scene.terminal.shown
    scene.server.clear_history()
    scene.settle()
    assert written(scene).count(b"\x1b[3J") == 1
    assert scene.terminal.scrollback == []
    assert scene.terminal.shown == shown


def test_an_upstream_server_is_as_without_native_scroll_and_that_is_said_once() -> None:
    scene = Scene()
    frame = scene._frames.encode(scene.server.snapshot())
    assert frame is not None
    scene.view.receive_message(frame, now=scene.now)
    scene.draw()
    assert b"1049" not in written(scene)
    scene.now += DECIDE_MS
    scene.draw()
    octets = written(scene)
    assert b"\x1b[?1049h" in octets
    assert NO_HISTORY_WORDS[:COLUMNS].split()[0] in " ".join(scene.terminal.shown)
    assert scene.view.part(stays=True, now=scene.now) is None


def test_a_server_of_ours_without_history_is_believed_at_once() -> None:
    scene = Scene()
    scene.view.receive_message(Abilities(True, False), now=scene.now)
    scene.draw()
    assert b"\x1b[?1049h" in written(scene)


def test_a_window_that_is_dragged_adds_nothing() -> None:
    scene = filled(lines=8)
    for number in range(10):
        scene.server.print(f"more {number}")
    scene.settle()
    for lines in (3, 6, 4, 7, 2, 8):
        scene.resize(lines)
        scene.settle()
        scene.assert_ideal()


def test_rows_of_the_user_that_come_back_to_the_screen_go_into_the_scrollback_again() -> None:
    scene = begun()
    scene.terminal.feed(b"\x1b[5;1Hbefore\r\n")  # a line from before the session
    scene.view.receive_keys(b"\x0c", now=scene.now)
    scene.settle()
    before = plain(scene.terminal.scrollback)
    scene.resize(9)
    scene.settle()
    assert plain(scene.terminal.scrollback) == before


def test_a_terminal_that_takes_nothing_back_has_each_row_once() -> None:
    scene = filled(takes_back=False, lines=8)
    scene.resize(3)
    scene.settle()
    scene.resize(7)
    scene.settle()
    for number in range(20):
        scene.server.print(f"more {number}")
    scene.settle()
    scene.assert_ideal()


def test_a_terminal_that_does_not_say_where_its_cursor_is_is_not_waited_for() -> None:
    scene = filled(lines=8)
    scene.terminal.set_size(COLUMNS, 3)
    scene.view.resize(COLUMNS, 3)
    assert scene.view.draw(now=scene.now) == b"\x1b[6n"
    assert scene.view.draw(now=scene.now) == b""
    scene.now += 100
    scene.settle()
    scene.assert_ideal()  # it is taken to do as xterm does


@pytest.mark.parametrize("stays", [False, True])
def test_the_last_screen_stays_only_for_good(stays: bool) -> None:
    scene = filled()
    scene.view.receive_message(Notice("a notice", True), now=scene.now)
    scene.draw()
    parted = scene.view.part(stays=stays, now=scene.now)
    assert parted is not None
    scene.terminal.feed(parted[0])
    assert parted[1] == (4 if stays else 0)
    assert scene.terminal.shown == (["line 1", "line 2", "line 3", "line 4", ""] if stays else [""] * 5)


def test_a_session_that_ends_on_the_alternate_screen_leaves_the_primary_one() -> None:
    scene = filled()
    scene.server.alternate = "vim"
    scene.settle()
    written(scene)
    parted = scene.view.part(stays=False, now=scene.now)
    assert parted is not None
    assert b"\x1b[?1049l" in parted[0]


def test_nothing_but_cells_gets_into_the_scrollback() -> None:
    scene = filled()
    for number in range(50):
        scene.server.print(f"more {number}")
        scene.settle()
    sequences = set(re.findall(rb"\x1b\[[0-9;?]*([@-~])|\x1b([^\[])", written(scene)))
    finals = {csi or escape for csi, escape in sequences}
    assert finals <= {b"H", b"K", b"h", b"l", b"m", b"A", b"B", b"C", b"D", b"M", b"G", b"X"}


def test_word_is_left_for_the_next_renderer() -> None:
    end = ScrollbackEnd()
    assert (end.printed, end.alternate) == (None, False)
    end.note((3, 7), 2, alternate=True)
    assert (end.printed, end.clears, end.alternate) == ((3, 7), 2, True)
    scene = Scene(native=NativeTerminal(b"", b"", b"", end))
    scene.server.print("x")
    scene.settle()
    assert end.printed == (0, 0)  # the server has less: what is said of the past is checked


def test_the_pager_has_the_alternate_screen_and_the_wish_and_nothing_is_lost_meanwhile() -> None:
    scene = filled()
    compositor = scene.view._compositor
    scene.view.receive_message(Abilities(detach=True, history=True), now=scene.now)
    scene.view.receive_keys(b"\x1e[", now=scene.now)
    for number in range(30):
        scene.server.print(f"more {number}")
        scene.tell()
        scene.draw()
    paging = scene.view.paging
    assert compositor.history_wanted(now=scene.now) is None
    assert b"\x1b[?1049h" in written(scene)
    scene.view.receive_keys(b"q", now=scene.now)
    assert (paging, scene.view.paging) == (True, False)
    scene.settle()
    scene.assert_ideal()
