"""`make pictures`: makes the pictures of README anew: `python -m tests.pictures [recording | drawing …]`.

`recording` has a session and writes docs/pictures/session.cast; `drawing` makes the SVGs from that, from
docs/pictures/results.json, and of the pager, which it plays. Both when none is named.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from tests.pictures import cast, chart, pager, screens, session, svg

FOLDER: Final = Path(__file__).resolve().parents[2] / "docs" / "pictures"
CAST: Final = FOLDER / "session.cast"
RESULTS: Final = FOLDER / "results.json"
PARTS: Final = ("recording", "drawing")
DESCRIPTION: Final = (
    "A terminal, recorded. Over a link with 400 milliseconds of round trip that loses a tenth of all packets, what is"
    " typed shows at once, underlined until the server confirms it. The network goes away; what is typed then waits,"
    " underlined, and a blue bar counts the seconds since the last contact. The client comes back from another address,"
    " and the session goes on: the command typed meanwhile runs."
)


def draw_session(recording: cast.Cast) -> str:
    """Return the SVG of the recording; the moment that stands still is the end of the outage."""
    roam = next(event.seconds for event in recording.events if event.text == session.ROAMED)
    return svg.draw(
        screens.moments(recording),
        screens.duration_s(recording),
        title=recording.title,
        description=DESCRIPTION,
        poster_s=roam - 0.01,
    )


def draw_pager() -> str:
    """Return the SVG of the pager; the moment that stands still is when the error was found."""
    played = pager.play()
    found = next(event.seconds for event in played.events if event.text == pager.COPIED)
    return svg.draw(
        screens.moments(played),
        screens.duration_s(played),
        title=played.title,
        description=pager.DESCRIPTION,
        poster_s=found - 0.01,
    )


def drawings() -> dict[Path, str]:
    """Return what each SVG should hold, as the recording and the results are."""
    made = {FOLDER / "session.svg": draw_session(cast.read(CAST)), FOLDER / "pager.svg": draw_pager()}
    if RESULTS.exists():
        made[FOLDER / "numbers.svg"] = chart.draw(chart.read(RESULTS))
    return made


def main() -> None:
    """Make what the command line names, or everything."""
    wanted = sys.argv[1:] or list(PARTS)
    unknown = set(wanted) - set(PARTS)
    if unknown:
        sys.exit(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if "recording" in wanted:
        cast.write(CAST, session.record())
        print(f"{CAST.name}: {screens.duration_s(cast.read(CAST)):.0f} s")
    if "drawing" in wanted:
        for path, content in drawings().items():
            path.write_text(content)
            print(f"{path.name}: {len(content.encode()) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
