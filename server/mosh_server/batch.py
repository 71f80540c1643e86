"""How much of a flood of output is digested in one turn of the loop.

Big batches are cheap per octet, but while one is digested no key goes to the application and no frame to the client.
So the size follows the time that the last ones took. Reads no clock: it is told.
"""

from __future__ import annotations

from typing import Final

TARGET_MS: Final = 10  # half of the shortest send interval: a flood costs frames and Ctrl-C no more than that
LEAST_OCTETS: Final = 16 * 1024  # a few screens of text: lines that scroll away unseen cost next to nothing
MOST_OCTETS: Final = 256 * 1024  # beyond, nothing gets cheaper
FLOOD_OCTETS: Final = 2048  # what is so long fills a pty's buffer by half: more follows
START_OCTETS: Final = 64 * 1024


class Batch:
    """The size of the next batch, `octets`."""

    __slots__ = ("octets",)

    def __init__(self) -> None:
        self.octets = START_OCTETS

    def digested(self, octets: int, *, took_ms: int) -> None:
        """Learn from a batch of `octets` whose digestion took `took_ms` of the processor's time.

        Not of the wall clock's: on a busy machine smaller batches would only add to the load.
        """
        if took_ms > TARGET_MS:
            self.octets = max(self.octets // 2, LEAST_OCTETS)
        elif octets >= self.octets and took_ms * 2 <= TARGET_MS:
            self.octets = min(self.octets * 2, MOST_OCTETS)


def is_prompt(output: bytes) -> bool:
    """Return whether a program that wrote this is likely to wait for the user now."""
    return output.endswith(b" ")
