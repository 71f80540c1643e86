"""Which words run our own programs: as commands beside us, or by our own Python.

The programs of one installation belong together: what is installed with us is preferred to what PATH finds.
"""

from __future__ import annotations

import os
import shutil
import sys
from importlib.util import find_spec

import mosh_bootstrap


def own_program(name: str, package: str, *, own_path: str) -> list[str] | None:
    """Return the words that run `name` of this installation; None when it is not part of it.

    `own_path`: argv[0] of this process, beside which the commands lie; not where it is a bare name, which says nothing
    of a place. Whatever lies beside an archive, it has them all itself. `package` is what `name` is made of.
    """
    # SECURITY: a bare name would mean the current directory, which may be anybody's.
    # test_nothing_of_the_current_directory_is_run
    if os.path.dirname(own_path) and not own_archive():
        beside = os.path.join(os.path.dirname(os.path.realpath(own_path)), name)
        if os.path.isfile(beside) and os.access(beside, os.X_OK):
            return [beside]
    if find_spec(package) is None or find_spec(package + ".cli") is None:
        return None
    # As we were told ourselves (-I, which says all of it, has more than these); the user's variables are never for us.
    given = {"-s": sys.flags.no_user_site, "-S": sys.flags.no_site}
    return [sys.executable, "-E", *[option for option, is_given in given.items() if is_given], "-P", _launcher(), name]


def path_program(name: str) -> str | None:
    """Return where PATH finds `name`, of whose folders only those count that are absolute; None when it does not."""
    folders = [folder for folder in os.get_exec_path() if os.path.isabs(folder)]
    return shutil.which(name, path=os.pathsep.join(folders)) if folders else None


def proxy_program() -> list[str]:
    """Return the words that run ourselves as ssh's ProxyCommand, to which its options are to be added.

    Isolated and without site-packages: it needs neither, and starts in half the time.
    """
    return [sys.executable, "-I", "-S", _launcher(), "mosh"]


def _launcher() -> str:
    """Return the file that runs any of our programs: launch.py, or the archive that we are in."""
    return own_archive() or os.path.join(os.path.abspath(mosh_bootstrap.__path__[0]), "launch.py")


def own_archive() -> str:
    """Return the archive that we are in; "" for none."""
    archive: str = getattr(mosh_bootstrap.__loader__, "archive", "")  # zipimport.zipimporter has it
    return archive and os.path.abspath(archive)
