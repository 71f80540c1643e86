"""The renderer's core: what it sends and draws for what it is told."""

from __future__ import annotations

import pytest
from tests.support.world import START, Seat

from mosh_client.ipc.frames import FrameEncoder
from mosh_client.ipc.messages import (
    LONGEST_INPUT_OCTETS,
    Abilities,
    Detach,
    Exit,
    Hello,
    Input,
    Link,
    Notice,
    Progress,
    Quit,
    Resize,
    ServerNotices,
    Statistics,
    ToNetwork,
    Watch,
)
from mosh_client.terminal.tty import TITLE_AGAIN
from mosh_common.errors import PeerError
from mosh_common.terminal.cells import cell_text
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff.dialect import XTERM


class Desk(Seat):
    """A seat, and a server that draws what the test says."""

    def __init__(self, abilities: dict[str, bool] | None = None, **environment: str) -> None:
        self.now = START
        super().__init__(
            columns=20,
            lines=4,
            environment={"MOSH_PREDICTION_DISPLAY": "never", **environment},
            dialect=XTERM._replace(synchronized=False)._replace(**abilities or {}),
        )
        self.server = Emulator(20, 4)
        self._frames = FrameEncoder()

    def server_shows(self, output: str) -> None:
        self.server.feed(output.encode())
        frame = self._frames.encode(self.server.snapshot())
        assert frame is not None
        self.view.receive_message(frame, now=self.now)

    def link(self, **facts: int) -> None:
        values = {
            "last_heard": self.now,
            "last_acknowledged": self.now,
            "send_interval": 250,
            "port": 60001,
            **facts,
        }
        self.view.receive_message(Link(**values), now=self.now)

    def type(self, keys: bytes) -> list[ToNetwork]:
        self.view.receive_keys(keys, now=self.now)
        return self.view.messages_to_send()

    def draw(self, *, now: int | None = None) -> bytes:
        return super().draw(now=self.now if now is None else now)


def test_the_first_word_is_hello() -> None:
    assert Desk().view.messages_to_send() == [Hello(20, 4)]


def test_keys_go_out_in_numbered_batches() -> None:
    desk = Desk()
    desk.view.messages_to_send()
    assert desk.type(b"l") == [Input(1, b"l")]
    assert desk.type(b"s\r") == [Input(2, b"s\r")]


def test_a_paste_is_cut_into_batches_that_a_message_may_hold() -> None:
    desk = Desk()
    desk.view.messages_to_send()
    paste = b"x" * (2 * LONGEST_INPUT_OCTETS + 1)
    sent = desk.type(paste)
    assert [(each.batch, len(each.data)) for each in sent if isinstance(each, Input)] == [
        (1, LONGEST_INPUT_OCTETS),
        (2, LONGEST_INPUT_OCTETS),
        (3, 1),
    ]


def test_the_terminal_is_blank_until_a_frame_comes() -> None:
    desk = Desk()
    assert desk.draw() != b""
    assert desk.lines == [""] * 4
    desk.server_shows("$ ")
    desk.draw()
    assert desk.lines[0] == "$"


def test_only_the_newest_of_several_frames_is_drawn() -> None:
    desk = Desk()
    desk.server_shows("first")
    desk.server_shows("\r\x1b[Ksecond")
    assert b"first" not in desk.draw()
    assert desk.lines[0] == "second"


def test_a_key_is_echoed_at_once_when_predictions_are_always_shown() -> None:
    desk = Desk(MOSH_PREDICTION_DISPLAY="always")
    desk.server_shows("$ ")
    desk.link()
    # One confirmed guess shows the rest of its epoch.
    desk.type(b"a")
    desk.server_shows("a")
    desk.view.receive_message(Progress(1), now=desk.now)
    desk.draw()
    desk.type(b"b")
    desk.draw()
    assert desk.lines[0] == "$ ab"


