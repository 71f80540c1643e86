"""Whether a client's keys end within a bracketed paste, however they were cut."""

from __future__ import annotations

import pytest

from mosh_server.input.paste import PasteWatch


@pytest.mark.parametrize(
    ("typed", "is_open"),
    [
        (b"", False),
        (b"ls\r", False),
        (b"\x1b[200~", True),
        (b"\x1b[200~text", True),
        (b"\x1b[200~text\x1b[201~", False),
        (b"\x1b[200~a\x1b[201~\x1b[200~b", True),
        (b"\x1b[200~text\x1b[201", True),
        (b"\x1b[201~", False),
        (b"\x1b[20\x1b[200~", True),
    ],
)
@pytest.mark.parametrize("piece", [1, 2, 3, 5, 6, 7, 100])
def test_a_paste_is_open_from_its_begin_to_its_end(typed: bytes, piece: int, *, is_open: bool) -> None:
    watch = PasteWatch()
    for start in range(0, len(typed), piece):
        watch.typed(typed[start : start + piece])
    assert watch.open is is_open
