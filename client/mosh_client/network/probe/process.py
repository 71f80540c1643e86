"""`mosh-client --probe`: the process that measures the way to a server, and prints what it found as one JSON object.

SECURITY: it reads what a stranger's host sends, so it is confined as the network process is, before the first octet
(docs/adr/0094).
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import Final

from mosh_client.confinement.mechanisms import Process, mechanisms
from mosh_client.network.probe.line import Line
from mosh_client.network.probe.plan import Probe
from mosh_client.network.sockets import ADDRESSES_VARIABLE, Sockets, alternatives
from mosh_common.address import Address
from mosh_common.clock import now_ms
from mosh_common.io.loop import Waiter
from mosh_common.wire import cipher
from mosh_common.wire.key import Key

_SIGNAL_EXIT_BASE: Final = 128  # sh(1)
_REFUSED_LIMIT: Final = 4  # a second in which this machine lets nothing out: it will not change its mind


def run(*, key: Key, peer: Address) -> int:
    """Measure the way to the server at `peer` and end its session; return the exit code: 0 whatever was found.

    Raises EnvironmentFailure.
    """
    sockets = Sockets(peer, now=now_ms())
    others = alternatives(os.environ.get(ADDRESSES_VARIABLE, ""), port=peer.port, peer=peer)
    cipher.backend()  # while files can be read
    line = Line(key=key, addresses=(peer, *others), entropy=os.urandom)
    with Waiter((signal.SIGINT, signal.SIGTERM, signal.SIGHUP)) as waiter:
        for mechanism in mechanisms(Process.NETWORK, writes_log=True):  # what is printed may go to a file
            mechanism.apply()
        probe = Probe(line, is_ipv6=peer.is_ipv6, now=now_ms())
        failures = _talk(waiter, sockets, probe)
        if failures < 0:
            return _SIGNAL_EXIT_BASE - failures
    outcome = probe.outcome()
    outcome["port"] = peer.port
    outcome["cannot_send"] = os.strerror(failures) if failures else ""
    if line.epoch is not None:
        outcome["clock_ahead_s"] = line.epoch - round(time.time() - (now_ms() - line.epoch_at) / 1000)
    sys.stdout.write(json.dumps(outcome) + "\n")
    sys.stdout.flush()
    return 0


def _talk(waiter: Waiter, sockets: Sockets, probe: Probe) -> int:
    """Carry datagrams until the plan is through; return the errno if none could be sent, minus a signal that came."""
    failures: list[int] = []  # of the datagrams sent last, to each address
    refused = 0  # times in a row that none could be sent
    while not probe.is_over() and refused < _REFUSED_LIMIT:
        datagrams = probe.datagrams_to_send(now=now_ms())
        if datagrams:
            failures = [sockets.send(data, to) for data, to in datagrams]
            refused = refused + 1 if all(failures) else 0
        if probe.is_over():
            break
        for fd in sockets.filenos:
            waiter.watch(fd)
        ready = waiter.wait(probe.next_deadline())
        for number in ready.signals:
            for data, to in probe.leave(now=now_ms()):
                sockets.send(data, to)
            return -number
        for fd in ready.readable:
            for data, source, _congestion, arrived_at in sockets.receive(fd):
                probe.receive(data, source, now=now_ms(), arrived_at=arrived_at)
    return failures[0] if failures and all(failures) else 0
