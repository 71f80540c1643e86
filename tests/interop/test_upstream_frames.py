"""Nothing that upstream's server writes into a frame is lost: a client skips only what no frame holds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from tests.support.programs import PATIENCE_S
from tests.support.screens import programs
from tests.support.upstream_screen import UpstreamScreen

from mosh_common.terminal.emulator import Emulator

pytestmark = [
    pytest.mark.interop,
    pytest.mark.requires_upstream("mosh-server"),
]
_COLUMNS, _LINES = 37, 11
_numbers = count(1)
_MODES = "1;3;4;5;6;7;9;12;25;40;41;45;47;66;69;1000;1001;1002;1003;1004;1005;1006;1007;1015;1047;1048;1049;2004;2026"
# One output for each thing that a frame may have to tell, and for many that it cannot.
_OUTPUTS = [
    *(f"\x1b[?{_MODES}{final}" for final in "hl"),
    "\x1b[4;20h\x1b[?69h\x1b[3;20sabc\x1b[4;20l\x1b[?69l",
    "\x1b(0lqk\x0e\x0f\x1b(B\x1b#8",
    "\x1b]4;1;?\x07\x1b]10;red\x07\x1b]104\x07\x1b]8;;http://x\x07abc\x1b]8;;\x07\x1b]52;c;aGk=\x07\x1b]0;t\x07\x1b]1;i\x07",
    "\x1b[21m\x1b[4:3mabc\x1b[58;5;3mq\x1b[0;1;2;3;4;5;6;7;8;9;53mz\x1b[38;2;1;2;3;48;5;77mz\x1b[90;101mz\x1b[m",
    "\tq\tq\x0b\x0c\x07\x07",
    "e\u0301\u0302" * 20 + "漢字" * 30 + "👩\u200d💻🇩🇪",
    *("line\r\n" * count for count in (1, 5, 40)),
    "\x1b[2;5r\x1b[5;1H\n\n\n\x1bM\x1bM\x1b[r\x1b[2T\x1b[3S\x1b[2L\x1b[1M\x1b[5@\x1b[2P\x1b[3X",
    "\x1b[1J\x1b[J\x1b[2J\x1b[1K\x1b[2K\x1b[41m\x1b[2J\x1b[m",
    "\x1b[3 q\x1b[!p\x1bc",
]


@pytest.fixture(scope="module")
def upstream() -> Iterator[UpstreamScreen]:
    with UpstreamScreen(_COLUMNS, _LINES) as screen:
        yield screen


def frames_after(upstream: UpstreamScreen, output: str) -> int:
    """Let a program print `output`; execute the frames up to the one that has all of it, and return their number."""
    # A title comes after it; before that, what the output may have left unfinished is given up.
    end = f"end {next(_numbers)}."
    upstream.feed(f"{output}\x18\x1b]2;{end}\x07".encode())
    for number, (_old, _new, frame) in enumerate(upstream.frames(PATIENCE_S), 1):
        emulator = Emulator(_COLUMNS, _LINES, frames=True)
        emulator.feed(frame)
        assert emulator.skipped == 0, Counter(re.findall(rb"\x1b[^\x1b]*|[\x00-\x1f]", frame))
        if end.encode() in frame:
            return number
    raise AssertionError("no frame has what came last")


def test_no_frame_holds_what_a_client_skips(upstream: UpstreamScreen) -> None:
    assert all(frames_after(upstream, output) for output in _OUTPUTS)


@given(programs)
@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_nor_after_any_program(upstream: UpstreamScreen, program: str) -> None:
    frames_after(upstream, program)


def test_nor_on_a_new_size(upstream: UpstreamScreen) -> None:
    for columns, lines in ((80, 24), (20, 5), (_COLUMNS, _LINES)):
        upstream.resize(columns, lines)
        assert frames_after(upstream, "")
