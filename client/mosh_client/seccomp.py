"""System calls that a process of the client gives up (seccomp(2), Linux on x86-64 and arm64).

A list of what is refused, not of what is allowed: which calls the interpreter and the C library make is not ours to
know. Refused calls fail with EPERM. A filter is an array of 8-octet BPF instructions, laid out as in <linux/filter.h>:
code[2] true[1] false[1] value[4].
"""

from __future__ import annotations

import errno
import os
import struct
import sys
from typing import Final

_PR_SET_SECCOMP: Final = 22
_SECCOMP_MODE_FILTER: Final = 2
_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS: a word of struct seccomp_data
_IF_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_IF_AT_LEAST: Final = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_AND: Final = 0x54  # BPF_ALU | BPF_AND | BPF_K
_RETURN: Final = 0x06
_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000 | errno.EPERM
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND = 0, 4, 16, 24  # offsets into struct seccomp_data; little-endian low words
_X32: Final = 0x40000000  # from here on the calls of another ABI of x86-64
_AF_UNIX: Final = 1
_SOCK_STREAM: Final = 1
_SOCK_TYPE_MASK: Final = 0xF

# By machine: AUDIT_ARCH_…, socket(2), and what starts programs or reaches into other processes:
# execve, execveat, ptrace, process_vm_readv, process_vm_writev, pidfd_getfd.
_MACHINES: Final = {
    "x86_64": (0xC000003E, 41, (59, 322, 101, 310, 311, 438)),
    "aarch64": (0xC00000B7, 198, (221, 281, 117, 270, 271, 438)),
}


def forbid_programs(*, datagrams: bool) -> bool:
    """Refuse new programs, other processes' memory, and sockets; return whether the kernel took it.

    With `datagrams`, only stream sockets and local ones. Wants `forbid_new_privileges` before it.
    """
    machine = _MACHINES.get(os.uname().machine)
    if not sys.platform.startswith("linux") or machine is None or sys.byteorder != "little" or sys.maxsize < 1 << 32:
        return False
    try:
        import ctypes

        code = _program(*machine, datagrams=datagrams)
        instructions = ctypes.create_string_buffer(code, len(code))
        # struct sock_fprog: length[2] padding[6] pointer[8]
        program = ctypes.create_string_buffer(struct.pack("<H6xQ", len(code) // 8, ctypes.addressof(instructions)), 16)
        return bool(ctypes.CDLL(None).prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, program, 0, 0) == 0)
    except (ImportError, OSError, AttributeError):
        return False


def _program(architecture: int, socket: int, refused: tuple[int, ...], *, datagrams: bool) -> bytes:
    """Return the filter: jumps count the instructions that they pass over."""
    step = struct.Struct("<HBBI").pack
    code = [
        step(_LOAD, 0, 0, _ARCHITECTURE),
        step(_IF_EQUAL, 1, 0, architecture),
        step(_RETURN, 0, 0, _REFUSE),
        step(_LOAD, 0, 0, _NUMBER),
    ]
    for number in refused if datagrams else (*refused, socket):
        code += [step(_IF_EQUAL, 0, 1, number), step(_RETURN, 0, 0, _REFUSE)]
    code += [step(_IF_AT_LEAST, 0, 1, _X32), step(_RETURN, 0, 0, _REFUSE)]
    if datagrams:
        code += [
            step(_IF_EQUAL, 1, 0, socket),
            step(_RETURN, 0, 0, _ALLOW),
            step(_LOAD, 0, 0, _FIRST),
            step(_IF_EQUAL, 0, 1, _AF_UNIX),
            step(_RETURN, 0, 0, _REFUSE),
            step(_LOAD, 0, 0, _SECOND),
            step(_AND, 0, 0, _SOCK_TYPE_MASK),
            step(_IF_EQUAL, 0, 1, _SOCK_STREAM),
            step(_RETURN, 0, 0, _REFUSE),
        ]
    return b"".join([*code, step(_RETURN, 0, 0, _ALLOW)])
