"""The kernel says who is at the other end."""

from __future__ import annotations

import os
import socket

import pytest

from mosh_server.door.peer import user_of

pytestmark = pytest.mark.system

NOBODY = 65534


def test_the_other_end_is_of_this_user() -> None:
    one, other = socket.socketpair(socket.AF_UNIX)
    with one, other:
        assert user_of(one) == os.getuid()


def test_of_no_such_socket_nothing_is_known() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as unbound:
        unbound.close()
        assert user_of(unbound) is None


@pytest.mark.requires_linux
def test_another_user_is_told_by_number() -> None:
    if os.getuid():
        pytest.skip("only root can be somebody else")
    name = f"\0mosh-py-test-{os.getpid()}"  # Linux's abstract names need no directory that both may enter
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(name)
        listening.listen()
        pid = os.fork()
        if not pid:
            try:
                os.setuid(NOBODY)
                with socket.socket(socket.AF_UNIX) as calling:
                    calling.connect(name)
                    calling.recv(1)
            finally:
                os._exit(0)
        connection, _address = listening.accept()
        with connection:
            assert user_of(connection) == NOBODY
        os.waitpid(pid, 0)
