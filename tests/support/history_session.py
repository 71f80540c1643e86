"""A whole session whose history is read: our server and client, a network between, and a user with a pager.

What the server's shell prints are files of the test's own and nothing else, so each line of the session's text is known
by its number. The terminal is an emulator of ours on a pty; what it must show is what another one shows that was given
the same lines.
"""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import tempfile
import termios
import time
from base64 import b64decode
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple

from tests.support import forked
from tests.support.programs import OURS, PATIENCE_S, clean_environment, start_server
from tests.support.relay import Relay
from tests.support.user_terminal import end_child, started

from mosh_common.terminal.cells import Snapshot
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.history.line import Line, line_of, plain_text

ESCAPE: Final = b"\x1e["  # the way into the pager
SHIFT_PAGE_UP: Final = b"\x1b[5;2~"
_READY: Final = "ready"  # the first line of the session
# Prints what it is told to, and nothing besides; `&` before a name: again and again, until there is a file "stop".
_SHELL: Final = f"""
stty -echo
echo {_READY}
while read -r name; do
    case $name in
    '&'*) while ! [ -e stop ]; do cat "${{name#&}}"; sleep 0.1; done & ;;
    *) cat "$name" ;;
    esac
done
"""
_DOT: Final = "·"  # what has not come yet
_PLACE: Final = re.compile(r"^ lines ([\d,]+)-([\d,]+) of ([\d,]+) \(\d+%\)(?:.* ([\d,]+) lines dropped before)?")


class Network(NamedTuple):
    """What is between the two."""

    delay_ms: float = 0.0  # each way
    loss: float = 0.0  # share of the datagrams, each way


class View(NamedTuple):
    """What the pager shows; lines as its bar says them, from 1."""

    top: int
    bottom: int
    total: int
    gone: int
    rows: tuple[Line, ...]  # a line for each row


