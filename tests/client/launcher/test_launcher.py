"""The three processes of a session, really running in a pty, with upstream's server on the other side."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.support.programs import (
    UPSTREAM,
    Process,
    RunningServer,
    clean_environment,
    descendants,
    process,
    start_server,
    wait_until,
)
from tests.support.user_terminal import (
    Start,
    UserTerminal,
    modes_left_on,
    mosh_words,
    source_environment,
    started,
    started_for_real,
)

pytestmark = [
    pytest.mark.system,
    pytest.mark.interop,
    pytest.mark.requires_linux,
    pytest.mark.requires_program("bash"),
    pytest.mark.requires_upstream("mosh-server"),
]

CLIENT = [sys.executable, "-P", "-m", "mosh_client"]
KEY = "zzzzzzzzzzzzzzzzzzzzzg"  # of a session without a server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    running = start_server(
        UPSTREAM,
        ["/bin/bash", "--norc", "--noprofile"],
        environment={**clean_environment(tmp_path), "PS1": "ready> ", "MOSH_SERVER_NETWORK_TMOUT": "60"},
        directory=tmp_path,
    )
    yield running
    running.end()


def start(port: int, key: str, home: Path, *, by: Start = started, **environment: str) -> UserTerminal:
    return UserTerminal(
        [*CLIENT, "127.0.0.1", str(port)],
        environment={**clean_environment(home), **source_environment(), "MOSH_KEY": key, **environment},
        start=by,
    )


def start_changed(server: RunningServer, home: Path, change: str) -> UserTerminal:
    """Start a client in which a line of Python has changed something before."""
    program = f"import sys; {change}; from mosh_client.cli import main; sys.exit(main())"
    return UserTerminal(
        [sys.executable, "-P", "-c", program, "127.0.0.1", str(server.port)],
        environment={**clean_environment(home), **source_environment(), "MOSH_KEY": server.key},
    )


class Family:
    """The processes of one client."""

    def __init__(self, terminal: UserTerminal) -> None:
        self.launcher = process(terminal.pid)

    def member(self, name: str) -> Process:
        return wait_until(lambda: self._find(name), f"no process {name}")

    @property
    def network(self) -> Process:
        return self.member("mosh-network")

    @property
    def renderer(self) -> Process:
        return self.member("mosh-renderer")

    def all(self) -> list[Process]:
        return [self.launcher, *descendants(self.launcher.pid)]

    def _find(self, name: str) -> Process | None:
        for child in descendants(self.launcher.pid):
            try:
                if Path(f"/proc/{child.pid}/comm").read_text().strip() == name and child.alive:
                    return child
            except OSError:
                continue
        return None


@pytest.fixture
def session(server: RunningServer, tmp_path: Path) -> Iterator[tuple[UserTerminal, Family]]:
    with start(server.port, server.key, tmp_path) as terminal:
        terminal.wait_for("ready>")
        yield terminal, Family(terminal)


def wait_for_none_left(members: list[Process]) -> None:
    wait_until(
        lambda: not any(member.alive for member in members),
        lambda: "still there: " + ", ".join(member.name for member in members if member.alive),
    )


def test_a_session_echoes_and_ends_with_the_shell(session: tuple[UserTerminal, Family]) -> None:
    terminal, family = session
    members = family.all()
    terminal.type("echo 漢字 $((6*7))\r")
    terminal.wait_for("漢字 42")
    terminal.type("exit\r")
    assert terminal.wait_for_end() == 0
    assert "[mosh: session of " in terminal.text()
    assert terminal.echoes
    wait_for_none_left(members)


def test_a_renderer_that_is_killed_is_replaced_and_the_session_goes_on(session: tuple[UserTerminal, Family]) -> None:
    terminal, family = session
    terminal.type("echo before\r")
    terminal.wait_for("before\nready>")
    killed = family.renderer
    network = family.network
    killed.signal(signal.SIGKILL)
    wait_until(lambda: family._find("mosh-renderer") not in (None, killed), "no other renderer")
    terminal.type("echo after $((6*7))\r")
    terminal.wait_for("after 42")
    assert "before\nready>" in terminal.text()  # the other one was sent the whole screen
    assert family.network == network
    assert not terminal.echoes
    terminal.type("exit\r")
    assert terminal.wait_for_end() == 0


def test_a_renderer_that_keeps_dying_ends_the_session_with_a_reason(server: RunningServer, tmp_path: Path) -> None:
    # On a busy machine the ten seconds in which so many may not die are over before they have.
    change = "import mosh_client.launcher.launcher as l; l._RENDERERS_WINDOW_MS = 600_000"
    with start_changed(server, tmp_path, change) as terminal:
        terminal.wait_for("ready>")
        family = Family(terminal)
        members = family.all()
        for _ in range(6):
            renderer = family.renderer
            members.append(renderer)
            renderer.signal(signal.SIGKILL)
            wait_for_none_left([renderer])
        assert terminal.wait_for_end() == 1
        assert "keeps failing (signal 9)" in " ".join(terminal.text().split("\n"))
        assert terminal.echoes
        wait_for_none_left(members)


def test_the_end_of_the_network_process_restores_the_terminal_and_says_so(
    session: tuple[UserTerminal, Family],
) -> None:
    terminal, family = session
    members = family.all()
    family.network.signal(signal.SIGKILL)
    assert terminal.wait_for_end() == 1
    assert "network process ended unexpectedly" in " ".join(terminal.text().split("\n"))
    assert terminal.echoes
    wait_for_none_left(members)


def test_nothing_is_orphaned_when_the_launcher_is_killed(session: tuple[UserTerminal, Family]) -> None:
    terminal, family = session
    members = family.all()
    family.launcher.signal(signal.SIGKILL)
    wait_for_none_left(members)
    wait_until(lambda: terminal.echoes, "the terminal is still in raw mode")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_to_the_launcher_ends_the_session_and_tells_the_server(
    session: tuple[UserTerminal, Family], server: RunningServer, number: signal.Signals
) -> None:
    terminal, family = session
    members = family.all()
    family.launcher.signal(number)
    assert terminal.wait_for_end() == 255
    assert "[mosh: session of " in terminal.text()
    assert terminal.echoes
    wait_for_none_left(members)
    wait_until(lambda: not server.process.alive, "the server was not told")


def test_a_terminal_that_hangs_up_ends_the_session_and_tells_the_server(
    session: tuple[UserTerminal, Family], server: RunningServer
) -> None:
    terminal, family = session
    members = family.all()
    os.close(os.dup(terminal.child.child_fd))
    terminal.hang_up()  # the master: as if the terminal's window was closed
    wait_for_none_left(members)
    wait_until(lambda: not server.process.alive, "the server was not told")


def test_the_escape_key_and_a_dot_leave(session: tuple[UserTerminal, Family], server: RunningServer) -> None:
    terminal, family = session
    members = family.all()
    terminal.type("\x1e")
    terminal.wait_for("Commands:")
    terminal.type(".")
    assert terminal.wait_for_end() == 0
    wait_for_none_left(members)
    wait_until(lambda: not server.process.alive, "the server was not told")


HUNG = "mosh-client: the network process did not answer and was ended; the session on the server may go on."


def assert_left_at_once(terminal: UserTerminal, members: list[Process], *, code: int) -> None:
    assert terminal.wait_for_end() == code
    assert HUNG in terminal.said()
    assert terminal.settings() == terminal.settings_before
    assert modes_left_on(bytes(terminal.output))[25]
    wait_for_none_left(members)


def test_the_escape_key_leaves_although_the_network_process_hangs(session: tuple[UserTerminal, Family]) -> None:
    terminal, family = session
    members = family.all()
    family.network.signal(signal.SIGSTOP)
    wait_until(lambda: _is_stopped(family.network), "not stopped")
    terminal.type("\x1e.")
    terminal.wait_for("mosh: Exiting on user request... [To leave at once: Ctrl-^ .]")
    assert terminal.child.isalive()
    terminal.type("\x1e.")
    assert_left_at_once(terminal, members, code=0)


def test_two_signals_end_a_client_whose_network_process_hangs(session: tuple[UserTerminal, Family]) -> None:
    terminal, family = session
    members = family.all()
    family.network.signal(signal.SIGSTOP)
    wait_until(lambda: _is_stopped(family.network), "not stopped")
    family.launcher.signal(signal.SIGTERM)
    terminal.type("x")
    family.launcher.signal(signal.SIGINT)
    assert_left_at_once(terminal, members, code=255)


def test_a_second_wish_to_leave_does_not_blame_a_network_process_that_answers(
    server: RunningServer, tmp_path: Path
) -> None:
    # On a busy machine its answer may take longer than half a second.
    change = "import mosh_client.launcher.launcher as l; l._INSISTED_PATIENCE_S = 60"
    with start_changed(server, tmp_path, change) as terminal:
        terminal.wait_for("ready>")
        members = Family(terminal).all()
        terminal.type("\x1e.\x1e.")
        assert terminal.wait_for_end() == 0
        assert HUNG not in terminal.said()
        assert "[mosh: session of " in terminal.text()
        wait_for_none_left(members)


def test_a_signal_behind_its_loop_costs_no_report_of_the_network_process(server: RunningServer, tmp_path: Path) -> None:
    signalled = (
        "import signal; from mosh_client.ipc.control import Report; encode = Report.encode;"
        " Report.encode = lambda report: (signal.raise_signal(signal.SIGTERM), encode(report))[1]"
    )
    with start_changed(server, tmp_path, signalled) as terminal:
        terminal.wait_for("ready>")
        terminal.type("\x1e.")
        assert terminal.wait_for_end() == 0
        assert "[mosh: session of " in terminal.text()


@pytest.mark.parametrize("way", ["hang-up", "signal"])
def test_a_network_process_that_hangs_keeps_no_client_that_nobody_can_ask_again(
    server: RunningServer, tmp_path: Path, way: str
) -> None:
    impatient = "import mosh_client.launcher.launcher as l; l._QUIT_PATIENCE_MS = 500"
    with start_changed(server, tmp_path, impatient) as terminal:
        terminal.wait_for("ready>")
        family = Family(terminal)
        members = family.all()
        family.network.signal(signal.SIGSTOP)
        wait_until(lambda: _is_stopped(family.network), "not stopped")
        if way == "signal":
            family.launcher.signal(signal.SIGTERM)
        else:
            terminal.hang_up()
        wait_for_none_left(members)


def test_a_session_can_be_suspended_and_resumed(session: tuple[UserTerminal, Family]) -> None:
    terminal, family = session
    terminal.type("echo before\r")
    terminal.wait_for("before\nready>")
    terminal.type("\x1e\x1a")
    terminal.wait_for("[mosh is suspended.]")
    wait_until(lambda: _is_stopped(family.launcher) and _is_stopped(family.renderer), "not stopped")
    assert terminal.echoes
    assert not _is_stopped(family.network)
    os.killpg(os.getpgid(family.launcher.pid), signal.SIGCONT)
    terminal.wait_until(lambda: not terminal.echoes, "the terminal is not in raw mode again")
    terminal.type("echo after $((6*7))\r")
    terminal.wait_for("after 42")


def test_a_resize_reaches_the_shell(session: tuple[UserTerminal, Family]) -> None:
    terminal, _family = session
    terminal.resize(10, 40)
    terminal.type("echo size $(stty size)\r")  # keys never overtake the size that they were typed at
    terminal.wait_for("size 10 40")


def test_a_server_that_never_answers_is_named_and_can_be_left(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        with start(port, KEY, tmp_path) as terminal:
            terminal.wait_for(f"Nothing received from server on UDP port {port}.")
            terminal.type("\x1e.")
            assert terminal.wait_for_end() == 0
            assert terminal.echoes


def test_a_renderer_that_cannot_be_loaded_is_told_in_a_sentence(tmp_path: Path) -> None:
    lines = (
        *("import sys", "sys.modules['mosh_client.renderer.view'] = None"),
        *("from mosh_client.cli import main", "sys.exit(main())"),
    )
    with UserTerminal(
        [sys.executable, "-P", "-c", "\n".join(lines), "127.0.0.1", "60001"],
        environment={**clean_environment(tmp_path), **source_environment(), "MOSH_KEY": KEY},
    ) as terminal:
        assert terminal.wait_for_end() == 1
        said = terminal.said()
        assert said.startswith("mosh-client: The part that draws the terminal cannot be loaded: import of")
        assert terminal.settings() == terminal.settings_before


def test_neither_launcher_nor_renderer_holds_the_key(server: RunningServer, tmp_path: Path) -> None:
    with start(server.port, server.key, tmp_path, by=started_for_real) as terminal:  # a fork has had it in a request
        terminal.wait_for("ready>")
        assert_only_the_network_process_holds_the_key(Family(terminal), server)


def assert_only_the_network_process_holds_the_key(family: Family, server: RunningServer) -> None:
    if os.getuid():
        for member in family.all():
            with pytest.raises(PermissionError):  # not even the user's own processes may look
                _memory(member.pid)
        pytest.skip("only root can search the memory")
    from mosh_common.wire.key import Key

    key = Key.parse(server.key)
    for member in (family.launcher, family.renderer):
        assert_holds_no_key(member, key.text, key.octets)
    assert key.octets in _memory(family.network.pid)  # the search finds it where it must be
    assert key.text.encode() not in Path(f"/proc/{family.network.pid}/environ").read_bytes()


def test_after_the_bootstrap_only_network_process_and_server_hold_the_key(tmp_path: Path) -> None:
    if os.getuid():
        pytest.skip("only root can search the memory")
    from mosh_common.wire.key import Key

    announcement = tmp_path / "announcement"
    server = tmp_path / "server"
    server.write_text(
        f'#!/bin/sh\n{sys.executable} -P -m mosh_server "$@" >{announcement} 2>{tmp_path}/notices\n'
        f"cat {announcement}\ncat {tmp_path}/notices >&2\n"
    )
    server.chmod(0o755)
    environment = {**clean_environment(tmp_path), **source_environment(), "PS1": "ready> "}
    words = mosh_words("--local", f"--server={server}", "127.0.0.1", "--", "/bin/bash", "--norc", "--noprofile")
    with UserTerminal(words, environment={**environment, "MOSH_SERVER_NETWORK_TMOUT": "60"}) as terminal:
        terminal.wait_for("ready>")
        family = Family(terminal)  # the launcher's process was the bootstrap
        key = Key.parse(announcement.read_text().split()[3])
        server_pid = int((tmp_path / "notices").read_text().rpartition("pid = ")[2].rstrip("]\n"))

        def alive() -> list[Process]:
            members = [*family.all(), process(server_pid), *descendants(server_pid)]
            return [member for member in members if member.alive]

        # With the shell. The helper for utmp ends by itself.
        wait_until(lambda: len(alive()) == 5, lambda: f"not five: {[member.name for member in alive()]}")
        of_the_session = alive()
        holders = {member.pid for member in of_the_session if key.octets in _memory(member.pid)}
        assert holders == {family.network.pid, server_pid}
        for member in of_the_session:
            if member.pid not in holders:
                assert_holds_no_key(member, key.text, key.octets)
            assert key.text.encode() not in Path(f"/proc/{member.pid}/environ").read_bytes()
        assert len(of_the_session) == 5
        terminal.type("exit\r")
        assert terminal.wait_for_end() == 0


def assert_holds_no_key(member: Process, text: str, octets: bytes) -> None:
    """The key is neither in the memory nor in the environment of `member`, in either form."""
    memory = _memory(member.pid)
    assert len(memory) > 100_000
    for secret in (text.encode(), octets):
        assert secret not in memory, member.name
        assert secret not in Path(f"/proc/{member.pid}/environ").read_bytes(), member.name


def test_each_process_has_only_the_descriptors_that_it_needs(session: tuple[UserTerminal, Family]) -> None:
    _terminal, family = session
    if os.getuid():
        pytest.skip("to their own user the processes are closed")
    network = _descriptors(family.network.pid)
    assert not any("/dev/pts" in target or "/dev/tty" in target for target in network)
    # What is open and shut elsewhere moves the rows of the kernel's table while it is read.
    wait_until(lambda: any(map(_is_udp, network)), lambda: f"none of these is for UDP: {network}")
    for member in (family.launcher, family.renderer):
        assert not any(_is_udp(target) for target in _descriptors(member.pid))


def test_the_network_process_has_no_terminal_and_writes_no_core(session: tuple[UserTerminal, Family]) -> None:
    _terminal, family = session
    stat = Path(f"/proc/{family.network.pid}/stat").read_text().rpartition(")")[2].split()
    assert stat[4] == "0"  # tty_nr
    limits = Path(f"/proc/{family.network.pid}/limits").read_text()
    assert re.search(r"Max core file size\s+0\s+0", limits)


def test_every_process_is_confined_and_so_is_a_second_renderer(session: tuple[UserTerminal, Family]) -> None:
    terminal, family = session
    killed = family.renderer
    killed.signal(signal.SIGKILL)
    wait_until(lambda: family._find("mosh-renderer") not in (None, killed), "no other renderer")
    terminal.type("echo again $((6*7))\r")
    terminal.wait_for("again 42")
    for member in (family.launcher, family.network, family.renderer):
        status = Path(f"/proc/{member.pid}/status").read_text()
        assert "NoNewPrivs:\t1" in status
        assert "Seccomp:\t2" in status
        owner = Path(f"/proc/{member.pid}/environ").stat()
        assert owner.st_uid == 0  # also of another user's process: it is not dumpable
        assert re.search(r"Max core file size\s+0\s+0", Path(f"/proc/{member.pid}/limits").read_text())


# Runs mosh-client and writes to standard error what is imported or opened in a process that is confined.
WATCHED = """
import os, sys
from mosh_client.confinement import processes
from mosh_client.confinement.mechanisms import Process

