"""The key in the environment: what is taken for one, and that nothing of it stays.

The processes of a real session are searched in test_launcher.py.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from tests.support.programs import SOURCE_FOLDERS

from mosh_client.launcher.secret import key_in_environment
from mosh_common.errors import UsageError
from mosh_common.wire.key import Key

KEY = "3RGNxBZ3mhFSNJpwYrMJMw"


@pytest.mark.parametrize("text", [KEY, "A" * 22, "+/" * 10 + "+A"])
def test_a_key_is_handed_on_as_the_object_that_it_is(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOSH_KEY", text)
    assert key_in_environment() is os.environb[b"MOSH_KEY"]
    assert Key.parse(key_in_environment().decode()).text == text


@pytest.mark.parametrize("text", ["", KEY[:-1], KEY + "w", KEY[:-1] + "x", KEY[:-1] + "=", "-" + KEY[1:], "é" * 11])
def test_what_is_no_key_is_refused_without_showing_it(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOSH_KEY", text)
    with pytest.raises(UsageError, match="MOSH_KEY is not a session key") as error:
        key_in_environment()
    assert not text or text not in str(error.value)
    with pytest.raises(UsageError):
        Key.parse(text)


def test_an_environment_without_a_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MOSH_KEY", raising=False)
    with pytest.raises(UsageError, match="MOSH_KEY is not set"):
        key_in_environment()


@pytest.mark.system
@pytest.mark.requires_linux
@pytest.mark.parametrize("text", [KEY, "A" * 22])
def test_a_forgotten_key_is_in_neither_of_its_places(text: str) -> None:
    program = """
import os
from mosh_client.launcher.secret import forget_key, key_in_environment
text = key_in_environment()
assert forget_key(text)
assert b"MOSH_KEY" not in os.environb
assert text == bytes(22)
environment = open("/proc/self/environ", "rb").read()
assert b"OTHER=before" in environment and b"ZLAST=after" in environment
print(environment.count(b"MOSH_KEY=" + bytes(22)))
"""
    environment = {"OTHER": "before", "MOSH_KEY": text, "ZLAST": "after", "PYTHONPATH": os.pathsep.join(SOURCE_FOLDERS)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
