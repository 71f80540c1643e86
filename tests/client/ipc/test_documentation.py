"""docs/ipc.md's tables say what the kinds' rows say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from mosh_client.ipc import messages
from mosh_client.ipc.messages import KINDS, NETWORK, RENDERER, Frame, decode, encode
from mosh_common.errors import PeerError
from mosh_common.terminal.cells import DEFAULT_STYLE, Modes

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "ipc.md").read_text(encoding="utf-8")
FRAME = Frame(True, 1, 1, (), (), 0, 0, DEFAULT_STYLE, 0, Modes(), None, None)


def table(heading: str) -> list[list[str]]:
    """Return the cells of the table under that row of headings."""
    found = re.search(rf"^{re.escape(heading)}\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert found is not None, f"no table {heading}"
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found[1].splitlines()]


def integers(bounds: str) -> list[tuple[int, int]]:
    """Return the ranges of `−1–255, 1000`."""
    ranges = []
    for part in re.sub(r"(?<=\d),(?=\d)", "", bounds).replace("−", "-").split(", "):
        low, _, high = part.partition("–")
        ranges.append((int(low), int(high or low)))
    return ranges


def test_every_kind_has_its_row_and_its_fields() -> None:
    rows = [
        [
            str(kind.number),
            kind.message.__name__,
            kind.sender,
            "; ".join([f"{field.name.replace('_', ' ')}: {field.bounds}" for field in kind.fields]),
        ]
        for kind in KINDS
    ]
    assert table("| no. | message | from | fields |") == rows


def test_fields_are_those_of_the_messages() -> None:
    for kind in KINDS:
        assert tuple([field.name for field in kind.fields]) == kind.message._fields


def test_kinds_are_the_messages_of_both_sides() -> None:
    for sender, union in ((RENDERER, messages.ToNetwork), (NETWORK, messages.ToRenderer)):
        assert {kind.message for kind in KINDS if kind.sender == sender} == set(get_args(union))


def test_the_order_is_the_one_of_the_permits() -> None:
    documented = {
        (sender, phase, message.split(",")[0]): following.split(":")[0]
        for sender, phase, listed, following in table("| from | phase | may come | then |")
        for message in listed.removesuffix(", if whole").split(", ")
    }
    assert documented == {
        (kind.sender, phase, kind.message.__name__): following
        for kind in KINDS
        for phase, following in kind.phases.items()
    }


def test_the_longest_messages_are_as_long() -> None:
    lengths = dict(table("| direction | longest message |"))
    assert lengths == {
        "renderer → network process": f"{messages.LONGEST_TO_NETWORK_OCTETS:,} octets",
        "network process → renderer": f"{messages.LONGEST_TO_RENDERER_OCTETS >> 20} MiB",
    }


@pytest.mark.parametrize(("part", "field", "bounds"), table("| part | field | integers |"))
def test_the_integers_of_a_part_are_taken_just_so_far(part: str, field: str, bounds: str) -> None:
    ranges = integers(bounds)
    edges = {edge + beside for each in ranges for edge in each for beside in (-1, 0, 1)}
    for value in sorted(edges):
        whole: Any = getattr(FRAME, part)._replace(**{field.replace(" ", "_"): value})
        octets = encode(FRAME._replace(**{part: whole}))
        if any(low <= value <= high for low, high in ranges):
            assert getattr(decode(octets), part) == whole
        else:
            with pytest.raises(PeerError):
                decode(octets)
