"""The cipher works in the confined network process, whichever implementation it is: nothing is left to be opened."""

from __future__ import annotations

import os
import sys

import pytest

from mosh_client.confinement.mechanisms import Process
from mosh_client.confinement.processes import confine
from mosh_common.errors import EnvironmentFailure, PeerError
from mosh_common.wire import cipher
from mosh_common.wire.key import Key
from mosh_common.wire.libcrypto import InvalidTag
from mosh_common.wire.ocb import Ocb

pytestmark = [pytest.mark.system, pytest.mark.requires_linux]

WORKS, FAILS, MISSING = 0, 1, 2


def seal_and_open_confined(*, without_cryptography: bool) -> int:
    """As the network process does: the backend, a key, the confinement, then datagrams, forged ones and long ones."""
    if without_cryptography:
        for name in ["cryptography", *(name for name in sys.modules if name.startswith("cryptography."))]:
            sys.modules[name] = None  # type: ignore[assignment]  # this is how an import is refused
    cipher.backend.cache_clear()
    try:
        backend = cipher.backend()
    except EnvironmentFailure:
        return MISSING
    if without_cryptography:
        assert backend.forged is InvalidTag
    ocb = Ocb(Key(bytes(range(16))), through=backend)
    steps = confine(Process.NETWORK)
    assert steps
    for length in (*range(0, 2100, 7), 65507):
        nonce = length.to_bytes(12, "big")
        sealed = ocb.seal(nonce, bytes(length))
        assert ocb.open(nonce, sealed) == bytes(length)
        try:
            ocb.open(nonce, sealed[:-1] + bytes([sealed[-1] ^ 1]))
        except PeerError:
            continue
        return FAILS
    # A first error, and a second key, which a session never has.
    assert Ocb(Key(bytes(16)), through=backend).seal(bytes(12), b"x")
    return WORKS


@pytest.mark.parametrize("without_cryptography", [False, True], ids=["as installed", "without cryptography"])
def test_datagrams_are_sealed_and_opened_in_the_confined_process(without_cryptography: bool) -> None:
    pid = os.fork()
    if not pid:
        code = FAILS
        try:
            code = seal_and_open_confined(without_cryptography=without_cryptography)
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code == MISSING:
        pytest.skip("there is no such implementation here")
    assert code == WORKS
