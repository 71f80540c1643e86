"""What the pages show as code can be used as it stands: shells and shellcheck read it, and our programs know its words.

`tests/matrix/blocks.py` finds the blocks; test_readme.py asks which of them are run, and `make matrix` runs these.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.matrix.blocks import REPOSITORY, SHELL_LANGUAGES, Block, blocks_of, pages

import mosh_bootstrap.options
import mosh_client.cli
import mosh_server.options
import mosh_server.sessions
from mosh_bootstrap.config_file import read_settings
from mosh_common.errors import UsageError

OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]+)")
VARIABLE = re.compile(r"\bMOSH_[A-Z_]*[A-Z]\b")
BLOCKS = [block for page in pages() for block in blocks_of(page)]
SHELL = [block for block in BLOCKS if block.needs_mark and block.kind != "no commands"]
SETTINGS = [block for block in BLOCKS if block.kind == "no commands" and block.text.startswith("Host ")]
DOCUMENTS = [*pages(), REPOSITORY / "CHANGELOG.md", *sorted((REPOSITORY / "docs" / "adr").glob("*.md"))]
PROGRAMS = ("mosh", "mosh-client", "mosh-server")
VERBS = ("list", "attach", "preview", "history", "end", "session")
MANUALS = [REPOSITORY / "man" / f"{name}.1" for name in PROGRAMS]
FOR_USERS = [
    *(REPOSITORY / name for name in ("README.md", "CHANGELOG.md")),
    *(
        REPOSITORY / "docs" / f"{name}.md"
        for name in ("guide", "sessions", "scrollback", "coming-from-mosh", "troubleshooting", "faq", "limits")
    ),
]
# Options that pages name, and that are other programs'.
OF_OTHERS = {"--user": "pip, systemd-run", "--scope": "systemd-run", "--prefix": "pip"}


class Command(NamedTuple):
    """A call of one of our programs."""

    program: str
    words: tuple[str, ...]


def commands(text: str) -> Iterator[Command]:
    """Yield the calls of our programs in shell text, those within the quotes of others too."""
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.wordchars += "^,%+@:[]{}"
        words: list[str] = []
        try:
            tokens = [*lexer, ";"]
        except ValueError:  # a quote that goes on in the next line
            continue
        for token in tokens:
            if set(token) <= set(";&|()"):
                yield from _of_segment(words)
                words = []
            else:
                words.append(token)


def _of_segment(words: list[str]) -> Iterator[Command]:
    while words and (words[0] in ("sudo", "exec", "export", "python3") or re.match(r"\w+=", words[0])):
        words = words[1:]
    if words and words[0] == "alias":
        yield from commands(words[1].partition("=")[2])
    if not words:
        return
    name = Path(words[0]).name
    rest = tuple(words[1:])
    if name == "mosh.pyz":
        name, rest = (rest[0], rest[1:]) if rest[:1] and rest[0] in PROGRAMS else ("mosh", rest)
    if name in PROGRAMS:
        yield Command(name, rest)
        for word in rest:
            if word.startswith("--server="):
                yield from commands(word.partition("=")[2])


def fault_of(command: Command) -> str:
    """Return what the program would say of the words, "" for nothing."""
    words = list(command.words)
    try:
        if command.program == "mosh":
            mosh_bootstrap.options.parse_options(words, {})
        elif command.program == "mosh-client":
            mosh_client.cli.parse_arguments(words)
        elif words[:1] and words[0] in VERBS:
            unknown = set(OPTION.findall(" ".join(words))) - set(OPTION.findall(mosh_server.sessions.USAGE))
            return ", ".join(sorted(unknown))
        else:
            return "; ".join(mosh_server.options.parse(words).complaints)
    except UsageError as error:
        return str(error)
    return ""


def shell_of(block: Block) -> str:
    """Return a block's commands: all of it, or what stands behind the prompts of a console."""
    if block.language != "console":
        return block.text
    return "\n".join(line[2:] for line in block.text.splitlines() if line.startswith(("$ ", "# ")))


