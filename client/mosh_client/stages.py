"""How long the session took to begin, for `mosh -v`: noted by the renderer, told by the launcher at the session's end.

Until then the terminal is the session's. The two share the memory that the launcher made before it forked.
"""

from __future__ import annotations

from typing import Final

from mosh_common.clock import now_ms

ANSWER: Final = 0
SCREEN: Final = 1
_SAID: Final = {ANSWER: "first answer over UDP", SCREEN: "first screen"}
_OCTETS: Final = 8  # of one time, in milliseconds, as now_ms gives it; 0 = it has not come


class Stages:
    """When each of them was reached."""

    def __init__(self, begun: int) -> None:
        """`begun`: when `mosh` was started, on the clock of `now_ms`."""
        import mmap  # only with -v

        self._begun = begun
        self._memory = mmap.mmap(-1, _OCTETS * len(_SAID))

    def reached(self, stage: int) -> None:
        """Note that ANSWER or SCREEN is reached; the first time counts.

        A screen is an answer, too: a busy machine may tell of the link after the frame, or never in a short session.
        """
        for each in range(stage + 1):
            place = slice(each * _OCTETS, (each + 1) * _OCTETS)
            if not any(self._memory[place]):
                self._memory[place] = now_ms().to_bytes(_OCTETS, "big")

    def lines(self) -> list[str]:
        """Return what to tell the user, as `mosh` told the stages before."""
        times = {stage: int.from_bytes(self._memory[stage * _OCTETS : (stage + 1) * _OCTETS], "big") for stage in _SAID}
        return [f"mosh: {at - self._begun:6} ms  {_SAID[stage]}" for stage, at in times.items() if at]
