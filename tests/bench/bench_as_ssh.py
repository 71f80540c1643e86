"""What `mosh --as-ssh` adds to the start of ssh where it is no login: for git, rsync and scp, which have no terminal.

In one run and in turns, in units of a Python that does nothing (`python3 -I -S -c pass`), whose start is the least that
a program in Python costs: docs/adr/0092-what-a-login-is.md has the bound, 2.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.support.programs import REPOSITORY, SOURCE_FOLDERS

_ROUNDS: Final = 40
_BOUND: Final = 2.0
_QUIET: Final = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]


def main() -> None:
    """Print what each way of starting adds to ssh's own, in starts of Python."""
    ssh = shutil.which("ssh")
    if ssh is None:
        print("skipped: ssh is not installed")
        return
    with tempfile.TemporaryDirectory() as folder:
        pip = Path(folder) / "mosh"
        pip.write_text((REPOSITORY / "packaging" / "program.sh").read_text().replace("@PACKAGE@", "mosh_bootstrap"))
        pip.chmod(0o755)
        ways = {
            "python": [sys.executable, "-I", "-S", "-c", "pass"],
            "ssh": [ssh, "-V"],
            "make install, deb, mosh.pyz": [str(REPOSITORY / "bootstrap" / "mosh"), "--as-ssh", "-V"],
            "pip": [str(pip), "--as-ssh", "-V"],
            "python -m (no script before it)": [sys.executable, "-m", "mosh_bootstrap", "--as-ssh", "-V"],
        }
        found = _medians_ms(ways)
    python, own = found.pop("python"), found.pop("ssh")
    print(f"python3 -I -S -c pass: {python:.1f} ms; ssh -V: {own:.1f} ms")
    for name, taken in found.items():
        more = (taken - own) / python
        judged = "" if name.startswith("python") else f" (at most {_BOUND:.0f}: {'yes' if more <= _BOUND else 'NO'})"
        print(f"{name}: ssh + {more:.2f} x python{judged}")


def _medians_ms(ways: dict[str, list[str]]) -> dict[str, float]:
    """Run each way in turns; return the median of each."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(SOURCE_FOLDERS)}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(_ROUNDS):
        for name, words in ways.items():
            begun = time.perf_counter()
            pid = os.posix_spawn(words[0], words, environ, file_actions=_QUIET)
            _, status = os.waitpid(pid, 0)
            taken[name].append((time.perf_counter() - begun) * 1000)
            if status:
                raise SystemExit(f"{name} failed: {words}")
    return {name: statistics.median(each) for name, each in taken.items()}


if __name__ == "__main__":
    main()
