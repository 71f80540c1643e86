"""A mosh session in one terminal, and beside it the same shell run directly in another.

Whatever is typed is typed into both; then both must show the same. The session goes through a relay, so that the
network can be made bad or the client's address changed in mid-session.

    with MoshSession(pair, tmux) as session:
        session.type("echo hello")
        session.press("Enter")
        session.expect_same("hello")
"""

from __future__ import annotations

import re
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.programs import (
    PATIENCE_S,
    Pair,
    Process,
    clean_environment,
    descendants,
    process,
    start_server,
    wait_until,
    write_launcher,
)
from tests.support.relay import Relay
from tests.support.tmux import Pane, Picture, Tmux

_APPS = Path(__file__).with_name("apps")  # each can be called by its name in the home directory: `./show_size`

PROMPT = "ready> "
OUTER_PROMPT = "outside> "
CLIENT_TERMINAL = "tmux-256color"
_SETTLED_S = 0.1  # a screen that did not change for so long is taken to be what the program meant to show

# The shell on both sides: no files of the user's, a fixed prompt, a history of its own, editing as bash comes.
_BASHRC = f"""
PS1='{PROMPT}'
PS2='more> '
HISTFILE=
set -o emacs
stty iutf8 2>/dev/null
printf '%s\\n' "$$" >"$HOME/shell.pid"
"""


