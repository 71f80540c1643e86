"""What the confined processes of the client cannot do any more: each is tried in a process of its own."""

from __future__ import annotations

import os
import resource
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mosh_client import sandbox

pytestmark = [
    pytest.mark.requires_linux,
    pytest.mark.skipif(os.uname().machine not in ("x86_64", "aarch64"), reason="no table of this machine's calls"),
]

CONFINEMENTS = {"network process": sandbox.confine_network_process, "renderer": sandbox.confine_renderer}


def ends_refused(confine: Callable[[], None], attempt: Callable[[], object]) -> bool:
    """Whether `attempt` raises PermissionError in a confined process; False when it can be done."""
    pid = os.fork()
    if not pid:
        code = 3
        try:
            confine()
            attempt()
            code = 0
        except PermissionError:
            code = 1
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code in (0, 1), f"the confined process ended with {code}"
    return code == 1


def run_a_program() -> None:
    os.execv(sys.executable, [sys.executable, "-c", ""])


def datagram_socket() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.sendto(b"x", sock.getsockname())
        assert sock.recv(10) == b"x"


def stream_socket() -> None:
    socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_CLOEXEC).close()


def local_socket() -> None:
    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).close()


def other_memory() -> None:
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.process_vm_readv(os.getpid(), None, 0, None, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "process_vm_readv")


@pytest.mark.parametrize("attempt", [run_a_program, stream_socket, local_socket, other_memory])
@pytest.mark.parametrize("who", CONFINEMENTS)
def test_what_is_given_up_is_refused_and_was_possible_before(who: str, attempt: Callable[[], None]) -> None:
    assert not ends_refused(lambda: None, attempt)
    assert ends_refused(CONFINEMENTS[who], attempt)


def test_the_network_process_can_still_open_sockets_for_datagrams_and_the_renderer_cannot() -> None:
    assert not ends_refused(sandbox.confine_network_process, datagram_socket)
    assert ends_refused(sandbox.confine_renderer, datagram_socket)


def test_the_network_process_leaves_no_core_and_gains_no_rights() -> None:
    def check() -> None:
        status = Path("/proc/self/status").read_text()
        assert "NoNewPrivs:\t1" in status
        assert "Seccomp:\t2" in status
        assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)

    assert not ends_refused(sandbox.confine_network_process, check)
