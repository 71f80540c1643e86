"""What the user's PYTHON… variables say is for other programs, or another Python: the session gets them, we do not.

The scripts that start us tell Python so (-E). Who runs a package by hand (`python -m`) does not; then it is done here.
Must be imported before anything that such a variable could replace, and imports next to nothing itself.
"""

from __future__ import annotations

import os
import sys

from mosh_common.native_environment import native_environment

TYPE_CHECKING = False  # as typing has it, which imports half of the library
if TYPE_CHECKING:
    from collections.abc import Mapping

_PACKAGES = ("mosh_bootstrap", "mosh_client", "mosh_common", "mosh_server")
_RUN = (
    "import sys; sys.path += [folder for folder in sys.argv[1].split('\\n') if folder not in sys.path]; package ="
    " sys.argv[2]; del sys.argv[:3]; from importlib import import_module; sys.exit(import_module(package).main())"
)


def isolate(module: str) -> None:
    """Start again, as a Python that reads none of these variables, if there are any; `module` has the `main`.

    Comes back only where there are none. Raises OSError when that cannot be started.
    """
    if sys.flags.ignore_environment or not concerns_us(os.environ):
        return
    # Whether byte code is written changes nothing for us, but for who packs our files.
    flags = {"-s": sys.flags.no_user_site, "-S": sys.flags.no_site, "-B": sys.flags.dont_write_bytecode}
    given = [option for option, is_given in flags.items() if is_given]
    folders = [folder for folder in sys.path if _has_package(folder)]
    words = [sys.executable, "-E", "-P", *given, "-c", _RUN, "\n".join(folders), module, *sys.argv]
    os.execve(sys.executable, words, native_environment(os.environ))


def concerns_us(environ: Mapping[str, str]) -> bool:
    """Whether a variable is set that changes how Python runs us; one that only names our own packages does not."""
    for name, value in environ.items():
        if not name.startswith("PYTHON") or name.startswith("PYTHON_") or not value:
            continue
        if name != "PYTHONPATH" or not all(map(_has_package, value.split(os.pathsep))):
            return True
    return False


def _has_package(folder: str) -> bool:
    return any(os.path.isfile(os.path.join(folder, package, "__init__.py")) for package in _PACKAGES)
