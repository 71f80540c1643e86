"""The bar in a real terminal: it comes and goes at its time, and spoils nothing that is under it."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.programs import OUR_PAIR, OURS, clean_environment, start_server, wait_until
from tests.support.relay import Relay
from tests.support.terminal_session import CLIENT_TERMINAL, PROMPT, MoshSession, furnish
from tests.support.tmux import Look, Tmux

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.requires_linux,
    pytest.mark.requires_program("tmux", "bash"),
]

CONTACT = re.compile(r"mosh: Last contact (?:(\d+) seconds|\d+:\d\d) ago\. \[To quit: Ctrl-\^ \.\]")
SILENT_AFTER_S = 6.5
CONNECT_TIMEOUT_S = 15.0
QUIET_S = 0.5  # longer than any acknowledgement is delayed, shorter than a heartbeat
# A first row with everything that a bar must give back: colours, wide and combined characters, a full width.
FIRST_ROW = "\x1b[H\x1b[2J\x1b[1;33;44mtop 漢字 e\u0301 \U0001f600\x1b[m" + "." * 60 + "\x1b[31mend\x1b[m\r\nbelow\r\n"


@pytest.fixture
def session(tmux: Tmux) -> Iterator[MoshSession]:
    """A session at its prompt, in an empty window of 80 × 24."""
    with MoshSession(OUR_PAIR, tmux) as opened:
        opened.begin_afresh()
        yield opened


def bar(session: MoshSession) -> str:
    """What the first row of the client's terminal says."""
    return session.mosh.text()[0]


def wait_for_quiet(session: MoshSession) -> None:
    """Wait until everything that was sent has been acknowledged."""

    def sent() -> int:  # by both: where one stands still, the other repeats what it has no acknowledgement for
        return session.relay.upward.offered + session.relay.downward.offered

    seen, since = sent(), time.monotonic()

    def quiet() -> bool:
        nonlocal seen, since
        if sent() != seen:
            seen, since = sent(), time.monotonic()
        return time.monotonic() - since > QUIET_S

    wait_until(quiet, "the session does not come to rest")


def test_silence_is_counted_over_an_unspoilt_screen(session: MoshSession) -> None:
    session.write_file("output", FIRST_ROW.encode())
    session.enter("cat output")
    session.wait_for("below")
    session.wait_for_prompt()
    before = session.expect_same("below")

    hears_until = time.monotonic()
    delivered = session.relay.downward.delivered
    session.mosh.press("C-e")  # of no effect; it is acknowledged
    wait_until(lambda: session.relay.downward.delivered > delivered, "the server does not answer")
    session.relay.black_out()
    found = wait_until(lambda: CONTACT.match(bar(session)), "no bar")
    waited = time.monotonic() - hears_until
    assert waited >= SILENT_AFTER_S
    assert int(SILENT_AFTER_S) <= int(found.group(1)) <= waited

    picture = session.mosh.picture()
    assert len(picture.rows[0]) == 80
    for cell in picture.rows[0]:
        assert cell.look == (Look(bg="4") if cell.text == " " else Look(fg="7", bg="4", flags=frozenset({"bold"})))
    assert picture.rows[1:] == before.rows[1:]
    assert picture.cursor_visible  # it is not on the bar
    seconds = int(found.group(1))

    def counts() -> bool:
        match = CONTACT.match(bar(session))
        return match is not None and (match.group(1) is None or int(match.group(1)) >= seconds + 2)

    wait_until(counts, "the bar does not count")

    # A new size, both ways, while the bar stands.
    session.resize(60, 20)
    wait_until(lambda: session.mosh.format("#{pane_width}") == "60", "no resize")
    wait_until(lambda: "below" in session.mosh.text()[1] and CONTACT.match(bar(session)), "no bar at the new size")
    session.resize(80, 24)
    wait_until(lambda: "below" in session.mosh.text()[1] and CONTACT.match(bar(session)), "no bar at the old size")

    # Ctrl-L repaints it all. (So does the client for the size: tmux keeps the rows, and says it only some time later.)
    def is_spoilt() -> bool:
        with open(session.mosh.format("#{pane_tty}"), "wb") as terminal:
            terminal.write(b"\x1b[Hrubbish\r\nrubbish\r\n")
        time.sleep(0.5)
        return session.mosh.shows("rubbish")

    wait_until(is_spoilt, "the foreign text does not stay")
    session.mosh.press("C-l")
    wait_until(
        lambda: not session.mosh.shows("rubbish") and CONTACT.match(bar(session)), "the foreign text is still there"
    )

    session.relay.black_out(False)
    session.direct.press("C-l")
    wait_until(lambda: not CONTACT.match(bar(session)), "the bar is still there")
    session.enter("echo back-$((40+2))")
    session.expect_same("back-42")


