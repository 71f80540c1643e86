"""The version of this distribution; read by pyproject.toml, printed by every program's --version."""

from __future__ import annotations

from typing import Final

VERSION: Final = "0.1.0"
MOSH_COMPATIBLE: Final = "1.4.0"  # the upstream release whose wire and command lines these programs speak
PROGRAM: Final = f"mosh-py {VERSION}"  # what our server says that it is, to a client of ours
