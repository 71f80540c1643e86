"""The traces are what their script writes, and their recordings what programs answered to them."""

from __future__ import annotations

import pytest
from tests.traces.make_traces import HERE, TRACES, trace_text
from tests.traces.recordings import read_recording, read_trace

from mosh_common.terminal.emulator import Emulator

# What stands on the screen at the end: the trace did what its note says, up to its last key.
LAST_WORDS = {
    "bash_long_lines": "done",
    "fish_suggestions": "end",
    "vi_modes": '"letter.txt" ',
    "tmux_split": "again",
    "python_prompt": "1024",
    "less_and_mail": "sent",
}


@pytest.mark.parametrize("name", TRACES)
def test_the_script_writes_the_trace_that_is_checked_in(name: str) -> None:
    assert (HERE / f"{name}.jsonl").read_text(encoding="utf-8") == trace_text(name)


@pytest.mark.parametrize("name", TRACES)
def test_the_recording_belongs_to_the_trace(name: str) -> None:
    trace, recording = read_trace(name), read_recording(name)
    keys = [output.key for output in recording]
    assert keys == sorted(keys)
    assert -1 in keys  # the first prompt
    assert keys[-1] == len(trace.presses) - 1  # the last key was answered
    terminal = Emulator(trace.columns, trace.lines)
    for output in recording:
        terminal.feed(output.data)
    rows = [row[0].replace("\0", " ").split("│")[0].rstrip() for row in terminal.snapshot().rows]
    assert any(row.startswith(LAST_WORDS[name]) for row in rows), rows
