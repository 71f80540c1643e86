"""Two network namespaces with a cable between them whose plugs can be pulled: the client's machine and the server's.

Needs root and a kernel with namespaces and veth; `why_not` says what is missing.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Final

from tests.support.programs import missing_programs, wait_until

CLIENT_ADDRESS: Final = "10.77.0.2"
OTHER_CLIENT_ADDRESS: Final = "10.77.0.3"
SERVER_ADDRESS: Final = "10.77.0.1"
_COMMAND_TIMEOUT_S: Final = 20


def why_not() -> str:
    """Return why there can be none here; empty when there can."""
    missing = missing_programs(["unshare", "nsenter", "ip"])
    if missing:
        return f"not installed here: {', '.join(missing)}"
    if os.geteuid() != 0:
        return "only root may make network namespaces and put an interface into them"
    probe = "ip link add probe type veth peer name other"
    done = subprocess.run(["unshare", "--net", "sh", "-c", probe], capture_output=True, text=True, check=False)
    return f"no veth in a network namespace: {done.stderr.strip()}" if done.returncode else ""


class NetworkNamespaces:
    """The two, joined. `client` and `server` are the words that run a command in one."""

    def __init__(self) -> None:
        self._holders: list[subprocess.Popen[bytes]] = []
        try:
            self.client, self.server = self._open(), self._open()
            self.plug_in()
        except BaseException:
            self.close()
            raise

    # --- the cable

    def plug_in(self, client_address: str = CLIENT_ADDRESS) -> None:
        """Make the interfaces, as new ones, with their addresses."""
        peer = str(self._holders[1].pid)
        self._ip(self.client, "link", "add", "outside", "type", "veth", "peer", "name", "outside", "netns", peer)
        for side, address in ((self.client, client_address), (self.server, SERVER_ADDRESS)):
            self._ip(side, "address", "add", f"{address}/24", "dev", "outside")
            self._ip(side, "link", "set", "outside", "up")

    def unplug(self) -> None:
        """Delete both interfaces, and with them addresses and routes."""
        self._ip(self.client, "link", "delete", "outside")

    def switch_off(self) -> None:
        """Set the client's interface down."""
        self._ip(self.client, "link", "set", "outside", "down")

    def switch_on(self) -> None:
        """Set it up again."""
        self._ip(self.client, "link", "set", "outside", "up")

    def replace_client(self, address: str) -> None:
        """Take the client's machine away, which nobody may be on any more, and plug in another one."""
        self.unplug()
        self._holders[0].kill()
        self._holders[0].wait()
        self.client = self._open(place=0)
        self.plug_in(address)

    # --- life

    def close(self) -> None:
        """Let the namespaces go once nobody is in them any more."""
        for holder in self._holders:
            holder.kill()
            holder.wait()

    def __enter__(self) -> NetworkNamespaces:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _open(self, *, place: int | None = None) -> tuple[str, ...]:
        """Make one; `place`: of the holder whose place this one's takes."""
        holder = subprocess.Popen(["unshare", "--net", "sleep", "3600"])
        if place is None:
            self._holders.append(holder)
        else:
            self._holders[place] = holder
        namespace = Path(f"/proc/{holder.pid}/ns/net")
        own = os.readlink("/proc/self/ns/net")
        wait_until(lambda: os.readlink(namespace) != own, "no network namespace")
        words = ("nsenter", f"--net={namespace}", "--")
        self._ip(words, "link", "set", "lo", "up")
        return words

    def _ip(self, within: tuple[str, ...], *arguments: str) -> None:
        done = subprocess.run(
            [*within, "ip", *arguments], capture_output=True, text=True, timeout=_COMMAND_TIMEOUT_S, check=False
        )
        if done.returncode:
            raise AssertionError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
