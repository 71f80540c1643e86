"""Each broken set-up of this machine, or of a login, is one line that says what to do; the rest is well.

ssh and client are small scripts here; tests/e2e/test_ssh_doctor.py has real ones.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.bootstrap.conftest import Bench
from tests.support.user_terminal import mosh_words

from mosh_bootstrap.background import Background
from mosh_bootstrap.dialogue import Dialogue
from mosh_bootstrap.doctor import host
from mosh_bootstrap.handoff import Client

pytestmark = pytest.mark.system

# What our client says where all is well, shortened.
CLIENT_SAYS = """\
Cipher: OpenSSL 3.0.17 through cryptography 38.0.4
Python 3.11.2 (/usr/bin/python3)
versions: msgpack 1.0.3, pyte 0.8.0
Python packages: works
cipher: works
Linux 6.1.0 on x86_64
launcher: seccomp: works
network process: landlock: works
renderer: landlock: works
"""
NO_LANDLOCK = "landlock: missing: Function not implemented"


class Patient:
    """A user whose machine is well, but for what a test breaks."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.environment = bench.environment
        self.probe = "exit 1"  # of shell: what the client does when it is to measure
        self.client_says(CLIENT_SAYS)

    def client_says(self, text: str) -> None:
        (self.bench.folder / "said").write_text(text)

    def doctor(self, *words: str, ssh: tuple[str, ...] = ("exit 0",)) -> Diagnosis:
        """Run `mosh --doctor --json` with an ssh of these lines."""
        client = self.bench.script(
            "client", f'case $1 in --doctor) cat "{self.bench.folder}/said" ;; --probe) {self.probe} ;; esac'
        )
        command = self.bench.script("ssh", *ssh)
        given = mosh_words("--doctor", "--json", f"--client={client}", f"--ssh={command}", *words)
        done = self.bench.without_terminal(given)
        assert "Traceback" not in done.stderr
        told = json.loads(done.stdout)
        assert told["well"] == (done.returncode == 0)
        return Diagnosis(told, done.stderr)


class Diagnosis(NamedTuple):
    told: dict[str, Any]
    errors: str

    def names(self) -> list[str]:
        return [each["name"] for each in self.told["findings"]]

    def only_fault(self) -> tuple[str, str]:
        """The one line that is not well; fail the test when there are more, or none."""
        wrong = [each for each in self.told["findings"] if not each["works"]]
        assert len(wrong) == 1, self.told
        return wrong[0]["name"], wrong[0]["text"]


@pytest.fixture
def patient(tmp_path: Path) -> Iterator[Patient]:
    bench = Bench(tmp_path)
    yield Patient(bench)
    bench.close()


def test_a_machine_that_is_well(patient: Patient) -> None:
    found = patient.doctor()
    assert found.told["well"], found.told
    assert found.told["host"] is None
    assert found.names() == ["mosh", "packages", "mosh-client", "cipher", "sandbox", "locale", "terminal", "ssh"]
    assert found.errors == ""


@pytest.mark.parametrize(
    ("variables", "name", "words"),
    [
        ({"TERM": ""}, "terminal", "TERM is not set"),
        ({"TERM": "no-such"}, "terminal", "No description of the terminal 'no-such' (TERM) is installed"),
        ({"LANG": "C"}, "locale", "LANG=C, which is not UTF-8: set LANG to a UTF-8 locale"),
        ({"LC_ALL": "xx_XX.UTF-8"}, "locale", "LC_ALL=xx_XX.UTF-8, which is not installed here"),
        ({"LANG": ""}, "locale", "None is set, so it is not UTF-8"),
        ({"MOSH_ESCAPE_KEY": "many"}, "variables", "MOSH_ESCAPE_KEY"),
    ],
    ids=str,
)
def test_a_variable_that_is_wrong(patient: Patient, variables: dict[str, str], name: str, words: str) -> None:
    patient.environment |= variables
    found, text = patient.doctor().only_fault()
    assert found == name
    assert words in text


@pytest.mark.parametrize(
    ("line", "instead", "name", "words"),
    [
        (
            "packages: works",
            "packages: missing: /usr/bin/python3 lacks the package pyte",
            "packages",
            "lacks the package pyte",
        ),
        ("cipher: works", "cipher: missing: No AES-OCB to encrypt with", "cipher", "No AES-OCB"),
        ("landlock: works", NO_LANDLOCK, "sandbox", "landlock cannot be had (Function not implemented)"),
    ],
    ids=["pyte", "cipher", "sandbox"],
)
def test_a_client_that_lacks_something(patient: Patient, line: str, instead: str, name: str, words: str) -> None:
    patient.client_says(CLIENT_SAYS.replace(line, instead))
    found, text = patient.doctor().only_fault()
    assert found == name
    assert words in text


def test_an_ssh_that_is_missing(patient: Patient) -> None:
    name, text = patient.doctor("--ssh=/nowhere/ssh").only_fault()
    assert (name, "Cannot find '/nowhere/ssh': install OpenSSH's client" in text) == ("ssh", True)


