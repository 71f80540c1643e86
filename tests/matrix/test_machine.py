"""What a root gets of the machine that makes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.matrix import machine
from tests.matrix.machine import DEFAULT_MIRROR, Mirrors, Source

DEB822 = """\
Types: deb
# http://snapshot.example/
URIs: http://mirror.example/debian/
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Types: deb deb-src
URIs: http://disabled.example/debian
Suites: bookworm
Enabled: no
"""


def test_both_forms_of_sources_are_read() -> None:
    one_line = "# deb http://old.example sid main\ndeb [arch=amd64 signed-by=/x] http://a.example/debian sid main\n"
    assert list(machine.parse_sources(one_line)) == [Source("http://a.example/debian", ("sid",))]
    assert list(machine.parse_sources(DEB822)) == [
        Source("http://mirror.example/debian", ("bookworm", "bookworm-updates")),
        Source("http://mirror.example/debian-security", ("bookworm-security",)),
    ]


@pytest.mark.parametrize(
    ("sources", "environment", "expected"),
    [
        (DEB822, {}, Mirrors("http://mirror.example/debian", "http://mirror.example/debian-security")),
        (DEB822, {"MOSH_MATRIX_MIRROR": "http://mine.example/d/"}, Mirrors("http://mine.example/d", None)),
        ("deb https://vendor.example/apt nodistro main\n", {}, Mirrors(DEFAULT_MIRROR, None)),
        ("", {}, Mirrors(DEFAULT_MIRROR, None)),
    ],
    ids=["the machine's", "the variable's", "no mirror of Debian", "nothing"],
)
def test_the_mirror_is_the_variables_or_the_machines_or_debians(
    sources: str, environment: dict[str, str], expected: Mirrors
) -> None:
    assert machine.mirrors(list(machine.parse_sources(sources)), environment) == expected


def test_a_root_gets_the_way_to_the_mirror_and_no_leave_to_trust_it() -> None:
    wanted = (
        'Acquire::http::Proxy "http://proxy.example:3128";\n'
        'Acquire::https::Proxy::mirror.example "DIRECT";\n'
        'Acquire::Check-Valid-Until "false";\n'
    )
    others = (
        'Acquire::AllowInsecureRepositories "1";\n'
        'Acquire::https::Verify-Peer "false";\n'
        'APT::Get::AllowUnauthenticated "1";\n'
        'DPkg::Post-Invoke:: "rm -f /var/cache/apt/archives/*.deb";\n'
    )
    assert machine.apt_settings(others + wanted) == wanted


def test_pip_gets_its_variables_and_nothing_else_of_the_environment() -> None:
    wanted = {"PIP_INDEX_URL": "https://index.example/", "https_proxy": "http://p.example", "HTTP_PROXY": "x"}
    assert machine.settings_for_programs(wanted | {"MY_PIP_X": "1", "SSH_AUTH_SOCK": "/x", "CI": "true"}) == wanted


def test_the_users_pip_files_go_to_the_user_with_what_they_name(tmp_path: Path) -> None:
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("protobuf<99\n")
    settings = tmp_path / ".config" / "pip" / "pip.conf"
    settings.parent.mkdir(parents=True)
    settings.write_text(f"[global]\nconstraint = {constraints}\nfind-links = {tmp_path}\ncert = /no/such/file\n")
    copied = machine.what_to_copy({"HOME": str(tmp_path)})
    assert copied[settings] == Path("~/.config/pip/pip.conf")
    assert copied[constraints] == constraints
    assert tmp_path not in copied
