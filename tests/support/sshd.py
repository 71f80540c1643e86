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
from pathlib import Path
from typing import Final

from tests.support.programs import Process, descendants, missing_programs, process, wait_until

PASSPHRASE: Final = "correct horse"
# Only root's sshd may give a pty away. mosh needs none on the remote machine.
LOGIN_OPTIONS: Final = () if os.getuid() == 0 else ("--no-ssh-pty",)

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
        _keygen(folder / "host_key")
        _keygen(self.user_key)
        _keygen(self.locked_key, PASSPHRASE)
        _keygen(self.unknown_key)
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

    def _wait_until_it_listens(self) -> None:
        def listening() -> bool:
            if self._process.poll() is not None:
                raise AssertionError(f"sshd did not start: {self.log()}")
            with contextlib.suppress(OSError), socket.create_connection((self.listen, self.port), timeout=1):
                return True
            return False

        wait_until(listening, lambda: f"sshd does not listen: {self.log()}")


def free_port(address: str = "127.0.0.1") -> int:
    """A TCP port that nobody listens on."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def _keygen(path: Path, passphrase: str = "") -> None:
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-a", "1", "-C", path.name, "-N", passphrase, "-f", str(path)]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


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
