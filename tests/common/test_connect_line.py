"""The lines by which client and server find each other."""

from __future__ import annotations

import pytest

from mosh_common.connect_line import (
    LINE_LIMIT,
    Connect,
    Ip,
    NoIp,
    SshConnection,
    parse,
)
from mosh_common.connect_words import OTHERS_LIMIT, format_connect, format_ip, format_no_ip, format_ssh_connection
from mosh_common.wire.key import Key

KEY = Key.parse("dbTr4wfrdT3JItUtiV3QpA")


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\r\r\n", " \r\n"])
def test_a_connect_line_is_read_whatever_a_tty_put_behind_it(end: str) -> None:
    assert parse("MOSH CONNECT 60001 dbTr4wfrdT3JItUtiV3QpA" + end) == Connect(60001, KEY)


def test_each_line_that_is_written_is_read_back() -> None:
    assert parse(format_connect(60999, KEY)) == Connect(60999, KEY)
    assert parse(format_ip("fe80::1%eth0")) == Ip("fe80::1%eth0")
    assert parse(format_ssh_connection("192.0.2.7 50000 ::ffff:192.0.2.1 22")) == SshConnection(
        "192.0.2.7", 50000, "::ffff:192.0.2.1", 22
    )


@pytest.mark.parametrize(("port", "valid"), [("0", False), ("1", True), ("65535", True), ("65536", False)])
def test_a_port_is_between_1_and_65535(port: str, valid: bool) -> None:
    assert (parse(f"MOSH CONNECT {port} {KEY.text}") is not None) is valid


@pytest.mark.parametrize(
    "line",
    [
        "",
        "MOSH",
        "MOSH CONNECT",
        "MOSH CONNECT 60001",
        "MOSH CONNECT 60001 short",
        "MOSH CONNECT 60001 dbTr4wfrdT3JItUtiV3QpB",  # stray low bits
        "MOSH CONNECT 60001 dbTr4wfrdT3JItUtiV3QpA and more",
        "MOSH CONNECT ٦٠٠٠١ dbTr4wfrdT3JItUtiV3QpA",
        "MOSH CONNECT -1 dbTr4wfrdT3JItUtiV3QpA",
        " MOSH CONNECT 60001 dbTr4wfrdT3JItUtiV3QpA",
        "MOSH CONNECT 60001 dbTr4wfrdT3JItUtiV3QpA\nMOSH IP 192.0.2.1",
        "MOSH IP",
        "MOSH IP two words",
        "MOSH SSH_CONNECTION 192.0.2.7 50000 192.0.2.1",
        "MOSH SSH_CONNECTION 192.0.2.7 50000 192.0.2.1 70000",
        "MOSH SOMETHING 1",
    ],
)
def test_other_lines_are_the_users(line: str) -> None:
    assert parse(line) is None


def test_an_address_that_looks_like_an_option_is_not_believed() -> None:
    assert parse("MOSH IP -oProxyCommand") is None
    assert parse("MOSH SSH_CONNECTION 192.0.2.7 5 -v 22") is None


def test_a_line_past_the_limit_is_not_looked_at() -> None:
    line = format_connect(60001, KEY)
    assert parse(line + " " * (LINE_LIMIT - len(line))) == Connect(60001, KEY)
    assert parse(line + " " * (LINE_LIMIT - len(line) + 1)) is None


def test_a_key_is_not_shown_by_the_value_that_holds_it() -> None:
    assert KEY.text not in repr(parse(format_connect(60001, KEY)))


def test_the_other_addresses_of_the_name_come_behind_the_first() -> None:
    others = ("2001:db8::7", "fe80::1%eth0")
    assert parse(format_ip("192.0.2.1", others)) == Ip("192.0.2.1", others)
    many = [f"192.0.2.{number}" for number in range(20)]
    assert parse(format_ip("::1", many)) == Ip("::1", tuple(many[:OTHERS_LIMIT]))
    assert parse("MOSH IP ::1 " + " ".join(many[: OTHERS_LIMIT + 1])) is None


def test_the_longest_line_is_within_the_limit() -> None:
    longest = "fe80:1111:2222:3333:4444:5555:6666:7777%" + "e" * 15
    line = format_ip(longest, [longest] * OTHERS_LIMIT)
    assert len(line) <= LINE_LIMIT
    assert parse(line) is not None


def test_why_there_is_no_address_is_a_sentence() -> None:
    assert parse(format_no_ip("Cannot connect to host.") + "\r\n") == NoIp("Cannot connect to host.")
    assert parse("MOSH NO IP ") is None
    assert parse("MOSH NO IP \x1b[2J") is None
