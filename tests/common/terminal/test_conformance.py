"""The shared conformance cases, whole and octet by octet."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

REPOSITORY = Path(__file__).resolve().parents[3]
RUNNER = REPOSITORY.parent / "shared" / "conformance" / "run.py"
ADAPTER = REPOSITORY / "tests" / "support" / "conformance_adapter.py"


@pytest.mark.skipif(not RUNNER.exists(), reason="the shared conformance cases are not beside this checkout")
@pytest.mark.parametrize("options", [[], ["--chunk", "1"]], ids=["whole", "octets"])
def test_every_scored_case_passes(options: list[str]) -> None:
    command = [sys.executable, str(RUNNER), str(ADAPTER), "--json", "-", "-j", "2", *options]
    results = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["results"]
    failed = {result["id"]: result["fails"][:1] for result in results if result["status"] != "pass"}
    assert len(results) > 500
    assert failed == {}
