"""Why there is no session: one sentence for each way in which a login can fail.

Pure: what is known about the ending in, an EnvironmentFailure out. Exit codes are ssh's own where it had one.
"""

from __future__ import annotations

from typing import Final

from mosh_bootstrap.conversation import Ended
from mosh_bootstrap.dialogue import Dialogue
from mosh_bootstrap.options import Options
from mosh_bootstrap.refusal import no_locale
from mosh_bootstrap.ssh_status import SSH_FAILED_EXIT
from mosh_common.errors import EnvironmentFailure

_NOT_FOUND_EXIT: Final = 127  # sh(1): the command was not found
_NOT_EXECUTABLE_EXIT: Final = 126  # sh(1): it was, but could not be run
_NO_ADDRESS_EXIT: Final = 68  # sysexits(3), EX_NOHOST
_SIGNAL_EXIT_BASE: Final = 128  # sh(1): ended by the signal of this number above it


def failure(
    options: Options, dialogue: Dialogue, ended: Ended, *, jump: str = "", by_name: bool = False
) -> EnvironmentFailure | None:
    """Return what to tell the user, None when server and address are known.

    `jump`: the setting of ssh's that puts something between us and the host. `by_name`: the host's name was asked for
    its addresses, too.
    """
    if dialogue.no_ip:
        return EnvironmentFailure(dialogue.no_ip, exit_code=SSH_FAILED_EXIT)
    if dialogue.ip_redefined:
        return EnvironmentFailure("The server's address was announced twice and differently; refusing to choose.")
    if dialogue.connect is None:
        return _no_server(options, dialogue, ended, jump=jump)
    if dialogue.ip is None:
        return _no_address(options, by_name=by_name)
    return None


def _no_server(options: Options, dialogue: Dialogue, ended: Ended, *, jump: str) -> EnvironmentFailure:
    server = options.server or "mosh-server"
    runner = "The shell" if options.local else "ssh"
    if dialogue.bad_connect:
        return EnvironmentFailure(f"{server!r} answered with a MOSH CONNECT line that makes no sense (not shown).")
    if dialogue.connect_cut_off:
        return _cut_off(runner, ended)
    if ended.signal is not None:
        return EnvironmentFailure(
            f"{runner} was ended by signal {ended.signal} before the server had started.",
            exit_code=_SIGNAL_EXIT_BASE + ended.signal,
        )
    if dialogue.refusal.for_want_of_locale:
        where = "this machine" if options.local else options.host
        return no_locale(server, host=where, exit_code=ended.exit_code or 1)
    if ended.exit_code == _NOT_FOUND_EXIT or dialogue.no_server:
        where = "this machine" if options.local else options.host
        return EnvironmentFailure(
            f"{server!r} was not found on {where}; install mosh there, or say where it is with --server=PATH.",
            exit_code=_NOT_FOUND_EXIT,
        )
    if ended.exit_code == _NOT_EXECUTABLE_EXIT:
        return EnvironmentFailure(
            f"{server!r} was found on {options.host or 'this machine'}, but could not be run.",
            exit_code=_NOT_EXECUTABLE_EXIT,
        )
    if ended.exit_code == SSH_FAILED_EXIT and not options.local:
        way = f" through its {jump}" if jump else ""
        return EnvironmentFailure(
            f"ssh could not log in to {options.host}{way}; its message is above.", exit_code=SSH_FAILED_EXIT
        )
    if ended.exit_code is None:
        return EnvironmentFailure(f"{runner} closed its output without ending, and the server did not answer.")
    if options.local:
        return EnvironmentFailure(
            f"{server!r} did not start: the shell ended with exit code {ended.exit_code} and no MOSH CONNECT line.",
            exit_code=ended.exit_code or 1,
        )
    # Of an account that runs no commands ssh's own end tells nothing, and mostly nor does its shell.
    return EnvironmentFailure(
        f"{server!r} did not start: ssh ended with exit code {ended.exit_code} and no MOSH CONNECT line; "
        f"if nothing above says why, see whether 'ssh {options.host} echo yes' says yes.",
        exit_code=ended.exit_code or 1,
    )


def _cut_off(runner: str, ended: Ended) -> EnvironmentFailure:
    if ended.signal is not None:
        how, code = f"was ended by signal {ended.signal}", _SIGNAL_EXIT_BASE + ended.signal
    elif ended.exit_code is not None:
        how, code = f"ended with exit code {ended.exit_code}", ended.exit_code or 1
    else:
        how, code = "closed its output", 1
    return EnvironmentFailure(
        f"{runner} {how} in the middle of the server's MOSH CONNECT line; please try again.", exit_code=code
    )


def _no_address(options: Options, *, by_name: bool) -> EnvironmentFailure:
    if by_name:
        return EnvironmentFailure(
            f"The server started, but neither its SSH_CONNECTION nor the name {options.host!r} told its address; "
            "put the address into HostName of ssh's configuration.",
            exit_code=_NO_ADDRESS_EXIT,
        )
    if options.experimental_remote_ip == "remote":
        return EnvironmentFailure(
            "The server started, but its SSH_CONNECTION did not tell its address; try --experimental-remote-ip=local.",
            exit_code=_NO_ADDRESS_EXIT,
        )
    return EnvironmentFailure(
        "The server started, but ssh did not use our ProxyCommand, so its address is unknown; "
        "try --experimental-remote-ip=remote.",
        exit_code=_NO_ADDRESS_EXIT,
    )
