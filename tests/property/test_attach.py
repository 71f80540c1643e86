"""A session that is taken over again and again has the very same terminal as one that never was.

All of docs/terminal.md §1 at both ends, and what is the emulator's own.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.support.crowd import Crowd
from tests.support.fuzzing import tried_with
from tests.support.screens import canonical, programs
from tests.support.terminal_output import noise

from mosh_common.terminal.cells import Snapshot
from mosh_common.terminal.emulator import Emulator
from mosh_common.wire.extensions import DETACH

OWN = ("saved", "charsets", "rules", "settings", "tab_stops", "title_stack", "alternate", "phase")
MARGINS = ("top", "bottom", "left", "right")

pieces = st.lists(
    st.tuples(
        st.one_of(noise, programs.map(str.encode)),
        st.sampled_from(["", "", "attach", "upstreams", "detach", "died"]),
    ),
    min_size=1,
    max_size=6,
)


def own(emulator: Emulator) -> dict[str, object]:
    """What no frame says: margins, charsets, tab stops, saved cursor, the other screen, the parser."""
    screen = emulator._screen
    return {
        **{name: getattr(screen, name) for name in (*OWN, *MARGINS)},
        "other": (screen.other.saved, [row[0] for row in screen.other.rows]),
        "parser": (emulator._cut, emulator._decoder.getstate()),
    }


def without(snapshot: Snapshot) -> Snapshot:
    return snapshot._replace(bell_count=0, clipboard="")


@given(pieces)
@tried_with(20)
def test_attaches_change_nothing_of_the_terminal(pieces: list[tuple[bytes, str]]) -> None:
    crowd = Crowd(delay=1)
    crowd.join()
    crowd.run(50)
    alone = Emulator(80, 24)
    for output, what in pieces:
        crowd.print(output)
        alone.feed(output)
        if what == "detach":
            crowd.ask(crowd.clients[-1], DETACH)
            crowd.run(50)
        elif what == "died":
            crowd.away.add(crowd.clients[-1])
        if what:
            crowd.attach(upstreams=what == "upstreams")
        # As after any wait: a synchronized update is waited for no longer.
        crowd.run(500)
        ours = crowd.session.terminal.display.screen()
        assert canonical(ours) == canonical(alone.snapshot())
        assert own(crowd.server.emulator) == own(alone)
        # Of bells and the clipboard a client hears what came since it did.
        shown = crowd.clients[-1].received.state.snapshot
        assert canonical(without(shown)) == canonical(without(ours))
