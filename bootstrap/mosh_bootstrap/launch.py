"""The file that a Python is given to run one of our three programs: `python3 launch.py PROGRAM ARGUMENTS…`.

PROGRAM is the path that the user called it by; its last part says which of the three it is, the rest where the others
lie. Finds the packages from its own place: installed together, in a checkout, or in a zip archive, which is run as
`mosh.pyz [PROGRAM] ARGUMENTS…`, or by a link of a program's name. Knows nothing of what the programs do.

Written so that any Python 3 can read it: an old one must be able to say that it is too old.
"""

import os
import sys

PACKAGES = {"mosh-client": "mosh_client", "mosh-server": "mosh_server"}
NEWER_PYTHONS = ("python3.14", "python3.13", "python3.12", "python3.11")


def main() -> int:
    """Become PROGRAM; return its exit code."""
    if sys.version_info < (3, 11):  # noqa: UP036  # this is where that is found out
        return _run_with_newer_python()
    in_archive = not os.path.isfile(__file__)
    if not in_archive:  # its __main__ says where the packages are
        # Python may have put our own directory there, whose modules are nobody's top-level modules.
        here = os.path.dirname(os.path.abspath(__file__))
        sys.path[:] = _folders(here) + [folder for folder in sys.path if folder != here]
    if not sys.flags.ignore_environment and any(name.startswith("PYTHON") for name in os.environ):
        # `python3 mosh.pyz`: no script has said -E.
        from mosh_common.isolation import concerns_us

        if concerns_us(os.environ):
            from mosh_common.native_environment import native_environment

            words = [sys.executable, "-E", *sys.orig_argv[1:]]
            os.execve(sys.executable, words, native_environment(os.environ))
    if not in_archive or os.path.basename("".join(sys.argv[1:2])) in ("mosh", *PACKAGES):
        del sys.argv[0]
    if not sys.argv:
        sys.argv = ["mosh"]
    package = PACKAGES.get(os.path.basename(sys.argv[0]), "mosh_bootstrap")
    if package == "mosh_bootstrap":
        from mosh_bootstrap.cli import main as run
    else:
        from importlib import import_module

        try:
            run = import_module(package + ".cli").main
        except ModuleNotFoundError as error:
            return _explain_missing(error.name or "")
    return run()


def _folders(here: str) -> "list[str]":
    """Return where the packages may lie: beside this one, or in the other folders of a checkout."""
    root = os.path.dirname(here)
    if os.path.isdir(os.path.join(root, "mosh_common")):
        return [root]
    checkout = os.path.dirname(root)
    return [os.path.join(checkout, name) for name in ("bootstrap", "client", "common", "server")]


def _explain_missing(module: str) -> int:
    program = os.path.basename(sys.argv[0])
    if module.startswith("mosh_"):
        sys.stderr.write("%s: cannot find the package %s; is the installation complete?\n" % (program, module))
    else:
        sys.stderr.write(
            "%s: %s lacks the package %s; install it, or name another Python in MOSH_PYTHON\n"
            % (program, sys.executable, module)
        )
    return 127


def _run_with_newer_python() -> int:
    """Replace this process by one with a newer Python; return an exit code where there is none."""
    if not os.environ.get("MOSH_PYTHON"):
        ignoring = ["-E"] if sys.flags.ignore_environment else []
        for name in NEWER_PYTHONS:
            for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
                if not os.path.isabs(folder):
                    # SECURITY: the current directory may be anybody's: test_an_old_python_takes_no_newer_one_from_here
                    continue
                try:
                    os.execv(os.path.join(folder, name), [name, *ignoring, *sys.argv])
                except OSError:
                    continue
    program = os.path.basename(sys.argv[1]) if len(sys.argv) > 1 else "mosh"
    sys.stderr.write(
        "%s: needs Python 3.11 or later, and this is %s; install it, or name one in MOSH_PYTHON\n"
        % (program, sys.version.split()[0])
    )
    return 127


if __name__ == "__main__":
    sys.exit(main())
