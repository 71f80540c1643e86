"""Each module of the product has the file of tests that its place asks for, or stands here with what tries it instead.

`client/mosh_client/renderer/view.py` is tried by `tests/client/renderer/test_view.py`: by the path that it has in its
package.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import pytest
from tests.support.programs import REPOSITORY

pytestmark = pytest.mark.once

TESTS = REPOSITORY / "tests"
PACKAGES = {folder: REPOSITORY / folder / f"mosh_{folder}" for folder in ("bootstrap", "client", "common", "server")}
# A package says what is in it, and its __main__ calls its command line.
NO_MODULES = ("__init__.py", "__main__.py")


class Whole(NamedTuple):
    """Modules without a file of their own, tried as the parts of something."""

    tried_by: str  # a file below tests/
    why: str
    modules: tuple[str, ...]


WHOLES = (
    Whole(
        "bootstrap/test_ssh.py",
        "the conversation with ssh is had with a program in its place, in a pty",
        tuple(f"bootstrap/{name}" for name in ("conversation", "handoff", "keyboard", "progress", "start", "terminal")),
    ),
    Whole("bootstrap/test_options.py", "what of a command line is refused", ("bootstrap/destination",)),
    Whole("bootstrap/test_cli.py", "what --help prints", ("bootstrap/help_text",)),
    Whole(
        "bootstrap/test_refusal.py",
        "each refusal of ssh or the server by its sentence",
        ("bootstrap/diagnosis", "bootstrap/ssh_status"),
    ),
    Whole("bootstrap/test_sessions.py", "how sessions are named on the command line", ("bootstrap/session_names",)),
    Whole(
        "bootstrap/test_archive.py",
        "what of the archive runs in an interpreter of its own",
        ("bootstrap/archive_main", "bootstrap/launch", "bootstrap/program"),
    ),
    Whole(
        "bootstrap/test_installation.py",
        "the far end runs as the program that it is, in another folder",
        ("bootstrap/far_end", "bootstrap/far_python"),
    ),
    Whole(
        "bootstrap/doctor/test_broken_set_ups.py",
        "each finding of --doctor with a set-up that has the fault",
        ("bootstrap/doctor/examination", "bootstrap/doctor/host", "bootstrap/doctor/machine"),
    ),
    Whole(
        "client/confinement/test_confinement.py",
        "a confinement is what a process that has it cannot do",
        (
            "client/confinement/doctor",
            "client/confinement/landlock",
            "client/confinement/libc",
            "client/confinement/limits",
            "client/confinement/mechanisms",
            "client/confinement/processes",
            "client/confinement/proofs",
            "client/confinement/report",
            "common/io/privileges",
        ),
    ),
    Whole(
        "client/confinement/test_seccomp.py", "the filter is made of its numbers", ("client/confinement/system_calls",)
    ),
    Whole(
        "world/test_history.py",
        "history from server to renderer, over networks of all kinds",
        ("client/network/history",),
    ),
    Whole("client/renderer/test_view.py", "how a session is left", ("client/renderer/leaving",)),
    Whole(
        "client/renderer/drawing/test_compositor.py",
        "what draws, with and without native scroll",
        ("client/renderer/drawing/choice",),
    ),
    Whole(
        "client/renderer/pager/test_paging.py",
        "the pager as somebody who pages sees it",
        tuple(
            f"client/renderer/pager/{name}"
            for name in ("document", "input_line", "pager", "painting", "reader", "reports", "viewport")
        ),
    ),
    Whole(
        "client/renderer/pager/test_selecting.py",
        "what is selected is what is copied",
        tuple(f"client/renderer/pager/{name}" for name in ("copying", "marking", "selection")),
    ),
    Whole(
        "client/renderer/pager/test_searching.py",
        "what is found, and what is typed meanwhile",
        ("client/renderer/pager/finding", "client/renderer/pager/waiting"),
    ),
    Whole(
        "client/renderer/scrollback/test_native_scroll.py",
        "lines come in order, each once",
        tuple(f"client/renderer/scrollback/{name}" for name in ("fetched", "places")),
    ),
    Whole(
        "client/renderer/scrollback/test_native_compositor.py",
        "what is drawn and pushed",
        ("client/renderer/scrollback/terminal", "client/scrollback_end"),
    ),
    Whole("client/test_settings.py", "the choice and its spellings", ("common/scrollback",)),
    Whole("common/sync/test_channels.py", "channels on one path", ("common/sync/channel",)),
    Whole("world/test_history.py", "the extent comes with its frame", ("common/sync/states/parts/history",)),
    Whole(
        "common/terminal/history/test_what_is_kept.py",
        "rows and text in, lines out, as the emulator fills it",
        (
            *(
                f"common/terminal/history/{name}"
                for name in ("chunks", "history", "joining", "line", "shelf", "update")
            ),
            "common/terminal/screen/past",
        ),
    ),
    Whole("server/door/test_listener.py", "a page a visit", ("server/door/history",)),
    Whole("server/test_cli.py", "the command line", ("server/options",)),
    Whole("server/test_process.py", "a server that keeps history", ("server/output/guarded_history",)),
    Whole("client/renderer/test_escape_key.py", "the key, and the choice of it", ("client/escape_key_choice",)),
    Whole(
        "client/ipc/test_messages.py", "the fields of each message", ("client/ipc/fields", "client/ipc/screen_fields")
    ),
    Whole(
        "client/launcher/test_launcher.py",
        "what the launcher and its two processes are to each other, with all three running",
        ("client/ipc/lifelines", "client/launcher/child", "client/renderer/process", "client/terminal/description"),
    ),
    Whole("client/network/test_session.py", "state 0, and what the server said", ("client/network/blank_screen",)),
    Whole("world/test_features.py", "both ends with each set of features", ("client/network/extensions",)),
    Whole(
        "client/network/probe/test_probe.py",
        "a probe is its plan on a line",
        ("client/network/probe/line", "client/network/probe/plan"),
    ),
    Whole(
        "client/renderer/prediction/test_engine.py",
        "predictions are what somebody who types sees of them",
        (
            "client/renderer/prediction/extension",
            "client/renderer/prediction/guesses",
            "client/renderer/prediction/guessing",
            "client/renderer/prediction/habits",
            "client/renderer/prediction/place",
            "client/renderer/prediction/realign",
            "client/renderer/prediction/row",
            "client/renderer/prediction/scroll",
        ),
    ),
    Whole(
        "server/host/test_locale_choice.py",
        "which locale has the character set, by which variable",
        ("common/character_set", "common/locale_variables"),
    ),
    Whole("common/test_connect_line.py", "the line is made of the words", ("common/connect_words",)),
    Whole("client/test_doctor.py", "what the three --doctor try alike", ("common/examination",)),
    Whole("client/test_doctor.py", "a probe as the process that it is", ("client/network/probe/process",)),
    Whole("client/test_handed_over.py", "what is handed over is what is taken", ("client/stages", "common/handover")),
    Whole("client/test_cli.py", "refused before anything else is looked at", ("common/terminal_type",)),
    Whole("client/renderer/prediction/test_visibility.py", "each preference", ("common/prediction_display",)),
    Whole(
        "common/sync/test_transport.py",
        "what a Transport tells of itself",
        ("common/sync/events", "common/sync/facts", "common/sync/state"),
    ),
    Whole(
        "common/sync/states/test_screen_state.py",
        "the parts make one state",
        tuple(
            f"common/sync/states/parts/{name}"
            for name in ("announcement", "echo_ack", "exit_status", "features", "notices", "part", "screen", "table")
        ),
    ),
    Whole("common/sync/states/test_parting.py", "this part alone has rules", ("common/sync/states/parts/parting",)),
    Whole(
        "common/terminal/test_width.py",
        "a width is looked up in a table of code points",
        ("common/terminal/code_points", "common/terminal/width_table"),
    ),
    Whole(
        "common/terminal/frame_diff/test_dialect.py", "colours of a terminal that has few", ("common/terminal/colors",)
    ),
    Whole("common/terminal/test_costs.py", "what output costs is counted", ("common/terminal/work",)),
    Whole("common/terminal/test_patterns.py", "patterns hold what they say", ("common/terminal/plain_text",)),
    Whole(
        "common/terminal/frame_diff/test_diff.py",
        "a diff is right when its execution gives the screen",
        tuple(f"common/terminal/frame_diff/{name}" for name in ("pen", "rows", "scroll")),
    ),
    Whole(
        "common/terminal/parser/test_stream.py",
        "the parser is what it calls for what it reads",
        tuple(f"common/terminal/parser/{name}" for name in ("calls", "parser", "sequences", "strings")),
    ),
    Whole(
        "common/terminal/test_modes_and_reports.py",
        "a screen is what is seen after octets: by sequences, not by modules",
        tuple(
            f"common/terminal/screen/{name}"
            for name in (
                "charsets",
                "modes",
                "rectangles",
                "reports",
                "restyling",
                "row_memory",
                "row_sums",
                "screen",
                "strings",
                "style_change",
                "styled_rows",
            )
        ),
    ),
    Whole(
        "common/terminal/test_wide_halves.py",
        "whatever writes or erases may cut a wide character",
        tuple(f"common/terminal/screen/{name}" for name in ("drawing", "erasing", "grid", "split_rows")),
    ),
    Whole(
        "common/terminal/test_against_pyte.py",
        "pyte's own screen is the oracle",
        tuple(f"common/terminal/screen/{name}" for name in ("margins", "movement", "pyte_views", "tabulation")),
    ),
    Whole(
        "common/terminal/test_many_styles.py",
        "palettes, full and merged",
        ("common/terminal/cells", "common/terminal/screen/style_merging"),
    ),
    Whole("common/wire/test_cipher.py", "held against the other ciphers", ("common/wire/libcrypto",)),
    Whole("common/wire/test_pb.py", "held against the .proto file", ("common/wire/messages",)),
    Whole(
        "server/test_session.py",
        "what a session does is what its client and its programs see of it",
        tuple(f"server/{name}" for name in ("attachment", "attendance", "ending", "events", "terminal")),
    ),
    Whole("world/test_attach.py", "several clients at one session", ("server/clients", "server/keyring")),
    Whole("server/test_control.py", "each login's own socket", ("server/sockets",)),
    Whole(
        "server/test_sessions.py",
        "what is said of sessions, with servers that run",
        tuple(f"server/door/{name}" for name in ("deeds", "listing", "table")),
    ),
    Whole("server/door/test_screen.py", "what is told of a screen", ("server/door/preview",)),
    Whole("server/host/test_own_host.py", "a shell of the machine's", ("server/host/shell",)),
    Whole(
        "server/test_session.py",
        "what programs write, from pty to frame",
        tuple(f"server/output/{name}" for name in ("display", "guarded_emulator", "incidents", "queue")),
    ),
)

# Names, numbers and types, whose use is what could be wrong.
NOTHING_TO_TRY = {
    "common/clock": "one call of the system's",
    "common/errors": "classes and their names",
    "common/protocol": "numbers",
    "common/version": "one number; tests/packaging holds all that name it together",
    "common/wire/drop": "an enumeration",
    "server/host/host": "a promise, which host/own_host keeps",
}


def modules() -> set[str]:
    """Return the product's modules, as their tests' folders name them."""
    return {
        f"{folder}/{path.relative_to(package).with_suffix('').as_posix()}"
        for folder, package in PACKAGES.items()
        for path in package.rglob("*.py")
        if path.name not in NO_MODULES
    }


def own_file(module: str) -> str:
    """Return the file of tests that a module should have, below tests/."""
    folder, _, name = module.rpartition("/")
    return f"{folder}/test_{name}.py"


def has_its_own(module: str) -> bool:
    return (TESTS / own_file(module)).is_file()


LISTED = Counter([*(module for whole in WHOLES for module in whole.modules), *NOTHING_TO_TRY])


def test_a_module_has_its_file_of_tests() -> None:
    without = {module for module in modules() if not has_its_own(module)} - set(LISTED)
    assert {module: own_file(module) for module in sorted(without)} == {}


def test_what_is_listed_is_a_module_without_one() -> None:
    assert LISTED.keys() - modules() == set(), "gone: so should be the entries"
    assert {module for module in LISTED if has_its_own(module)} == set(), "has a file of its own: no entry is needed"
    assert {module: times for module, times in LISTED.items() if times != 1} == {}


@pytest.mark.parametrize("whole", WHOLES, ids=lambda whole: whole.tried_by)
def test_what_tries_the_others_is_there(whole: Whole) -> None:
    assert (TESTS / whole.tried_by).is_file()
    assert whole.why


def test_a_module_is_looked_for_where_its_package_has_it() -> None:
    assert own_file("client/renderer/view") == "client/renderer/test_view.py"
    assert {"client/renderer/view", "server/cli", "common/wire/key"} <= modules()
