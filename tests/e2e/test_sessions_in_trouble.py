"""Sessions taken back, listed and ended where something is missing: their files, their directories, room on the disk.

The server, its door and UDP are real; who comes is a bare client, and no ssh is between (test_sessions.py has that).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.e2e.test_upgrade import install, installed, replace
from tests.support.guest import Guest
from tests.support.programs import (
    OURS,
    PATIENCE_S,
    Programs,
    RunningServer,
    clean_environment,
    start_server,
    wait_until,
)
from tests.support.relay import Relay

from mosh_common.errors import PeerError
from mosh_common.wire.datagram import unseal
from mosh_common.wire.key import Key
from mosh_common.wire.ocb import Ocb
from mosh_server.door.asking import ask
from mosh_server.door.protocol import AskAttach, Attached
from mosh_server.host.places import places_of
from mosh_server.host.registry import living

pytestmark = [pytest.mark.e2e, pytest.mark.requires_linux]

SHELL = ("env", "PS1=ready> ", "sh", "-i")
CONNECT = re.compile(r"^MOSH CONNECT (\d+) (\S{22})$", re.MULTILINE)
ONLY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")


class Offer(NamedTuple):
    """Where and with which key a session is taken back."""

    port: int
    key: str


class Account:
    """Somebody's home and directories on a machine, and the sessions in it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._stack = stack
        self.home = folder
        self.runtime, self.state = folder / "run", folder / "state"
        for each in (self.runtime, self.state):
            each.mkdir(mode=0o700)
        # Should the test die before it can end a server.
        private = {"XDG_RUNTIME_DIR": str(self.runtime), "XDG_STATE_HOME": str(self.state)}
        self.environment = clean_environment(folder) | private | {"MOSH_SERVER_NETWORK_TMOUT": "120"}

    def begin(self, *command: str, programs: Programs = OURS) -> RunningServer:
        """Start a session of a shell, or of `command`."""
        server = start_server(programs, command or SHELL, environment=self.environment, directory=self.home)
        self._stack.callback(server.end)
        return server

    def guest(self, port: int, key: str, **size: Any) -> Guest:
        """Let a client come."""
        return self._stack.enter_context(Guest(port, key, **size))

    def begun(self, programs: Programs = OURS) -> tuple[RunningServer, Guest]:
        """A session that has answered its client."""
        server = self.begin(programs=programs)
        guest = self.guest(server.port, server.key)
        guest.wait_for("ready>")
        answers(guest, "begun")
        return server, guest

    @contextmanager
    def ended(self) -> Iterator[None]:
        """Let no session outlive this: it would hold what is mounted."""
        with self._stack:
            yield

    def says(self, *words: str) -> str:
        """What `mosh-server session` says to these words."""
        done = subprocess.run(
            [*OURS.server, "session", *words],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def listed(self) -> dict[int, dict[str, Any]]:
        """What is listed, by process id."""
        return {each["id"]: each for each in json.loads(self.says("list", "--json").split(" ", 4)[4])}

    def offer(self, server: RunningServer) -> Offer:
        """Ask for a key as the wrapper does."""
        match = CONNECT.search(self.says("attach", str(server.process.pid)))
        assert match is not None
        return Offer(int(match[1]), match[2])

    def take_back(self, server: RunningServer, earlier: Guest) -> Guest:
        """Take the session from a client, at another size."""
        # A server that has no processor just now does not answer in time, and that is listed.
        wait_until(lambda: self.listed()[server.process.pid]["state"] == "attached", "it is not listed as attached")
        offer = self.offer(server)
        assert offer.key != server.key
        guest = self.guest(*offer, columns=100, lines=30)
        guest.wait_for("begun")
        earlier.wait_until(lambda: earlier.client.done, "the client before was not told")
        guest.type(b"stty size\r")
        guest.wait_for("30 100")
        return guest

    def take_back_and_end(self, server: RunningServer, earlier: Guest) -> None:
        """Do that, and end the session after it."""
        guest = self.take_back(server, earlier)
        assert self.says("end", str(server.process.pid)).startswith("MOSH SESSION 1 END ")
        guest.wait_until(lambda: guest.client.done, "the client was not told of the end")
        wait_until(lambda: not server.process.alive, "the server has not ended")
        assert self.listed() == {}


def answers(guest: Guest, word: str) -> None:
    """Let the shell say a word that was not typed."""
    guest.type(f"echo {word[0]}''{word[1:]}\r".encode())
    guest.wait_until(lambda: word in guest.lines, f"{word} did not come")


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    with ExitStack() as stack:
        yield Account(tmp_path, stack)


# --- A hundred in a row ---------------------------------------------------------------------------------------------

ATTACHES = 100
WARM_UP = 30
# Of the allocator, 1.2 MB with a cipher through ctypes: clients that stayed would be ten times that in the end. That no
# object stays is tests/world/test_attach.py's.
ALLOWED_KB = 4096


class Tapped(NamedTuple):
    """A datagram, and how many keys were given out when it passed."""

    is_upward: bool
    octets: bytes
    keys: int


def test_a_hundred_attaches_in_a_row_gain_nothing_and_repeat_no_nonce(account: Account) -> None:
    server, first = account.begun()
    first.close()
    [entry] = living(places_of(account.environment, uid=os.getuid()))
    keys = [server.key]
    tapped: list[Tapped] = []

    def held() -> int:
        """How many descriptors the server has, as far as one can see: to its own user it is closed."""
        return len(os.listdir(f"/proc/{server.process.pid}/fd")) if os.geteuid() == 0 else 0

    def resident_kb() -> int:
        pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE") // 1024

    with Relay(server.port, tap=lambda up, octets: tapped.append(Tapped(up, octets, len(keys)))) as relay:
        for number in range(1, ATTACHES + 1):
            offer = ask(entry, AskAttach(address="127.0.0.1"), patience_s=PATIENCE_S)
            assert isinstance(offer, Attached)
            assert offer.port == server.port
            keys.append(offer.key)
            with Guest(relay.port, offer.key) as guest:
                guest.wait_for("ready>")
                answers(guest, f"attached-{number}")
            if number == WARM_UP:
                before = held(), resident_kb()
    assert len(set(keys)) == ATTACHES + 1
    wait_until(lambda: held() == before[0], lambda: f"{held()} descriptors and not {before[0]}")
    assert resident_kb() <= before[1] + ALLOWED_KB
    counted = Counter(key_and_nonce(each, keys) for each in tapped)
    assert max(counted.values()) == 1
    assert {key for key, _upward, _sequence in counted} == set(keys[1:])


def key_and_nonce(tapped: Tapped, keys: list[str]) -> tuple[str, bool, int]:
    """Find out what a datagram was sealed with: (key, direction, number); the latter two are its nonce."""
    for key in reversed(keys[: tapped.keys]):
        try:
            opened = unseal(Ocb(Key.parse(key)), tapped.octets, to_client=not tapped.is_upward)
        except PeerError:
            continue
        return key, tapped.is_upward, opened.sequence
    raise AssertionError("a datagram under no key that was given out")


# --- What the server was started from, and its directories ------------------------------------------------------------


def test_a_session_outlives_the_files_that_its_server_was_started_from(account: Account, tmp_path: Path) -> None:
    folder = tmp_path / "package"
    install(folder)
    server, first = account.begun(programs=installed(folder, folder))
    replace(folder)
    second = account.take_back(server, first)
    shutil.rmtree(folder)
    account.take_back_and_end(server, second)


@pytest.mark.parametrize(("which", "again"), [("runtime", True), ("state", False)])
def test_a_session_outlives_one_of_its_directories(account: Account, which: str, *, again: bool) -> None:
    """As at a logout, which deletes the runtime directory, and at the next login, which makes another."""
    server, guest = account.begun()
    folder: Path = getattr(account, which)
    assert list(folder.rglob(f"{server.process.pid}.door"))
    shutil.rmtree(folder)
    if again:
        folder.mkdir(mode=0o700)
    account.take_back_and_end(server, guest)


# --- A full disk ----------------------------------------------------------------------------------------------------


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Mount one there. Skips the test where that may not be."""
    words = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"only root may mount: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> None:
    """Leave no room on it."""
    with suppress(OSError), (folder / "ballast").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    with pytest.raises(OSError, match="No space left"):
        (folder / "more").write_bytes(bytes(4096))


@ONLY_ROOT
def test_sessions_live_dead_and_new_on_a_full_disk(account: Account) -> None:
    with small_disk(account.state), small_disk(account.runtime), account.ended():
        live, guest = account.begun()
        dead, _ = account.begun()
        for folder in (account.state, account.runtime):
            fill(folder)
        dead.process.signal(signal.SIGKILL)
        wait_until(lambda: not dead.process.alive, "it was killed")
        new, second = account.begun()
        assert account.listed().keys() == {live.process.pid, new.process.pid}
        assert account.says("end", str(new.process.pid)).startswith("MOSH SESSION 1 END ")
        second.wait_until(lambda: second.client.done, "the new session's client was not told")
        wait_until(lambda: not new.process.alive, "the new session has not ended")
        account.take_back_and_end(live, guest)
        assert [path.name for path in account.home.rglob("*") if re.fullmatch(r"\d+(\.door)?", path.name)] == []


# --- In the middle of something -------------------------------------------------------------------------------------


def test_a_paste_that_was_cut_is_ended_for_its_program(account: Account) -> None:
    server = account.begin("sh", "-c", r"stty raw -echo; printf '\033[?2004hpaste: '; exec cat -v")
    with account.guest(server.port, server.key) as first:
        first.wait_for("paste:")
        first.type(b"\x1b[200~half of")
        first.wait_for("^[[200~half of")
    second = account.guest(*account.offer(server))
    second.wait_for("^[[200~half of^[[201~")
    second.type(b" and more")
    second.wait_for("^[[201~ and more")
