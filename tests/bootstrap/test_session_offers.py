"""What a shell is offered of a host's sessions: what came soon and is not too much, by what can ask nobody."""

from __future__ import annotations

import json
import os
import shlex
import sys

import pytest
from tests.bootstrap.test_session_answer import SESSION

from mosh_bootstrap import session_offers
from mosh_bootstrap.options import Options
from mosh_bootstrap.session_offers import print_offers

pytestmark = pytest.mark.system

LOCAL = Options(host="127.0.0.1", local=True, complete_sessions=True)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is."""
    monkeypatch.setattr(session_offers, "_PATIENCE_MS", 600_000)


def offered(script: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert print_offers(LOCAL, os.environ, local=lambda _wish: ["sh", "-c", script]) == 0
    return capsys.readouterr().out.splitlines()


def test_ids_and_names_are_offered(capsys: pytest.CaptureFixture[str]) -> None:
    answer = f"MOSH SESSION 1 LIST {json.dumps([SESSION])}"
    words = [line.partition("\t")[0] for line in offered(f"echo noise; echo '{answer}'", capsys)]
    assert words == [word for word in (SESSION["name"], str(SESSION["id"])) if word]


def test_a_host_that_prints_without_end_offers_nothing_and_is_not_heard_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert offered("yes MOSH", capsys) == []


def test_what_is_run_has_no_terminal_to_ask_at(capsys: pytest.CaptureFixture[str]) -> None:
    answer = f"MOSH SESSION 1 LIST {json.dumps([SESSION])}"
    # A process that leads a session of its own has no terminal.
    leads = f"import os; print({answer!r} if os.getsid(0) == os.getppid() else '')"
    assert offered(f"{shlex.quote(sys.executable)} -c {shlex.quote(leads)}; true", capsys) != []
