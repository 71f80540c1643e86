"""What the filters say of each call on each machine, also those that these tests do not run on."""

from __future__ import annotations

import errno
import functools
import os
import signal
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import bpf

from mosh_client.confinement import seccomp, system_calls
from mosh_client.confinement.mechanisms import Process
from mosh_client.confinement.system_calls import Machine

X86_64 = Machine(0xC000003E, 0, has_x32=True)
ARM64 = Machine(0xC00000B7, 1)
MACHINES = pytest.mark.parametrize("machine", [X86_64, ARM64], ids=["x86-64", "arm64"])
CONFINED = pytest.mark.parametrize("make", [seccomp.network_process, seccomp.renderer])
EVERY = {
    Process.LAUNCHER: seccomp.launcher,
    Process.NETWORK: seccomp.network_process,
    Process.RENDERER: seccomp.renderer,
}

Filter = Callable[[Machine], bytes]
REFUSED = bpf.FAIL | errno.EPERM

F_GETFL, F_SETFL, F_SETOWN, F_SETSIG, F_SETOWN_EX, F_DUPFD_CLOEXEC = 3, 4, 8, 10, 15, 1030
O_NONBLOCK, O_ASYNC = 0o4000, 0o20000


@functools.cache
def program_of(make: Filter, machine: Machine) -> bytes:
    return make(machine)


def says(make: Filter, machine: Machine, name: str, *arguments: int) -> int:
    number = machine.number(name)
    assert number is not None
    return bpf.decision(
        program_of(make, machine), number=number, architecture=machine.architecture, arguments=arguments
    )


def allows(make: Filter, machine: Machine, name: str, *arguments: int) -> bool:
    answer = says(make, machine, name, *arguments)
    assert answer in (bpf.ALLOW, REFUSED)
    return answer == bpf.ALLOW


@MACHINES
@CONFINED
def test_every_call_of_the_refused_groups_is_refused(make: Filter, machine: Machine) -> None:
    groups = [group for group in system_calls.GROUPS if group is not system_calls.CONNECTING]
    names = [name for group in groups for name, numbers in group.items() if numbers[machine.column] is not None]
    assert {"setpgid", "setsid", "setpriority", "msgctl", "ptrace", "clone", "pidfd_send_signal"} <= set(names)
    for name in names:
        assert says(make, machine, name) == REFUSED, name
    assert says(make, machine, "clone3") == bpf.FAIL | errno.ENOSYS


@MACHINES
@pytest.mark.parametrize("process", Process)
def test_no_call_has_two_meanings(machine: Machine, process: Process) -> None:
    names = [name for group in (*system_calls.GROUPS, system_calls.WITH_RULES) for name in group]
    numbers = [number for number in map(machine.number, names) if number is not None]
    assert len(names) == len(set(names))
    assert len(numbers) == len(set(numbers))
    # A number that is none of them is allowed: read(2) and write(2), for example.
    program = EVERY[process](machine)
    for number in set(range(500)) - set(numbers):
        answer = bpf.decision(program, number=number, architecture=machine.architecture)
        assert answer == bpf.ALLOW


@MACHINES
@CONFINED
def test_of_fcntl_and_ioctl_only_what_is_needed_is_allowed(make: Filter, machine: Machine) -> None:
    assert {command for command in range(1100) if allows(make, machine, "fcntl", 0, command, 0)} == {
        *(0, 1, 2, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC)
    }
    for command in (F_SETOWN, F_SETSIG, F_SETOWN_EX, 1024, 1026):  # and F_SETLEASE, F_NOTIFY
        assert not allows(make, machine, "fcntl", 0, command, os.getpid())
    wanted = {0x5401, 0x5402, 0x5403, 0x5404, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451}
    families = [*range(0x5400, 0x5500), *range(0x8900, 0x8A00)]  # of terminals and descriptors, of sockets
    assert {request for request in families if allows(make, machine, "ioctl", 0, request, 0)} == wanted
    assert all(allows(make, machine, "ioctl", 0, request, 0) for request in range(0x402C542B, 0x402C542E))
    for request in (0x40045436, 0x40049409, 0x8901, 0x8902, 0x5452):  # TIOCSIG FICLONE FIOSETOWN SIOCSPGRP FIOASYNC
        assert not allows(make, machine, "ioctl", 0, request, 0)


