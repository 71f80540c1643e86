"""What the doctor says: a mark, a name and a sentence for each thing, a verdict, or all of it as JSON.

Knows nothing of what is examined. Lines appear as they are found, since a login takes its time.
"""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, TextIO

from mosh_common.character_set import is_utf8
from mosh_common.version import VERSION

_NAME_COLUMNS: Final = 12
_DEFAULT_COLUMNS: Final = 80
_FEWEST_COLUMNS: Final = 40  # in fewer, a sentence beside its name would be a column of single words
_GREEN, _RED, _PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[m"
_ERASED: Final = "\r\x1b[K"


class Finding(NamedTuple):
    """One thing that was looked at."""

    name: str
    works: bool
    text: str  # what it is, or what to do; maybe of others' words


def fault(name: str, text: str) -> Finding:
    """Return a finding that is not well. `text`: a sentence that says what to do; docs/troubleshooting.md has each."""
    return Finding(name, False, text)


class Report:
    """For one examination."""

    def __init__(self, environ: Mapping[str, str], *, as_json: bool, output: TextIO | None = None) -> None:
        """Write to `output` (standard output), as `environ` says that the user reads."""
        self.findings: list[Finding] = []
        self.path: dict[str, Any] = {}  # what was measured, for JSON
        self._as_json = as_json
        self._output: TextIO | None = output or sys.stdout  # None: closed by whoever started us, or broken
        self._is_terminal = self._output is not None and self._output.isatty()
        self._marks = ("✓", "✗") if is_utf8(environ) else ("ok", "!!")
        self._colors = self._is_terminal and not environ.get("NO_COLOR") and environ.get("TERM", "dumb") != "dumb"
        self._waiting = False

    def add(self, finding: Finding) -> None:
        """Say what was found."""
        # SECURITY: some of the words are a server's or a program's. test_nothing_but_text_reaches_the_terminal
        text = "".join([char if char.isprintable() else "?" for char in finding.text])
        self.findings.append(finding._replace(text=text))
        if self._as_json:
            return
        mark = self._marks[0 if finding.works else 1]
        indent = " " * (len(mark) + 1 + _NAME_COLUMNS)
        lines = [text]
        if self._is_terminal:
            lines = textwrap.wrap(text, max(self._columns() - 1, _FEWEST_COLUMNS) - len(indent)) or [""]
        if self._colors:
            mark = (_GREEN if finding.works else _RED) + mark + _PLAIN
        self._write(f"{mark} {finding.name.ljust(_NAME_COLUMNS)}" + f"\n{indent}".join(lines) + "\n")

    def waiting(self, text: str) -> None:
        """Say on a terminal what is waited for, until the next finding."""
        if self._is_terminal and not self._as_json:
            self._write(text[: self._columns() - 1])
            self._waiting = True

    def break_line(self) -> None:
        """Say that something of somebody else's stands on the terminal and did not end its line."""
        if self._is_terminal and not self._as_json:
            self._write("\n")

    def interrupted(self) -> None:
        """Take away what is waited for: nobody waits any more."""
        if self._waiting:
            self._write("")

    def conclude(self, host: str) -> int:
        """Say the verdict; return the exit code."""
        wrong = [finding for finding in self.findings if not finding.works]
        if self._as_json:
            import json

            found = [finding._asdict() for finding in self.findings]
            told: dict[str, Any] = {"mosh": VERSION, "host": host or None, "well": not wrong, "findings": found}
            if self.path:
                told["path"] = self.path
            self._write(json.dumps(told, indent=2) + "\n")
        elif not wrong:
            self._write(f"All is well: sessions with {host} work.\n" if host else "All is well on this machine.\n")
        elif len(wrong) == 1:
            self._write(f"Not well: the line marked {self._marks[1]} says what to do.\n")
        else:
            self._write(f"Not well: {len(wrong)} lines marked {self._marks[1]} say what to do; begin with the first.\n")
        return 1 if wrong else 0

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._output.fileno() if self._output else -1).columns or _DEFAULT_COLUMNS
        except (OSError, ValueError):
            return _DEFAULT_COLUMNS

    def _write(self, text: str) -> None:
        erased, self._waiting = _ERASED if self._waiting else "", False
        if self._output is None:
            return
        try:
            self._output.write(erased + text)
            self._output.flush()
        except OSError:  # nobody reads any more; the exit code tells
            # Python would try once more when it ends, and complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._output.fileno())
            self._output = None
