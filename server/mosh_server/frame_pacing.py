"""When a frame goes out: upstream's timing, but the answer to a typed character is not kept waiting.

An application's output comes in bursts, so a frame waits 8 ms for the rest of its burst (protocol.md §4). What a
character typed at a shell or an editor brings about is one small write, and complete: waiting would only be seen as
lag. After Enter or a function key more follows, and a frame sent too early would keep the rest waiting for a whole send
interval.
"""

from __future__ import annotations

from typing import Final

from mosh_common.protocol import COLLECTION_DELAY_SERVER_MS, SEND_INTERVAL_MIN_MS
from mosh_common.sync.pacing import Due, Pacing, Situation

ANSWER_DELAY_MS: Final = 1  # two writes in a row still share a frame
ANSWER_WITHIN_MS: Final = 50  # what comes later is not the answer, see ECHO_ACK_DELAY_MS
ANSWER_OCTETS: Final = 256  # a character, the line behind it redrawn in colours; not a new screen
TYPED_OCTETS: Final = 32  # typing, even on a slow link; not a paste

# The echo ack of the key before, 50 ms after it, takes a frame of its own and would make the next answer wait for half
# a round trip. Answers are small: they may follow four times as closely as frames, which a slow link still carries.
ANSWER_INTERVAL_DIVISOR: Final = 4

_DELETE: Final = 0x7F
_BACKSPACE: Final = 0x08
_SPACE: Final = 0x20


class FramePacing(Pacing):
    """The server's pacing. Told what is typed and printed; asked by the transport when to send."""

    __slots__ = ("_answering", "_typed_at")

    def __init__(self) -> None:
        super().__init__(collection_delay_ms=COLLECTION_DELAY_SERVER_MS)
        self._typed_at: int | None = None  # a character whose answer is awaited was typed then
        self._answering = False  # all that was printed since then is such an answer

    def typed(self, data: bytes, *, now: int) -> None:
        """Note what was given to the application."""
        plain = len(data) <= TYPED_OCTETS and all(octet >= _SPACE or octet in (_DELETE, _BACKSPACE) for octet in data)
        self._typed_at = now if plain else None
        self._answering = plain

    def printed(self, octets: int, *, now: int) -> None:
        """Note how much the application printed."""
        awaited = self._typed_at is not None and now - self._typed_at <= ANSWER_WITHIN_MS
        self._answering = self._answering and awaited and octets <= ANSWER_OCTETS

    def next_send(self, situation: Situation, *, now: int) -> Due:
        """Return when the current state is to be sent."""
        due = super().next_send(situation, now=now)
        if not self._answering or situation.changed_at is None:
            return due
        interval = max(situation.link.send_interval // ANSWER_INTERVAL_DIVISOR, SEND_INTERVAL_MIN_MS)
        return Due(max(situation.changed_at + ANSWER_DELAY_MS, situation.last_sent_at + interval), "answer to a key")