def test_a_client_that_is_missing(patient: Patient) -> None:
    name, text = patient.doctor("--client=/nowhere/mosh-client").only_fault()
    assert (name, "Cannot find the client '/nowhere/mosh-client'" in text) == ("mosh-client", True)


@pytest.mark.parametrize("broken", ["packages: works", "cipher: works"])
def test_nobody_has_to_log_in_for_what_cannot_work(patient: Patient, broken: str) -> None:
    patient.client_says(CLIENT_SAYS.replace(broken, broken.replace("works", "missing: it is not there")))
    patient.doctor("host", ssh=(f"echo called >{patient.bench.folder}/called",)).only_fault()
    assert not (patient.bench.folder / "called").exists()


def test_a_login_that_is_refused(patient: Patient) -> None:
    found = patient.doctor("me@host", ssh=("echo 'me@host: Permission denied (publickey).' >&2", "exit 255"))
    name, text = found.only_fault()
    assert name == "login"
    assert "ssh could not log in to me@host; its message is above. mosh logs in as 'ssh me@host' does" in text
    assert "Permission denied (publickey)." in found.errors


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("echo 'sh: mosh-server: not found'", "exit 127"), "'mosh-server' was not found on host; install mosh there"),
        (("echo 'This account is for mail.'",), "'mosh-server' did not start: ssh ended with exit code 0"),
        (("printf 'MOSH CONNECT 1 short\\r\\n'",), "answered with a MOSH CONNECT line that makes no sense"),
        (("exit 126",), "'mosh-server' was found on host, but could not be run"),
        (("echo mosh-server needs a UTF-8 native locale to run.", "exit 1"), "found no UTF-8 locale"),
    ],
    ids=["none", "another", "nonsense", "not executable", "locale"],
)
def test_a_server_that_does_not_start(patient: Patient, lines: tuple[str, ...], words: str) -> None:
    found = patient.doctor("host", ssh=lines)
    name, text = found.only_fault()
    assert name == "server"
    assert words in text
    assert "login" in found.names()


def answer(**changes: Any) -> str:
    """A line of shell with which a probe says what it measured."""
    measured: dict[str, Any] = {
        **dict.fromkeys(("received", "exchanges"), 12),
        **dict.fromkeys(("missing", "unanswered", "clock_ahead_s"), 0),
        **dict.fromkeys(("full_octets", "octets_there", "octets_back"), 1252),
        **dict.fromkeys(("long_lost_there", "long_lost_back"), False),
        **dict.fromkeys(("answered", "ended"), True),
    }
    measured |= {"address": "192.0.2.1", "port": 60001, "cannot_send": "", "round_trip_ms": 7, "server": "mosh 1.4.0"}
    return f"echo '{json.dumps(measured | changes)}'"


def test_the_probe_gets_key_and_addresses_and_what_it_says_is_told(patient: Patient) -> None:
    patient.probe = f'echo "$@ $MOSH_KEY" >{patient.bench.folder}/asked; {answer()}'
    found = patient.doctor(
        "me@host", ssh=(f'printf "%s\\n" "$@" >{patient.bench.folder}/args', patient.bench.server_answers)
    )
    assert found.told["well"], found.told
    asked = (patient.bench.folder / "asked").read_text()
    assert asked == f"--probe 192.0.2.1 60001 {patient.bench.key}\n"
    assert found.told["path"]["round_trip_ms"] == 7
    assert patient.bench.key not in json.dumps(found.told) + found.errors
    assert "doctor:" in (patient.bench.folder / "args").read_text()  # the session runs our command, and no shell


@pytest.mark.parametrize("probe", ["exit 1", "echo nonsense", "head -c 9999 /dev/zero", "kill -9 $$"])
def test_a_probe_that_fails(patient: Patient, probe: str) -> None:
    patient.probe = probe
    name, text = patient.doctor("host", ssh=(patient.bench.server_answers,)).only_fault()
    assert (name, "Not measured: mosh-client --probe failed" in text) == ("UDP", True)


def test_anothers_client_measures_nothing_and_is_no_fault_without_a_host(patient: Patient) -> None:
    patient.client_says("")
    assert patient.doctor().told["well"]
    name, text = patient.doctor("host", ssh=(patient.bench.server_answers,)).only_fault()
    assert (name, "Not tried: only mosh-py's client can" in text) == ("UDP", True)


def test_a_fault_of_this_machine_that_stops_no_login_is_still_the_only_line(patient: Patient) -> None:
    patient.environment |= {"TERM": ""}
    patient.probe = answer()
    found = patient.doctor("host", ssh=(patient.bench.server_answers,))
    assert found.only_fault()[0] == "terminal"
    assert found.names()[-1] == "datagrams"


