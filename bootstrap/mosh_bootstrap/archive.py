"""mosh.pyz: how it is put together, and what of the installation that runs belongs into one.

It is the script bootstrap/mosh, and behind it a zip archive with

    __main__.py             archive_main.py
    mosh_…/                 ours, as sources
    msgpack/, pyte/ …       VENDORED, their Python modules
    LICENSES/               ours and theirs

and perhaps byte code (packaging/zipapp/build.py). The same members give the same octets, whenever and wherever.
Knows nothing of where an archive goes.
"""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from mosh_bootstrap import program
from mosh_common.errors import EnvironmentFailure

PACKAGES: Final = ("mosh_bootstrap", "mosh_client", "mosh_common", "mosh_server")
VENDORED: Final = ("msgpack", "pexpect", "ptyprocess", "pyte")
LICENCE: Final = re.compile(r"[^/]+\.dist-info/(licenses/)?(LICEN[CS]E|COPYING|NOTICE|AUTHORS)[^/]*$")

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the first time that a zip archive can name
_FILE: Final = 0o100644 << 16  # how a zip archive says: a file, to be read by all
_UNIX: Final = 3
_FIRST_MEMBER: Final = b"PK\x03\x04"  # behind the script
_BYTE_CODE: Final = re.compile(r"py3[0-9]+/")
_PYTHON_LINE: Final = re.compile(r"^installed_python='[^'\n]*'$", re.MULTILINE)
_PLAIN_PATH: Final = re.compile(r"/[A-Za-z0-9._/+@-]+")
SCRIPT_FILE: Final = "mosh.script"  # what installations call bootstrap/mosh, beside this module


def pack(script: str, members: Mapping[str, bytes]) -> bytes:
    """Return an archive of `members`, contents by name, behind `script`, which is bootstrap/mosh."""
    file = io.BytesIO()
    file.write(script.replace("archive='@ARCHIVE@'", "archive='yes'").encode())
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = _UNIX  # wherever it is made
            info.external_attr = _FILE
            archive.writestr(info, members[name])
    return file.getvalue()


def with_python(script: str, python: str) -> str:
    """Return `script`, to try `python` before any other; as it is where that is no plain absolute path."""
    # SECURITY: a shell reads it: test_a_python_with_an_odd_name_is_not_written_into_the_script
    if not _PLAIN_PATH.fullmatch(python):
        return script
    return _PYTHON_LINE.sub(f"installed_python='{python}'", script, count=1)


def of_this_installation() -> tuple[str, dict[str, bytes]]:
    """Return the script and the members, without byte code, of an archive with what runs here.

    Raises EnvironmentFailure where a part of it is not installed.
    """
    own = program.own_archive()
    try:
        return _of_archive(own) if own else _of_files()
    except (OSError, zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise EnvironmentFailure(f"Cannot read this installation, to bring a copy of it there: {error}.") from None


def source_of(module: str) -> bytes:
    """Return the source of a module of this package: what runs may be byte code, which is for one Python only.

    Raises EnvironmentFailure where it is not installed.
    """
    own = program.own_archive()
    try:
        if not own:
            return Path(__file__).with_name(module).read_bytes()
        with zipfile.ZipFile(own) as archive:
            return archive.read(f"mosh_bootstrap/{module}")
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise EnvironmentFailure(f"Cannot read this installation, to bring a copy of it there: {error}.") from None


def _of_archive(path: str) -> tuple[str, dict[str, bytes]]:
    octets = Path(path).read_bytes()
    with zipfile.ZipFile(io.BytesIO(octets)) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if not _BYTE_CODE.match(name)}
    return octets[: octets.index(_FIRST_MEMBER)].decode(), members


def _of_files() -> tuple[str, dict[str, bytes]]:
    here = Path(__file__).parent
    script = next((path for path in (here / SCRIPT_FILE, here.parent / "mosh") if path.is_file()), None)
    if script is None:
        raise EnvironmentFailure(f"This installation lacks {SCRIPT_FILE}, so it cannot bring a copy of itself there.")
    members = {"__main__.py": (here / "archive_main.py").read_bytes()}
    for name in (*PACKAGES, *VENDORED):
        spec = find_spec(name)
        if spec is None or not spec.submodule_search_locations:
            raise EnvironmentFailure(f"This installation lacks the package {name}, which the server there needs.")
        folder = Path(spec.submodule_search_locations[0])
        members.update(
            {f"{name}/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in _modules(folder)}
        )
    members.update(_licences(here))
    return script.read_text(encoding="utf-8"), members


def _modules(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*.py") if path.is_file())


def _licences(here: Path) -> dict[str, bytes]:
    """Return those that are installed with the packages, by their names in the archive."""
    from importlib import metadata

    found: dict[str, bytes] = {}
    for distribution, name in (("mosh-py", "mosh-py"), *((each, each) for each in VENDORED)):
        try:
            files = metadata.files(distribution) or []
        except metadata.PackageNotFoundError:
            files = []
        texts = [Path(str(file.locate())) for file in files if LICENCE.search(file.as_posix())]
        # Where `make install`, a package of Debian's or a checkout has it.
        share = here.parents[2] / "share" / "doc"
        texts += [share / "mosh-py" / "LICENSE", here.parents[1] / "LICENSE"] if name == "mosh-py" else []
        texts += [Path(f"/usr/share/doc/{package}/copyright") for package in (name, f"python3-{name}")]
        for text in texts:
            if text.is_file() and os.access(text, os.R_OK):
                found.setdefault(f"LICENSES/{name}/{text.name}", text.read_bytes())
    return found
