"""A user's session with what is installed: `python3 -m tests.matrix.session [OPTIONS]`, in a root, as its user.

An sshd listens on the host, localhost if none is named. In a terminal of 80 columns and 24 rows the user runs mosh,
answers ssh's question about the host, sees what they type and its colours, changes address where somebody (sessions.py)
helps, and leaves. Says on stdout what it saw.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.support.programs import wait_until
from tests.support.tmux import Cell, Look, Pane, Tmux

# Written apart in the command, so that what is found on the screen is the output and not the line typed.
COMMAND: Final = (
    r"printf '\033[31m%s\033[m \033[1;38;5;75m%s\033[m \033[38;2;1;2;3m%s\033[m \033[44m%s\033[m %s\n'"
    " r''ed bl''ue tr''ue ba''ck wörld''-日本"
)
SEEN: Final = {
    "red": Look(fg="1"),
    "blue": Look(fg="75", flags=frozenset({"bold"})),
    "true": Look(fg="#010203"),
    "back": Look(bg="4"),
    "wörld-日本": Look(),
}


def words_of(row: tuple[Cell, ...]) -> dict[str, Look]:
    """Return the words of a row with the look that all of their cells share."""
    words: dict[str, Look] = {}
    text, looks = "", set[Look]()
    for cell in (*row, Cell(" ", Look())):
        if cell.text != " ":
            text, looks = text + cell.text, looks | {cell.look}
            continue
        if len(looks) == 1:
            words[text] = looks.pop()
        text, looks = "", set()
    return words


def shows_colours(pane: Pane) -> bool:
    """Whether one row holds all that the command prints, each word as it was coloured."""
    return any(words_of(row) == SEEN for row in pane.picture().rows)


def session(tmux: Tmux, home: Path, given: argparse.Namespace) -> None:
    """Have it; raises AssertionError with the screen where it goes otherwise than it should."""
    environment = {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PATH": ":".join([*given.path, "/usr/local/bin:/usr/bin:/bin"]),
        "SHELL": "/bin/bash",
        "TERM": "tmux-256color",
        "USER": os.environ["USER"],
    }
    words = ["mosh", *given.option, f"{os.environ['USER']}@{given.host}"]
    pane = tmux.open_pane(words, environment=environment, directory=home)
    pane.wait_for("continue connecting")
    pane.type("yes")
    pane.press("Enter")
    pane.wait_for("$")
    pane.type("echo to''gether")
    pane.wait_for("echo to''gether")
    print("echo: seen")
    pane.press("Enter")
    pane.wait_for("together")
    pane.type("test -t 0 && stty size; tput colors; echo do''ne")
    pane.press("Enter")
    pane.wait_for("done")
    assert {"24 80", "256"} <= set(pane.text()), pane.text()
    print("size and terminfo: 24 80, 256 colours")
    pane.type(COMMAND)
    pane.press("Enter")
    wait_until(lambda: shows_colours(pane), lambda: f"{[words_of(row) for row in pane.picture().rows]}")
    print("colours: as printed")
    if given.roam:
        (given.roam / "wanted").touch()
        wait_until((given.roam / "done").exists, "nobody changed our address")
        pane.type("echo st''ill")
        pane.press("Enter")
        pane.wait_for("still")
        print("another address: still there")
    pane.type("exit")
    pane.press("Enter")
    assert pane.wait_for_end() == 0, pane.text()
    assert any(map(pane.shows, ("[mosh: session of ", "[mosh is exiting.]"))), pane.text()  # the latter: upstream's
    assert pane.left_the_tty_as_it_was
    print("end: exit status 0, tty as before")


def may_log_in(home: Path) -> None:
    """Give the user a key, and its public half the right to log in as the user."""
    keys = home / ".ssh"
    keys.mkdir(mode=0o700)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(keys / "id_ed25519")], check=True)
    shutil.copyfile(keys / "id_ed25519.pub", keys / "authorized_keys")


def tidy_up(home: Path) -> None:
    """Leave no trace of the session in the user's home; the server's own record of it must be gone already."""
    shutil.rmtree(home / ".ssh", ignore_errors=True)
    (home / ".bash_history").unlink(missing_ok=True)
    registry = home / ".local" / "state" / "mosh-py"  # in it, a folder for each machine that shares this home
    wait_until(lambda: not list(registry.glob("*/*")), lambda: f"the server left {list(registry.glob('*/*'))}")
    for machine in registry.glob("*"):
        os.removedirs(machine)


def main(arguments: Sequence[str]) -> int:
    """Have the session; with a host of this root alone, from the making of a key to the tidying up."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.matrix.session")
    parser.add_argument("--host", default="localhost", help="another one than localhost lets the user in already")
    parser.add_argument("--path", action="append", default=[], help="a folder to be in front of PATH")
    parser.add_argument("--option", action="append", default=[], help="an option for mosh")
    parser.add_argument("--roam", type=Path, help="a folder: 'wanted' appears in it, then 'done' is waited for")
    given = parser.parse_args(arguments)
    home = Path(os.environ["HOME"])
    alone = given.host == "localhost"
    if alone:
        may_log_in(home)
    with Tmux() as tmux:
        session(tmux, home, given)
    if alone:
        tidy_up(home)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