@pytest.mark.system
@pytest.mark.parametrize("block", SHELL, ids=str)
def test_a_shell_can_read_it(block: Block) -> None:
    done = subprocess.run(["bash", "-n"], input=shell_of(block), text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.system
@pytest.mark.parametrize("block", SHELL, ids=str)
def test_shellcheck_has_nothing_to_say(block: Block) -> None:
    places = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    shellcheck = shutil.which("shellcheck", path=places)
    if shellcheck is None:
        pytest.skip("not installed here: shellcheck")
    # SC2155, a status that `export` hides: these lines are for startup files, which look at none.
    words = [shellcheck, "--shell=bash", "--exclude=SC2155", "-"]
    done = subprocess.run(words, input=shell_of(block) + "\n", text=True, capture_output=True, check=False)
    assert done.stdout == ""


def test_python_can_read_its_blocks() -> None:
    for block in BLOCKS:
        if block.language in ("python", "py"):
            compile(block.text, str(block), "exec")


def test_no_block_is_of_a_language_that_nobody_reads_here() -> None:
    assert {block.language for block in BLOCKS} <= {*SHELL_LANGUAGES, "python", "py"}


def test_of_a_console_the_commands_are_read() -> None:
    block = Block(Path("page.md"), 1, "console", "$ ls\nREADME.md\n# apt update\n", "elsewhere", "an example")
    assert shell_of(block) == "ls\napt update"


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_our_programs_know_the_words_of_a_block(block: Block) -> None:
    assert [(each, fault) for each in commands(shell_of(block)) if (fault := fault_of(each))] == []


def test_the_calls_of_our_programs_are_found() -> None:
    found = [each for block in SHELL for each in commands(shell_of(block))]
    assert {each.program for each in found} >= {"mosh", "mosh-server"}
    assert len(found) > 40


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mosh --nonsense host", "Unknown option --nonsense"),
        ("true && mosh --predict=maybe host", "--predict must be one of"),
        ("alias ssh='mosh --as-shell'", "Unknown option --as-shell"),
        ("mosh --server='A=1 mosh-server new -q' host", "unknown option: -q"),
        ("~/mosh.pyz mosh-server list --long", "--long"),
        ("mosh-client --nonsense", "Unknown option --nonsense"),
    ],
)
def test_a_word_that_is_not_known_is_found(text: str, expected: str) -> None:
    assert any(expected in fault_of(each) for each in commands(text))


@pytest.mark.parametrize("block", SETTINGS, ids=str)
def test_our_configuration_file_takes_it(block: Block) -> None:
    _found, in_vain = read_settings(block.text, "host", str(block))
    assert in_vain == []


def prose(text: str) -> list[str]:
    """Return what stands in a page's text as code within lines."""
    text = re.sub(r"^( *)(```|~~~).*?^\1\2", "", text, flags=re.MULTILINE | re.DOTALL)
    return [code.strip("` ") for code in re.findall(r"``.+?``|`[^`\n]+`", text)]


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: page.name)
def test_each_option_that_is_named_is_there(page: Path) -> None:
    assert unknown_options(prose(page.read_text())) == set()


def test_an_option_that_is_not_there_is_found() -> None:
    text = "`mosh --doktor host`, `--no-such`, ``--list``, `ssh --any`, `mosh host -- ls --all`\n```\n`--fenced`\n```\n"
    assert unknown_options(prose(text)) == {"--doktor", "--no-such"}


def unknown_options(codes: list[str]) -> set[str]:
    """Return the options in code that begins with a program of ours or with an option, and that nobody has."""
    named = {
        option
        for code in codes
        if code.split()[0] in PROGRAMS or code.startswith("--")
        for option in OPTION.findall(re.split(r" -- ", code)[0])
    }
    told = {option for manual in MANUALS for option in OPTION.findall(manual.read_text().replace("\\-", "-"))}
    return named - told - set(mosh_bootstrap.options.SPELLINGS) - set(OF_OTHERS)


@pytest.mark.parametrize("page", FOR_USERS, ids=lambda page: page.name)
def test_each_variable_that_users_are_told_is_in_a_manual_page(page: Path) -> None:
    told = set(VARIABLE.findall("\n".join(manual.read_text() for manual in MANUALS)))
    assert set(VARIABLE.findall(page.read_text())) - told == set()


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: page.name)
def test_each_variable_that_is_named_is_there(page: Path) -> None:
    assert set(VARIABLE.findall(page.read_text())) - variables() == set()


@cache
def variables() -> set[str]:
    """Return our variables: all that sources name, the tests' too."""
    folders = ("bootstrap", "client", "common", "server", "tests")
    files = [file for folder in folders for file in (REPOSITORY / folder).rglob("*.py") if file != Path(__file__)]
    return {name for file in (*files, REPOSITORY / "bootstrap" / "mosh") for name in VARIABLE.findall(file.read_text())}
