"""The copy of the product and its tests in which mutmut changes what it likes, build/mutation: never the checkout.

mutmut finds modules by their place below src/, which ours are not: the copy lays them there. Its settings are those of
`tool.mutmut` in pyproject.toml, which is copied with the rest.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from tests.support.programs import REPOSITORY

COPY: Final = REPOSITORY / "build" / "mutation"
# Has few functions and quick tests: trying these has mutmut make all mutants, and find out which tests reach which.
FIRST: Final = "mosh_common.wire.size.*"
# `mutmut show` for each word.
_SHOW: Final = """
import sys
from mutmut.__main__ import cli
for name in sys.argv[1:]:
    cli(["show", name], standalone_mode=False)
"""
NOT_COPIED: Final = shutil.ignore_patterns("__pycache__", "*.pyc")


class MutmutFailed(Exception):
    """mutmut ended otherwise than it should; the message is what it said."""


# What is copied, and where to. Tests read the documents.
COPIED: Final = {"common/mosh_common": "src/mosh_common", "tests": "tests", "docs": "docs"}


def lay_out(*, again: bool = False) -> None:
    """Make the copy anew; `again` keeps the mutants of modules that are the same, and which tests reach which."""
    if not again:
        shutil.rmtree(COPY, ignore_errors=True)
    for source, target in COPIED.items():
        shutil.rmtree(COPY / target, ignore_errors=True)
        shutil.copytree(REPOSITORY / source, COPY / target, ignore=NOT_COPIED)
    shutil.copy(REPOSITORY / "pyproject.toml", COPY)


def _program() -> str:
    return str(Path(sys.executable).with_name("mutmut"))


def mutmut(*words: str) -> str:
    """Run `mutmut` with these words in the copy; return what it says. Raises MutmutFailed."""
    return _run(_program(), *words)


def _run(*words: str) -> str:
    run = subprocess.run(words, check=False, cwd=COPY, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if run.returncode:
        raise MutmutFailed(run.stdout)
    return run.stdout


def try_mutants(names: Iterable[str], *, seconds: float) -> None:
    """Run the tests that reach them against each of these mutants, one at a time; `verdicts` has the results.

    Those with the quickest tests come first. When the time is up, the others are not tried. Raises MutmutFailed.
    """
    words = [_program(), "run", "--max-children", "1", *names]
    with (COPY / "mutmut.log").open("w+", encoding="utf-8") as log:
        run = subprocess.Popen(words, cwd=COPY, stdout=log, stderr=log, preexec_fn=_can_be_interrupted)
        try:
            run.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGINT)
            run.wait()
        else:
            if run.returncode:
                log.seek(0)
                raise MutmutFailed(log.read())


def _can_be_interrupted() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell may have ignored for what it put behind it


def verdicts() -> dict[str, str]:
    """Return what became of each mutant by its name: "killed", "survived", "no tests", "not checked" and others."""
    lines = (line.strip().rpartition(": ") for line in mutmut("results", "--all", "true").splitlines())
    return {name: verdict for name, _, verdict in lines if "__mutmut_" in name}


def exchange_codes(codes: dict[str, int | None]) -> dict[str, int | None]:
    """Set how the tests of each of these mutants ended, None = they were not run; return how it was."""
    before: dict[str, int | None] = {}
    for path in sorted((COPY / "mutants").rglob("*.py.meta")):
        facts = json.loads(path.read_text(encoding="utf-8"))
        known = facts["exit_code_by_key"]
        ours = codes.keys() & known.keys()
        if ours:
            before |= {name: known[name] for name in ours}
            known |= {name: codes[name] for name in ours}
            path.write_text(json.dumps(facts, indent=4), encoding="utf-8")
    return before


def differences(names: Sequence[str]) -> dict[str, str]:
    """Return what each of these mutants changes, as a unified diff, by its name. Raises MutmutFailed.

    In one process: to start `mutmut show` for each takes longer than a hundred survivors are worth.
    """
    said = _run(sys.executable, "-c", _SHOW, *names)
    parts = re.split(r"^# (\S+__mutmut_\d+): .*\n", said, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
