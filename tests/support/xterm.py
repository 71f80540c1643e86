"""A real xterm on an X server without a screen to look at: what it holds it prints to a file when a key tells it to.

Knows nothing of mosh.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.programs import PATIENCE_S, clean_environment, wait_until

PROGRAMS = ("xterm", "Xvfb", "xdotool")

# Not a sequence on the terminal: where xterm has not read for a while, that would come amid what a program is writing.
_PRINTS_EVERYTHING = "F12"
_PAPER_S = 60  # for some thousand rows, a character at a time, on a busy machine
_UNPRINTED = {0x0C: None, 0xFFFF: None}  # what xterm puts between pages, and for the right halves of wide characters


class Xterm:
    """One xterm and its X server; `words` run in it."""

    def __init__(
        self,
        folder: Path,
        words: Sequence[str],
        *,
        environment: Mapping[str, str],
        directory: Path | None = None,
        columns: int,
        lines: int,
    ) -> None:
        self._paper = folder / "paper"
        self._tty = folder / "tty"
        reading, writing = os.pipe()
        # -r: no key repeats itself while xdotool stands still between its press and its release.
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1000x900x24", "-nolisten", "tcp", "-r"],
            pass_fds=[writing],
            stderr=subprocess.DEVNULL,
        )
        os.close(writing)
        with open(reading) as numbers:
            self._display = f":{numbers.readline().strip()}"
        resources = [
            f"printerCommand: cat >'{self._paper}.part' && mv '{self._paper}.part' '{self._paper}'",
            f"VT100.translations: #override <KeyPress>{_PRINTS_EVERYTHING}: print-everything()",
            *("printAttributes: 0", "saveLines: 50000", "allowWindowOps: true"),
        ]
        self._process = subprocess.Popen(
            [
                *("xterm", "-u8", "-tn", "xterm-256color", "-geometry", f"{columns}x{lines}", "-fn", "fixed"),
                *(word for line in resources for word in ("-xrm", f"XTerm*{line}")),
                *("-e", "sh", "-c", 'tty >"$0.part"; mv "$0.part" "$0"; "$@"; exec sleep 100', str(self._tty), *words),
            ],
            env=clean_environment(folder, DISPLAY=self._display) | dict(environment),
            cwd=directory,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._tty.exists, "xterm runs nothing")
        self._do("search", "--sync", "--onlyvisible", "--class", "XTerm")  # no key reaches it before

    def write(self, octets: bytes) -> None:
        """Let the terminal read octets, as if its program had written them."""
        terminal = os.open(self._tty.read_text().strip(), os.O_WRONLY | os.O_NOCTTY)
        os.write(terminal, octets)
        os.close(terminal)

    def resize(self, columns: int, lines: int) -> None:
        """Give the window another size."""
        self.write(b"\x1b[8;%d;%dt" % (lines, columns))

    def press(self, *keys: str) -> None:
        """Press keys by the names that X has for them (`a`, `Return`, `ctrl+d`), with xdotool."""
        # Without a window manager the keys go to the window that the pointer is in.
        self._do("mousemove", "50", "50", "key", "--delay", "20", *keys)

    def _do(self, *words: str) -> None:
        subprocess.run(
            ["xdotool", *words],
            stdout=subprocess.DEVNULL,
            env=clean_environment(self._paper.parent, DISPLAY=self._display),
            timeout=_PAPER_S,
            check=True,
        )

    def all_rows(self) -> list[str]:
        """Return its scrollback and its screen, without blanks at the ends of rows and rows."""
        self._paper.unlink(missing_ok=True)
        self.press(_PRINTS_EVERYTHING)
        wait_until(self._paper.exists, "xterm printed nothing", timeout_s=_PAPER_S)
        text = self._paper.read_text(errors="replace").translate(_UNPRINTED)
        return [row.rstrip() for row in text.rstrip().split("\n")]

    def close(self) -> None:
        """End both."""
        for process in (self._process, self._server):
            process.terminate()
            process.wait(PATIENCE_S)

    def __enter__(self) -> Xterm:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
