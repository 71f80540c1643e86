"""mosh stands in for ssh, with a real sshd: git, rsync and scp see no difference, and a login is a session."""

from __future__ import annotations

import shlex
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.programs import ARCHIVE, OURS, REPOSITORY, wait_until
from tests.support.sshd import LOGIN_OPTIONS, Sshd, free_port
from tests.support.user_terminal import UserTerminal

if TYPE_CHECKING:
    from tests.e2e.conftest import User

pytestmark = pytest.mark.e2e

# As ansible-core 2.19 calls ssh for its ping, which was written down once; its standard input is a terminal, its
# output none. For what may ask for a password there, "-tt" comes before the host, if sshd gives terminals away at all.
ANSIBLE = [
    *("-C", "-o", "ControlMaster=auto", "-o", "ControlPersist=60s", "-o", "KbdInteractiveAuthentication=no"),
    *("-o", "PreferredAuthentications=gssapi-with-mic,gssapi-keyex,hostbased,publickey"),
    *("-o", "PasswordAuthentication=no", "-o", "ConnectTimeout=10", "-o", "NumberOfPasswordPrompts=1"),
]
BECOME = [] if LOGIN_OPTIONS else ["-tt"]


class Login:
    """A host in ssh's configuration, and two programs that reach it: plain ssh, and mosh in its place."""

    def __init__(self, user: User, sshd: Sshd) -> None:
        self.user, self.sshd = user, sshd
        self.config = user.home / "ssh_config"
        self.config.write_text(
            f"Host target\n  HostName 127.0.0.1\n  Port {sshd.port}\n  IdentityFile {sshd.user_key}\n"
            f"  IdentitiesOnly yes\n  IdentityAgent none\n  UserKnownHostsFile {sshd.known_hosts}\n"
            "  GlobalKnownHostsFile /dev/null\n"
        )
        folder = user.home / "config" / "mosh-py"
        folder.mkdir(parents=True)
        user.environment |= {"XDG_CONFIG_HOME": str(folder.parent), "MOSH_PYTHON": sys.executable}
        settings = ["# of this test", f"Server {user.server(OURS)}", *(["SshPty no"] if LOGIN_OPTIONS else [])]
        (folder / "config").write_text("\n".join(settings))
        (folder / "config").chmod(0o600)
        mosh = OURS.wrapper if ARCHIVE else ("env", "-u", "PYTHONPATH", str(REPOSITORY / "bootstrap" / "mosh"))
        self.plain = self._script("plain", ["ssh", "-F", str(self.config)])
        self.as_ssh = self._script("as-ssh", [*mosh, "--as-ssh", "-F", str(self.config)])

    def _script(self, name: str, words: list[str]) -> Path:
        path = self.user.home / name
        path.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        path.chmod(0o755)
        return path

    def both(
        self, command: Callable[[str, Path], list[str]], sent: bytes = b"", **environ: str
    ) -> list[subprocess.CompletedProcess[bytes]]:
        """Run `command(program, folder)` with each of the two, each in a folder of its own."""
        done = []
        for program in (self.plain, self.as_ssh):
            folder = self.user.home / f"of-{program.name}"
            folder.mkdir(exist_ok=True)
            done.append(
                subprocess.run(
                    command(str(program), folder),
                    env=self.user.environment | {name: value.format(ssh=program) for name, value in environ.items()},
                    input=sent,
                    capture_output=True,
                    cwd=folder,
                    timeout=60,
                    check=False,
                )
            )
        return done

    def terminal(self, *words: str) -> UserTerminal:
        return self.user.run([str(self.as_ssh), *words])


@pytest.fixture
def login(user: User, sshd: Sshd) -> Login:
    return Login(user, sshd)


def assert_same(done: list[subprocess.CompletedProcess[bytes]], code: int = 0) -> None:
    plain, ours = done
    assert plain.returncode == code, plain.stderr
    assert (ours.returncode, ours.stdout, ours.stderr) == (code, plain.stdout, plain.stderr)


@pytest.fixture
def files(user: User) -> Path:
    """What is to be fetched from the host, which is this machine."""
    folder = user.home / "remote"
    folder.mkdir()
    (folder / "file").write_bytes(bytes(range(256)) * 300)
    return folder


def fetched(login: Login, name: str) -> bytes:
    return (login.user.home / "of-as-ssh" / name).read_bytes()


@pytest.mark.requires_program("git")
def test_git_clones(login: Login, files: Path) -> None:
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "one"]):
        identity = ["-c", "user.name=me", "-c", "user.email=me@host", "-c", "safe.directory=*"]
        subprocess.run(["git", *identity, *words], cwd=files, env=login.user.environment, check=True)
    done = login.both(
        lambda _program, _folder: ["git", "clone", "-q", f"target:{files}", "clone"],
        GIT_SSH="{ssh}",
    )
    assert_same(done)
    assert fetched(login, "clone/file") == (files / "file").read_bytes()


