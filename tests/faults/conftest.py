"""Sessions to be disturbed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.client_session import ClientSession


@pytest.fixture
def session(tmp_path: Path) -> Iterator[ClientSession]:
    """A session at its prompt."""
    with ClientSession(tmp_path) as opened:
        yield opened
