"""What the client looks up in terminfo is what the dialect is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mosh_client.terminal import tty
from mosh_common.terminal.frame_diff.dialect import dialect_from_terminfo

_READ = {*tty._STRING_CAPABILITIES, *tty._NUMBER_CAPABILITIES, *tty._FLAG_CAPABILITIES}


class _Asked(Mapping[str, bytes | int | bool | None]):
    """Eight colours and whatever else one may ask for, but for what is `missing`; notes what was asked for."""

    def __init__(self, missing: frozenset[str]) -> None:
        self.names: set[str] = set()
        self._missing = missing

    def __getitem__(self, name: str) -> bytes | int | bool | None:
        self.names.add(name)
        return None if name in self._missing else 8

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def _names_asked_for() -> set[str]:
    """Return the capabilities that the dialect depends on; some are asked for only where others are missing."""
    names: set[str] = set()
    while True:
        known = frozenset(names - {"colors"})
        for missing in (frozenset[str](), known, *(frozenset({name}) for name in known), *(known - {n} for n in known)):
            capabilities = _Asked(missing)
            dialect_from_terminfo(capabilities)
            names |= capabilities.names
        if known == names - {"colors"}:
            return names


def test_each_capability_that_decides_something_is_read() -> None:
    # One that is not read counts as missing, for every terminal.
    asked = _names_asked_for()
    assert {"colors", "tsl", "fsl", "Setulc", "Ss"} <= asked
    assert asked <= _READ
