"""The shells' completions offer every option, its values, hosts and commands: typed into real shells, as users do."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.programs import REPOSITORY, clean_environment, wait_until
from tests.support.tmux import Pane, Tmux

from mosh_bootstrap.options import CHOICES, INTERNAL, SPELLINGS

pytestmark = pytest.mark.system

COMPLETIONS = REPOSITORY / "packaging" / "completions"
BASH_COMPLETION = Path("/usr/share/bash-completion/bash_completion")
OPTIONS = sorted(name for name in SPELLINGS if name not in INTERNAL)
LONG = [name for name in OPTIONS if name.startswith("--")]
SHORT = [name for name in OPTIONS if not name.startswith("--")]
WITH_VALUE = {name for name, (_field, fixed) in SPELLINGS.items() if fixed is None}
PROMPT = "ready> "
AGAIN_S = 0.5  # a key that comes while a shell is busy may be lost
COLUMNS, LINES = 120, 100  # all options at once, whatever a shell puts beside them; fish takes half of it

# Each shell as it comes, but for what would differ between machines, with the completion where a package puts it.
BASHRC = f"""
PS1='{PROMPT}'; HISTFILE=
bind 'set show-all-if-ambiguous on'; bind 'set completion-query-items 0'; bind 'set page-completions off'
"""
ZSHRC = f"""
PS1='{PROMPT}'; HISTFILE=; LISTMAX=0; setopt no_beep no_list_ambiguous
fpath=({COMPLETIONS} $fpath); autoload -U compinit; compinit -u -D
"""
FISHRC = f"""
function fish_prompt; echo -n '{PROMPT}'; end
set -g fish_greeting; set -g fish_autosuggestion_enabled 0
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user who knows some hosts by each way there is, and has the three shells' files."""
    home = tmp_path_factory.mktemp("home")
    ssh = home / ".ssh"
    (ssh / "more").mkdir(parents=True)
    (home / "elsewhere").mkdir()
    (ssh / "config").write_text(
        "Include more/*.conf\nInclude ~/elsewhere/config\nHost qalpha qalpine q*.example !qno\n  User me\nHost qbeta\n"
    )
    (ssh / "more" / "a.conf").write_text("Host qincluded\n")
    (ssh / "more" / "b.conf").write_text("  include deeper\n")
    (ssh / "more" / "c.text").write_text("Host qnotincluded\n")
    (ssh / "deeper").write_text("Host qdeep\n")
    (home / "elsewhere" / "config").write_text("Host qelsewhere\n")
    (ssh / "known_hosts").write_text("[albatross]:2222,192.0.2.1 ssh-ed25519 AAAA\n|1|qhashed ssh-rsa AAAA\n")
    (home / ".bashrc").write_text(f"{BASHRC}\nsource {COMPLETIONS}/mosh.bash\n")
    (home / ".bashrc-with-package").write_text(f"source {BASH_COMPLETION}\n{BASHRC}\nsource {COMPLETIONS}/mosh.bash\n")
    (home / ".zshrc").write_text(ZSHRC)
    fish = home / ".config" / "fish"
    (fish / "completions").mkdir(parents=True)
    (home / ".local/share/fish/generated_completions").mkdir(parents=True)  # else it reads all manual pages at first
    (fish / "config.fish").write_text(FISHRC)
    (fish / "completions" / "mosh.fish").symlink_to(COMPLETIONS / "mosh.fish")
    return home


SHELLS = {
    "bash": ["bash", "--noprofile", "-i"],
    "bash-with-package": ["bash", "--noprofile", "--rcfile", ".bashrc-with-package", "-i"],
    "zsh": ["zsh", "-d", "-i"],
    "fish": ["fish", "-i"],
}


class Line:
    """The command line of a shell in a terminal."""

    def __init__(self, pane: Pane) -> None:
        self.pane = pane

    def complete(self, begun: str, shown: Callable[[str], bool]) -> str:
        """Type `begun` and Tab on a line of its own; return the screen once `shown` is true of it."""
        self.empty()
        self.pane.type(begun)
        self.pane.wait_for(begun)
        self.pane.press("Tab")
        wait_until(lambda: shown(self.text()), lambda: f"{begun!r} and Tab:\n{self.text()}")
        return self.text()

    def empty(self) -> None:
        """Begin with a new line on an empty screen."""
        asked_at = 0.0

        def is_empty() -> bool:
            nonlocal asked_at
            if self.text().strip() == PROMPT.strip():
                return True
            if time.monotonic() > asked_at + AGAIN_S:
                self.pane.press("C-u", "C-l")  # not Ctrl-C, a signal, which may fall on what the completion runs
                asked_at = time.monotonic()
            return False

        wait_until(is_empty, lambda: f"the screen is not empty:\n{self.text()}")

    def text(self) -> str:
        return "\n".join(self.pane.text())


