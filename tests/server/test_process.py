"""The detached process as it is put together."""

from __future__ import annotations

import pytest

from mosh_common.clock import now_ms
from mosh_common.history_limits import Limits
from mosh_common.wire.key import Key
from mosh_server import process as server_process
from mosh_server.output.flood import Flood


@pytest.mark.parametrize(
    ("environment", "answer"),
    [
        ({"MOSH_SERVER_CHECKSUM": "yes"}, b"\x1bP7!~FFBF\x1b\\"),
        ({"MOSH_SERVER_CHECKSUM": "no"}, b""),
        ({"MOSH_SERVER_CHECKSUM": "1"}, b""),
        ({"MOSH_SERVER_CHECKSUM": ""}, b""),
        ({}, b""),
    ],
)
def test_what_stands_on_the_screen_is_told_only_where_the_environment_allows_it(
    environment: dict[str, str], answer: bytes
) -> None:
    flood = Flood(now=now_ms())
    session = server_process._new_session(Key.generate(bytes(16)), environment, flood=flood, verbose=0)
    session.receive_output(b"A\x1b[7;1;1;1;1;1*y", now=now_ms())
    assert session.input_to_write() == answer


def test_without_limits_nothing_of_history_is_there() -> None:
    assert server_process._new_history(Limits(0, 1)) is None
    assert server_process._new_history(Limits(1, 0)) is None
    assert server_process._new_history(Limits(1, 1)) is not None
