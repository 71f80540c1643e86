"""Accounts with any login shell, with a forced command, or with a shell that runs nothing, through a real sshd."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.login_shells import LOGIN_SHELLS, ODD_WORDS, SHELL_S, LoginShell
from tests.support.programs import (
    OURS,
    UPSTREAM,
    Programs,
    missing_programs,
    process,
    wait_until,
    with_any_client,
    write_launcher,
)
from tests.support.sshd import LOGIN_OPTIONS, Sshd
from tests.support.user_terminal import UserTerminal, mosh_words

if TYPE_CHECKING:
    from tests.e2e.conftest import User

pytestmark = [pytest.mark.e2e, pytest.mark.requires_program("sshd", "ssh", "ssh-keygen")]

NEEDS_UPSTREAM = pytest.mark.requires_upstream("mosh-server")
EACH_SHELL = pytest.mark.parametrize("shell", LOGIN_SHELLS, ids=lambda shell: shell.name)


def write_down(path: Path, *words: str) -> list[str]:
    """A command that writes `words` to `path`, with a NUL behind each."""
    return ["sh", "-c", 'printf "%s\\0" "$@" >"$0"', str(path), *words]


def written(path: Path) -> list[str]:
    return os.fsdecode(path.read_bytes()).split("\0")[:-1]


# --- forced commands


def forced(folder: Path, user: User, programs: Programs, *lines: str) -> Path:
    """A forced command of `lines`, which finds a marked `mosh-server` in its PATH."""
    programs_folder = folder / "bin"
    programs_folder.mkdir()
    write_launcher(programs_folder / "mosh-server", programs.server)
    script = folder / "forced"
    path = f"PATH={shlex.quote(str(programs_folder))}:$PATH"
    script.write_text("\n".join(["#!/bin/sh", path, f"export PATH {shlex.quote(user.mark)}", *lines, ""]))
    script.chmod(0o755)
    return script


def log_in(user: User, sshd: Sshd, *arguments: str) -> UserTerminal:
    """Run our `mosh` with its default server."""
    client = write_launcher(user.home / "client", with_any_client().client)
    return user.run(mosh_words(f"--client={client}", f"--ssh={sshd.ssh()}", *LOGIN_OPTIONS, *arguments))


EVAL = 'eval "exec $SSH_ORIGINAL_COMMAND"'
SHELL = 'exec sh -c "$SSH_ORIGINAL_COMMAND"'
ONLY_MOSH = ('case $SSH_ORIGINAL_COMMAND in "mosh-server new "*) ;; *) echo refused >&2; exit 1 ;; esac',)


@pytest.mark.parametrize("programs", [OURS, pytest.param(UPSTREAM, marks=NEEDS_UPSTREAM)], ids=lambda each: each.name)
def test_a_forced_command_may_match_and_split_what_it_gets(
    user: User, start_sshd: Callable[..., Sshd], tmp_path: Path, programs: Programs
) -> None:
    script = forced(tmp_path, user, programs, *ONLY_MOSH, "exec $SSH_ORIGINAL_COMMAND")
    sshd = start_sshd(settings=f"ForceCommand {script}")
    terminal = log_in(user, sshd, "127.0.0.1", "--", "touch", str(tmp_path / "ran"))
    assert terminal.wait_for_end() == 0, terminal.text()
    wait_until((tmp_path / "ran").exists, "the command did not run")


@pytest.mark.parametrize(
    ("programs", "run"),
    [
        pytest.param(OURS, EVAL, id="ours, eval"),
        pytest.param(UPSTREAM, SHELL, id="upstream's, sh", marks=NEEDS_UPSTREAM),
    ],
)
def test_a_forced_command_may_match_what_it_gets_and_have_a_shell_run_it(
    user: User, start_sshd: Callable[..., Sshd], tmp_path: Path, programs: Programs, run: str
) -> None:
    sshd = start_sshd(settings=f"ForceCommand {forced(tmp_path, user, programs, *ONLY_MOSH, run)}")
    command = write_down(tmp_path / "words", *ODD_WORDS)
    terminal = log_in(user, sshd, "--experimental-remote-ip=remote", "127.0.0.1", "--", *command)
    assert terminal.wait_for_end() == 0, terminal.text()
    assert written(tmp_path / "words") == list(ODD_WORDS)


def test_a_key_may_have_a_command_of_its_own(user: User, start_sshd: Callable[..., Sshd], tmp_path: Path) -> None:
    script = forced(tmp_path, user, OURS, *ONLY_MOSH, EVAL)
    sshd = start_sshd()
    authorized = sshd.folder / "authorized_keys"
    authorized.write_text(f'command="{script}",restrict ' + sshd.user_key.with_suffix(".pub").read_text())
    terminal = log_in(user, sshd, "--no-ssh-pty", "127.0.0.1", "--", *write_down(tmp_path / "words", *ODD_WORDS))
    assert terminal.wait_for_end() == 0, terminal.text()
    assert written(tmp_path / "words") == list(ODD_WORDS)


@pytest.mark.parametrize("mode", ["proxy", "remote"])
def test_a_server_that_is_missing_is_said_to_be_however_its_address_is_found(user: User, sshd: Sshd, mode: str) -> None:
    terminal = log_in(user, sshd, f"--experimental-remote-ip={mode}", "--server=no-such-mosh-server", "127.0.0.1")
    assert_ends(terminal, 127, "'no-such-mosh-server' was not found on 127.0.0.1")


# --- accounts


def without_blanks(text: str) -> str:
    return "".join(text.split())


def assert_ends(terminal: UserTerminal, code: int, *sentences: str) -> None:
    """It ends with `code`, all `sentences` on the screen, no trace of Python, and the settings it began with."""
    assert terminal.wait_for_end() == code, terminal.text()
    said = terminal.text()
    for sentence in sentences:
        assert without_blanks(sentence) in without_blanks(said)  # the terminal breaks long lines
    assert "Traceback" not in said
    assert terminal.settings() == terminal.settings_before


def found(name: str) -> str:
    """Return the path of a program; skip the test where there is none."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    return path or pytest.skip(f"not installed here: {name}")


