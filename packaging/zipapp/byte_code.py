"""Compile every module below the folder SOURCES into the folder TARGET, for the Python that runs this.

    python3 byte_code.py SOURCES TARGET

The result depends on the sources and the Python alone: neither on the time nor on where the folders lie.
"""

import os
import py_compile
import sys


def main() -> None:
    """Compile them. Raises py_compile.PyCompileError, OSError."""
    sources, target = sys.argv[1:]
    for folder, folders, files in os.walk(sources):
        folders.sort()
        for name in sorted(files):
            if not name.endswith(".py"):
                continue
            path = os.path.join(folder, name)
            inside = os.path.relpath(path, sources)
            py_compile.compile(
                path,
                cfile=os.path.join(target, inside + "c"),
                dfile="mosh.pyz/" + inside,
                doraise=True,
                # There is no source beside it in the archive that could be newer.
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )


if __name__ == "__main__":
    main()
