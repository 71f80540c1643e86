"""`mosh-client --doctor` says what is missing; `--probe` is a process that ends the session it has measured."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.programs import SOURCE_FOLDERS

from mosh_client import doctor
from mosh_common import examination
from mosh_common.protocol import SHUTDOWN_NUMBER
from mosh_common.wire import datagram
from mosh_common.wire.fragment import Fragment
from mosh_common.wire.instruction import Instruction
from mosh_common.wire.key import Key
from mosh_common.wire.ocb import Ocb

KEY = Key.generate(bytes(range(16))).text
ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(SOURCE_FOLDERS)}
PROBE = [sys.executable, "-P", "-m", "mosh_client", "--probe"]


def test_a_package_that_is_missing_is_named_with_the_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "find_spec", lambda name: None if name == "pyte" else object())
    monkeypatch.setattr(doctor, "confinement", type("None", (), {"lines": staticmethod(list)}))
    (line,) = [line for line in doctor.lines() if line.startswith("Python packages: ")]
    assert line == (
        f"Python packages: missing: {sys.executable} lacks the package pyte, which mosh-client needs; install it, or"
        " name another Python in MOSH_PYTHON."
    )


@pytest.mark.system
@pytest.mark.parametrize(
    ("words", "environment", "sentence"),
    [
        (["127.0.0.1"], {"MOSH_KEY": KEY}, "wants an IP address and a port"),
        ([], {"MOSH_KEY": KEY}, "wants an IP address and a port"),
        (["127.0.0.1", "1"], {}, "MOSH_KEY is not set"),
        (["127.0.0.1", "1"], {"MOSH_KEY": "short"}, "MOSH_KEY is not a session key"),
        (["example.org", "1"], {"MOSH_KEY": KEY}, "is not a numeric IP address"),
    ],
)
def test_a_probe_that_cannot_begin_says_why(words: list[str], environment: dict[str, str], sentence: str) -> None:
    done = subprocess.run(
        [*PROBE, *words], env=ENVIRONMENT | environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.system
def test_a_probe_prints_into_a_file_too_and_says_what_could_not_be_sent(tmp_path: Path) -> None:
    told = tmp_path / "told"
    with told.open("w") as file:
        # Nobody may send there: the system refuses a broadcast that was not asked for.
        done = subprocess.run(
            [*PROBE, "255.255.255.255", "9"], env=ENVIRONMENT | {"MOSH_KEY": KEY}, stdout=file, timeout=60, check=False
        )
    found = json.loads(told.read_text())
    assert done.returncode == 0
    assert not found["answered"]
    assert found["cannot_send"]


@pytest.mark.system
@pytest.mark.requires_linux
def test_a_probe_is_confined_before_it_can_be_answered() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(60)
        words = [*PROBE, "127.0.0.1", str(server.getsockname()[1])]
        probe = subprocess.Popen(words, env=ENVIRONMENT | {"MOSH_KEY": KEY})
        server.recv(2000)
        status = Path(f"/proc/{probe.pid}/status").read_text()
        probe.terminate()
        probe.wait(timeout=60)
    assert "\nSeccomp:\t2\n" in status
    assert "\nNoNewPrivs:\t1\n" in status


@pytest.mark.system
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_probe_that_is_ended_tells_the_server_first(number: signal.Signals) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(60)
        words = [*PROBE, "127.0.0.1", str(server.getsockname()[1])]
        probe = subprocess.Popen(words, env=ENVIRONMENT | {"MOSH_KEY": KEY})
        said = [server.recv(2000)]
        probe.send_signal(number)
        assert probe.wait(timeout=60) == 128 + number
        while not farewells(said):  # it is under way
            said.append(server.recv(2000))
        server.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                said.append(server.recv(2000))
    assert farewells(said) == 1


def farewells(datagrams: list[bytes]) -> int:
    """How many of them tell the end of the session."""
    cipher = Ocb(Key.parse(KEY))
    opened = [datagram.unseal(cipher, each, to_client=False) for each in datagrams]
    numbers = [Instruction.decode(Fragment.decode(each.payload).contents).new_num for each in opened]
    return numbers.count(SHUTDOWN_NUMBER)
