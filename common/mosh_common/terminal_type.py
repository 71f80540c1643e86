"""The kind of the user's terminal: its description in terminfo, which client and wrapper both need."""

from __future__ import annotations

from mosh_common.errors import EnvironmentFailure


def load_description(name: str) -> None:
    """Let curses read what terminfo says of the terminal `name` (TERM), for its tigetstr and its like.

    Raises EnvironmentFailure with one sentence; ImportError where Python was built without curses.
    """
    import curses

    if not name:
        raise EnvironmentFailure("TERM is not set: mosh-client must know the kind of your terminal.")
    try:
        curses.setupterm(name, 1)
    except curses.error as error:
        raise EnvironmentFailure(
            f"No description of the terminal {name!r} (TERM) is installed; xterm-256color may do: {error}."
        ) from None
