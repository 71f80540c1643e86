"""System calls that a process of the client gives up (seccomp(2), Linux on x86-64 and arm64).

A list of what is refused, not of what is allowed: which calls the interpreter and the C library make is not ours to
know. Of fcntl(2) and ioctl(2), which are many calls in one, the few that are needed are allowed and all others refused
(docs/adr/0060). Refused calls fail with EPERM. A filter is an array of 8-octet BPF instructions, laid out as in
<linux/filter.h>: code[2] true[1] false[1] value[4]; jumps count the instructions that they pass over.
"""

from __future__ import annotations

import errno
import os
import signal
import struct
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from mosh_client.confinement import libc
from mosh_client.confinement.system_calls import (
    CONNECTING,
    FILES,
    JOB_CONTROL,
    KERNEL,
    NEW_PEERS,
    OTHER_PROCESSES,
    PROCESSES,
    PROGRAMS,
    Machine,
    Numbers,
    this_machine,
)

_PR_SET_SECCOMP: Final = 22
_SECCOMP_MODE_FILTER: Final = 2
_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS: a word of struct seccomp_data
_JUMP: Final = 0x05  # BPF_JMP | BPF_JA
_IF_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_IF_AT_LEAST: Final = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_AND: Final = 0x54  # BPF_ALU | BPF_AND | BPF_K
_RETURN: Final = 0x06
_ALLOW: Final = 0x7FFF0000
_FAIL: Final = 0x00050000  # with an errno in the low half
_REFUSE: Final = _FAIL | errno.EPERM
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets into struct seccomp_data; arguments have 8 octets
_X32: Final = 0x40000000  # from here on the calls of another ABI of x86-64
# Some of that ABI's calls that Linux before 5.4 also takes without that bit, execve and ptrace among them.
_X32_UNMARKED: Final = (512, 548)

_AF_INET, _AF_INET6 = 2, 10
_SOCK_DGRAM: Final = 2
_SOCK_TYPE_MASK: Final = 0xF
_IPPROTO_UDP: Final = 17
# Duplicates of descriptors and their flags. Not among them: F_SETOWN, F_SETOWN_EX and F_SETSIG, by which a descriptor
# sends any signal to any process of the user; F_NOTIFY, F_SETLEASE and locks.
_F_SETFL: Final = 4
_DESCRIPTOR_COMMANDS: Final = (0, 1, 2, 3, 1030)  # F_DUPFD F_GETFD F_SETFD F_GETFL F_DUPFD_CLOEXEC
_O_ASYNC: Final = 0o20000  # makes a terminal send SIGIO, which kills, to the group in its foreground
# The terminal's settings and size, and flags of descriptors. Not among them: TIOCSTI and TIOCLINUX, which type into
# the terminal for the shell to read later; FIOSETOWN, SIOCSPGRP and FIOASYNC, which do what fcntl(2) must not;
# TIOCSPGRP, TIOCSCTTY, TIOCNOTTY, TIOCSIG, by which terminals send signals; TIOCSETD, which loads line disciplines.
_REQUESTS: Final = (
    *(0x5401, 0x5402, 0x5403, 0x5404),  # TCGETS TCSETS TCSETSW TCSETSF
    *(0x802C542A, 0x402C542B, 0x402C542C, 0x402C542D),  # TCGETS2 and so on, which C libraries of today use
    0x5413,  # TIOCGWINSZ
    *(0x541B, 0x5421, 0x5450, 0x5451),  # FIONREAD FIONBIO FIONCLEX FIOCLEX
)
_PR_SET_DUMPABLE: Final = 4
_PR_SET_PTRACER: Final = 0x59616D61
_PR_SCHED_CORE: Final = 62  # which processes share a processor's core

_step = struct.Struct("<HBBI").pack


class _Test(NamedTuple):
    """What one argument must be for a call to be allowed. Only of int: the low word is what the kernel looks at."""

    argument: int
    values: tuple[int, ...]
    mask: int = 0xFFFFFFFF
    among: bool = True  # the argument must be one of `values`; False: none of them

    def code(self, rest: int) -> list[bytes]:
        """Return instructions that lead to what follows them or, where the argument is another, pass over `rest`."""
        count = len(self.values)
        return [
            _step(_LOAD, 0, 0, _ARGUMENTS + 8 * self.argument),
            _step(_AND, 0, 0, self.mask),
            # Each passes over the rest of the values and one instruction more.
            *(_step(_IF_EQUAL, count - at, 0, value) for at, value in enumerate(self.values)),
            *(() if self.among else (_step(_JUMP, 0, 0, 1),)),
            _step(_JUMP, 0, 0, rest),
        ]


def _allowed_if_all(tests: Iterable[_Test]) -> list[bytes]:
    """Return instructions that allow the call if all `tests` hold, and else lead to what follows them."""
    steps = [_step(_RETURN, 0, 0, _ALLOW)]
    for test in reversed(tuple(tests)):
        steps = test.code(len(steps)) + steps
    return steps