def test_progress_judges_a_guess_without_a_new_frame() -> None:
    desk = Desk(MOSH_PREDICTION_DISPLAY="experimental")
    desk.link(send_interval=250)
    desk.server_shows("$ ")
    desk.type(b"x")
    desk.draw()
    assert desk.lines[0] == "$ x"
    desk.view.receive_message(Progress(1), now=desk.now)  # the server took it, and shows nothing
    desk.draw()
    assert desk.lines[0] == "$"


def test_a_resize_is_told_once_and_redraws_everything() -> None:
    desk = Desk()
    desk.view.messages_to_send()
    desk.server_shows("hello")
    desk.draw()
    desk.view.resize(10, 2)
    desk.view.resize(10, 2)
    assert desk.view.messages_to_send() == [Resize(10, 2)]
    desk.terminal = Emulator(10, 2)
    desk.draw()
    assert cell_text(desk.terminal.snapshot().rows[0], 4) == "o"


def test_a_smaller_window_keeps_the_prompt_and_what_is_guessed_there() -> None:
    desk = Desk(MOSH_PREDICTION_DISPLAY="always")
    desk.server_shows("1\r\n2\r\n3\r\n$ ")
    desk.draw()
    desk.type(b"ab")
    desk.view.resize(20, 2)
    desk.terminal = Emulator(20, 2)
    desk.draw()
    assert desk.lines == ["3", "$"]  # guesses are forgotten: the program may draw its line anew
    desk.type(b"c")
    desk.draw()
    assert desk.lines[0] == "3"
    desk.server.resize(20, 2)
    desk.server_shows("abc")
    desk.draw()
    assert desk.lines == ["3", "$ abc"]


@pytest.mark.parametrize("how", ["Ctrl-L", "resumed"])
def test_the_terminal_can_be_repainted(how: str) -> None:
    desk = Desk()
    desk.server_shows("hello")
    desk.draw()
    desk.terminal = Emulator(20, 4)
    if how == "Ctrl-L":
        assert [each.data for each in desk.type(b"\x0c") if isinstance(each, Input)] == [b"\x0c"]
    else:
        desk.view.repaint()
    desk.draw()
    assert desk.lines[0] == "hello"


def test_the_escape_key_shows_its_help_and_leaves() -> None:
    desk = Desk()
    desk.view.messages_to_send()
    desk.server_shows("hello")
    assert desk.type(b"\x1e") == []
    desk.draw()
    assert desk.lines[0].startswith("Commands: Ctrl-Z")
    assert desk.type(b".") == [Quit(by_user=True)]
    desk.draw()
    assert desk.lines[0] == "mosh: Exiting on use"


def test_signals_ask_to_quit_once_and_the_user_as_often_as_he_likes() -> None:
    desk = Desk()
    desk.view.messages_to_send()
    desk.view.quit()
    desk.view.quit()
    assert desk.view.messages_to_send() == [Quit(by_user=False)]
    assert desk.type(b"\x1e.") == [Quit(by_user=True)]
    assert not desk.view.insisted  # the first time by the key
    assert desk.type(b"\x1e.") == [Quit(by_user=True)]
    assert desk.view.insisted


def test_detaching_is_asked_for_and_insisted_on_by_the_key_alone() -> None:
    desk = Desk()
    desk.view.messages_to_send()
    desk.view.receive_message(Abilities(True), now=desk.now)
    assert desk.type(b"\x1ed") == [Detach()]
    assert not desk.view.insisted
    assert desk.view._bars(now=desk.now) == ("mosh: Detaching... [To leave at once: Ctrl-^ d]",)
    assert desk.type(b"\x1ed") == [Detach()]
    assert desk.view.insisted


def test_a_server_that_cannot_let_go_is_not_asked_to() -> None:
    desk = Desk()
    desk.view.messages_to_send()
    desk.server_shows("hello")
    desk.link()
    assert desk.type(b"\x1ed") == []
    [bar] = desk.view._bars(now=desk.now)
    assert bar == "mosh: this server keeps no session for later, so there is no detaching from it."
    desk.now += 5000
    assert desk.view._bars(now=desk.now) == ()


