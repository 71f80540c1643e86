"""What `mosh` hands over besides key and address: taken once from the environment, before anything is started."""

from __future__ import annotations

import os
import stat
from collections.abc import MutableMapping
from typing import Final, NamedTuple

from mosh_client.stages import Stages
from mosh_common.handover import BEGUN_VARIABLE, LEFT_VARIABLE, TYPED_VARIABLE, WAY_BACK_VARIABLE
from mosh_common.io.fds import read_available

_LONGEST_WAY_BACK: Final = 512  # a line that nobody can read helps nobody


class HandedOver(NamedTuple):
    """All of it; nothing where somebody else has started the client."""

    typed: bytes = b""  # the session's first keys, which the user has typed already
    left: tuple[int, ...] = ()  # children of this process from before it was a client: to be reaped
    stages: Stages | None = None  # where to note how long the session takes to begin; None = nobody asks
    way_back: str = ""  # words behind `mosh --attach`, for the user to type; "" = not known


NOTHING_HANDED_OVER: Final = HandedOver()


def take_over(environment: MutableMapping[str, str]) -> HandedOver:
    """Return what is in `environment`, and take it out. Never waits; what makes no sense is passed over."""
    left = environment.pop(LEFT_VARIABLE, "").split()
    begun = _number(environment.pop(BEGUN_VARIABLE, ""))
    way_back = environment.pop(WAY_BACK_VARIABLE, "")
    return HandedOver(
        typed=_read_pipe(_number(environment.pop(TYPED_VARIABLE, ""))),
        left=tuple([pid for pid in map(_number, left) if pid is not None]),
        stages=None if begun is None else Stages(begun),
        way_back=way_back if way_back.isprintable() and len(way_back) <= _LONGEST_WAY_BACK else "",
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _read_pipe(pipe: int | None) -> bytes:
    """Return what is in a pipe, and close it; b"" where there is none."""
    if pipe is None or not 2 < pipe < 1 << 31:
        return b""
    typed = b""
    try:
        if not stat.S_ISFIFO(os.fstat(pipe).st_mode):
            return b""  # nothing of `mosh`: the variable was left over from elsewhere
        os.set_blocking(pipe, False)
        while chunk := read_available(pipe):
            typed += chunk
        os.close(pipe)
    except OSError:
        pass
    return typed
