"""Each case of `*.case`, three ways: whole, octet by octet, and as frames for a second emulator, the client's."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from tests.screens.facts import Facts, carried_by_frames, facts_of_emulator, facts_of_snapshot, side_by_side
from tests.screens.reader import Case, CaseError, Check, Feed, read_understood

from mosh_common.sync.states.screen_state import ClientScreen, ServerScreen
from mosh_common.terminal.emulator import Emulator

FOLDER: Final = Path(__file__).resolve().parent
FILES: Final = [read_understood(path) for path in sorted(FOLDER.glob("*.case"))]
CASES: Final[list[Case]] = [case for cases, _ in FILES for case in cases]
END, PIECE = 1000, 61  # octets
WRONG: Final[list[CaseError]] = [error for _, wrong in FILES for error in wrong]


def terminal_for(case: Case) -> Emulator:
    """Return a blank terminal of the kind that the case is about."""
    return Emulator(*case.size, frames=case.reads_frames, checksums=case.allows_checksums)


def in_octets(data: bytes) -> list[bytes]:
    """Return single octets; between the ends of what repeats itself, pieces that are cut anywhere in it."""
    ends = len(data) > 4 * END
    middle = range(END, len(data) - END, PIECE) if ends else range(0)
    cuts = [*range(END), *middle, *range(len(data) - END, len(data) + 1)] if ends else [*range(len(data) + 1)]
    return [data[start:end] for start, end in pairwise(cuts)]


def differences(case: Case, *, octets: bool = False) -> list[str]:
    """Return what is wrong after the output was fed whole, or octet by octet."""
    terminal, wrong = terminal_for(case), []
    for step in case.steps:
        if isinstance(step, Feed):
            for data in in_octets(step.data) if octets else [step.data]:
                terminal.feed(data)
        elif isinstance(step, Check):
            wrong += compared(
                case,
                step,
                step.expected,
                facts_of_emulator(terminal, reads_frames=case.reads_frames),
                "octet by octet" if octets else "whole",
            )
        else:
            terminal.resize(*step)
    return wrong


def differences_in_frames(case: Case) -> list[str]:
    """Return what a client shows wrong: after frames from check to check, and after one from a blank screen."""
    terminal, wrong = terminal_for(case), []
    blank = known = ServerScreen(terminal.snapshot())
    client = new_client = ClientScreen.blank(*case.size)
    for step in case.steps:
        if isinstance(step, Feed):
            terminal.feed(step.data)
        elif isinstance(step, Check):
            shown = ServerScreen(terminal.snapshot())
            expected = carried_by_frames(step.expected)
            client = client.apply(shown.diff_from(known))
            wrong += compared(case, step, expected, _seen(client), "a frame from the last check")
            wrong += compared(
                case, step, expected, _seen(new_client.apply(shown.diff_from(blank))), "a frame from blank"
            )
            assert client.skipped == 0
            known = shown
        else:
            terminal.resize(*step)
    return wrong


def _seen(client: ClientScreen) -> Facts:
    return carried_by_frames(facts_of_snapshot(client.snapshot))


def compared(case: Case, check: Check, expected: Facts, seen: Facts, way: str) -> list[str]:
    """Return nothing if the facts are the same, else what to tell whoever looks for the fault."""
    if expected == seen:
        return []
    return [f"{case.path}:{check.line}: {case.name} ({way}; {case.sources[0]})\n{side_by_side(expected, seen)}"]


WAYS: Final[tuple[Callable[[Case], list[str]], ...]] = (
    differences,
    lambda case: differences(case, octets=True),
    differences_in_frames,
)


def test_every_case_follows_the_language() -> None:
    if WRONG:
        pytest.fail("\n".join(map(str, WRONG)), pytrace=False)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.place}: {case.name}")
def test_case(case: Case) -> None:
    for way in WAYS:
        wrong = way(case)
        if wrong:
            pytest.fail("\n\n".join(wrong), pytrace=False)
