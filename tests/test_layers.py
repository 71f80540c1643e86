"""The import layers of the project hold for every module, as its syntax tree says."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from tests.support.syntax import imports

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {
    "mosh_bootstrap": ROOT / "bootstrap",
    "mosh_client": ROOT / "client",
    "mosh_common": ROOT / "common",
    "mosh_server": ROOT / "server",
}

# What each layer may import of this project, by module prefix. The longest matching key rules.
BASE = {
    f"mosh_common.{name}"
    for name in ("address", "clock", "errors", "isolation", "history_limits", "protocol", "silence", "version")
}
# What the command lines and the wrapper share.
WORDS = {
    f"mosh_common.{name}"
    for name in (
        "command_line",
        "connect_words",
        "handover",
        "locale_variables",
        "native_environment",
        "prediction_display",
        "scrollback",
    )
}
_T, _S, _CLIENT, _SERVER = "mosh_common.terminal", "mosh_common.sync", "mosh_client", "mosh_server"
# The values of a screen, and what is known of characters and colours.
VALUES = {
    f"{_T}.{name}"
    for name in (
        "cells",
        "rows",
        "width",
        "width_table",
        "code_points",
        "colors",
        "history.line",
        "payloads",
        "plain_text",
        "work",
    )
}
CHOICES = {
    *(f"{_CLIENT}.{name}" for name in ("settings", "handed_over", "stages", "escape_key_choice", "scrollback_end")),
    "mosh_common.prediction_display",
}
LOOP = {"mosh_common.io.fds", "mosh_common.io.loop"}
CONFINING = {f"{_CLIENT}.confinement.{name}" for name in ("processes", "mechanisms", "limits")}
ALLOWED: dict[str, set[str]] = {
    "mosh_common.address": set(),
    "mosh_common.errors": set(),
    "mosh_common.clock": set(),
    "mosh_common.isolation": {"mosh_common.native_environment"},
    "mosh_common.version": set(),
    "mosh_common.history_limits": {"mosh_common.errors"},
    "mosh_common.protocol": {"mosh_common.errors"},
    "mosh_common.silence": set(),
    "mosh_common.native_environment": set(),
    "mosh_common.terminal_type": {"mosh_common.errors"},
    **dict.fromkeys(WORDS, BASE),
    "mosh_common.connect_words": BASE | {"mosh_common.wire.key"},
    "mosh_common.character_set": {"mosh_common.locale_variables"},
    "mosh_common.connect_line": BASE | {"mosh_common.connect_words", "mosh_common.wire"},
    "mosh_common.wire": BASE | {"mosh_common.wire"},
    "mosh_common.io": BASE | {"mosh_common.io"},
    "mosh_common": {"mosh_common"},
    # The emulator and the frame diff: values below; the screen, and the parser that calls it; the frame diff beside
    # them; the facade above.
    **dict.fromkeys(VALUES, BASE | VALUES),
    f"{_T}.parser": BASE | VALUES | {f"{_T}.{name}" for name in ("parser", "screen", "pyte_loading")},
    f"{_T}.screen": BASE | VALUES | {f"{_T}.screen", f"{_T}.pyte_loading", "mosh_common.wire.size"},
    f"{_T}.frame_diff": BASE | VALUES | {f"{_T}.frame_diff"},
    _T: BASE | {_T},
    f"{_S}.path": BASE | {"mosh_common.wire", f"{_S}.path"},
    f"{_S}.states": BASE | {"mosh_common.wire", _T, f"{_S}.states"},
    _S: BASE | {"mosh_common.wire", _S},
    "mosh_bootstrap": {"mosh_bootstrap", "mosh_common"},
    "mosh_bootstrap.far_end": set(),  # it goes to another machine alone
    # What the client would refuse, asked before the login.
    "mosh_bootstrap.preflight": BASE | {f"{_CLIENT}.settings", "mosh_common.terminal_type"},
    # The client: a row for each process. What one must not import, it has not (docs/processes.md).
    f"{_CLIENT}.launcher": BASE
    | LOOP
    | CHOICES
    | CONFINING
    | {f"{_CLIENT}.{name}" for name in ("launcher", "terminal", "ipc.control", "ipc.lifelines")}
    | {f"{_T}.frame_diff.dialect", "mosh_common.io.privileges", "mosh_common.io.signal_handlers"}
    # Only in the child, once it has been forked; or for the children that draw, once the other has been:
    | {"mosh_common.wire.key", f"{_CLIENT}.network.process"}
    | {f"{_CLIENT}.renderer.process"},
    f"{_CLIENT}.network": BASE
    | CONFINING
    | {f"{_CLIENT}.network", f"{_CLIENT}.ipc", "mosh_common.io", "mosh_common.wire", _S}
    | {f"{_T}.cells", f"{_T}.emulator", f"{_T}.history.line"},
    # What measures a way shows nothing: it has no emulator, and speaks to no other process.
    f"{_CLIENT}.network.probe": BASE
    | {f"{_CLIENT}.network.{name}" for name in ("probe", "sockets")}
    | {f"{_CLIENT}.confinement.mechanisms", "mosh_common.io", "mosh_common.wire"}
    | {f"{_S}.path", f"{_S}.states.user_stream"},
    f"{_CLIENT}.renderer": BASE
    | LOOP
    | CHOICES
    | CONFINING
    | VALUES
    | {f"{_CLIENT}.renderer", f"{_CLIENT}.ipc", f"{_CLIENT}.terminal", f"{_T}.frame_diff"},
    f"{_CLIENT}.terminal": BASE
    | {
        f"{_CLIENT}.terminal",
        f"{_CLIENT}.scrollback_end",
        f"{_T}.frame_diff.dialect",
        "mosh_common.terminal_type",
        "mosh_common.wire.size",
    },
    f"{_CLIENT}.ipc": BASE | VALUES | {f"{_CLIENT}.ipc", "mosh_common.wire.size"},
    f"{_CLIENT}.ipc.control": BASE,
    f"{_CLIENT}.ipc.lifelines": BASE | {f"{_CLIENT}.ipc.control"},
    f"{_CLIENT}.confinement": BASE | {f"{_CLIENT}.confinement", "mosh_common.io.privileges"},
    f"{_CLIENT}.settings": BASE
    | {f"{_CLIENT}.escape_key_choice", "mosh_common.io.fds"}
    | {"mosh_common.prediction_display", "mosh_common.scrollback"},
    f"{_CLIENT}.escape_key_choice": BASE,
    f"{_CLIENT}.stages": BASE,
    f"{_CLIENT}.scrollback_end": BASE,
    f"{_CLIENT}.handed_over": BASE | {f"{_CLIENT}.stages", "mosh_common.handover", "mosh_common.io.fds"},
    _CLIENT: {_CLIENT, "mosh_common"},
    # The server: what comes in, what goes out, the machine. The session knows no machine; the loop knows it as a
    # promise only, so that another process may keep that; `process` puts all together.
    f"{_SERVER}.input": BASE | {f"{_SERVER}.input"},
    f"{_SERVER}.output": BASE
    | {f"{_SERVER}.output", _T, "mosh_common.wire.hostdiff", "mosh_common.wire.size", f"{_S}.pacing"},
    f"{_SERVER}.host": BASE
    | {f"{_SERVER}.host", "mosh_common.io", "mosh_common.character_set", "mosh_common.locale_variables"},
    f"{_SERVER}.host.host": set(),
    f"{_SERVER}.host.helper": {"mosh_common.io.spawn"},
    f"{_SERVER}.host.pty": {"mosh_common.io.fds"},
    # The door: the session's side of it knows the session as a promise only, the visitor's side no session at all.
    f"{_SERVER}.door": BASE
    | {f"{_SERVER}.door", f"{_SERVER}.host.places", f"{_SERVER}.host.registry"}
    | {f"{_T}.cells", f"{_T}.frame_diff", f"{_T}.history.line", "mosh_common.wire.key", "mosh_common.wire.size"},
    f"{_SERVER}.events": set(),
    f"{_SERVER}.attendance": BASE | {f"{_SERVER}.events", f"{_S}.path.contact", f"{_S}.transport"},
    f"{_SERVER}.ending": BASE
    | {f"{_SERVER}.{name}" for name in ("attendance", "events")}
    | {f"{_S}.events", f"{_S}.transport"},
    f"{_SERVER}.history": BASE
    | {f"{_S}.channel", f"{_S}.channels", f"{_S}.states.history"}
    | {f"{_S}.states.parts.history", f"{_T}.cells", f"{_T}.history.line"},
    f"{_SERVER}.terminal": BASE
    | {f"{_SERVER}.{name}" for name in ("events", "history", "input", "output")}
    | {f"{_T}.emulator"},
    f"{_SERVER}.attachment": BASE
    | {f"{_SERVER}.{name}" for name in ("extensions", "history", "input", "output", "terminal")}
    | {_S, f"{_T}.cells", "mosh_common.wire"},
    f"{_SERVER}.keyring": BASE | {f"{_SERVER}.attachment", _S, "mosh_common.wire"},
    f"{_SERVER}.clients": BASE
    | {f"{_SERVER}.{name}" for name in ("attachment", "attendance", "keyring", "terminal")}
    | {f"{_S}.states.parts", "mosh_common.wire"},
    f"{_SERVER}.session": BASE
    | {f"{_SERVER}.{name}" for name in ("attachment", "attendance", "clients", "ending", "events", "keyring")}
    | {
        f"{_SERVER}.history",
        f"{_SERVER}.terminal",
        f"{_SERVER}.output.flood",
        f"{_S}.events",
        f"{_T}.emulator",
        "mosh_common.wire",
    },
    f"{_SERVER}.extensions": BASE | {_S, _T, "mosh_common.wire"},
    f"{_SERVER}.loop": BASE
    | LOOP
    | {f"{_SERVER}.{name}" for name in ("events", "host.host", "host.pty", "output.flood", "session", "sockets")}
    | {"mosh_common.io.udp"},
    f"{_SERVER}.sockets": BASE | {"mosh_common.io.udp"},
    f"{_SERVER}.control": BASE
    | {f"{_SERVER}.output.guarded_history", f"{_SERVER}.session", f"{_SERVER}.sockets"}
    | {f"{_T}.cells", "mosh_common.wire.key"},
    _SERVER: {_SERVER, "mosh_common"},
}

# The core does no input or output and reads no clock.
CORE = ("mosh_common.address", "mosh_common.protocol", "mosh_common.wire", "mosh_common.terminal", "mosh_common.sync")
FORBIDDEN_IN_CORE = {
    "asyncio", "fcntl", "multiprocessing", "os", "pty", "random", "secrets", "select", "selectors", "signal",
    "socket", "subprocess", "termios", "threading", "time", "tty",
}  # fmt: skip


@cache
def modules() -> dict[str, Path]:
    """Every module of the project by its dotted name; generated protobuf code is protoc's business."""
    found = {}
    for package, folder in FOLDERS.items():
        for path in (folder / package).rglob("*.py"):
            parts = path.relative_to(folder).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            if not path.name.endswith("_pb2.py"):
                found[name] = path
    return found


