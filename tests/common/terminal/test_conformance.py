"""The shared conformance cases, whole and octet by octet."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from tests.support.conformance_adapter import Adapter

pytestmark = pytest.mark.thorough

RUNNER = Path(__file__).resolve().parents[4] / "shared" / "conformance" / "run.py"
# Recordings longer than this come by three octets: they say the same again and again, cut elsewhere each time.
LONG = 30_000


def runner() -> Any:
    spec = importlib.util.spec_from_file_location("conformance_runner", RUNNER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cases(run: Any) -> list[dict[str, Any]]:
    """Return the scored cases; those that look at the same output in two ways are one, which is fed once."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for case in run.load_cases([RUNNER.parent / "corpus" / "open.jsonl"]):
        if "dubious" in case.get("tags", []):
            continue
        steps = case.get("steps")
        key = ("steps", case["id"]) if steps else (case["cols"], case["rows"], case["input"], case.get("chunk"))
        if key in found:
            found[key]["id"] += " " + case["id"]
            found[key]["steps"].append({"expect": case["expect"]})
        else:
            found[key] = {"steps": [{"input": case.get("input"), "expect": case.get("expect")}]} | case
    return list(found.values())


@pytest.mark.skipif(not RUNNER.exists(), reason="the shared conformance cases are not beside this checkout")
@pytest.mark.parametrize("chunk", [None, 1], ids=["whole", "octets"])
def test_every_scored_case_passes(chunk: int | None) -> None:
    run = runner()
    failed: dict[str, Any] = {}
    looks = 0
    for case in cases(run):
        if chunk:
            case["chunk"] = chunk if len(str(case.get("input"))) * 3 // 4 <= LONG else 3
        result = run.run_case(Adapter, case)
        looks += len(case["steps"])
        if result["status"] != "pass":
            failed[case["id"]] = result["fails"][:1]
    assert looks > 500
    assert failed == {}