def test_a_session_that_is_being_ended_cannot_be_left_for_later() -> None:
    desk = Desk()
    desk.view.messages_to_send()
    desk.view.receive_message(Abilities(True), now=desk.now)
    assert desk.type(b"\x1e.") == [Quit(by_user=True)]
    assert desk.type(b"\x1ed") == []
    assert not desk.view.insisted


def test_the_bar_says_how_to_leave_when_nobody_answers() -> None:
    desk = Desk()

    def bars() -> tuple[str, ...]:
        return desk.view._bars(now=desk.now)

    desk.type(b"\x1e.")
    assert bars() == ("mosh: Exiting on user request... [To leave at once: Ctrl-^ .]",)
    desk.view.receive_message(Notice("Exiting on user request...", True), now=desk.now)
    assert bars() == ("mosh: Exiting on user request... [To leave at once: Ctrl-^ .]",)


def test_the_escape_key_suspends() -> None:
    desk = Desk()
    desk.view.messages_to_send()
    assert desk.type(b"a\x1e\x1ab") == [Input(1, b"a"), Input(2, b"b")]
    assert desk.view.suspend_wanted


def test_silence_is_drawn_when_its_time_comes() -> None:
    desk = Desk()
    desk.server_shows("\r\nhello")
    desk.link()
    desk.draw()
    deadline = desk.view.next_deadline(now=desk.now)
    assert deadline == desk.now + 6500
    desk.now = deadline
    desk.draw()
    assert desk.lines[:2] == ["mosh: Last contact 6", "hello"]


def test_a_notice_of_the_network_process_is_drawn() -> None:
    desk = Desk()
    desk.server_shows("\r\nhello")
    desk.link()
    desk.view.receive_message(Notice("Cannot send.", True), now=desk.now)
    desk.draw()
    assert desk.lines[:2] == ["mosh: Cannot send.", "hello"]


def test_exit_means_leave() -> None:
    desk = Desk()
    assert not desk.view.left
    desk.view.receive_message(Exit(), now=desk.now)
    assert desk.view.left


def test_a_frame_that_does_not_fit_is_refused() -> None:
    desk = Desk()
    desk.server_shows("a")
    frame = FrameEncoder().encode(Emulator(30, 4).snapshot())
    assert frame is not None
    with pytest.raises(PeerError):
        desk.view.receive_message(frame._replace(whole=False), now=desk.now)


def test_the_link_display_is_asked_for_shown_and_hidden() -> None:
    desk = Desk()
    desk.view.messages_to_send()
    desk.server_shows("hello\r\nworld")
    desk.link()
    assert desk.type(b"\x1es") == [Watch(True)]
    desk.draw()
    assert desk.lines[:2] == ["link: no figures yet", "world"]
    desk.view.receive_message(Statistics(40, 0, 0, desk.now, 5, 6, ""), now=desk.now)
    desk.draw()
    assert desk.lines[:2] == ["link: rtt 40 ms", "world"]
    assert desk.type(b"\x1es") == [Watch(False)]
    desk.draw()
    assert desk.lines[:2] == ["hello", "world"]


def test_the_link_display_stands_below_a_notice() -> None:
    desk = Desk()
    desk.server_shows("one\r\ntwo\r\nthree")
    desk.link()
    desk.type(b"\x1es")
    desk.view.receive_message(Notice("Cannot send.", True), now=desk.now)
    desk.draw()
    assert desk.lines[:3] == ["mosh: Cannot send.", "link: no figures yet", "three"]


def test_all_commands_cover_the_first_rows_until_the_next_key() -> None:
    desk = Desk()
    desk.server_shows("one\r\ntwo\r\nthree\r\nfour")
    desk.view.messages_to_send()
    assert desk.type(b"\x1e?") == []
    desk.draw()
    assert desk.lines[0].startswith("mosh: commands")
    assert "four" not in desk.lines
    assert [each.data for each in desk.type(b"x") if isinstance(each, Input)] == [b"x"]
    desk.draw()
    assert desk.lines == ["one", "two", "three", "four"]


