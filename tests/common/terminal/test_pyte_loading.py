"""pyte is loaded without wcwidth, and nobody else's wcwidth is ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.programs import SOURCE_FOLDERS

pytestmark = pytest.mark.system


def said(code: str) -> str:
    words = [sys.executable, "-P", "-c", f"import sys; sys.path[:0] = {SOURCE_FOLDERS!r}; {code}"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def test_the_emulator_loads_no_wcwidth() -> None:
    code = "import mosh_common.terminal.emulator; print([name for name in sys.modules if name.startswith('wcwidth')])"
    assert said(code) == "[]\n"


def test_whoever_else_imports_it_gets_the_real_one() -> None:
    assert said("import mosh_common.terminal.emulator, wcwidth; print(wcwidth.wcswidth('漢字'))") == "4\n"


def test_one_that_is_there_already_is_left_alone() -> None:
    code = "import wcwidth, mosh_common.terminal.emulator; print(sys.modules['wcwidth'] is wcwidth)"
    assert said(code) == "True\n"


def test_a_pyte_that_wants_more_of_it_gets_the_real_one(tmp_path: Path) -> None:
    (tmp_path / "pyte.py").write_text("from wcwidth import wcswidth\n")
    (tmp_path / "wcwidth.py").write_text("def wcswidth(text): return 7\n")
    code = (
        f"sys.path.insert(0, {str(tmp_path)!r}); from mosh_common.terminal.pyte_loading import load_pyte; load_pyte();"
        " import pyte; print(pyte.wcswidth(''))"
    )
    assert said(code) == "7\n"