class HistorySession:
    """The session; its text is in `printed`, a line each, as a program wrote it."""

    def __init__(
        self,
        *,
        size: tuple[int, int] = (24, 100),
        history: str = "",
        network: Network = Network(),  # noqa: B008  # a value
        patience_s: float = PATIENCE_S,
        **variables: str,
    ) -> None:
        """`size`: lines, columns. `history`: as --history takes it. `variables`: for the client."""
        self.printed = [_READY]
        self._flood: Sequence[str] = ()  # and these behind them, again and again
        self.output = bytearray()  # all that the client wrote to the terminal
        self._patience_s = patience_s
        self._size = size
        self._folder = tempfile.TemporaryDirectory(prefix="mosh-history-")
        self.home = Path(self._folder.name)
        self._terminal = Emulator(size[1], size[0])
        (self.home / "shell").write_text(_SHELL)
        self.environment = clean_environment(self.home, XDG_RUNTIME_DIR=str(self.home / "run"))
        (self.home / "run").mkdir(0o700)
        self.server = start_server(
            OURS,
            ["/bin/sh", str(self.home / "shell")],
            environment=self.environment | {"MOSH_SERVER_NETWORK_TMOUT": "600"},
            directory=self.home,
            options=[f"--history={history}"] if history else [],
        )
        self.relay = Relay(self.server.port, delay_ms=network.delay_ms, loss=network.loss, seed=7).start()
        client = [*OURS.client, "127.0.0.1", str(self.relay.port)]
        environment = self.environment | {
            "MOSH_KEY": self.server.key,
            "MOSH_PREDICTION_DISPLAY": "never",
            "MOSH_TITLE_NOPREFIX": "1",
        }
        self._client = started(client, environment | variables, size, self._folder.name)
        self.wait_until(lambda: self.shown()[0] == _READY, "the session")

    # --- the program

    def write(self, text: str, name: str = "text") -> str:
        """Write a file that the program prints when its name is typed; return the name."""
        (self.home / name).write_text(text)
        return name

    def print(self, lines: Sequence[str]) -> None:
        """Let the program print lines, all at once, and wait until the last one is shown."""
        name = self.write("".join([f"{line}\n" for line in lines]), f"text{len(self.printed)}")
        self.printed += lines
        self.press(f"{name}\n".encode())
        last = Emulator(self._size[1], self._size[0])
        last.feed("\r\n".join([*lines[-self._size[0] :], ""]).encode())
        wanted = _rows_of(last.snapshot())[: last.snapshot().cursor_row]
        self.wait_until(lambda: _ends_with(_rows_of(self._terminal.snapshot()), wanted), f"the end, {lines[-1]!r}")

    def begin_flood(self, lines: Sequence[str]) -> None:
        """Let it print lines again and again, with a rest between, and wait until it has begun.

        Without the rest a line is dropped within a third of a second, and nobody on a slow network could read one.
        """
        name = self.write("".join([f"{line}\n" for line in lines]), "flood")
        self._flood = lines
        before = self.shown()
        self.press(f"&{name}\n".encode())
        self.wait_until(lambda: self.shown() != before, "a flood")

    def end_flood(self) -> None:
        """Let that end, and wait until the screen rests."""
        self.write("", "stop")
        self.wait_until(self._rests, "the end of the flood")

    def _rests(self) -> bool:
        octets = len(self.output)
        self._look_for(0.5)
        return len(self.output) == octets

    def line(self, number: int) -> str:
        """Return what was printed as that line, from 0."""
        if number < len(self.printed):
            return self.printed[number]
        return self._flood[(number - len(self.printed)) % len(self._flood)] if self._flood else ""

    def said_at_the_door(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        """Run mosh-server with these words, where the session is the only one."""
        return forked.run([*OURS.server, *words], env=self.environment, timeout=600)

    # --- the user

    def press(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._client.child_fd, keys)

    def resize(self, lines: int, columns: int) -> None:
        """Give the window another size."""
        self._size = (lines, columns)
        self._terminal.resize(columns, lines)
        fcntl.ioctl(self._client.child_fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def look(self, seconds: float = 0.02) -> None:
        """Take what the client draws within that time, and answer its questions."""
        if select.select([self._client.child_fd], [], [], seconds)[0]:
            data = os.read(self._client.child_fd, 1 << 20)
            self.output += data
            self._terminal.feed(data)
            if answer := self._terminal.replies():
                os.write(self._client.child_fd, answer)

    def wait_until(self, condition: Callable[[], bool], what: str | Callable[[], str]) -> None:
        """Look until it is so."""
        give_up = time.monotonic() + self._patience_s
        while not condition():
            if time.monotonic() > give_up:
                said = what() if callable(what) else what
                raise AssertionError(f"in vain awaited: {said}; the screen:\n" + "\n".join(self.shown()))
            self.look()

    def shown(self) -> list[str]:
        """What the terminal's rows say."""
        return [plain_text(row) for row in _rows_of(self._terminal.snapshot())]

    @property
    def bar(self) -> str:
        """The last row."""
        return self.shown()[-1]

    @property
    def clipboard(self) -> str:
        """What the terminal's clipboard was set to last."""
        return b64decode(self._terminal.snapshot().clipboard.partition(";")[2]).decode()

    # --- the pager

    def view(self) -> View | None:
        """What the pager shows, if all of it has come."""
        rows = _rows_of(self._terminal.snapshot())
        place = _PLACE.match(plain_text(rows[-1]))
        if place is None or "waiting" in plain_text(rows[-1]) or any(row.text.startswith(_DOT) for row in rows):
            return None
        top, bottom, total, gone = (int((number or "0").replace(",", "")) for number in place.groups())
        return View(top, bottom, total, gone, tuple(rows[:-1]))

    def go(self, keys: bytes, *, to: Callable[[View], bool] = lambda _view: True) -> View:
        """Press keys, wait for a view that is `to`'s, and hold it against what was printed."""
        before = self.view()
        self.press(keys)
        return self.wait_for_view(f"where {keys!r} leads", lambda view: view != before and to(view))

    def wait_for_view(self, what: str, wanted: Callable[[View], bool] = lambda _view: True) -> View:
        """Wait for a view that is `wanted` and shows exactly what was printed. One that is half drawn does not."""
        found: list[View] = []
        wrong = ""

        def there() -> bool:
            nonlocal wrong
            view = self.view()
            if view is None or not wanted(view):
                return False
            wrong = self._what_is_wrong(view)
            if not wrong:
                found.append(view)
            return bool(found)

        self.wait_until(there, lambda: f"{what}; {wrong}")
        return found[0]

    def _what_is_wrong(self, view: View) -> str:
        lines = [self.line(number) for number in range(view.top - 1, view.bottom)]
        emulator = Emulator(self._size[1], 2 * (sum(map(len, lines)) // self._size[1] + len(lines) + 1))
        emulator.feed("\r\n".join(lines).encode())
        wanted = _rows_of(emulator.snapshot())[: emulator.snapshot().cursor_row + 1]
        shown = list(view.rows)
        if view.bottom == view.total:  # nothing follows, but blank rows of the screen
            while len(shown) > 1 and not shown[-1].text:
                shown.pop()
            while len(wanted) > 1 and not wanted[-1].text:
                wanted.pop()
        if any(wanted[start : start + len(shown)] == shown for start in range(len(wanted))):
            return ""
        return f"lines {view.top}-{view.bottom} of {view.total}, {view.gone} gone, are not as printed"

    def enter(self) -> View:
        """Show the pager, and wait for the end of what was printed."""
        return self.go(ESCAPE)

    def leave(self) -> None:
        """Leave it."""
        self.press(b"q")
        self.wait_until(lambda: _PLACE.match(self.bar) is None, "the live screen")

    def page_down(self, view: View) -> View:
        """Go on from this view by a page."""
        return self.go(b" ", to=lambda after: after.top > view.top or after.bottom == after.total)

    def read_to_the_end(self) -> int:
        """Read page by page, from where one is; return how many there were."""
        view, pages = self.view(), 0
        while view is None or view.bottom < view.total:
            view = self.page_down(view) if view is not None else self.view()
            pages += 1
        return pages

    def find(self, keys: bytes, number: int) -> None:
        """Search by these keys, which must find that line (from 0), as copying it shows."""
        self.press(keys)
        wanted = plain(self.printed[number]).rstrip()  # as copies are
        self._wait_for_line(number, keys)

        def copied() -> bool:
            if self.clipboard != wanted and self.view() is not None:
                self.press(b"vVy")  # what was found before, as long as the answer has not come
                self._look_for(0.1)
            # Looked at even where the pager says what it copied instead of the place.
            return self.clipboard == wanted

        self.wait_until(copied, lambda: f"{wanted!r} by {keys!r}, and not {self.clipboard!r}")

    def copy(self, first: int, last: int) -> None:
        """Select from one line to another by searching for what they say, copy, and hold the clipboard against them."""
        self.go(b"g", to=lambda view: view.top == view.gone + 1)
        for number, then in ((first, b"vV"), (last, b"y")):
            keys = b"/" + plain(self.printed[number])[:60].encode()
            self.press(keys)
            # The line may be in view already, while what is pressed next would come before the search.
            self.wait_until(lambda: self.view() is None, "what is typed")
            self.press(b"\r")
            self._wait_for_line(number, keys)
            self.press(then)
        wanted = "\n".join([plain(line).rstrip() for line in self.printed[first : last + 1]])
        self.wait_until(lambda: self.clipboard == wanted, lambda: f"{wanted[:300]!r}, and not {self.clipboard[:300]!r}")

    def _wait_for_line(self, number: int, keys: bytes) -> None:
        def there() -> bool:
            view = self.view()
            return view is not None and view.top - 1 <= number < view.bottom

        self.wait_until(there, f"line {number}, {self.printed[number]!r}, where {keys!r} leads")

    def _look_for(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.look(left)

    # --- life

    def close(self) -> None:
        """End all of it."""
        end_child(self._client)
        self.server.end()
        self.relay.close()
        self._folder.cleanup()

    def __enter__(self) -> HistorySession:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _rows_of(snapshot: Snapshot) -> list[Line]:
    return [line_of([(row[0], row[1], False, row[3])], snapshot.palette) for row in snapshot.rows]


def _ends_with(rows: list[Line], wanted: list[Line]) -> bool:
    """Whether the last rows that say something are those."""
    rows = list(rows)
    while rows and not rows[-1].text:
        rows.pop()
    wanted = wanted[-len(rows) :]
    return bool(rows) and rows[-len(wanted) :] == wanted


def plain(text: str) -> str:
    """Return what a printed line says."""
    return re.sub("\x1b\\[[0-9;]*m", "", text)


# --- Texts ----------------------------------------------------------------------------------------------------------


def seq(count: int) -> list[str]:
    """Return what `seq` prints."""
    return [str(number) for number in range(1, count + 1)]


def build_log(count: int) -> list[str]:
    """Return a coloured log, with errors now and then."""
    kinds = ("\x1b[32mCC\x1b[m", "\x1b[1;34mLD\x1b[0m", "\x1b[38;5;208mAR\x1b[m", "\x1b[48;2;10;20;30;97mGEN\x1b[m")
    return [
        f"\x1b[1;31merror:\x1b[m \x1b[4munit {number}\x1b[24m is broken"
        if number % 97 == 96
        else f"[{number * 100 // count:3}%] {kinds[number % 4]} src/part_{number % 31}/unit_{number}.o"
        for number in range(count)
    ]


def chinese(count: int) -> list[str]:
    """Return lines of wide characters, some of which are wrapped."""
    return [f"第{number}行" + "日本語한국어中文"[number % 7 :] * (number % 13) for number in range(count)]


def emoji(count: int) -> list[str]:
    """Return lines of clusters: joined, with skin, flags, with combining marks."""
    signs = ("👩\u200d💻", "👍🏽", "🇩🇪", "❤\ufe0f", "e\u0301", "👨\u200d👩\u200d👧", "क्षि", "🐍")
    return [f"{number} " + "".join(signs[(number + at) % 8] for at in range(number % 70)) for number in range(count)]


def long_lines(count: int, columns: int = 1000) -> list[str]:
    """Return lines of that many columns."""
    return [
        (f"<{number}>" + "".join(f" {number * at % 9973:x}" for at in range(columns)))[:columns]
        for number in range(count)
    ]
