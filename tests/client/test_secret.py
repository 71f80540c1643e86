"""Forgetting the key: every copy of a real one, none of one that memory may hold by chance."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import os, sys
from mosh_client.secret import forget_key
from mosh_common.wire.key import Key
key = Key.parse(os.environ["MOSH_KEY"])
copies = [bytes(bytearray(key.octets)) for _ in range(3)]
erased = forget_key(key)
assert "MOSH_KEY" not in os.environ
print(erased, len(set(copies)), copies[0] == bytes(16))
"""

needs_proc = pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no /proc/self/mem on this system")


def forget(key_text: str) -> list[str]:
    env = {**os.environ, "MOSH_KEY": key_text, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", SCRIPT], env=env, check=True, stdout=subprocess.PIPE, text=True
    ).stdout.split()


@needs_proc
def test_every_copy_of_a_key_is_erased() -> None:
    erased, distinct, blank = forget("uY3fQk0c7W1xT9bZ5mLrPg")
    assert int(erased) >= 5  # the environment's block, its text, the key's octets and the three copies
    assert (distinct, blank) == ("1", "True")


def test_a_key_without_randomness_is_not_searched_for() -> None:
    # SECURITY: the server chooses the key; erasing this one from memory ended the process in free().
    assert forget("BAAAAAAAAAAAAAAAAAAAAA")[0] == "0"
