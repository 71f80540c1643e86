"""From measured results to a chart: for each measure a panel with a bar for each program, from zero on.

The results are a file of JSON, `docs/pictures/results.json`: "conditions", what was measured where, when and how, and
"measures", each with "name", "note", "unit" and "values": a number for each of "programs", or why there is none.
Nothing in them is computed here but how long a bar is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.pictures.svg import FOOT, FRAME, INK, PAPER, QUIET, SANS

COLUMNS: Final = 2  # of panels
WIDTH, PAD, GAP = 808, 24, 36  # px
BAR, BAR_STEP, HEAD, FOOTER = 14, 24, 48, 40
NAMES_WIDTH, VALUES_WIDTH = 88, 76
OURS, OTHERS = "#6cb6ff", "#7d8793"
TITLE: Final = "mosh-py beside mosh and ssh"


class Measure(NamedTuple):
    """One comparison. Less is better in all of them."""

    name: str
    note: str
    unit: str
    values: Mapping[str, float | str]  # by program; in words why there is no number


class Results(NamedTuple):
    """What was measured, and how."""

    conditions: Mapping[str, str]
    programs: Sequence[str]
    measures: Sequence[Measure]


def read(path: Path) -> Results:
    """Read a file of results; raises ValueError where a program lacks a value."""
    data: dict[str, Any] = json.loads(path.read_text())
    results = Results(data["conditions"], data["programs"], [Measure(**measure) for measure in data["measures"]])
    for measure in results.measures:
        if list(measure.values) != list(results.programs):
            raise ValueError(f"{path}: {measure.name!r} is of {list(measure.values)}, expected {results.programs}")
    return results


def shown(value: float, unit: str) -> str:
    """Return a number with three figures at most, and its unit."""
    figures = f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
    return f"{figures} {unit}"


def in_words(results: Results) -> str:
    """Return the chart in a sentence for each panel, for who does not see it."""

    def said(value: float | str, unit: str) -> str:
        return value if isinstance(value, str) else shown(value, unit)

    return " ".join(
        f"{measure.name} ({measure.note}): "
        + ", ".join(f"{program} {said(value, measure.unit)}" for program, value in measure.values.items())
        + "."
        for measure in results.measures
    )


def draw(results: Results) -> str:
    """Return the SVG."""
    lines = -(-len(results.measures) // COLUMNS)
    panel_width = (WIDTH - 2 * PAD - (COLUMNS - 1) * GAP) / COLUMNS
    panel_height = HEAD + BAR_STEP * len(results.programs) + 18
    body = 12 + lines * panel_height
    panels = "".join(
        f'<g transform="translate({PAD + number % COLUMNS * (panel_width + GAP):g}'
        f' {12 + number // COLUMNS * panel_height:g})">{_panel(measure, results.programs, panel_width)}</g>\n'
        for number, measure in enumerate(results.measures)
    )
    height = body + FOOTER
    whole = f'x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1:g}" rx="9"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}"'
        f' role="img" aria-labelledby="title description" font-family="{SANS}" font-size="13" fill="{INK}">\n'
        f'<title id="title">{TITLE}</title>\n<desc id="description">{escape(in_words(results))}</desc>\n'
        f'<rect {whole} fill="{PAPER}"/>\n'
        f'<path d="M1 {body:g}H{WIDTH - 1}v{FOOTER - 10}a9 9 0 0 1-9 9H10a9 9 0 0 1-9-9z" fill="{FOOT}"/>\n'
        f'<rect {whole} fill="none" stroke="{FRAME}"/>\n{panels}'
        f'<text x="{PAD}" y="{body + 25:g}" fill="{QUIET}">{escape(results.conditions["in short"])}</text>\n</svg>\n'
    )


def _panel(measure: Measure, programs: Sequence[str], width: float) -> str:
    most = max(value for value in measure.values.values() if not isinstance(value, str))
    room = width - NAMES_WIDTH - VALUES_WIDTH
    parts = [
        f'<text y="18" font-size="15" font-weight="600">{escape(measure.name)}</text>',
        f'<text y="36" fill="{QUIET}">{escape(measure.note)}</text>',
    ]
    for number, program in enumerate(programs):
        value, top = measure.values[program], HEAD + number * BAR_STEP
        length = 0.0 if isinstance(value, str) else max(1.5, room * value / most)
        words = value if isinstance(value, str) else shown(value, measure.unit)
        first = number == 0
        look = ' font-weight="600"' if first else f' fill="{QUIET}"'
        fill = OURS if first else OTHERS
        parts += [
            f'<text x="{NAMES_WIDTH - 10}" y="{top + 12}" text-anchor="end"{look}>{escape(program)}</text>',
            f'<rect x="{NAMES_WIDTH}" y="{top}" width="{length:.1f}" height="{BAR}" rx="2" fill="{fill}"/>',
            f'<text x="{NAMES_WIDTH + length + 8:.1f}" y="{top + 12}"{look}>{escape(words)}</text>',
        ]
    return "".join(parts)
