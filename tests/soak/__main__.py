"""`make soak`: a session with 10^5 keys, 10^3 sizes, 10^2 addresses and 1 GB of output; fails where something grows."""

from __future__ import annotations

import signal
import sys

from tests.soak.rig import FULL, SHORT, Soak


def main() -> int:
    """Play the soak, or with `short` a fiftieth of it; print the figures and return the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # with what was started
    plan = SHORT if sys.argv[1:] == ["short"] else FULL
    with Soak(plan, say=lambda line: print(line, flush=True)) as soak:
        outcome = soak.run()
    print(outcome.table())
    print(
        f"{plan.cycles * 100} keys, {plan.cycles} sizes, {outcome.roams} addresses, {plan.sleeps} times asleep,"
        f" {outcome.octets / 1e6:.0f} MB of output in {outcome.seconds:.0f} s"
    )
    for line in outcome.failures():
        print(f"FAILED: {line}")
    return bool(outcome.failures())


if __name__ == "__main__":
    sys.exit(main())
