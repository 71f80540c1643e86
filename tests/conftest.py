"""Markers that all tests may use, and why a test is skipped where its surroundings lack something."""

from __future__ import annotations

import fcntl
import gc
import locale
import os
import signal
import sys
from collections import Counter
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.runner import runtestprotocol
from _pytest.terminal import TerminalReporter
from hypothesis import HealthCheck, settings
from tests.support.fuzzing import tried_with
from tests.support.programs import REPOSITORY, missing_programs, why_not_upstream
from tests.support.system_use import Guard

if TYPE_CHECKING:
    from tests.support.tmux import Tmux

# Whatever is in these folders has these marks; elsewhere a file or a test says so. docs/testing.md
MARKS_OF_FOLDERS = {
    **dict.fromkeys(("bad_input", "e2e", "faults", "interop", "netns"), "system"),
    **dict.fromkeys(("fuzz", "property", "simulated"), "thorough"),
}

# Whose files take long; these are begun first, for whoever began one last would be waited for. The others follow, those
# with the most tests first.
LONG_FIRST = ("soak", "simulated", "e2e", "interop", "property", "packaging", "bad_input", "faults")

_GUARD = Guard()

# How long an example takes says how busy the machine is, and no more.
settings.register_profile("untimed", tried_with(100), suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    # What collecting the tests makes stays to the end: looking for garbage among it took nearly half of the time.
    gc.disable()
    _GUARD.install()
    config.addinivalue_line(
        "markers", "requires_program(name, ...): skipped, with the reason, where one of the programs is missing"
    )
    config.addinivalue_line(
        "markers",
        "requires_upstream(name, ...): skipped, with the reason, where one of these is not there, or is not upstream's",
    )
    # A script that starts the suite in the background has these ignored, and so would every program that a test starts.
    for number in (signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    config.addinivalue_line("markers", "requires_linux: looks at /proc; skipped elsewhere")
    # xdist hands out the files in our order, not by their numbers of tests, where it lets itself be told so (3.8).
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, None]:
    """Let each of xdist's workers begin to read each folder at another place.

    Making byte code of the tests takes longer than all else here; what one has made, the next finds.
    """
    outcome = yield
    if collector.__class__.__name__ == "Dir":  # of pytest 8 and later
        found = outcome.get_result().result
        start = len(found) * _worker() // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
        found[:] = found[start:] + found[:start]


def _worker() -> int:
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


@pytest.hookimpl(specname="pytest_collection_modifyitems", hookwrapper=True)
def pytest_one_worker_after_the_other() -> Iterator[None]:
    """Let hypothesis look for constants in our sources once: what one worker has found, the next finds in files."""
    with open(__file__) as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


@pytest.hookimpl(tryfirst=True)  # before `-m` selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    sizes = Counter(item.path for item in items)
    folders = {path: path.relative_to(REPOSITORY / "tests").parts[0] for path in sizes}
    for item in items:
        mark = MARKS_OF_FOLDERS.get(folders[item.path])
        if mark is not None:
            item.add_marker(mark)
    ranks = {folder: rank for rank, folder in enumerate(LONG_FIRST)}
    items.sort(key=lambda item: (ranks.get(folders[item.path], len(ranks)), -sizes[item.path], item.path))


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Guard the system, and keep the process's locale, which our programs set when they start, from the test after.

    Not as a fixture: one that each test has takes a tenth of what pytest needs for a test.
    """
    before = locale.setlocale(locale.LC_CTYPE)
    _GUARD.refusing = item.get_closest_marker("system") is None
    yield
    _GUARD.refusing = False
    if locale.setlocale(locale.LC_CTYPE) != before:
        locale.setlocale(locale.LC_CTYPE, before)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    _GUARD.refusing = False  # what tests before it shared may be tidied up after the last of them


@pytest.hookimpl(specname="pytest_runtest_protocol")
def pytest_run_and_tell_what_matters(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Let a worker of xdist report one thing of a test that passes, not four.

    Sending and receiving the others takes half a millisecond of processor. A setup or teardown is said where it did
    not pass; a report of durations, or JUnit's, is made of all of them, and `-v` says which test begins.
    """
    option = item.config.option
    if not hasattr(item.config, "workerinput") or option.verbose > 0 or option.durations or option.xmlpath:
        return None
    for report in runtestprotocol(item, log=False, nextitem=nextitem):
        if report.passed:
            report.keywords = {}  # a dozen words of each test, which nobody looks at
        if report.when == "call" or not report.passed:
            item.ihook.pytest_runtest_logreport(report=report)
    if hasattr(TerminalReporter, "pytest_runtest_logfinish"):  # it ended lines until pytest 8
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object | None:
    """Hand out files as xdist does, but forget those whose tests are all over.

    After each test it counts anew what is left of every file that the worker ever had.
    """
    if config.option.dist != "loadfile":
        return None
    from tests.support.scheduling import ForgetfulScheduling

    return ForgetfulScheduling(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    # In setup, not at collection: a test that is not selected costs no look-up.
    if item.get_closest_marker("requires_linux") is not None and not sys.platform.startswith("linux"):
        pytest.skip(f"needs Linux's /proc, this is {sys.platform}")
    wanted = [name for marker in item.iter_markers("requires_program") for name in marker.args]
    missing = missing_programs(wanted)
    if missing:
        pytest.skip(f"not installed here: {', '.join(sorted(set(missing)))}")
    names = {name for marker in item.iter_markers("requires_upstream") for name in marker.args}
    reasons = [reason for name in sorted(names) if (reason := why_not_upstream(name))]
    if reasons:
        pytest.skip("; ".join(reasons))


@pytest.fixture(scope="session")
def tmux() -> Iterator[Tmux]:
    """A tmux server of this worker's own."""
    from tests.support.tmux import Tmux

    with Tmux() as server:
        yield server
