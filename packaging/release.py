"""`make dists` and `make release`: from this source to files in dist/ that can be signed and handed out.

    python release.py dists      the source distributions and wheels, of the whole and of the server alone
    python release.py release    the changelog stamped, all that can be built here, checked; bill of materials, sums

Uses what pyproject.toml's extra `release` names. Only the archive's build asks an index, for what it holds of others.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from source import ROOT, date, epoch, version

DIST: Final = ROOT / "dist"
STAGE: Final = ROOT / "build" / "mosh-py-server"
# What the server's distribution holds of this source; packaging/server lies on top.
SERVER_PARTS: Final = (
    "LICENSE",
    "setup.py",
    "common",
    "server",
    "man/mosh-server.1",
    *(f"packaging/{name}" for name in ("program.sh", "source.py")),
)
# What no part of the server or of what it shares with the client imports.
ONLY_CLIENT: Final = ("msgpack", "pexpect")
_NOT_SOURCE = shutil.ignore_patterns("__pycache__", "*.pyc")


def run(words: Sequence[str | Path], directory: Path = ROOT) -> None:
    """Run a program to its end. Raises SystemExit where that is no good one."""
    done = subprocess.run([str(word) for word in words], cwd=directory, check=False)
    if done.returncode:
        raise SystemExit(f"Failed ({done.returncode}): {' '.join(map(str, words))}")


def dependencies() -> list[str]:
    """Return what the whole asks for at run time."""
    asked: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    return asked


# --- distributions


def stage_server(stage: Path) -> None:
    """Lay out the source of the server's own distribution in `stage`, which may be there from an earlier time."""
    shutil.rmtree(stage, ignore_errors=True)
    for name in SERVER_PARTS:
        target = stage / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=_NOT_SOURCE)
        else:
            shutil.copy2(ROOT / name, target)
    for path in sorted((ROOT / "packaging" / "server").iterdir()):
        shutil.copy2(path, stage / path.name)
    asked = [text for text in dependencies() if _name_of(text) not in ONLY_CLIENT]
    description = stage / "pyproject.toml"
    description.write_text(
        description.read_text(encoding="utf-8").replace("dependencies = []", f"dependencies = {json.dumps(asked)}")
    )
    seconds = epoch()
    os.utime(description, (seconds, seconds))  # by which it tells its time, having no changelog


def make_dists() -> list[Path]:
    """Make and check the source distributions and wheels; return them."""
    shutil.rmtree(DIST, ignore_errors=True)
    stage_server(STAGE)
    for source in (ROOT, STAGE):
        # First the source distribution, then from it the wheel: what it lacks, the wheel cannot have.
        run([sys.executable, "-m", "build", "--quiet", "--no-isolation", "--outdir", DIST, source])
    made = sorted(DIST.iterdir())
    run([sys.executable, "-m", "twine", "check", "--strict", *made])
    for source, name in ((ROOT, "mosh_py-"), (STAGE, "mosh_py_server-")):
        wheels = [path for path in made if path.suffix == ".whl" and path.name.startswith(name)]
        run([Path(sys.executable).parent / "check-wheel-contents", *wheels], source)
    return made


# --- the release


def disagreements() -> list[str]:
    """Say where another version stands than in version.py, in files whose formats leave no other way."""
    here = re.escape(version())
    places = {
        "packaging/debian/changelog": rf"\Amosh-py \({here}[-+~)]",
        "packaging/rpm/mosh-py.spec": rf"(?m)^Version: *{here}$",
    }
    return [place for place, pattern in places.items() if not re.search(pattern, (ROOT / place).read_text())]


def stamp(changelog: str, number: str, day: str) -> str:
    """Return the changelog with what is unreleased as the release `number` of `day`; unchanged if it has that."""
    if re.search(rf"^## \[{re.escape(number)}\]", changelog, re.MULTILINE):
        return changelog
    stamped, count = re.subn(r"^## \[Unreleased\]$", f"## [{number}] - {day}", changelog, flags=re.MULTILINE)
    if count != 1:
        raise SystemExit(f"CHANGELOG.md has no heading [Unreleased] to become [{number}]")
    return stamped


