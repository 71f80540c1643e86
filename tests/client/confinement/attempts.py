"""What a process tries once it is confined, each in a process of its own; for tests/support/small_process.py, too."""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import resource
import signal
import socket
import struct
import sys
import termios
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypedDict

from mosh_client.confinement import doctor, landlock, libc, limits
from mosh_client.confinement.mechanisms import Process, mechanisms
from mosh_client.confinement.processes import confine

LOADED = (ctypes, threading)  # a confined process can load nothing
_REFUSED = 1
_DONE = 0
_FAILED = 3
NOBODY = 65534
if sys.platform == "linux":
    LAST_SIGNAL = signal.SIGRTMIN  # delivered after all others
else:
    LAST_SIGNAL = signal.SIGUSR2


def is_refused(confine_it: Callable[[], object], attempt: Callable[[], object]) -> bool:
    """Whether `attempt` raises OSError in a confined process; False when it can be done."""
    pid = os.fork()
    if not pid:
        code = _FAILED
        try:
            confine_it()
            attempt()
            code = _DONE
        except OSError as error:
            if not isinstance(error.__cause__, ImportError):  # which `libc` makes one of these
                code = _REFUSED
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code in (_DONE, _REFUSED), f"the confined process ended with {code}"
    return code == _REFUSED


def ends_refused(confinement: str, attempt: str) -> bool:
    """Whether this module's function `attempt` ends so in a process with that one of CONFINEMENTS."""
    return is_refused(CONFINEMENTS[confinement], globals()[attempt])


# --- how a process is confined


def _only_landlock(*, signals: bool) -> None:
    assert mechanisms(Process.NETWORK)[3].apply() == ""  # no new privileges
    assert landlock.forbid_files(signals=signals) == ""


def _without_landlock(process: Process) -> None:
    for mechanism in mechanisms(process):
        if mechanism.name != "landlock":
            assert mechanism.apply() == ""


UNCONFINED = "nothing"
CONFINEMENTS: dict[str, Callable[[], object]] = {
    UNCONFINED: lambda: None,
    **{process.value: partial(confine, process) for process in Process},
    **{f"landlock, signals {signals}": partial(_only_landlock, signals=signals) for signals in (True, False)},
    **{f"{process.value} without landlock": partial(_without_landlock, process) for process in Process},
}


# --- what it tries


def run_a_program() -> None:
    os.execv("/bin/sh", ["sh", "-c", ":"])


def fork_a_process() -> None:
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)


def start_a_thread() -> None:
    try:
        thread = threading.Thread(target=lambda: None)
        thread.start()
    except RuntimeError as error:
        raise OSError(str(error)) from error
    thread.join()


def read_a_file() -> None:
    Path("/etc/passwd").read_bytes()


def list_a_directory() -> None:
    os.listdir("/")


def write_a_file() -> None:
    path = f"/tmp/mosh-test-{os.getpid()}"
    Path(path).write_bytes(b"x")
    os.unlink(path)


def make_a_directory() -> None:
    path = f"/tmp/mosh-test-{os.getpid()}"
    os.mkdir(path)
    os.rmdir(path)


def change_a_mode() -> None:
    os.chmod("/proc/self/mem" if os.getuid() else "/dev/null", 0o666)


def connect_to_a_listener() -> None:
    with socket.socket() as sock:
        sock.connect(LISTENER.getsockname())


def datagram_socket() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", 9))
        sock.getsockname()


def ipv6_datagram_socket() -> None:
    if sys.platform == "linux":
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC).close()


def echo_request_socket() -> None:
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()


def routing_socket() -> None:
    if sys.platform == "linux":
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()


def local_socket() -> None:
    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).close()


def socket_pair() -> None:
    for sock in socket.socketpair():
        sock.close()


def trace_the_parent() -> None:
    attach, detach = 16, 17
    libc.call("ptrace", attach, os.getppid(), 0, 0)
    os.waitpid(os.getppid(), 0)
    libc.call("ptrace", detach, os.getppid(), 0, 0)


