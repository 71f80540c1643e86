"""What a key costs in the transport, in microseconds of both ends, and how fast garbage is told from datagrams.

Both ends in one process, no sockets. The baseline is the cipher alone, which nothing can be cheaper than.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

from mosh_common.address import Address
from mosh_common.sync.states.screen_state import ClientScreen, ServerScreen
from mosh_common.sync.states.user_stream import UserStream
from mosh_common.sync.transport import Transport
from mosh_common.terminal.emulator import Emulator
from mosh_common.wire.key import Key
from mosh_common.wire.ocb import Ocb

SERVER, CLIENT = Address("192.0.2.1", 60001), Address("198.51.100.7", 40000)
KEYS = 400
GARBAGE = 20_000
ROUND_TRIP_MS = 100
BETWEEN_KEYS_MS = 150


class Stopwatch:
    """Adds up what each part took."""

    def __init__(self) -> None:
        self.parts: dict[str, list[float]] = {}

    def time(self, name: str, work: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        result = work()
        self.parts.setdefault(name, []).append((time.perf_counter() - began) * 1e6)
        return result


def main() -> None:
    """Print what a key costs and how many datagrams of garbage are dropped in a second."""
    key = Key(os.urandom(16))
    now = 1_000_000
    emulator = Emulator(80, 24)
    server: Transport[ServerScreen, UserStream] = Transport(
        key=key,
        is_server=True,
        local=ServerScreen(emulator.snapshot()),
        remote=UserStream(),
        entropy=os.urandom,
        now=now,
    )
    client: Transport[UserStream, ClientScreen] = Transport(
        key=key,
        is_server=False,
        local=UserStream(),
        remote=ClientScreen.blank(80, 24),
        entropy=os.urandom,
        now=now,
        peer=SERVER,
    )
    watch = Stopwatch()
    cipher = Ocb(key)
    for number in range(KEYS):
        now += BETWEEN_KEYS_MS
        client.set_local_state(client.local_state().push_keys(b"x"), now=now)
        up = watch.time("client: key to datagram", partial(client.datagrams_to_send, now=now))
        now += ROUND_TRIP_MS // 2
        for data, _ in up:
            watch.time("server: datagram to key", partial(server.receive_datagram, data, CLIENT, now=now))
        server.events()
        emulator.feed(b"x" if number % 60 else b"\r\n")
        now += 5
        server.set_local_state(ServerScreen(emulator.snapshot()), now=now)
        now += 5
        down = watch.time("server: screen to datagram", partial(server.datagrams_to_send, now=now))
        now += ROUND_TRIP_MS // 2
        for data, _ in down:
            watch.time("client: datagram to screen", partial(client.receive_datagram, data, SERVER, now=now))
        client.events()
        nonce = number.to_bytes(12, "big")
        sealed = watch.time("(baseline: the cipher, seal)", partial(cipher.seal, nonce, bytes(60)))
        watch.time("(baseline: the cipher, open)", partial(cipher.open, nonce, sealed))
    for name, times in watch.parts.items():
        print(f"{name:30} {median(times):7.1f} µs")
    garbage = [os.urandom(100) for _ in range(64)]
    began = time.perf_counter()
    for number in range(GARBAGE):
        server.receive_datagram(garbage[number % 64], CLIENT, now=now)
    print(f"{'garbage dropped':30} {GARBAGE / (time.perf_counter() - began):7.0f} per second")


if __name__ == "__main__":
    main()
