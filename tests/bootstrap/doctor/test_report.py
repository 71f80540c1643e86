"""What the doctor's lines look like, for people and for programs."""

from __future__ import annotations

import io
import json

import pytest

from mosh_bootstrap.doctor.report import Finding, Report

UTF8 = {"LC_ALL": "C.UTF-8", "TERM": "xterm"}
GOOD = Finding("locale", True, "LANG=C.UTF-8")
BAD = Finding("UDP", False, "Nothing came back.")


class Screen(io.StringIO):
    """A terminal of 80 columns."""

    def isatty(self) -> bool:
        return True


def told(*findings: Finding, environ: dict[str, str] = UTF8, host: str = "", as_json: bool = False) -> tuple[str, int]:
    output = io.StringIO()
    report = Report(environ, as_json=as_json, output=output)
    report.waiting("a moment…")  # only a terminal shows it
    for finding in findings:
        report.add(finding)
    code = report.conclude(host)
    return output.getvalue(), code


def test_each_finding_is_a_line_and_the_verdict_the_last() -> None:
    assert told(GOOD) == ("✓ locale      LANG=C.UTF-8\nAll is well on this machine.\n", 0)
    text, code = told(GOOD, BAD, host="me@host")
    assert text.splitlines() == [
        "✓ locale      LANG=C.UTF-8",
        "✗ UDP         Nothing came back.",
        "Not well: the line marked ✗ says what to do.",
    ]
    assert code == 1
    assert told(GOOD, host="me@host")[0].endswith("All is well: sessions with me@host work.\n")
    assert told(BAD, BAD)[0].endswith("Not well: 2 lines marked ✗ say what to do; begin with the first.\n")


def test_without_utf8_the_marks_are_ascii() -> None:
    text, _code = told(GOOD, BAD, environ={"LC_ALL": "C"})
    assert text.isascii()
    assert text.startswith("ok locale      LANG=C.UTF-8\n!! UDP ")
    assert "marked !!" in text


def test_json_is_one_object() -> None:
    text, code = told(GOOD, BAD, host="me@host", as_json=True)
    said = json.loads(text)
    assert code == 1
    assert (said["host"], said["well"]) == ("me@host", False)
    assert said["findings"][1] == {"name": "UDP", "works": False, "text": "Nothing came back."}
    assert json.loads(told(GOOD, as_json=True)[0])["host"] is None


@pytest.mark.parametrize("as_json", [False, True])
def test_nothing_but_text_reaches_the_terminal(as_json: bool) -> None:
    text, _code = told(Finding("server", True, "\x1b]0;x\x07mosh\r\n\x9b31m 1.4.0\u202e"), as_json=as_json)
    assert not any(char in text for char in "\x1b\x07\r\x9b\u202e")
    assert "mosh" in text


@pytest.mark.parametrize(("more", "colored"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_only_a_terminal_gets_colours_and_only_if_it_may(more: dict[str, str], colored: bool) -> None:
    screen = Screen()
    Report(UTF8 | more, as_json=False, output=screen).add(BAD)
    assert ("\x1b[31m✗\x1b[m UDP" in screen.getvalue()) == colored
    assert ("\x1b" in screen.getvalue()) == colored


def test_on_a_terminal_a_long_sentence_stays_in_its_column_and_what_is_waited_for_goes() -> None:
    screen = Screen()
    report = Report({**UTF8, "NO_COLOR": "1"}, as_json=False, output=screen)
    report.waiting("measuring…")
    report.add(Finding("UDP", False, "word " * 30))
    waiting, _erased, rest = screen.getvalue().partition("\r\x1b[K")
    lines = rest.splitlines()
    assert waiting == "measuring…"
    assert lines[0].startswith("✗ UDP         word word")
    assert lines[1].startswith("              word")
    assert all(len(line) < 80 for line in lines)
    report.waiting("once more…")
    report.interrupted()
    report.interrupted()
    assert screen.getvalue().endswith("once more…\r\x1b[K")
