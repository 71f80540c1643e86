"""What is checked in roots, each in fresh copies: README's `make test`, the distribution's own packages, the .debs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from tests.matrix import installs
from tests.matrix.blocks import SCENES
from tests.matrix.leftovers import Listing, left_behind, listing
from tests.matrix.pages import follow
from tests.matrix.root import APT_GET, HOME, CheckFailed, Root, as_user
from tests.matrix.sessions import PROGRAMS as SESSION_PROGRAMS
from tests.matrix.sessions import hold_session

REPOSITORY: Final = Path(__file__).resolve().parents[2]
SOURCE: Final = HOME / "mosh-py"
NOT_SOURCE: Final = (
    *(".git", ".venv*", "build", "dist", "__pycache__", "*.egg-info"),
    *(".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache"),
)
README_NEEDS: Final = ("python3", "python3-venv", "make")
# What the interop and end-to-end tests drive; .ci/run installs these and a few more shells on its machine.
PROGRAMS: Final = (
    *("mosh", "openssh-server", "openssh-client", "tmux", "vim-tiny", "less", "ncurses-bin", "ncurses-term"),
    *("procps", "groff-base", "mandoc", "fish", "zsh", "bash-completion", "libutempter0", "locales", "screen"),
    "shellcheck",
)
# Login shells of which not every distribution has each: Debian 13 has no yash.
SHELLS: Final = ("busybox", "mksh", "csh", "tcsh", "elvish", "rc", "yash", "posh", "sash", "9base")
TEST_PACKAGES: Final = (
    *("python3-pytest", "python3-pytest-timeout", "python3-pytest-xdist", "python3-hypothesis", "python3-protobuf"),
    *("python3-yaml", "python3-venv"),
)
VERSIONS: Final = (
    "import platform; from importlib.metadata import version as v; print('python', platform.python_version(),"
    " *(f'{p} {v(p)}' for p in ('cryptography', 'msgpack', 'pexpect', 'protobuf', 'pyte', 'pytest')))"
)

OURS: Final = frozenset({"mosh-py", "mosh-py-client", "mosh-py-common", "mosh-py-server"})
CLIENTS_ONLY: Final = frozenset({"python3-msgpack", "python3-pexpect"})
PACKAGES: Final = Path("/opt/packages")
UPSTREAM: Final = Path("/opt/upstream")  # a root in the root
AUTOPKGTESTS: Final = SOURCE / "packaging/debian/tests"

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
Built = TypeVar("Built")


def fresh(open_root: OpenRoot, tests: str) -> Outcome:
    """README on a machine that has nothing else: `make test`."""
    with open_root() as root:
        root.install(*README_NEEDS)
        return run_suite(root, ["make", "test", f"TESTS={tests}"], python=".venv/bin/python")


def own(open_root: OpenRoot, tests: str) -> Outcome:
    """The suite on the distribution's own Python and packages, with every program that it can drive."""
    with open_root() as root:
        root.install("python3", *installs.run_time_packages(), *TEST_PACKAGES, *PROGRAMS, *root.known(SHELLS))
        # pytest 7.2's own tracebacks end it where a line of code that hypothesis made is in one.
        words = ["python3", "-m", "pytest", "-n", "2", "--dist", "loadfile", "-q", "--tb=native", *tests.split()]
        return run_suite(root, words, python="python3")


def readme(open_root: OpenRoot, _tests: str) -> Outcome:
    """The commands that README and docs/ tell a user of Debian to type, each way in its own root, and a session."""
    counts = {}
    for scene in SCENES:
        with open_root() as root:
            bring_source(root)
            counts[scene] = follow(root, scene, source=SOURCE)
    return Outcome(sum(counts.values()), 0, 0, "; ".join(f"{scene}: {number}" for scene, number in counts.items()))


def newest(open_root: OpenRoot, tests: str) -> Outcome:
    """`make test` with the newest of every dependency that the index has, and every program that it can drive."""
    with open_root() as root:
        root.install(*README_NEEDS, *PROGRAMS, *root.known(SHELLS))
        return run_suite(root, ["make", "test", f"TESTS={tests}"], python=".venv/bin/python")


def oldest(open_root: OpenRoot, tests: str) -> Outcome:
    """The suite with the oldest of every dependency that we say we support, and every program that it can drive."""
    with open_root() as root:
        root.install(*README_NEEDS, *PROGRAMS, *root.known(SHELLS))
        return run_suite(root, ["make", "test-oldest", f"TESTS={tests}"], python=".venv-oldest/bin/python")