@pytest.fixture(scope="module", params=SHELLS)
def line(request: pytest.FixtureRequest, tmux: Tmux, home: Path) -> Iterator[Line]:
    """A running shell."""
    words = SHELLS[request.param]
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    if request.param == "bash-with-package" and not BASH_COMPLETION.exists():
        pytest.skip("bash-completion is not installed")
    pane = tmux.open_pane(
        words,
        environment={**clean_environment(home, TERM="tmux-256color"), "ZDOTDIR": str(home)},
        directory=home,
        columns=COLUMNS,
        lines=LINES,
    )
    pane.wait_for(PROMPT.rstrip())
    line = Line(pane)
    yield line
    line.empty()
    pane.press("C-d")
    pane.wait_for_end()


def has(*words: str) -> Callable[[str], bool]:
    """Return whether all of `words` stand on the screen as words of their own."""

    def shown(text: str) -> bool:
        there = {word.strip("(),").partition("=")[0].rstrip("=") for word in text.replace("=", "= ").split()}
        return all(word in there for word in words)

    return shown


@pytest.mark.requires_program("tmux")
def test_every_long_option_is_offered(line: Line) -> None:
    line.complete("mosh --", has(*LONG))


@pytest.mark.requires_program("tmux")
def test_every_short_option_is_offered(line: Line) -> None:
    line.complete("mosh -", has(*SHORT))


@pytest.mark.requires_program("tmux")
@pytest.mark.parametrize("field", CHOICES)
def test_every_value_is_offered(line: Line, field: str) -> None:
    option = "--" + field.replace("_", "-")
    # Fish shows what is common already on the command line, and names only what is left.
    values = CHOICES[field]
    line.complete(f"mosh {option}=", lambda text: all(value in text for value in values))


@pytest.mark.requires_program("tmux")
def test_a_value_is_completed(line: Line) -> None:
    line.complete("mosh --predict=al", lambda text: "--predict=always" in text)
    line.complete("mosh --bind-server=a", lambda text: "--bind-server=any" in text)


@pytest.mark.requires_program("tmux")
@pytest.mark.parametrize("before", ["", "me@", "-p 60001 ", "--predict=always -o ", "--ssh 'ssh -p 2222' ", "-- "])
def test_a_host_is_completed(line: Line, before: str) -> None:
    user = before if before.endswith("@") else ""
    line.complete(f"mosh {before}qbe", lambda text: f"{user}qbeta" in text)


@pytest.mark.requires_program("tmux")
def test_a_known_host_is_completed(line: Line) -> None:
    line.complete("mosh -4 alba", lambda text: "albatross" in text)


@pytest.mark.requires_program("tmux")
def test_hosts_come_from_included_files_too(line: Line) -> None:
    text = line.complete("mosh q", has("qalpha", "qalpine", "qbeta", "qincluded", "qdeep", "qelsewhere"))
    assert not any(other in text for other in ("qhashed", "qnotincluded", "example"))


@pytest.mark.requires_program("tmux")
@pytest.mark.parametrize("before", ["qbeta ", "qbeta -- ", "-p 60001 qbeta -a ", "--family=inet me@qbeta "])
def test_the_command_behind_the_host_is_completed(line: Line, before: str) -> None:
    line.complete(f"mosh {before}infoc", lambda text: "infocmp" in text)


@pytest.mark.requires_program("tmux")
def test_an_option_behind_the_host_is_completed(line: Line) -> None:
    completed = f"{PROMPT}mosh qbeta --experimental-remote-ip=remote"
    line.complete("mosh qbeta --experimental-remote-ip=rem", lambda text: text.strip() == completed)


