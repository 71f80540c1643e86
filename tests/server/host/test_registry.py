"""Which sessions a user has, who has which name, and which are detached: ours by locked files, upstream's by utmp."""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from mosh_server.host.places import Place
from mosh_server.host.registry import (
    Claim,
    Entry,
    Registry,
    claim,
    detached_in_utmp,
    holder_of,
    is_alive,
    is_name,
    living,
)


def utmp_entry(host: bytes, *, user: bytes = b"ada", kind: int = 7) -> bytes:
    """One `struct utmp` of Linux (utmp(5)), laid out by hand."""
    entry = bytearray(384)
    struct.pack_into("<hxxi", entry, 0, kind, 4242)
    entry[8 : 8 + 5] = b"pts/3"
    entry[44 : 44 + len(user)] = user
    entry[76 : 76 + len(host)] = host
    return bytes(entry)


@pytest.fixture
def places(tmp_path: Path) -> Iterator[list[Place]]:
    """Two of them, as a login has."""
    opened = [Place.opened(str(tmp_path), name, uid=os.getuid()) for name in ("state", "runtime")]
    found = [place for place in opened if place is not None]
    yield found
    for place in found:
        os.close(place.descriptor)


def everything_in(tmp_path: Path) -> list[str]:
    return sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if not path.is_dir())


def test_another_session_is_seen_while_it_is_detached(places: list[Place]) -> None:
    left, looking = Registry(places), Registry(places)
    left.enter(100)
    looking.enter(200)
    assert looking.detached_pids() == set()
    left.set_detached(True)
    assert looking.detached_pids() == {100}
    left.set_detached(False)
    assert looking.detached_pids() == set()


def test_a_session_does_not_see_itself(places: list[Place]) -> None:
    own = Registry(places)
    own.enter(100)
    own.set_detached(True)
    assert own.detached_pids() == set()


def test_who_lives_is_told_with_its_places_and_name(places: list[Place]) -> None:
    own = Registry(places)
    own.enter(100)
    other = Registry(places[:1])
    other.enter(99)
    other.set_detached(True)
    claim_on(places, "work").give_to(100)
    assert living(places) == [
        Entry(99, detached=True, places=(places[0],)),
        Entry(100, detached=False, places=tuple(places), name="work"),
    ]


def test_a_session_that_left_is_gone(places: list[Place], tmp_path: Path) -> None:
    left = Registry(places)
    left.enter(100)
    left.set_detached(True)
    for place in left.entered:
        Path(place.path, "100.door").touch()
    left.leave()
    left.leave()
    assert living(places) == []
    assert everything_in(tmp_path) == []


def test_the_entry_of_a_server_that_died_is_swept_out_with_its_door_and_name(
    places: list[Place], tmp_path: Path
) -> None:
    for name in ("100", "100.door", "+work"):
        Path(places[0].path, name).write_bytes(b"100\n")
    assert living(places) == []
    assert everything_in(tmp_path) == []


def test_other_files_in_the_directory_are_left_alone(places: list[Place]) -> None:
    folder = Path(places[0].path)
    for name in ("notes", "+no name", "0100", "+-x", "12345678901"):
        (folder / name).write_bytes(b"detached\n")
    os.mkfifo(folder / "77")
    os.symlink("/etc/passwd", folder / "78")
    assert living(places) == []
    assert {"notes", "+no name", "0100", "+-x", "12345678901", "78"} <= set(os.listdir(folder))


