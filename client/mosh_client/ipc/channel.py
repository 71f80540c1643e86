"""One end of the socketpair between network process and renderer: messages in, messages out, never blocking.

The thin layer over framing, messages and permits; which end it is, is told by the tables it is given.
"""

from __future__ import annotations

import socket
from typing import Final

from mosh_client.ipc import framing, messages, permits
from mosh_client.ipc.messages import Message

_READ_OCTETS: Final = 1 << 18  # at least what the kernel buffers for a socketpair


class Channel:
    """Sends and receives messages; `pending` says whether some still wait for room in the socket."""

    def __init__(self, sock: socket.socket, *, in_network_process: bool) -> None:
        sock.setblocking(False)
        self._socket = sock
        if in_network_process:
            incoming, self._longest_out = messages.LONGEST_TO_NETWORK_OCTETS, messages.LONGEST_TO_RENDERER_OCTETS
        else:
            incoming, self._longest_out = messages.LONGEST_TO_RENDERER_OCTETS, messages.LONGEST_TO_NETWORK_OCTETS
        self._reader = framing.MessageReader(longest=incoming)
        self._permits = permits.Permits(permits.FROM_RENDERER if in_network_process else permits.FROM_NETWORK)
        self._outgoing = bytearray()
        self._unheard = False  # nothing can be sent any more; what was said before may still come
        self.closed = False  # the other side is gone: nothing more comes, nothing can be sent

    def fileno(self) -> int:
        """Return the descriptor, for a selector."""
        return self._socket.fileno()

    @property
    def pending(self) -> bool:
        """Whether octets wait for the other side to read: watch for writability, then `flush`."""
        return bool(self._outgoing)

    def receive(self) -> list[Message]:
        """Return the messages that wait. Raises PeerError for what the protocol does not allow."""
        try:
            data = self._socket.recv(_READ_OCTETS)
        except (BlockingIOError, InterruptedError):
            return []
        except OSError:
            data = b""
        if not data:
            self.closed = True
            return []
        received: list[Message] = []
        for contents in self._reader.feed(data):
            message = messages.decode(contents)
            self._permits.admit(message)
            received.append(message)
        return received

    def send(self, message: Message) -> None:
        """Queue a message, which `flush` sends. Raises UsageError for one that is longer than the other side takes."""
        if not self._unheard:
            self._outgoing += framing.with_length(messages.encode(message), longest=self._longest_out)

    def flush(self) -> None:
        """Send what the socket takes."""
        while self._outgoing and not self.closed:
            try:
                sent = self._socket.send(self._outgoing)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:  # nobody reads it any more; what was said before may still be here, and then its end
                self._outgoing.clear()
                self._unheard = True
                return
            del self._outgoing[:sent]

    def close(self) -> None:
        """Close the socket; harmless when it is closed."""
        self.closed = True
        self._socket.close()
