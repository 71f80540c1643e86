"""Manual pages, --help and the command lines' parsers say the same; the pages are sound."""

from __future__ import annotations

import ast
import re
import string
import subprocess
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.support.programs import REPOSITORY
from tests.support.syntax import nodes

import mosh_bootstrap.options
import mosh_client.cli
import mosh_server.cli
import mosh_server.options
from mosh_bootstrap.help_text import HELP
from mosh_client.escape_key_choice import parse_escape_key
from mosh_client.ipc.control import BY_USER, FROM_OUTSIDE, TAKEN_OVER_EXIT
from mosh_client.network.reception import OUR_FAULT, SERVERS_FAULT, UNREACHABLE
from mosh_client.renderer.escape_key import EscapeKey
from mosh_common.errors import UsageError
from mosh_common.version import VERSION
from mosh_server.loop import HUNG_UP_STATUS

pytestmark = pytest.mark.once

SECTIONS = (
    *("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "ENVIRONMENT", "EXIT STATUS", "FILES", "EXAMPLES", "SEE ALSO"),
    "BUGS",
)
OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]+|-[A-Za-z0-9#])(?![A-Za-z0-9-])")
VARIABLE = re.compile(r"\bMOSH_[A-Z_]+\b")


class Program(NamedTuple):
    """One of the three, as its parser and its texts have it."""

    name: str
    options: frozenset[str]
    help: str
    accepts: Callable[[list[str]], bool]  # whether the parser knows all options of a command line
    folder: str  # of its sources

    @property
    def page(self) -> Path:
        return REPOSITORY / "man" / f"{self.name}.1"


def _accepted(parse: Callable[[list[str]], object]) -> Callable[[list[str]], bool]:
    def accepts(words: list[str]) -> bool:
        try:
            parse(words)
        except UsageError as error:
            return "nknown option" not in str(error)
        return True

    return accepts


def _letters(letters: str) -> set[str]:
    return {f"-{letter}" for letter in letters}


_bootstrap, _client, _server = mosh_bootstrap.options, mosh_client.cli, mosh_server.options
PROGRAMS = (
    Program(
        "mosh",
        frozenset(_bootstrap.SPELLINGS) - set(_bootstrap.INTERNAL),
        HELP,
        _accepted(lambda words: _bootstrap.parse_options([*words, "inet", "host"], {})),
        "bootstrap",
    ),
    Program(
        "mosh-client",
        frozenset((*_client.ACTIONS, _client.MEASURE)) | _letters(_client.FLAGS + _client.WITH_VALUE),
        _client.USAGE,
        _accepted(lambda words: _client.parse_arguments([*words, "ignored", "127.0.0.1", "1"])),
        "client",
    ),
    Program(
        "mosh-server",
        frozenset((*_server.SHOWN, _server.HISTORY)) | _letters(_server.FLAGS + _server.WITH_VALUE),
        mosh_server.cli.HELP,
        lambda words: not any("unknown" in each for each in _server.parse(["new", *words, "1"]).complaints),
        "server",
    ),
)
each_program = pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
each_option = pytest.mark.parametrize(
    ("program", "option"), [(program, option) for program in PROGRAMS for option in sorted(program.options)]
)


def plain(text: str) -> str:
    """Return a page's text with its escapes undone and its fonts left out."""
    text = re.sub(r"\\f[BIRP]", "", text)
    for escape, char in {"\\-": "-", "\\(ha": "^", "\\(ti": "~", "\\(dq": '"', "\\(aq": "'", "\\&": ""}.items():
        text = text.replace(escape, char)
    return text


def sections(page: Path) -> Mapping[str, str]:
    """Return the page's sections by name, in order."""
    parts = re.split(r'^\.SH "?([^"\n]+)"?\n', plain(page.read_text(encoding="utf-8")), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def tags(section: str) -> list[str]:
    """Return what a section explains: the line behind each .TP, without its macro."""
    found = re.findall(r"^\.TP\n(?:\.(?:B|BI|BR|IR|RI)\s)?(.*(?:\\\n.*)?)$", section, re.MULTILINE)
    return [re.sub(r'" ?|\\\n', "", tag) for tag in found]


def options_in(texts: Iterable[str]) -> set[str]:
    return {name for text in texts for name in OPTION.findall(text)}


@each_program
def test_a_page_goes_from_name_to_bugs(program: Program) -> None:
    names = [name for name in sections(program.page) if name in SECTIONS]
    assert tuple(names) == SECTIONS


@each_program
def test_the_page_explains_each_option_and_no_other(program: Program) -> None:
    assert options_in(tags(sections(program.page)["OPTIONS"])) == program.options


@each_program
def test_help_names_each_option_and_no_other(program: Program) -> None:
    described = program.help[program.help.index("\n\n") :].partition("\nExample")[0]
    rows = [row for row in described.splitlines() if re.match(r" *-", row)]
    named = options_in(re.split(r"\s{2,}(?=[^-\s])", row.strip())[0] for row in rows)
    assert named == program.options


@each_option
def test_the_parser_takes_what_is_told(program: Program, option: str) -> None:
    assert program.accepts([option])


@each_program
def test_the_parser_takes_no_other_letter(program: Program) -> None:
    others = [f"-{letter}" for letter in string.ascii_letters + string.digits if f"-{letter}" not in program.options]
    taken = [option for option in others if program.accepts([option])]
    assert taken == []


@each_program
def test_help_fits_eighty_columns(program: Program) -> None:
    assert [line for line in program.help.splitlines() if len(line) >= 80] == []


@pytest.mark.parametrize("field", _bootstrap.CHOICES)
def test_page_and_help_name_each_value(field: str) -> None:
    page = sections(REPOSITORY / "man" / "mosh.1")["OPTIONS"]
    missing = [value for value in _bootstrap.CHOICES[field] if value not in page or value not in HELP]
    assert missing == []


@cache
def variables_of(folder: str) -> frozenset[str]:
    """Return the environment variables of ours that a folder's sources name in what they do, say or document."""
    found: set[str] = set()
    for path in (REPOSITORY / folder).rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        for node in nodes(ast.parse(source)) if VARIABLE.search(source) else ():
            if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
                text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
                found.update(VARIABLE.findall(text))
    return frozenset(found)


@each_program
def test_the_page_explains_each_variable(program: Program) -> None:
    section = sections(program.page)["ENVIRONMENT"]
    assert variables_of(program.folder) - set(VARIABLE.findall(section)) == set()


@each_program
def test_each_variable_that_is_explained_is_there(program: Program) -> None:
    ours = frozenset().union(*(variables_of(each.folder) for each in PROGRAMS), variables_of("common"))
    told = set(VARIABLE.findall(program.page.read_text(encoding="utf-8") + program.help))
    assert told - ours == set()


def test_help_of_mosh_names_what_a_user_may_set() -> None:
    """Of the client's variables all but those that say where the server is, and of mosh's own those that are read."""
    for_programs = {"MOSH_KEY", "MOSH_IP", "MOSH_PORT", "MOSH_ADDRESSES", "MOSH_CLIENT_PID", "MOSH_SSH_ESCAPE_KEY"}
    wanted = (variables_of("bootstrap") | variables_of("client")) - for_programs
    assert wanted - set(VARIABLE.findall(HELP)) == set()


def test_page_and_help_name_each_key() -> None:
    escape_key = EscapeKey(parse_escape_key(None))
    keys = {line.split()[0] for line in escape_key.explanation if line.startswith("  ")} | {"?"}
    assert len(keys) == 7
    assert keys <= set(tags(sections(REPOSITORY / "man" / "mosh-client.1")["KEYS"]))
    shown = HELP[HELP.index("Keys in a session") :].partition("\n\n")[0].split("\n")[1:]
    assert keys == {word for row in shown for word in re.findall(r"(?:^|\s{2,})(Ctrl-Z|\S)\s", row)}


def test_the_guide_names_each_key() -> None:
    keys = {line.split()[0] for line in EscapeKey(parse_escape_key(None)).explanation if line.startswith("  ")} | {"?"}
    guide = (REPOSITORY / "docs" / "guide.md").read_text(encoding="utf-8")
    table = guide[guide.index("| then | what |") :].partition("\n\n")[0]
    assert keys == set(re.findall(r"^\| `?(Ctrl-Z|[^` -])`? \|", table, re.MULTILINE))


def test_the_page_of_mosh_names_each_exit_code() -> None:
    codes = set()
    for path in (REPOSITORY / "bootstrap").rglob("*.py"):
        for name, code in re.findall(r"^(\w+_EXIT)\b[^=\n]*= (\d+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            assert name
            codes.add(code)
    assert {"2", "126", "127", "255"} <= codes
    assert codes <= set(tags(sections(REPOSITORY / "man" / "mosh.1")["EXIT STATUS"]))


def test_the_page_of_the_client_names_each_exit_code() -> None:
    told = set(tags(sections(REPOSITORY / "man" / "mosh-client.1")["EXIT STATUS"]))
    of_the_session = {"0 to 255", str(BY_USER.code), str(FROM_OUTSIDE), str(int(HUNG_UP_STATUS))}
    assert told == of_the_session | {"1", str(TAKEN_OVER_EXIT), str(UNREACHABLE), str(OUR_FAULT), str(SERVERS_FAULT)}


# --- as formatters read them


def filled_in(page: Path, folder: Path) -> Path:
    """Return a copy of the page as an installation has it."""
    text = page.read_text(encoding="utf-8")
    assert text.count("@DATE@") == 1
    assert text.count("@VERSION@") == 1
    copy = folder / page.name
    copy.write_text(text.replace("@DATE@", "2026-01-31").replace("@VERSION@", VERSION), encoding="utf-8")
    return copy


@each_program
@pytest.mark.system
@pytest.mark.requires_program("groff")
def test_groff_has_nothing_to_say(program: Program, tmp_path: Path) -> None:
    for page in (program.page, filled_in(program.page, tmp_path)):
        words = ["groff", "-man", "-ww", "-Tutf8", "-z", str(page)]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        assert done.stderr == ""


@each_program
@pytest.mark.system
@pytest.mark.requires_program("mandoc")
def test_mandoc_has_nothing_to_say(program: Program, tmp_path: Path) -> None:
    words = ["mandoc", "-Tlint", "-W", "all", str(filled_in(program.page, tmp_path))]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""
