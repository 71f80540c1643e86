"""What is checked in roots, each in fresh copies: README's `make test`, the distribution's own packages, the .deb."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.matrix.leftovers import left_behind, listing
from tests.matrix.root import APT_GET, HOME, USER_ID, CheckFailed, Root, as_user

REPOSITORY: Final = Path(__file__).resolve().parents[2]
SOURCE: Final = HOME / "mosh-py"
NOT_SOURCE: Final = (
    *(".git", ".venv*", "build", "dist", "__pycache__", "*.egg-info"),
    *(".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache"),
)
README_NEEDS: Final = ("python3", "python3-venv", "make")
# What the interop and end-to-end tests drive; .ci/run installs the same on its machine.
PROGRAMS: Final = (
    *("mosh", "openssh-server", "openssh-client", "tmux", "vim-tiny", "less", "ncurses-bin", "ncurses-term"),
    *("procps", "groff-base", "fish", "zsh"),
)
TEST_PACKAGES: Final = (
    *("python3-pytest", "python3-pytest-timeout", "python3-pytest-xdist", "python3-hypothesis", "python3-protobuf"),
)
VERSIONS: Final = (
    "import platform; from importlib.metadata import version as v; print('python', platform.python_version(),"
    " *(f'{p} {v(p)}' for p in ('cryptography', 'msgpack', 'pexpect', 'protobuf', 'pyte', 'pytest')))"
)

# Debian's sshd as Debian configures it. It and what it starts end with the command's namespace.
WITH_SSHD: Final = 'mkdir -p /run/sshd && /usr/sbin/sshd && "$@"'

_CLOSING_LINE = re.compile(r"^(?:=+ )?((?:\d+ \w+(?:, )?)+ in \d[\d.]*s.*?)(?: =+)?$", re.MULTILINE)
_COUNT = re.compile(r"(\d+) (passed|failed|skipped|error)")
_TO_BE_INSTALLED = re.compile(r"^Inst (\S+)", re.MULTILINE)


class Outcome(NamedTuple):
    """What came out of one check."""

    passed: int
    failed: int
    skipped: int
    note: str


# A check opens as many roots as it needs. `tests`: which of the suite, with blanks between; "" = all.
OpenRoot = Callable[[], Root]


def fresh(open_root: OpenRoot, tests: str) -> Outcome:
    """README on a machine that has nothing else: `make test`."""
    with open_root() as root:
        root.install(*README_NEEDS)
        return run_suite(root, ["make", "test", f"TESTS={tests}"], python=".venv/bin/python")


def own(open_root: OpenRoot, tests: str) -> Outcome:
    """The suite on the distribution's own Python and packages, with every program that it can drive."""
    with open_root() as root:
        root.install("python3", *run_time_dependencies(), *TEST_PACKAGES, *PROGRAMS)
        # pytest 7.2's own tracebacks end it where a line of code that hypothesis made is in one.
        words = ["python3", "-m", "pytest", "-n", "2", "--dist", "loadfile", "-q", "--tb=native", *tests.split()]
        return run_suite(root, words, python="python3")


def newest(open_root: OpenRoot, tests: str) -> Outcome:
    """`make test` with the newest of every dependency that the index has, and every program that it can drive."""
    with open_root() as root:
        root.install(*README_NEEDS, *PROGRAMS)
        return run_suite(root, ["make", "test", f"TESTS={tests}"], python=".venv/bin/python")


def oldest(open_root: OpenRoot, tests: str) -> Outcome:
    """The suite with the oldest of every dependency that we say we support, and every program that it can drive."""
    with open_root() as root:
        root.install(*README_NEEDS, *PROGRAMS)
        return run_suite(root, ["make", "test-oldest", f"TESTS={tests}"], python=".venv-oldest/bin/python")


