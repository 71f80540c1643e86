"""`mosh-client --doctor`: what a session would find on this machine, tried without starting one."""

from __future__ import annotations

import sys
from typing import Final

from mosh_client.confinement import doctor as confinement
from mosh_common.examination import require_packages, tried, try_cipher, versions
from mosh_common.wire import cipher

_PACKAGES: Final = ("msgpack", "pyte")
_OTHER_PACKAGES: Final = ("cryptography",)  # there is another way


def lines() -> list[str]:
    """Return one line for each thing that was looked at."""
    return [
        cipher.description(),
        f"Python {sys.version.split()[0]} ({sys.executable})",
        f"versions: {', '.join(versions((*_PACKAGES, *_OTHER_PACKAGES)))}",
        f"Python packages: {tried(lambda: require_packages(_PACKAGES, 'mosh-client'))}",
        f"cipher: {tried(try_cipher)}",
        *confinement.lines(),
    ]
