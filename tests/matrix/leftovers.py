"""What a package leaves behind: the files of a root before it came and after it went."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Final

# What is there, with the content of what the system's configuration is: a file of ours, or a line of ours in one.
Listing = dict[str, str]

# What apt, dpkg, the dynamic linker, sshd and useradd (in backups) keep of everything that they do.
_BOOKKEEPING: Final = re.compile(
    r"/(var/(lib/(apt|dpkg)|cache/(apt|debconf|ldconfig)|log)(/.*)?|etc/(ld\.so\.cache|g?shadow-|passwd-|group-|sub[ug]id-)"
    r"|run/(sshd(\.pid)?|utmp|motd.*))"
)


def listing(root: Path) -> Listing:
    """Return everything in `root` but bookkeeping. Links are not followed."""
    found: Listing = {}
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            place = "/" + str(path.relative_to(root))
            if _BOOKKEEPING.fullmatch(place):
                continue
            configuration = place.startswith("/etc/") and path.is_file() and not path.is_symlink()
            found[place] = hashlib.sha256(path.read_bytes()).hexdigest() if configuration else ""
    return found


def left_behind(before: Listing, after: Listing) -> list[str]:
    """Say in which files and directories `after` differs from `before`."""
    new = [f"new: {place}" for place in after.keys() - before.keys()]
    gone = [f"gone: {place}" for place in before.keys() - after.keys()]
    changed = [f"changed: {place}" for place in before.keys() & after.keys() if before[place] != after[place]]
    return sorted(new + gone + changed)