@cache
def imports_of(path: Path, name: str) -> set[str]:
    """Dotted names that the module imports anywhere, also inside functions."""
    names: set[str] = set()
    for node in imports(path.read_text(encoding="utf-8")):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        else:
            assert node.level == 0, f"{name} uses a relative import"
            assert node.module is not None
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def within(name: str, prefixes: set[str]) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes)


def layer_of(name: str) -> str:
    return max((key for key in ALLOWED if within(name, {key})), key=len)


@cache
def imported_modules(name: str) -> set[str]:
    """Return the modules of ours that the module imports; a package itself only if nothing within it."""
    found = imports_of(modules()[name], name) & set(modules())
    return found - {other for other in found if any(more.startswith(f"{other}.") for more in found)} - {name}


@pytest.mark.once
def test_a_module_imports_only_lower_layers() -> None:
    wrong = [
        f"{name} ({layer_of(name)}) must not import {imported}"
        for name in sorted(modules())
        for imported in sorted(imported_modules(name))
        if not within(imported, ALLOWED[layer_of(name)])
    ]
    assert wrong == []


@pytest.mark.once
def test_the_core_does_no_input_or_output() -> None:
    core = [name for name in modules() if within(name, set(CORE))]
    assert len(core) > 50
    roots = {name: {imported.split(".")[0] for imported in imports_of(modules()[name], name)} for name in core}
    assert {name: found & FORBIDDEN_IN_CORE for name, found in roots.items() if found & FORBIDDEN_IN_CORE} == {}


