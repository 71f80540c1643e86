"""The report that the network process leaves with the launcher."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from mosh_client.ipc import control
from mosh_client.ipc.control import ENDED_UNEXPECTEDLY, Left, Report, ReportReader


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    launcher, network = socket.socketpair()
    launcher.setblocking(False)
    with launcher, network:
        yield launcher, network


def test_a_report_counts_once_the_stream_has_ended(pair: tuple[socket.socket, socket.socket]) -> None:
    launcher, network = pair
    reader = ReportReader()
    assert reader.receive(launcher) is None
    octets = Report(3, "Überraschung", over=True).encode()
    network.sendall(octets[:4])
    assert reader.receive(launcher) is None
    network.sendall(octets[4:])
    assert reader.receive(launcher) is None
    network.close()
    assert reader.receive(launcher) == Report(3, "Überraschung", over=True)


@pytest.mark.parametrize("code", [0, 1, 127, 128, 255])
@pytest.mark.parametrize("over", [True, False])
def test_a_report_may_have_any_exit_code(pair: tuple[socket.socket, socket.socket], code: int, over: bool) -> None:
    launcher, network = pair
    network.sendall(Report(code, "", over=over).encode())
    network.close()
    assert ReportReader().receive(launcher) == Report(code, "", over=over)


@pytest.mark.parametrize("kind", [control.DETACHED, control.TAKEN_OVER, control.UNHEARD])
def test_a_report_may_say_that_the_session_goes_on(pair: tuple[socket.socket, socket.socket], kind: int) -> None:
    launcher, network = pair
    network.sendall(Report(79, "", left=Left(kind, 2**64 - 1, "wo\x1bran")).encode())
    network.close()
    assert ReportReader().receive(launcher) == Report(79, "", left=Left(kind, 2**64 - 1, "wo?ran"))


@pytest.mark.parametrize("octets", [b"", b"\x01", b"\x01" * 9])
def test_an_end_without_a_report_is_a_failure(pair: tuple[socket.socket, socket.socket], octets: bytes) -> None:
    launcher, network = pair
    network.sendall(octets)
    network.close()
    assert ReportReader().receive(launcher) == ENDED_UNEXPECTEDLY


def test_a_report_cannot_control_the_terminal(pair: tuple[socket.socket, socket.socket]) -> None:
    launcher, network = pair
    network.sendall(bytes(10) + b"a\x1b[31m\x07\xc2\x9b\xff\nb")
    network.close()
    report = ReportReader().receive(launcher)
    assert report is not None
    assert report.message == "a?[31m??\ufffd\nb"


def test_a_report_is_bounded(pair: tuple[socket.socket, socket.socket]) -> None:
    launcher, network = pair
    network.sendall(bytes(10) + b"x" * 5000)
    network.close()
    report = ReportReader().receive(launcher)
    assert report is not None
    assert len(report.message) == control.LONGEST_REASON_OCTETS
