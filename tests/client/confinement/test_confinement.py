"""What the processes of the client cannot do once confined: each is tried in a process of its own, before and after."""

from __future__ import annotations

import fcntl
import mmap
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.client.confinement import attempts
from tests.client.confinement.attempts import LAST_SIGNAL, become_nobody, is_refused, process_that_waits
from tests.support.programs import SOURCE_FOLDERS
from tests.support.small_process import SmallProcess

from mosh_client.confinement import doctor, landlock, libc, limits, seccomp, system_calls
from mosh_client.confinement.mechanisms import Mechanism, Process, Step, mechanisms
from mosh_client.confinement.processes import confine
from mosh_client.confinement.proofs import Proof, open_file
from mosh_client.confinement.report import describe
from mosh_client.launcher import child
from mosh_client.terminal import tty

pytestmark = [
    pytest.mark.system,
    pytest.mark.requires_linux,
    pytest.mark.skipif(os.uname().machine not in ("x86_64", "aarch64"), reason="no table of this machine's calls"),
]

REFUSED = 1


@pytest.fixture(scope="module")
def small() -> Iterator[SmallProcess]:
    server = SmallProcess()
    yield server
    server.close()


def refused(small: SmallProcess, confinement: str, attempt: Callable[[], None]) -> bool:
    """Whether one of `attempts` raises OSError in a process with that one of CONFINEMENTS."""
    return small.ask(attempts.ends_refused, confinement, attempt.__name__)


NEEDS_ROOT = (attempts.echo_request_socket, attempts.change_a_mode)


@pytest.mark.parametrize(
    ("process", "attempt"),
    [
        *((Process.LAUNCHER, attempt) for attempt in attempts.OUTSIDE),
        *((Process.NETWORK, attempt) for attempt in attempts.CONFINED),
        *((Process.RENDERER, attempt) for attempt in (*attempts.CONFINED, *attempts.DATAGRAMS)),
    ],
)
def test_what_is_given_up_is_refused_and_was_possible_before(
    small: SmallProcess, process: Process, attempt: Callable[[], None]
) -> None:
    if attempt in NEEDS_ROOT and os.getuid():
        pytest.skip("only root could do it before")
    assert not refused(small, attempts.UNCONFINED, attempt)
    assert refused(small, process.value, attempt)


@pytest.mark.parametrize(
    ("process", "attempt"),
    [
        (Process.LAUNCHER, attempts.fork_a_process),
        (Process.LAUNCHER, attempts.read_a_file),
        (Process.LAUNCHER, attempts.socket_pair),
        (Process.LAUNCHER, attempts.signal_the_parent),
        (Process.NETWORK, attempts.datagram_socket),
        (Process.NETWORK, attempts.ipv6_datagram_socket),
        (Process.NETWORK, attempts.signal_itself),
        (Process.RENDERER, attempts.signal_itself),
    ],
)
def test_what_is_needed_stays(small: SmallProcess, process: Process, attempt: Callable[[], None]) -> None:
    assert not refused(small, process.value, attempt)


MEBIBYTE = 1 << 20


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what is in use is read from /proc")
@pytest.mark.parametrize(
    ("octets", "refused"),
    [(limits.MEMORY_OCTETS - 32 * MEBIBYTE, False), (limits.MEMORY_OCTETS + 32 * MEBIBYTE, True)],
    ids=["a little less than the bound", "a little more"],
)
def test_memory_may_grow_up_to_the_bound_and_no_further(octets: int, refused: bool) -> None:
    # Address space, not memory: nothing of it is touched. A little: the interpreter takes and returns some meanwhile.
    assert is_refused(limits.bound_memory, lambda: mmap.mmap(-1, octets, flags=mmap.MAP_PRIVATE)) == refused


