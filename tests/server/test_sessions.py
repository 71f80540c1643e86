"""The words of mosh-server about sessions that are there, as the wrapper and as people say them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.support.doors import FakeControl, door_process, screen
from tests.support.histories import Kept as HistoryKept
from tests.support.histories import numbered
from tests.support.programs import PATIENCE_S, REPOSITORY, UPSTREAM, process, wait_until

from mosh_common.errors import EnvironmentFailure
from mosh_common.history_limits import Limits
from mosh_common.terminal.history.line import Extent, Line, Position
from mosh_server import cli, sessions
from mosh_server.door import deeds
from mosh_server.door.listing import Listed
from mosh_server.host.places import Place, places_of
from mosh_server.host.registry import holder_of, living

pytestmark = pytest.mark.system

CONNECT = re.compile(r"MOSH CONNECT (\d+) ([A-Za-z0-9+/]{22})")
WRAPPERS_WORDS = (
    "list --json",
    "attach 4711",
    "attach 4711 -s",
    "attach work -i 127.0.0.1 -p 60001:60999",
    "attach --only",
    "end 4711",
    "end work",
    "preview work",
    "preview 4711 --ansi",
    "history work",
    "history 4711 --ansi",
    "create work new",
    "create work new -s -c 256 -l LANG=C.UTF-8",
    "create work new -- true",
)


class Machine:
    """A user's directories on a machine, and mosh-server there."""

    def __init__(self, folder: Path, stack: ExitStack, capture: pytest.CaptureFixture[str]) -> None:
        self._stack = stack
        self._capture = capture
        (folder / "run").mkdir(mode=0o700)
        self.environ = {
            "PYTHONPATH": os.pathsep.join(str(REPOSITORY / name) for name in ("common", "server")),
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder / "run"),
        }
        self.places: Sequence[Place] = places_of(self.environ, uid=os.getuid())

    def session(self, **options: Any) -> int:
        return self._stack.enter_context(door_process(self.places, **options))

    def run(self, *words: str, **variables: str) -> tuple[int, str, str]:
        """Run the program; return (exit status, standard output, standard error)."""
        done = subprocess.run(
            [sys.executable, "-m", "mosh_server", *words],
            env=self.environ | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def say(self, *words: str) -> tuple[int, str, str]:
        """As `run`, by the program's main function in this process, a tenth of the work: for what starts no server."""
        self._capture.readouterr()
        with pytest.MonkeyPatch.context() as patch:
            for name in ("SSH_CONNECTION", "XDG_STATE_HOME"):
                patch.delenv(name, raising=False)
            for name, value in self.environ.items():
                patch.setenv(name, value)
            before = set(os.listdir("/dev/fd"))
            code = cli.main(words)
        for descriptor in set(os.listdir("/dev/fd")) - before:  # directories, which the program's end would close
            with suppress(OSError):
                os.close(int(descriptor))
        return code, *self._capture.readouterr()

    def answer(self, *words: str, status: int = 0) -> tuple[str, Any, str]:
        """Say it as the wrapper does; return the kind of answer, its value, and what follows the line."""
        return read(*self.say("session", *words), status=status)

    def listed(self, *, stuck: int = 0) -> list[dict[str, Any]]:
        """Return the sessions once no more than so many of them have not answered in time: others need the machine."""
        listed: list[dict[str, Any]] = wait_until(
            lambda: [
                found
                for found in [self.answer("list", "--json")[1]]
                if sum(each["state"] == "stuck" for each in found) == stuck
            ],
            "more sessions are stuck",
        )[0]
        return listed


def read(code: int, out: str, err: str, *, status: int) -> tuple[str, Any, str]:
    """An answer to the wrapper: its kind, its value, and what follows the line."""
    assert (code, err) == (status, "")
    line, _, rest = out.partition("\n")
    assert line.isascii()
    assert line.isprintable()
    match = re.fullmatch("MOSH SESSION 1 ([A-Z]+) (.*)", line)
    assert match is not None, out
    return match[1], json.loads(match[2]), rest


@pytest.fixture
def machine(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    for name in ("PATIENCE_S", "END_PATIENCE_S"):
        monkeypatch.setattr(deeds, name, 60.0)  # a session that others keep from the processor is not stuck
    with ExitStack() as stack:
        yield Machine(tmp_path, stack, capfd)


def detached(control: FakeControl) -> None:
    control.told = control.told._replace(attached=False)


def evil(control: FakeControl) -> None:
    control.told = control.told._replace(title="a\x1b]0;x\x07\u202eb", peer="\x9b1m")
    control.shown = screen("one\r\n日本\r\n")


# --- Words that older servers refuse


@pytest.mark.requires_upstream("mosh-server")
@pytest.mark.parametrize("words", WRAPPERS_WORDS)
def test_upstream_s_server_starts_nothing_for_the_wrapper_s_words(words: str) -> None:
    done = subprocess.run(
        [*UPSTREAM.server, "session", *words.split()],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "MOSH CONNECT" not in done.stdout
    assert "Usage" in done.stdout + done.stderr


@pytest.mark.parametrize("words", [words for words in WRAPPERS_WORDS if not words.startswith("create")])
def test_ours_answers_each_and_has_nothing_to_say_besides(machine: Machine, words: str) -> None:
    if words == "list --json":
        assert read(*machine.run("session", *words.split()), status=0) == ("LIST", [], "")
        return
    kind, value, rest = machine.answer(*words.split(), status=10)
    assert (kind, value["code"], rest) == ("REFUSED", 10, "")


@pytest.mark.parametrize(
    "words",
    [
        *(
            "",
            "x y",
            "attach",
            "end",
            "preview",
            "end 1 2",
            "list x",
            "preview 1 -x",
            "history",
            "history 1 -x",
            "attach 1 -p x",
        ),
        *("create a", "create a old", "create 12 new", "create a/b new"),
    ],
)
def test_wrong_words_are_refused(machine: Machine, words: str) -> None:
    kind, value, rest = machine.answer(*words.split(), status=1)
    assert (kind, value["code"], rest) == ("REFUSED", 1, "")
    assert value["why"].endswith(".")


# --- List


def test_a_list_has_everything_that_is_known(machine: Machine) -> None:
    pid = machine.session(name="work", prepare=evil)
    assert machine.answer("list", "--json")[::2] == ("LIST", "")
    (session,) = machine.listed()
    assert 100 <= session.pop("age") < 1000
    assert session.pop("folder") == (os.getcwd() if sys.platform == "linux" else None)
    assert session.pop("programs") is None or sys.platform == "linux"
    assert session.pop("since") >= 0
    assert session == {
        "id": pid, "name": "work", "state": "attached", "from": "1m", "heard": 1, "columns": 80, "lines": 24,
        "command": "vi notes", "title": "a]0;xb", "line": "日本",
    }  # fmt: skip


def test_an_ipv4_address_is_told_as_such(machine: Machine) -> None:
    machine.session()
    assert [session["from"] for session in machine.listed()] == ["192.0.2.1"]


def test_each_state_is_told(machine: Machine) -> None:
    def reached_by_nobody(control: FakeControl) -> None:
        control.told = control.told._replace(attached=False, heard_ms_ago=None)

    states = {
        machine.session(): "attached",
        machine.session(prepare=detached): "detached",
        machine.session(prepare=reached_by_nobody): "new",
        machine.session(name="stuck"): "stuck",
        old_server(machine): "old",
    }
    stuck = next(pid for pid, state in states.items() if state == "stuck")
    os.kill(stuck, signal.SIGSTOP)
    sessions = machine.listed(stuck=1)
    assert {session["id"]: session["state"] for session in sessions} == states
    assert {session["name"] for session in sessions if session["id"] == stuck} == {"stuck"}
    assert len({frozenset(session) for session in sessions}) == 1


def old_server(machine: Machine) -> int:
    """Have an entry as servers from before there were doors kept it."""
    place = Place.opened(str(Path(machine.environ["HOME"], ".local/state")), "mosh-server", uid=os.getuid())
    assert place is not None
    return machine._stack.enter_context(door_process([place], opens=False))


def test_dead_sessions_are_swept_out(machine: Machine) -> None:
    for place in machine.places:
        for name in ("4711", "4711.door", "+work"):
            Path(place.path, name).write_text("4711\n")
    assert machine.answer("list", "--json")[1] == []
    assert [place.names() for place in machine.places] == [[], []]


def test_people_read_a_table(machine: Machine) -> None:
    assert machine.say("list") == (0, "There are no sessions.\n", "")
    pid = machine.session(name="work", prepare=evil)
    code, out, err = wait_until(
        lambda: [said for said in [machine.say("list")] if "does not answer" not in said[1]], "the session is stuck"
    )[0]
    assert (code, err) == (0, "")
    heading, row, title = out.splitlines()
    assert heading.split() == ["ID", "NAME", "SIZE", "STATE", "RUNS"]
    assert row.startswith(f"{pid}  work  80×24  attached from 1m for ")
    assert "vi notes" in row
    assert title.strip() == "a]0;xb"
    assert json.loads(machine.say("list", "--json")[1])[0]["id"] == pid


def test_of_a_detached_one_people_read_where_its_client_was(machine: Machine) -> None:
    machine.session(prepare=detached)
    said = wait_until(lambda: re.findall(r"detached for .*, was at [0-9.]+ ", machine.say("list")[1]), "it is not told")
    assert said[0].split()[-1] == "192.0.2.1"


# --- Attach


@pytest.mark.parametrize("by", ["number", "name"])
def test_an_attach_prints_where_the_session_waits_and_with_which_key(machine: Machine, by: str) -> None:
    machine.session()
    pid = machine.session(name="work")
    kind, value, rest = machine.answer("attach", str(pid) if by == "number" else "work", "-p", "60001:60999")
    assert (kind, value) == ("ATTACH", {"id": pid, "name": "work"})
    first = CONNECT.fullmatch(rest.removesuffix("\n"))
    second = CONNECT.fullmatch(machine.say("attach", "work")[1].removesuffix("\n"))
    assert first is not None
    assert second is not None
    assert (first[1], second[1]) == ("60001", "60002")
    assert first[2] != second[2]


def test_the_only_detached_session_needs_no_number(machine: Machine) -> None:
    machine.session()
    pid = machine.session(prepare=detached)
    kind, value, rest = machine.answer("attach", "--only")
    assert (kind, value) == ("ATTACH", {"id": pid, "name": None})
    assert CONNECT.match(rest)


def test_of_several_one_has_to_be_chosen(machine: Machine) -> None:
    attached = machine.session()
    pids = {machine.session(prepare=detached), machine.session(prepare=detached)}
    kind, sessions, rest = machine.answer("attach", "--only", status=11)
    assert (kind, rest) == ("CHOICE", "")
    assert {session["id"] for session in sessions[:2]} == pids
    assert sessions[2]["id"] == attached
    assert all("line" in session for session in sessions)
    code, out, err = machine.say("attach", "--only")
    assert (code, out) == (11, "")
    assert err.splitlines()[-1] == "mosh-server: Say which of these sessions is meant, by its ID."


def test_one_that_does_not_answer_may_be_the_one_that_is_meant(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = machine.session(prepare=detached)
    stuck = machine.session(prepare=detached)
    os.kill(stuck, signal.SIGSTOP)
    monkeypatch.setattr(deeds, "PATIENCE_S", 1.0)

    def offered() -> list[tuple[int, str]]:
        _kind, sessions, _rest = machine.answer("attach", "--only", status=11)
        return [(session["id"], session["state"]) for session in sessions]

    wait_until(lambda: offered() == [(pid, "detached"), (stuck, "stuck")], lambda: f"offered: {offered()}")


def test_if_none_is_detached_one_has_to_be_chosen(machine: Machine) -> None:
    pid = machine.session()
    _kind, sessions, _rest = machine.answer("attach", "--only", status=11)
    assert [session["id"] for session in sessions] == [pid]


def test_a_name_that_could_not_be_written_is_asked_for(machine: Machine) -> None:
    pid = machine.session(name="work")
    for place in machine.places:
        os.truncate(Path(place.path, "+work"), 0)
    assert machine.answer("preview", "work")[1]["id"] == pid


def test_a_session_that_is_stuck_does_not_answer(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    pid = machine.session(name="work")
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr(deeds, "PATIENCE_S", 0.1)
    kind, value, rest = machine.answer("attach", "work", status=12)
    assert (kind, rest) == ("REFUSED", "")
    assert value == {"code": 12, "why": f"Session {pid} does not answer; try again in a moment."}
    here = deeds.Deeds(machine.environ, uid=os.getuid())
    with pytest.raises(EnvironmentFailure, match=f"Session {pid} does not answer; try again"):
        here.screen("work", styles=False)
    with pytest.raises(EnvironmentFailure, match=f"Session {pid} does not answer; `kill -9 {pid}`"):
        here.end("work")


def test_what_a_session_refuses_is_said(machine: Machine) -> None:
    def refuses(control: FakeControl) -> None:
        control.refuses = "Cannot bind \x1bUDP port 5."

    pid = machine.session(prepare=refuses)
    kind, value, _rest = machine.answer("attach", str(pid), status=13)
    assert (kind, value) == ("REFUSED", {"code": 13, "why": f"Session {pid} refuses: Cannot bind UDP port 5."})


def test_a_session_of_an_old_server_is_not_handed_over(machine: Machine) -> None:
    pid = old_server(machine)
    assert "older mosh-server" in machine.answer("attach", str(pid), status=13)[1]["why"]


# --- Preview


def test_a_preview_is_text_or_text_with_renditions(machine: Machine) -> None:
    def shows(control: FakeControl) -> None:
        control.shown = screen("\x1b[31mred\x1b[m\r\n日本")

    pid = machine.session(prepare=shows)
    kind, value, _rest = machine.answer("preview", str(pid))
    assert (kind, value) == ("PREVIEW", {"id": pid, "name": None, "text": "red\n日本\n", "cut": False})
    assert machine.answer("preview", str(pid), "--ansi")[1]["text"] == "\x1b[31mred\x1b[m\n日本\n"
    assert machine.run("preview", str(pid), LC_ALL="C.UTF-8") == (0, "red\n日本\n", "")
    assert machine.run("preview", str(pid), "--ansi", LC_ALL="C.UTF-8")[1].startswith("\x1b[31mred")


# --- History


def test_history_is_printed_page_by_page(machine: Machine) -> None:
    output = "\x1b[31mred\x1b[m \x1b]8;;http://a\x07link\x1b]8;;\x07\r\n日本" + "\r\n" + numbered(range(5000))

    def keeps(control: FakeControl) -> None:
        control.kept = HistoryKept(20, 6).feed(output).reading

    pid = machine.session(prepare=keeps)
    text = "red link\n日本\n" + "".join(f"l{number}\n" for number in range(4995))
    kind, value, rest = machine.answer("history", str(pid))
    assert (kind, value["line"], value["next"]) == ("HISTORY", 0, 1000)
    assert text.startswith(value["text"])
    assert rest.count("MOSH SESSION 1 HISTORY ") == 4
    assert '"next": null}' in rest.splitlines()[-1]
    assert machine.run("history", str(pid), LC_ALL="C.UTF-8") == (0, text, "")
    coloured = machine.run("history", str(pid), "--ansi", LC_ALL="C.UTF-8")[1]
    assert coloured.startswith("\x1b[31mred\x1b[m link\n日本\nl0\n")


class Flooded:
    """A history of 3000 lines, to which each look adds as many and takes 1500 away."""

    def __init__(self) -> None:
        self._kept = HistoryKept(20, 6, limits=Limits(3000, 1 << 24))
        self._pour(3000)

    def _pour(self, count: int) -> None:
        self._kept.feed(numbered(range(count)) + "\r\n")

    @property
    def extent(self) -> Extent:
        return self._kept.reading.extent

    def lines(self, start: Position, most: int, octets: int) -> tuple[Position, list[Line], bool]:
        self._pour(1500)
        return self._kept.reading.lines(start, most, octets)


def test_a_flood_does_not_make_printing_history_endless(machine: Machine) -> None:
    def floods(control: FakeControl) -> None:
        control.kept = Flooded()

    pid = machine.session(prepare=floods)
    status, text, err = machine.say("history", str(pid))
    assert (status, text.count("\n")) == (0, 2000)
    said = re.findall("mosh-server: ([0-9]+) lines were dropped here while this was read.\n", err)
    assert sum(map(int, said)) == 1000  # the first page was of 3000 lines
    _, first, rest = machine.answer("history", str(pid))
    assert first["next"] is not None
    assert '"next": null}' in rest.splitlines()[-1]


def test_a_session_without_history_says_so(machine: Machine) -> None:
    pid = machine.session()
    assert "not kept" in machine.answer("history", str(pid), status=13)[1]["why"]


def test_a_line_for_the_wrapper_has_a_longest_length(monkeypatch: pytest.MonkeyPatch) -> None:
    members: dict[str, object] = {"id": 1, "name": None, "text": "日本\n" * 100, "cut": False}
    listed = [Listed(number, None, "stuck") for number in range(1, 17)]
    answers = (partial(sessions.preview_answer, members), partial(sessions.list_answer, "LIST", listed))
    for answer in answers:
        whole = answer()
        monkeypatch.setattr(sessions, "LONGEST_LINE", len(whole))
        assert answer() == whole
        monkeypatch.setattr(sessions, "LONGEST_LINE", len(whole) - 1)
        assert len(whole) // 3 < len(answer()) < len(whole)
        assert json.loads(answer().split(" ", 4)[4])


# --- End


def test_sessions_are_ended(machine: Machine) -> None:
    first, second = machine.session(name="work"), machine.session()
    assert machine.answer("end", "work") == ("END", {"ended": [first]}, "")
    code, out, err = machine.say("end", "work", str(second))
    assert (code, out) == (10, "")
    assert err == "mosh-server: There is no session work.\n"
    assert machine.answer("list", "--json")[1] == []


@pytest.mark.skipif(sys.platform != "linux", reason="without /proc nobody says what a process is")
def test_an_old_server_is_ended_by_a_signal_if_it_is_one(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", machine.environ["HOME"])
    pid = old_server(machine)
    assert machine.answer("end", str(pid), status=12)[1]["why"].startswith(f"Session {pid} does not answer; it may run")
    place = Place.opened(str(Path(machine.environ["HOME"], ".local/state")), "mosh-server", uid=os.getuid())
    assert place is not None
    program = (
        "import os, time\n"
        "from mosh_common.io.privileges import name_process\n"
        "from mosh_server.host.places import Place\n"
        "name_process('mosh-server')\n"
        f"place = Place.opened({os.path.dirname(place.path)!r}, 'mosh-server', uid=os.getuid())\n"
        "place.lock(str(os.getpid()))\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], env=machine.environ, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        assert machine.answer("end", str(server.pid)) == ("END", {"ended": [server.pid]}, "")
        assert server.wait() == -signal.SIGTERM


# --- Create


def test_a_name_that_is_there_is_attached_to(machine: Machine) -> None:
    pid = machine.session(name="work")
    kind, value, rest = read(
        *machine.run("session", "create", "work", "new", "-p", "60001:60999", "--", "false"), status=0
    )
    assert (kind, value) == ("CREATE", {"id": pid, "name": "work", "new": False})
    assert CONNECT.match(rest)


def test_a_name_that_is_not_there_is_a_new_session(machine: Machine) -> None:
    code, out, err = machine.run("session", "create", "work", "new", "-p", "0", "--", "sleep", "600")
    assert code == 0
    server = process(int(re.findall(r"detached, pid = (\d+)", err)[0]))
    header, connect, *_ = out.splitlines()
    assert header == 'MOSH SESSION 1 CREATE {"id": null, "name": "work", "new": true}'
    assert CONNECT.fullmatch(connect)
    wait_until(lambda: holder_of(machine.places, "work") == server.pid, lambda: "nobody has the name")
    assert [entry.name for entry in living(machine.places)] == ["work"]
    server.end()
    wait_until(lambda: not living(machine.places), lambda: "the server still lives")
    assert [place.names() for place in machine.places] == [[], []]


def test_without_a_place_no_session_has_a_name(machine: Machine) -> None:
    Path(machine.environ["HOME"], "file").touch()
    machine.environ |= {"XDG_RUNTIME_DIR": "/no/such/place", "XDG_STATE_HOME": machine.environ["HOME"] + "/file"}
    kind, value, _rest = read(*machine.run("session", "create", "work", "new"), status=13)
    assert kind == "REFUSED"
    assert value["why"].startswith("No session can be named work")