def test_a_link_is_never_the_entry(places: list[Place], tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    os.symlink(tmp_path / "precious", Path(places[0].path, "100"))
    own = Registry(places)
    own.enter(100)
    assert own.entered == places[1:]
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_without_places_there_is_nothing_to_see_or_say() -> None:
    registry = Registry([])
    registry.enter(1)
    registry.set_detached(True)
    assert registry.detached_pids() == set()
    registry.leave()


def test_a_place_that_was_removed_leaves_the_other(places: list[Place], tmp_path: Path) -> None:
    own = Registry(places)
    own.enter(100)
    shutil.rmtree(places[1].path)
    own.set_detached(True)
    assert places[1].names() == []
    assert [entry.detached for entry in living(places)] == [True]
    own.leave()
    assert everything_in(tmp_path) == []


def test_an_entry_that_somebody_only_looks_at_is_waited_for(
    places: list[Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(places[0].path, "100").touch()
    looking = os.open(Path(places[0].path, "100"), os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    monkeypatch.setattr("time.sleep", lambda _seconds: fcntl.flock(looking, fcntl.LOCK_UN))
    own = Registry(places)
    own.enter(100)
    assert own.entered == places
    os.close(looking)


# --- Names


def claim_on(places: Sequence[Place], name: str) -> Claim:
    """Take a name that nobody has."""
    got = claim(places, name)
    assert got is not None
    return got


@pytest.mark.parametrize("name", ["work", "a", "A.b_c-9", "4711x", ".", "x" * 64])
def test_a_name_is_of_plain_characters(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("name", ["", "4711", "0", "-x", "a b", "a/b", "ä", "a\n", "x" * 65, "+a", "٣", "a٣"])
def test_what_could_be_a_number_an_option_or_a_path_is_no_name(name: str) -> None:
    assert not is_name(name)


def test_a_name_is_taken_once_until_it_is_left(places: list[Place], tmp_path: Path) -> None:
    first = claim_on(places, "work")
    assert claim(places, "work") is None
    claim_on(places, "other").leave()
    assert holder_of(places, "work") is None
    first.give_to(100)
    assert holder_of(places, "work") == 100
    first.leave()
    first.leave()
    assert holder_of(places, "work") is None
    assert everything_in(tmp_path) == []
    claim_on(places, "work").leave()


def test_a_name_that_is_taken_in_one_place_is_taken(places: list[Place], tmp_path: Path) -> None:
    other = claim_on(places[1:], "work")
    assert claim(places, "work") is None
    assert everything_in(tmp_path) == ["runtime/+work"]
    other.leave()


def test_without_a_place_no_name_can_be_taken(places: list[Place]) -> None:
    with pytest.raises(OSError, match="no directory"):
        claim([], "work")
    for place in places:
        Path(place.path, "+work").mkdir()
    with pytest.raises(IsADirectoryError):
        claim(places, "work")


@pytest.mark.system
def test_of_two_that_take_a_name_at_the_same_moment_one_has_it(places: list[Place]) -> None:
    """A thousand times, each time with a third that looks and sweeps out what the last have left."""
    rounds, racers = 1000, 2
    go = [os.pipe() for _ in range(racers + 1)]
    done = [os.pipe() for _ in range(racers + 1)]
    children = [race(places, go[number][0], done[number][1], sweeps=number == racers) for number in range(racers + 1)]
    for _ in range(rounds):
        for _read_end, write_end in go:
            os.write(write_end, b"g")
        taken = [os.read(read_end, 1) for read_end, _write_end in done]
        assert sorted(taken[:racers]) == [b"n", b"y"]
        for _read_end, write_end in go[:racers]:
            os.write(write_end, b"l")
        for read_end, _write_end in done[:racers]:
            assert os.read(read_end, 1) == b"l"
    for _read_end, write_end in go:
        os.close(write_end)
    for child in children:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_utmp_names_upstream_s_detached_sessions_of_this_user() -> None:
    contents = b"".join(
        [
            utmp_entry(b"mosh [4711]"),
            utmp_entry(b"192.0.2.1 via mosh [4712]"),
            utmp_entry(b"mosh [4713]", user=b"bob"),
            utmp_entry(b"mosh [4714]", kind=8),
            utmp_entry(b"mosh [x]"),
            utmp_entry(b"mosh [4715] "),
            utmp_entry(b"mosh [4716]"),
        ]
    )
    assert detached_in_utmp(contents, user="ada") == {4711, 4716}


def test_a_torn_utmp_is_read_as_far_as_it_goes() -> None:
    contents = utmp_entry(b"mosh [4711]") + utmp_entry(b"mosh [4712]")[:100]
    assert detached_in_utmp(contents, user="ada") == {4711}
    assert detached_in_utmp(b"", user="ada") == set()


@pytest.mark.system
def test_a_process_is_alive_or_not() -> None:
    assert is_alive(os.getpid())
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    assert not is_alive(child)


def race(places: Sequence[Place], go: int, done: int, *, sweeps: bool) -> int:
    """Start a process that takes the name, or sweeps, when told to, and leaves it; return its process id."""
    pid = os.fork()
    if pid:
        os.close(go)
        os.close(done)
        return pid
    status = 1
    try:
        kept = sorted([2, go, done, *(place.descriptor for place in places)])
        for before, after in pairwise([*kept, 65536]):  # the others' pipes, above all, whose ends it would never see
            os.closerange(before + 1, after)
        while os.read(go, 1):
            if sweeps:
                living(places)
                os.write(done, b"s")
                continue
            # A sweeper may hold the lock just when one tries, so whoever sees no holder tries again, as a server does.
            while (got := claim(places, "work")) is None and holder_of(places, "work") is None:
                pass
            if got is not None:
                got.give_to(os.getpid())
            os.write(done, b"n" if got is None else b"y")
            os.read(go, 1)
            if got is not None:
                got.leave()
            os.write(done, b"l")
        status = 0
    finally:
        os._exit(status)
