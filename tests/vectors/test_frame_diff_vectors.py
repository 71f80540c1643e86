"""Frames of recorded upstream sessions: executed, they give pairs of screens; ours must not be longer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.screens import canonical

from mosh_common.terminal.cells import Snapshot
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff.diff import diff
from mosh_common.wire import hostdiff

_VECTORS = Path(__file__).resolve().parents[2].parent / "shared" / "vectors"


@pytest.mark.skipif(not _VECTORS.is_dir(), reason="the recorded sessions are not beside the checkout")
@pytest.mark.parametrize("name", ["session1.json", "session2.json"])
def test_no_frame_is_longer_than_upstreams(name: str) -> None:
    recording = json.loads((_VECTORS / name).read_text())
    states: dict[int, Snapshot] = {0: Emulator(80, 24).snapshot()}
    compared = 0
    for datagram in recording["datagrams"]:
        instruction = datagram["decoded"].get("instruction")
        if datagram["to"] != "client" or not instruction or not instruction["diff"]:
            continue
        old, new = instruction["old_num"], instruction["new_num"]
        emulator = Emulator(states[old].columns, states[old].lines, frames=True)
        emulator.restore(states[old])
        octets = 0
        for item in hostdiff.decode(bytes.fromhex(instruction["diff"])):
            if isinstance(item, hostdiff.Resize):
                emulator.resize(item.columns, item.lines)
            elif isinstance(item, hostdiff.HostBytes):
                emulator.feed(item.data)
                octets += len(item.data)
        states[new] = emulator.snapshot()
        assert emulator.skipped == 0
        ours = diff(states[old], states[new])
        assert len(ours) <= octets
        receiver = Emulator(states[old].columns, states[old].lines)
        receiver.restore(states[old])
        receiver.resize(states[new].columns, states[new].lines)
        receiver.feed(ours)
        assert canonical(receiver.snapshot()) == canonical(states[new])
        compared += 1
    assert compared > 5
