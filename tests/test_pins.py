"""What `make audit` and an installation by hash rely on: packaging/requirements.txt, and how answers are judged."""

from __future__ import annotations

import http.server
import importlib.metadata
import importlib.util
import json
import re
import runpy
import threading
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version
from tests.audit import PINS, Answer, Verdict, ask_advisories, judge_advisories, judge_hashes
from tests.support.programs import REPOSITORY

pytestmark = pytest.mark.once

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]


def pinned() -> dict[NormalizedName, tuple[str, list[str]]]:
    """Name → version and hashes, of every requirement."""
    logical = re.sub(r"\\\n", " ", PINS.read_text())
    found = {}
    for line in logical.splitlines():
        words = line.partition(" #")[0].split()
        if not words or words[0].startswith("#"):
            continue
        name, _, version = words[0].partition("==")
        found[canonicalize_name(name)] = (version, words[1:])
    return found


def test_every_pin_is_one_version_with_hashes() -> None:
    assert pinned()
    for name, (version, hashes) in pinned().items():
        assert re.fullmatch(r"\d+(\.\d+)+", version), name
        assert hashes, name
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", each) for each in hashes), name


@pytest.mark.parametrize("text", PROJECT["dependencies"])
def test_the_pins_are_what_the_project_asks_for(text: str) -> None:
    wanted = Requirement(text)
    version, _ = pinned()[canonicalize_name(wanted.name)]
    assert Version(version) in wanted.specifier


def test_what_the_pinned_ones_need_is_pinned_and_nothing_else() -> None:
    needed = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    waiting = list(needed)
    while waiting:
        name = waiting.pop()
        installed = importlib.metadata.distribution(name)
        if (installed.read_text("INSTALLER") or "").strip() not in ("pip", "uv"):
            pytest.skip(f"{name} is the distribution's own, which has its needs in the package's description")
        # As installed here, which may be another version than the pinned one; `make audit` asks the index.
        for text in installed.requires or ():
            requirement = Requirement(text)
            other = canonicalize_name(requirement.name)
            if other not in needed and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
                needed.add(other)
                waiting.append(other)
    assert set(pinned()) == needed


def test_what_the_archive_carries_is_pinned() -> None:
    builder = runpy.run_path(str(REPOSITORY / "packaging" / "zipapp" / "build.py"))
    assert set(builder["pinned"](PINS)) == set(builder["VENDORED"]) < set(pinned())


# --- verdicts


def audit(*dependencies: dict[str, Any], code: int = 0) -> Answer:
    return Answer(code, json.dumps({"dependencies": dependencies, "fixes": []}), "No known vulnerabilities found\n")


SOUND = {"name": "pyte", "version": "1", "vulns": []}
SICK = {"name": "pexpect", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"], "aliases": []}]}
UNKNOWN = {"name": "msgpack", "skip_reason": "Dependency not found on PyPI"}
TRACE = "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='nowhere'): Max retries exceeded"


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (audit(SOUND, SOUND), Verdict.GOOD),
        (audit(SOUND, SICK, code=1), Verdict.BAD),
        (audit(UNKNOWN, SICK, code=1), Verdict.BAD),
        (audit(SOUND, UNKNOWN), Verdict.BAD),
        (audit(), Verdict.BAD),
        (audit(UNKNOWN, UNKNOWN), Verdict.NO_ANSWER),
        (Answer(1, "", TRACE), Verdict.NO_ANSWER),
        (Answer(1, "", "ERROR:pip_audit._cli:Could not connect to PyPI's vulnerability feed"), Verdict.NO_ANSWER),
        (Answer(1, "", "ERROR:pip_audit._cli:requirement pyte does not contain a hash"), Verdict.BAD),
        (Answer(2, "", "usage: pip-audit"), Verdict.BAD),
    ],
)
def test_only_an_answer_that_never_came_is_skipped(answer: Answer, verdict: Verdict) -> None:
    assert judge_advisories(answer)[0] is verdict


class Advisories(http.server.BaseHTTPRequestHandler):
    """An advisory database that knows of one vulnerability, in msgpack."""

    def do_POST(self) -> None:
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = {"id": "TEST-1", "aliases": [], "affected": [], "summary": "for the test", "details": "for the test"}
        answer = json.dumps({"vulns": [known]} if question["package"]["name"] == "msgpack" else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.mark.system
@pytest.mark.skipif(importlib.util.find_spec("pip_audit") is None, reason="pip-audit is not installed")
def test_pip_audit_tells_what_a_database_knows_and_when_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It starts pip to ask for its version, which --disable-pip has no use for; that takes half of its start.
    pip = tmp_path / "python"
    pip.write_text("#!/bin/sh\necho pip 24.0 from nowhere\n")
    pip.chmod(0o755)
    monkeypatch.setenv("PIPAPI_PYTHON_LOCATION", str(pip))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Advisories) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/v1/query"
        answer = ask_advisories("osv", "--osv-url", url)
        server.shutdown()
    verdict, found = judge_advisories(answer)
    assert verdict is Verdict.BAD, answer
    assert [line.split()[0] for line in found] == ["msgpack"]
    assert "TEST-1" in found[0]
    assert judge_advisories(ask_advisories("osv", "--osv-url", url))[0] is Verdict.NO_ANSWER  # it is closed


def test_a_finding_is_named() -> None:
    assert judge_advisories(audit(SICK, code=1))[1] == ["pexpect 2: PYSEC-1, fixed in ['3']"]


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (Answer(0, "", ""), Verdict.GOOD),
        (Answer(1, "", "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE."), Verdict.BAD),
        (
            Answer(1, "", "ERROR: In --require-hashes mode, all requirements must have their versions pinned"),
            Verdict.BAD,
        ),
        (Answer(1, "", "ERROR: Hashes are required in --require-hashes mode, but they are missing"), Verdict.BAD),
        (Answer(1, "", "ERROR: Could not find a version that satisfies the requirement pyte"), Verdict.NO_ANSWER),
    ],
)
def test_another_hash_is_no_missing_network(answer: Answer, verdict: Verdict) -> None:
    assert judge_hashes(answer) is verdict