@pytest.mark.once
def test_no_module_imports_itself_in_a_circle() -> None:
    left = {name: imported_modules(name) for name in modules()}
    while free := {name for name, others in left.items() if not others & set(left)}:
        for name in free:
            del left[name]
    assert not left, f"among these is a circle: {sorted(left)}"


@pytest.mark.system
@pytest.mark.parametrize(
    ("first", "absent"),
    [
        ("mosh_client.launcher.launcher", {"msgpack", "cryptography", "mosh_common.terminal.cells"}),
        ("mosh_client.renderer.process", {"cryptography", "mosh_common.sync", "mosh_common.wire.key", "pyte"}),
        ("mosh_client.network.process", {"mosh_client.terminal", "termios", "tty"}),
    ],
)
def test_a_process_has_not_loaded_what_it_must_not_have(first: str, absent: set[str]) -> None:
    program = f"import sys, {first}; print(*sys.modules)"
    path = os.pathsep.join(map(str, FOLDERS.values()))
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    assert not absent & set(done.stdout.split())


def test_importing_a_forbidden_layer_would_be_noticed(tmp_path: Path) -> None:
    source = tmp_path / "x.py"
    for statement in (
        "from mosh_client.ipc import framing",
        "from mosh_client.ipc import (  # (why)\n        framing)",
    ):
        source.write_text(f"def f():\n    {statement}\n")
        imports_of.cache_clear()
        assert {"mosh_client.ipc", "mosh_client.ipc.framing"} <= imports_of(source, "mosh_server.x")
    assert not within("mosh_client.ipc", ALLOWED[layer_of("mosh_server.x")])
