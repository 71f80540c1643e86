"""`make mutation`: change the wire and the sync core in small ways, and see whether a test notices each.

`python -m tests.mutation [--minutes N] [--seed N] [--only GLOB] [--again]`. Mutants are tried in an order that the seed
makes, until the time is up: twenty minutes unless told otherwise. Which tests are used is said in pyproject.toml,
tool.mutmut. Exits with 1 where a mutant survives that explained.toml does not have; it is printed as it would stand
there.
"""

from __future__ import annotations

import argparse
import fnmatch
import random
import sys
import time
from collections import Counter

from tests.mutation import survivors, workspace

# Of mutants, in the order of the seed; within one, mutmut takes those with the quickest tests first. Each begins with a
# run of all their tests without a mutant.
PORTION = 400
SHORTEST_S = 30.0  # what is left for a portion, else it is not begun
UNTRIED = "not checked"
UNREACHED = "no tests"
KILLED = ("killed", "timeout", "segfault")


def main() -> None:
    """Try mutants until the time is up, and report."""
    options = _options()
    ends_at = time.monotonic() + 60 * options.minutes
    print(f"Seed {options.seed}, {options.minutes:g} minutes.", flush=True)
    workspace.lay_out(again=options.again)
    workspace.try_mutants([workspace.FIRST], seconds=ends_at - time.monotonic())
    before = workspace.verdicts()
    every = sorted(name for name in before if fnmatch.fnmatch(name, options.only))
    if not every:
        sys.exit("The time was up before there was a mutant, or there is none of that name.")
    if options.again:
        every = [name for name in every if before[name] not in (*KILLED, UNTRIED)]
    # Else what there is no time for would count as tried, with what it was before.
    codes = workspace.exchange_codes(dict.fromkeys(every)) if options.again else {}
    random.Random(options.seed).shuffle(every)
    for start in range(0, len(every), PORTION):
        seconds = ends_at - time.monotonic()
        if seconds < SHORTEST_S:
            break
        workspace.try_mutants(every[start : start + PORTION], seconds=seconds)
        print(f"{min(start + PORTION, len(every))} of {len(every)} mutants", flush=True)
    verdicts = workspace.verdicts()
    workspace.exchange_codes({name: code for name, code in codes.items() if verdicts[name] == UNTRIED})
    sys.exit(_report({name: verdicts[name] for name in every if verdicts[name] != UNTRIED}, len(every)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0, help="how long at most")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="which mutants come first")
    parser.add_argument("--only", default="*", metavar="GLOB", help="mutants of such names, mosh_common.wire.key.*")
    parser.add_argument("--again", action="store_true", help="those that survived the last run, with the tests of now")
    return parser.parse_args()


def _report(verdicts: dict[str, str], there_are: int) -> int:
    counts = Counter(verdicts.values())
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()), f"of {there_are} mutants")
    for function in sorted({survivors.function_of(name) for name, verdict in verdicts.items() if verdict == UNREACHED}):
        print(f"no quick test of its own: {function}")
    alive = [name for name, verdict in sorted(verdicts.items()) if verdict not in (*KILLED, UNREACHED)]
    changes = dict.fromkeys(survivors.change(*said) for said in workspace.differences(alive).items())
    reasons = survivors.explained()
    new = [change for change in changes if change not in reasons]
    print(f"{len(changes) - len(new)} survivors are explained, {len(new)} are not.\n")
    print(survivors.as_entries(new))
    return 1 if new else 0


if __name__ == "__main__":
    try:
        main()
    except workspace.MutmutFailed as error:
        sys.exit(f"mutmut: {error}")