def deb(open_root: OpenRoot, _tests: str) -> Outcome:
    """The package, built by an ordinary user without git: installed, used, removed, and nothing left behind."""
    with open_root() as builder:
        bring_source(builder)
        builder.run([*APT_GET, "build-dep", f"{SOURCE}/packaging"])
        builder.run_as_user(["make", "deb"], directory=SOURCE)
        [package] = builder.inside(SOURCE / "build" / "deb").glob("mosh-py_*_all.deb")
        name, content = package.name, package.read_bytes()
    with open_root() as root:
        bring_source(root)  # for the session's script; no part of it is installed
        root.install("openssh-server", "tmux", "iproute2")
        root.inside("opt/packages").mkdir()
        root.inside("opt/packages").joinpath(name).write_bytes(content)
        return _install_use_purge(root, f"/opt/packages/{name}")


CHECKS: Final = {"fresh": fresh, "own": own, "deb": deb, "oldest": oldest, "newest": newest}


# --- the suite


def run_suite(root: Root, words: Sequence[str], *, python: str) -> Outcome:
    """Run the suite by `words`, as the ordinary user on this source; `python` is the one it runs on."""
    bring_source(root)
    try:
        outcome = read_closing_line(root.run_as_user(words, directory=SOURCE))
    except CheckFailed as failure:
        outcome = read_closing_line(failure.output)
        if not outcome.failed:  # all tests passed, and still something went wrong
            raise
    versions = root.run_as_user([python, "-c", VERSIONS], directory=SOURCE)
    return outcome._replace(note=versions.strip())


def read_closing_line(output: str) -> Outcome:
    """Read pytest's last line; raises CheckFailed when there is none, or nothing passed."""
    lines = _CLOSING_LINE.findall(output)
    if not lines:
        raise CheckFailed("pytest did not come to its end", output)
    counts = {word: int(number) for number, word in _COUNT.findall(lines[-1])}
    if not counts.get("passed"):
        raise CheckFailed(f"no test passed: {lines[-1]}", output)
    failed = counts.get("failed", 0) + counts.get("error", 0)
    return Outcome(counts["passed"], failed, counts.get("skipped", 0), "")


def run_time_dependencies() -> list[str]:
    """Return the packages that ours depends on, as the distribution names them."""
    control = (REPOSITORY / "packaging" / "debian" / "control").read_text()
    return re.findall(r"\b(python3-\w+) \(>=", control)


def bring_source(root: Root) -> None:
    """Give the ordinary user this source."""
    target = root.inside(SOURCE)
    bring_source_to(target)
    for path in (target, *target.rglob("*")):
        os.chown(path, USER_ID, USER_ID, follow_symlinks=False)


def bring_source_to(target: Path) -> None:
    """Copy this source as a download of it would be: without git, nothing built."""
    shutil.copytree(REPOSITORY, target, symlinks=True, ignore=shutil.ignore_patterns(*NOT_SOURCE))


# --- the package


def _install_use_purge(root: Root, package: str) -> Outcome:
    simulated = root.run(["apt-get", "-s", "install", package])
    others = [name for name in _TO_BE_INSTALLED.findall(simulated) if name != "mosh-py"]
    root.install(*others)
    before = listing(root.path)
    root.install(package, recommended=True)
    _refuse_to_stand_beside(root, "mosh", removes="mosh-py")
    session = [*as_user(SOURCE), "python3", "-B", "-m", "tests.matrix.session"]
    seen = root.run(["sh", "-c", WITH_SSHD, "sh", *session], network=False).splitlines()
    root.run([*APT_GET, "purge", "mosh-py"])
    left = left_behind(before, listing(root.path))
    if left:
        raise CheckFailed("purge left something behind", "\n".join(left))
    root.install("mosh")
    _refuse_to_stand_beside(root, package, removes="mosh")
    return Outcome(len(seen) + 3, 0, 0, "; ".join([*seen, "purge: nothing left", "never beside mosh"]))


def _refuse_to_stand_beside(root: Root, name: str, *, removes: str) -> None:
    simulated = root.run(["apt-get", "-s", "install", name])
    if not re.search(rf"^Remv {re.escape(removes)} ", simulated, re.MULTILINE):
        raise CheckFailed(f"{name} could be installed beside {removes}", simulated)
