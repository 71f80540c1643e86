"""`mosh-server --doctor` says what a session would find, and starts none."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.programs import SOURCE_FOLDERS

from mosh_common.errors import EnvironmentFailure
from mosh_server import doctor
from mosh_server.host import locale_choice, scope
from mosh_server.options import parse

pytestmark = pytest.mark.system


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "mosh_server", *words],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(SOURCE_FOLDERS), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("words", [["--doctor"], ["new", "--doctor"], ["new", "-s", "--doctor"]])
def test_it_is_asked_for_like_help(words: list[str]) -> None:
    assert parse(words).show == "doctor"


def test_a_doctor_of_the_command_is_the_commands_own() -> None:
    assert parse(["new", "--", "git", "--doctor"]).show == ""


@pytest.mark.requires_linux
def test_it_finds_all_that_a_session_needs_and_starts_none(tmp_path: Path) -> None:
    done = run("--doctor", LANG="C.UTF-8", HOME=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert "MOSH CONNECT" not in done.stdout
    for name in ("Python packages", "pty", "cipher", "UDP port"):
        assert f"\n{name}: works\n" in done.stdout
    assert "\nlocale: LANG=C.UTF-8\n" in done.stdout
    assert re.match(r"mosh-server \(mosh-py .*\nLinux .*\nPython 3\.\d+.*\nversions: .*pyte 0\.\d", done.stdout)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("isolated")
def test_what_a_session_needs_and_is_missing_is_an_error() -> None:
    def fail() -> None:
        raise EnvironmentFailure("There is none.")

    lines, sound = doctor.examine({"LANG": "C.UTF-8"}, needed={"pty": fail})
    assert "pty: missing: There is none." in lines
    assert not sound


def test_the_locale_is_told_as_a_session_would_have_it() -> None:
    done = run("--doctor", LC_ALL="C", LC_TIME="xx_XX")
    assert done.returncode == 0
    changes = "LANG=C.UTF-8, LC_CTYPE=C.UTF-8, no LC_TIME, no LC_ALL"
    assert f"\nlocale: not UTF-8 here; sessions take the client's, else {changes}\n" in done.stdout


@pytest.mark.usefixtures("isolated")
def test_a_machine_without_a_utf8_locale_is_told_and_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locale_choice, "choose_locale", lambda environ, _offered: dict(environ))
    lines, sound = doctor.examine({"LC_ALL": "C"}, needed={})
    assert sound
    assert "locale: LC_ALL=C, and no UTF-8 locale is installed" in lines


@pytest.fixture
def isolated(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the doctor gives up of its own process, this one keeps."""
    monkeypatch.setattr(doctor, "_given_up", list)


@pytest.mark.parametrize(
    ("files", "ends"),
    [
        ({}, ""),
        ({"etc/systemd/logind.conf": "[Login]\n#KillUserProcesses=yes\n"}, ""),
        ({"etc/systemd/logind.conf": "[Login]\nKillUserProcesses=no\n"}, ""),
        ({"etc/systemd/logind.conf": "[Login]\nKillUserProcesses = yes\n"}, "etc/systemd/logind.conf"),
        (
            {
                "usr/lib/systemd/logind.conf": "KillUserProcesses=yes\n",  # the whole file is put away by the next
                "etc/systemd/logind.conf": "[Login]\n",
            },
            "",
        ),
        (
            {
                "etc/systemd/logind.conf": "KillUserProcesses=no\n",
                "usr/lib/systemd/logind.conf.d/20-kill.conf": "KillUserProcesses=on\n",
            },
            "usr/lib/systemd/logind.conf.d/20-kill.conf",
        ),
        (
            {
                "etc/systemd/logind.conf.d/10.conf": "KillUserProcesses=no\n",
                "usr/lib/systemd/logind.conf.d/20.conf": "KillUserProcesses=1\n",
                "run/systemd/logind.conf.d/20.conf": "KillUserProcesses=false\n",
            },
            "",
        ),
    ],
)
@pytest.mark.usefixtures("isolated")
def test_whether_the_end_of_the_login_ends_sessions(files: dict[str, str], ends: str, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    lines, sound = doctor.examine({"LANG": "C.UTF-8"}, needed={}, root=str(tmp_path))
    assert sound  # it is told, and is nobody's fault here
    told = next(line for line in lines if line.startswith("end of the login: "))
    assert told.startswith("end of the login: ends sessions: KillUserProcesses=") == bool(ends)
    assert f"{tmp_path}/{ends};" in told if ends else told == "end of the login: ends no session"


@pytest.mark.usefixtures("isolated")
@pytest.mark.parametrize(
    ("there", "told"),
    [
        ((), "ends sessions: {setting}; systemd-run is not installed"),
        (("systemd-run",), "ends sessions: {setting}; run `loginctl enable-linger` once to keep them"),
        (
            ("systemd-run", "linger"),
            "ends no session: {setting}, but they start in a scope of your manager, which lingers",
        ),
    ],
    ids=str,
)
def test_what_keeps_sessions_from_the_end_of_the_login_is_told(
    there: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    files = {
        "etc/systemd/logind.conf": "KillUserProcesses=yes\n",
        **({"bin/systemd-run": "#!/bin/sh\n"} if "systemd-run" in there else {}),
        **({f"var/lib/systemd/linger/{scope.user_name()}": ""} if "linger" in there else {}),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    lines, _sound = doctor.examine({"PATH": str(tmp_path / "bin")}, needed={}, root=str(tmp_path))
    setting = f"KillUserProcesses=yes in {tmp_path}/etc/systemd/logind.conf"
    assert f"end of the login: {told.format(setting=setting)}" in lines
