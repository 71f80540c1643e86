"""Which compositor draws: the one of native scroll for who wants that, the plain one for all others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mosh_client.renderer.drawing.compositor import Compositor
from mosh_client.renderer.scrollback.terminal import NativeTerminal


def compositor_for(
    native: NativeTerminal | None, *, pager_key: str, serials: Iterator[int], **arguments: Any
) -> Compositor:
    """Return what draws; `native` None: without native scroll. `arguments`: as for any compositor."""
    if native is None:
        return Compositor(**arguments)
    # Only for those who want it; the launcher has loaded it for its renderers.
    from mosh_client.renderer.scrollback.native_compositor import NativeCompositor

    return NativeCompositor(terminal=native, pager_key=pager_key, serials=serials, **arguments)