class Account:
    """An account of this machine, made for the test and removed with it."""

    def __init__(self, sshd_key: Path) -> None:
        self.name = f"mosh-py-test-{os.getpid()}"
        self.home = Path(tempfile.mkdtemp(prefix="mosh-py-account-"))
        self._run("useradd", "--no-create-home", "--password", "*", "--home-dir", str(self.home), self.name)
        self.home.chmod(0o755)
        record = pwd.getpwnam(self.name)
        self.uid, self.gid = record.pw_uid, record.pw_gid
        shutil.copy(sshd_key.with_suffix(".pub"), self.home / "authorized_keys")
        os.chown(self.home, self.uid, self.gid)

    def use(self, shell: str, **files: str) -> None:
        """Give it the login shell `shell`, and start-up files."""
        self._run("usermod", "--shell", shell, self.name)
        for name, text in files.items():
            path = self.home / f".{name}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")

    def forget_files(self) -> None:
        """Remove the start-up files, and what shells have written beside them."""
        for path in self.home.glob(".*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def can_run(self, words: tuple[str, ...]) -> bool:
        done = subprocess.run(
            [*words, "--version"],
            user=self.uid,
            group=self.gid,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            check=False,
        )
        return done.returncode == 0

    def remove(self) -> None:
        """Remove it, with all that it has and runs."""
        for entry in os.listdir("/proc"):
            try:
                if entry.isdigit() and os.stat(f"/proc/{entry}").st_uid == self.uid:
                    process(int(entry)).end()
            except (FileNotFoundError, AssertionError):  # it has ended
                continue
        subprocess.run(["userdel", "--force", self.name], capture_output=True, check=False)
        shutil.rmtree(self.home, ignore_errors=True)

    @staticmethod
    def _run(*words: str) -> None:
        subprocess.run(words, check=True, capture_output=True)


class Host:
    """An sshd and an account on it."""

    def __init__(self, sshd: Sshd, account: Account) -> None:
        self.sshd = sshd
        self.account = account
        self.server = write_launcher(account.home / "mosh-server", OURS.server)

    def mosh(self, user: User, *arguments: str) -> UserTerminal:
        """Log in to the account."""
        client = write_launcher(user.home / "client", with_any_client().client)
        options = (f"--client={client}", f"--server={self.server}", f"--ssh={self.sshd.ssh()}")
        return user.run(mosh_words(*options, f"{self.account.name}@127.0.0.1", *arguments))


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    if os.getuid() != 0:
        pytest.skip("only root may make an account")
    if missing := missing_programs(["useradd", "usermod", "userdel"]):
        pytest.skip(f"not installed here: {', '.join(missing)}")
    # Of each account the home is its own.
    settings = "AuthorizedKeysFile %h/authorized_keys\nSetEnv LANG=C.UTF-8"
    sshd = Sshd(tmp_path_factory.mktemp("accounts") / "sshd", settings=settings)
    account = None
    try:
        account = Account(sshd.user_key)
        if not account.can_run(OURS.server):
            pytest.skip("only root may read these programs, and the account is another's")
        yield Host(sshd, account)
    finally:
        if account is not None:
            account.remove()
        sshd.close()


@pytest.fixture
def host(machine: Host) -> Host:
    """The machine, with no start-up file that another test wrote."""
    machine.account.forget_files()
    return machine


@EACH_SHELL
def test_any_login_shell_starts_a_session_with_the_words_as_they_are(user: User, host: Host, shell: LoginShell) -> None:
    # By a link: a shell of busybox's is what it is called.
    link = host.account.home / shell.name.replace(" ", "-").replace("'", "")
    link.symlink_to(shell.found())
    host.account.use(str(link))
    result = host.account.home / f"words of {shell.name}"
    terminal = host.mosh(user, "--", *write_down(result, *ODD_WORDS))
    terminal.patience_s = SHELL_S
    assert terminal.wait_for_end() == 0, terminal.text()
    assert written(result) == list(ODD_WORDS)


SESSION = ("--", "sh", "-c", "echo 'the session is up'; read _")
LOOK = "if nothing above says why, see whether 'ssh "


def assert_session(terminal: UserTerminal) -> None:
    """The session shows its sign of life; end it."""
    terminal.wait_for("the session is up")
    terminal.type("\r")
    assert terminal.wait_for_end() == 0, terminal.text()


def test_a_login_shell_that_is_tmux_starts_a_session(user: User, host: Host) -> None:
    host.account.use(found("tmux"))
    assert_session(host.mosh(user, *SESSION))


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("nologin", "This account is currently not available."),
        ("false", ""),
        ("screen", "Unable to open"),
    ],
)
def test_a_login_shell_that_runs_no_commands_ends_with_a_sentence(
    user: User, host: Host, program: str, said: str
) -> None:
    host.account.use(found(program))
    terminal = host.mosh(user, *SESSION)
    assert_ends(terminal, 1, said, "and no MOSH CONNECT line; " + LOOK)


