"""The ways to install, each on roots of its own: used for a session with a change of address, removed, nothing left."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Final

from tests.matrix.leftovers import left_behind, listing
from tests.matrix.root import APT_GET, HOME, USER_ID, CheckFailed, Root
from tests.matrix.sessions import PROGRAMS, hold_session, run_beside
from tests.support.network_namespaces import SERVER_ADDRESS

OWN_PROGRAMS: Final = HOME / ".local" / "bin"
# What pip and pipx keep of all that they ever do; what is built within the source goes with that.
_BOOKKEEPING: Final = re.compile(
    rf"{HOME}/(\.cache|\.local(/(bin|share|state))?|\.local(/share)?/pipx)(/(?!.*mosh).*)?|{HOME}/mosh-py/.*"
)
_DEB_NAME: Final = re.compile(r"(mosh-py[a-z-]*)_[^_]*_all\.deb")


def pip(root: Root, source: Path) -> list[str]:
    """`pip install` into a virtual environment."""
    root.install("python3", "python3-venv", *PROGRAMS)
    environment = HOME / "mosh-environment"
    before = listing(root.path)
    root.run_as_user(["python3", "-m", "venv", str(environment)])
    root.run_as_user([f"{environment}/bin/pip", "install", "--quiet", "--no-cache-dir", str(source)])
    programs = environment / "bin"
    seen = hold_session(root, root, source=source, path=[str(programs)], options=[f"--server={programs}/mosh-server"])
    root.run_as_user([f"{programs}/pip", "uninstall", "--quiet", "--yes", "mosh-py"])
    left = [str(path) for path in root.inside(environment).rglob("*mosh*")]
    shutil.rmtree(root.inside(environment))
    return _without_trace(root, before, seen, also=left)


def pipx(root: Root, source: Path) -> list[str]:
    """`pipx install`, as README has it."""
    root.install("python3", "pipx", *PROGRAMS)
    before = listing(root.path)
    root.run_as_user(["pipx", "install", str(source)])
    option = f"--server={OWN_PROGRAMS}/mosh-server"
    seen = hold_session(root, root, source=source, path=[str(OWN_PROGRAMS)], options=[option])
    root.run_as_user(["pipx", "uninstall", "mosh-py"])
    return _without_trace(root, before, seen)


def make_install(root: Root, source: Path) -> list[str]:
    """`make install`, on the distribution's own packages."""
    root.install("python3", "make", *run_time_packages(), *PROGRAMS)
    before = listing(root.path)
    root.run(["make", "-C", str(source), "install"])
    seen = hold_session(root, root, source=source)
    root.run(["make", "-C", str(source), "uninstall"])
    return _without_trace(root, before, seen)


def is_bookkeeping(place: str) -> bool:
    """Whether a path of a root is what pip or pipx keeps whatever it installs, or a part of the source."""
    return _BOOKKEEPING.fullmatch(place) is not None


def put_archive(root: Root, archive: bytes) -> None:
    """Install the archive by hand: one file and three names for it."""
    folder = root.inside(OWN_PROGRAMS)
    root.run_as_user(["mkdir", "-p", str(OWN_PROGRAMS)])
    (folder / "mosh.pyz").write_bytes(archive)
    (folder / "mosh.pyz").chmod(0o755)
    for name in ("mosh", "mosh-client", "mosh-server"):
        (folder / name).symlink_to("mosh.pyz")


def zipapp(root: Root, source: Path, archive: bytes) -> list[str]:
    """The archive on a root with Python and nothing else of it."""
    root.install("python3", *PROGRAMS)
    before = listing(root.path)
    put_archive(root, archive)
    option = f"--server={OWN_PROGRAMS}/mosh-server"
    seen = hold_session(root, root, source=source, path=[str(OWN_PROGRAMS)], options=[option])
    shutil.rmtree(root.inside(HOME / ".local"))
    return _without_trace(root, before, seen)


