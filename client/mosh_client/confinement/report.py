"""What a confined process says of itself with -v: everything that it should have given up was tried."""

from __future__ import annotations

from mosh_client.confinement.mechanisms import Process, Step, mechanisms
from mosh_client.confinement.proofs import proofs_of


def describe(process: Process, steps: list[Step]) -> list[str]:
    """Return lines that say what this process, which is `process`, can do and what it cannot, and what `steps` lack."""
    proofs = {proof.what: proof for each in mechanisms(process) for proof in proofs_of(process, each.name)}
    lines = []
    for what, proof in proofs.items():
        if proof.apart:
            continue
        refusal = proof.refusal()
        outcome = f"given up: {what} ({refusal})" if refusal else f"not given up: {what}"
        lines.append(f"{process.value}: {outcome}")
    return lines + [f"{process.value}: not given up by {name}: {failure}" for name, failure in steps if failure]
