"""What a seccomp filter decides, without a kernel: also for machines that the tests do not run on.

Knows the instructions that the filters are made of and raises ValueError at any other.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

ALLOW: Final = 0x7FFF0000
FAIL: Final = 0x00050000  # with an errno in the low half
WORD: Final = 0xFFFFFFFF


def decision(program: bytes, *, number: int, architecture: int, arguments: Sequence[int] = ()) -> int:
    """Return what `program` says of a call (<linux/seccomp.h>). Arguments are registers of 64 bits.

    A register that is not given holds what no caller meant: the kernel does not clear it either.
    """
    registers = [*arguments, *[0xDEAD_BEEF_DEAD_BEEF] * (6 - len(arguments))]
    data = struct.pack("<iIQ6Q", number, architecture, 0, *(each & (1 << 64) - 1 for each in registers))
    steps = list(struct.iter_unpack("<HBBI", program))
    accumulator = at = 0
    while True:
        code, if_true, if_false, value = steps[at]
        at += 1
        if code == 0x20:  # BPF_LD | BPF_W | BPF_ABS
            if value % 4 or value + 4 > len(data):
                raise ValueError(f"a load from offset {value}")
            accumulator = int.from_bytes(data[value : value + 4], "little")
        elif code == 0x54:  # BPF_ALU | BPF_AND | BPF_K
            accumulator &= value
        elif code == 0x05:  # BPF_JMP | BPF_JA
            at += value
        elif code == 0x15:  # BPF_JMP | BPF_JEQ | BPF_K
            at += if_true if accumulator == value else if_false
        elif code == 0x35:  # BPF_JMP | BPF_JGE | BPF_K
            at += if_true if accumulator >= value else if_false
        elif code == 0x06:  # BPF_RET | BPF_K
            return int(value)
        else:
            raise ValueError(f"instruction {at - 1} has the code {code:#x}")
