"""What `make busy` reads in what pytest printed."""

from __future__ import annotations

from tests.busy import counts, failures

PRINTED = """
=========================== short test summary info ============================
SKIPPED [1] tests/netns/test_path_watch.py:36: only root may make a network namespace
FAILED tests/e2e/test_history.py::test_searches[200 ms, 10 %] - AssertionError: in vain awaited: 'x' - and more
FAILED tests/bad_input/test_ipc.py::test_that_says_nothing
ERROR tests/e2e/test_sessions.py::test_whose_setup_failed - OSError: no
3 failed, 2075 passed in 755.65s (0:12:35)
20924 times a process stood still
"""


def test_tests_that_failed_are_found_by_their_names() -> None:
    assert failures(PRINTED) == [
        "tests/e2e/test_history.py::test_searches[200 ms, 10 %]",
        "tests/bad_input/test_ipc.py::test_that_says_nothing",
        "tests/e2e/test_sessions.py::test_whose_setup_failed",
    ]


def test_without_any_there_is_none() -> None:
    assert failures("....\n2078 passed, 76 skipped in 754.98s (0:12:34)\n") == []


def test_the_line_that_counts_is_found_behind_others() -> None:
    assert counts(PRINTED) == "3 failed, 2075 passed in 755.65s (0:12:35)"
    assert counts("Killed\n") == "no end"
