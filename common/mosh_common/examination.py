"""What the three programs' --doctor try alike: whether something works, which packages are there, the cipher.

Changes nothing and writes nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from importlib import metadata
from importlib.util import find_spec
from typing import Final

from mosh_common.errors import EnvironmentFailure, MoshError
from mosh_common.protocol import KEY_OCTETS
from mosh_common.wire.key import Key

WORKS: Final = "works"
MISSING: Final = "missing: "  # and then why

_PROBE_NONCE: Final = bytes(12)  # under a key that is used once


def tried(check: Callable[[], None]) -> str:
    """Return WORKS, or MISSING and the sentence that `check` has raised: MoshError or ImportError."""
    try:
        check()
    except (MoshError, ImportError) as error:
        return f"{MISSING}{error}"
    return WORKS


def versions(packages: Iterable[str]) -> list[str]:
    """Return those of the packages that are there; what is in an archive has none to tell."""
    found = []
    for package in packages:
        if find_spec(package) is None:
            continue
        try:
            found.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            found.append(package)
    return found


def require_packages(packages: Iterable[str], program: str) -> None:
    """Raise EnvironmentFailure for the first of the packages that `program` has not got, and say what to do."""
    for package in packages:
        if find_spec(package) is None:
            raise EnvironmentFailure(
                f"{sys.executable} lacks the package {package}, which {program} needs; install it, or name another"
                " Python in MOSH_PYTHON."
            )


def try_cipher() -> None:
    """Encrypt and decrypt a few octets. Raises EnvironmentFailure, or ImportError."""
    from mosh_common.wire.ocb import Ocb

    text = b"mosh"
    ocb = Ocb(Key.generate(os.urandom(KEY_OCTETS)))
    if ocb.open(_PROBE_NONCE, ocb.seal(_PROBE_NONCE, text)) != text:
        raise EnvironmentFailure("AES-OCB does not decrypt what it has encrypted.")