def test_updates_are_synchronized_once_the_terminal_says_that_it_can() -> None:
    desk = Desk()
    desk.server_shows("\x1b[31ma\x1b[32mb\x1b[33mc\r\n\x1b[34md\x1b[35me\x1b[36mf\r\n\x1b[41mg\x1b[42mh")
    assert b"\x1b[?2026h" not in desk.draw()
    desk.view.terminal_synchronizes()
    desk.view.repaint()
    octets = desk.draw()
    assert octets.startswith(b"\x1b[?2026h")
    assert octets.endswith(b"\x1b[?2026l")


COPY = "\x1b]52;c;aGk=\x07"
COPY_MORE = "\x1b]52;c;bW9yZQ==\x07"


def follow_deadlines(desk: Desk, *, until: int) -> list[tuple[int, bytes]]:
    """Draw at each deadline of the next `until` ms; return what was written when."""
    written = [(desk.now - START, desk.draw())]
    while True:
        deadline = desk.view.next_deadline(now=desk.now)
        if deadline is None or deadline > START + until:
            return [each for each in written if each[1]]
        assert deadline > desk.now
        desk.now = deadline
        written.append((desk.now - START, desk.draw()))


def test_a_clipboard_that_is_set_is_announced_for_a_second() -> None:
    desk = Desk()
    desk.server_shows("\x1b]0;vim\x07")
    desk.draw()
    desk.server_shows(COPY)
    assert follow_deadlines(desk, until=5000) == [
        (0, COPY.encode() + b"\x1b]2;[mosh: clipboard set] vim\x07"),
        (1000, b"\x1b]2;[mosh] vim\x07"),
    ]


def test_a_title_that_changes_meanwhile_is_shown_behind_the_announcement_and_stays() -> None:
    desk = Desk()
    desk.server_shows("\x1b]0;vim\x07" + COPY)
    desk.draw()
    desk.now += 500
    desk.server_shows("\x1b]0;less\x07")
    desk.draw()
    assert desk.terminal.snapshot().title == "[mosh: clipboard set] less"
    assert follow_deadlines(desk, until=5000) == [(1000, b"\x1b]2;[mosh] less\x07")]


def test_a_second_clipboard_does_not_make_the_title_flicker() -> None:
    desk = Desk()
    desk.server_shows("\x1b]0;vim\x07" + COPY)
    desk.draw()
    desk.now += 600
    desk.server_shows(COPY_MORE)
    assert follow_deadlines(desk, until=5000) == [(600, COPY_MORE.encode()), (1600, b"\x1b]2;[mosh] vim\x07")]


def test_a_title_of_the_terminals_own_comes_back_after_the_announcement() -> None:
    desk = Desk()
    desk.server_shows("hello")
    desk.draw()
    desk.server_shows(COPY)
    assert follow_deadlines(desk, until=5000) == [
        (0, COPY.encode() + b"\x1b]2;[mosh: clipboard set] \x07"),
        (1000, b"\x1b]2;\x07" + TITLE_AGAIN),
    ]
    desk.server_shows(" world")
    assert b"t" not in desk.draw()


@pytest.mark.parametrize("after_ms", [500, 1500])
def test_a_title_of_the_terminals_own_comes_back_whatever_is_drawn_again(after_ms: int) -> None:
    desk = Desk()
    desk.server_shows("hello" + COPY)
    desk.draw()
    desk.now += after_ms
    desk.view.repaint()
    written = b"".join(octets for _, octets in follow_deadlines(desk, until=5000))
    assert written.count(TITLE_AGAIN) == 1
    assert COPY.encode() not in written
    assert b"\x1b]2;" not in written.partition(TITLE_AGAIN)[2]


def test_a_title_that_the_server_sets_during_the_announcement_is_not_taken_back() -> None:
    desk = Desk()
    desk.server_shows("hello" + COPY)
    desk.draw()
    desk.server_shows("\x1b]2;vim\x07")
    written = b"".join(octets for _, octets in follow_deadlines(desk, until=5000))
    assert TITLE_AGAIN not in written
    assert desk.terminal.snapshot().title == "[mosh] vim"


