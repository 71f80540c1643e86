"""The detached process: its parts put together, with the rights of the account and the wishes of its environment."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mosh_common.clock import now_ms
from mosh_common.errors import MoshError, place_of
from mosh_common.history_limits import DEFAULT_LIMITS, Limits
from mosh_common.io.fds import write_line
from mosh_common.io.udp import UdpSocket
from mosh_common.terminal.emulator import Emulator
from mosh_common.wire.key import Key
from mosh_server.attachment import INITIAL_COLUMNS, INITIAL_LINES, Attaching
from mosh_server.attendance import Timeouts
from mosh_server.clients import Identity
from mosh_server.control import Control
from mosh_server.door.listener import Listener, about
from mosh_server.host.environment import Account, is_yes, seconds_from
from mosh_server.host.own_host import OwnHost
from mosh_server.host.registry import Claim
from mosh_server.loop import Loop
from mosh_server.output.flood import Flood
from mosh_server.session import Session
from mosh_server.sockets import Sockets

if TYPE_CHECKING:
    from mosh_common.terminal.history.history import History


def run(
    *,
    socket: UdpSocket,
    key: Key,
    command: Sequence[str],
    environment: Mapping[str, str],
    account: Account,
    verbose: int,
    claim: Claim | None = None,
    history: Limits | None = None,
) -> int:
    """Serve one session on `socket` under `key` until it ends; return the exit status.

    `command` (empty = login shell) runs in `environment`. `verbose` 1 prints events, 2 every instruction. `claim`: on
    the name that the session has. `history`: how much of what scrolls off is kept; None = the default.
    """
    flood = Flood(now=now_ms())
    host = OwnHost(command=command, environment=environment, account=account, claim=claim)
    try:
        session = _new_session(key, environment, flood=flood, verbose=verbose, history=history or DEFAULT_LIMITS)
        sockets = Sockets(socket)
        door = Listener(
            host.places,
            pid=os.getpid(),
            control=Control(session, sockets, entropy=os.urandom),
            about=about(
                command, login_shell=account.shell, name=claim.name if claim else None, shell_pid=host.shell_pid
            ),
            uid=os.getuid(),
        )
        log = _print_line if verbose else None
        Loop(sockets=sockets, session=session, flood=flood, host=host, door=door, log=log).run()
    except Exception as error:
        host.failed(f"{error} ({place_of(error)})" if isinstance(error, MoshError) else place_of(error))
        raise
    finally:
        host.end_shell()
    return 1 if session.failed else 0


def _new_session(
    key: Key, environment: Mapping[str, str], *, flood: Flood, verbose: int, history: Limits = DEFAULT_LIMITS
) -> Session:
    checksums = is_yes(environment, "MOSH_SERVER_CHECKSUM")
    emulator = Emulator(INITIAL_COLUMNS, INITIAL_LINES, checksums=checksums, history=_new_history(history))
    attaching = Attaching(entropy=os.urandom, interaction=flood.interaction, log=_print_line if verbose > 1 else None)
    timeouts = Timeouts.from_seconds(
        network=seconds_from(environment, "MOSH_SERVER_NETWORK_TMOUT"),
        signal=seconds_from(environment, "MOSH_SERVER_SIGNAL_TMOUT"),
    )
    return Session(
        key=key,
        attaching=attaching,
        emulator=emulator,
        flood=flood,
        timeouts=timeouts,
        identity=Identity(str(os.getpid()), time.time),
        now=now_ms(),
    )


def _new_history(limits: Limits) -> History | None:
    if not limits.lines or not limits.octets:
        return None
    from mosh_common.terminal.history.history import History  # only where there is one

    return History(limits)


def _print_line(line: str) -> None:
    write_line(2, f"mosh-server: {line}")
