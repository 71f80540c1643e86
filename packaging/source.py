"""What this source is: its version, and the date that goes into what is built from it.

Imports nothing but the standard library, and nothing of ours: it serves before anything is installed.
"""

from __future__ import annotations

import calendar
import os
import re
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent

_HEADING = re.compile(r"^## \[([^]]+)\](?: - (\d{4}-\d\d-\d\d))?$", re.MULTILINE)


def version(root: Path = ROOT) -> str:
    """Return the version, from the one place where it stands. Raises SystemExit where it does not."""
    text = (root / "common/mosh_common/version.py").read_text(encoding="utf-8")
    found = re.search(r'^VERSION: Final = "([^"]+)"$', text, re.MULTILINE)
    if found is None:
        raise SystemExit('common/mosh_common/version.py has no line VERSION: Final = "…"')
    return found[1]


def epoch(root: Path = ROOT, environ: Mapping[str, str] = os.environ) -> int:
    """Return this source's time in seconds since 1970, the same wherever and whenever it is built.

    What the environment says (SOURCE_DATE_EPOCH); else the day of the release, once the changelog has it; else the last
    commit; else the time of pyproject.toml, which every archive of the source keeps.
    """
    given = environ.get("SOURCE_DATE_EPOCH", "")
    if given:
        return int(given)
    return _release_day(root) or _last_commit(root) or int((root / "pyproject.toml").stat().st_mtime)


def date(root: Path = ROOT) -> str:
    """Return the day of `epoch`, as YYYY-MM-DD in UTC."""
    return time.strftime("%Y-%m-%d", time.gmtime(epoch(root)))


def filled(text: str, root: Path = ROOT) -> str:
    """Return a manual page with its date and version."""
    return text.replace("@DATE@", date(root)).replace("@VERSION@", version(root))


def _release_day(root: Path) -> int:
    changelog = root / "CHANGELOG.md"
    newest = _HEADING.search(changelog.read_text(encoding="utf-8")) if changelog.is_file() else None
    if newest is None or newest[1] != version(root) or not newest[2]:
        return 0
    return calendar.timegm(time.strptime(newest[2], "%Y-%m-%d"))


def _last_commit(root: Path) -> int:
    if not (root / ".git").exists():  # not the repository of somebody whose folder this archive was unpacked in
        return 0
    try:
        done = subprocess.run(
            ["git", "log", "-1", "--format=%ct"], cwd=root, capture_output=True, text=True, timeout=60, check=False
        )
    except OSError:
        return 0
    return int(done.stdout) if done.returncode == 0 and done.stdout.strip().isdigit() else 0