def deb(open_root: OpenRoot, _tests: str) -> Outcome:
    """The packages, built by an ordinary user without git: installed, used, removed, and nothing left behind."""
    with open_root() as builder:
        bring_source(builder)
        builder.run([*APT_GET, "build-dep", f"{SOURCE}/packaging"])
        built = _build_twice(builder)
    with open_root() as root:
        bring_source(root)  # for the sessions' scripts; no part of it is installed
        root.install("openssh-server", "tmux", "iproute2")
        with open_root() as upstream:
            upstream.install("mosh", "openssh-client", "openssh-server")
            subprocess.run(["cp", "-a", "--reflink=auto", str(upstream.path), str(root.inside(UPSTREAM))], check=True)
        root.inside(PACKAGES).mkdir()
        for name, content in built.items():
            root.inside(PACKAGES / name).write_bytes(content)
        return _install_use_purge(root, sorted(f"{PACKAGES}/{name}" for name in built))


def pip(open_root: OpenRoot, _tests: str) -> Outcome:
    """The source by pip, in a virtual environment; then by pipx."""
    seen = []
    for way in (installs.pip, installs.pipx):
        with open_root() as root:
            bring_source(root)
            seen += [f"{way.__name__}:", *way(root, SOURCE)]
    return seen_outcome(seen)


def install(open_root: OpenRoot, _tests: str) -> Outcome:
    """`make install` and `make uninstall`."""
    with open_root() as root:
        bring_source(root)
        return seen_outcome(installs.make_install(root, SOURCE))


def zipapp(open_root: OpenRoot, _tests: str) -> Outcome:
    """The one file, on a root with Python and no package of it."""
    archive = build(open_root, installs.build_archive)
    with open_root() as root:
        bring_source(root)
        return seen_outcome(installs.zipapp(root, SOURCE, archive))


def brought(open_root: OpenRoot, _tests: str) -> Outcome:
    """`mosh --install-server` from the one file, onto a root with Python and no package of it."""
    archive = build(open_root, installs.build_archive)
    with open_root() as client, open_root() as server:
        bring_source(client)
        return seen_outcome(installs.brought(client, server, SOURCE, archive))


def peers(open_root: OpenRoot, _tests: str) -> Outcome:
    """Our packages and the distribution's mosh in all four pairs; our server's package alone with the one file."""
    debs = build(open_root, installs.build_debs)
    archive = build(open_root, installs.build_archive)
    seen = []
    with open_root() as ours, open_root() as upstream:
        for root in (ours, upstream):
            bring_source(root)
            root.install("python3", *SESSION_PROGRAMS)
        installs.put_debs(ours, debs, *debs)
        upstream.install("mosh")
        names = {ours.path: "ours", upstream.path: "upstream's"}
        for client in (ours, upstream):
            for server in (ours, upstream):
                hold_session(client, server, source=SOURCE)
                seen.append(f"{names[client.path]} with {names[server.path]}: a session")
    with open_root() as client, open_root() as server:
        bring_source(client)
        client.install("python3", *SESSION_PROGRAMS)
        server.install(*SESSION_PROGRAMS)
        installs.put_archive(client, archive)
        installs.put_debs(server, debs, "mosh-py-common", "mosh-py-server")
        hold_session(client, server, source=SOURCE, path=[str(installs.OWN_PROGRAMS)])
        seen.append("the archive with the server's package alone: a session")
    return seen_outcome(seen)


CHECKS: Final = {
    check.__name__: check for check in (fresh, own, deb, pip, install, zipapp, brought, peers, readme, oldest, newest)
}


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


def seen_outcome(seen: Sequence[str]) -> Outcome:
    """Return what a check comes to that has not failed: each thing it saw counts."""
    return Outcome(len(seen), 0, 0, "; ".join(seen))


def build(open_root: OpenRoot, how: Callable[[Root, Path], Built]) -> Built:
    """Build something from this source, in a root of its own."""
    with open_root() as root:
        bring_source(root)
        return how(root, SOURCE)


def bring_source(root: Root) -> None:
    """Give the ordinary user this source."""
    bring_source_to(root.inside(SOURCE))
    installs.give_to_user(root, SOURCE)


def bring_source_to(target: Path) -> None:
    """Copy this source as a download of it would be: without git, nothing built."""
    shutil.copytree(REPOSITORY, target, symlinks=True, ignore=shutil.ignore_patterns(*NOT_SOURCE))


# --- the packages


