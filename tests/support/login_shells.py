"""The shells that an account may have here, and words that one of them or another reads as something else."""

from __future__ import annotations

import os
import shutil
from typing import Final, NamedTuple

import pytest

# For a shell to run a line: xonsh takes 5 s of processor time to start, and beside others that do something over 20 s.
SHELL_S: Final = 90


class LoginShell(NamedTuple):
    """A shell that takes `-c STRING`, as sshd calls it."""

    name: str
    path: str  # or its name, where PATH finds it
    package: str  # Debian's

    def found(self) -> str:
        """Return the path of its program; skip the test where there is none."""
        path = shutil.which(self.path)
        if path is None:
            pytest.skip(f"not installed here: {self.name} (Debian's package {self.package})")
        return path


LOGIN_SHELLS: Final = (
    LoginShell("sh", "/bin/sh", "dash"),
    LoginShell("bash", "bash", "bash"),
    LoginShell("dash", "dash", "dash"),
    LoginShell("ash", "busybox", "busybox"),
    LoginShell("ksh93", "ksh93", "ksh93u+m"),
    LoginShell("mksh", "mksh", "mksh"),
    LoginShell("zsh", "zsh", "zsh"),
    LoginShell("yash", "yash", "yash"),
    LoginShell("posh", "posh", "posh"),
    LoginShell("sash", "sash", "sash"),
    LoginShell("fish", "fish", "fish"),
    LoginShell("csh", "bsd-csh", "csh"),
    LoginShell("tcsh", "tcsh", "tcsh"),
    LoginShell("rc", "rc.byron", "rc"),
    LoginShell("Plan 9's rc", "/usr/lib/plan9/bin/rc", "9base"),
    LoginShell("elvish", "elvish", "elvish"),
    LoginShell("xonsh", "xonsh", "xonsh"),
)

# As Python has them on a command line: octets that are no UTF-8 are surrogates.
ODD_WORDS: Final = (
    "",
    " ",
    " a  b ",
    "a\tb",
    "a\nb",
    "a\n\nb\n",
    "g!h",
    "!",
    "!!",
    "it's",
    "''",
    'say "yes"',
    "\\",
    "C:\\temp\\",
    "\\n\\044",
    "a\\\nb",
    "$HOME",
    "${HOME}",
    "$",
    "$1 $* $@",
    "`id`",
    "$(id)",
    "*",
    "/*",
    "?[a-z]",
    "~",
    "~root",
    "%self",
    "100%",
    "%s%n",
    "#",
    "a#b",
    "^a^b",
    "{a,b}",
    "{}",
    "(x)",
    "a;b",
    "&",
    "&&",
    "|",
    "<a",
    ">a",
    "=",
    "=ls",
    "A=1",
    "-x",
    "--",
    "@",
    "@(a)",
    "a@b",
    "+",
    "[",
    ",",
    ":",
    "and",
    "or",
    "not",
    "if",
    "in",
    "end",
    "\x01\x1b[m\x7f",
    "naïve 東京",
    os.fsdecode(b"\xff\xfe \xc3"),
    "x" * 8192,
    "'\\!" * 1000,
)
