"""Build mosh.pyz: all three programs in one file, for every platform and every Python from 3.11 on.

    python3 packaging/zipapp/build.py [--output FILE] [--wheels FOLDER] [--python PYTHON]…

bootstrap/mosh_bootstrap/archive.py says what it is made of, and puts it together. Here it gets

    msgpack/, pyte/ …       VENDORED, their Python modules, from the wheels that packaging/requirements.txt pins by hash
    py311/ …                byte code of all that, a folder for each PYTHON (default: the one that runs this)

Byte code is for one version of Python only, and two of them are all that LARGEST_WITH_BYTE_CODE allows; the others
compile the sources at each start, which takes half a second.
The same sources, wheels and PYTHONs give the same octets, whenever and wherever. Wheels that are in FOLDER (default:
build/wheels) are not fetched again; pip fetches the others from its index, always those of one platform, whatever this
one is: compiled modules are left out.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import venv
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / "bootstrap"), str(REPOSITORY / "common")]

from mosh_bootstrap.archive import LICENCE, VENDORED, pack  # noqa: E402  # it is found there

PARTS = ("bootstrap/mosh_bootstrap", "client/mosh_client", "common/mosh_common", "server/mosh_server")
WHEELS_OF = ("--platform", "manylinux2014_x86_64", "--python-version", "3.11", "--implementation", "cp")

LARGEST = 1_500_000  # octets of the file without byte code
LARGEST_WITH_BYTE_CODE = 3_000_000


def main() -> int:
    """Build it; return the exit code."""
    parser = argparse.ArgumentParser(description="Build mosh.pyz.")
    parser.add_argument("--output", type=Path, default=REPOSITORY / "build" / "mosh.pyz")
    parser.add_argument("--wheels", type=Path, default=REPOSITORY / "build" / "wheels")
    parser.add_argument("--python", action="append", metavar="PYTHON", help="also byte code for this one; repeatable")
    options = parser.parse_args()
    wheels = fetch_wheels(pinned(REPOSITORY / "packaging" / "requirements.txt"), options.wheels)
    sources, licences = collect(wheels)
    build(options.output, sources, licences, options.python or [sys.executable])
    print(f"{options.output}: {options.output.stat().st_size} octets")
    return 0


def pinned(requirements: Path) -> dict[str, str]:
    """Return the lines of `requirements` about what is VENDORED, by name, each with its version and hashes."""
    lines = re.sub(r"\\\n", " ", requirements.read_text()).splitlines()
    found = {line.partition("==")[0]: line for line in lines if line.partition("==")[0] in VENDORED}
    if set(found) != set(VENDORED):
        raise SystemExit(f"{requirements} does not pin {sorted(set(VENDORED) - set(found))}")
    return found


def fetch_wheels(pins: Mapping[str, str], folder: Path) -> dict[str, Path]:
    """Return the wheel of each of `pins`, from `folder`, where it is put by pip if it is not there."""
    found = {name: wheel for name, line in pins.items() if (wheel := _wheel(line, folder)) is not None}
    missing = [line for name, line in pins.items() if name not in found]
    if missing:
        with tempfile.TemporaryDirectory() as temporary:
            wanted = Path(temporary) / "requirements.txt"
            wanted.write_text("".join([f"{line}\n" for line in missing]))
            words = ["download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
            words += [*WHEELS_OF, "--require-hashes", "--requirement", str(wanted), "--dest", str(folder)]
            subprocess.run([*_pip(Path(temporary)), *words], check=True)
        found = {name: wheel for name, line in pins.items() if (wheel := _wheel(line, folder)) is not None}
    if set(found) != set(pins):
        raise SystemExit(f"the index has no wheel of {sorted(set(pins) - set(found))}")
    return found


def _wheel(line: str, folder: Path) -> Path | None:
    """Return the wheel in `folder` that a line of the requirements means; of several, the first by name."""
    name, version = line.split()[0].split("==")
    hashes = set(re.findall(r"--hash=sha256:([0-9a-f]{64})", line))
    for path in sorted(folder.glob(f"{name}-{version}-*.whl")):
        if hashlib.sha256(path.read_bytes()).hexdigest() in hashes:
            return path
    return None


def _pip(temporary: Path) -> list[str]:
    """Return the words that run pip: of this Python, or in an environment made for it."""
    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    venv.create(temporary / "venv", with_pip=True)
    return [str(temporary / "venv" / "bin" / "python"), "-m", "pip"]


def collect(wheels: Mapping[str, Path]) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return the modules of ours and of `wheels`, and the licences, by their names in the archive."""
    sources: dict[str, bytes] = {}
    for part in map(REPOSITORY.joinpath, PARTS):
        sources.update({path.relative_to(part.parent).as_posix(): path.read_bytes() for path in part.rglob("*.py")})
    licences = {"LICENSES/mosh-py/LICENSE": (REPOSITORY / "LICENSE").read_bytes()}
    for name, wheel in wheels.items():
        its_licences = 0
        for inside, content in _members(wheel):
            if inside.endswith(".py") and inside.startswith(f"{name}/"):
                sources[inside] = content
            elif LICENCE.fullmatch(inside):
                licences[f"LICENSES/{name}/{PurePosixPath(inside).name}"] = content
                its_licences += 1
        if not its_licences:
            raise SystemExit(f"{wheel.name} has no licence in it")
    return sources, licences


def _members(wheel: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            yield name, archive.read(name)


def build(output: Path, sources: Mapping[str, bytes], licences: Mapping[str, bytes], pythons: Sequence[str]) -> None:
    """Write the archive, with byte code for each of `pythons`."""
    script = (REPOSITORY / "bootstrap" / "mosh").read_text(encoding="utf-8")
    main = (REPOSITORY / "bootstrap" / "mosh_bootstrap" / "archive_main.py").read_bytes()
    members = {"__main__.py": main, **sources, **licences}
    for python in pythons:
        members.update(byte_code(python, sources))
    output.parent.mkdir(parents=True, exist_ok=True)
    unfinished = output.with_name(output.name + ".new")
    unfinished.write_bytes(pack(script, members))
    largest = LARGEST_WITH_BYTE_CODE if pythons else LARGEST
    if unfinished.stat().st_size > largest:
        raise SystemExit(f"{unfinished} has {unfinished.stat().st_size} octets, more than {largest}")
    unfinished.chmod(0o755)
    unfinished.replace(output)


def byte_code(python: str, sources: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return what that Python makes of `sources`, by the names in the archive."""
    with tempfile.TemporaryDirectory() as temporary:
        before, after = Path(temporary) / "before", Path(temporary) / "after"
        for name, content in sources.items():
            path = before / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        program = Path(__file__).with_name("byte_code.py")
        environment = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONHASHSEED": "0"}
        subprocess.run([python, "-sSP", str(program), str(before), str(after)], env=environment, check=True)
        version = "import sys; print('py%d%d' % sys.version_info[:2])"
        folder = subprocess.run([python, "-I", "-c", version], capture_output=True, text=True, check=True).stdout
        return {
            f"{folder.strip()}/{path.relative_to(after).as_posix()}": path.read_bytes() for path in after.rglob("*.pyc")
        }


if __name__ == "__main__":
    sys.exit(main())