class MoshSession:
    """One client, one server, the network between, and a directly run shell to compare with."""

    def __init__(
        self,
        pair: Pair,
        tmux: Tmux,
        *,
        columns: int = 80,
        lines: int = 24,
        prediction: str = "adaptive",
        client_environment: Mapping[str, str] | None = None,
        server_environment: Mapping[str, str] | None = None,
        command: Sequence[str] | None = None,
        outer_shell: bool = False,
        seed: int = 1,
    ) -> None:
        """Start it all. `command` runs in place of the shell; with `outer_shell` the client is run from a shell
        with job control, as a user would, in place of alone in its terminal.
        """
        self.pair = pair
        self._tmux = tmux
        self._folder = tempfile.TemporaryDirectory(prefix="mosh-session-")
        # Homes of their own, so that a program run on both sides does not meet the other's files.
        self.home = Path(self._folder.name) / "mosh"
        self.direct_home = Path(self._folder.name) / "direct"
        self._size = (columns, lines)
        self._beginnings = 0
        self._closed = False

        for home in (self.home, self.direct_home):
            furnish(home)
        shell = ["/bin/bash", "--noprofile", "--rcfile", "bashrc", "-i"]
        self.server = start_server(
            pair.server,
            command or shell,
            environment={
                **clean_environment(self.home),
                "MOSH_SERVER_NETWORK_TMOUT": "120",  # should the test die before it can end the server
                **(server_environment or {}),
            },
            directory=self.home,
        )
        self.relay = Relay(self.server.port, seed=seed)
        try:
            self.relay.start()
            self.direct = tmux.open_pane(
                command or shell,
                environment=clean_environment(self.direct_home, NCURSES_NO_UTF8_ACS="1"),
                directory=self.direct_home,
                columns=columns,
                lines=lines,
            )
            client = [*pair.client.client, "127.0.0.1", str(self.relay.port)]
            if outer_shell:
                write_launcher(self.home / "client", client)
                (self.home / "outer_bashrc").write_text(f"PS1='{OUTER_PROMPT}'\nHISTFILE=\n")
            self.mosh = tmux.open_pane(
                ["/bin/bash", "--noprofile", "--rcfile", "outer_bashrc", "-i"] if outer_shell else client,
                environment=clean_environment(
                    self.home,
                    TERM=CLIENT_TERMINAL,
                    COLORTERM="truecolor",
                    MOSH_KEY=self.server.key,
                    MOSH_PREDICTION_DISPLAY=prediction,
                    **(client_environment or {}),
                ),
                directory=self.home,
                columns=columns,
                lines=lines,
            )
        except BaseException:
            self.close()
            raise
        self._panes: tuple[Pane, ...] = (self.mosh, self.direct)
        if outer_shell:
            self.mosh.wait_for(OUTER_PROMPT.rstrip())
            self.mosh.type("./client")
            self.mosh.press("Enter")

    def write_file(self, name: str, content: bytes) -> None:
        """Write a file into the home directories of both shells; executable if it begins with `#!`."""
        for home in (self.home, self.direct_home):
            path = home / name
            path.write_bytes(content)
            if content.startswith(b"#!"):
                path.chmod(0o755)

    # --- what the user does, in both terminals

    def type(self, text: str) -> None:
        """Type `text` as it is."""
        for pane in self._panes:
            pane.type(text)

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names."""
        for pane in self._panes:
            pane.press(*keys)

    def enter(self, command: str) -> None:
        """Type a line and press Enter."""
        self.type(command)
        self.press("Enter")

    def send(self, octets: bytes) -> None:
        """Let exactly these octets come from both terminals."""
        for pane in self._panes:
            pane.send(octets)

    def paste(self, text: bytes, *, bracketed: bool = False) -> None:
        """Paste `text` into both."""
        for pane in self._panes:
            pane.paste(text, bracketed=bracketed)

    def resize(self, columns: int, lines: int) -> None:
        """Give both terminals another size."""
        self._size = (columns, lines)
        for pane in self._panes:
            pane.resize(columns, lines)

    # --- what must hold then

    def wait_for(self, text: str) -> None:
        """Wait until both terminals show `text`."""
        for pane in (self.direct, self.mosh):
            pane.wait_for(text)

    def expect_same(self, text: str, *, cursor: bool = True, timeout_s: float = PATIENCE_S) -> Picture:
        """Wait until the direct terminal shows `text` and rests; then the session must come to look the same.

        Compares every character and its look and (unless told not to) the cursor. Returns the picture.
        """
        self.direct.wait_for(text)
        expected = self._rested(self.direct)
        seen = expected

        def same() -> bool:
            nonlocal expected, seen
            seen, expected = self.mosh.picture(), self.direct.picture()
            if not cursor:
                seen = seen._replace(cursor=expected.cursor, cursor_visible=expected.cursor_visible)
            return seen == expected

        wait_until(
            same,
            lambda: f"{self.pair}: the session differs from the direct terminal:\n{seen.differences(expected)}",
            timeout_s=timeout_s,
        )
        return expected

    def wait_for_prompt(self) -> None:
        """Wait until the last line of both screens ends in a prompt."""
        for pane in (self.direct, self.mosh):
            wait_until(
                lambda: pane.has_ended or _last_line(pane).endswith(PROMPT.rstrip()),  # noqa: B023  # called at once
                lambda: f"no prompt; the screen:\n{_joined(pane)}",  # noqa: B023  # the same
            )
            if pane.has_ended:
                raise AssertionError(f"{self.pair}: the program has ended; the screen:\n{_joined(pane)}")

    def begin_afresh(self) -> None:
        """Bring both terminals to a screen with only a numbered mark and a prompt, and the network to perfection."""
        self.relay.mend()
        if self._size != (80, 24):
            self.resize(80, 24)
        self.wait_for_prompt()
        self._beginnings += 1
        # The mark tells this prompt from the one before, which may be all that stood on the screen.
        self.enter(f"printf '\\033[m'; clear; echo beginning $((0+{self._beginnings}))")
        wanted = [f"beginning {self._beginnings}", PROMPT.rstrip()]
        for pane in self._panes:
            wait_until(
                lambda: [row for row in pane.text() if row] == wanted,  # noqa: B023  # called at once
                lambda: f"{self.pair}: the screen is not clear:\n{_joined(pane)}",  # noqa: B023  # the same
            )

    @staticmethod
    def _rested(pane: Pane) -> Picture:
        picture = pane.picture()
        since = time.monotonic()
        while time.monotonic() - since < _SETTLED_S:
            time.sleep(_SETTLED_S / 4)
            newer = pane.picture()
            if newer != picture:
                picture, since = newer, time.monotonic()
        return picture

    # --- the processes

    def client_family(self) -> list[Process]:
        """Return the client's processes: all that descend from its pane, the pane's own shell excepted."""
        return descendants(self.mosh.pid)

    def shell(self) -> Process:
        """Return the shell within the session."""
        return shell_of(self.home)

    def wait_for_nothing_left(self, family: Sequence[Process]) -> None:
        """Wait until all of `family` and the server have ended, and with it its port is free."""
        wait_until(
            lambda: not any(member.alive for member in family),
            lambda: "still there: " + ", ".join(member.name for member in family if member.alive),
        )
        wait_until(
            lambda: not self.server.process.alive,
            "the server is still there",
        )

    def close(self) -> None:
        """End everything of this session, however far it came."""
        if self._closed:
            return
        self._closed = True
        try:
            for pane in (getattr(self, "mosh", None), getattr(self, "direct", None)):
                if pane is not None:
                    for member in [process(pane.pid), *descendants(pane.pid)]:
                        member.signal(signal.SIGKILL)
        finally:
            self.server.end()
            self.relay.close()
            self._folder.cleanup()

    def __enter__(self) -> MoshSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def furnish(home: Path) -> None:
    """Make the home directory of a user of the rig: a bashrc, and the programs of `apps`."""
    home.mkdir()
    (home / "bashrc").write_text(_BASHRC)
    for app in _APPS.glob("*.py"):
        write_launcher(home / app.stem, [sys.executable, "-IS", str(app)])


def shell_of(home: Path) -> Process:
    """Return the shell that was started with the bashrc of `home`, once it has."""
    return process(int(wait_until(lambda: _content(home / "shell.pid"), f"no shell started in {home}")))


def modes_left_on(recording: bytes, modes: Sequence[int]) -> dict[int, bool]:
    """Return those of the private `modes` (`CSI ? n h`) that a recording switches, and their last value."""
    state: dict[int, bool] = {}
    for match in re.finditer(rb"\x1b\[\?([0-9;]+)([hl])", recording):
        for word in match.group(1).split(b";"):
            if word and int(word) in modes:
                state[int(word)] = match.group(2) == b"h"
    return state


def _last_line(pane: Pane) -> str:
    return next((row for row in reversed(pane.text()) if row), "")


def _joined(pane: Pane) -> str:
    return "\n".join(f"  |{row}" for row in pane.text())


def _content(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""
