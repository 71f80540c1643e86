"""A login's live connection, over which further commands run without anybody being asked again.

ssh is the master of its own connection (ControlMaster); each further command is another ssh that goes through its
socket. An ssh that cannot, or whose master has gone, logs in again instead: `shared` tells which it will be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from mosh_bootstrap import control_socket
from mosh_bootstrap.control_socket import Control, Folder
from mosh_bootstrap.ssh_config import SshConfig, login_words, program_words

PERSIST_S: Final = 30  # for which a master stays without channels when whoever started it was killed


class Channels:
    """What takes further commands for a host that was logged in to. `close` it in the end."""

    def __init__(
        self, ssh: Sequence[str], host: str, *, config: SshConfig | None, folder: Folder | None, master: str = ""
    ) -> None:
        """Be the channels of a login by the user's command `ssh` to `host`.

        `config`: what applies to the host, as far as ssh says. `folder`: where our own master's socket is; None for
        none. `master`: the socket of a master of the user's instead, which is never ended.
        """
        self._ssh = tuple(ssh)
        self._host = host
        self._config = config
        self._folder = folder
        self._path = folder.socket if folder is not None else master
        self._held: Control | None = None  # keeps the master from ending

    @property
    def own_path(self) -> str:
        """Where the socket of our own master is to be; empty for none."""
        return self._folder.socket if self._folder is not None else ""

    @property
    def shell(self) -> str:
        """The SHELL that ssh needs to show what its proxies say; empty = the user's."""
        return self._folder.shell if self._folder is not None else ""

    @property
    def shared(self) -> bool:
        """Whether commands go over the connection that is there, so that nobody is asked anything.

        It is kept from now on, for as long as the user may think.
        """
        if self._held is not None and not self._held.is_open():
            self._held.close()
            self._held = None
        if self._held is None and self._path:
            self._held = control_socket.connect(self._path)
        return self._held is not None

    def words(self, command: str, *, terminal: bool = False, reads: bool = True) -> list[str]:
        """Return the command line that runs `command` there: its octets are ours alone, its exit code is the command's.

        `terminal`: in a pseudo-terminal. `reads`: ssh passes its standard input on. An exit code of 255 is ssh's own:
        where the connection was `shared`, the far end took no further channel of it; call `close`, and the next words
        log in anew. Only those may ask something, at the user's terminal.
        """
        tty = ("-t" if reads else "-tt") if terminal else "-T"  # where nothing is read no terminal is seen
        last = [tty, *([] if reads else ["-n"]), self._host, "--", command]
        if not self.shared:
            overrides = [] if self._config is None else self._config.overrides(pty=terminal, reads=reads)
            return [*login_words(self._ssh, overrides), *last]
        # Nothing of the configuration concerns a command that goes through a socket; and no other way may be taken to
        # the host, on which somebody would be asked again.
        settings = ("ControlMaster=no", "ProxyCommand=false", "LogLevel=ERROR")
        alone = [word for setting in settings for word in ("-o", setting)]
        return [*program_words(self._ssh), "-F", "none", *alone, "-S", self._path, *last]

    def shell_words(self, command: str = "", *, terminal: bool = True) -> list[str]:
        """Return the command line of the user's own ssh to this host, with all that is configured for it.

        `terminal`: also for a command. Without one it is what ssh makes of it.
        """
        way = ["-o", "ControlMaster=no", "-S", self._path] if self.shared else []
        return [*self._ssh, *way, *(["-t"] if terminal else []), self._host, *(["--", command] if command else [])]

    def leave(self) -> None:
        """Have our master end with what still runs over it; for a process that goes on beside the session."""
        self._end(Control.stop_listening)

    def close(self) -> None:
        """End our master and what runs over it, and take its folder away; harmless when that is done.

        The words of further commands log in anew.
        """
        self._end(Control.terminate)

    def _end(self, ask: Callable[[Control], None]) -> None:
        folder, self._folder, self._path = self._folder, None, ""
        control, self._held = self._held, None
        if folder is not None:
            if control is None:
                control = control_socket.connect(folder.socket)
            if control is not None:
                ask(control)
            folder.remove()
            control_socket.sweep(folder.place)
        if control is not None:
            control.close()
