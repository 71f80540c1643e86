"""A session between two roots, or within one: each side in a network of its own, and the plug is pulled once."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.matrix.root import HOME, USER_ID, CheckFailed, Root
from tests.matrix.session import tidy_up
from tests.support.network_namespaces import OTHER_CLIENT_ADDRESS, SERVER_ADDRESS, NetworkNamespaces

PROGRAMS: Final = ("openssh-client", "openssh-server", "tmux", "ncurses-term")  # what either side of it needs
_POLL_S: Final = 0.1


def hold_session(
    client: Root, server: Root, *, source: Path, path: Sequence[str] = (), options: Sequence[str] = ()
) -> list[str]:
    """Let the user of `client` have a session on `server`, in the midst of which the client's address changes.

    `source` is this source as both roots have it; `path` and `options` are folders in front of the user's PATH and
    options for mosh. Returns what was seen; raises CheckFailed. Both homes are left as they were.
    """
    roam = client.inside(HOME / "roam")
    words = ["python3", "-B", "-m", "tests.matrix.session", "--host", SERVER_ADDRESS, f"--roam={HOME / 'roam'}"]
    words += [*(f"--path={folder}" for folder in path), *(f"--option={option}" for option in options)]
    _let_in(client, server)
    with NetworkNamespaces() as network, server.sshd(network.server):
        roam.mkdir()
        os.chown(roam, USER_ID, USER_ID)
        with _changing_address(network, roam):
            seen = client.run_as_user(words, directory=source, within=network.client).splitlines()
        shutil.rmtree(roam)
    for root in {client.path: client, server.path: server}.values():
        tidy_up(root.inside(HOME))
    if not any("another address" in line for line in seen):
        raise CheckFailed("the session did not get as far as the other address", "\n".join(seen))
    return seen


def run_beside(client: Root, server: Root, words: Sequence[str]) -> str:
    """Run `words` as the user of `client`, whom SERVER_ADDRESS, which is `server`, lets in; return what they printed.

    Raises CheckFailed. Both homes are left without a key, and otherwise as `words` left them.
    """
    _let_in(client, server)
    with NetworkNamespaces() as network, server.sshd(network.server):
        printed = client.run_as_user(words, within=network.client)
    for root in (client, server):
        tidy_up(root.inside(HOME))
    return printed


def _let_in(client: Root, server: Root) -> None:
    """Give the user of `client` a key that opens the user's account on `server`."""
    client.run_as_user(["sh", "-c", "mkdir -m 700 .ssh && ssh-keygen -q -t ed25519 -N '' -f .ssh/id_ed25519"])
    if server is not client:
        server.run_as_user(["mkdir", "-m", "700", ".ssh"])
    keys = server.inside(HOME / ".ssh/authorized_keys")
    keys.write_bytes(client.inside(HOME / ".ssh/id_ed25519.pub").read_bytes())
    os.chown(keys, USER_ID, USER_ID)


@contextmanager
def _changing_address(network: NetworkNamespaces, folder: Path) -> Iterator[None]:
    """Give the client another address as soon as `wanted` appears in `folder`, and say so by `done`."""
    over = threading.Event()

    def change() -> None:
        while not (folder / "wanted").exists():
            if over.wait(_POLL_S):
                return
        network.unplug()
        time.sleep(1)  # somebody walks from one network to the other
        network.plug_in(OTHER_CLIENT_ADDRESS)
        (folder / "done").touch()

    walker = threading.Thread(target=change)
    walker.start()
    try:
        yield
    finally:
        over.set()
        walker.join()