@MACHINES
@CONFINED
def test_a_descriptor_may_become_non_blocking_but_not_asynchronous(make: Filter, machine: Machine) -> None:
    assert allows(make, machine, "fcntl", 0, F_SETFL, O_NONBLOCK)
    for flags in (O_ASYNC, O_ASYNC | O_NONBLOCK, 0xFFFFFFFF):
        assert not allows(make, machine, "fcntl", 0, F_SETFL, flags)
    # Who only asks passes no flags, and what is left in the register may be anything.
    assert allows(make, machine, "fcntl", 0, F_GETFL, 0xFFFFFFFFFFFFFFFF)
    assert allows(make, machine, "fcntl", 0, F_DUPFD_CLOEXEC, O_ASYNC)


@MACHINES
def test_the_renderer_may_stop_its_group_and_nobody_else_and_the_network_process_nobody(machine: Machine) -> None:
    stop, renderer = signal.SIGSTOP, seccomp.renderer
    assert allows(renderer, machine, "kill", 0, stop)
    for pid, number in ((0, signal.SIGKILL), (0, 0), (1, stop), (-1, stop), (-5, stop), (os.getpid(), stop)):
        assert not allows(renderer, machine, "kill", pid, number)
    assert not allows(seccomp.network_process, machine, "kill", 0, stop)
    for make in (renderer, seccomp.network_process):
        assert allows(make, machine, "tgkill", os.getpid(), os.getpid(), signal.SIGABRT)
        assert not allows(make, machine, "tgkill", os.getppid(), os.getppid(), signal.SIGABRT)
        assert not allows(make, machine, "prctl", 62, 1, os.getppid())  # PR_SCHED_CORE
        assert not allows(make, machine, "prlimit64", os.getppid(), 0)


@MACHINES
def test_the_network_process_gets_datagram_sockets_and_the_renderer_none(machine: Machine) -> None:
    inet, unix, stream, datagram, nonblocking = 2, 1, 1, 2, 0o4000
    network = seccomp.network_process
    assert allows(network, machine, "socket", inet, datagram | nonblocking, 17)
    for arguments in ((inet, stream, 0), (unix, datagram, 0), (inet, datagram, 1), (inet, 3, 17)):
        assert not allows(network, machine, "socket", *arguments)
    assert allows(network, machine, "connect")
    assert not allows(seccomp.renderer, machine, "socket", inet, datagram, 0)
    assert not allows(seccomp.renderer, machine, "connect")


@pytest.mark.parametrize("make", EVERY.values())
def test_the_calls_of_other_abis_are_refused(make: Filter) -> None:
    program = make(X86_64)
    for architecture in (0x40000003, 0x40000028, ARM64.architecture):  # i386, arm, another machine's
        assert bpf.decision(program, number=0, architecture=architecture) == REFUSED
    # x32: marked by a bit, or by numbers that Linux before 5.4 took without it (520 execve, 521 ptrace).
    for number in (0x40000000, 0x4000003B, 0x40000000 | 520, *range(512, 548), -1):
        assert bpf.decision(program, number=number, architecture=X86_64.architecture) == REFUSED, number
    for number in (0, 511, 548):
        assert bpf.decision(program, number=number, architecture=X86_64.architecture) == bpf.ALLOW, number


ARGUMENTS = st.lists(st.integers(0, 1 << 32) | st.sampled_from([0, 1, 2, 4, 9, 17, 19, 0x5413, O_ASYNC]), max_size=3)


@MACHINES
@CONFINED
@given(arguments=ARGUMENTS, halves=st.lists(st.integers(0, bpf.WORD), min_size=3, max_size=3), data=st.data())
def test_what_the_kernel_does_not_look_at_changes_nothing(
    make: Filter, machine: Machine, arguments: list[int], halves: list[int], data: st.DataObject
) -> None:
    """All arguments with a rule are of int: a filter that looked at the other half could be led past."""
    name = data.draw(st.sampled_from(sorted(system_calls.WITH_RULES | system_calls.CONNECTING)))
    words = [each & bpf.WORD for each in (*arguments, 0, 0, 0)[:3]]
    led = [high << 32 | low for high, low in zip(halves, words, strict=True)]
    assert says(make, machine, name, *led) == says(make, machine, name, *words)


def test_an_unknown_instruction_is_noticed() -> None:
    with pytest.raises(ValueError, match="0x1"):
        bpf.decision(b"\x01\x00\x00\x00\x00\x00\x00\x00", number=0, architecture=0)
    with pytest.raises(ValueError, match="offset"):
        bpf.decision(b"\x20\x00\x00\x00\x41\x00\x00\x00", number=0, architecture=0)
