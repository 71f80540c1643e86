"""What a login shell's user reads first."""

from __future__ import annotations

from pathlib import Path

from mosh_server.host.greeting import MOST_OCTETS, detached_warning, message_of_the_day


def test_the_files_of_the_day_come_one_after_the_other_as_a_terminal_wants_them(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one\ntwo\r\n")
    (tmp_path / "b").write_bytes(b"three\n")
    paths = [str(tmp_path / name) for name in ("a", "missing", "b")]
    assert message_of_the_day(str(tmp_path), paths=paths) == b"one\r\ntwo\r\nthree\r\n"


def test_a_hushed_login_shows_none(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one\n")
    (tmp_path / ".hushlogin").touch()
    assert message_of_the_day(str(tmp_path), paths=[str(tmp_path / "a")]) == b""


def test_an_endless_file_is_cut(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * (MOST_OCTETS + 1))
    assert len(message_of_the_day("/", paths=[str(tmp_path / "a")])) == MOST_OCTETS


def test_no_sessions_left_behind_need_no_word() -> None:
    assert detached_warning(with_door=()) == b""


def test_one_session_left_behind_is_named_with_the_command_that_takes_it_back() -> None:
    assert detached_warning(with_door={12}).decode().split("\r\n") == [
        "Mosh: You have a detached Mosh session on this server (mosh [12]).",
        "To take it back, leave this session and type: mosh --attach=12 HOST",
        "with HOST as you typed it just now.",
        "",
        "",
    ]


def test_several_are_listed_in_order() -> None:
    text = detached_warning(with_door={30, 4}).decode()
    assert "2 detached Mosh sessions" in text
    assert text.index("mosh [4]") < text.index("mosh [30]")
    assert "take one back" in text
    assert "--attach=4 " in text


def test_what_cannot_be_taken_back_is_only_named() -> None:
    text = detached_warning(with_door=(), without_door={5}).decode()
    assert "mosh [5]" in text
    assert "--attach" not in text
    assert "--attach=30 " in detached_warning(with_door={30}, without_door={5}).decode()