def signal_the_parent() -> None:
    os.kill(os.getppid(), 0)


def signal_the_group() -> None:
    os.kill(0, 0)


def signal_itself() -> None:
    signal.raise_signal(signal.SIGCONT)


def own_by_fcntl() -> None:
    fcntl.fcntl(SPARE, fcntl.F_SETOWN, os.getppid())


def own_by_extended_fcntl() -> None:
    f_setown_ex, f_owner_pid = 15, 1
    fcntl.fcntl(SPARE, f_setown_ex, struct.pack("ii", f_owner_pid, os.getppid()))


def own_by_ioctl() -> None:
    fcntl.ioctl(SPARE, 0x8901, struct.pack("i", os.getppid()))  # FIOSETOWN


def own_by_the_sockets_ioctl() -> None:
    fcntl.ioctl(SPARE, 0x8902, struct.pack("i", os.getppid()))  # SIOCSPGRP


def choose_a_signal() -> None:
    f_setsig = 10
    fcntl.fcntl(SPARE, f_setsig, signal.SIGTERM)


def become_asynchronous() -> None:
    fcntl.fcntl(SPARE, fcntl.F_SETFL, fcntl.fcntl(SPARE, fcntl.F_GETFL) | os.O_ASYNC)


def become_asynchronous_by_ioctl() -> None:
    fcntl.ioctl(SPARE, termios.FIOASYNC, struct.pack("i", 1))


def make_a_group() -> None:
    os.setpgid(0, 0)


def make_a_session() -> None:
    os.setsid()


def keep_others_from_the_terminal() -> None:
    fcntl.ioctl(TERMINAL, termios.TIOCEXCL)
    fcntl.ioctl(TERMINAL, termios.TIOCNXCL)


def give_the_terminal_a_discipline() -> None:
    fcntl.ioctl(TERMINAL, termios.TIOCSETD, struct.pack("i", 0))


def prioritize_the_parent() -> None:
    parent = os.getppid()
    os.setpriority(os.PRIO_PROCESS, parent, os.getpriority(os.PRIO_PROCESS, parent))


def move_the_parent_to_a_processor() -> None:
    if sys.platform == "linux":
        parent = os.getppid()
        os.sched_setaffinity(parent, os.sched_getaffinity(parent))


def schedule_the_parent() -> None:
    if sys.platform == "linux":
        parent = os.getppid()
        os.sched_setscheduler(parent, os.sched_getscheduler(parent), os.sched_getparam(parent))


def make_a_queue() -> None:
    remove = 0
    queue = libc.call("msgget", 0, 0o600)
    libc.call("msgctl", queue, remove, None)


def other_memory() -> None:
    libc.call("process_vm_readv", os.getpid(), None, 0, None, 0, 0)


def new_namespace() -> None:
    libc.call("unshare", 0)


def asynchronous_calls() -> None:
    os.close(libc.call("syscall", 425, 1, bytes(120)))


def become_traceable() -> None:
    dumpable = 4
    libc.call("prctl", dumpable, 1, 0, 0, 0)


def limit_the_parent() -> None:
    if sys.platform == "linux":
        resource.prlimit(os.getppid(), resource.RLIMIT_CORE)


def raise_a_limit() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def much_memory() -> None:
    mmap.mmap(-1, 2 * limits.MEMORY_OCTETS, flags=mmap.MAP_PRIVATE).close()


def many_descriptors() -> None:
    for _ in range(limits.DESCRIPTORS):
        os.dup(2)


LISTENER = socket.create_server(("127.0.0.1", 0))
SPARE, _SPARE_PEER = socket.socketpair()  # nothing is ever sent: who owns it gets no signal
MAIN, TERMINAL = os.openpty()