@pytest.mark.requires_program("rsync")
def test_rsync_copies(login: Login, files: Path) -> None:
    assert_same(login.both(lambda _program, _folder: ["rsync", "-a", f"target:{files}/", "copy"], RSYNC_RSH="{ssh}"))
    assert fetched(login, "copy/file") == (files / "file").read_bytes()


@pytest.mark.requires_program("scp", "sftp")
def test_scp_and_sftp_copy(user: User, files: Path, start_sshd: Callable[..., Sshd]) -> None:
    login = Login(user, start_sshd(settings="Subsystem sftp internal-sftp"))
    assert_same(login.both(lambda program, _folder: ["scp", "-q", "-S", program, f"target:{files}/file", "copy"]))
    assert fetched(login, "copy") == (files / "file").read_bytes()
    line = f"get {files}/file again\n".encode()
    assert_same(login.both(lambda program, _folder: ["sftp", "-q", "-b", "-", "-S", program, "target"], line))
    assert fetched(login, "again") == (files / "file").read_bytes()


def test_a_command_gets_its_input_and_gives_its_output_and_code(login: Login) -> None:
    octets = bytes(range(256)) * 3000
    assert_same(login.both(lambda program, _folder: [program, "target", "cat; echo bad >&2; exit 7"], octets), 7)
    line = '"$0" target "echo out; echo err >&2" </dev/null | cat'
    assert_same(login.both(lambda program, _folder: ["sh", "-c", line, program]))


def test_what_ssh_says_of_a_wrong_line_is_all_that_is_said(login: Login) -> None:
    assert_same(login.both(lambda program, _folder: [program, "--version"]), 255)
    assert_same(login.both(lambda program, _folder: [program, "-o", "Nonsense=1", "target"]), 255)
    assert_same(login.both(lambda program, _folder: [program, "-p", "1", "target", "true"]), 255)


@pytest.mark.requires_program("script")
def test_ansible_speaks_to_a_host(login: Login) -> None:
    with tempfile.TemporaryDirectory(prefix="cp") as short:  # a socket's path has an end

        def words(program: str, _folder: Path) -> list[str]:
            master = f"ControlPath={short}/{Path(program).name}"
            asked = "/bin/sh -c 'echo ~ && echo pong && sleep 0'"
            line = shlex.join([program, *ANSIBLE, "-o", master, *BECOME, "target", asked])
            return ["script", "-qec", f"{line} >out 2>err", "/dev/null"]  # a terminal, but for the output

        try:
            assert_same(login.both(words))
        finally:
            for name in ("plain", "as-ssh"):
                stop = ["ssh", "-F", str(login.config), "-o", f"ControlPath={short}/{name}", "-O", "exit", "target"]
                subprocess.run(stop, env=login.user.environment, capture_output=True, check=False)
    assert fetched(login, "out").split()[-1] == b"pong"
    assert fetched(login, "err") == (login.user.home / "of-plain" / "err").read_bytes()


def test_a_port_is_forwarded_from_a_terminal(login: Login) -> None:
    """`ssh -N -L` needs no terminal and is mostly typed at one."""
    port = free_port()
    login.terminal("-N", "-L", f"127.0.0.1:{port}:127.0.0.1:{login.sshd.port}", "target")

    def banner() -> bytes:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                return connection.recv(100)
        except OSError:
            return b""

    wait_until(lambda: banner().startswith(b"SSH-2.0"), "the port is not forwarded")
    assert not login.user.left_running(), "no server of ours"


def test_a_login_is_a_session_and_enter_tilde_full_stop_leaves_it(login: Login) -> None:
    terminal = login.terminal("target")
    terminal.wait_until(login.user.left_running, "no server was started")
    terminal.type("echo ~/$((6*7))\r")
    terminal.wait_for("/42")
    terminal.type("~.")
    assert terminal.wait_for_end() == 0, terminal.text()
    wait_until(lambda: not login.user.left_running(), "the server is still running")


def test_a_command_with_a_terminal_is_read_by_the_login_shell(login: Login) -> None:
    terminal = login.terminal("-t", "target", "test -t 1 && echo one;", "echo two  three; exit 7")
    assert terminal.wait_for_end() == 7, terminal.text()
    assert "one\ntwo three" in terminal.text()
    wait_until(lambda: not login.user.left_running(), "the server is still running")


def test_a_host_without_a_server_gets_a_shell_of_ssh(login: Login) -> None:
    path = login.user.home / "config" / "mosh-py" / "config"
    path.write_text("Server no-such-mosh-server\n" + ("SshPty no\n" if LOGIN_OPTIONS else ""))
    terminal = login.terminal("target")
    terminal.wait_for("going on with plain ssh")
    terminal.type("exit 7\r")
    assert terminal.wait_for_end() == 7, terminal.text()
    assert not login.user.left_running()