@pytest.mark.requires_program("fish")
def test_fish_knows_which_options_take_a_value(home: Path) -> None:
    """Behind each the host is next: what splits the words has all options, and knows those that take one."""
    lines = [f"mosh {option}{' 60001' if option in WITH_VALUE else ''} qbe" for option in OPTIONS]
    done = subprocess.run(
        ["fish", "-c", "; ".join(f"complete -C '{line}'" for line in lines)],
        env=clean_environment(home),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert [row.split("\t")[0] for row in done.stdout.splitlines()] == ["qbeta"] * len(lines)


def bash_completes(begun: list[str], home: Path, *, path: Path | None = None) -> list[list[str]]:
    """Return what bash without its package offers for each of the lines, where readline cuts words at blanks only."""
    script = (
        f'source "{COMPLETIONS}/mosh.bash"; COMP_WORDBREAKS=" "; for COMP_LINE; do COMP_POINT=${{#COMP_LINE}};'
        " COMP_WORDS=($COMP_LINE); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=(); _mosh;"
        ' echo "${COMPREPLY[@]}"; done'
    )
    environment = clean_environment(home)
    if path is not None:
        environment["PATH"] = f"{path}:{environment['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script, "bash", *begun],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return [row.split() for row in done.stdout.splitlines()]


def test_bash_knows_which_options_take_a_value(tmp_path: Path) -> None:
    """Likewise."""
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text("Host qbeta\n")
    lines = [f"mosh {option} {'60001 ' if option in WITH_VALUE else ''}qbe" for option in OPTIONS]
    offered = dict(zip(lines, bash_completes(lines, tmp_path), strict=True))
    assert {line: words for line, words in offered.items() if words != ["qbeta"]} == {}


@pytest.mark.parametrize(
    ("files", "hosts"),
    [
        ({"config": "Host qa qb *.example !qno\n\tHOST qc\nMatch host qno\n"}, ["qa", "qb", "qc"]),
        ({"config": "host=qa # of a comment: qno\nHost = qb\n#Host qno\n"}, ["qa", "qb"]),
        ({"config": 'Host "qa" "q b"\n'}, ["qa"]),
        ({"config": "Include a b\n", "a": "Host qa\n", "b": "Host qb\n"}, ["qa", "qb"]),
        ({"config": "include=d/*.conf\n", "d/1.conf": "Host qa\n", "d/2.text": "Host qno\n"}, ["qa"]),
        ({"config": "Include ~/.ssh/a\n", "a": 'Include "b b"\n', "b b": "Host qb\n"}, ["qb"]),
        ({"config": "Include missing *.none\nInclude config\nHost qa\n"}, ["qa"]),  # it ends, as with ssh
        (
            {"known_hosts": "[qa]:2222,192.0.2.1 ssh-rsa A\nqb ssh-rsa A\n|1|qno ssh-rsa A\n@revoked qno A\n"},
            ["qa", "qb"],
        ),
        ({"known_hosts2": "qa,*.qno ssh-rsa A\n"}, ["qa"]),
    ],
)
def test_bash_finds_the_hosts_that_sshs_files_name(files: dict[str, str], hosts: list[str], tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / ".ssh" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / ".ssh" / name).write_text(text)
    assert bash_completes(["mosh q", "mosh me@q"], tmp_path) == [hosts, [f"me@{host}" for host in hosts]]


@pytest.mark.parametrize(
    ("begun", "offered"),
    [
        ("mosh qbeta --attach=", ["--attach=4711", "--attach=work"]),
        ("mosh qbeta --attach=wo", ["--attach=work"]),
        ("mosh qbeta --end 47", ["4711"]),
        ("mosh --local --session=w", ["--session=work"]),
        ("mosh --attach=", []),
        ("mosh 'q$(x)' --attach=", []),
    ],
)
def test_bash_asks_the_host_that_is_named_for_its_sessions(begun: str, offered: list[str], tmp_path: Path) -> None:
    mosh = tmp_path / "mosh"
    mosh.write_text('#!/bin/sh\nprintf "%s\\t.\\n" 4711 work "\\$(x)"; echo "$*" >>"$HOME/asked"\n')
    mosh.chmod(0o755)
    assert bash_completes([begun], tmp_path, path=tmp_path) == [offered]
    asked = (tmp_path / "asked").read_text().splitlines() if offered else []
    assert set(asked) == ({"--complete-sessions " + ("qbeta" if "qbeta" in begun else "--local")} if offered else set())


def test_a_host_with_shell_in_its_name_is_not_run(tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "known_hosts").write_text("$(touch$IFS~/run),qgood ssh-rsa AAAA\n`touch~/run` ssh-rsa AAAA\n")
    assert bash_completes(["mosh q"], tmp_path) == [["qgood"]]
    assert not (tmp_path / "run").exists()
