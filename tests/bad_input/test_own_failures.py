"""Bugs of ours, put in on purpose: an emulator that raises ends no session, on neither side."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.bad_input.rig import (
    LoggedServer,
    RealClient,
    WireClient,
    client_of_the_test,
    read_log,
    sabotaged,
    text_of,
)
from tests.bad_input.saboteur import Switches
from tests.support.parts import notices_of

from mosh_common.clock import now_ms
from mosh_common.protocol import SHUTDOWN_NUMBER
from mosh_common.sync.states.screen_state import ClientScreen, ServerScreen
from mosh_common.terminal.cells import Snapshot
from mosh_common.terminal.emulator import Emulator
from mosh_common.wire.drop import Dropped, DropReason
from mosh_server.output.guarded_emulator import GuardedEmulator

TITLE = "\x1b]0;s3cret\a"


# --- The server, as a process


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[LoggedServer, WireClient, Switches]]:
    words, switches = sabotaged("server", tmp_path / "switches")
    server = LoggedServer(tmp_path, ["sh", "-c", "stty -echo -icanon; exec cat"], words=words)
    client = server.connect()
    yield server, client, switches
    client.close()
    server.close()


@pytest.mark.requires_linux
def test_a_server_whose_emulator_raises_goes_on_and_logs_where_but_not_what(
    server: tuple[LoggedServer, WireClient, Switches],
) -> None:
    running, client, switches = server
    with client.stays_unharmed():
        client.type("before ")
        client.wait_for("before")
        switches.set(screen_fails=1)

        def is_logged(text: str) -> bool:
            return text in read_log(running.log)

        for count in (1, 2):
            client.type(TITLE)
            client.wait_until(
                partial(is_logged, f"failed={count}"),
                "the failure was not counted",
            )
        client.wait_for_echo()  # while it would still fail
        [notice] = client.wait_until(lambda: notices_of(client.transport.received.state), "nothing is said of it")
        assert notice.text.startswith("cannot digest what the programs print (RuntimeError at bad_input/saboteur.py:")
        assert "before" in client.text
        switches.set(screen_fails=0)
        client.type("\x1b]0;later\a")
        client.wait_until(lambda: client.transport.received.state.snapshot.title == "later", "no title comes any more")
    log = read_log(running.log)
    assert "OutputNotDigested(place='RuntimeError at bad_input/saboteur.py:" in log
    assert "s3cret" not in log


# --- The client, as a process


@pytest.fixture
def client(tmp_path: Path) -> Iterator[tuple[RealClient, Switches]]:
    words, switches = sabotaged("client", tmp_path / "switches")
    with client_of_the_test(tmp_path, words=words) as client:
        yield client, switches


@pytest.mark.requires_linux
def test_a_client_whose_emulator_raises_acknowledges_nothing_but_goes_on(client: tuple[RealClient, Switches]) -> None:
    real, switches = client
    wire = real.wire
    assert wire is not None
    with real.stays_unharmed():
        wire.settle()
        assert wire.transport.sent.acknowledged_state.snapshot.title == ""
        switches.set(screen_fails=1)
        wire.print(TITLE + "(of the bad diff)")
        real.wait_until(lambda: real.dropped(DropReason.NOT_DIGESTED) > 1, "the diff was not dropped")
        # What is typed still comes, and is acknowledged; the screen is that of before.
        keys = len(wire.keys)
        real.terminal.type("typed meanwhile")
        real.wait_until(lambda: b"typed meanwhile" in wire.keys[keys:], "keys do not come through any more")
        real.wait_for("mosh: cannot show what the server sends (RuntimeError at bad_input/saboteur.py:")
        assert wire.transport.sent.acknowledged_state.snapshot.title == ""
        switches.set(screen_fails=0)
        real.wait_for("(of the bad diff)")
    log = read_log(real.log)
    assert "our emulator failed on it): RuntimeError at " in log
    assert "s3cret" not in log


@pytest.mark.requires_linux
def test_a_client_that_can_show_nothing_says_so_and_leaves_the_session_alive(tmp_path: Path) -> None:
    words, switches = sabotaged("client", tmp_path / "switches")
    switches.set(screen_fails=1)
    with client_of_the_test(tmp_path, words=words) as real:
        wire = real.wire
        assert wire is not None
        wire.print(TITLE + "(never to be seen)")
        assert real.wait_for_end() == 70
        assert wire.transport.received.number != SHUTDOWN_NUMBER
        sentence = re.search(
            r"mosh-client: cannot show what the server sends"
            r" \(RuntimeError at bad_input/saboteur\.py:\d+\); please report this\.",
            read_log(real.log),
        )
        assert sentence
        assert "firewall" not in real.text + read_log(real.log)
        assert "s3cret" not in real.text + read_log(real.log)


@pytest.mark.requires_linux
def test_a_client_whose_emulator_raises_still_hears_of_the_end(client: tuple[RealClient, Switches]) -> None:
    real, switches = client
    real.wait_for_echo()
    wire = real.wire
    assert wire is not None
    wire.settle()
    switches.set(screen_fails=1)
    wire.print(TITLE)
    wire.transport.start_shutdown(now=now_ms())
    assert real.wait_for_end() == 0
    # It may have ended before we took in what it sent last.
    wire.wait_until(lambda: wire.transport.sent.acknowledged_number == SHUTDOWN_NUMBER, "the end is not acknowledged")


# --- What the guards do, one by one


class Broken(Emulator):
    """An emulator of which any part can fail."""

    failing: set[str]

    def __init__(self, columns: int, lines: int) -> None:
        self.failing = set()
        super().__init__(columns, lines)

    def _fail(self, what: str) -> None:
        if what in self.failing:
            raise LookupError("the text of this holds what the user typed")

    def take(self, data: bytes) -> None:
        self._fail("take")
        super().take(data)

    def snapshot(self, *, settled: bool = True) -> Snapshot:
        self._fail("snapshot")
        return super().snapshot(settled=settled)

    def resize(self, columns: int, lines: int) -> None:
        self._fail("resize")
        super().resize(columns, lines)

    def replies(self) -> bytes:
        self._fail("replies")
        return super().replies()

    def restore(self, snapshot: Snapshot) -> None:
        self._fail("restore")
        super().restore(snapshot)


@pytest.fixture
def broken() -> Broken:
    return Broken(20, 3)


@pytest.fixture
def guarded(broken: Broken) -> GuardedEmulator:
    return GuardedEmulator(broken)


def feed(guarded: GuardedEmulator, data: bytes) -> None:
    guarded.take(data)
    while guarded.waiting:
        guarded.digest()


def test_after_a_failure_the_parser_is_at_ground(broken: Broken, guarded: GuardedEmulator) -> None:
    feed(guarded, b"kept \x1b]0;unfinished")
    broken.failing = {"take"}
    feed(guarded, b"lost")
    broken.failing = set()
    feed(guarded, b"shown")
    assert text_of(guarded.snapshot()).split("\n")[0] == "kept shown"
    assert guarded.failed == 1
    (place,) = guarded.failures()
    assert place.startswith("LookupError at ")
    assert "typed" not in place
    assert guarded.failures() == []


def test_a_screen_that_cannot_be_taken_any_more_is_that_of_before(broken: Broken, guarded: GuardedEmulator) -> None:
    feed(guarded, b"good")
    good = guarded.snapshot()
    feed(guarded, b" and bad")
    broken.failing = {"snapshot"}
    assert guarded.snapshot() == good
    broken.failing = set()
    feed(guarded, b"!")
    assert text_of(guarded.snapshot()).split("\n")[0] == "good!"


def test_a_screen_that_cannot_be_had_back_either_begins_blank(broken: Broken, guarded: GuardedEmulator) -> None:
    feed(guarded, b"good")
    good = guarded.snapshot()
    broken.failing = {"snapshot", "restore"}
    assert guarded.snapshot() == good
    broken.failing = set()
    feed(guarded, b"new")
    assert text_of(guarded.snapshot()).split("\n")[0] == "new"


def test_a_failed_resize_leaves_a_blank_screen_of_the_new_size(broken: Broken, guarded: GuardedEmulator) -> None:
    feed(guarded, b"old")
    broken.failing = {"resize"}
    guarded.resize(30, 5)
    screen = guarded.snapshot()
    assert (screen.columns, screen.lines) == (30, 5)
    assert not text_of(screen).strip()


def test_a_terminal_that_cannot_answer_does_not(broken: Broken, guarded: GuardedEmulator) -> None:
    feed(guarded, b"\x1b[c")
    broken.failing = {"replies"}
    assert guarded.replies() == b""
    assert guarded.failed == 1


@pytest.mark.parametrize("part", ["take", "restore", "snapshot"])
def test_a_diff_that_makes_the_emulator_raise_is_dropped_and_the_next_one_drawn(part: str, broken: Broken) -> None:
    emulator = Emulator(20, 3)
    known = ServerScreen(emulator.snapshot())
    emulator.feed(b"\x1b[31mhello")
    diff = ServerScreen(emulator.snapshot()).diff_from(known)
    screen = ClientScreen.begin_at(Emulator(20, 3).snapshot(), emulator=broken)
    broken.failing = {part}
    with pytest.raises(Dropped) as dropped:
        screen.apply(diff)
    assert dropped.value.reason is DropReason.NOT_DIGESTED
    assert "typed" not in str(dropped.value)
    broken.failing = set()
    drawn = ServerScreen(screen.apply(diff).snapshot)
    assert not ServerScreen(emulator.snapshot()).diff_from(drawn)
