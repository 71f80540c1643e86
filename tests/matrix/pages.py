"""A reader of README and docs/ in a root of Debian, who types what stands there and then has a session.

Which blocks there are, and in which root each is typed, is blocks.py's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from tests.matrix.blocks import SCENES, blocks_of_scene
from tests.matrix.root import HOME, USER, CheckFailed, as_user

# The reader is asked for no password, and says yes to what apt asks.
SETTINGS: Final = {
    "etc/sudoers.d/matrix": f"{USER} ALL=(ALL) NOPASSWD: ALL\nDefaults env_keep += DEBIAN_FRONTEND\n",
    "etc/apt/apt.conf.d/92yes": 'APT::Get::Assume-Yes "true";\nDpkg::Use-Pty "false";\n',
}


class Place(Protocol):
    """What a reader needs of a root."""

    def install(self, *packages: str) -> None: ...

    def inside(self, path: str, /) -> Path: ...

    def run(self, words: Sequence[str], *, network: bool) -> str: ...

    def run_as_user(self, words: Sequence[str], *, directory: Path) -> str: ...


def follow(root: Place, scene: str, *, source: Path) -> int:
    """Type the blocks of one scene in `source`, with a shell for each; return how many there were.

    Raises CheckFailed when one of them fails, or the session afterwards does not show what it should.
    """
    packages, mosh = SCENES[scene]
    root.install("sudo", *packages)
    for place, line in SETTINGS.items():
        root.inside(place).write_text(line)
    blocks = blocks_of_scene(scene)
    for block in blocks:
        root.run_as_user(["bash", "-euxc", block.text], directory=source)
    if mosh:
        script = ["script", "-qec", f"{mosh} --local 127.0.0.1 -- echo far away", "/dev/null"]
        seen = root.run([*as_user(HOME), *script], network=False)
        if "far away" not in seen:
            raise CheckFailed(f"{scene}: the session does not show what its command printed", seen)
    return len(blocks)
