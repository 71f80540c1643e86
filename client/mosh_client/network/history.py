"""Between the renderer's wishes and channel 1: what is passed on, and what comes back for whom.

Each renderer numbers its wishes anew; on the wire they go on rising, so that no answer is taken for another's. Only the
newest wish and its answer count, and nothing is kept of those before. Knows nothing of when something is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mosh_client.ipc.messages import HistoryFound, HistoryPage, SearchHistory, WantHistory
from mosh_common.terminal.history.line import Position

if TYPE_CHECKING:
    from mosh_common.sync.channel import Channel
    from mosh_common.sync.channels import Channels
    from mosh_common.sync.states.history.answer import Answer
    from mosh_common.sync.states.history.wish import Wish

CHANNEL: Final = 1


class HistoryRelay:
    """The client's end of channel 1, once both have the feature."""

    def __init__(self) -> None:
        """Begin without a channel: nothing is passed on."""
        self._channel: Channel[Wish, Answer] | None = None
        self._no_wish: Wish  # what others are made from
        self._serial = 0  # of the newest wish, on the wire …
        self._wished = 0  # … and as the renderer numbered it; 0 = it has no wish
        self._seen: Answer | None = None  # the newest answer, and …
        self._told: HistoryPage | HistoryFound | None = None  # … what the renderer is told of it

    def open(self, channels: Channels, *, now: int) -> None:
        """Open the channel, on which nothing was said yet."""
        from mosh_common.sync.states.history.answer import NO_ANSWER
        from mosh_common.sync.states.history.wish import NO_WISH

        self._no_wish = NO_WISH
        self._channel = channels.open(CHANNEL, local=NO_WISH, remote=NO_ANSWER, now=now)
        self._seen = NO_ANSWER

    def begin_renderer(self) -> None:
        """Say that another renderer is there, which has wished nothing yet."""
        self._wished = 0
        self._told = None

    def wish(self, message: WantHistory | SearchHistory) -> None:
        """Take a wish of the renderer; one that does not follow the last one, or that nobody can fulfil, is dropped."""
        if self._channel is None or message.serial <= self._wished:
            return
        self._wished = message.serial
        self._serial += 1
        if isinstance(message, WantHistory):
            fields: dict[str, Any] = {"start": Position(message.line, message.column), "lines": message.lines}
        else:
            fields = {"start": Position(message.line), "text": message.text, "backwards": message.backwards}
        self._channel.set_local_state(self._no_wish._replace(serial=self._serial, **fields))

    def news(self) -> HistoryPage | HistoryFound | None:
        """Return the answer to the newest wish, as far as it has come; the very same object when it is no other."""
        if self._channel is None:
            return None
        answer = self._channel.received.state
        if answer is not self._seen:
            self._seen = answer
            self._told = None if answer.serial != self._serial or not self._wished else _message(answer, self._wished)
        return self._told


def _message(answer: Answer, serial: int) -> HistoryPage | HistoryFound:
    if answer.searched:
        return HistoryFound(serial, answer.found)
    return HistoryPage(serial, answer.start.line, answer.start.column, answer.lines, answer.whole)
