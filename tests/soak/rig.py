"""A long session, shortened: a real server and a real client in a pty, driven fast, its processes measured.

The cycles fall into ten intervals. What counts of each is the most that a process held after any of its cycles: an
allocator takes and returns whole arenas, so single looks differ by one or two of them. Of descriptors the end counts: a
client keeps the ports that it had before it slept for a minute. Linux only (/proc).
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple

import pexpect
from tests.soak import mix
from tests.soak.program import END, READY
from tests.support.client_session import comm
from tests.support.programs import (
    OURS,
    REPOSITORY,
    SOURCE_FOLDERS,
    Process,
    clean_environment,
    process,
    start_server,
)
from tests.support.relay import Relay
from tests.support.screens import canonical
from tests.support.user_terminal import end_child

from mosh_common.protocol import PORT_LIFETIME_MS
from mosh_common.terminal.cells import Modes
from mosh_common.terminal.emulator import Emulator

INTERVALS: Final = 10
ALLOWED_KB: Final = 2048
KEY_DISTANCE_S: Final = 0.001  # most keys are read one by one, none waits for an answer
ASLEEP_S: Final = 6.0  # from some 5 s on, a stopped client knows that it slept: 3 s of heartbeat and 2 s late
LOOK_S: Final = 0.05
# Looks, not seconds, bound the waits: whoever runs a soak for long may stop it meanwhile.
PATIENCE_LOOKS: Final = 3600


class Plan(NamedTuple):
    """How much of it."""

    cycles: int  # of 100 keys and one change of size
    octets: int  # of output in each
    cycles_per_roam: int
    sleeps: int = 0  # in all
    warm_up: int = 0  # cycles more in the first interval
    logs: int = 4  # pieces of plain output for each of what makes an emulator remember things
    bound: int = 0  # of letters of renditions that are remembered, in place of the programs' own


# 10^5 keys, 10^3 sizes, 10^2 addresses, 1 GB.
FULL: Final = Plan(cycles=1000, octets=1_000_000, cycles_per_roam=10, sleeps=10)

# A fiftieth of it. What the processes remember is bounded (32,768 letters of renditions, 8192 characters' widths, 1024
# sequences and the places of the largest screen, …), but a tenth of a fiftieth does not reach the bounds, as a tenth of
# the whole does. So the largest bound is an eighth of itself, and there are four cycles more, with the largest sizes,
# which count as part of the first interval: each brings some 2000 new renditions to every process. Of plain output
# there is less for as much that is remembered.
SHORT: Final = Plan(cycles=20, octets=300_000, cycles_per_roam=10, warm_up=4, logs=1, bound=4096)


class Sample(NamedTuple):
    """One process, once."""

    resident_kb: int  # the most in the interval; the others are of its end
    private_kb: int | None  # None: not ours to read
    descriptors: int | None


class Outcome(NamedTuple):
    """What a soak found."""

    samples: dict[str, list[Sample]]  # by process, one for each interval
    descriptors_before: dict[str, int | None]
    wrong: str  # with the keys, or ""
    octets: int
    different_screens: list[int]  # cycles after which the terminal showed something else than the program drew
    roams: int
    seconds: float

    def failures(self, *, allowed_kb: int = ALLOWED_KB) -> list[str]:
        """What does not hold."""
        found = [f"keys: {self.wrong}"] if self.wrong else []
        found += [f"another screen than the program's after cycle {cycle}" for cycle in self.different_screens]
        for name, samples in self.samples.items():
            grown = max(each.resident_kb for each in samples) - samples[0].resident_kb
            if grown > allowed_kb:
                found.append(f"{name}: {grown} kB more than after the first tenth, {allowed_kb} allowed")
            before, after = self.descriptors_before[name], samples[-1].descriptors
            if before is not None and after is not None and after > before:
                found.append(f"{name}: {after} descriptors, {before} before")
        return found

    def table(self) -> str:
        """The samples, for people."""
        lines = [f"{'process':10} {'tenth':>5} {'most kB':>9} {'since 1st':>9} {'private kB':>10} {'descriptors':>11}"]
        for name, samples in self.samples.items():
            for tenth, sample in enumerate(samples, 1):
                since = sample.resident_kb - samples[0].resident_kb
                private, descriptors = ("-" if each is None else each for each in sample[1:])
                lines.append(f"{name:10} {tenth:5} {sample.resident_kb:9} {since:+9} {private:>10} {descriptors:>11}")
        return "\n".join(lines)


class Soak:
    """The session: `run()` it once."""

    def __init__(self, plan: Plan, *, say: Callable[[str], None] = lambda _line: None) -> None:
        self._plan = plan
        self._say = say
        self._folder = tempfile.TemporaryDirectory(prefix="mosh-soak-")
        self._report = Path(self._folder.name) / "report"
        self._emulator = Emulator(*mix.HOME_SIZE)  # the user's terminal
        self._roams = 0
        self._ended = False
        path = os.pathsep.join([str(REPOSITORY), *SOURCE_FOLDERS])
        words = [
            *("/usr/bin/env", f"PYTHONPATH={path}", sys.executable, "-m", "tests.soak.program", str(self._report)),
            *map(str, (plan.warm_up + plan.cycles, plan.octets, plan.logs)),
        ]
        environment = clean_environment(Path(self._folder.name), COLORTERM="truecolor", MOSH_HISTORY="200,64k")
        server = ("/usr/bin/env", f"PYTHONPATH={path}", *_program("mosh_server", plan.bound))
        programs = OURS._replace(server=server)
        self._server = start_server(programs, words, environment=environment, directory=Path(self._folder.name))
        self._relay = Relay(self._server.port).start()
        client = _program("mosh_client", plan.bound)  # through no env(1): the pid is the launcher's
        self._client: pexpect.spawn[bytes] = pexpect.spawn(
            client[0],
            [*client[1:], "127.0.0.1", str(self._relay.port)],
            env=environment
            | {
                "PYTHONPATH": path,
                "MOSH_KEY": self._server.key,
                "MOSH_PREDICTION_DISPLAY": "always",
                "MOSH_TITLE_NOPREFIX": "1",
            },
            dimensions=mix.HOME_SIZE[::-1],
            timeout=None,
            cwd=self._folder.name,
        )
        self._terminal: int = self._client.child_fd

    def run(self) -> Outcome:
        """Play it to the end."""
        plan, begin = self._plan, time.monotonic()
        self._look_until(lambda: READY.decode() in self._first_row(), "the program")
        processes = self._processes()
        self._say("processes: " + ", ".join(f"{name} {each.pid}" for name, each in processes.items()))
        before = {name: _descriptors(each.pid) for name, each in processes.items()}
        samples: dict[str, list[Sample]] = {name: [] for name in processes}
        different: list[int] = []
        peaks = dict.fromkeys(processes, 0)
        for cycle in range(plan.warm_up):
            self._play(cycle, mix.SIZES[cycle % len(mix.SIZES)])
            _raise(peaks, processes)
        interval = plan.cycles // INTERVALS
        for number in range(plan.cycles):
            cycle = plan.warm_up + number
            if number % plan.cycles_per_roam == plan.cycles_per_roam // 2:
                self._relay.change_source()
                self._roams += 1
            if plan.sleeps and number % (plan.cycles // plan.sleeps) == interval // 4:
                self._sleep(processes["network"])
            if (number + 1) % interval:
                self._play(cycle, mix.SIZES[number % len(mix.SIZES)])
                _raise(peaks, processes)
                continue
            self._play(cycle, mix.HOME_SIZE)
            if not self._shows_picture(cycle):
                different.append(cycle)
            if number + 1 == plan.cycles:
                self._wait_for_old_ports(processes["network"], before["network"])
            if (now := self._processes()) != processes:
                raise AssertionError(f"other processes than in the beginning: {now}")
            _raise(peaks, processes)
            for name, each in processes.items():
                samples[name].append(Sample(peaks[name], _private_kb(each.pid), _descriptors(each.pid)))
            peaks = dict.fromkeys(processes, 0)
            self._say(f"after cycle {cycle + 1}: " + ", ".join(f"{n} {s[-1]}" for n, s in samples.items()))
        wrong, octets = self._end()
        return Outcome(samples, before, wrong, octets, different, self._roams, time.monotonic() - begin)

    # --- the user

    def _play(self, cycle: int, size: tuple[int, int]) -> None:
        """Change the size, type the keys, and look until the picture is there."""
        columns, lines = size
        self._emulator.resize(columns, lines)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        for key in mix.keys(cycle):
            self._type(key)
            time.sleep(KEY_DISTANCE_S)
        self._look_until(lambda: mix.is_picture(cycle, self._first_row()), f"the picture of {cycle}")

    def _type(self, key: bytes) -> None:
        self._look_until(lambda: bool(select.select([], [self._terminal], [], 0)[1]), "room for a key")
        os.write(self._terminal, key)
        self._look(0)

    def _look(self, seconds: float = LOOK_S) -> bool:
        """Take what the client draws, and answer its questions; False when it has ended."""
        if select.select([self._terminal], [], [], seconds)[0]:
            try:
                data = os.read(self._terminal, 1 << 20)
            except OSError:  # EIO: nobody has the terminal open any more
                return False
            if b"\x1b[?1049l" in data and self._ended:
                return bool(data)  # the client leaves; what comes now is not the session's
            self._emulator.feed(data)
            if answer := self._emulator.replies():
                os.write(self._terminal, answer)
            return bool(data)
        return True

    def _first_row(self) -> str:
        return self._emulator.snapshot().rows[0][0]

    def _look_until(self, condition: Callable[[], bool], what: str) -> None:
        for _ in range(PATIENCE_LOOKS):
            if condition():
                return
            if not self._look():
                report = self._report.read_text() if self._report.exists() else "none"
                raise AssertionError(f"the client ended; awaited: {what}; the program's report: {report}")
        raise AssertionError(f"in vain awaited: {what}; the first row: {self._first_row()!r}")

    def _shows_picture(self, cycle: int) -> bool:
        """Whether the terminal comes to show what the program drew, cell by cell, with renditions and title."""
        wanted = Emulator(*mix.HOME_SIZE)
        wanted.feed(mix.picture(cycle, *mix.HOME_SIZE))
        expected = _essence(wanted)
        try:
            self._look_until(lambda: _essence(self._emulator) == expected, "the same screen")
        except AssertionError:
            return False
        return True

    # --- the network and the machine

    def _sleep(self, network: Process) -> None:
        """Let the client's machine sleep; the client will open another port."""
        known = len(self._relay.client_addresses)
        network.signal(signal.SIGSTOP)
        time.sleep(ASLEEP_S)
        network.signal(signal.SIGCONT)
        self._look_until(lambda: len(self._relay.client_addresses) > known, "a new port of the client")

    def _wait_for_old_ports(self, network: Process, wanted: int | None) -> None:
        """Wait until the client has closed the ports that it had before it slept."""
        looks = int(2 * PORT_LIFETIME_MS / 1000 / LOOK_S)
        while looks and wanted is not None and (_descriptors(network.pid) or 0) > wanted:
            looks -= 1
            self._look()
            time.sleep(LOOK_S)

    # --- the processes

    def _processes(self) -> dict[str, Process]:
        """By name: server, launcher, network process, renderer."""
        assert self._client.pid is not None
        launcher = process(self._client.pid)
        children = {comm(child): child for child in map(process, _children(launcher.pid))}
        if children.keys() != {"mosh-network", "mosh-renderer"}:
            raise AssertionError(f"the launcher has as its children {[*children]}")
        return {
            "server": self._server.process,
            "launcher": launcher,
            "network": children["mosh-network"],
            "renderer": children["mosh-renderer"],
        }

    def _end(self) -> tuple[str, int]:
        """End the program, and with it the session; return what was wrong with the keys, and the octets printed."""
        everything = [*self._processes().values()]
        self._ended = True
        self._type(END)
        for _ in range(PATIENCE_LOOKS):
            if not self._look():
                break
        code = self._client.wait()
        if code:
            raise AssertionError(f"the client exited with {code}")
        for _ in range(PATIENCE_LOOKS):
            if not any(each.alive for each in everything):
                break
            time.sleep(LOOK_S)
        else:
            raise AssertionError(f"still there: {[each.name for each in everything if each.alive]}")
        found = json.loads(self._report.read_text())
        return found["wrong"], found["octets"]

    def close(self) -> None:
        """End all of it, however far it came."""
        end_child(self._client)
        self._server.end()
        self._relay.close()
        self._folder.cleanup()

    def __enter__(self) -> Soak:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _program(package: str, bound: int) -> list[str]:
    """The words that run a program of ours; with a `bound`, that is of letters of renditions in place of its own."""
    if not bound:
        return [sys.executable, "-m", package]
    code = (
        f"import sys; from mosh_common.terminal.screen import sgr; sgr._EDGE_LIMIT = {bound};"
        f" from {package}.cli import main; sys.exit(main())"
    )
    return [sys.executable, "-P", "-c", code]


def _essence(emulator: Emulator) -> tuple[object, ...]:
    """What two screens must have in common: all but bells and clipboards, which a terminal does not keep."""
    snapshot = emulator.snapshot()
    return canonical(snapshot._replace(bell_count=0, clipboard="", modes=Modes(), icon_name=""))[:-1]


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _descriptors(pid: int) -> int | None:
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except PermissionError:  # the processes are not dumpable: only root may look
        return None


def _raise(peaks: dict[str, int], processes: dict[str, Process]) -> None:
    """Raise each process' peak to what it holds now."""
    for name, each in processes.items():
        peaks[name] = max(peaks[name], _resident_kb(each.pid))


def _resident_kb(pid: int) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")[2].split()[0])


def _private_kb(pid: int) -> int | None:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except PermissionError:
        return None
    return int(rollup.partition("Private_Dirty:")[2].split()[0])
