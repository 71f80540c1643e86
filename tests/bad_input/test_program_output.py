"""What a program must not be able to do to its session by writing: what happens is the row's sentence.

Real server, real client, a shell between; each row is written by `cat`, then the terminal is reset.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.bad_input.rig import LoggedServer, RealClient, read_log

pytestmark = pytest.mark.requires_linux

DIGESTED_WITHIN_S = 300  # some seconds on a machine that does nothing else
HUGE = ("2147483648", "2147483647", "4294967296", "18446744073709551616", "9" * 60)


class Row(NamedTuple):
    name: str
    what_happens: str
    output: bytes
    shows: str = ""  # on the screen, before the reset


def counts() -> bytes:
    """Every sequence that takes a count, with counts that no 32 bits hold, some negative."""
    sequences = [f"x\x1b[{count}{final}" for final in "@ABCDEFGILMPSTXZbd`aern" for count in (*HUGE, "-1")]
    sequences += [f"\x1b[{count};{count}{final}" for final in "Hfrm" for count in HUGE]
    sequences += [f"\x1b[{count}{rest}" for rest in (" q", "'}", "'~", "$x", "!p", ";1;1;9999$z") for count in HUGE]
    return "".join(sequences).encode()


SKIPPED = "skipped until a sequence ends it; memory stays bounded"
BAD_UTF8 = b"\xff\xfe\xc0\xaf\xe0\x80\xaf\xed\xa0\x80\xf8\x88\x80\x80\x80 " + bytes(range(0x80, 0x100))

ROWS = (
    Row(
        "10 MB title",
        "a title too long is skipped, what follows it shown",
        b"\x1b]0;" + b"t" * 10_000_000 + b"\aafter",
        "after",
    ),
    Row(
        "title of control characters",
        "no control character reaches the user's terminal",
        b"\x1b]2;a\x01\x02\x9b31m\xc2\x9bb\x07after",
        "after",
    ),
    Row("2^31 repeat count", "counts are at most 65535", b"x\x1b[2147483648b\r\nafter", "after"),
    Row("2^31 and beyond everywhere", "counts are at most 65535, others are ignored", counts()),
    Row("too many parameters", "a sequence too long is ignored", b"\x1b[" + b"1;" * 100_000 + b"mafter", "after"),
    Row("endless OSC", SKIPPED, b"\x1b]52;c;" + b"QUJD" * 1_000_000),
    Row("endless DCS", SKIPPED, b"\x1bP1$r" + b"q" * 4_000_000),
    Row("invalid UTF-8", "U+FFFD for each maximal part", BAD_UTF8 + b"\r\nafter \xe6\xbc", "after"),
    Row("NULs", "ignored", b"be\0tw" + b"\0" * 1_000_000 + b"een", "between"),
    Row("noise", "drawn as far as it means anything", random.Random(7).randbytes(300_000)),
)


class Chain(NamedTuple):
    home: Path
    server: LoggedServer
    client: RealClient


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    home = tmp_path_factory.mktemp("home")
    server = LoggedServer(home, ["/bin/bash", "--norc", "--noprofile"], PS1="ready> ")
    client = RealClient(server.port, server.key, home)
    client.wait_for("ready>")
    client.wait_for_echo()
    assert server.process is not None
    client.members = [*client.members, server.process]
    client.terminal.type("\x15")
    yield Chain(home, server, client)
    client.close()
    server.close()


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.name}: {row.what_happens}" for row in ROWS])
def test_output(row: Row, chain: Chain) -> None:
    number = ROWS.index(row)
    (chain.home / "row").write_bytes(row.output)
    client = chain.client
    with client.stays_unharmed():
        client.terminal.type("\x15cat row\r")
        if row.shows:
            client.wait_for(row.shows, timeout_s=DIGESTED_WITHIN_S)
        # RIS also ends what is unfinished. In two pieces, or the typing would be taken for the answer.
        client.terminal.type(f"\x15printf '\\033\\\\\\033c'; echo is'' over {number}\r")
        client.wait_for(f"is over {number}", timeout_s=DIGESTED_WITHIN_S)
    client.terminal.type("\x15")
    assert "OutputNotDigested" not in read_log(chain.server.log)
    assert resident_mib(chain.server) < 300


def test_links_beyond_all_measure_end_no_client_and_fill_no_server(tmp_path: Path) -> None:
    links = [f"\x1b]8;;http://{number}/".ljust(2040, "x") + "\x07x" for number in range(6000)]
    (tmp_path / "links").write_text("".join(links) + "\x1b[?1049h" + "".join(links) + "\x1b]8;;\x07\x1b[?1049l")
    server = LoggedServer(tmp_path, ["/bin/bash", "--norc", "--noprofile"], PS1="ready> ")
    client = RealClient(server.port, server.key, tmp_path)
    try:
        client.wait_for("ready>")
        client.wait_for_echo()
        client.terminal.resize(60, 200)
        client.terminal.type("\x15stty size; cat links; echo is'' over\r")
        client.wait_for("is over", timeout_s=DIGESTED_WITHIN_S)  # 24 MB
        with client.stays_unharmed():
            client.wait_for_echo()
        assert resident_mib(server) < 60
    finally:
        client.close()
        server.close()


def resident_mib(server: LoggedServer) -> float:
    assert server.process is not None
    for line in Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")
