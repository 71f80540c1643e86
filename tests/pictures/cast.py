"""Recordings of a terminal, in the form of asciinema's asciicast v2: a line of JSON about it, then one for each event.

Two kinds of event are used: "o", output, and "m", a marker; the label of a marker is a caption. Knows nothing of mosh.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final, NamedTuple

VERSION: Final = 2
OUTPUT: Final = "o"
MARKER: Final = "m"


class Event(NamedTuple):
    """Something at one moment of a recording."""

    seconds: float  # since its beginning
    kind: str
    text: str


class Cast(NamedTuple):
    """A recording."""

    columns: int
    lines: int
    title: str
    events: tuple[Event, ...]


def write(path: Path, cast: Cast) -> None:
    """Write a recording, times to the millisecond."""
    head = {"version": VERSION, "width": cast.columns, "height": cast.lines, "title": cast.title}
    rows = [head, *([round(event.seconds, 3), event.kind, event.text] for event in cast.events)]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def read(path: Path) -> Cast:
    """Read a recording; raises ValueError where it is no asciicast of version 2."""
    head, *rows = (json.loads(line) for line in path.read_text().splitlines())
    if head.get("version") != VERSION:
        raise ValueError(f"{path}: asciicast version {head.get('version')}, expected {VERSION}")
    return Cast(head["width"], head["height"], head["title"], tuple(Event(*row) for row in rows))
