"""The link display: one line on how the connection is, for who asks for it (escape key, then `s`).

Knows the facts and the time, not how they were learnt. Where the line goes is notice.py's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mosh_client.ipc.messages import Statistics
from mosh_client.renderer.prediction.visibility import Visibility
from mosh_common.prediction_display import DisplayPreference

_SECOND_MS: Final = 1000
_KILO: Final = 1000  # as tools for networks count
_UNITS: Final = ("B", "kB", "MB", "GB", "TB")
_QUIET_PEER: Final = "upstream or unknown"  # of a server that does not say what it is


class LinkDisplay:
    """Whether the line is wanted, and what it says."""

    def __init__(self, *, prediction_display: str) -> None:
        self._prediction = Visibility(DisplayPreference(prediction_display))  # follows the link as the engine's does
        self._statistics: Statistics | None = None
        self.on = False

    def toggle(self) -> None:
        """Show the line or hide it; then tell the network process whether it is watched."""
        self.on = not self.on
        self._statistics = None  # those of the last time are old

    def set_statistics(self, statistics: Statistics) -> None:
        """Take newer facts."""
        self._statistics = statistics

    def set_send_interval(self, interval_ms: int) -> None:
        """Take the link's send interval, by which predictions are shown or not."""
        self._prediction.set_send_interval(interval_ms)
        self._prediction.settle(guessing=False)

    def text(self, *, columns: int, now: int) -> str:
        """Return the longest form of the line that fits; "" = none is wanted, or none does."""
        if not self.on:
            return ""
        return next((form for form in self._forms(now=now) if len(form) <= columns), "")

    def next_deadline(self, *, now: int) -> int | None:
        """Return when `text` will differ although nothing is told; None = never. Changes nothing."""
        facts = self._statistics
        if not self.on or facts is None or facts.last_heard is None:
            return None
        return facts.last_heard + (max(now - facts.last_heard, 0) // _SECOND_MS + 1) * _SECOND_MS

    def _forms(self, *, now: int) -> Iterator[str]:
        """Yield the line, and then ever shorter ones: each lacks what of the one before matters least."""
        facts = self._statistics
        shown = "on" if self._prediction.shown else "off"
        predicting = f"prediction {self._prediction.preference.value}: {shown}"
        if facts is None:
            yield _joined("no figures yet", predicting)
            yield _joined("no figures yet", f"prediction {shown}")
            yield _joined("no figures yet")
            yield "no figures yet"
            return
        round_trip = "rtt unknown" if facts.round_trip is None else f"rtt {facts.round_trip} ms"
        loss = f"loss {_percent(facts.lost_incoming)} in {_percent(facts.lost_outgoing)} out"
        ago = "never" if facts.last_heard is None else f"{max(now - facts.last_heard, 0) // _SECOND_MS} s ago"
        heard = f"heard {ago}"
        traffic = f"{_amount(facts.received_octets)} in {_amount(facts.sent_octets)} out"
        yield _joined(round_trip, loss, heard, traffic, predicting, f"server {facts.peer or _QUIET_PEER}")
        yield _joined(round_trip, loss, heard, traffic, predicting)
        yield _joined(round_trip, loss, heard, traffic, f"prediction {shown}")
        yield _joined(round_trip, loss, heard, f"prediction {shown}")
        yield _joined(round_trip, loss, heard)
        yield _joined(round_trip, loss)
        yield _joined(round_trip)
        yield round_trip


def _joined(*parts: str) -> str:
    return f"link: {' | '.join(parts)}"


def _percent(per_mille: int) -> str:
    """Return a share in whole percent; a tenth matters only below one."""
    return f"{per_mille / 10:.1f}%" if 0 < per_mille < 10 else f"{(per_mille + 5) // 10}%"


def _amount(octets: int) -> str:
    """Return a number of octets with three figures and a unit."""
    amount, unit = float(octets), 0
    while amount >= _KILO - 0.5 and unit < len(_UNITS) - 1:
        amount /= _KILO
        unit += 1
    return f"{amount:.0f} {_UNITS[unit]}" if unit == 0 or amount >= 99.95 else f"{amount:.1f} {_UNITS[unit]}"