def brought(client: Root, server: Root, source: Path, archive: bytes) -> list[str]:
    """`--install-server` from the archive onto a root with Python and nothing else of it; `--uninstall-server`."""
    client.install("python3", *PROGRAMS)
    put_archive(client, archive)
    server.install("python3", "openssh-server", "ncurses-term")  # the last for the session's `tput`
    roots = (client, server)
    at_first = [listing(root.path) for root in roots]

    def mosh(option: str, wanted: str) -> None:
        ssh = "--ssh=ssh -o StrictHostKeyChecking=accept-new"  # there is no terminal to be asked on
        said = run_beside(client, server, [f"{OWN_PROGRAMS}/mosh", ssh, option, "--yes", SERVER_ADDRESS])
        if wanted not in said:
            raise CheckFailed(f"{option} does not say {wanted!r}", said)

    mosh("--install-server", f" is on {SERVER_ADDRESS} now.")
    with_server = listing(server.path)
    seen = ["brought"]
    for number in ("first", "second"):
        session = hold_session(client, server, source=source, path=[str(OWN_PROGRAMS)])  # without --server
        seen.append(f"the {number} session: {len(session)} things seen")
        mosh("--install-server", f"{SERVER_ADDRESS} has just this mosh-server ")
        changed = left_behind(with_server, listing(server.path))
        if changed:
            raise CheckFailed("a session, or bringing the same once more, has changed something", "\n".join(changed))
    mosh("--uninstall-server", f"mosh-server is gone from {SERVER_ADDRESS}.")
    left = [
        line for root, before in zip(roots, at_first, strict=True) for line in left_behind(before, listing(root.path))
    ]
    if left:
        raise CheckFailed("something was left behind", "\n".join(left))
    return [*seen, "brought again: nothing changed", "taken away: nothing left"]


def put_debs(root: Root, debs: dict[str, bytes], *names: str) -> None:
    """Install some of our packages, with what they need of the distribution."""
    folder = root.inside("opt/packages")
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / f"{name}.deb").write_bytes(debs[name])
    root.install(*[f"/opt/packages/{name}.deb" for name in names])


def run_time_packages() -> list[str]:
    """Return the packages that ours depend on, as the distribution names them."""
    control = Path(__file__).parents[2] / "packaging" / "debian" / "control"
    return sorted(set(re.findall(r"\b(python3-\w+) \(>=", control.read_text())))


def build_archive(root: Root, source: Path) -> bytes:
    """`make zipapp`, by the ordinary user."""
    root.install("python3", "python3-venv", "make")
    root.run_as_user(["make", "zipapp"], directory=source)
    return root.inside(source / "build" / "mosh.pyz").read_bytes()


def build_debs(root: Root, source: Path) -> dict[str, bytes]:
    """`make deb`, by the ordinary user and without git; return the packages by name."""
    root.run([*APT_GET, "build-dep", f"{source}/packaging"])
    root.run_as_user(["make", "deb"], directory=source)
    found = {}
    for path in root.inside(source / "build" / "deb").glob("*.deb"):
        match = _DEB_NAME.fullmatch(path.name)
        if match is None:
            raise CheckFailed(f"make deb built {path.name}")
        found[match[1]] = path.read_bytes()
    return found


def give_to_user(root: Root, folder: Path) -> None:
    """Make `folder` of `root`, and all in it, the ordinary user's."""
    target = root.inside(folder)
    for path in (target, *target.rglob("*")):
        os.chown(path, USER_ID, USER_ID, follow_symlinks=False)


def _without_trace(root: Root, before: dict[str, str], seen: list[str], *, also: list[str] | None = None) -> list[str]:
    """Return `seen` and the news that nothing is left; raises CheckFailed where something is."""
    left = [line for line in left_behind(before, listing(root.path)) if not is_bookkeeping(line.partition(": ")[2])]
    if left or also:
        raise CheckFailed("something was left behind", "\n".join([*left, *(also or [])]))
    return [*seen, "removed: nothing left"]
