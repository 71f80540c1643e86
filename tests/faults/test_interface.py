"""The network interface vanishing and returning: the session goes on, and typing works within seconds."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest
from tests.support.client_session import ClientSession, Idleness
from tests.support.network_namespaces import OTHER_CLIENT_ADDRESS, SERVER_ADDRESS, NetworkNamespaces, why_not

pytestmark = [pytest.mark.netns, pytest.mark.requires_linux, pytest.mark.requires_program("bash")]

BACK_WITHIN_S = 5.0
SHORT_S = 2.0
LONG_S = 12.0  # a notice shows, and the client has looked for another port

Step = Callable[[NetworkNamespaces], None]
ELSEWHERE: Final = functools.partial(NetworkNamespaces.plug_in, client_address=OTHER_CLIENT_ADDRESS)
FAULTS: Final[dict[str, tuple[Step, float, Step]]] = {  # those that last longer are later
    "down and up": (NetworkNamespaces.switch_off, SHORT_S, NetworkNamespaces.switch_on),
    "deleted and made again": (NetworkNamespaces.unplug, SHORT_S, NetworkNamespaces.plug_in),
    "made again with another address": (NetworkNamespaces.unplug, SHORT_S, ELSEWHERE),
    "down for long and up": (NetworkNamespaces.switch_off, LONG_S, NetworkNamespaces.switch_on),
    "deleted for long and made again": (NetworkNamespaces.unplug, LONG_S, NetworkNamespaces.plug_in),
    "made again with another address after long": (NetworkNamespaces.unplug, LONG_S, ELSEWHERE),
}


@pytest.fixture(autouse=True)
def _possible() -> None:
    reason = why_not()
    if reason:
        pytest.skip(reason)


def test_the_session_goes_on_when_the_interface_returns(tmp_path: Path) -> None:
    problems: dict[str, str] = {}
    back_after_s: dict[str, float] = {}
    with ExitStack() as ended_at_exit:
        networks: dict[str, NetworkNamespaces] = {}
        sessions: dict[str, ClientSession] = {}
        for fault in FAULTS:
            folder = tmp_path / fault.replace(" ", "-")
            folder.mkdir()
            network = networks[fault] = ended_at_exit.enter_context(NetworkNamespaces())
            sessions[fault] = ended_at_exit.enter_context(
                ClientSession(
                    folder,
                    address=SERVER_ADDRESS,
                    client_within=network.client,
                    server_within=network.server,
                    prediction="never",
                )
            )

        def each(step: Callable[[str], object]) -> None:
            """Do a step with every session that is still well, so that one fault hides no other."""
            for fault in sessions:
                if fault not in problems:
                    try:
                        step(fault)
                    except AssertionError as error:
                        problems[fault] = str(error)

        vanished: dict[str, float] = {}
        idleness: dict[str, Idleness] = {}

        def vanish(fault: str) -> None:
            FAULTS[fault][0](networks[fault])
            vanished[fault] = time.monotonic()
            sessions[fault].enter("echo typed''meanwhile")

        def look(fault: str) -> None:
            idleness[fault] = Idleness(sessions[fault].members())  # what was typed is work, not spinning

        def come_back(fault: str) -> None:
            _leave, away_s, back = FAULTS[fault]
            if away_s > SHORT_S:
                sessions[fault].terminal.wait_for("mosh: ")
            rest_s = vanished[fault] + away_s - time.monotonic()
            time.sleep(max(rest_s, SHORT_S / 2 - idleness[fault].elapsed, 0))
            idleness[fault].assert_none_spins()
            assert "typedmeanwhile" not in sessions[fault].terminal.text()
            back(networks[fault])
            returned = time.monotonic()
            sessions[fault].terminal.wait_for("\ntypedmeanwhile")
            back_after_s[fault] = time.monotonic() - returned
            sessions[fault].terminal.wait_until(
                lambda: "mosh: " not in sessions[fault].terminal.text(), "the notice is still there"
            )
            sessions[fault].wait_for_answer("again")

        def leave(fault: str) -> None:
            sessions[fault].enter("exit")
            assert sessions[fault].terminal.wait_for_end() == 0
            sessions[fault].wait_for_no_remains()

        each(vanish)
        each(look)
        each(come_back)
        each(leave)
    assert not problems, "\n".join(f"{fault}: {problem}" for fault, problem in problems.items())
    assert max(back_after_s.values()) < BACK_WITHIN_S, back_after_s
