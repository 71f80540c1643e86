"""Which words run our own programs: as commands beside us, as commands in PATH, or as modules of this Python.

The programs of one installation belong together: what lies beside us is preferred to what PATH finds.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import Final

# Runs PACKAGE.cli.main with the packages' folders at the head of the path. Not `python -m`: that needs the packages on
# the path already, and puts the current directory, which may be anybody's, there too.
_RUN_CLI: Final = (
    "import sys; sys.path[:0] = sys.argv.pop(1).split({separator!r}); sys.argv[0] = {name!r}; "
    "from {package}.cli import main; sys.exit(main())"
)


def own_program(name: str, package: str, *, own_path: str) -> list[str] | None:
    """Return the words that run `name` of this installation; None when it is not part of it.

    `own_path`: argv[0] of this process, beside which the commands lie. `package` has `cli.main`.
    """
    beside = os.path.join(os.path.dirname(os.path.realpath(own_path)), name)
    if os.path.isfile(beside) and os.access(beside, os.X_OK):
        return [beside]
    if find_spec(package) is None or find_spec(package + ".cli") is None:
        return None
    return _python(name, package, "-P")


def proxy_program() -> list[str]:
    """Return the words that run ourselves as ssh's ProxyCommand, to which its options are to be added.

    Isolated and without site-packages: it needs neither, and starts in a third of the time.
    """
    return _python("mosh", "mosh_bootstrap", "-I", "-S")


def _python(name: str, package: str, *flags: str) -> list[str]:
    folders = os.pathsep.join(dict.fromkeys(_folder(part) for part in (package, "mosh_common")))
    code = _RUN_CLI.format(separator=os.pathsep, name=name, package=package)
    return [sys.executable, *flags, "-c", code, folders]


def _folder(package: str) -> str:
    """Return the directory (or zip archive) that holds `package`."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(package)
    return os.path.dirname(os.path.abspath(spec.submodule_search_locations[0]))
