"""Which process gives up what, and by which mechanism.

Nothing here is required: systems that lack a mechanism do without it, and the session works all the same.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from mosh_client.confinement import landlock, limits, seccomp
from mosh_common.io import privileges


class Process(enum.Enum):
    """The processes of the client."""

    LAUNCHER = "launcher"  # starts renderers
    NETWORK = "network process"  # digests what the network brings; needs no file and no socket but for datagrams
    RENDERER = "renderer"  # draws; needs nothing but the descriptors that it has


class Mechanism(NamedTuple):
    """One way to give something up."""

    name: str  # of what is given up, or of the system's facility
    apply: Callable[[], str]  # returns "" or why it is not there


class Step(NamedTuple):
    """What became of a mechanism."""

    name: str
    failure: str  # empty: given up


def mechanisms(process: Process, *, writes_log: bool = False) -> list[Mechanism]:
    """Return what `process` applies, in this order. `writes_log`: its standard error may be a file, for -v."""
    core = Mechanism("core dumps", limits.forbid_core_dumps)
    tracing = Mechanism("being traced", _by_prctl(privileges.forbid_tracing))
    rights = Mechanism("new privileges", _by_prctl(privileges.forbid_new_privileges))
    if process is Process.LAUNCHER:
        return [core, tracing, rights, Mechanism("seccomp", partial(seccomp.install, seccomp.launcher))]
    network = process is Process.NETWORK
    return [
        core,
        Mechanism("memory limit", limits.bound_memory),
        tracing,
        rights,
        # The renderer stops its process group for Ctrl-Z, and the launcher is in that.
        Mechanism("landlock", partial(landlock.forbid_files, signals=not network)),
        # Behind landlock, which needs a descriptor; before seccomp, which is last because it refuses the other steps.
        Mechanism("other limits", partial(limits.bound_descriptors, new=network, writes_log=writes_log)),
        Mechanism("seccomp", partial(seccomp.install, seccomp.network_process if network else seccomp.renderer)),
    ]


def _by_prctl(call: Callable[[], bool]) -> Callable[[], str]:
    return lambda: "" if call() else "prctl(2) of Linux is not there"
