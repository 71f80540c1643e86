"""The command line of mosh-server means what upstream's means."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.programs import PATIENCE_S, process

from mosh_common.errors import UsageError
from mosh_server.cli import HELP, main
from mosh_server.options import USAGE, Options, parse

pytestmark = pytest.mark.system

ROOT = Path(__file__).resolve().parents[2]
SSH = "203.0.113.9 51234 198.51.100.7 22"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m mosh_server` with this and no other environment."""
    paths = os.pathsep.join(str(ROOT / name) for name in ("common", "server"))
    return subprocess.run(
        [sys.executable, "-m", "mosh_server", *arguments],
        env={"PYTHONPATH": paths, "PATH": os.environ["PATH"], "HOME": "/", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_new_alone_means_a_login_shell_on_a_default_port() -> None:
    assert parse(["new"]) == Options()


def test_every_option_is_understood() -> None:
    options = parse(
        [
            "new",
            "-s",
            "-v",
            "-p",
            "60010:60020",
            "-c",
            "256",
            "-l",
            "LANG=de_DE.UTF-8",
            "-l",
            "LC_TIME=C",
            "--",
            "a",
            "-v",
        ],
        ssh_connection=SSH,
    )
    assert options == Options(
        address="198.51.100.7",
        everywhere=True,
        ports=(60010, 60020),
        colors=256,
        locale=(("LANG", "de_DE.UTF-8"), ("LC_TIME", "C")),
        verbose=1,
        command=("a", "-v"),
    )


def test_options_may_be_joined_with_each_other_and_with_their_values() -> None:
    options = parse(["new", "-vvsp60010", "-c256", "-i::1"], ssh_connection=SSH)
    assert (options.verbose, options.ports, options.colors, options.address) == (2, (60010, 60010), 256, "::1")


def test_a_value_may_contain_equal_signs_and_be_empty() -> None:
    assert parse(["new", "-l", "LANGUAGE=a=b", "-l", "LANG="]).locale == (("LANGUAGE", "a=b"), ("LANG", ""))


def test_port_zero_lets_the_system_choose() -> None:
    assert parse(["new", "-p", "0"]).ports == (0, 0)


@pytest.mark.parametrize(
    "ports", ["", "x", "-1", "65536", "1:", ":1", "1:65536", "60020:60010", "0:0", "0:5", "1:2:3", "٣", "1_0"]
)
def test_bad_ports_are_refused_with_the_value_seen(ports: str) -> None:
    with pytest.raises(UsageError, match="Bad UDP port range"):
        parse(["new", "-p", ports])


@pytest.mark.parametrize("ports", ["1", "65535", "1:65535", "60001:60001"])
def test_ports_at_the_limits_are_accepted(ports: str) -> None:
    assert parse(["new", "-p", ports]).ports is not None


def test_a_bad_number_of_colors_is_refused() -> None:
    with pytest.raises(UsageError, match=r"Bad number of colors \(many\)"):
        parse(["new", "-c", "many"])


def test_an_ipv4_address_in_ipv6_clothes_is_bound_as_ipv4() -> None:
    assert parse(["new", "-s"], ssh_connection="::ffff:10.0.0.1 5 ::ffff:10.0.0.2 22").address == "10.0.0.2"


@pytest.mark.parametrize("connection", [None, "", "10.0.0.1 5"])
def test_without_ssh_the_server_warns_and_binds_anything(connection: str | None) -> None:
    options = parse(["new", "-s"], ssh_connection=connection)
    assert options.address is None
    assert "binding to any interface" in options.complaints[0]


@pytest.mark.parametrize("words", [["-Z"], ["-Zv"], ["--color"], ["-p"], ["-l"]])
def test_what_is_not_known_is_complained_about_and_passed_over(words: list[str]) -> None:
    options = parse(["new", "-c", "8", *words])
    assert options.colors == 8
    assert USAGE in options.complaints[0]


def test_options_after_an_unknown_one_still_count() -> None:
    assert parse(["new", "-Z", "-c", "256"]).colors == 256


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["new", "-h"], ["new", "--help"]])
def test_help_is_shown(words: list[str]) -> None:
    assert parse(words).show == "help"


def test_version_is_shown() -> None:
    assert parse(["--version"]).show == "version"
    assert parse(["new", "--version"]).show == "version"


def test_a_help_option_of_the_command_is_the_command_s_own() -> None:
    assert parse(["new", "--", "ls", "--help"]) == Options(command=("ls", "--help"))


