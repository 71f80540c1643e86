"""What a client of ours says of itself costs nothing with upstream's server, which skips it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.bad_input.rig import WireClient
from tests.support.parts import part_of
from tests.support.programs import UPSTREAM, clean_environment, start_server

from mosh_common.sync.states.parts.table import INITIAL
from mosh_common.wire.extensions import FEATURES, FEATURES_LIMIT, FIRST_NUMBER

pytestmark = [pytest.mark.interop, pytest.mark.requires_upstream("mosh-server")]
MANY = frozenset(range(FIRST_NUMBER, FIRST_NUMBER + FEATURES_LIMIT))


def test_upstreams_server_skips_features_and_requests(tmp_path: Path) -> None:
    server = start_server(UPSTREAM, ("/bin/cat",), environment=clean_environment(tmp_path), directory=tmp_path)
    client = WireClient(server.port, server.key, [server.process])
    try:
        client.wait_for_echo()  # it began with its features
        transport = client.transport
        assert part_of(transport.received.state, FEATURES) is None
        stream = transport.local_state().push_keys(b"one ").push_request(200, b"?").push_keys(b"word ")
        client._push(stream.push_features(MANY).push_request(FIRST_NUMBER, bytes(1000)))
        client.wait_for("one word")
        client.type("more")
        typed = transport.local_state()
        client.wait_until(lambda: transport.sent.state is typed, "nothing is sent")
        number = transport.sent.number  # later ones acknowledge, and are not counted
        client.wait_for("more")
        # It counts states, and knows those that held nothing for it.
        client.wait_until(lambda: transport.received.state.echo_ack >= number, "the echo is not said")
        assert transport.received.state.ours == INITIAL
        assert server.process.alive
    finally:
        client.close()
        server.end()
