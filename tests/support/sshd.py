"""A real sshd of the test's own, on a free port of the loopback interface.

Runs as the current user, be it root or not: own host key, own configuration, own authorized keys, no PAM. Nothing of
the machine's sshd or of the user's ~/.ssh is read or written.

Nor are the start-up files of the user's shell: where they ask thirty programs, as those of a version manager do, each
login took 200 ms of processor time, and waited for the lock of the others.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from functools import cache
from itertools import count
from pathlib import Path
from typing import Final

from tests.support.programs import Process, descendants, missing_programs, process, wait_until

PASSPHRASE: Final = "correct horse"
# Only root's sshd may give a pty away. mosh needs none on the remote machine.
LOGIN_OPTIONS: Final = () if os.getuid() == 0 else ("--no-ssh-pty",)

_RUNNING: Final = set[int]()  # the numbers of those that run: each has keys of its own
_KEPT: Final = dict[int, socket.socket]()  # by port
_ADMINISTRATORS_PATH: Final = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"])


def missing_for_sshd() -> list[str]:
    """Return the programs that this machine lacks for an Sshd."""
    return missing_programs(["sshd", "ssh", "ssh-keygen"])


class Sshd:
    """One sshd; `ssh()` is the command that reaches it."""

    def __init__(
        self, folder: Path, *, listen: str = "127.0.0.1", settings: str = "", environment: str = "LANG=C.UTF-8"
    ) -> None:
        """Start it.

        `settings`: lines for sshd_config that come before ours, and so win; SetEnv does as a whole. `environment`: what
        it sets besides the home.
        """
        self._number = next(number for number in count() if number not in _RUNNING)
        _RUNNING.add(self._number)
        self.folder = folder
        self.home = folder / "home"
        self.listen = listen
        self.port = free_port(listen)
        self.user_key = folder / "user_key"
        self.locked_key = folder / "locked_key"  # its passphrase is PASSPHRASE
        self.unknown_key = folder / "unknown_key"  # not authorized
        self.known_hosts = folder / "known_hosts"
        folder.mkdir(mode=0o700, exist_ok=True)
        self.home.mkdir()
        for key in (folder / "host_key", self.user_key, self.locked_key, self.unknown_key):
            passphrase = PASSPHRASE if key == self.locked_key else ""
            for name, octets in _made_key(self._number, key.name, passphrase).items():
                file = folder / name
                file.touch(mode=0o644 if file.suffix == ".pub" else 0o600)  # as ssh-keygen leaves them
                file.write_bytes(octets)
        authorized = folder / "authorized_keys"
        authorized.write_text("".join(key.with_suffix(".pub").read_text() for key in (self.user_key, self.locked_key)))
        host_key = (folder / "host_key.pub").read_text().split()[:2]
        self.known_hosts.write_text(f"[{listen}]:{self.port} {' '.join(host_key)}\n")
        self._config = folder / "sshd_config"
        self._config.write_text(
            f"{settings}\n"
            f"Port {self.port}\n"
            f"ListenAddress {listen}\n"
            f"HostKey {folder / 'host_key'}\n"
            f"PidFile {folder / 'sshd.pid'}\n"
            f"AuthorizedKeysFile {authorized}\n"
            "StrictModes no\n"  # the folder is below /tmp
            "UsePAM no\n"
            "PasswordAuthentication no\n"
            "KbdInteractiveAuthentication no\n"
            "PermitRootLogin yes\n"
            "PrintMotd no\n"
            "PrintLastLog no\n"
            "KexAlgorithms -sntrup761*\n"  # 0.1 s of processor time for each login; nothing here depends on it
            f"SetEnv HOME={self.home} {environment}\n"
            "LogLevel VERBOSE\n" + ("" if os.getuid() == 0 else "PermitTTY no\n")
            # Only root's sshd may give a pty away; without one ssh says so and goes on, and mosh needs none.
        )
        self._client_config = folder / "ssh_config"
        self._client_config.write_text("")
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd insists, for its unprivileged half
        self._log = (folder / "sshd.log").open("wb")
        self._process = subprocess.Popen(
            [str(shutil.which("sshd", path=_ADMINISTRATORS_PATH)), "-D", "-e", "-f", str(self._config)],
            stdin=subprocess.DEVNULL,
            stderr=self._log,
            stdout=self._log,
        )
        self._wait_until_it_listens()

    def log(self) -> str:
        return (self.folder / "sshd.log").read_text(errors="replace")

    def ssh(self, *more: str, key: Path | None = None, known_hosts: Path | None = None) -> str:
        """The value of --ssh that logs in here: nothing of the user's own configuration, no agent."""
        words = [
            "ssh", "-F", str(self._client_config), "-p", str(self.port), "-i", str(key or self.user_key),
            "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "GlobalKnownHostsFile=/dev/null",
            "-o", f"UserKnownHostsFile={known_hosts or self.known_hosts}", *more,
        ]  # fmt: skip
        return shlex.join(words)

    def connections(self) -> list[Process]:
        """The sshd processes of the connections that are open."""
        return descendants(self._process.pid)

    def close(self) -> None:
        """End it; connections that are open go on by themselves, as with any sshd."""
        for connection in self.connections():
            connection.end()
        self._process.terminate()
        self._process.wait()
        self._log.close()
        give_back(self.port)
        _RUNNING.discard(self._number)

    def _wait_until_it_listens(self) -> None:
        # It says so: for a connection that only tried it, it would start a process, and that a program.
        def listening() -> bool:
            if self._process.poll() is not None:
                raise AssertionError(f"sshd did not start: {self.log()}")
            return f" port {self.port}." in self.log()

        wait_until(listening, lambda: f"sshd does not listen: {self.log()}")


def free_port(address: str = "127.0.0.1") -> int:
    """A TCP port that nobody listens on.

    In Linux it is kept until `give_back` or our end: nobody else is given it, be it to listen or to connect from, and
    whoever sets SO_REUSEADDR, as any sshd does, may listen on it.
    """
    holder = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind((address, 0))
    port = int(holder.getsockname()[1])
    if sys.platform == "linux":
        _KEPT[port] = holder
    else:
        holder.close()
    return port


def give_back(port: int) -> None:
    """Let others have a port of `free_port`'s."""
    if holder := _KEPT.pop(port, None):
        holder.close()


@cache
def _made_key(_number: int, name: str, passphrase: str) -> dict[str, bytes]:
    """The files of a key, by name: made once for all servers of that number, of which one runs at a time."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-a", "1", "-C", name, "-N", passphrase, "-f", str(path)]
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
        return {file.name: file.read_bytes() for file in (path, path.with_suffix(".pub"))}


def processes_with(mark: str) -> list[Process]:
    """The processes whose environment holds `mark` ("NAME=value"), wherever they have detached to."""
    found = []
    for entry in os.listdir("/proc"):
        with contextlib.suppress(OSError, AssertionError):  # it ended while we looked, or is another user's
            if not entry.isdigit():
                continue
            with open(f"/proc/{entry}/environ", "rb", buffering=0) as file:
                environment = file.readall()
            if mark.encode() in environment.split(b"\0"):
                found.append(process(int(entry)))
    return found
