"""Where the processors' time goes: for a key that a shell echoes, and for a flood of output, by what the modules do.

A whole session in one process, both ends and the messages between the client's processes, in simulated time: no kernel,
no waiting. The profiler counts processor time; what C functions take counts for the module that called them. It costs
much itself, so the sums are no times of a session: the shares are what it tells. docs/performance.md has a run of it.

    python -m tests.bench shares
"""

from __future__ import annotations

import cProfile
import pstats
import time
from typing import Any, Final

from tests.support.world import Seat, World

from mosh_client.ipc.messages import decode, encode

KEYS: Final = 400
BETWEEN_KEYS_MS: Final = 120
LINES_OF_FLOOD: Final = 40_000
READING_OCTETS: Final = 64 * 1024
SCREENS: Final = 300
COLUMNS: Final = 80
LINES: Final = 24

# What a module does, by where it is; the first that fits.
TRADES: Final = (
    ("mosh_common/wire/", "wire: cipher, fragments, messages"),
    ("mosh_common/sync/", "synchronisation: states, timing"),
    ("mosh_common/terminal/frame_diff/", "frame diff, at both ends"),
    ("mosh_common/terminal/", "emulators, at both ends"),
    ("mosh_client/ipc/", "messages between the client's processes"),
    ("mosh_client/renderer/prediction/", "predictions"),
    ("mosh_client/renderer/", "renderer: bars, drawing"),
    ("mosh_client/network/", "client's session"),
    ("mosh_server/", "server's session"),
)


class Desk(Seat):
    """A seat whose terminal is nobody's: what the user's terminal does is not ours."""

    def draw(self, *, now: int) -> bytes:
        """Let the view draw."""
        return self.view.draw(now=now)


def session() -> World:
    """Return a session that has begun, with the messages of its client as they go over the socket."""
    world = World(program=lambda keys: keys.replace(b"\r", b"\r\n$ "), columns=COLUMNS, lines=LINES)
    desk = Desk(columns=COLUMNS, lines=LINES)
    world.seat.draw = desk.draw  # type: ignore[method-assign]  # the terminal is not part of what is measured
    desk.view = world.seat.view
    receive = world.seat.view.receive_message

    def over_the_socket(message: Any, *, now: int) -> None:
        receive(decode(encode(message)), now=now)  # type: ignore[arg-type]  # what was encoded came this way

    world.seat.view.receive_message = over_the_socket  # type: ignore[method-assign]  # as the loop has it
    world.run(500)
    world.print(b"$ ")
    world.run(500)
    return world


def keys() -> None:
    """Type at a shell."""
    world = session()
    for number in range(KEYS):
        world.type("\r" if number % 40 == 39 else "abcdefgh "[number % 9])
        world.run(BETWEEN_KEYS_MS)


def flood() -> None:
    """Print a log, as fast as it is taken."""
    world = session()
    log = b"".join(
        b"%06d INFO  [worker-%d] request finished in %d ms\r\n" % (n, n % 8, n % 97) for n in range(LINES_OF_FLOOD)
    )
    for start in range(0, len(log), READING_OCTETS):
        world.print(log[start : start + READING_OCTETS])
        world.run(20)


def screens() -> None:
    """Draw whole screens, as an editor that is scrolled."""
    world = session()
    for number in range(SCREENS):
        rows = "".join(
            f"\x1b[{row};1H\x1b[3{row % 8}m{number + row:5} \x1b[mdef function_{number + row}(value):\x1b[K"
            for row in range(1, LINES + 1)
        )
        world.print(rows.encode())
        world.run(60)


def shares(work: Any) -> list[tuple[str, float]]:
    """Return the share of each trade in the time of ours that `work` takes, the largest first."""
    profile = cProfile.Profile(time.process_time)
    profile.enable()
    work()
    profile.disable()
    spent: dict[str, float] = {}
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]  # it is there, and described nowhere
    for (file, _line, _name), (_calls, _all_calls, own, _with_called, callers) in stats.items():
        if file == "~" or "/lib/python" in file or file.startswith("<"):
            for (caller, _, _), (_, _, own_for, _) in callers.items():
                _add(spent, caller, own_for)
        else:
            _add(spent, file, own)
    whole = sum(spent.values())
    return sorted([(name, time_ / whole) for name, time_ in spent.items()], key=lambda each: -each[1])


def _add(spent: dict[str, float], file: str, own: float) -> None:
    for place, trade in TRADES:
        if place in file:
            spent[trade] = spent.get(trade, 0.0) + own
            return


def main() -> None:
    """Print the shares of each kind of work."""
    for name, work in (("a key that is echoed", keys), ("a flood of plain lines", flood), ("whole screens", screens)):
        print(name)
        for trade, share in shares(work):
            print(f"  {share:6.1%}  {trade}")


if __name__ == "__main__":
    main()