confine, confined = processes.confine, []

def then_watch(process, **options):
    steps = confine(process, **options)
    if process is not Process.LAUNCHER:
        confined.append(process)
    return steps

def watch(event, arguments):
    if confined and event in ("import", "open", "os.listdir", "ctypes.dlopen", "subprocess.Popen", "os.fork"):
        os.write(2, f"late: {confined[0].value}: {event} {arguments[:1]}\\n".encode())

processes.confine = then_watch
sys.addaudithook(watch)
from mosh_client.cli import main
sys.exit(main())
"""


def test_a_confined_process_needs_no_file_any_more(server: RunningServer, tmp_path: Path) -> None:
    log = tmp_path / "log"
    words = ["/bin/sh", "-c", f'exec "$0" "$@" 2>{log}', sys.executable, "-P", "-c", WATCHED]
    words.append("-v")  # else the network process has no standard error
    environment = {**clean_environment(tmp_path), **source_environment(), "MOSH_KEY": server.key}
    with UserTerminal([*words, "127.0.0.1", str(server.port)], environment=environment) as terminal:
        terminal.wait_for("ready>")
        family = Family(terminal)
        terminal.type(
            "printf '\\033]0;title\\007\\033]52;c;aGFsbG8=\\007\\033[38;2;1;2;3m'; "
            "echo 漢字 \u00e4\u0301 \U0001f469\u200d\U0001f467\r"
        )
        terminal.wait_for("漢字")
        terminal.resize(30, 90)
        terminal.type("seq 100; stty size\r")
        terminal.wait_for("\n30 90")
        terminal.type("\x1es")
        terminal.wait_for("rtt ")
        terminal.type("\x1e?")
        terminal.wait_for("commands, each after")
        terminal.type("\x1a")
        terminal.wait_for("[mosh is suspended.]")
        wait_until(lambda: _is_stopped(family.launcher) and _is_stopped(family.renderer), "not stopped")
        os.killpg(os.getpgid(family.launcher.pid), signal.SIGCONT)
        terminal.wait_until(lambda: not terminal.echoes, "the terminal is not in raw mode again")
        server.process.signal(signal.SIGSTOP)  # silence: notices, other ports
        try:
            terminal.type("echo after $((6*7))")
            terminal.wait_for("Last contact")
            terminal.wait_until(lambda: log.exists() and _sources_of(family.network) > 1, "no other port")
        finally:
            server.process.signal(signal.SIGCONT)
        terminal.type("\r")
        terminal.wait_for("after 42")
        terminal.type("exit\r")
        assert terminal.wait_for_end() == 0
    said = log.read_text().splitlines()
    assert [line for line in said if line.startswith("late: ")] == []
    for name in ("network process", "renderer"):
        assert any(line.startswith(f"{name}: given up: opening files") for line in said)  # it would have been heard


def _sources_of(member: Process) -> int:
    """How many ports it receives on; only root sees that."""
    if os.getuid():
        return 2
    return sum(_is_udp(target) for target in _descriptors(member.pid))


def test_what_each_process_has_given_up_is_logged_when_asked_for(server: RunningServer, tmp_path: Path) -> None:
    log = tmp_path / "log"
    words = ["/bin/sh", "-c", f'exec "$0" "$@" 2>{log}', *CLIENT, "-v", "127.0.0.1", str(server.port)]
    environment = {**clean_environment(tmp_path), **source_environment(), "MOSH_KEY": server.key}
    with UserTerminal(words, environment=environment) as terminal:
        terminal.wait_for("ready>")
        terminal.type("echo $((6*7))\r")
        terminal.wait_for("42")
        terminal.type("exit\r")
        assert terminal.wait_for_end() == 0
    said = log.read_text()
    for name in ("launcher", "network process", "renderer"):
        assert f"{name}: given up: starting programs (Operation not permitted)" in said
    for name in ("network process", "renderer"):
        assert f"{name}: given up: opening files (" in said
    assert "not given up" not in said
    assert "Traceback" not in said


def _is_stopped(member: Process) -> bool:
    return Path(f"/proc/{member.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def _descriptors(pid: int) -> list[str]:
    found = []
    for name in os.listdir(f"/proc/{pid}/fd"):
        with suppress(FileNotFoundError):  # it was closed meanwhile
            found.append(os.readlink(f"/proc/{pid}/fd/{name}"))
    return found


def _is_udp(target: str) -> bool:
    match = re.fullmatch(r"socket:\[(\d+)\]", target)
    if match is None:
        return False
    tables = (Path(f"/proc/net/{name}").read_text().splitlines()[1:] for name in ("udp", "udp6"))
    return any(line.split()[9] == match.group(1) for table in tables for line in table)


def _memory(pid: int) -> bytes:
    """Return all that the process may write to, and its environment as it was given."""
    contents = bytearray()
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            addresses, permissions = line.split(maxsplit=2)[:2]
            if not permissions.startswith("rw"):
                continue
            start, end = (int(each, 16) for each in addresses.split("-"))
            try:
                memory.seek(start)
                contents += memory.read(end - start)
            except OSError:
                continue
    return bytes(contents)
