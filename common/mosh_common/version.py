"""The version of this distribution; read by pyproject.toml, printed by every program's --version."""

from __future__ import annotations

from typing import Final

VERSION: Final = "0.1.0"
MOSH_COMPATIBLE: Final = "1.4.0"  # the upstream release whose wire and command lines these programs speak
LICENCE: Final = """\
License GPLv3+: GNU GPL version 3 or later <https://gnu.org/licenses/gpl.html>.
This is free software: you are free to change and redistribute it.
There is NO WARRANTY, to the extent permitted by law.
"""
PROGRAM: Final = f"mosh-py {VERSION}"  # what our server says that it is, to a client of ours