def test_of_all_signals_only_the_stop_of_job_control_is_left_to_the_renderer() -> None:
    def stop_the_group() -> None:
        os.kill(0, signal.SIGSTOP)

    def confine_in_a_group_of_its_own() -> None:
        os.setpgid(0, 0)
        confine(Process.RENDERER)

    pid = os.fork()
    if not pid:
        try:
            confine_in_a_group_of_its_own()
            stop_the_group()
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    os.kill(pid, signal.SIGCONT)
    assert os.waitpid(pid, 0)[1] == 0
    assert is_refused(confine_in_a_group_of_its_own, attempts.signal_the_group)
    assert not is_refused(lambda: os.setpgid(0, 0), attempts.signal_the_group)


def what_became_of(victim: int, attack: Callable[[], object]) -> int:
    """Return the status of the process `victim` after another one made `attack`; 0 where nothing became of it.

    It is told to end by a signal that the kernel delivers after all of those that an attack might send.
    """
    attacker = os.fork()
    if not attacker:
        try:
            attack()
        except OSError:
            pass
        finally:
            os._exit(0)
    os.waitpid(attacker, 0)
    os.kill(victim, LAST_SIGNAL)
    _, status = os.waitpid(victim, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
    return status


ATTACKERS = pytest.mark.parametrize("process", [None, Process.NETWORK, Process.RENDERER])


@ATTACKERS
def test_a_descriptor_cannot_be_made_to_end_another_process(process: Process | None) -> None:
    near, far = socket.socketpair()

    def attack() -> None:
        if process is not None:
            confine(process)
        # Each for itself: that one of them is refused must not hide that the others are not.
        for attempt in (
            lambda: fcntl.fcntl(near, fcntl.F_SETOWN, victim),
            lambda: fcntl.ioctl(near, 0x8901, struct.pack("i", victim)),
            lambda: fcntl.fcntl(near, 10, signal.SIGTERM),
            lambda: fcntl.fcntl(near, fcntl.F_SETFL, os.O_ASYNC),
            lambda: fcntl.ioctl(near, termios.FIOASYNC, struct.pack("i", 1)),
        ):
            try:
                attempt()
            except OSError:
                pass
        far.send(b"x")

    victim = process_that_waits(lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL))
    assert what_became_of(victim, attack) == (signal.SIGTERM if process is None else 0)
    near.close()
    far.close()


@ATTACKERS
def test_another_group_cannot_be_stopped_by_entering_it(process: Process | None) -> None:
    def attack() -> None:
        if process is not None:
            confine(process)
        try:
            os.setpgid(0, victim)
        except OSError:
            os._exit(0)
        os.kill(0, signal.SIGSTOP)

    victim = process_that_waits(attempts.make_a_group)

    def attack_and_go_on() -> None:
        attacker = os.fork()
        if not attacker:
            attack()
        os.waitpid(attacker, os.WUNTRACED)
        os.kill(attacker, signal.SIGKILL)

    status = what_became_of(victim, attack_and_go_on)
    assert os.WIFSTOPPED(status) is (process is None)


@ATTACKERS
def test_the_terminal_cannot_be_made_to_end_the_shell_when_something_is_typed(process: Process | None) -> None:
    main, terminal = os.openpty()

    def be_a_shell() -> None:
        os.setsid()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGIO, signal.SIG_DFL)

    def attack() -> None:
        if process is not None:
            confine(process)
        try:
            fcntl.fcntl(terminal, fcntl.F_SETFL, os.O_ASYNC)
        finally:
            os.write(main, b"typed\n")
            select.select([terminal], [], [])  # the signal is sent before

    victim = process_that_waits(be_a_shell)
    assert what_became_of(victim, attack) == (signal.SIGIO if process is None else 0)
    os.close(main)
    os.close(terminal)


def test_no_process_can_type_into_the_users_terminal() -> None:
    main, terminal = os.openpty()
    for process in (Process.NETWORK, Process.RENDERER):
        typed = lambda: libc.call("ioctl", terminal, 0x5412, b"x")  # noqa: E731  # for another process
        assert is_refused(partial(confine, process), typed)
        assert not is_refused(
            partial(confine, process),
            lambda: tty.RawMode(terminal, tty.read_attributes(terminal)).enter(),
        )
    os.close(main)
    os.close(terminal)


