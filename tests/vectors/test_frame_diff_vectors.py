"""Frames of a recorded upstream server, one for each thing that a frame can say: a client of ours shows what is meant,
and our own frames for the same screens are not longer.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from tests.support.screens import canonical
from tests.vectors.record_frames import OUTPUTS

from mosh_common.terminal.cells import Snapshot
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff.diff import diff

RECORDING: Final = Path(__file__).with_name("frames.json")  # made by record_frames.py

# What upstream's server does not tell its client, so that its frames do not lead there.
NOT_TOLD: Final = {"an icon's name": "1.4.0 sends titles when the window's own changes, and only then"}
# Where it writes the next row after a CR and LF, so that its client does not know that the row before wrapped.
NO_WRAP: Final = {"a wide character that wraps"}


class Frame(NamedTuple):
    """One frame, and the screens that it leads from and to in a client of ours."""

    octets: bytes
    old: Snapshot
    new: Snapshot
    skipped: int


class Step(NamedTuple):
    """What became of one output."""

    frames: list[Frame]
    shown: Snapshot  # by a client, after all of them
    meant: Snapshot  # by our own server's emulator


@cache
def steps() -> dict[str, Step]:
    """Return the steps of the recording by name, executed."""
    recording: dict[str, Any] = json.loads(RECORDING.read_text(encoding="utf-8"))
    server = Emulator(recording["columns"], recording["lines"])
    states = {0: server.snapshot()}
    found = {}
    for step in recording["steps"]:
        server.feed(step["output"].encode())
        frames = []
        for old, new, text in step["frames"]:
            client = Emulator(recording["columns"], recording["lines"], frames=True)
            client.restore(states[old])
            client.feed(bytes.fromhex(text))
            states[new] = client.snapshot()
            frames.append(Frame(bytes.fromhex(text), states[old], states[new], client.skipped))
        found[step["name"]] = Step(frames, states[max(states)], server.snapshot())
    return found


def marked(screen: Snapshot, name: str) -> Snapshot:
    """Return `screen`, or one on which no row wrapped."""
    if name not in NO_WRAP:
        return screen
    return screen._replace(rows=tuple((text, letters, False, clusters) for text, letters, _, clusters in screen.rows))


def test_the_recording_is_of_the_outputs_that_are_recorded() -> None:
    recording = json.loads(RECORDING.read_text(encoding="utf-8"))
    assert {step["name"]: step["output"] for step in recording["steps"][1:]} == OUTPUTS


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_client_shows_what_upstreams_server_means(name: str) -> None:
    step = steps()[name]
    assert [frame.skipped for frame in step.frames] == [0] * len(step.frames)
    if name in NOT_TOLD:
        assert not any(frame.octets for frame in step.frames)
    else:
        assert canonical(marked(step.shown, name)) == canonical(marked(step.meant, name))


@pytest.mark.parametrize("name", OUTPUTS)
def test_no_frame_is_longer_than_upstreams(name: str) -> None:
    for frame in steps()[name].frames:
        assert len(diff(frame.old, frame.new)) <= len(frame.octets)
