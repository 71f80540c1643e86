"""What the user sees of ssh's output, and what `mosh` learns from it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosh_bootstrap.dialogue import Dialogue
from mosh_common.connect_line import LINE_LIMIT
from mosh_common.connect_words import format_connect
from mosh_common.wire.key import Key

KEY = Key.generate(bytes(range(16)))
KEY_TEXT = KEY.text.encode()
CONNECT = format_connect(60001, KEY).encode()


def read(dialogue: Dialogue, *chunks: bytes) -> bytes:
    """What is shown of `chunks`, the last one included."""
    return b"".join(map(dialogue.receive, chunks))


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\r\n", b" \r\n"])
def test_a_connect_line_tells_port_and_key_and_is_not_shown(end: bytes) -> None:
    dialogue = Dialogue("proxy")
    assert read(dialogue, CONNECT + end) == b""
    assert dialogue.connect == (60001, KEY)


def test_a_connect_line_without_an_end_counts_once_ssh_has_ended() -> None:
    dialogue = Dialogue("proxy")
    assert read(dialogue, CONNECT) == b""
    assert dialogue.connect is None
    assert dialogue.finish() == b""
    assert dialogue.connect == (60001, KEY)


@pytest.mark.parametrize(
    "prompt",
    [
        b"user@host's password: ",
        b"Are you sure you want to continue connecting (yes/no/[fingerprint])? ",
        b"Enter PIN for MOM",
        b"M",
        b"MOS:",
        b"MOSHER: ",
        b"some MOSH CONNECTION? ",
    ],
)
def test_a_prompt_without_an_end_of_line_is_shown_at_once(prompt: bytes) -> None:
    dialogue = Dialogue("proxy")
    held_back = prompt if b"MOSH ".startswith(prompt) else b""
    assert read(dialogue, prompt) + held_back == prompt
    assert dialogue.may_be_asking is not bool(held_back)


def test_each_octet_of_an_ordinary_line_is_shown_as_it_comes() -> None:
    dialogue = Dialogue("proxy")
    assert [read(dialogue, bytes([octet])) for octet in b"Password: "] == [bytes([o]) for o in b"Password: "]


def test_the_answer_to_a_prompt_ends_its_line_at_once() -> None:
    dialogue = Dialogue("proxy")
    assert read(dialogue, b"Password: ") == b"Password: "
    assert read(dialogue, b"\r") == b"\r"
    assert read(dialogue, b"\n") == b"\n"


def test_the_blank_line_that_the_server_prints_first_is_not_shown() -> None:
    dialogue = Dialogue("proxy")
    assert read(dialogue, b"\r\n", CONNECT + b"\r\n") == b""
    assert not dialogue.may_be_asking


def test_blank_lines_are_shown_with_what_follows_them() -> None:
    dialogue = Dialogue("proxy")
    assert read(dialogue, b"\r\n\r\n") == b""
    assert read(dialogue, b"Welcome\r\n") == b"\r\n\r\nWelcome\r\n"


def test_blank_lines_at_the_end_are_shown_at_the_end() -> None:
    dialogue = Dialogue("proxy")
    assert read(dialogue, b"\n\n") + dialogue.finish() == b"\n\n"


def test_noise_around_the_lines_for_us_is_shown() -> None:
    dialogue = Dialogue("proxy")
    shown = read(dialogue, b"MOSH IP 192.0.2.1\nbashrc: what?\r\nMOSH is great\nMOSH\n" + CONNECT + b"\n")
    assert shown == b"bashrc: what?\r\nMOSH is great\nMOSH\n"
    assert dialogue.ip == "192.0.2.1"
    assert dialogue.connect is not None


def test_nothing_is_shown_once_the_server_is_up() -> None:
    dialogue = Dialogue("proxy")
    assert read(dialogue, b"a\n" + CONNECT + b"\n[mosh-server detached, pid = 7]\n", b"Connection closed.\n") == b"a\n"
    assert dialogue.finish() == b""
    assert not dialogue.may_be_asking


def test_a_connect_line_behind_a_prompt_is_found_and_its_key_not_shown() -> None:
    dialogue = Dialogue("proxy")
    assert read(dialogue, b"host$ MO", b"SH CONN", b"ECT 60001 ", KEY_TEXT, b"\r\n") == b"host$ MOSH CONN"
    assert dialogue.connect == (60001, KEY)


def test_a_connect_line_behind_a_carriage_return_is_found() -> None:
    dialogue = Dialogue("proxy")
    assert read(dialogue, b"\x1b[?2004l\r" + CONNECT + b"\r\n") == b"\x1b[?2004l\r"
    assert dialogue.connect is not None


@pytest.mark.parametrize(
    "line",
    [
        b"MOSH CONNECT 60001 " + KEY_TEXT[:-1],
        b"MOSH CONNECT 70000 " + KEY_TEXT,
        b"MOSH CONNECT 0 " + KEY_TEXT,
        b"MOSH CONNECT sixty " + KEY_TEXT,
        b"MOSH CONNECT 60001 " + KEY_TEXT + b" and more",
    ],
)
def test_a_bad_connect_line_is_not_shown(line: bytes) -> None:
    dialogue = Dialogue("proxy")
    assert read(dialogue, line + b"\n", b"after\n") == b"after\n"
    assert dialogue.bad_connect
    assert dialogue.connect is None


@pytest.mark.parametrize("before", [b"", b"host$ "])
def test_a_connect_line_that_breaks_off_is_told_from_a_bad_one_and_not_shown(before: bytes) -> None:
    dialogue = Dialogue("proxy")
    assert read(dialogue, before + CONNECT[:-3]) + dialogue.finish() == before
    assert dialogue.connect_cut_off
    assert not dialogue.bad_connect


def test_a_prompt_that_stands_on_the_last_line_is_known() -> None:
    dialogue = Dialogue("proxy")
    for octets, in_mid_line in ((b"", False), (b"password: ", True), (b"\r\nMOSH CONN", False)):
        read(dialogue, octets)
        assert dialogue.in_mid_line is in_mid_line
    dialogue.finish()
    assert dialogue.in_mid_line


def test_a_good_connect_line_after_a_bad_one_counts() -> None:
    dialogue = Dialogue("proxy")
    read(dialogue, b"MOSH CONNECT ??\n" + CONNECT + b"\n")
    assert dialogue.connect == (60001, KEY)


def test_a_line_that_only_begins_like_ours_is_held_back_no_longer_than_the_limit() -> None:
    dialogue = Dialogue("proxy")
    line = b"MOSH " + b"x" * (LINE_LIMIT - 5)
    assert read(dialogue, line) == b""
    assert read(dialogue, b"y") == line + b"y"
    assert read(dialogue, b"z") == b"z"


def test_the_address_of_a_proxied_connection_is_the_one_that_the_proxy_reached() -> None:
    dialogue = Dialogue("proxy")
    read(dialogue, b"MOSH IP 2001:db8::7\nMOSH SSH_CONNECTION 192.0.2.9 40000 10.0.0.1 22\n")
    assert dialogue.ip == "2001:db8::7"


@pytest.mark.parametrize(
    ("server_ip", "expected"),
    [("10.0.0.1", "10.0.0.1"), ("::ffff:10.0.0.1", "10.0.0.1"), ("2001:db8::7", "2001:db8::7")],
)
def test_the_address_in_the_mode_remote_is_the_one_that_the_server_sees(server_ip: str, expected: str) -> None:
    dialogue = Dialogue("remote")
    read(dialogue, b"MOSH IP 192.0.2.1\n\nMOSH SSH_CONNECTION 192.0.2.9 40000 %s 22\n" % server_ip.encode())
    assert dialogue.ip == expected


def test_in_the_mode_local_nobody_is_believed() -> None:
    dialogue = Dialogue("local")
    dialogue.ip = "127.0.0.1"
    read(dialogue, b"MOSH IP 192.0.2.1\nMOSH SSH_CONNECTION 192.0.2.9 40000 10.0.0.1 22\n")
    assert dialogue.ip == "127.0.0.1"
    assert not dialogue.ip_redefined


def test_a_second_address_is_noticed_and_the_first_one_kept() -> None:
    dialogue = Dialogue("proxy")
    read(dialogue, b"MOSH IP 192.0.2.1\nMOSH IP 192.0.2.1\n")
    at_first = dialogue.ip_redefined
    read(dialogue, b"MOSH IP 192.0.2.66\n")
    assert (at_first, dialogue.ip_redefined) == (False, True)
    assert dialogue.ip == "192.0.2.1"


def cut(data: bytes, places: list[int]) -> list[bytes]:
    bounds = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[start:end] for start, end in pairwise(bounds)]


NOISE = st.lists(
    st.sampled_from([b"M", b"MOSH ", b"MOSH CONN", b"\r", b"\n", b"\r\n", b"$ ", b"\x1b[0m", b"\xff", b"word "]),
    max_size=12,
).map(b"".join)


@given(before=NOISE, after=NOISE, places=st.lists(st.integers(0, 500), max_size=12))
def test_the_key_is_never_shown_however_the_octets_come(before: bytes, after: bytes, places: list[int]) -> None:
    dialogue = Dialogue("proxy")
    data = before + b"\n" + CONNECT + b"\r\n" + after
    shown = read(dialogue, *cut(data, places)) + dialogue.finish()
    assert not any(KEY_TEXT[start : start + 6] in shown for start in range(16))
    assert dialogue.connect == (60001, KEY)


@given(noise=NOISE, places=st.lists(st.integers(0, 500), max_size=12))
def test_what_is_not_for_us_is_shown_unchanged_however_it_comes(noise: bytes, places: list[int]) -> None:
    dialogue = Dialogue("proxy")
    noise = noise.replace(b"MOSH CONNECT ", b"")
    shown = read(dialogue, *cut(noise, places)) + dialogue.finish()
    assert shown == noise


def test_the_other_addresses_that_our_proxy_command_told_are_kept() -> None:
    dialogue = Dialogue("proxy")
    assert read(dialogue, b"MOSH IP 192.0.2.1 2001:db8::1\n", CONNECT + b"\n") == b""
    assert (dialogue.ip, dialogue.others) == ("192.0.2.1", ("2001:db8::1",))
    remote = Dialogue("remote")
    read(remote, b"MOSH IP 192.0.2.1 2001:db8::1\n")
    assert (remote.ip, remote.others) == (None, ())


def test_once_our_proxy_command_has_said_why_what_ssh_says_of_it_is_not_shown() -> None:
    dialogue = Dialogue("proxy")
    said = read(dialogue, b"Warning.\r\n", b"MOSH NO IP Cannot connect to host.\n", b"Connection closed.\r\n")
    assert said == b"Warning.\r\n"
    assert dialogue.no_ip == "Cannot connect to host."
    assert not dialogue.may_be_asking
    assert dialogue.finish() == b""


def test_a_host_cannot_say_that_it_was_not_reached() -> None:
    dialogue = Dialogue("proxy")
    read(dialogue, b"MOSH IP 192.0.2.1\n", b"MOSH NO IP Send your password to us.\n", CONNECT + b"\n")
    assert dialogue.no_ip == ""
    assert dialogue.connect == (60001, KEY)
    remote = Dialogue("remote")
    read(remote, b"MOSH NO IP Send your password to us.\n")
    assert remote.no_ip == ""


def test_what_explains_a_question_comes_before_it_and_only_if_there_is_one() -> None:
    dialogue = Dialogue("remote", preface="mosh: it goes through jump.")
    assert read(dialogue, b"\r\n") == b""
    assert read(dialogue, b"Password: ", b"more") == b"mosh: it goes through jump.\r\n\r\nPassword: more"
    silent = Dialogue("remote", preface="mosh: it goes through jump.")
    assert read(silent, b"\r\n" + CONNECT + b"\r\n") == b""
