"""How much history is kept, in words."""

from __future__ import annotations

import pytest

from mosh_common.errors import UsageError
from mosh_common.history_limits import DEFAULT_LIMITS, MOST, Limits, parse_limits
from mosh_server.options import history_limits, parse


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("0", Limits(0)),
        ("5000", Limits(5000)),
        ("2k,1M", Limits(2048, 1 << 20)),
        ("100000,16M", DEFAULT_LIMITS),
        (f"1,{MOST}", Limits(1, MOST)),
    ],
)
def test_lines_and_octets_are_read(text: str, limits: Limits) -> None:
    assert parse_limits(text) == limits


@pytest.mark.parametrize(
    "text", ["", "x", "1,", ",1", "1,2,3", "-1", "1 k", "1K", "1.5", "١", f"1,{MOST + 1}", "9" * 11]
)
def test_what_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="LINES"):
        parse_limits(text)


@pytest.mark.parametrize("words", [["--history=7,9"], ["--history", "7,9"], ["-l", "MOSH_HISTORY=7,9"]])
def test_the_server_is_told_in_each_of_these_ways(words: list[str]) -> None:
    options = parse(["new", "-l", "LANG=C.UTF-8", *words])
    assert not options.complaints
    assert options.locale == (("LANG", "C.UTF-8"),)
    assert history_limits(options, {"MOSH_HISTORY": "1"}) == Limits(7, 9)


def test_the_environment_says_it_where_no_option_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert history_limits(parse(["new"]), {"MOSH_HISTORY": "0"}) == Limits(0)
    assert history_limits(parse(["new"]), {}) is None
    assert history_limits(parse(["new"]), {"MOSH_HISTORY": "much"}) is None
    assert "MOSH_HISTORY" in capsys.readouterr().err
