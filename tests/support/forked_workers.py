"""xdist's workers forked from one process that has collected all tests.

A worker of xdist's is a program that begins anew, imports what the suite has and makes ten thousand items of it, and
`make test` has eight. As a plugin (`-p tests.support.forked_workers`) this has one process do so, and xdist start as
its workers a program that takes no time: it hands its standard descriptors over to that process, which forks the
worker. Both are this file, run as a program; and it is what xdist has a worker run, in place of its own `remote.py`.

What makes a worker itself (its name, its temporary folder, where the output of its tests is kept) it gets when it is
forked, after collection. Where a test cannot be collected, which is xdist's own workers' to say, and on anything but
Linux, they start as ever.
"""

from __future__ import annotations

import atexit
import os
import select
import shlex
import signal
import socket
import sys

TYPE_CHECKING = False  # as typing's, whose import takes half as long as the program that asks
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Any

    import pytest


def pytest_xdist_setupnodes(config: pytest.Config, specs: Sequence[Any]) -> None:
    """Let xdist have forked workers, unless they are to be something else."""
    if sys.platform == "linux" and config.option.dist != "loadgroup":  # that has names of its own for tests
        if all(spec.popen and not spec.python and not spec.chdir for spec in specs):
            _start_server(config, specs)


def _start_server(config: pytest.Config, specs: Sequence[Any]) -> None:
    """Start the process that forks; tell xdist of it when it has collected the tests, and not if it has failed to."""
    import json
    import tempfile
    from subprocess import PIPE, Popen

    folder = tempfile.TemporaryDirectory(prefix="mosh-py-workers-")  # which nobody else may enter
    path = os.path.join(folder.name, "socket")
    words = json.dumps([str(word) for word in config.invocation_params.args])
    server = Popen([sys.executable, "-u", __file__, "serve", path, words], stdin=PIPE, stdout=PIPE)
    assert server.stdin is not None
    assert server.stdout is not None
    stdin = server.stdin

    def end() -> None:
        stdin.close()  # which tells it
        server.wait()
        folder.cleanup()

    config.add_cleanup(end)
    with server.stdout:
        if not server.stdout.read():
            return
    for spec in specs:
        spec.python = shlex.join((sys.executable, "-I", "-S", __file__, "ask", path))
    config.pluginmanager.register(_RemoteModule())


class _RemoteModule:
    """A plugin that has xdist run this file in a worker."""

    def pytest_xdist_getremotemodule(self) -> ModuleType:
        return sys.modules[__name__]


def _ask(path: str, program: str) -> None:
    """Have a forked process run this Python with our standard descriptors; last as long as it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(path)
        socket.send_fds(asking, [program.encode()], [0, 1, 2])
        asking.recv(1)


def _serve(path: str, words: Sequence[str]) -> None:
    """Collect the tests; for each who asks, fork, and be its worker. Ends when standard input does."""
    ended, told = os.dup(0), os.dup(1)
    with open(os.devnull, "r+b", buffering=0) as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(nothing.fileno(), 1)
    session = _collected(words)
    asking = _forked(path, told, ended)
    program, descriptors, _flags, _address = socket.recv_fds(asking, 10_000, 3)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.register_at_fork(after_in_child=asking.close)  # it says that we last, not what a test has forked
    sys.argv = ["-c"]
    sys.modules["__main__"] = main = type(sys)("__main__")
    vars(main)["session"] = session  # for _work
    exec(program, vars(main))
    # As Python ends, without taking apart what was loaded.
    atexit._run_exitfuncs()
    sys.stderr.flush()
    os._exit(0)


def _forked(path: str, told: int, ended: int) -> socket.socket:
    """Fork for each who asks at `path`, and return in what has been forked who did; say at `told` that one may."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        os.write(told, b"!")
        os.close(told)
        interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)  # xdist knows what it ends, and tells us
        while ended not in select.select([ended, listening.fileno()], [], [])[0]:
            asking, _address = listening.accept()
            if not os.fork():
                signal.signal(signal.SIGINT, interrupt)
                os.close(ended)
                return asking
            asking.close()
    _wait_for_children()
    os._exit(0)


def _collected(words: Sequence[str]) -> pytest.Session:
    """Do what a worker of xdist's does up to the first test, but what depends on which it is; or end."""
    import pytest
    from _pytest.config import _prepareconfig

    config = _prepareconfig(list(words))
    from xdist.remote import setup_config  # before, its asserts could not have been made pytest's

    setup_config(config, None)
    vars(config)["workerinput"] = {}  # which tells plugins that this is a worker
    session = pytest.Session.from_config(config)
    config._do_configure()
    config.hook.pytest_sessionstart(session=session)
    try:
        config.hook.pytest_collection(session=session)
    except (pytest.UsageError, session.Failed, KeyboardInterrupt):  # the last is Interrupted, too
        os._exit(0)
    if session.testsfailed:
        os._exit(0)
    # Where what tests print is kept must not be common to all.
    _capturing(config).stop_global_capturing()
    return session


def _capturing(config: pytest.Config) -> Any:
    return config.pluginmanager.get_plugin("capturemanager")


def _wait_for_children() -> None:
    try:
        while True:
            os.wait()
    except ChildProcessError:
        pass


def _work(channel: Any, session: pytest.Session) -> None:
    """Be the worker that we are told to be: run tests of those that were collected. As xdist's remote.py."""
    import pytest
    from xdist.remote import WorkerInteractor, setup_config

    config = session.config
    told, _words, options, sys.path = channel.receive()
    os.environ["PYTEST_XDIST_TESTRUNUID"] = told["testrunuid"]
    os.environ["PYTEST_XDIST_WORKER"] = told["workerid"]
    os.environ["PYTEST_XDIST_WORKER_COUNT"] = str(told["workercount"])
    setup_config(config, options.get("basetemp"))
    temporary = pytest.TempPathFactory.from_config(config, _ispytest=True)
    vars(config).update(workerinput=told, workeroutput={}, _tmp_path_factory=temporary)
    _capturing(config).start_global_capturing()
    _capturing(config).suspend_global_capture()
    worker = WorkerInteractor(config, channel)
    worker.pytest_sessionstart(session)
    worker.pytest_collection_finish(session)
    session.exitstatus = pytest.ExitCode.INTERRUPTED
    try:
        config.hook.pytest_runtestloop(session=session)
        session.exitstatus = pytest.ExitCode.OK
    finally:
        config.hook.pytest_sessionfinish(session=session, exitstatus=session.exitstatus)
        config._ensure_unconfigure()


def _main(purpose: str, path: str, *words: str) -> None:
    if purpose == "ask":
        _ask(path, words[-1])  # of xdist's `-u -c PROGRAM`
    else:
        import json

        del sys.path[0]  # this file's folder
        _serve(path, json.loads(words[0]))


if __name__ == "__main__":
    _main(*sys.argv[1:])
elif __name__ == "__channelexec__":
    _work(vars()["channel"], vars(sys.modules["__main__"])["session"])
