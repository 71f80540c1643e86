"""Roots that runs share, and what runs leave that were killed. What needs root is `make matrix` itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.matrix import machine
from tests.matrix.root import Base, CheckFailed, Root, delete_copies_of_the_dead, hold


def test_only_copies_that_nobody_holds_are_deleted(tmp_path: Path) -> None:
    for name in ("bookworm", "bookworm.copy-live", "bookworm.copy-dead"):
        (tmp_path / name / "etc").mkdir(parents=True)
    holder = hold(tmp_path / "bookworm.copy-live")
    delete_copies_of_the_dead(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["bookworm", "bookworm.copy-live"]
    os.close(holder)
    delete_copies_of_the_dead(tmp_path)
    assert os.listdir(tmp_path) == ["bookworm"]


def test_a_copy_that_another_run_holds_cannot_be_held(tmp_path: Path) -> None:
    holder = hold(tmp_path)
    with pytest.raises(BlockingIOError):
        hold(tmp_path)
    os.close(holder)


@pytest.mark.system
def test_half_a_root_is_not_taken_for_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "unshare").write_text('#!/bin/sh\necho half >"$PART/half"\nexit 1\n')
    (tools / "unshare").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setenv("PART", str(tmp_path / "roots" / "sid.part"))
    base = Base("sid", folder=tmp_path / "roots", mirrors=machine.Mirrors("http://mirror.invalid", None))
    with (tmp_path / "log").open("w+b") as log:
        for _ in range(2):  # the second finds the half and starts anew
            with pytest.raises(CheckFailed, match="debootstrap sid"):
                base.make(log, fresh=False)
            assert not base.path.exists()


@pytest.mark.system
def test_a_copy_is_gone_however_its_making_ends(tmp_path: Path) -> None:
    base = Base("sid", folder=tmp_path, mirrors=machine.Mirrors("http://mirror.invalid", None))
    with (tmp_path / "log").open("w+b") as log:
        root = Root(base, log=log, environment={})
        with pytest.raises(Exception, match="cp"), root:  # there is no base to copy
            pass
    assert not root.path.exists()