OUTSIDE = [
    run_a_program,
    connect_to_a_listener,
    local_socket,
    routing_socket,
    trace_the_parent,
    other_memory,
    new_namespace,
    asynchronous_calls,
    prioritize_the_parent,
    move_the_parent_to_a_processor,
    schedule_the_parent,
    make_a_queue,
]
CONFINED = [
    *OUTSIDE,
    fork_a_process,
    start_a_thread,
    read_a_file,
    list_a_directory,
    write_a_file,
    make_a_directory,
    change_a_mode,
    echo_request_socket,
    socket_pair,
    signal_the_parent,
    own_by_fcntl,
    own_by_extended_fcntl,
    own_by_ioctl,
    own_by_the_sockets_ioctl,
    choose_a_signal,
    become_asynchronous,
    become_asynchronous_by_ioctl,
    make_a_group,
    make_a_session,
    keep_others_from_the_terminal,
    give_the_terminal_a_discipline,
    become_traceable,
    limit_the_parent,
    much_memory,
    many_descriptors,
]
DATAGRAMS = [datagram_socket, ipv6_datagram_socket]
FILES = [read_a_file, list_a_directory, write_a_file, make_a_directory, run_a_program]


# --- another process that looks into it


def become_nobody() -> None:
    """Be another user, but for that closed to its own processes, which changing the user does."""
    if not os.getuid():
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        become_traceable()


def what_the_doctor_says_to_nobody() -> str:
    """What it says to an ordinary user, in a process of its own."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            become_nobody()
            text = "\n".join(doctor.lines())
        except BaseException as error:
            text = f"{type(error).__name__}: {error}"
        os.write(write_end, text.encode())
        os._exit(0)
    os.close(write_end)
    with open(read_end, "rb") as pipe:
        text = pipe.read().decode()
    os.waitpid(pid, 0)
    return text


class Found(TypedDict):
    """What became of a process that another one of its user looks into."""

    closed: dict[str, bool]  # which of the ways into it
    signal: int  # that ended it
    core: bool  # whether it left one


def look_into_a_victim(confinement: str, folder: str) -> Found:
    """Try each way into a process of nobody in `folder`, with that one of CONFINEMENTS; then send it SIGQUIT."""
    pid = process_that_waits(partial(_become_a_victim, CONFINEMENTS[confinement], folder))
    closed = {name: is_refused(become_nobody, Path(f"/proc/{pid}/{name}").open) for name in ("environ", "mem", "maps")}
    closed["ptrace"] = is_refused(become_nobody, partial(_attach, pid))
    os.kill(pid, signal.SIGQUIT)
    status = os.waitpid(pid, 0)[1]
    return Found(closed=closed, signal=os.WTERMSIG(status), core=os.WCOREDUMP(status))


def process_that_waits(prepare: Callable[[], object]) -> int:
    """Return the pid of a process that has done `prepare` and waits for what ends it; LAST_SIGNAL does in any case."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            signal.signal(LAST_SIGNAL, lambda *_: os._exit(0))
            prepare()
            os.write(write_end, b"x")
            while True:
                time.sleep(0.02)  # and no pause: a signal that comes just before it would not end that
        finally:
            os._exit(1)
    os.close(write_end)
    assert os.read(read_end, 1) == b"x"
    os.close(read_end)
    return pid


def _become_a_victim(confine_it: Callable[[], object], folder: str) -> None:
    os.chdir(folder)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    become_nobody()
    confine_it()


def _attach(pid: int) -> None:
    attach = 16
    libc.call("ptrace", attach, pid, 0, 0)
    os.waitpid(pid, 0)
    libc.call("ptrace", 17, pid, 0, 0)


def dumps_cores(folder: str) -> bool:
    """Whether this machine writes core dumps at all."""
    pid = os.fork()
    if not pid:
        os.chdir(folder)
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGQUIT)
        os._exit(0)
    return os.WCOREDUMP(os.waitpid(pid, 0)[1])
