"""What a session does to the machine that it runs on: the shell on its pty, the books, the registry.

Keeps the promise of host.py in the process that serves the session. Knows nothing of the network.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from mosh_common.errors import EnvironmentFailure
from mosh_common.io.privileges import forbid_new_privileges, forbid_tracing, name_process
from mosh_server.host import greeting, registry
from mosh_server.host.accounting import Accounting, log_failure
from mosh_server.host.detach import forbid_core_dumps
from mosh_server.host.environment import Account
from mosh_server.host.places import Place, old_places_of, places_of
from mosh_server.host.registry import Claim, Registry
from mosh_server.host.shell import Shell


class OwnHost:
    """A `Host` that does it all itself, with the rights of this process."""

    def __init__(
        self,
        *,
        command: Sequence[str],
        environment: Mapping[str, str],
        account: Account,
        claim: Claim | None = None,
    ) -> None:
        """Prepare to run `command` (empty = login shell) in `environment`; others find the session from now on.

        `claim`: on the name that the session has.
        """
        self._command = command
        self._environment = environment
        self._account = account
        self._core_limit = forbid_core_dumps()  # what the shell gets back
        forbid_tracing()  # SECURITY: this process holds the key; the exec of the shell undoes it for that
        name_process("mosh-server")  # else Python's, and `pkill -USR1 mosh-server` would find nobody
        self._accounting = Accounting(user=account.user, pid=os.getpid())
        self._registry = Registry(places_of(environment, uid=os.getuid()))
        self._registry.enter(os.getpid())
        self._claim = claim
        if claim is not None:
            claim.give_to(os.getpid())
        self._shell: Shell | None = None  # None before it was started
        self._has_pty = False  # from then on until `end_shell`

    @property
    def places(self) -> list[Place]:
        """Where the session is found, and its door belongs."""
        return self._registry.entered

    def shell_pid(self) -> int:
        """Return the process id of the shell or command; 0 before it was started."""
        return 0 if self._shell is None else self._shell.pid

    def greeting(self) -> bytes:
        """Return what the screen shows before the shell says anything; nothing for a command."""
        if self._command:
            return b""
        in_utmp = registry.detached_in_utmp(registry.read_utmp(), user=self._account.user)
        without_door = {pid for pid in in_utmp if registry.is_alive(pid)} | _detached_old_servers(self._environment)
        without_door.discard(os.getpid())
        return greeting.message_of_the_day(self._account.home) + greeting.detached_warning(
            with_door=self._registry.detached_pids(), without_door=without_door
        )

    def start_shell(self, columns: int, lines: int) -> int:
        """Start it, and give up what only that needed."""
        try:
            shell, pty = Shell.spawn(  # nosec B604  # `shell` is a path here, not subprocess's flag
                self._command,
                shell=self._account.shell,
                environment=self._environment,
                columns=columns,
                lines=lines,
                core_limit=self._core_limit,
            )
        except EnvironmentFailure as error:
            self.failed(str(error))
            raise
        self._shell = shell
        self._has_pty = True
        self._accounting.begin(shell.fileno())
        forbid_core_dumps(for_good=True)
        if not self._accounting.starts_setgid_helper:
            forbid_new_privileges()  # the shell was started before: setuid programs go on working in it
        return pty

    def set_size(self, columns: int, lines: int, *, signal: bool) -> None:
        """Set the pty's."""
        if self._shell is not None and self._has_pty:
            self._shell.resize(columns, lines, signal=signal)

    def children_changed(self) -> int | None:
        """Reap the shell and the books' helper, if they have ended."""
        self._accounting.reap()
        return self._shell.exit_status() if self._shell is not None else None

    def end_shell(self) -> None:
        """Hang up the pty and close the books; harmless when that was done."""
        self._registry.leave()
        if self._claim is not None:
            self._claim.leave()
        if self._shell is not None and self._has_pty:
            self._has_pty = False
            self._accounting.end()
            self._shell.close()

    def client_heard(self, address: str) -> None:
        """Write down that the client is there, at this address."""
        self._registry.set_detached(False)
        self._accounting.connected(address)

    def client_silent(self) -> None:
        """Write down that the session is detached."""
        self._registry.set_detached(True)
        self._accounting.detached()

    def client_attached(self, address: str) -> None:
        """Write down that another client is there, at this address."""
        self._registry.set_detached(False)
        self._accounting.attached(address)

    def client_detached(self) -> None:
        """Write down that the client has left the session as it wanted."""
        self._registry.set_detached(True)
        self._accounting.detached(asked=True)

    def failed(self, reason: str) -> None:
        """Write down why the session could not go on."""
        log_failure(self._account.user, reason)


def _detached_old_servers(environment: Mapping[str, str]) -> set[int]:
    """Return the detached sessions of servers from before there were doors."""
    places = old_places_of(environment, uid=os.getuid())
    found = {entry.pid for entry in registry.living(places) if entry.detached}
    for place in places:
        place.close()
    return found
