"""What is known of mutants, in the files in which mutmut keeps it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.mutation import workspace


def test_how_mutants_ended_is_exchanged_and_the_rest_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "COPY", tmp_path)
    folder = tmp_path / "mutants" / "src"
    folder.mkdir(parents=True)
    one, other = folder / "one.py.meta", folder / "other.py.meta"
    one.write_text(json.dumps({"exit_code_by_key": {"a": 1, "b": 0}, "more": 7}), encoding="utf-8")
    other.write_text(json.dumps({"exit_code_by_key": {"c": None}}), encoding="utf-8")
    assert workspace.exchange_codes({"a": None, "c": 0}) == {"a": 1, "c": None}
    assert json.loads(one.read_text(encoding="utf-8")) == {"exit_code_by_key": {"a": None, "b": 0}, "more": 7}
    assert json.loads(other.read_text(encoding="utf-8")) == {"exit_code_by_key": {"c": 0}}
