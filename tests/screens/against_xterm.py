"""Hold the cases against a real xterm: what each one leaves on the screen, and where the cursor is.

    python -m tests.screens.against_xterm            # all of them, some minutes
    python -m tests.screens.against_xterm wide DECSC # those with one of these words

Run by hand where xterm and Xvfb are installed. Says which cases differ without saying so (`differs from xterm`), and
which say so and do not. Each runs in an xterm of its own, which prints its screen at the end (media copy). Renditions,
modes and the mark of a wrap cannot be read back that way.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import tempfile
import time
import tty
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from tests.screens.reader import Case, Check, Feed, octets_of
from tests.screens.test_cases import CASES
from tests.support.programs import REPOSITORY

AT_ONCE: Final = 4  # most of the time an xterm waits for its X server
LONGEST: Final = 2000  # octets of output; for longer ones the terminal's queue is too short
PATIENCE_S: Final = 30
INSIDE: Final = "--inside"  # how the script calls itself in the xterm

# What would be compared wrongly, by the case's name.
NOT_COMPARED: Final = {
    "8 invisible": "xterm prints invisible text as blanks",
    "what programs set of keys and printers is skipped, and keeps a pending wrap": "it switches the printer on",
    "DECRQSS of what was set": "DECSCL brings 8-bit answers",
}
_ORIGIN_MODE: Final = b"\x1b[?6h"  # in it the cursor is reported from the margins

_RESOURCES: Final = (
    "decTerminalID: 525",  # with all that it can do
    "printerAutoClose: true", "printAttributes: 0", "scrollBar: false", "allowWindowOps: true", "disallowedWindowOps:",
)  # fmt: skip
_CURSOR: Final = re.compile(rb"\x1b\[(\d+);(\d+)R\Z")
_PRINTED_CONTROLS: Final = re.compile("\x1b[^a-zA-Z]*[a-zA-Z]|[\r\f\x0e\x0f]")


class Seen(NamedTuple):
    """What xterm shows."""

    rows: list[str]
    cursor: str


# --- inside the xterm


def write_and_ask(output: Path, replies: Path) -> None:
    """Write a case's output, ask where the cursor is, and have the screen printed."""
    tty.setraw(0)
    os.write(1, output.read_bytes())
    replies.write_bytes(_answer(b"\x1b[6n", _CURSOR))
    _answer(b"\x1b[?19h\x1b[i\x1b[5n", re.compile(rb"\x1b\[0n\Z"))  # DECPEX: all of the screen; MC; and wait for it


def _answer(question: bytes, end: re.Pattern[bytes]) -> bytes:
    os.write(1, question)
    answer, deadline = b"", time.monotonic() + PATIENCE_S / 3
    while not end.search(answer) and time.monotonic() < deadline:
        if select.select([0], [], [], 0.5)[0]:
            answer += os.read(0, 4096)
    return answer


# --- outside


@contextmanager
def x_server() -> Iterator[str]:
    """Run an Xvfb; yield its display."""
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x1024x24"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as said:
            yield f":{said.readline().strip()}"
    finally:
        server.terminate()
        server.wait()


def shown_by_xterm(case: Case, display: str) -> Seen | None:
    """Run a case in an xterm; None if it did not print its screen."""
    columns, lines = case.size
    with tempfile.TemporaryDirectory() as folder:
        output, replies, printed = (Path(folder) / name for name in ("output", "replies", "printed"))
        output.write_bytes(output_of(case))
        resources = [*_RESOURCES, f"printerCommand: cat > {printed}"]
        words = [word for resource in resources for word in ("-xrm", f"XTerm*{resource}")]
        command = [sys.executable, "-m", "tests.screens.against_xterm", INSIDE, str(output), str(replies)]
        folders = [str(REPOSITORY / name) for name in ("", "bootstrap", "client", "common", "server")]
        environment = {**os.environ, "DISPLAY": display, "LC_ALL": "C.UTF-8", "PYTHONPATH": os.pathsep.join(folders)}
        subprocess.run(
            ["xterm", "-u8", "-geometry", f"{columns}x{lines}", *words, "-e", *command],
            env=environment,
            timeout=PATIENCE_S,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        deadline = time.monotonic() + 1  # for the printer's `cat`
        while not (printed.exists() and printed.read_bytes()) and time.monotonic() < deadline:
            time.sleep(0.05)
        cursor = _CURSOR.search(replies.read_bytes()) if replies.exists() else None
        if not printed.exists() or cursor is None:
            return None
        rows = [plain(row) for row in _PRINTED_CONTROLS.sub("", printed.read_text(errors="replace")).split("\n")]
        return Seen([*rows, *[""] * lines][:lines], f"{int(cursor[1])} {int(cursor[2])}")


def output_of(case: Case) -> bytes:
    return b"".join(step.data for step in case.steps if isinstance(step, Feed))


def plain(row: str) -> str:
    """Return a row's text as far as it can be compared: xterm prints U+FFFF for the right half of a wide character."""
    return unicodedata.normalize("NFC", row.replace("\uffff", "").replace("\u00a0", " ")).rstrip()


def expected(case: Case) -> Seen:
    """Return what the last check says."""
    check = case.steps[-1]
    assert isinstance(check, Check)
    rows = [plain(octets_of(check.expected[f"row {row + 1}"][1:-1]).decode()) for row in range(case.size[1])]
    return Seen(rows, check.expected["cursor"].removesuffix(" pending"))


def verdict(case: Case, display: str) -> str:
    """Return what is to be said of a case; "" if xterm does as it says."""
    try:
        seen = shown_by_xterm(case, display)
    except subprocess.TimeoutExpired:
        seen = None
    if seen is None:
        return f"{case.place}: {case.name}: not compared, xterm did not print"
    wanted = expected(case)
    if _ORIGIN_MODE in output_of(case):
        seen = seen._replace(cursor=wanted.cursor)
    if (seen == wanted) != any(each.startswith("from xterm") for each in case.differs):
        return ""
    if seen == wanted:
        return f"{case.place}: {case.name}: xterm does not differ"
    return (
        f"{case.place}: {case.name}\n    expected {wanted.rows} {wanted.cursor}\n    xterm    {seen.rows} {seen.cursor}"
    )


def main(words: list[str]) -> None:
    """Compare the cases with one of `words`, or all."""
    cases = [
        case
        for case in CASES
        if not case.reads_frames
        and case.name not in NOT_COMPARED
        and all(isinstance(step, Feed | Check) for step in case.steps)
        and len(output_of(case)) <= LONGEST
        and (not words or any(word in f"{case.place} {case.name} {case.sources}" for word in words))
    ]
    with x_server() as display, ThreadPoolExecutor(AT_ONCE) as pool:
        said = [each for each in pool.map(lambda case: verdict(case, display), cases) if each]
    print(*said, f"{len(cases)} cases, {len(said)} to look at", sep="\n")


if __name__ == "__main__":
    if sys.argv[1:2] == [INSIDE]:
        write_and_ask(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main(sys.argv[1:])
