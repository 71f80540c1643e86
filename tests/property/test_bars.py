"""Whatever is under bars: the terminal shows them over exactly that screen, and the screen once they are gone."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import tried_with
from tests.support.screens import canonical, programs

from mosh_client.renderer.drawing.compositor import Compositor, fit
from mosh_client.renderer.drawing.notice import lay_bars
from mosh_common.terminal.cells import Snapshot
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff.dialect import WIRE, XTERM, Dialect

COLUMNS, LINES = 20, 6

bars = st.lists(st.text("mosh: 漢é\u0301\x1b", max_size=30), max_size=8).map(tuple)
# Steps: the server draws, or the bars change, or the user's terminal has another size, or is full of rubbish.
steps = st.lists(
    st.one_of(programs, bars, st.tuples(st.integers(1, 30), st.integers(1, 9)), st.just("rubbish!")),
    min_size=1,
    max_size=8,
)


@tried_with(150)
@given(steps, st.sampled_from([WIRE, XTERM, XTERM._replace(bce=False, ech=False)]))
def test_bars_spoil_nothing_that_is_under_them(steps: list[Any], dialect: Dialect) -> None:
    server, size = Emulator(COLUMNS, LINES), (COLUMNS, LINES)
    terminal = Emulator(*size)
    compositor = Compositor(dialect=dialect._replace(clipboard=False), title_prefix="")  # or the title would say so
    shown: tuple[str, ...] = ()

    def draw(over: tuple[str, ...]) -> None:
        terminal.feed(compositor.draw(server.snapshot(), columns=size[0], lines=size[1], bars=over, now=0))

    for step in steps:
        if step == "rubbish!":
            terminal.feed(b"\x1b[2;3r\x1b[31mrubbish\r\n\x1b[5mrubbish")
            compositor.forget()
        elif isinstance(step, str):
            server.feed(step.encode())
        elif isinstance(step, tuple) and all(isinstance(each, int) for each in step) and step:
            size = step
            terminal.resize(*size)
        else:
            shown = step
        draw(shown)
        under = fit(server.snapshot(), *size)
        expected = lay_bars(under, shown) if shown else under
        assert looks(terminal) == looks_of(expected)
    draw(())
    assert looks(terminal) == looks_of(fit(server.snapshot(), *size))


def looks_of(snapshot: Snapshot) -> object:
    """What is seen of a screen; bells, clipboards and icon names are not among what is drawn from nothing."""
    return canonical(snapshot._replace(bell_count=0, clipboard="", icon_name=""))


def looks(terminal: Emulator) -> object:
    return looks_of(terminal.snapshot())