class _Filter:
    """A filter that grows call by call."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._code = [
            _step(_LOAD, 0, 0, _ARCHITECTURE),
            _step(_IF_EQUAL, 1, 0, machine.architecture),
            _step(_RETURN, 0, 0, _REFUSE),
            _step(_LOAD, 0, 0, _NUMBER),
            _step(_IF_AT_LEAST, 0, 1, _X32),
            _step(_RETURN, 0, 0, _REFUSE),
        ]
        if machine.has_x32:
            # SECURITY: tests/client/confinement/test_seccomp.py::test_the_calls_of_other_abis_are_refused
            first, end = _X32_UNMARKED
            self._code += [
                _step(_IF_AT_LEAST, 0, 2, first),
                _step(_IF_AT_LEAST, 1, 0, end),
                _step(_RETURN, 0, 0, _REFUSE),
            ]

    def refuse(self, *groups: Numbers) -> None:
        """Refuse every call of these."""
        for name in (name for group in groups for name in group):
            self._add(name, [_step(_RETURN, 0, 0, _REFUSE)])

    def fail(self, name: str, number: int) -> None:
        """Let the call fail with errno `number`."""
        self._add(name, [_step(_RETURN, 0, 0, _FAIL | number)])

    def allow_if(self, name: str, *tests: _Test) -> None:
        """Allow the call if all `tests` hold, and refuse it else."""
        self.allow_if_either(name, tests)

    def allow_if_either(self, name: str, *alternatives: tuple[_Test, ...]) -> None:
        """Allow the call if all tests of one of `alternatives` hold, and refuse it else."""
        allowed = [step for tests in alternatives for step in _allowed_if_all(tests)]
        self._add(name, [*allowed, _step(_RETURN, 0, 0, _REFUSE)])

    def program(self) -> bytes:
        """Return all instructions; what was not named is allowed."""
        return b"".join([*self._code, _step(_RETURN, 0, 0, _ALLOW)])

    def _add(self, name: str, block: Iterable[bytes]) -> None:
        number = self._machine.number(name)
        if number is not None:
            steps = list(block)
            self._code += [_step(_IF_EQUAL, 0, len(steps), number), *steps]


def network_process(machine: Machine) -> bytes:
    """Return the filter of the process that only sends and receives datagrams."""
    rules = _confined(machine)
    rules.refuse(NEW_PEERS)
    rules.allow_if(
        "socket",
        _Test(0, (_AF_INET, _AF_INET6)),
        _Test(1, (_SOCK_DGRAM,), mask=_SOCK_TYPE_MASK),
        _Test(2, (0, _IPPROTO_UDP)),
    )
    rules.fail("kill", errno.EPERM)
    return rules.program()


def renderer(machine: Machine) -> bytes:
    """Return the filter of the process that draws: no new sockets, and no signal but the stop that Ctrl-Z means."""
    rules = _confined(machine)
    rules.refuse(NEW_PEERS, CONNECTING)
    rules.allow_if("kill", _Test(0, (0,)), _Test(1, (signal.SIGSTOP,)))
    return rules.program()


def launcher(machine: Machine) -> bytes:
    """Return the filter of the process that starts renderers: what these open at their start is not refused."""
    rules = _Filter(machine)
    rules.refuse(PROGRAMS, OTHER_PROCESSES, KERNEL, CONNECTING)
    return rules.program()


def _confined(machine: Machine) -> _Filter:
    """Return the filter that network process and renderer have in common."""
    rules = _Filter(machine)
    rules.refuse(PROGRAMS, PROCESSES, JOB_CONTROL, OTHER_PROCESSES, FILES, KERNEL)
    rules.fail("clone3", errno.ENOSYS)  # so that the C library tries clone, and has its errno
    own = os.getpid()
    rules.allow_if("tgkill", _Test(0, (own,)))  # abort(3)
    rules.allow_if("prlimit64", _Test(0, (0, own)))
    rules.allow_if("prctl", _Test(0, (_PR_SET_DUMPABLE, _PR_SET_PTRACER, _PR_SCHED_CORE), among=False))
    # SECURITY: tests/client/confinement/test_seccomp.py::test_of_fcntl_and_ioctl_only_what_is_needed_is_allowed
    rules.allow_if_either(
        "fcntl",
        (_Test(1, _DESCRIPTOR_COMMANDS),),
        (_Test(1, (_F_SETFL,)), _Test(2, (0,), mask=_O_ASYNC)),
    )
    rules.allow_if("ioctl", _Test(1, _REQUESTS))
    return rules


def install(make: Callable[[Machine], bytes]) -> str:
    """Install the filter that `make` makes; return "" or why not. Wants `forbid_new_privileges` before it."""
    machine = this_machine()
    if machine is None:
        return "not Linux on x86-64 or arm64"
    try:
        import ctypes

        code = make(machine)
        instructions = ctypes.create_string_buffer(code, len(code))
        # struct sock_fprog: length[2] padding[6] pointer[8]
        program = struct.pack("<H6xQ", len(code) // 8, ctypes.addressof(instructions))
        libc.call("prctl", _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, program, 0, 0)
    except (ImportError, OSError) as error:
        return f"the kernel takes no filter ({error})"
    return ""
