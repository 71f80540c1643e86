"""What was forked differs in nothing that it, or who looks at it, could see from what was started for real."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from tests.bad_input.rig import KEY_TEXT, WireClient
from tests.support import forked
from tests.support.programs import OURS, clean_environment, start_server
from tests.support.user_terminal import Start, UserTerminal, started, started_for_real

pytestmark = [pytest.mark.system, pytest.mark.requires_linux]

_STATUS = ("Umask", "SigBlk", "SigCgt", "NoNewPrivs", "Seccomp")
_ORDINARY_SIGNALS = 0x7FFF_FFFF  # the next two are the C library's own, and posix_spawn leaves them ignored
_PRIVATE: dict[str, Callable[[Path], object]] = {  # what only root may look at, once a client is confined
    "environment": lambda process: {each for each in (process / "environ").read_bytes().split(b"\0") if each},
    "folder": lambda process: os.readlink(process / "cwd"),
}


def _descriptors(process: Path, *, but: Sequence[str] = ()) -> Counter[str]:
    """What kinds of files it has open."""
    numbers = [each for each in os.listdir(process / "fd") if os.path.lexists(process / "fd" / each)]
    return Counter(_kind(process / "fd" / each) for each in numbers) - Counter(but)


def _kind(descriptor: Path) -> str:
    return os.readlink(descriptor).partition("[")[0].rstrip("0123456789")


def _handed_on() -> list[str]:
    """What any program has open from whoever runs the tests, unless it is closed when that starts."""
    ours = Path("/proc/self/fd")
    numbers = [int(each) for each in os.listdir(ours) if os.path.lexists(ours / each)]
    return [_kind(ours / str(fd)) for fd in numbers if fd > 2 and os.get_inheritable(fd)]


# What a program in a session finds; its own ids are not among that.
_REPORT = """
{ env | sort; umask; ulimit -a; pwd; tty | tr -d 0-9
grep "^Sig[BCI]" /proc/self/status; ls /proc/self/fd; } >report.part
mv report.part report
exec cat
"""


@pytest.fixture(scope="module")
def looks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """A client's process, forked and not."""
    home = tmp_path_factory.mktemp("home")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        return _look_at_client(port, home, started), _look_at_client(port, home, started_for_real)


def _look_at_client(port: int, home: Path, start: Start) -> Mapping[str, object]:
    environment = clean_environment(home, MOSH_KEY=KEY_TEXT, GRÜSSE="schön")
    words = [*OURS.client, "127.0.0.1", str(port)]
    with UserTerminal(words, environment=environment, directory=str(home), start=start) as terminal:
        terminal.wait_for("Nothing received from server")
        process = Path(f"/proc/{terminal.pid}")
        state, parent, group, session, tty, foreground = (process / "stat").read_text().rpartition(")")[2].split()[:6]
        status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines() if ":\t" in line)
        look: dict[str, object] = {
            "state": state in "SRD",
            "name": (process / "comm").read_text(),
            "words": (process / "cmdline").read_bytes().rstrip(b"\0").split(b"\0"),
            "parent": int(parent) == os.getpid(),
            "leads": {int(group), int(session), int(foreground)} == {terminal.pid} and tty != "0",
            **{name: status[name] for name in _STATUS},
            "ignored signals": int(status["SigIgn"], 16) & _ORDINARY_SIGNALS,
            "modes": terminal.settings(),
        }
        if not os.getuid():
            look |= {name: read(process) for name, read in _PRIVATE.items()}
            look["descriptors"] = _descriptors(process, but=_handed_on() if start is started_for_real else ())
        terminal.type("\x1e.")
        return look | {"end": terminal.wait_for_end(), "last words": terminal.text().count("[mosh: session of ")}


def test_a_forked_client_looks_like_one_that_was_started(
    looks: tuple[Mapping[str, object], Mapping[str, object]],
) -> None:
    by_fork, for_real = looks
    assert by_fork == for_real
    assert (by_fork["parent"], by_fork["leads"]) == (True, True)


def test_a_program_finds_in_a_forked_servers_session_what_it_finds_in_others(tmp_path: Path) -> None:
    assert _report(tmp_path, for_real=False) == _report(tmp_path, for_real=True)


def _report(home: Path, *, for_real: bool) -> list[str]:
    environment = clean_environment(home, TZ="Asia/Tokyo", MOSH_SERVER_NETWORK_TMOUT="60")
    report = home / "report"
    server = start_server(OURS, ("sh", "-c", _REPORT), environment=environment, directory=home, for_real=for_real)
    client = WireClient(server.port, server.key, [server.process])
    try:
        client.wait_until(report.exists, "no report")
        text = report.read_text()
        parent = server.process.parent
        report.unlink()
    finally:
        client.close()
        server.end()
    return [
        *(line for line in text.splitlines() if not line.startswith("MOSH_SESSION")),
        f"of us: {parent == os.getpid()}",
    ]


def test_what_is_said_and_how_it_ends_is_as_if_started(tmp_path: Path) -> None:
    said = []
    for run in (forked.run, _run_for_real):
        for words in (["--help"], ["--version"], ["new", "-p", "none"], ["attach", "\udcff ä"]):
            done = run([*OURS.server, *words], env=clean_environment(tmp_path), cwd=tmp_path, timeout=60)
            said.append((done.returncode, done.stdout, done.stderr))
    assert said[: len(said) // 2] == said[len(said) // 2 :]


def _run_for_real(words: list[str], **named: object) -> subprocess.CompletedProcess[bytes]:
    return forked.run(words, for_real=True, **named)  # type: ignore[arg-type]  # as they come


@pytest.mark.parametrize(
    ("words", "variables"),
    [
        ((*OURS.client[:3], "-c", "pass"), {}),
        ((*OURS.client[:3], "-m", "mosh_common"), {}),
        ((sys.executable, "-P", "-m", "mosh_client"), {}),  # where are its packages?
        (("ip", "netns", "exec", "one", *OURS.client), {}),
        (OURS.client, {"PYTHONDEVMODE": "1"}),
        (OURS.client, {"LC_ALL": "de_DE.UTF-8"}),
        (OURS.client, {"LONG": "x" * 30_000}),
        ((*OURS.client, "x" * 5_000), {}),
    ],
    ids=str,
)
def test_what_would_not_be_the_same_is_not_forked(words: tuple[str, ...], variables: dict[str, str]) -> None:
    assert forked.program_of(words, clean_environment(Path("/"), **variables)) is None
