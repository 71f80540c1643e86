"""What native scroll has to know of the user's terminal, and the compositor that goes with it, or without it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from mosh_client.renderer.drawing.compositor import Compositor
from mosh_client.scrollback_end import ScrollbackEnd


class NativeTerminal(NamedTuple):
    """How its screens are changed and its scrollback is cleared; b"" where it cannot."""

    smcup: bytes = b""
    rmcup: bytes = b""
    clear: bytes = b""  # ED 3, which leaves the screen alone
    end: ScrollbackEnd | None = None  # word of the renderer before, and for the next one


def compositor_for(
    native: NativeTerminal | None, *, pager_key: str, serials: Iterator[int], **arguments: Any
) -> Compositor:
    """Return what draws; `native` None: without native scroll. `arguments`: as for any compositor."""
    if native is None:
        return Compositor(**arguments)
    # Only for those who want it; the launcher has loaded it for its renderers.
    from mosh_client.renderer.scrollback.native_compositor import NativeCompositor

    return NativeCompositor(terminal=native, pager_key=pager_key, serials=serials, **arguments)
