"""Numbers of the system calls that the filters name, by what they are for; x86-64 and arm64 (<asm/unistd.h>)."""

from __future__ import annotations

import os
import sys
from typing import Final, NamedTuple, TypeAlias

Numbers: TypeAlias = "dict[str, tuple[int | None, int | None]]"  # on x86-64 and on arm64; None: there is none


class Machine(NamedTuple):
    """One of the machines whose numbers are known."""

    architecture: int  # AUDIT_ARCH_… of <linux/audit.h>
    column: int  # in `Numbers`
    has_x32: bool = False  # a second ABI that the kernel calls by the same architecture

    def number(self, name: str) -> int | None:
        """Return the number of the call `name` here, None where there is none. Raises KeyError if no table has it."""
        for group in (*GROUPS, WITH_RULES):
            if name in group:
                return group[name][self.column]
        raise KeyError(name)


def this_machine() -> Machine | None:
    """Return the machine that this runs on, if its numbers are known."""
    # A 32-bit Python on a 64-bit kernel makes other calls than the kernel's machine says.
    if sys.platform.startswith("linux") and sys.byteorder == "little" and sys.maxsize >= 1 << 32:
        known = {"x86_64": Machine(0xC000003E, 0, has_x32=True), "aarch64": Machine(0xC00000B7, 1)}
        return known.get(os.uname().machine)
    return None


PROGRAMS: Final[Numbers] = {
    "execve": (59, 221),
    "execveat": (322, 281),
}
PROCESSES: Final[Numbers] = {  # clone3 is in WITH_RULES
    "fork": (57, None),
    "vfork": (58, None),
    "clone": (56, 220),
}
JOB_CONTROL: Final[Numbers] = {  # into another process group, which the stop of Ctrl-Z would then reach
    "setpgid": (109, 154),
    "setsid": (112, 157),
}
OTHER_PROCESSES: Final[Numbers] = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "kcmp": (312, 272),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    # What slows them down: their priority, processors, input and output, memory.
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "sched_setaffinity": (203, 122),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # Queues, semaphores and memory of theirs, which a number names: to be read, changed or removed.
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "semctl": (66, 191),
    "semop": (65, 193),
    "semtimedop": (220, 192),
    "msgget": (68, 186),
    "msgctl": (71, 187),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "mq_notify": (244, 184),
}
FILES: Final[Numbers] = {
    "open": (2, None),
    "openat": (257, 56),
    "openat2": (437, 437),
    "creat": (85, None),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "link": (86, None),
    "linkat": (265, 37),
    "symlink": (88, None),
    "symlinkat": (266, 36),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "rmdir": (84, None),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "truncate": (76, 45),
    "utime": (132, None),
    "utimes": (235, None),
    "utimensat": (280, 88),
    "futimesat": (261, None),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "inotify_add_watch": (254, 27),
}
NEW_PEERS: Final[Numbers] = {  # of sockets, but for those that a datagram socket needs none of these for
    "socketpair": (53, 199),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
}
CONNECTING: Final[Numbers] = {
    "socket": (41, 198),
    "connect": (42, 203),
}
# What the kernel does for administrators, debuggers and servers, where most of its own faults were found.
KERNEL: Final[Numbers] = {
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "fanotify_init": (300, 262),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "vhangup": (153, 58),
    "quotactl": (179, 60),
    "syslog": (103, 116),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "ioperm": (173, None),
    "iopl": (172, None),
    "setuid": (105, 146),
    "setgid": (106, 144),
    "setreuid": (113, 145),
    "setregid": (114, 143),
    "setresuid": (117, 147),
    "setresgid": (119, 149),
    "setfsuid": (122, 151),
    "setfsgid": (123, 152),
    "setgroups": (116, 159),
    "capset": (126, 91),
    "personality": (135, 92),
}
# Not refused as such: seccomp.py says when.
WITH_RULES: Final[Numbers] = {
    "clone3": (435, 435),
    "fcntl": (72, 25),
    "ioctl": (16, 29),
    "kill": (62, 129),
    "prctl": (157, 167),
    "prlimit64": (302, 261),
    "tgkill": (234, 131),
}
GROUPS: Final = (PROGRAMS, PROCESSES, JOB_CONTROL, OTHER_PROCESSES, FILES, NEW_PEERS, CONNECTING, KERNEL)
