"""A private tmux: real terminals of any size without a display, and what they show, cell by cell.

Each server has its own socket in its own directory, reads no configuration, and is ended through that socket. It is
asked through one client in control mode, not by a program for each question: there are hundreds in a minute. Knows
nothing of mosh.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from tests.support.programs import clean_environment, wait_until

_COMMAND_TIMEOUT_S = 20  # tmux answers within milliseconds; this bounds a broken one

# A pane waits for its recorder before its program may write the first octet; at its end it says how the program left
# the tty and keeps the pane open, so that the modes that the terminal is left in can be asked for. A mark, which means
# nothing to a terminal, follows what the program wrote: tmux hands that on to the recorder in its own time, after the
# screen shows it.
_END = b"\x1b]7770;end\x07"
_LAST_OCTETS = 1024  # of a recording: it ends with END, or the marks of who looked just then
_MARK = re.compile(rb"\x1b\]7770;\w+\x07")
_GATE = """
read -r _ <"$GATE/open" && rm "$GATE/open"
stty -g >"$GATE/before"
"$@"
echo "$? $(stty -g)" >"$GATE/after.part"
printf '\\033]7770;end\\007'
mv "$GATE/after.part" "$GATE/after"
exec cat >/dev/null
"""


class Look(NamedTuple):
    """The attributes of a cell, as tmux reports them."""

    fg: str = ""  # "" = default, else an index or "#rrggbb"
    bg: str = ""
    flags: frozenset[str] = frozenset()
    underline: str = ""  # "" or the number of `CSI 4:n m`
    underline_color: str = ""


class Cell(NamedTuple):
    """A character as it stands on the screen: its grapheme and its look. Wide ones are one cell here."""

    text: str
    look: Look


_SPECIAL = re.compile(r'[\\"$\x00-\x1f\x7f]')  # within double quotes


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    return f"\\{character}" if character in '\\"$' else f"\\{ord(character):03o}"


class _Control:
    """A client in control mode: takes commands line by line, and says of each what it printed."""

    _SAID = b"=== all is said ==="  # a line that no command prints

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], directory: Path) -> None:
        # It shows no window: no size of its own counts, and no output is passed on to it.
        self._process = subprocess.Popen(
            [*words, "-C", "attach-session", "-t", "main", "-f", "ignore-size,no-output"],
            env=environment,
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        self._unread = b""

    def ask(self, arguments: Sequence[str]) -> tuple[bool, str]:
        """Run commands with ";" between; return whether all succeeded, and what they printed."""
        line = " ".join(word if word == ";" else f'"{_SPECIAL.sub(_escaped, word)}"' for word in arguments)
        self._input.write(f"{line} ; display-message -p '{self._SAID.decode()}'\n".encode(errors="surrogateescape"))
        self._input.flush()
        printed: list[bytes] = []
        while True:
            kind, block = self._block()
            if kind == b"%error":
                return False, b"\n".join(block).decode(errors="replace")
            if block == [self._SAID]:
                return True, b"".join(each + b"\n" for each in printed).decode(errors="replace")
            printed += block

    def _block(self) -> tuple[bytes, list[bytes]]:
        """Return the next answer: how it ended, and its lines. What tmux tells between answers is passed over."""
        while not (begin := self._line()).startswith(b"%begin "):
            pass
        facts = begin.split(b" ", 1)[1]
        block: list[bytes] = []
        while (line := self._line()) not in (b"%end " + facts, b"%error " + facts):
            block.append(line)
        return line.split(b" ")[0], block

    def _line(self) -> bytes:
        while b"\n" not in self._unread:
            if not select.select([self._output], [], [], _COMMAND_TIMEOUT_S)[0]:
                raise AssertionError(f"tmux does not answer within {_COMMAND_TIMEOUT_S} s")
            data = os.read(self._output.fileno(), 1 << 20)
            if not data:
                raise AssertionError("tmux has ended")
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def close(self) -> None:
        for stream in (self._input, self._output):
            try:
                stream.close()
            except OSError:  # it has ended, and what was said to it cannot be written any more
                pass
        self._process.kill()
        self._process.wait()


class Tmux:
    """A tmux server of the test's own."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="mosh-tmux-"))
        self._environment = clean_environment(self.directory, TMUX_TMPDIR=str(self.directory), SHELL="/bin/sh")
        self._words = ["tmux", "-u", "-L", "test", "-f", "/dev/null"]
        self._panes = 0
        self._control: _Control | None = None
        configuration = {
            "default-terminal": "tmux-256color",
            "exit-empty": "off",
            "escape-time": "0",  # an ESC that the program under test sends is never the start of a tmux key
            "history-limit": "0",
            "remain-on-exit": "on",
            "status": "off",
            "set-clipboard": "on",
            "focus-events": "on",
            "allow-rename": "off",
            "automatic-rename": "off",
        }
        server_options = ("exit-empty", "escape-time", "set-clipboard", "focus-events", "default-terminal")
        # A first window that never runs anything of interest: a server needs one. (No "window-size manual" for
        # all: tmux 3.3 crashes on it without a client. resize-window makes it so for its window.)
        command = ["new-session", "-d", "-s", "main", "-x", "80", "-y", "24", "cat"]
        for name, value in configuration.items():
            command += [";", "set-option", "-s" if name in server_options else "-g", name, value]
        try:
            self._start(*command)
            self._control = _Control(self._words, self._environment, self.directory)
        except BaseException:
            self.close()
            raise

    def run(self, *arguments: str) -> str:
        """Run a tmux command in this server and return what it printed."""
        if self._control is None:
            return self._start(*arguments)
        succeeded, said = self._control.ask(arguments)
        if not succeeded:
            raise AssertionError(f"tmux {' '.join(arguments)!r}: {said}")
        return said

    def _start(self, *arguments: str) -> str:
        """Run a tmux command by a program of its own."""
        done = subprocess.run(
            [*self._words, *arguments],
            env=self._environment,
            cwd=self.directory,
            capture_output=True,
            timeout=_COMMAND_TIMEOUT_S,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"tmux {' '.join(arguments)!r}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout.decode(errors="replace")

    def open_pane(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        directory: Path | None = None,
        columns: int = 80,
        lines: int = 24,
    ) -> Pane:
        """Run `command` in a new window of that size, with exactly that environment: nothing says that it is tmux."""
        self._panes += 1
        gate = self.directory / f"pane{self._panes}"
        gate.mkdir()
        os.mkfifo(gate / "open")
        words = ["env", "-i", *(f"{name}={value}" for name, value in environment.items())]
        words += [f"GATE={gate}", "sh", "-c", _GATE, "sh", "env", "-u", "GATE", *command]
        where = ["-c", str(directory)] if directory is not None else []
        pane_id, window_id = self.run(
            "new-window", "-d", "-P", "-F", "#{pane_id} #{window_id}", "-t", "main:", *where, "--", *words
        ).split()
        recording = gate / "recording"
        recording.touch()
        self.run(
            *("resize-window", "-t", window_id, "-x", str(columns), "-y", str(lines), ";"),
            *("pipe-pane", "-O", "-t", pane_id, f"exec cat >'{recording}'"),
        )
        with open(gate / "open", "w") as opening:
            opening.write("go\n")
        return Pane(self, pane_id, gate)

    def answers(self, question: bytes) -> bool:
        """Ask the terminal `question`, and return whether it says anything to it. tmux 3.6 answers more than 3.5."""
        program = (
            "import os, sys, tty\n"
            "tty.setraw(0)\n"
            "os.write(1, bytes.fromhex(sys.argv[1]) + b'\\033[c')\n"  # every terminal says what it is, and in turn
            "said = b''\n"
            "while not said.endswith(b'c'): said += os.read(0, 1024)\n"
            "sys.exit(said.rindex(b'\\033[') > 0)\n"
        )
        asking = [sys.executable, "-IS", "-c", program, question.hex()]
        return self.open_pane(asking, environment=clean_environment(self.directory)).wait_for_end() == 1

    def close(self) -> None:
        """End the server, and with it (by SIGHUP) what runs in its panes."""
        if self._control is not None:
            self._control.close()
            self._control = None
        try:
            self._start("kill-server")
        except (AssertionError, subprocess.TimeoutExpired):
            pass  # it may have ended before; its socket is gone with the directory
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Tmux:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _size_of(tty: str) -> tuple[int, int] | None:
    """Return the columns and lines of a terminal; None if it is gone."""
    try:
        fd = os.open(tty, os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return None
    try:
        size = os.get_terminal_size(fd)
        return size.columns, size.lines
    finally:
        os.close(fd)


class Pane:
    """One terminal with one program in it."""

    def __init__(self, tmux: Tmux, pane_id: str, gate: Path) -> None:
        self._tmux = tmux
        self._id = pane_id
        self._gate = gate
        self._marks = 0

    # --- the user's side

    def type(self, text: str) -> None:
        """Type `text` as it is."""
        self._tmux.run("send-keys", "-t", self._id, "-l", "--", text)

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names (`Enter`, `C-a`, `Up`), as the modes of this terminal encode them."""
        self._tmux.run("send-keys", "-t", self._id, "--", *keys)

    def send(self, octets: bytes) -> None:
        """Let exactly these octets come from the terminal: mouse and focus reports, answers."""
        self._tmux.run("send-keys", "-t", self._id, "-H", *(f"{octet:02x}" for octet in octets))

    def paste(self, text: bytes, *, bracketed: bool = False) -> None:
        """Paste `text`; with `bracketed`, inside the paste brackets if the program switched them on."""
        source = self._gate / "paste"
        source.write_bytes(text)
        mode = ["-p"] if bracketed else []
        self._tmux.run("load-buffer", str(source), ";", "paste-buffer", "-d", "-r", *mode, "-t", self._id)

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size, and wait until the programs in it can see that: tmux puts some off."""
        self._tmux.run("resize-window", "-t", self._id, "-x", str(columns), "-y", str(lines))
        tty = self.format("#{pane_tty}")
        wait_until(
            lambda: _size_of(tty) in (None, (columns, lines)),
            f"the terminal does not get {columns} columns, {lines} lines",
        )

    # --- what can be seen

    def format(self, text: str) -> str:
        """Return tmux's format `text` filled in for this pane."""
        return self._tmux.run("display-message", "-p", "-t", self._id, text).rstrip("\n")

    def flag(self, name: str) -> bool:
        """Return one of the modes of this terminal (`mouse_sgr_flag`, `cursor_flag`, `alternate_on`…)."""
        return self.format("#{" + name + "}") == "1"

    @property
    def title(self) -> str:
        """The title that the program gave the terminal."""
        return self.format("#{pane_title}")

    @property
    def cursor(self) -> tuple[int, int]:
        """Row and column of the cursor, from 0."""
        row, column = self.format("#{cursor_y} #{cursor_x}").split()
        return int(row), int(column)

    def text(self) -> list[str]:
        """Return the rows of the screen without trailing blanks."""
        rows = self._tmux.run("capture-pane", "-p", "-t", self._id).split("\n")
        return [row.rstrip() for row in rows[:-1]]

    def all_rows(self) -> list[str]:
        """Return the scrollback and the screen, without blanks at the ends of rows and rows."""
        return [row.rstrip() for row in self.all_text().rstrip().split("\n")]

    def all_text(self, *options: str) -> str:
        """Return the scrollback and the screen as capture-pane gives them."""
        return self._tmux.run("capture-pane", "-p", *options, "-S", "-", "-t", self._id)

    def shows(self, text: str) -> bool:
        """Whether some row of the screen holds `text`."""
        return any(text in row for row in self.text())

    def picture(self) -> Picture:
        """Return everything that can be seen on the screen."""
        output = self._tmux.run(
            *("display-message", "-p", "-t", self._id, "#{cursor_y} #{cursor_x} #{cursor_flag}", ";"),
            *("capture-pane", "-e", "-N", "-p", "-t", self._id),
        )
        facts, _, rows = output.partition("\n")
        row, column, visible = facts.split()
        return Picture(parse_capture(rows), (int(row), int(column)), visible == "1")

    def recording(self) -> bytes:
        """Return every octet that the program wrote to the terminal until now, or until its end.

        For what is at rest: a mark goes to the terminal, and a program that writes just then would have it within a
        sequence of its own. Where something is waited for, `recorded_so_far` is looked at.
        """
        if not self.has_ended:
            self._marks += 1
            mark = b"\x1b]7770;%d\x07" % self._marks
            with open(self.format("#{pane_tty}"), "wb", buffering=0) as terminal:
                terminal.write(mark)
            wait_until(lambda: mark in self._recorder_has(), "the recording does not come to its mark")
        return self.recorded_so_far()

    def recorded_so_far(self) -> bytes:
        """Return what the program wrote to the terminal, perhaps without the last of what the screen shows."""
        return _MARK.sub(b"", self._recorder_has())

    def _recorder_has(self) -> bytes:
        return (self._gate / "recording").read_bytes()

    # --- the program

    @property
    def pid(self) -> int:
        """The process that holds the pane; the program is among its descendants."""
        return int(self.format("#{pane_pid}"))

    @property
    def has_ended(self) -> bool:
        """Whether the program has ended and the screen shows all of it; the terminal stays to be looked at."""
        if not (self._gate / "after").exists():
            return False
        with open(self._gate / "recording", "rb") as recording:
            recording.seek(max(0, os.fstat(recording.fileno()).st_size - _LAST_OCTETS))
            return _END in recording.read()

    def wait_for_end(self) -> int:
        """Wait until the program has ended, and return its exit status."""
        wait_until(lambda: self.has_ended, lambda: f"the program still runs; its screen:\n{self._screen_text()}")
        return int((self._gate / "after").read_text().split()[0])

    @property
    def left_the_tty_as_it_was(self) -> bool:
        """Whether the settings of the tty (termios) at the program's end are those of its start."""
        before = (self._gate / "before").read_text().strip()
        after = (self._gate / "after").read_text().split(maxsplit=1)[1].strip()
        return before == after

    def wait_for(self, text: str) -> None:
        """Wait until the screen holds `text`."""
        shown = False

        def settled() -> bool:
            nonlocal shown
            ended = self.has_ended  # asked first: what it showed at its end still counts
            shown = self.shows(text)
            return shown or ended

        wait_until(settled, lambda: f"no {text!r} on the screen:\n{self._screen_text()}")
        if not shown:
            raise AssertionError(f"the program has ended; no {text!r} on the screen:\n{self._screen_text()}")

    def _screen_text(self) -> str:
        return "\n".join(f"  |{row}" for row in self.text())


class Picture(NamedTuple):
    """All that can be seen of a terminal at one moment."""

    rows: tuple[tuple[Cell, ...], ...]  # without trailing cells that look blank
    cursor: tuple[int, int]  # row and column, from 0
    cursor_visible: bool

    def differences(self, other: Picture) -> str:
        """Say how `other` (what was expected) differs from this one; empty if it does not."""
        lines: list[str] = []
        for number in range(max(len(self.rows), len(other.rows))):
            mine = self.rows[number] if number < len(self.rows) else ()
            theirs = other.rows[number] if number < len(other.rows) else ()
            if mine == theirs:
                continue
            if _plain(mine) != _plain(theirs):
                lines += [f"row {number}: seen     |{_plain(mine)}", f"       expected |{_plain(theirs)}"]
                continue
            at = next(index for index, pair in enumerate(zip(mine, theirs, strict=True)) if pair[0] != pair[1])
            lines.append(f"row {number}, character {at} of |{_plain(mine)}")
            lines += [f"       seen     {mine[at].look}", f"       expected {theirs[at].look}"]
        if (self.cursor, self.cursor_visible) != (other.cursor, other.cursor_visible):
            lines.append(f"cursor seen {self.cursor} visible={self.cursor_visible},")
            lines.append(f"       expected {other.cursor} visible={other.cursor_visible}")
        return "\n".join(lines)


def _plain(row: Sequence[Cell]) -> str:
    return "".join(cell.text for cell in row)


# --- reading `capture-pane -e`

_TOKEN = re.compile(r"\x1b\[([0-9;:]*)m|\x1b\][^\x1b\x07]*(?:\x1b\\|\x07)|([\x0e\x0f])|(.)", re.DOTALL)
_FLAGS = {1: "bold", 2: "faint", 3: "italic", 5: "blink", 7: "inverse", 8: "invisible", 9: "strike", 53: "overline"}
_FLAGS_OFF = {
    22: ("bold", "faint"),
    23: ("italic",),
    25: ("blink",),
    27: ("inverse",),
    28: ("invisible",),
    29: ("strike",),
    55: ("overline",),
}
# DEC special graphics: tmux reports the cells between SO and SI under their ASCII names.
_LINE_DRAWING = dict(zip("`afgjklmnopqrstuvwxyz{|}~", "◆▒°±┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·", strict=True))
_TAB_COLUMNS = 8
_VISIBLE_ON_A_BLANK = frozenset({"inverse", "strike", "overline"})


@lru_cache(maxsize=16)  # who waits for a screen to rest looks at the same one again and again
def parse_capture(text: str) -> tuple[tuple[Cell, ...], ...]:
    """Turn the output of `capture-pane -e -N` into rows of cells, whatever way tmux chose to write the attributes."""
    look = Look()
    drawing = False
    rows: list[tuple[Cell, ...]] = []
    for line in text.split("\n")[:-1]:
        cells: list[Cell] = []
        for parameters, shift, character in (match.group(1, 2, 3) for match in _TOKEN.finditer(line)):
            if parameters is not None:
                look = _apply_sgr(look, parameters)
            elif shift is not None:
                drawing = shift == "\x0e"
            elif character == "\t":  # tmux 3.6 remembers that they were not blanks; to a user they are
                width = sum(_columns(cell.text) for cell in cells)
                cells += [_seen(" ", look)] * (_TAB_COLUMNS - width % _TAB_COLUMNS)
            elif character is not None:
                if cells and _joins_the_one_before(character):
                    cells[-1] = Cell(cells[-1].text + character, cells[-1].look)
                else:
                    shape = _LINE_DRAWING.get(character, character) if drawing else character
                    cells.append(_seen(shape, look))
        while cells and cells[-1] == _BLANK:
            cells.pop()
        rows.append(tuple(cells))
    return tuple(rows)


def _joins_the_one_before(character: str) -> bool:
    return bool(unicodedata.combining(character)) or character in "\u200d\ufe0e\ufe0f"


def _columns(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character[0]) in "WF" else 1


def _seen(character: str, look: Look) -> Cell:
    """Return the cell that a user sees: the colour and weight of a blank without any ink are no difference."""
    if character != " " or look.underline or look.flags & _VISIBLE_ON_A_BLANK:
        return Cell(character, look)
    return Cell(character, Look(bg=look.bg))


_BLANK = Cell(" ", Look())


def _apply_sgr(look: Look, parameters: str) -> Look:
    """Return `look` after one SGR sequence of those that tmux writes."""
    words = parameters.split(";")
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        number, *parts = word.split(":")
        code = int(number or 0)
        if code in (38, 48, 58):
            if not parts:  # the semicolon form: its parts are the next parameters
                length = 2 if words[at] == "5" else 4
                parts = words[at : at + length]
                at += length
            look = _with_color(look, code, _color(parts))
        elif code == 0:
            look = Look()
        elif code == 4:
            look = look._replace(underline="" if parts == ["0"] else parts[0] if parts else "1")
        elif code == 24:
            look = look._replace(underline="")
        elif code in _FLAGS:
            look = look._replace(flags=look.flags | {_FLAGS[code]})
        elif code in _FLAGS_OFF:
            look = look._replace(flags=look.flags - frozenset(_FLAGS_OFF[code]))
        elif code in (39, 49, 59):
            look = _with_color(look, code - 1, "")
        else:
            for first, offset, ground in ((30, 0, 38), (90, 8, 38), (40, 0, 48), (100, 8, 48)):
                if first <= code < first + 8:
                    look = _with_color(look, ground, str(code - first + offset))
    return look


def _with_color(look: Look, ground: int, color: str) -> Look:
    if ground == 38:
        return look._replace(fg=color)
    return look._replace(bg=color) if ground == 48 else look._replace(underline_color=color)


def _color(parts: Sequence[str]) -> str:
    if parts[0] == "5":
        return parts[1]
    red, green, blue = (int(part) for part in parts[-3:])
    return f"#{red:02x}{green:02x}{blue:02x}"
