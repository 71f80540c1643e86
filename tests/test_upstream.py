"""The suite takes nothing but upstream's programs for upstream's, wherever ours are installed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.support.programs import OURS, REPOSITORY, Programs, why_not_upstream, write_launcher

pytestmark = pytest.mark.system

USES_UPSTREAM = re.compile(r"\b(UPSTREAM|ALL_PAIRS|UpstreamScreen|UpstreamClient)\b")


@pytest.mark.parametrize(("name", "role"), [("mosh", "wrapper"), ("mosh-client", "client"), ("mosh-server", "server")])
def test_ours_under_upstreams_name_is_told_from_upstreams(name: str, role: str, tmp_path: Path) -> None:
    programs: Programs = OURS
    write_launcher(tmp_path / name, getattr(programs, role))
    assert re.search(r"is not upstream's: '.*mosh-py", why_not_upstream(name, str(tmp_path)))


@pytest.mark.parametrize(
    ("version", "is_upstreams"),
    [
        ("mosh-server (mosh 1.4.0) [build mosh 1.4.0]", True),
        ("mosh-client (mosh 1.3.2) [build mosh 1.3.2]", True),
        ("mosh 1.4.0 [build mosh 1.4.0]", True),
        ("mosh-server (mosh-py 0.1.0, speaks mosh 1.4.0)", False),
        ("mosh-server: command not found", False),
        ("", False),
    ],
)
def test_a_program_is_judged_by_the_version_that_it_names(version: str, is_upstreams: bool, tmp_path: Path) -> None:
    write_launcher(tmp_path / "mosh-server", ["echo", version])
    assert (why_not_upstream("mosh-server", str(tmp_path)) == "") is is_upstreams


def test_what_is_not_there_or_cannot_run_is_not_upstreams(tmp_path: Path) -> None:
    assert why_not_upstream("mosh", str(tmp_path)).endswith("is not there")
    (tmp_path / "mosh-client").mkdir()
    assert "does not run" in why_not_upstream("mosh-client", str(tmp_path))


def test_each_test_of_upstreams_programs_is_skipped_where_they_are_not() -> None:
    for path in (REPOSITORY / "tests").rglob("test_*.py"):
        text = path.read_text()
        if USES_UPSTREAM.search(text) and path != Path(__file__):
            assert "requires_upstream" in text or "tests.support.parameters" in text, path
