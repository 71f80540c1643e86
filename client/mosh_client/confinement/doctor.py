"""`mosh-client --doctor`: which mechanisms work on this machine, tried in processes of their own."""

from __future__ import annotations

import os
from typing import Final

from mosh_client.confinement.mechanisms import Mechanism, Process, mechanisms
from mosh_client.confinement.proofs import proofs_of
from mosh_common.io import privileges

_ANSWER_OCTETS: Final = 1024


def lines() -> list[str]:
    """Return one line for each process and mechanism."""
    found = [f"{os.uname().sysname} {os.uname().release} on {os.uname().machine}"]
    for process in Process:
        found += [f"{process.value}: {each.name}: {_in_another_process(process, each)}" for each in mechanisms(process)]
    return found


def _in_another_process(process: Process, mechanism: Mechanism) -> str:
    """Apply it to a new process, try what it should refuse, and return what came of it."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if not pid:
        answer = "missing: it failed"
        try:
            os.close(read_end)
            answer = _examine(process, mechanism)
        except Exception as error:
            answer = f"missing: {type(error).__name__}: {error}"
        finally:
            os.write(write_end, answer.encode())
            os._exit(0)
    os.close(write_end)
    with open(read_end, "rb") as pipe:
        text = pipe.read(_ANSWER_OCTETS).decode(errors="replace")
    os.waitpid(pid, 0)
    return text or "missing: the process that tried it was ended"


def _examine(process: Process, mechanism: Mechanism) -> str:
    proofs = proofs_of(process, mechanism.name)
    before = [proof.what for proof in proofs if not proof.apart and proof.refusal()]
    if mechanism.name != "new privileges":
        privileges.forbid_new_privileges()  # which landlock and seccomp want
    failure = mechanism.apply()
    if failure:
        return f"missing: {failure}"
    left = [proof.what for proof in proofs if not proof.refusal()]
    if left:
        return f"missing: it was applied and does not refuse {', '.join(left)}"
    return f"works (refused without it as well: {', '.join(before)})" if before else "works"
