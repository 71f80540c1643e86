"""Recorded sessions, ours and upstream's, in each pair: all that was said is understood, and would be said alike today.

Between them they hold each message, each of our features, and what upstream's programs make of ours (record.py).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from tests.common.wire.test_recorded_sessions import Step, steps
from tests.vectors.record import SESSIONS

from mosh_common.sync.states.history.answer import NO_ANSWER
from mosh_common.sync.states.history.wish import NO_WISH
from mosh_common.sync.states.screen_state import ClientScreen
from mosh_common.sync.states.user_stream import UserStream
from mosh_common.terminal.cells import Snapshot
from mosh_common.terminal.emulator import Emulator
from mosh_common.wire import datagram, hostdiff, userdiff
from mosh_common.wire.extensions import (
    ANNOUNCEMENT,
    DETACH,
    EXIT_STATUS,
    HISTORY,
    NOTICE,
    PARTING,
    REGISTER,
    Features,
    Kind,
)
from mosh_common.wire.hostdiff import PartDiff
from mosh_common.wire.instruction import Instruction
from mosh_common.wire.key import Key
from mosh_common.wire.ocb import Ocb
from mosh_common.wire.userdiff import Keys, Request, Resize

SHUTDOWN: Final = (1 << 64) - 1  # the number of the last state
UPSTREAMS_FROM_SERVERS: Final = {"EchoAck", "Resize", "HostBytes"}

# What each side said: kinds of events, and of parts and requests whose they are.
SAID_BY_CLIENTS: Final = {
    "upstream": {"Keys", "Resize"},
    "our_client": {"Keys", "Resize", "Features"},
    "our_server": {"Keys", "Resize"},
    "exit_status": {"Keys", "Resize", "Features"},
    "detached": {"Keys", "Resize", "Features", f"Request {DETACH}"},
    "paged": {"Keys", "Resize", "Features"},
}
SAID_BY_SERVERS: Final = {
    "upstream": UPSTREAMS_FROM_SERVERS,
    "our_client": UPSTREAMS_FROM_SERVERS,
    "our_server": UPSTREAMS_FROM_SERVERS,
    "exit_status": {"EchoAck", "HostBytes", "Features", "Announcement", "Notice", f"PartDiff {EXIT_STATUS}"},
    "detached": {"EchoAck", "HostBytes", "Features", "Announcement", f"PartDiff {PARTING}"},
    "paged": {"EchoAck", "HostBytes", "Features", "Announcement", f"PartDiff {HISTORY}"},
}
FEATURES: Final = {
    ANNOUNCEMENT: "Announcement",
    NOTICE: "Notice",
    EXIT_STATUS: f"PartDiff {EXIT_STATUS}",
    DETACH: f"Request {DETACH}",
    PARTING: f"PartDiff {PARTING}",
    HISTORY: f"PartDiff {HISTORY}",
}
# Features of which there is no recording, by number, and why.
NOT_RECORDED: Final[dict[int, str]] = {}


class Said(NamedTuple):
    """An instruction that was said, with what its diff says."""

    to_client: bool
    encoded: bytes
    instruction: Instruction
    events: list[Any]  # UserEvents, or HostEvents to the client


def recording(name: str) -> dict[str, Any]:
    return dict(json.loads(Path(__file__).with_name(f"{name}.json").read_text(encoding="utf-8")))


@cache
def opened(name: str) -> tuple[Step, ...]:
    return tuple(steps(recording(name)))


def instructions(name: str) -> Iterator[Said]:
    for step in opened(name):
        if step.encoded is not None and step.fragment.channel == 0:
            instruction = Instruction.decode(step.encoded)
            decode = hostdiff.decode if step.opened.to_client else userdiff.decode
            yield Said(step.opened.to_client, step.encoded, instruction, [*decode(instruction.diff)])


def kinds(name: str, *, to_client: bool) -> set[str]:
    found = set()
    for said in instructions(name):
        for event in said.events if said.to_client == to_client else ():
            whose = f" {event.feature}" if isinstance(event, PartDiff | Request) else ""
            found.add(type(event).__name__ + whose)
    return found


def told(name: str, state: Any, *, to_client: bool) -> Iterator[tuple[Any, Any, bytes]]:
    """Yield the states of channel 1 that were told: what each diff began with, what it led to, and the diff."""
    states = {0: state}
    for step in opened(name):
        if step.encoded is not None and step.fragment.channel and step.opened.to_client == to_client:
            instruction = Instruction.decode(step.encoded)
            if instruction.new_num not in states and instruction.diff:
                before = states[instruction.old_num]
                states[instruction.new_num] = before.apply(instruction.diff)
                yield before, states[instruction.new_num], instruction.diff


def screens(name: str) -> list[Snapshot]:
    """Return what a client of today shows at the end of each state that it was told."""
    columns, lines = recording(name)["sizes"][0]
    states = {0: ClientScreen.blank(columns, lines)}
    for said in instructions(name):
        number = said.instruction.new_num
        if said.to_client and number not in states:
            states[number] = states[said.instruction.old_num].apply(said.instruction.diff)
    assert [state.skipped for state in states.values()] == [0] * len(states)
    return [states[number].snapshot for number in sorted(states)]


sessions = pytest.mark.parametrize("name", SESSIONS)


@sessions
def test_every_datagram_would_be_sealed_to_the_same_octets(name: str) -> None:
    cipher = Ocb(Key.parse(recording(name)["key"]))
    for step in opened(name):
        assert datagram.seal(cipher, step.opened) == step.raw
        assert step.fragment.encode() == step.opened.payload


@sessions
def test_every_instruction_and_diff_would_be_said_alike(name: str) -> None:
    for said in instructions(name):
        # Not by octet: another zlib may compress otherwise.
        assert Instruction.decode(said.instruction.encode()) == said.instruction
        if said.to_client:
            assert hostdiff.encode(said.events) == said.instruction.diff
        else:
            assert userdiff.encode(said.events) == said.instruction.diff


@sessions
def test_each_side_said_what_this_pair_says(name: str) -> None:
    assert kinds(name, to_client=False) == SAID_BY_CLIENTS[name]
    assert kinds(name, to_client=True) == SAID_BY_SERVERS[name]


def test_each_feature_is_in_a_recording() -> None:
    said = {kind for name in SESSIONS for way in (False, True) for kind in kinds(name, to_client=way)}
    register = {row.number for row in REGISTER if row.kind is Kind.FEATURE}
    assert {number for number, kind in FEATURES.items() if kind in said} == register - NOT_RECORDED.keys()


@sessions
def test_the_keys_and_sizes_are_those_of_the_user(name: str) -> None:
    states = {0: UserStream()}
    for said in instructions(name):
        if not said.to_client:
            states[said.instruction.new_num] = states[said.instruction.old_num].apply(said.instruction.diff)
    events = states[max(states)].events_since(states[0])
    session = recording(name)
    assert b"".join(event.data for event in events if isinstance(event, Keys)).hex() == session["typed"]
    assert [[event.columns, event.lines] for event in events if isinstance(event, Resize)] == session["sizes"]


@sessions
def test_features_come_in_the_first_state_of_ours_only(name: str) -> None:
    for said in instructions(name):
        if any(isinstance(event, Features) for event in said.events):
            assert said.instruction.old_num == 0
            assert said.to_client or said.instruction.new_num == 1


@sessions
def test_whoever_was_told_the_last_state_acknowledged_it(name: str) -> None:
    numbers: dict[bool, set[int]] = defaultdict(set)
    acknowledged: dict[bool, set[int]] = defaultdict(set)
    for said in instructions(name):
        numbers[said.to_client].add(said.instruction.new_num)
        acknowledged[said.to_client].add(said.instruction.ack_num)
    ended_by_server = SHUTDOWN in numbers[True]
    assert ended_by_server != (SHUTDOWN in numbers[False])
    assert SHUTDOWN in acknowledged[not ended_by_server]


def test_upstreams_server_takes_what_our_client_says_of_itself() -> None:
    named = [said for said in instructions("our_client") if any(isinstance(event, Features) for event in said.events)]
    numbers = {said.instruction.new_num for said in named}
    assert numbers <= {said.instruction.ack_num for said in instructions("our_client") if said.to_client}


def test_wishes_and_answers_would_be_said_alike() -> None:
    for state, to_client in ((NO_WISH, False), (NO_ANSWER, True)):
        said = [*told("paged", state, to_client=to_client)]
        assert len(said) > 1
        assert [after.diff_from(before) for before, after, _ in said] == [diff for _, _, diff in said]


def test_the_pages_are_what_scrolled_away() -> None:
    lines = {}
    for _, answer, _ in told("paged", NO_ANSWER, to_client=True):
        for number, line in enumerate(answer.lines, answer.start.line):
            lines[number] = line.text
    assert lines == {number: str(number + 1) for number in lines}
    assert {0, 41} <= lines.keys()
    assert "42" in [wish.text for _, wish, _ in told("paged", NO_WISH, to_client=False)]


@pytest.mark.parametrize("name", ["upstream", "our_client", "our_server"])
def test_the_screen_at_the_end_is_what_the_program_wrote(name: str) -> None:
    first, second = recording(name)["sizes"]
    program = Emulator(*first)
    for _, typed in SESSIONS[name].script[:-1]:  # the last is for the client
        if typed is None:
            program.resize(*second)
        else:
            program.feed(typed)
    shown, meant = screens(name)[-1], program.snapshot()
    texts = [[row[0].replace("\x00", " ") for row in screen.rows] for screen in (shown, meant)]
    # Upstream's server writes a line of its own before any output.
    moved = next(number for number, text in enumerate(texts[0]) if text.strip())
    assert texts[0][moved:] == texts[1][: len(texts[1]) - moved]