@pytest.mark.parametrize("signals", [True, False])
def test_without_seccomp_landlock_keeps_files_and_tcp_away(small: SmallProcess, signals: bool) -> None:
    _skip_without_landlock()
    only_landlock = f"landlock, signals {signals}"
    for attempt in attempts.FILES:
        assert refused(small, only_landlock, attempt)
    if landlock.version() >= 4:
        assert refused(small, only_landlock, attempts.connect_to_a_listener)
    if landlock.version() >= 6:
        assert refused(small, only_landlock, attempts.signal_the_parent) is not signals
    assert not refused(small, only_landlock, attempts.datagram_socket)


@pytest.mark.parametrize("process", [Process.NETWORK, Process.RENDERER])
def test_without_landlock_seccomp_keeps_files_away(small: SmallProcess, process: Process) -> None:
    for attempt in attempts.FILES:
        assert refused(small, f"{process.value} without landlock", attempt)


@pytest.mark.parametrize(
    ("number", "reason"), [(38, "Linux 5.13 or later"), (95, "lsm=landlock")], ids=["ENOSYS", "EOPNOTSUPP"]
)
def test_a_kernel_without_landlock_is_named(number: int, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_arguments: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(libc, "call", missing)
    assert reason in landlock.forbid_files(signals=False)


def test_an_unknown_machine_has_no_filter_and_the_session_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_calls, "this_machine", lambda: None)
    monkeypatch.setattr(seccomp, "this_machine", lambda: None)
    assert "not Linux on x86-64 or arm64" in seccomp.install(seccomp.renderer)


@pytest.mark.parametrize("process", Process)
@pytest.mark.parametrize("architecture", [(0xC000003E, 0), (0xC00000B7, 1)], ids=["x86-64", "arm64"])
def test_a_filter_has_no_jump_beyond_its_end(process: Process, architecture: tuple[int, int]) -> None:
    make = {
        Process.LAUNCHER: seccomp.launcher,
        Process.NETWORK: seccomp.network_process,
        Process.RENDERER: seccomp.renderer,
    }[process]
    code = make(system_calls.Machine(*architecture))
    steps = [code[at : at + 8] for at in range(0, len(code), 8)]
    assert len(steps) < 4096  # BPF_MAXINSNS
    for at, step in enumerate(steps):
        assert at + 1 + max(step[2], step[3]) <= len(steps) - (step[0] != 0x06)


def test_the_numbers_of_calls_are_those_of_the_machines_headers() -> None:
    headers = {
        0: Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
        1: Path("/usr/include/asm-generic/unistd.h"),  # what arm64 includes
    }
    for column, path in headers.items():
        if not path.exists():
            pytest.skip(f"no {path}")
        known = {
            words[1].removeprefix("__NR3264_").removeprefix("__NR_"): int(words[2])
            for line in path.read_text().splitlines()
            if len(words := line.split()) == 3 and words[0] == "#define" and words[2].isdigit()
        }
        assert len(known) > 200
        for group in (*system_calls.GROUPS, system_calls.WITH_RULES):
            for name, numbers in group.items():
                if name in known:
                    assert numbers[column] == known[name], name


@pytest.mark.parametrize("process", Process)
def test_each_process_says_what_it_has_given_up_and_that_it_tried(process: Process) -> None:
    said = output_of(lambda: _said_when_confined(process))
    assert f"{process.value}: given up: starting programs (Operation not permitted)\n" in said
    assert f"{process.value}: given up: core dumps (" in said
    assert "not given up" not in said


def test_what_is_not_given_up_is_said_with_the_reason() -> None:
    steps = [Step("landlock", ""), Step("seccomp", "the kernel takes no filter")]
    said = describe(Process.NETWORK, steps)
    assert "network process: not given up: opening files" in said
    assert said[-1] == "network process: not given up by seccomp: the kernel takes no filter"


def _said_when_confined(process: Process) -> str:
    lines: list[str] = []
    confine(process, log=lines.append)
    return "".join(f"{line}\n" for line in lines)


