"""What tests/conftest.py tells pytest to do, pytest does."""

from __future__ import annotations

import pytest
from tests import conftest


def test_pytest_has_taken_every_hook(pytestconfig: pytest.Config) -> None:
    hooks = {
        implementation.function
        for caller in pytestconfig.pluginmanager.hook.__dict__.values()
        for implementation in getattr(caller, "get_hookimpls", list)()
        if implementation.function.__module__ == "tests.conftest"
    }
    marked = {function for function in vars(conftest).values() if hasattr(function, "pytest_impl")}
    assert marked
    assert marked <= hooks