@pytest.mark.parametrize(
    ("words", "address", "ports"),
    [
        ([], None, None),
        (["192.0.2.1"], "192.0.2.1", None),
        (["192.0.2.1", "60077"], "192.0.2.1", (60077, 60077)),
    ],
)
def test_the_forms_from_before_new_still_work(
    words: list[str], address: str | None, ports: tuple[int, int] | None
) -> None:
    assert parse([*words, "--", "top"]) == Options(address=address, ports=ports, command=("top",))


def test_a_bad_option_value_ends_with_status_one_and_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "-p", "nonsense"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "nonsense" in captured.err
    assert USAGE in captured.err


def test_help_goes_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert capsys.readouterr().out == HELP
    assert HELP.startswith(USAGE)


def test_version_names_this_program_and_what_it_is_compatible_with(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    output = capsys.readouterr().out
    assert output.startswith("mosh-server (mosh-py ")
    assert "\nCipher: OpenSSL " in output


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"LANG": "C.UTF-8"}, "LANG=C.UTF-8 (as it was given)"),
        ({}, "LANG=C.UTF-8 (LANG=C.UTF-8)"),  # Python's own LC_CTYPE does not count
        ({"LC_ALL": "C"}, "LC_CTYPE=C.UTF-8 (LANG=C.UTF-8, LC_CTYPE=C.UTF-8, no LC_ALL)"),
        ({"LANG": "xx_XX", "LC_TIME": "xx_XX"}, "LANG=C.UTF-8 (LANG=C.UTF-8, no LC_TIME)"),
    ],
    ids=str,
)
def test_no_locale_is_refused_and_verbose_tells_what_became_of_it(environment: dict[str, str], told: str) -> None:
    words = ["new", "-v", "-i", "127.0.0.1", "-p", "0", "-l", "LANG=xx_XX.UTF-8", "--", "true"]
    paths = os.pathsep.join(str(ROOT / name) for name in ("common", "server"))
    with subprocess.Popen(
        [sys.executable, "-m", "mosh_server", *words],
        env={"PYTHONPATH": paths, "PATH": os.environ["PATH"], "HOME": "/", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stderr is not None
        first = server.stderr.readline()
        assert server.wait(PATIENCE_S) == 0
        # Not to the end: the process that serves the session has it open, too, for as long as it lives.
        notice = next(line for line in iter(server.stderr.readline, "") if "detached, pid = " in line)
        process(int(notice.rpartition("=")[2].strip(" ]\n"))).end()
    assert first == f"mosh-server: locale: {told}\n"


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["--doctor"]])
@pytest.mark.parametrize("locale", ["C", "xx_XX.UTF-8"])
def test_the_server_speaks_in_any_locale(words: list[str], locale: str) -> None:
    outcome = run(*words, LC_ALL=locale)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert outcome.stdout


def test_an_occupied_port_is_one_clear_sentence() -> None:
    import socket

    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as holder:
        holder.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        holder.bind(("::", 0))
        port = holder.getsockname()[1]
        outcome = run("new", "-p", str(port), LANG="C.UTF-8")
    assert outcome.returncode == 1
    assert str(port) in outcome.stderr
    assert outcome.stderr.count("\n") == 1


def test_nothing_heavy_is_imported_before_the_connect_line() -> None:
    """People wait for MOSH CONNECT; what only the session needs is loaded after it."""
    heavy = ["cryptography", "ctypes", "pyte", "argparse", "dataclasses", "asyncio", "subprocess"]
    code = (
        "import sys\n"
        "from mosh_server import cli\nfrom mosh_server.host import detach\n"
        f"detach.detach = lambda: print(sorted(set({heavy!r}) & set(sys.modules))) or 1\n"
        "cli.main(['new', '-i', '127.0.0.1', '-p', '0'])\n"
    )
    paths = os.pathsep.join(str(ROOT / name) for name in ("common", "server"))
    outcome = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": paths, "PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert outcome.stdout.splitlines()[0].startswith("MOSH CONNECT ")
    assert outcome.stdout.splitlines()[1] == "[]"


@pytest.mark.parametrize("which", ["geteuid", "getegid"])
def test_it_does_not_run_setuid_or_setgid(
    which: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = getattr(os, which)() + 1
    monkeypatch.setattr(os, which, lambda: other)
    assert main(["new"]) == 1
    assert "setuid or setgid" in capsys.readouterr().err