def test_the_doctor_has_a_line_for_each_process_and_mechanism() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "mosh_client", "--doctor"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(SOURCE_FOLDERS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    wanted = [f"{process.value}: {each.name}: " for process in Process for each in mechanisms(process)]
    cipher, python, versions, packages, works, _system, *lines = done.stdout.splitlines()
    assert cipher.startswith("Cipher: OpenSSL ")
    assert python.startswith("Python 3.")
    assert "pyte 0." in versions
    assert (packages, works) == ("Python packages: works", "cipher: works")
    assert len(lines) == len(wanted)
    assert all(line.startswith(start) for line, start in zip(lines, wanted, strict=True))
    assert "network process: seccomp: works" in lines


def test_the_doctor_needs_no_root(small: SmallProcess) -> None:
    said = small.ask(attempts.what_the_doctor_says_to_nobody)
    assert "network process: seccomp: works\n" in said
    assert "renderer: being traced: works" in said


def test_the_doctor_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = [
        Mechanism("one", lambda: "the kernel has none"),
        Mechanism("two", lambda: ""),
        Mechanism("three", lambda: os._exit(1)),
    ]
    monkeypatch.setattr(doctor, "mechanisms", lambda _process: broken)
    monkeypatch.setattr(doctor, "proofs_of", lambda *_: (Proof("opening files", open_file),))
    assert doctor.lines()[1:4] == [
        "launcher: one: missing: the kernel has none",
        "launcher: two: missing: it was applied and does not refuse opening files",
        "launcher: three: missing: the process that tried it was ended",
    ]


@pytest.mark.parametrize("process", Process)
def test_a_confined_process_leaves_no_core_and_is_closed_to_its_own_user(small: SmallProcess, process: Process) -> None:
    if os.getuid():
        pytest.skip("only root can have two processes of one other user")
    nothing = {"environ": False, "mem": False, "maps": False, "ptrace": False}
    for confinement, closed in ((attempts.UNCONFINED, nothing), (process.value, dict.fromkeys(nothing, True))):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o777)  # where a core dump would go
            found = small.ask(attempts.look_into_a_victim, confinement, folder)
            assert found["closed"] == closed
            assert found["signal"] == signal.SIGQUIT
            assert found["core"] is (closed == nothing and small.ask(attempts.dumps_cores, folder))


def test_a_process_that_may_not_be_looked_into_can_still_take_a_name() -> None:
    def named() -> str:
        become_nobody()
        confine(Process.LAUNCHER)
        child.name_process("mosh-test")
        return Path("/proc/self/comm").read_text()

    assert output_of(named) == "mosh-test\n"


def test_a_log_in_a_file_can_grow_only_in_a_process_that_writes_one(tmp_path: Path) -> None:
    def write_log() -> None:
        with open(tmp_path / "log", "ab", buffering=0) as log:
            confine_it()
            log.write(b"x")

    for process in (Process.NETWORK, Process.RENDERER):
        confine_it = partial(confine, process)
        assert is_refused(lambda: None, write_log)
        confine_it = partial(confine, process, log=lambda _line: None)
        assert not is_refused(lambda: None, write_log)


@pytest.mark.parametrize("process", [Process.NETWORK, Process.RENDERER])
def test_a_crash_can_still_be_reported_with_its_traceback(process: Process) -> None:
    def crash() -> str:
        confine(process, log=lambda _line: None)
        import traceback

        try:
            raise RuntimeError("a bug")
        except RuntimeError:
            return traceback.format_exc()

    said = output_of(crash)
    assert said.startswith("Traceback")
    assert "in crash" in said
    assert said.endswith("RuntimeError: a bug\n")


def output_of(action: Callable[[], str]) -> str:
    """Return what `action` returns in a process of its own."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            text = action()
        except BaseException as error:
            text = f"{type(error).__name__}: {error}"
        os.write(write_end, text.encode())
        os._exit(0)
    os.close(write_end)
    with open(read_end, "rb") as pipe:
        text = pipe.read().decode()
    os.waitpid(pid, 0)
    return text


def _skip_without_landlock() -> None:
    try:
        landlock.version()
    except OSError as error:
        pytest.skip(f"no landlock: {error}")