def bill_of_materials(pins: str, direct: Sequence[str], needs: Mapping[str, Sequence[str]], *, seconds: int) -> str:
    """Return what an installation by packaging/requirements.txt consists of, as CycloneDX 1.6.

    `pins`: that file's text; `direct`: what we ask for ourselves; `needs`: what each pinned one asks for, by name;
    `seconds`: the source's time, since 1970.
    """
    number = version()
    own = f"pkg:pypi/mosh-py@{number}"
    pinned = dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", pins, re.MULTILINE))
    names = {name: f"pkg:pypi/{name}@{pinned[name]}" for name in sorted(pinned)}
    content = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, own + pins)}",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)),
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": "mosh-py",
                "version": number,
                "purl": own,
                "licenses": [{"license": {"id": "GPL-3.0-or-later"}}],
            },
        },
        "components": [
            {"type": "library", "bom-ref": names[name], "name": name, "version": pinned[name], "purl": names[name]}
            for name in names
        ],
        "dependencies": [
            {"ref": own, "dependsOn": [names[name] for name in sorted(direct)]},
            *({"ref": names[name], "dependsOn": [names[each] for each in sorted(needs[name])]} for name in names),
        ],
    }
    return json.dumps(content, indent=2) + "\n"


def needs_of(pinned: Sequence[str]) -> dict[str, list[str]]:
    """Return which of the pinned packages each of them asks for, as it is installed here."""
    found = {}
    for name in pinned:
        texts = importlib.metadata.requires(name) or []
        asked = {_name_of(text) for text in texts if "extra ==" not in text}
        found[name] = sorted(asked & set(pinned))
    return found


def _name_of(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""


def make_others() -> None:
    """Make the archive, and the packages for Debian where their tools are; say what is left out."""
    run(["make", "zipapp"])
    shutil.copy2(ROOT / "build" / "mosh.pyz", DIST / "mosh.pyz")
    said = subprocess.run(
        [sys.executable, DIST / "mosh.pyz", "--version"], capture_output=True, text=True, check=True
    ).stdout
    if f"mosh-py {version()}" not in said:
        raise SystemExit(f"mosh.pyz has another version: {said}")
    control = ROOT / "packaging" / "debian" / "control"
    if (
        shutil.which("dpkg-buildpackage") is None
        or subprocess.run(["dpkg-checkbuilddeps", control], check=False).returncode
    ):
        print("Left out: the packages for Debian, whose tools are not all here.")
        return
    run(["make", "deb"])
    for path in sorted((ROOT / "build" / "deb").glob("*.deb")):
        shutil.copy2(path, DIST / path.name)


def checksums(folder: Path) -> str:
    """Return the lines of SHA256SUMS for the files in `folder`, as sha256sum(1) checks them."""
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(folder.iterdir())
        if path.name != "SHA256SUMS"
    )


def release() -> None:
    """Make everything, check it, and say what is left to be done."""
    other = disagreements()
    if other:
        raise SystemExit(f"The version is {version()}; another stands in: {', '.join(other)}")
    changelog = ROOT / "CHANGELOG.md"
    today = time.strftime("%Y-%m-%d", time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())))
    changelog.write_text(stamp(changelog.read_text(encoding="utf-8"), version(), today), encoding="utf-8")
    make_dists()
    make_others()
    pins = (ROOT / "packaging" / "requirements.txt").read_text()
    pinned = re.findall(r"^([A-Za-z0-9._-]+)==", pins, re.MULTILINE)
    direct = [_name_of(text) for text in dependencies()]
    bill = DIST / f"mosh-py-{version()}.cdx.json"
    bill.write_text(bill_of_materials(pins, direct, needs_of(pinned), seconds=epoch()))
    (DIST / "SHA256SUMS").write_text(checksums(DIST))
    print(f"""
dist/ holds version {version()} of {date()}:

{checksums(DIST)}
Look at the changelog, commit it, and run `make release` again: it must give the same sums. Then

    git tag --sign v{version()}
    gpg --armor --detach-sign dist/SHA256SUMS""")


if __name__ == "__main__":
    if sys.argv[1:] == ["dists"]:
        make_dists()
    elif sys.argv[1:] == ["release"]:
        release()
    else:
        sys.exit(__doc__)