def test_the_cursor_is_hidden_where_the_bar_covers_it(tmux: Tmux) -> None:
    with MoshSession(OUR_PAIR, tmux) as session:
        session.begin_afresh()
        session.enter("clear; cat >/dev/null")
        wait_until(lambda: session.mosh.cursor == (0, 0), "the cursor is not in the first row")
        session.mosh.press("C-^")
        session.mosh.wait_for("Commands:")
        wait_until(lambda: not session.mosh.flag("cursor_flag"), "the cursor is not hidden")
        session.mosh.type("^")
        wait_until(lambda: not session.mosh.shows("Commands:"), "the help is still there")
        wait_until(lambda: session.mosh.flag("cursor_flag"), "the cursor is still hidden")


def test_a_server_that_does_not_hear_us_is_told_apart(session: MoshSession) -> None:
    wait_for_quiet(session)  # a state that the server may think unknown would be repeated, which is no news of it
    session.relay.set(deaf=True)
    session.mosh.wait_for("mosh: Last reply 1")  # 10 s and more
    assert not session.mosh.shows("Last contact")
    session.relay.set(deaf=False)
    wait_until(lambda: not session.mosh.shows("Last reply"), "the bar is still there")


def test_connecting_is_explained_until_the_server_is_there(tmux: Tmux, tmp_path: Path) -> None:
    furnish(tmp_path / "home")
    home = tmp_path / "home"
    environment = clean_environment(home)
    server = start_server(
        OURS, ["/bin/bash", "--noprofile", "--rcfile", "bashrc", "-i"], environment=environment, directory=home
    )
    try:
        with Relay(server.port) as relay:
            relay.black_out()
            pane = tmux.open_pane(
                [*OURS.client, "127.0.0.1", str(relay.port)],
                environment={**environment, "TERM": CLIENT_TERMINAL, "MOSH_KEY": server.key},
            )
            pane.wait_for(f"mosh: Nothing received from server on UDP port {relay.port}. [To quit: Ctrl-^ .]")
            relay.black_out(False)
            pane.wait_for(PROMPT.rstrip())
            wait_until(lambda: not pane.shows("Nothing received"), "the bar is still there")
            pane.type("exit")
            pane.press("Enter")
            assert pane.wait_for_end() == 0
    finally:
        server.end()


def test_a_server_that_never_answers_is_given_up_with_a_hint(tmux: Tmux, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        begun = time.monotonic()
        pane = tmux.open_pane(
            [*OURS.client, "127.0.0.1", str(port)],
            environment={**clean_environment(tmp_path), "TERM": CLIENT_TERMINAL, "MOSH_KEY": "z" * 21 + "g"},
        )
        pane.wait_for(f"mosh: Nothing received from server on UDP port {port}.")
        assert pane.wait_for_end() == 69
        assert time.monotonic() - begun >= CONNECT_TIMEOUT_S
    pane.wait_for(f"Please verify that UDP port {port} is not firewalled")
    assert pane.left_the_tty_as_it_was
