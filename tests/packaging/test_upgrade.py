"""A process that serves a session imports nothing any more: after an upgrade the files are another version's, or gone.

`tests/e2e/test_upgrade.py` takes the files away; here each import is found that would miss them.
"""

from __future__ import annotations

import ast
import builtins
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.client_session import ClientSession
from tests.support.programs import REPOSITORY, SOURCE_FOLDERS, Programs
from tests.support.simulation import Conditions
from tests.support.syntax import blocks, imports_in_blocks
from tests.support.whole_use import use
from tests.support.world import World

# Imports within functions, by module and function, and why none of them comes too late. (`mosh` has become mosh-client
# before there is a session.)
START = "it runs before the session"
ENDS = "an action that ends the program"
LOADED = "it is loaded before the session, and this finds it loaded"
LATE = {
    "mosh_client.cli: main": ENDS,
    "mosh_client.cli: _connect": START,
    "mosh_client.cli: _address": START,
    "mosh_client.cli: _probe": START,
    "mosh_client.confinement.libc: call": f"{START}; for later renderers: {LOADED}, to confine the launcher",
    "mosh_client.confinement.seccomp: install": f"{START}; for later renderers: {LOADED}, to confine the launcher",
    "mosh_client.confinement.processes: confine": f"{START}; for later renderers: {LOADED}, to confine the launcher",
    "mosh_client.confinement.processes: _prepare_tracebacks": f"{START}: what follows it is there for -v",
    "mosh_client.launcher.launcher: Launcher._confine": START,
    "mosh_client.launcher.launcher: Launcher._become_network_process": START,
    "mosh_client.launcher.launcher: Launcher._become_renderer": f"{LOADED}, by _load_renderer",
    "mosh_client.launcher.launcher: _fork": f"for -v {LOADED}; else the process ends a line of the log the poorer",
    "mosh_client.network.blank_screen: BlankScreen.apply": f"{LOADED}, by load_emulator",
    "mosh_client.network.blank_screen: load_emulator": START,
    "mosh_client.network.history: HistoryRelay.open": f"{LOADED}, by load_emulator",
    "mosh_client.network.process: run": f"for -v, and {LOADED}",
    "mosh_client.network.process: _NetworkProcess._confine": START,
    "mosh_client.renderer.process: run": f"for -v, and {LOADED}",
    "mosh_client.renderer.drawing.choice: compositor_for": f"{LOADED}, by _load_renderer",
    "mosh_client.scrollback_end: ScrollbackEnd.__init__": START,
    "mosh_client.stages: Stages.__init__": START,
    "mosh_client.terminal.tty: describe_terminal": START,
    "mosh_common.examination: try_cipher": ENDS,
    "mosh_common.io.privileges: _prctl": f"{LOADED}: every process of ours that serves gives up something at its start",
    "mosh_common.terminal_type: load_description": START,
    "mosh_common.wire.cipher: through_cryptography": f"{START}: what it found is kept",
    "mosh_common.wire.cipher: through_cryptography.describe": ENDS,
    "mosh_common.wire.cipher: through_ctypes": f"{START}: what it found is kept",
    "mosh_server.cli: _about_sessions": f"{START}, or {ENDS}",
    "mosh_server.cli: _about_with_cipher": ENDS,
    "mosh_server.cli: _serve": START,
    "mosh_server.cli: _show": ENDS,
    "mosh_server.cli: _announce": START,
    "mosh_server.cli: _check_installation": START,
    "mosh_server.cli: _report_locale": START,
    "mosh_server.cli: _run_session": START,
    "mosh_server.cli: _take_name": START,
    "mosh_server.cli: _tell": START,
    "mosh_server.door.preview: _ansi_line": ENDS,
    "mosh_server.door.preview: ansi_of": ENDS,
    "mosh_server.door.preview: history_ansi": ENDS,
    "mosh_server.host.locale_choice: installed_locales": START,
    "mosh_server.host.scope: _tell_once": START,
    "mosh_server.host.scope: ask_logind": START,
    "mosh_server.host.scope: can_start_scopes": ENDS,
    "mosh_server.host.scope: start_in_scope": START,
    "mosh_server.options: history_limits": START,
    "mosh_server.output.guarded_emulator: GuardedEmulator._guarded_history": START,
    "mosh_server.process: _new_history": START,
}


def late_imports() -> Iterator[str]:
    for folder in ("client", "common", "server"):
        for path in sorted((REPOSITORY / folder).rglob("*.py")):
            if path.name.endswith("_pb2.py"):
                continue
            module = ".".join(path.relative_to(REPOSITORY / folder).with_suffix("").parts)
            source = path.read_text(encoding="utf-8")
            if imports_in_blocks(source):
                yield from (f"{module}: {name}" for name in _importing(ast.parse(source), ()))


def _importing(node: ast.AST, names: tuple[str, ...]) -> Iterator[str]:
    """Yield the functions that import something, by their names."""
    for child in blocks(node):
        inner = names
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = (*names, child.name)
        elif isinstance(child, ast.Import | ast.ImportFrom) and names:
            yield ".".join(names)
        yield from _importing(child, inner)


def test_every_import_within_a_function_is_known_and_comes_in_time() -> None:
    assert set(late_imports()) == set(LATE)


