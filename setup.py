"""What pyproject.toml cannot say: pages get their date, the programs are scripts of a shell, and the same source gives
the same files, whoever builds it.

Everything else stands in pyproject.toml.
"""

from __future__ import annotations

import gzip
import os
import runpy
import shutil
import tarfile
from pathlib import Path
from typing import Any

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

# setuptools' own, once that is imported
from distutils.command.build_scripts import build_scripts  # isort: skip
from distutils.command.install_data import install_data  # isort: skip

SOURCE = runpy.run_path(str(Path(__file__).resolve().parent / "packaging" / "source.py"))
# The shells look for completions by these names.
NAMES = {"mosh.bash": "mosh"}
# The programs, and what each is made of. All are made of one script: docs/adr/0082-scripts-in-wheels.md
SCRIPT = "packaging/program.sh"
# What an archive begins with, and its name beside the module that makes one: bootstrap/mosh_bootstrap/archive.py
ARCHIVE_SCRIPT = ("bootstrap/mosh", "mosh_bootstrap", "mosh.script")
PROGRAMS = {"mosh": "mosh_bootstrap", "mosh-client": "mosh_client", "mosh-server": "mosh_server"}


def program_script(package: str) -> str:
    """Return the script that starts the program which that package is."""
    return Path(SCRIPT).read_text(encoding="utf-8").replace("@PACKAGE@", package)


class InstallData(install_data):
    """Data files under the names and with the text that they have when installed."""

    def copy_file(  # type: ignore[override]  # which is given names, and no octets
        self, infile: str, outfile: str, *_how: Any, **_named: Any
    ) -> tuple[str, int]:
        """Write the file into the folder `outfile`; return where it is."""
        source = Path(infile)
        target = Path(outfile) / NAMES.get(source.name, source.name)
        target.write_text(SOURCE["filled"](source.read_text(encoding="utf-8")), encoding="utf-8")
        return str(target), 1


class BuildPy(build_py):
    """Modules without what an older build has left, each readable by all and executable by none."""

    def run(self) -> None:
        """Build into an empty folder."""
        if not self.editable_mode:
            shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()
        source, package, name = ARCHIVE_SCRIPT
        if not self.editable_mode and package in (self.packages or ()):
            self.copy_file(source, str(Path(self.build_lib) / package / name))

    def copy_file(self, infile: Any, outfile: Any, *how: Any, **named: Any) -> Any:
        """Copy, and give it the mode of an installed module, whatever the umask made of the checkout."""
        done = super().copy_file(infile, outfile, *how, **named)
        os.chmod(done[0], 0o644)
        return done


class BuildScripts(build_scripts):
    """The script under the name of each program that this distribution has."""

    def copy_scripts(self) -> tuple[list[str], list[str]]:
        """Write them into the folder for built scripts; return where they are, all of them and the new ones."""
        folder = Path(self.build_dir)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, package in PROGRAMS.items():
            if package in (self.distribution.packages or ()):
                (folder / name).write_text(program_script(package), encoding="utf-8")
                os.chmod(folder / name, 0o755)
        made = [str(path) for path in sorted(folder.iterdir())]
        return made, made


class BdistWheel(bdist_wheel):
    """A wheel whose metadata can be read by all, as the modules."""

    def egg2dist(self, egginfo_path: str, distinfo_path: str) -> None:
        """Write the metadata."""
        super().egg2dist(egginfo_path, distinfo_path)
        for path in Path(distinfo_path).rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)


class Sdist(sdist):
    """A tar archive that does not tell who packed it when."""

    def make_archive(
        self, base_name: Any, format: str, root_dir: Any = None, base_dir: Any = None, *_whose: Any, **_named: Any
    ) -> str:
        """Pack `base_dir`; return the archive's path."""
        if format != "gztar":
            raise SystemExit(f"Only .tar.gz is made here, not {format}")
        name, seconds = f"{base_name}.tar.gz", SOURCE["epoch"]()

        def anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
            member.mtime = seconds
            member.uid = member.gid = 0
            member.uname = member.gname = "root"
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            if member.islnk():  # sdist links what it packs
                raise SystemExit(f"{member.name} is in the archive twice")
            return member

        Path(name).parent.mkdir(parents=True, exist_ok=True)
        with (
            open(name, "wb") as raw,
            gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=seconds) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            archive.add(Path(root_dir or ".") / base_dir, arcname=base_dir, filter=anonymous)  # sorts what it finds
        return name


if __name__ == "__main__":
    os.umask(0o022)
    os.environ["SOURCE_DATE_EPOCH"] = str(SOURCE["epoch"]())  # bdist_wheel reads it
    setup(
        scripts=[SCRIPT],
        cmdclass={
            "bdist_wheel": BdistWheel,
            "build_py": BuildPy,
            "build_scripts": BuildScripts,
            "install_data": InstallData,
            "sdist": Sdist,
        },
    )