def test_a_login_shell_that_is_missing_is_what_ssh_reports(user: User, host: Host) -> None:
    host.account.use("/nowhere/shell")
    assert_ends(host.mosh(user, *SESSION), 255, "Permission denied", "mosh: ssh could not log in to")


def test_a_start_up_file_may_print_what_it_likes(user: User, host: Host) -> None:
    noise = (
        r"printf '\033[1mYou will be\nlucky.\033[0m\033]0;title\007MOSH is here\nMOSH\nno end of line'; echo '!' >&2"
    )
    host.account.use(found("bash"), bashrc=noise)
    assert_session(host.mosh(user, *SESSION))


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh", "fish"])
def test_a_start_up_file_that_reads_finds_the_end_where_there_is_no_pty(user: User, host: Host, shell: str) -> None:
    files = {"bash": {"bashrc": "read -r _"}, "zsh": {"zshenv": "read -r _"}, "tcsh": {"tcshrc": "set answer = $<"}}
    host.account.use(found(shell), **files.get(shell, {"config/fish/config.fish": "read _"}))
    assert_session(host.mosh(user, "--no-ssh-pty", *SESSION))


def test_a_start_up_file_that_starts_another_shell_ends_with_a_sentence_where_there_is_no_pty(
    user: User, host: Host
) -> None:
    host.account.use(found("bash"), bashrc="exec sh")
    assert_ends(host.mosh(user, "--no-ssh-pty", *SESSION), 1, "ssh ended with exit code 0", LOOK)


def test_a_start_up_file_that_ends_the_shell_ends_with_a_sentence(user: User, host: Host) -> None:
    host.account.use(found("bash"), bashrc="echo no commands here; exit 3")
    assert_ends(host.mosh(user, *SESSION), 3, "no commands here", "ssh ended with exit code 3", LOOK)
