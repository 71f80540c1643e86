"""A real xterm is left as it was found: what it has on from the start, what its user has configured, nothing unread."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.programs import (
    OURS,
    PATIENCE_S,
    clean_environment,
    missing_programs,
    wait_until,
    write_launcher,
)
from tests.support.user_terminal import mosh_words, source_environment
from tests.support.xterm import PROGRAMS

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.requires_linux,
    pytest.mark.skipif(bool(missing_programs(PROGRAMS)), reason="xterm, Xvfb or xdotool is missing"),
]

# Runs in the xterm: asks it, runs our client, asks again, and reads what nobody has read.
INSIDE = r"""
import json, os, re, select, subprocess, sys, termios, tty

def read(end):
    data = b""
    while not re.search(end, data) and select.select([0], [], [], 60)[0]:
        data += os.read(0, 4096)
    return data.decode("latin-1")

def state():
    # Primary device attributes last: everything answers them.
    os.write(1, b"".join(b"\x1b[?%d$p" % mode for mode in MODES) + b"\x1bP$q q\x1b\\\x1b[c")
    answer = read(rb"\x1b\[\?[0-9;]*c$")
    found = {mode: value for mode, value in re.findall(r"\x1b\[\?(\d+);(\d)\$y", answer)}
    return found | {"shape": re.findall(r"\x1bP1\$r(\d) q", answer)}

MODES = (1, 5, 7, 25, 1000, 1004, 1007, 2004)
path, before, words = sys.argv[1], sys.argv[2], sys.argv[3:]
os.write(1, before.encode().decode("unicode_escape").encode())
settings = termios.tcgetattr(0)
tty.setcbreak(0)
first = state()
termios.tcsetattr(0, termios.TCSANOW, settings)
code = subprocess.run(words).returncode
tty.setcbreak(0)
os.write(1, b"\x1b[5n")  # whatever has not been read comes before this answer, which nobody else asks for
unread = read(rb"\x1b\[0n$").removesuffix("\x1b[0n")
with open(path + ".new", "w") as file:
    json.dump({"before": first, "code": code, "unread": unread, "after": state()}, file)
os.rename(path + ".new", path)
"""


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """An X server without a screen to look at."""
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "800x600x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with open(reading) as numbers:
            number = numbers.readline().strip()
        if not number:
            pytest.skip("Xvfb does not start here")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(PATIENCE_S)


def session_in_xterm(
    display: str, folder: Path, *commands: str, resources: tuple[str, ...] = (), before: str = ""
) -> dict[str, Any]:
    """Run commands in a session within an xterm, each when it shows the one before; return what it said around that.

    So the session is not over before the xterm has answered: its client does not wait for a slow one.
    """
    (folder / "inside.py").write_text(INSIDE)
    server = write_launcher(folder / "mosh-server", OURS.server)
    script = "".join(
        f"{command}\nprintf '\\033]0;shown {number}\\007'; until test -e {folder}/shown{number}; do sleep 0.05; done\n"
        for number, command in enumerate(commands)
    )
    words = mosh_words("--local", f"--server={server}", "127.0.0.1", "--", "sh", "-c", script)
    environment = clean_environment(folder, DISPLAY=display)
    with (folder / "errors").open("w") as errors:
        xterm = subprocess.Popen(
            [
                *("xterm", "-u8", "-tn", "xterm-256color", *(word for line in resources for word in ("-xrm", line))),
                *("-e", words[0], str(folder / "inside.py"), str(folder / "said"), before, *words),
            ],
            env=environment | source_environment(),
            stderr=errors,
        )
    try:
        for number in range(len(commands)):
            search = ["xdotool", "search", "--sync", "--name", f"shown {number}"]
            subprocess.run(search, env=environment, stdout=subprocess.DEVNULL, timeout=60, check=True)
            (folder / f"shown{number}").touch()
        wait_until(
            (folder / "said").exists, lambda: f"nothing was said: {(folder / 'errors').read_text()}", timeout_s=60
        )
        said: dict[str, Any] = json.loads((folder / "said").read_text())
    finally:
        xterm.terminate()
        xterm.wait(PATIENCE_S)
    assert said["code"] == 0
    assert said["unread"] == ""
    return said


SCROLLS = "XTerm*alternateScroll: true"
UNDERLINE = "XTerm*cursorUnderLine: true"


@pytest.mark.parametrize("resources", [(), (SCROLLS,), (UNDERLINE,), (SCROLLS, UNDERLINE)])
def test_a_session_that_asks_for_nothing_leaves_everything_as_it_was(
    display: str, tmp_path: Path, resources: tuple[str, ...]
) -> None:
    said = session_in_xterm(display, tmp_path, "true", resources=resources)
    assert said["before"]["1007"] == ("1" if SCROLLS in resources else "2")
    assert said["after"] == said["before"]


@pytest.mark.parametrize("resources", [(), (SCROLLS, UNDERLINE)])
@pytest.mark.parametrize("after", ["true", r"printf '\033[?1007l\033[ q\033[?2004l\033[?1004l'"])
def test_what_programs_have_changed_goes_back_to_what_it_was(
    display: str, tmp_path: Path, resources: tuple[str, ...], after: str
) -> None:
    command = r"printf '\033[?1007h\033[5 q\033[?2004h\033[?1004h\033[?5h\033[?1000h'"
    said = session_in_xterm(display, tmp_path, command, after, resources=resources)
    assert said["after"] == said["before"]


def test_modes_that_were_on_before_are_on_again(display: str, tmp_path: Path) -> None:
    said = session_in_xterm(display, tmp_path, "true", before=r"\x1b[?1h\x1b[?5h\x1b[?7l\x1b[?1004h\x1b[?2004h\x1b[6 q")
    assert [said["before"][mode] for mode in ("1", "5", "7", "1004", "2004")] == ["1", "1", "2", "1", "1"]
    assert said["before"]["shape"] == ["6"]
    assert said["after"] == said["before"]
