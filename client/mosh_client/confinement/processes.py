"""Confining a process: the interface of this package. Knows nothing of the protocol."""

from __future__ import annotations

from collections.abc import Callable

from mosh_client.confinement.mechanisms import Process, Step, mechanisms


def confine(process: Process, *, log: Callable[[str], None] | None = None) -> list[Step]:
    """Give up what `process` does not need; return what became of it, and `log` it.

    Call after all imports, since no file can be read any more, and before the first octet of somebody else's is read.
    """
    if log is None:
        return [Step(each.name, each.apply()) for each in mechanisms(process)]
    from mosh_client.confinement.report import describe

    _prepare_tracebacks()
    steps = [Step(each.name, each.apply()) for each in mechanisms(process, writes_log=True)]
    for line in describe(process, steps):
        log(line)
    return steps


def _prepare_tracebacks() -> None:
    """Import what a report of a crash needs: it will lack the lines of the source and nothing else."""
    import traceback

    try:
        raise ValueError
    except ValueError as error:
        traceback.format_exception(error)