@pytest.mark.parametrize("where", [">&-", "| true", ">/dev/full"])
def test_an_output_that_nobody_reads_is_no_error(patient: Patient, where: str) -> None:
    client = patient.bench.script("client", f'cat "{patient.bench.folder}/said"')
    words = mosh_words("--doctor", f"--client={client}", f"--ssh={patient.bench.script('ssh')}")
    done = patient.bench.without_terminal(["sh", "-c", f'"$@" {where}', "sh", *words])
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--doctor", "host", "ls"], "--doctor takes a host at most"),
        (["--doctor", "--local"], "--doctor takes a host at most"),
        (["--json", "host"], "--json goes with --list or --doctor"),
        (["--doctor", "--ssh=ssh 'x"], "--ssh is no shell command"),
    ],
)
def test_a_wrong_command_line(patient: Patient, words: list[str], sentence: str) -> None:
    done = patient.bench.without_terminal(mosh_words(*words, f"--client={patient.bench.client}"))
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


# `mosh`, which waits longer for its terminal's answer, as for the key that ends that: a test may be late with either.
PATIENT = """\
import sys
from mosh_bootstrap.doctor import machine
machine._TERMINAL_TIMEOUT_MS = 60_000
from mosh_bootstrap.cli import main
sys.exit(main())
"""


def patient_words(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-c", PATIENT, *arguments]


def test_a_terminal_that_answers_is_asked_and_left_as_it_was(patient: Patient) -> None:
    client = patient.bench.script("client", f'cat "{patient.bench.folder}/said"')
    ssh = patient.bench.script("ssh")
    terminal = patient.bench.terminal(patient_words("--doctor", f"--client={client}", f"--ssh={ssh}"))
    terminal.wait_until(lambda: b"\x1b[c" in terminal.output, "the terminal is not asked")
    terminal.type("\x1b[?62;22c")
    assert terminal.wait_for_end() == 0
    assert "; it answers\n" in terminal.text()
    assert "✓ ssh" in terminal.text()
    assert terminal.settings() == terminal.settings_before
    assert b"\x1b[32m" in terminal.output


@pytest.mark.parametrize("how", ["key", "signal", "silence"])
def test_a_terminal_that_does_not_answer_is_left_as_it_was(patient: Patient, how: str) -> None:
    client = patient.bench.script("client", f'cat "{patient.bench.folder}/said"')
    ssh = patient.bench.script("ssh")
    words = mosh_words if how == "silence" else patient_words
    terminal = patient.bench.terminal(words("--doctor", f"--client={client}", f"--ssh={ssh}"))
    terminal.wait_until(lambda: b"\x1b[c" in terminal.output, "the terminal is not asked")
    if how == "key":
        terminal.type("\x03")
    elif how == "signal":
        os.kill(terminal.pid, signal.SIGTERM)
    expected = {"key": 130, "signal": 143, "silence": 0}[how]
    assert terminal.wait_for_end() == expected
    assert ("; it does not answer, and need not" in terminal.text()) == (how == "silence")
    assert terminal.settings() == terminal.settings_before
    assert "Traceback" not in terminal.text()


def test_ctrl_c_while_the_way_is_measured_ends_everything(patient: Patient) -> None:
    pid_file = patient.bench.folder / "pid"
    client = patient.bench.script(
        "client",
        f'case $1 in --doctor) cat "{patient.bench.folder}/said" ;;',
        f"--probe) echo $$ >{pid_file}.new; mv {pid_file}.new {pid_file}; exec sleep 1000 ;; esac",
    )
    ssh = patient.bench.script("ssh", patient.bench.server_answers)
    terminal = patient.bench.terminal(patient_words("--doctor", f"--client={client}", f"--ssh={ssh}", "host"))
    terminal.wait_until(lambda: b"\x1b[c" in terminal.output, "the terminal is not asked")
    terminal.type("\x1b[?1c")
    terminal.wait_until(pid_file.exists, "nothing is measured")
    terminal.type("\x03")
    assert terminal.wait_for_end() == 130
    assert "Traceback" not in terminal.text()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


def test_ctrl_c_while_the_probe_starts_is_not_an_end_without_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    start = Background.run

    def start_and_press(words: Sequence[str], environ: Mapping[str, str]) -> Background | None:
        probe = start(words, environ)
        signal.raise_signal(signal.SIGINT)
        return probe

    monkeypatch.setattr(Background, "run", start_and_press)
    dialogue = Dialogue("remote")
    dialogue.receive(b"MOSH SSH_CONNECTION 192.0.2.9 1 192.0.2.1 22\r\nMOSH CONNECT 60001 AAECAwQFBgcICQoLDA0ODw\r\n")
    client = Client(["sh", "-c", f"sleep 0.1; echo ended >{tmp_path}/told; exit 130"], ours=True)
    with pytest.raises(KeyboardInterrupt):
        host._measure(client, dialogue, {"PATH": os.defpath})
    assert (tmp_path / "told").read_text() == "ended\n"
