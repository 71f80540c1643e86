"""The client's machine is gone, with its network: the session is taken back from another machine."""

from __future__ import annotations

import re
import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.support.client_session import ClientSession
from tests.support.network_namespaces import OTHER_CLIENT_ADDRESS, SERVER_ADDRESS, NetworkNamespaces, why_not
from tests.support.programs import OURS, clean_environment, wait_until
from tests.support.user_terminal import UserTerminal

pytestmark = [pytest.mark.netns, pytest.mark.requires_linux, pytest.mark.requires_program("bash")]


@pytest.fixture(autouse=True)
def _possible() -> None:
    reason = why_not()
    if reason:
        pytest.skip(reason)


def asked(session: ClientSession, network: NetworkNamespaces, *words: str) -> str:
    """What `mosh-server session` says on the server's machine."""
    done = subprocess.run(
        [*network.server, *OURS.server, "session", *words],
        env=clean_environment(session.home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def test_a_session_whose_client_s_machine_is_gone_is_taken_back_from_another(tmp_path: Path) -> None:
    with ExitStack() as stack:
        network = stack.enter_context(NetworkNamespaces())
        session = stack.enter_context(
            ClientSession(tmp_path, address=SERVER_ADDRESS, client_within=network.client, server_within=network.server)
        )
        session.wait_for_answer("begun")
        members = session.client_members()
        network.switch_off()  # nothing of the client's end gets out
        for member in members:
            member.signal(signal.SIGKILL)
        wait_until(lambda: not any(member.alive for member in members), "the client was killed")
        network.replace_client(OTHER_CLIENT_ADDRESS)
        said = asked(session, network, "attach", str(session.server.process.pid), "-i", SERVER_ADDRESS)
        match = re.search(r"^MOSH CONNECT (\d+) (\S{22})$", said, re.MULTILINE)
        assert match is not None, said
        assert int(match[1]) == session.server.port
        terminal = stack.enter_context(
            UserTerminal(
                [*network.client, *OURS.client, SERVER_ADDRESS, match[1]],
                environment={**clean_environment(session.home), "MOSH_KEY": match[2]},
                size=(30, 100),
            )
        )
        terminal.wait_for("\nbegun")
        terminal.type("stty size\r")
        terminal.wait_for("30 100")
        assert f'"from": "{OTHER_CLIENT_ADDRESS}"' in asked(session, network, "list", "--json")
        terminal.type("exit\r")
        assert terminal.wait_for_end() == 0
        session.wait_for_no_remains()
