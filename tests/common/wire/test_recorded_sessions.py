"""Recorded sessions of upstream's client and server: each datagram decodes, and re-encodes to the same octets."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mosh_common.sync.states.user_stream import UserStream
from mosh_common.wire import datagram, hostdiff, userdiff
from mosh_common.wire.fragment import Assembler, Fragment, Fragmenter
from mosh_common.wire.instruction import Instruction
from mosh_common.wire.key import Key
from mosh_common.wire.ocb import Ocb
from mosh_common.wire.userdiff import Keys, Resize

ROOT = Path(__file__).resolve().parents[3]
OWN = ROOT / "tests" / "vectors" / "upstream.json"  # made by tests/vectors/record.py
SHARED = [ROOT.parent / "shared" / "vectors" / f"session{number}.json" for number in (1, 2, 3)]
FRAGMENT_OCTETS = 1224  # IPv4's MTU less nonce, timestamps and tag


class Step(NamedTuple):
    """One datagram of a recording, opened."""

    raw: bytes
    opened: datagram.Datagram
    fragment: Fragment
    encoded: bytes | None  # the instruction that this fragment completed
    expected: dict[str, Any]  # the recording's own reading of it, where it has one


def read(path: Path) -> dict[str, Any]:
    if not path.exists():
        pytest.skip(f"no recording {path.name} beside the checkout")
    return dict(json.loads(path.read_text()))


def steps(session: dict[str, Any]) -> Iterator[Step]:
    cipher = Ocb(Key.parse(session["key"]))
    assemblers: defaultdict[tuple[str, int], Assembler] = defaultdict(Assembler)  # to whom, and the channel
    for entry in session["datagrams"]:
        to, text = (entry["to"], entry["hex"]) if isinstance(entry, dict) else entry
        raw = bytes.fromhex(text)
        opened = datagram.unseal(cipher, raw, to_client=to == "client")
        fragment = Fragment.decode(opened.payload)
        expected = entry["decoded"] if isinstance(entry, dict) else {}
        yield Step(raw, opened, fragment, assemblers[to, fragment.channel].add(fragment), expected)


recordings = pytest.mark.parametrize("path", [OWN, *SHARED], ids=lambda path: path.stem)


@recordings
def test_every_datagram_is_sealed_to_the_same_octets(path: Path) -> None:
    session = read(path)
    cipher = Ocb(Key.parse(session["key"]))
    for step in steps(session):
        assert datagram.seal(cipher, step.opened) == step.raw
        assert step.fragment.encode() == step.opened.payload


@recordings
def test_every_instruction_is_encoded_and_cut_to_the_same_fragments(path: Path) -> None:
    fragmenters = {True: Fragmenter(), False: Fragmenter()}
    pending: dict[bool, list[Fragment]] = {True: [], False: []}
    fragmented = 0
    for step in steps(read(path)):
        to_client = step.opened.to_client
        pending[to_client].append(step.fragment)
        if step.encoded is not None:
            encoded = Instruction.decode(step.encoded).encode()
            assert encoded == step.encoded
            assert fragmenters[to_client].split(encoded, FRAGMENT_OCTETS) == pending[to_client]
            fragmented += len(pending[to_client]) > 1
            pending[to_client] = []
    assert fragmented or path.stem == "session1"  # the others were recorded with long messages


@recordings
def test_every_diff_is_encoded_to_the_same_octets(path: Path) -> None:
    for step in steps(read(path)):
        if step.encoded is not None:
            diff = Instruction.decode(step.encoded).diff
            if step.opened.to_client:
                assert hostdiff.encode(hostdiff.decode(diff)) == diff
            else:
                assert userdiff.encode(userdiff.decode(diff)) == diff


@pytest.mark.parametrize("path", SHARED, ids=lambda path: path.stem)
def test_every_datagram_decodes_to_the_recorded_values(path: Path) -> None:
    for _, opened, fragment, encoded, expected in steps(read(path)):
        assert [opened.to_client, opened.sequence, opened.timestamp, opened.timestamp_reply] == [
            expected[name] for name in ("to_client", "seq", "timestamp", "timestamp_reply")
        ]
        assert [fragment.id, fragment.number, fragment.final, len(fragment.contents)] == [
            expected[name] for name in ("fragment_id", "fragment_num", "final", "contents_len")
        ]
        assert (encoded is not None) is ("instruction" in expected)
        if encoded is not None:
            decoded = Instruction.decode(encoded)._asdict()
            decoded.update({name: decoded[name].hex() for name in ("diff", "chaff")})
            assert decoded == expected["instruction"]


def test_the_keys_and_sizes_of_our_own_recording_are_those_of_its_user() -> None:
    session = read(OWN)
    states = {0: UserStream()}
    for step in steps(session):
        if step.encoded is not None and not step.opened.to_client:
            instruction = Instruction.decode(step.encoded)
            states[instruction.new_num] = states[instruction.old_num].apply(instruction.diff)
    events = states[max(states)].events_since(states[0])
    assert b"".join(event.data for event in events if isinstance(event, Keys)).hex() == session["typed"]
    assert [[event.columns, event.lines] for event in events if isinstance(event, Resize)] == session["sizes"]
