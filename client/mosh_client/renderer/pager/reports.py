"""Reports of the mouse among what is typed in the normal view, where the renderer asked for them and no program did.

Pure: octets in, octets and reports out.
"""

from __future__ import annotations

import re
from typing import Final

from mosh_client.renderer.pager.keys import Mouse, split_keys

_REPORT: Final = re.compile(rb"\x1b\[<[0-9]{1,3};[0-9]{1,5};[0-9]{1,5}[Mm]")
_BEGINNING: Final = re.compile(rb"\x1b\[<[0-9;]{0,15}\Z")  # begins no key


class MouseReports:
    """Takes reports out; between reads it remembers the beginning of one."""

    def __init__(self) -> None:
        self._held = b""

    def take_held(self) -> bytes:
        """Return and forget the beginning that is remembered."""
        held, self._held = self._held, b""
        return held

    def split(self, data: bytes) -> list[bytes | Mouse]:
        """Return what was typed and the reports, in order."""
        data, self._held = self._held + data, b""
        beginning = _BEGINNING.search(data)
        if beginning is not None:
            self._held = beginning.group()
            data = data[: beginning.start()]
        result: list[bytes | Mouse] = []
        start = 0
        for match in _REPORT.finditer(data):
            if match.start() > start:
                result.append(data[start : match.start()])
            result += [key.mouse for key in split_keys(match.group())[0] if key.mouse is not None]
            start = match.end()
        if start < len(data):
            result.append(data[start:])
        return result
