"""System calls that a process of the client gives up (seccomp(2), Linux on x86-64 and arm64).

A list of what is refused, not of what is allowed: which calls the interpreter and the C library make is not ours to
know. Refused calls fail with EPERM. A filter is an array of 8-octet BPF instructions, laid out as in <linux/filter.h>:
code[2] true[1] false[1] value[4]; jumps count the instructions that they pass over.
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

_AF_INET, _AF_INET6 = 2, 10
_SOCK_DGRAM: Final = 2
_SOCK_TYPE_MASK: Final = 0xF
_IPPROTO_UDP: Final = 17
_TIOCSTI: Final = 0x5412  # typing into the terminal, for the shell to read when the session is over
_TIOCLINUX: Final = 0x541C  # pasting into the console
_PR_SET_DUMPABLE: Final = 4
_PR_SET_PTRACER: Final = 0x59616D61

_step = struct.Struct("<HBBI").pack


class _Test(NamedTuple):
    """What one argument must be for a call to be allowed. Only of int: the low word is what the kernel looks at."""

    argument: int
    values: tuple[int, ...]
    mask: int = 0xFFFFFFFF
    among: bool = True  # the argument must be one of `values`; False: none of them

    def code(self) -> list[bytes]:
        """Return instructions that refuse the call, or lead to what follows them."""
        count = len(self.values)
        return [
            _step(_LOAD, 0, 0, _ARGUMENTS + 8 * self.argument),
            _step(_AND, 0, 0, self.mask),
            # Each passes over the rest of the values and one instruction more.
            *(_step(_IF_EQUAL, count - at, 0, value) for at, value in enumerate(self.values)),
            *(() if self.among else (_step(_JUMP, 0, 0, 1),)),
            _step(_RETURN, 0, 0, _REFUSE),
        ]


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

    def refuse(self, *groups: Numbers) -> None:
        """Refuse every call of these."""
        for name in (name for group in groups for name in group):
            self._add(name, [_step(_RETURN, 0, 0, _REFUSE)])

    def fail(self, name: str, number: int) -> None:
        """Let the call fail with errno `number`."""
        self._add(name, [_step(_RETURN, 0, 0, _FAIL | number)])

    def allow_if(self, name: str, *tests: _Test) -> None:
        """Allow the call if all `tests` hold, and refuse it else."""
        self._add(name, [*(step for test in tests for step in test.code()), _step(_RETURN, 0, 0, _ALLOW)])

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
    rules.refuse(PROGRAMS, PROCESSES, OTHER_PROCESSES, FILES, KERNEL)
    rules.fail("clone3", errno.ENOSYS)  # so that the C library tries clone, and has its errno
    own = os.getpid()
    rules.allow_if("tgkill", _Test(0, (own,)))  # abort(3)
    rules.allow_if("prlimit64", _Test(0, (0, own)))
    rules.allow_if("prctl", _Test(0, (_PR_SET_DUMPABLE, _PR_SET_PTRACER), among=False))
    rules.allow_if("ioctl", _Test(1, (_TIOCSTI, _TIOCLINUX), among=False))
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
