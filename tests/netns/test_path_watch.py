"""The kernel's news of addresses and routes, in a network namespace of the test's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.requires_linux, pytest.mark.requires_program("unshare", "ip")]

COMMON = Path(__file__).parents[2] / "common"
SCRIPT = """
import select, subprocess
from mosh_common.address import Address
from mosh_common.io.path import PathWatch
def ip(*words):
    subprocess.run(["ip", *words], check=True)
def news():
    ready = bool(select.select([watch.fileno], [], [], 5)[0])
    print(watch.news(ready=ready, now=0).name)
ip("link", "set", "lo", "up")
ip("address", "add", "192.0.2.1/24", "dev", "lo")
ip("route", "add", "198.51.100.0/24", "dev", "lo", "src", "192.0.2.1")
watch = PathWatch(Address("198.51.100.9", 60001), now=0)
print(watch.news(ready=False, now=10**6).name)
ip("address", "add", "203.0.113.5/24", "dev", "lo")
news()
ip("route", "replace", "198.51.100.0/24", "dev", "lo", "src", "203.0.113.5")
news()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a network namespace")
def test_an_address_that_comes_stirs_and_another_source_address_moves() -> None:
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", SCRIPT],
        env={**os.environ, "PYTHONPATH": str(COMMON)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "unshare" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.stdout.split() == ["NONE", "STIRRED", "MOVED"], done.stderr
