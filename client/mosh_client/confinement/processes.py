"""Which process gives up what: the interface of this package.

Nothing here is required: systems that lack a mechanism do without it, and the session works all the same. Knows nothing
of the protocol.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from mosh_client.confinement import landlock, limits, proofs, seccomp
from mosh_common.io import privileges


class Process(enum.Enum):
    """The processes of the client."""

    LAUNCHER = "launcher"
    NETWORK = "network process"  # digests what the network brings; needs no file and no socket but for datagrams
    RENDERER = "renderer"  # draws; needs nothing but the descriptors that it has


class Proof(NamedTuple):
    """Something that is given up, and an attempt at it, which raises OSError if it is."""

    what: str
    attempt: Callable[[], None]


class Mechanism(NamedTuple):
    """One way to give something up."""

    name: str
    apply: Callable[[], str]  # returns "" or why it is not there
    proofs: tuple[Proof, ...]  # that it works


class Step(NamedTuple):
    """What became of a mechanism."""

    name: str
    failure: str  # empty: given up


_FILES: Final = (
    Proof("opening files", proofs.open_file),
    Proof("changing files", proofs.change_files),
)
_OUTSIDE: Final = (
    Proof("starting programs", proofs.start_program),
    Proof("connections", proofs.stream_socket),
    Proof("local sockets", proofs.local_socket),
    Proof("tracing other processes", proofs.trace),
    Proof("reading their memory", proofs.read_other_memory),
)
_ALONE: Final = (
    *_FILES,
    Proof("starting processes", proofs.fork),
    Proof("signals to other processes", proofs.signal_parent),
    Proof("typing into the terminal", proofs.type_into_terminal),
)
_NO_SOCKETS: Final = (Proof("datagrams", proofs.datagram_socket),)


def mechanisms(process: Process, *, writes_log: bool = False) -> list[Mechanism]:
    """Return what `process` applies, in order. `writes_log`: its standard error is kept, for -v."""
    core = Mechanism("core dumps", limits.forbid_core_dumps, (Proof("core dumps", proofs.dump_core),))
    untraced = Mechanism(
        "being traced", _by_prctl(privileges.forbid_tracing), (Proof("being traced", proofs.be_traced),)
    )
    rights = Mechanism(
        "new privileges", _by_prctl(privileges.forbid_new_privileges), (Proof("new privileges", proofs.gain_rights),)
    )
    if process is Process.LAUNCHER:
        return [core, untraced, rights, Mechanism("seccomp", partial(seccomp.install, seccomp.launcher), _OUTSIDE)]
    network = process is Process.NETWORK
    program = seccomp.network_process if network else seccomp.renderer
    return [
        core,
        Mechanism("memory limit", limits.bound_memory, (Proof("memory without bound", proofs.take_memory),)),
        untraced,
        rights,
        # The renderer stops its process group for Ctrl-Z, and the launcher is in that.
        Mechanism("landlock", partial(landlock.forbid_files, signals=not network), _FILES[:1]),
        # Behind landlock, which needs a descriptor; before seccomp, which refuses the rest.
        Mechanism(
            "other limits",
            partial(limits.bound_descriptors, new=network, writes_log=writes_log),
            (Proof("descriptors without bound", proofs.take_descriptors),),
        ),
        Mechanism(
            "seccomp",
            partial(seccomp.install, program),
            (*_OUTSIDE, *_ALONE, *(() if network else _NO_SOCKETS)),
        ),
    ]


def confine(process: Process, *, writes_log: bool = False) -> list[Step]:
    """Give up what `process` does not need; return what became of it.

    Call after all imports (no file can be read any more), and before the first octet of somebody else's is read.
    """
    if writes_log:
        _prepare_tracebacks()
    return [Step(each.name, each.apply()) for each in mechanisms(process, writes_log=writes_log)]


def describe(process: Process, steps: list[Step]) -> list[str]:
    """Return lines that say what this process, which is `process`, has given up: each was tried, and failed."""
    lines = []
    tried: set[str] = set()
    for mechanism in mechanisms(process):
        for proof in mechanism.proofs:
            if proof.what in tried:
                continue
            tried.add(proof.what)
            refusal = refused(proof)
            outcome = f"given up: {proof.what} ({refusal})" if refusal else f"not given up: {proof.what}"
            lines.append(f"{process.value}: {outcome}")
    lines += [f"{process.value}: not given up by {step.name}: {step.failure}" for step in steps if step.failure]
    return lines


def refused(proof: Proof) -> str:
    """Return with what words the attempt is refused; empty when it can be done."""
    try:
        proof.attempt()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _by_prctl(call: Callable[[], bool]) -> Callable[[], str]:
    return lambda: "" if call() else "prctl(2) of Linux is not there"


def _prepare_tracebacks() -> None:
    """Import what a report of a crash needs: the lines of the source will be missing from it, nothing else."""
    import traceback

    try:
        raise ValueError
    except ValueError as error:
        traceback.format_exception(error)