def test_without_its_prefix_the_title_still_says_that_the_clipboard_was_set() -> None:
    desk = Desk(MOSH_TITLE_NOPREFIX="")
    desk.server_shows("\x1b]2;vim\x07" + COPY)
    desk.draw()
    assert desk.terminal.snapshot().title == "[mosh: clipboard set] vim"


@pytest.mark.parametrize(
    ("environment", "dialect"),
    [({"MOSH_CLIPBOARD": "no"}, {}), ({}, {"clipboard": False})],
    ids=["the user", "the terminal"],
)
def test_a_clipboard_that_may_not_be_set_is_neither_set_nor_announced(
    environment: dict[str, str], dialect: dict[str, bool]
) -> None:
    desk = Desk(dialect, **environment)
    desk.server_shows("\x1b]2;vim\x07")
    desk.draw()
    desk.server_shows(COPY)
    assert follow_deadlines(desk, until=5000) == []


def test_a_terminal_without_titles_is_announced_nothing() -> None:
    desk = Desk({"title": False})
    desk.server_shows("\x1b]2;vim\x07")
    desk.draw()
    desk.server_shows(COPY)
    assert follow_deadlines(desk, until=5000) == [(0, COPY.encode())]


def test_a_clipboard_is_set_although_the_terminal_is_drawn_from_nothing() -> None:
    desk = Desk()
    desk.server_shows("hello")
    desk.draw()
    desk.server_shows(COPY)
    desk.view.repaint()
    assert desk.draw().count(COPY.encode()) == 1
    desk.view.repaint()
    assert COPY.encode() not in desk.draw()


def test_at_most_five_bells_a_second_reach_the_terminal() -> None:
    desk = Desk()
    desk.server_shows("$ ")
    desk.draw()
    rung: list[int] = []
    for _ in range(200):  # 50 a second for four seconds
        desk.now += 20
        desk.server_shows("\a")
        rung += [desk.now] * desk.draw().count(b"\a")
    assert len(rung) == 20
    assert all(sum(at <= each < at + 1000 for each in rung) <= 5 for at in rung)


def test_a_bell_that_was_dropped_does_not_ring_later() -> None:
    desk = Desk()
    desk.server_shows("$ ")
    desk.draw()
    for _ in range(9):
        desk.server_shows("\a")
        desk.draw()
    desk.now += 5000
    desk.server_shows("x")
    assert desk.draw() == b"x"
    desk.server_shows("\a")
    assert desk.draw() == b"\a"


def test_what_the_server_tells_the_user_is_shown_as_long_as_it_holds() -> None:
    desk = Desk()
    desk.server_shows("one\r\ntwo\r\nthree")
    desk.view.receive_message(ServerNotices(("it fails", "too long")), now=desk.now)
    desk.draw()
    assert desk.lines[:3] == ["mosh-server: it fail", "mosh-server: too lon", "three"]
    desk.view.receive_message(ServerNotices(()), now=desk.now)
    desk.draw()
    assert desk.lines[:3] == ["one", "two", "three"]


def test_what_the_server_says_never_looks_like_the_clients_words() -> None:
    desk = Desk()
    desk.server_shows("$ ")
    desk.view.receive_message(Notice("Ours.", True), now=desk.now)
    desk.view.receive_message(ServerNotices(("mosh: Exiting",)), now=desk.now)
    desk.draw()
    assert desk.lines[:2] == ["mosh: Ours.", "mosh-server: mosh: E"]


def test_a_frame_in_portions_is_not_shown_before_it_is_whole() -> None:
    desk = Desk()
    desk.server_shows("before")
    desk.draw()
    desk.server.feed(b"\rone   \r\ntwo")
    frame = FrameEncoder().encode(desk.server.snapshot())
    assert frame is not None
    desk.view.receive_message(frame._replace(rows=frame.rows[:1], more=True), now=desk.now)
    desk.draw()
    assert desk.lines[:2] == ["before", ""]
    desk.view.receive_message(frame._replace(whole=False, styles=(), rows=frame.rows[1:]), now=desk.now)
    desk.draw()
    assert desk.lines[:2] == ["one", "two"]