def _build_twice(builder: Root) -> dict[str, bytes]:
    """Build in two folders, for two users' habits; return what came out of both, a file's content by its name."""
    elsewhere = HOME / "elsewhere"
    builder.run_as_user(["cp", "-R", str(SOURCE), str(elsewhere)])
    for path in builder.inside(elsewhere).rglob("*"):
        os.utime(path, (0, 0), follow_symlinks=False)
    results = []
    for folder, habits in ((SOURCE, "umask 022"), (elsewhere, "umask 077; export TZ=Asia/Kolkata LC_ALL=C")):
        builder.run_as_user(["sh", "-c", f"{habits}; make deb"], directory=folder)
        results.append({path.name: path.read_bytes() for path in builder.inside(folder / "build/deb").glob("*.deb")})
    if results[0] != results[1] or {name.partition("_")[0] for name in results[0]} != OURS:
        raise CheckFailed("two builds are not the same four packages", " ".join(sorted(results[0] | results[1])))
    return results[0]


def _install_use_purge(root: Root, packages: Sequence[str]) -> Outcome:
    seen = ["two builds: identical"]
    of_server = [path for path in packages if re.search(r"mosh-py-(common|server)_", path)]
    root.install(*others_wanted(root, of_server))
    before = listing(root.path)
    root.install(*of_server)
    seen += _server_alone(root)
    _purge(root, before)

    root.install(*others_wanted(root, packages), *others_wanted(root, ["mosh"]))
    before = listing(root.path)
    root.install(*packages, recommended=True)
    for name in OURS - {"mosh-py-common"}:  # which has no file of a name that mosh has
        _refuse_to_stand_beside(root, "mosh", removes=name)
    session = [*as_user(SOURCE), "python3", "-B", "-m", "tests.matrix.session"]
    seen += root.run(["sh", "-c", WITH_SSHD, "sh", *session], network=False).splitlines()
    seen += root.run([f"{AUTOPKGTESTS}/session"]).splitlines()
    seen += root.run(["env", f"MOSH_UPSTREAM_ROOT={UPSTREAM}", f"{AUTOPKGTESTS}/session-with-upstream"]).splitlines()
    root.run([*APT_GET, "remove", *OURS])
    seen += _upstreams_after_ours(root)
    root.run([*APT_GET, "purge", "mosh"])
    _purge(root, before)
    root.install("mosh")
    _refuse_to_stand_beside(root, *packages, removes="mosh")
    return Outcome(len(seen) + 2, 0, 0, "; ".join([*dict.fromkeys(seen), "purge: nothing left", "never beside mosh"]))


def others_wanted(root: Root, packages: Sequence[str]) -> list[str]:
    """Return what apt would install with `packages`, but for ours and Debian's mosh."""
    simulated = root.run(["apt-get", "-s", "--no-install-recommends", "install", *packages])
    return [name for name in _TO_BE_INSTALLED.findall(simulated) if name not in {*OURS, "mosh"}]


def _server_alone(root: Root) -> list[str]:
    """A server that has only what its package depends on, with a client of upstream's root."""
    superfluous = CLIENTS_ONLY & set(_known_to_dpkg(root))
    if superfluous:
        raise CheckFailed(f"the server alone brought {superfluous}")
    seen = root.run([f"{AUTOPKGTESTS}/server-alone"]).splitlines()
    return seen[-1:] + root.run([f"{AUTOPKGTESTS}/session", str(UPSTREAM), "/"]).splitlines()


def _upstreams_after_ours(root: Root) -> list[str]:
    """Debian's mosh where ours was removed, but its configuration has stayed: neither is in the other's way."""
    root.install("mosh")
    names = [
        line
        for profile in root.inside("etc/ufw/applications.d").iterdir()
        for line in profile.read_text().splitlines()
        if line.startswith("[")
    ]
    if sorted(name for name in names if "mosh" in name) != ["[mosh-py]", "[mosh]"]:
        raise CheckFailed(f"profiles of ufw after removing ours and installing mosh: {names}")
    return root.run(["mosh", "--version"]).splitlines()[:1]


def _purge(root: Root, before: Listing) -> None:
    root.run([*APT_GET, "purge", *sorted(OURS & set(_known_to_dpkg(root)))])
    left = [line for line in left_behind(before, listing(root.path)) if f" {UPSTREAM}/" not in line]
    if left:
        raise CheckFailed("purge left something behind", "\n".join(left))


def _known_to_dpkg(root: Root) -> list[str]:
    """Return what is installed, or has left its configuration."""
    return root.run(["dpkg-query", "-W", "-f", "${Package}\n"]).split()


def _refuse_to_stand_beside(root: Root, *names: str, removes: str) -> None:
    simulated = root.run(["apt-get", "-s", "install", *names])
    if not re.search(rf"^Remv {re.escape(removes)} ", simulated, re.MULTILINE):
        raise CheckFailed(f"{' '.join(names)} could be installed beside {removes}", simulated)
