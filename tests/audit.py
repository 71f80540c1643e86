"""`make audit`: whether the pinned dependencies are what they were, and have no known vulnerability.

Two questions, asked of the package index and of an advisory database over the network:

1. Does the index still serve files with the pinned hashes, and are all dependencies pinned? (pip)
2. Is a vulnerability known in one of them? (pip-audit: the index's own advisories, else OSV's)

A question that nobody answers is skipped, with a sentence: a machine without a way there shall not fail for it.
pip-audit alone would not do: of an index without advisories it says "No known vulnerabilities found".
"""

from __future__ import annotations

import enum
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

PINS = Path(__file__).resolve().parents[1] / "packaging" / "requirements.txt"
ADVISORIES = ("pypi", "osv")  # pip-audit's names
PATIENCE_S = 600.0

_WRONG_HASH = re.compile(r"DO NOT MATCH|--require-hashes mode")
_NO_WAY_THERE = re.compile(
    r"Could not connect|ServiceError"
    r"|requests\.exceptions\.(\w*Timeout|ConnectionError|SSLError|ProxyError|JSONDecodeError)"
)


class Verdict(enum.Enum):
    """What an answer means."""

    GOOD = enum.auto()
    BAD = enum.auto()
    NO_ANSWER = enum.auto()


class Answer(NamedTuple):
    """What a program said."""

    code: int
    output: str
    errors: str


def judge_hashes(answer: Answer) -> Verdict:
    """Judge what `pip install --require-hashes` said."""
    if not answer.code:
        return Verdict.GOOD
    return Verdict.BAD if _WRONG_HASH.search(answer.errors) else Verdict.NO_ANSWER


def judge_advisories(answer: Answer) -> tuple[Verdict, list[str]]:
    """Judge what `pip-audit --format json` said; return with it a line for each finding."""
    try:
        dependencies = json.loads(answer.output)["dependencies"]
    except (ValueError, KeyError):
        if _NO_WAY_THERE.search(answer.errors):
            return Verdict.NO_ANSWER, []
        return Verdict.BAD, [f"pip-audit failed:\n{answer.errors}"]
    found = [
        f"{each['name']} {each['version']}: {vulnerability['id']}, fixed in {vulnerability['fix_versions'] or 'none'}"
        for each in dependencies
        for vulnerability in each.get("vulns", ())
    ]
    unknown = [each["name"] for each in dependencies if "skip_reason" in each]
    if found or answer.code:
        return Verdict.BAD, found or [f"pip-audit failed:\n{answer.errors}"]
    if dependencies and len(unknown) == len(dependencies):
        return Verdict.NO_ANSWER, []
    if unknown or not dependencies:
        return Verdict.BAD, [f"nothing is known of {', '.join(unknown) or 'anything'}"]
    return Verdict.GOOD, []


def run(*words: str) -> Answer:
    """Run a module of this Python."""
    done = subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def ask_advisories(service: str, *options: str, pins: Path = PINS) -> Answer:
    """Ask `service` about the pinned dependencies."""
    options += ("--format", "json", "--progress-spinner", "off", "--vulnerability-service", service)
    return run("pip_audit", "--requirement", str(pins), "--require-hashes", "--disable-pip", *options)


def main() -> int:
    """Ask both; return the exit code."""
    pip = run(
        *(
            "pip",
            "install",
            "--dry-run",
            "--ignore-installed",
            "--quiet",
            "--require-hashes",
            "--requirement",
            str(PINS),
        )
    )
    hashes = judge_hashes(pip)
    print(
        {
            Verdict.GOOD: "The index serves the pinned files.",
            Verdict.BAD: f"The index does not serve the pinned files:\n{pip.errors}",
            Verdict.NO_ANSWER: "SKIPPED whether the index serves the pinned files: it gives none.",
        }[hashes]
    )
    for service in ADVISORIES:
        advisories, found = judge_advisories(ask_advisories(service))
        if advisories is not Verdict.NO_ANSWER:
            break
    print(
        {
            Verdict.GOOD: f"No vulnerability is known in the pinned dependencies ({service}).",
            Verdict.BAD: "\n".join(found),
            Verdict.NO_ANSWER: "SKIPPED the look for known vulnerabilities: no database of advisories can be reached.",
        }[advisories]
    )
    return int(Verdict.BAD in (hashes, advisories))


if __name__ == "__main__":
    sys.exit(main())