def test_an_import_within_a_method_would_be_found() -> None:
    source = "import a\nclass C:\n    def f(self):\n        if x:\n            from b import c\n"
    assert list(_importing(ast.parse(source), ())) == ["C.f"]


# --- in one process: not one import statement is even executed


# What cryptography itself does when the first tag fails; ocb.py has loaded that at its start.
KNOWN = {"mosh_common.wire.ocb imports cryptography.exceptions"}
BAD = Conditions(delay=40, loss=0.2, jitter=30, duplicate=0.1, reorder=0.2, reorder_by=100)


def test_no_import_is_executed_while_a_session_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(program=lambda keys: keys)
    world.print(b"$ ")
    world.run(1000)
    found: list[str] = []
    ordinary = builtins.__import__

    def noting(name: str, importer: Any = None, *rest: Any, **more: Any) -> Any:
        found.append(f"{(importer or {}).get('__name__')} imports {name}")
        return ordinary(name, importer, *rest, **more)

    with monkeypatch.context() as patch:
        patch.setattr(builtins, "__import__", noting)
        _go_on(world)
    assert set(found) - KNOWN == set()


def _go_on(world: World) -> None:
    """Let everything happen to a session that its ends deal with, to its end."""
    world.conditions = BAD
    world.type("hello \u00e4\u6f22\r")
    world.print("\x1b]0;title\x07\x1b]52;c;aGFsbG8=\x07\x1b[38;2;1;2;3;4:3mstyle\x1b[m\a \u6f22 \x1b[c\x1b[>q".encode())
    world.print(b"\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\\x1b[?1049h\x1b#8\x1b[?1049l" + b"line\r\n" * 500)
    world.run(2000)
    world.resize(100, 30)
    world.type("\x1es")
    world.run(2000)
    world.type("\x1e?")
    world.type("\x1b[A\x7f\x01")
    for end in world.ends:
        for octets in (b"", b"\x00" * 24, b"\xff" * 100, bytes(1280)):
            end.receive_datagram(octets, world.client.address, now=world.now)
    world.connected = False  # an outage, and another port
    world.type("typed meanwhile")
    world.run(30_000)
    world.connected = True
    world.run(5000)
    world.client.session.start_afresh(now=world.now)
    world.client.session.detach_renderer()
    world.run(100)
    world.server.session.pty_closed(status=0, now=world.now)
    world.run(5000)
    assert world.client.left
    assert world.server.left


def test_an_import_that_a_session_executes_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[str] = []
    ordinary = builtins.__import__

    def noticing(name: str, *rest: Any) -> object:
        found.append(name)
        return ordinary(name, *rest)

    monkeypatch.setattr(builtins, "__import__", noticing)
    import json  # noqa: F401  # for its being noticed, loaded as it is

    assert found == ["json"]


# --- real processes


# What runs before the programs: it says into a pipe what a process imports from the moment on when it serves. (Into a
# pipe, since confined processes write no file; and the pipe is kept, where they close what they do not know.)
_WATCH = """
import os, sys
log = os.open({log!r}, os.O_WRONLY)
from mosh_common.io import fds
close_all_except = fds.close_all_except
fds.close_all_except = lambda keep: close_all_except({{*keep, log}})
serving = []

def watch(event, arguments):
    if serving and event == "import":
        os.write(log, f"{{serving[-1]}} imports {{arguments[0]}}\\n".encode())

sys.addaudithook(watch)
"""
_CLIENT = """
from mosh_client.confinement import processes
confine = processes.confine

def then_watch(process, **options):
    steps = confine(process, **options)
    serving.append(process.value)
    os.write(log, f"{process.value} serves\\n".encode())
    return steps

processes.confine = then_watch
from mosh_client.cli import main
sys.exit(main())
"""
_SERVER = """
from mosh_server.loop import Loop
run = Loop.run

def then_watch(loop):
    serving.append("server")
    os.write(log, b"server serves\\n")
    return run(loop)

Loop.run = then_watch
from mosh_server.cli import main
sys.exit(main())
"""


def watched(log: Path) -> Programs:
    """Our programs, which say in the pipe `log` what they import late."""
    python = ("/usr/bin/env", f"PYTHONPATH={os.pathsep.join(SOURCE_FOLDERS)}", sys.executable, "-P", "-c")
    watch = _WATCH.format(log=str(log))
    return Programs("watched", client=(*python, watch + _CLIENT), server=(*python, watch + _SERVER), wrapper=())


@pytest.mark.system
@pytest.mark.requires_linux
@pytest.mark.requires_program("bash")
def test_no_process_imports_anything_once_it_serves(tmp_path: Path) -> None:
    log = tmp_path / "log"
    os.mkfifo(log)
    pipe = os.open(log, os.O_RDWR | os.O_NONBLOCK)  # held open for both
    try:
        with ClientSession(tmp_path, programs=watched(log)) as session:
            use(session, "once")
            session.enter("exit")
            assert session.terminal.wait_for_end() == 0
            session.wait_for_no_remains()
        said = os.read(pipe, 65536).decode().splitlines()
    finally:
        os.close(pipe)
    # (The second renderer is the replaced one; it inherits that it serves from the launcher, so all of it is watched.)
    assert sorted(said) == [
        "launcher serves", "network process serves", "renderer serves", "renderer serves", "server serves",
    ]  # fmt: skip
