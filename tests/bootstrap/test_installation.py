"""A server that is brought to an account, and taken away again: what is there then, whatever happens in between."""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.far_account import Answers, FarAccount, own_environment, small_archive
from tests.support.login_shells import LOGIN_SHELLS, LoginShell

from mosh_bootstrap import archive, far_python, installation
from mosh_bootstrap.installation import SERVER
from mosh_common.errors import EnvironmentFailure

pytestmark = pytest.mark.system

NEW, OLD = "2.0", "1.0"
INSTALLED = [
    *(".local", ".local/bin", ".local/bin/mosh-server", ".local/share", ".local/share/mosh-py"),
    *(f".local/share/mosh-py/{NEW}", f".local/share/mosh-py/{NEW}/mosh.pyz", f".local/share/mosh-py/{NEW}/sha256"),
]
AT = "host.example"


@pytest.fixture
def account(tmp_path: Path) -> FarAccount:
    return FarAccount(tmp_path)


@pytest.fixture(autouse=True)
def brings(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A function that says which version an installation brings, and what its archive does."""

    def bring(version: str, *lines: str) -> None:
        made = small_archive(version, *lines)
        monkeypatch.setattr(installation, "VERSION", version)
        monkeypatch.setattr(archive, "of_this_installation", lambda: made)

    bring(NEW)
    return bring


def install(account: FarAccount, user: Answers | None = None) -> Answers:
    user = user or Answers(True)
    installation.install(account.words, host=AT, environ=own_environment(), user=user)
    return user


def uninstall(account: FarAccount, user: Answers | None = None) -> Answers:
    user = user or Answers(True)
    installation.uninstall(account.words, host=AT, environ=own_environment(), user=user)
    return user


def assert_refused(account: FarAccount, sentence: str, user: Answers | None = None) -> None:
    with pytest.raises(EnvironmentFailure, match=re.escape(sentence)):
        install(account, user)


def said_by_server(account: FarAccount) -> str:
    done = subprocess.run([account.link, "mosh-server"], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, FarAccount], None]:
    """A function that gives an account what an installation of that version leaves, which another account has had."""
    had: dict[str, FarAccount] = {}

    def bring(version: str, account: FarAccount) -> None:
        if version not in had:
            first = FarAccount(tmp_path_factory.mktemp("account"))
            install(first)
            assert said_by_server(first).startswith(f"mosh-server (mosh-py {version}")
            had[version] = first
        shutil.copytree(had[version].data, account.data)
        account.link.parent.mkdir()
        account.link.symlink_to(account.data / version / "mosh.pyz")
        assert account.files() == had[version].files()

    return bring


@pytest.fixture
def with_new(account: FarAccount, brought: Callable[[str, FarAccount], None]) -> FarAccount:
    """The account with what would be brought to it."""
    brought(NEW, account)
    return account


@pytest.fixture
def with_old(
    account: FarAccount, brings: Callable[..., None], brought: Callable[[str, FarAccount], None]
) -> FarAccount:
    """The account with an older version, of which a newer one is to come."""
    brings(OLD)
    brought(OLD, account)
    brings(NEW)
    return account


def assert_old_works(account: FarAccount) -> None:
    """Of the newer version there is nothing, and of the attempt nothing either."""
    assert said_by_server(account).startswith(f"mosh-server (mosh-py {OLD}")
    assert account.files() == [name.replace(f"/{NEW}", f"/{OLD}") for name in INSTALLED]


# --- when all is well


def test_it_is_brought_after_a_question_that_says_what_goes_where(account: FarAccount) -> None:
    user = Answers(True)
    assert installation.install(account.words, host=AT, environ=own_environment(), user=user) == SERVER
    assert account.files() == INSTALLED
    assert os.readlink(account.link) == str(account.data / NEW / "mosh.pyz")
    assert said_by_server(account).startswith(f"mosh-server (mosh-py {NEW}")
    [question] = user.asked
    assert f"{account.data}/{NEW}/mosh.pyz" in question
    assert str(account.link) in question
    assert user.told[0] == f"mosh-server {NEW} is on {AT} now."
    assert "mosh looks there all the same" in user.told[-1] or "By its name alone mosh finds" in user.told[-1]
    done, total = user.drawn[-1]
    assert done == total
    assert user.shown == b""


def test_it_has_byte_code_for_the_python_that_is_there_and_runs_on_that(account: FarAccount) -> None:
    install(account)
    folder = f"py{sys.version_info[0]}{sys.version_info[1]}"
    with zipfile.ZipFile(account.link) as contents:
        assert contents.testzip() is None
        assert f"{folder}/small.pyc" in contents.namelist()
    assert f"installed_python='{sys.executable}'".encode() in account.link.read_bytes()
    ask = f"import sys; sys.path.insert(0, {f'{account.link}/{folder}'!r}); import small; print(small.SMALL)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


def test_a_second_time_nothing_is_asked_and_nothing_is_done(with_new: FarAccount) -> None:
    before = os.stat(with_new.link)
    user = install(with_new, Answers())
    after = os.stat(with_new.link)
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert user.told[0] == f"{AT} has just this mosh-server {NEW} already, as {with_new.link}."


def test_what_was_damaged_later_is_brought_again(with_new: FarAccount) -> None:
    with open(with_new.link, "ab") as file:
        file.write(b"more")
    assert install(with_new).drawn
    assert not with_new.link.read_bytes().endswith(b"more")


def test_a_user_who_says_no_has_nothing_changed(account: FarAccount) -> None:
    user = Answers(False)
    assert installation.install(account.words, host=AT, environ=own_environment(), user=user) == ""
    assert account.files() == []
    assert user.told == [f"Nothing was changed on {AT}."]


def test_without_a_terminal_only_yes_will_do(account: FarAccount) -> None:
    assert_refused(account, "there is no terminal; say --yes", Answers(at_terminal=False))
    assert account.files() == []
    install(account, Answers(at_terminal=False, yes=True))
    assert account.files() == INSTALLED


def test_noise_of_start_up_files_is_skipped(account: FarAccount) -> None:
    account.around = r"""printf 'mosh-py:0123456789abcdef {"ready": true}\n\377\033[1mno end of line'; exec"""
    assert install(account).shown == b""
    assert account.files() == INSTALLED


def test_what_a_start_up_file_says_on_standard_error_is_shown_without_what_commands_a_terminal(
    account: FarAccount,
) -> None:
    account.around = r"""printf 'hello\033]0;title\007\033[2J\n' >&2; exec"""
    assert install(account).shown.split() == [b"hello"]


# In place of far_end.py, which takes five times as long to begin: says who it is, and what else it was sent.
SMALL_PROGRAM = rb"""
import os, sys
def say(name, value): print('\nmosh-py:%s {"%s": "%s"}' % (sys.argv[1], name, value), flush=True)
say("home", os.path.expanduser("~"))
say("python", sys.argv[2])
say("came", sys.stdin.buffer.read(256).hex())
"""


@pytest.mark.parametrize("shell", LOGIN_SHELLS, ids=lambda shell: shell.name)
def test_any_login_shell_will_do(account: FarAccount, shell: LoginShell, tmp_path: Path) -> None:
    # By a link: a shell of busybox's is what it is called.
    link = tmp_path / ("ash" if shell.name == "ash" else Path(shell.path).name)
    link.symlink_to(shell.found())
    account.runner = [str(link), "-c"]
    octets = bytes(range(256))
    with far_python.FarPython(
        account.words, SMALL_PROGRAM, host=AT, environ=own_environment(), show=lambda _: None
    ) as far:
        assert far.answer() == {"home": str(account.home)}
        assert far.answer() == {"python": sys.executable}
        far.send(octets)
        assert far.answer() == {"came": octets.hex()}


def test_a_start_up_file_that_reads_gets_nothing_of_ours(account: FarAccount) -> None:
    """It would wait for keys; here it gives up by itself, and has read nothing."""
    ask = "import select; print(len(select.select([0], [], [], 0.2)[0]))"
    account.around = f"{shlex.quote(sys.executable)} -c '{ask}' >read; exec"
    install(account)
    assert (account.home / "read").read_text() == "0\n"


# --- old versions


def test_an_old_version_goes_when_nothing_runs_it(with_old: FarAccount) -> None:
    user = install(with_old)
    assert with_old.files() == INSTALLED
    assert f"Removed, since nothing runs it: {OLD}." in user.told
    assert f"(a link to it, in place of {OLD})" in user.asked[0]


@pytest.mark.requires_linux
def test_an_old_version_stays_while_a_session_runs_it(account: FarAccount, brings: Callable[..., None]) -> None:
    brings(OLD, f"echo 'mosh-server (mosh-py {OLD}'", 'if [ "$1" = wait ]; then read line; fi')
    install(account)
    path = os.readlink(account.link)
    with subprocess.Popen([path, "wait"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as session:
        assert session.stdout is not None
        assert session.stdout.readline()
        brings(NEW)
        assert f"Kept, since sessions run it: {OLD}." in install(account).told
        assert Path(path).is_file()
        assert said_by_server(account).startswith(f"mosh-server (mosh-py {NEW}")
        session.communicate(b"\n")
    brings("3.0")
    assert f"Removed, since nothing runs it: {OLD}, {NEW}." in install(account).told
    assert sorted(os.listdir(account.data)) == ["3.0"]


# --- what is refused, and what fails


def test_a_damaged_archive_leaves_the_old_version_working(with_old: FarAccount) -> None:
    # No octet of a program's text or of a request is changed by it.
    change = "import os\nwhile piece := os.read(0, 65536): os.write(1, piece.replace(b'\\xfe', b'\\xff'))"
    with_old.around = f"{shlex.quote(sys.executable)} -c {shlex.quote(change)} |"
    assert_refused(with_old, f"The archive came to {AT} damaged")
    assert_old_works(with_old)


def test_a_connection_that_ends_in_between_leaves_the_old_version_working(with_old: FarAccount) -> None:
    cut = "import os\nleft = 60000\nwhile left > 0: left -= os.write(1, os.read(0, left))"
    with_old.around = f"{shlex.quote(sys.executable)} -c {shlex.quote(cut)} |"
    with pytest.raises(EnvironmentFailure, match="cannot do it, and nothing was changed there: cut"):
        install(with_old)
    assert_old_works(with_old)


def test_what_a_killed_run_has_left_goes_with_the_next(with_old: FarAccount) -> None:
    (with_old.data / ".mosh.pyz.abcdefgh").write_bytes(b"half")
    (with_old.link.parent / ".mosh-server.1").symlink_to(with_old.data / NEW / "mosh.pyz")
    (with_old.link.parent / ".mosh-server.mine").write_text("the user's own")
    (with_old.data / NEW).mkdir()
    (with_old.data / NEW / "sha256.new").write_text("half")
    install(with_old)
    assert with_old.files() == sorted([*INSTALLED, ".local/bin/.mosh-server.mine"])


def test_a_limit_on_files_leaves_the_old_version_working(with_old: FarAccount) -> None:
    with_old.around = "ulimit -f 100; exec"
    assert_refused(with_old, f"Your quota on {AT} is used up")
    assert_old_works(with_old)


def in_small_file_system(account: FarAccount, options: str) -> Path:
    """Have commands run where our folder is a file system of its own, with a copy of what is there.

    Returns the file that tells what is in it afterwards, and what the server says. Skips where nobody may mount.
    """
    probe = ["unshare", "--mount", "sh", "-c", f"mount -t tmpfs -o {options} none {account.data}"]
    try:
        subprocess.run(probe, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"cannot mount here: {error}")
    after = account.home.parent / "after"
    around = account.home.parent / "around"
    around.write_text(
        f"cd / && cp -R {account.data} {account.home.parent}/copy && mount -t tmpfs -o {options} none {account.data}\n"
        f'cp -R {account.home.parent}/copy/. {account.data}; sh -c "$1"; ended=$?\n'
        f"{{ ls -A {account.data}; {account.link} --version; }} >{after} 2>&1; exit $ended\n"
    )
    account.runner = ["unshare", "--mount", "sh", str(around)]
    return after


@pytest.mark.requires_program("unshare", "mount")
def test_a_full_disk_leaves_the_old_version_working(with_old: FarAccount) -> None:
    # The old version has 100 kB, and there is no room for another of that size.
    after = in_small_file_system(with_old, "size=160k")
    assert_refused(with_old, f"The disk of {AT} is full")
    assert after.read_text() == f"{OLD}\nmosh-server (mosh-py {OLD}, small)\n"


@pytest.mark.requires_program("unshare", "mount")
def test_a_home_that_is_mounted_noexec_is_refused_before_anything_is_asked(with_old: FarAccount) -> None:
    in_small_file_system(with_old, "noexec")
    assert_refused(with_old, "which is mounted noexec", Answers())


def test_an_archive_that_cannot_be_run_there_is_refused(with_old: FarAccount, brings: Callable[..., None]) -> None:
    brings(NEW, "echo 'ImportError: nothing fits'; exit 1")
    assert_refused(with_old, f"mosh-server does not run on {AT}, and was not installed: ImportError: nothing fits.")
    assert_old_works(with_old)


def test_a_python_without_cipher_is_refused(with_old: FarAccount, brings: Callable[..., None]) -> None:
    brings(NEW, f"echo 'mosh-server (mosh-py {NEW}'; echo 'Cipher: none. No OCB here.'")
    assert_refused(with_old, f"mosh-server cannot encrypt on {AT}: No OCB here.")
    assert_old_works(with_old)


def test_a_home_that_cannot_hold_it_is_refused(account: FarAccount) -> None:
    (account.home / ".local").write_text("a file")
    assert_refused(account, f"{AT} cannot do it, and nothing was changed there: ")
    assert account.files() == [".local"]


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_home_that_cannot_be_written_to_is_refused(account: FarAccount) -> None:
    account.home.chmod(0o555)
    assert_refused(account, "Permission denied")


def test_a_folder_for_programs_that_cannot_be_used_leaves_nothing(account: FarAccount) -> None:
    (account.home / ".local").mkdir()
    (account.home / ".local/bin").write_text("a file")
    assert_refused(account, "nothing was changed there")
    assert account.files() == [".local", ".local/bin"]


def test_two_at_once_are_not(with_old: FarAccount) -> None:
    folder = os.open(with_old.data, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        assert_refused(with_old, f"Another installation is at work on {AT}")
    finally:
        os.close(folder)
    assert_old_works(with_old)


@pytest.fixture
def foreign(account: FarAccount) -> Path:
    """A server of the user's own where our link should be."""
    account.link.parent.mkdir(parents=True)
    account.link.write_text("#!/bin/sh\necho mine\n")
    return account.link


@pytest.mark.parametrize("yes", [False, True])
def test_what_is_not_ours_is_left_alone_where_nobody_can_be_asked(
    account: FarAccount, foreign: Path, yes: bool
) -> None:
    before = foreign.read_bytes()
    assert_refused(account, f"{foreign} on {AT} is there already", Answers(at_terminal=False, yes=yes))
    assert foreign.read_bytes() == before
    assert account.files() == [".local", ".local/bin", ".local/bin/mosh-server"]


def test_what_is_not_ours_is_replaced_only_if_the_user_says_so(account: FarAccount, foreign: Path) -> None:
    user = install(account, Answers(False))
    assert user.asked == [f"{foreign} on {AT} is a file, not of mosh's bringing. Replace it?"]
    assert foreign.read_text() == "#!/bin/sh\necho mine\n"
    install(account, Answers(True, True))
    assert account.files() == INSTALLED


def test_a_folder_at_the_links_place_is_never_replaced(account: FarAccount) -> None:
    account.link.mkdir(parents=True)
    assert_refused(account, "is there already", Answers(True, True))


# --- no Python


@pytest.fixture
def only_in_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is found but by PATH: this machine may have a Python anywhere."""
    script = re.sub(r" /[a-z/-]+/python3", " /nowhere", far_python._SCRIPT)
    monkeypatch.setattr(far_python, "_SCRIPT", script)


def programs(account: FarAccount, **scripts: str) -> None:
    """Give the account these programs, and besides them only what is needed to say that there is no Python."""
    folder = account.home.parent / "programs"
    folder.mkdir()
    for name in ("sh", "tr", "env"):
        (folder / name).symlink_to(f"/bin/{name}" if os.path.exists(f"/bin/{name}") else f"/usr/bin/{name}")
    for name, text in scripts.items():
        (folder / name.replace("_", ".")).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name.replace("_", ".")).chmod(0o755)
    account.environment |= {"PATH": str(folder), "MOSH_PYTHON": ""}


SAYS_ITS_VERSION = 'case "$4" in *print*) echo %s ;; *) exit 1 ;; esac'


@pytest.mark.usefixtures("only_in_path")
def test_a_host_without_a_python_or_with_old_ones_is_refused(account: FarAccount) -> None:
    programs(account)
    assert_refused(account, f"{AT} lacks a whole Python 3.11 or later (found: none)")


@pytest.mark.usefixtures("only_in_path")
def test_old_and_partial_pythons_are_named(account: FarAccount) -> None:
    programs(account, python3=SAYS_ITS_VERSION % "3.9.2", python3_12=SAYS_ITS_VERSION % "3.12.0")
    assert_refused(account, "(found: 3.9.2 3.12.0); have one installed there.")
    assert account.files() == []


@pytest.mark.usefixtures("only_in_path")
def test_a_python_of_the_current_directory_is_not_taken(account: FarAccount) -> None:
    programs(account)
    account.environment["PATH"] += ":."
    (account.home / "python3").write_text("#!/bin/sh\ntouch taken\n")
    (account.home / "python3").chmod(0o755)
    assert_refused(account, "lacks a whole Python 3.11")
    assert account.files() == ["python3"]


# --- hosts that do something else


def test_a_host_that_runs_something_else_is_named_with_what_it_said(account: FarAccount) -> None:
    account.around = r"printf 'This account is \033]0;x\007not available.\n'; exit 1;"
    user = Answers()
    assert_refused(account, f"see whether 'ssh {AT} echo yes' says yes", user)
    assert user.shown.split() == b"This account is not available.".split()


def test_a_login_that_fails_is_sshs_to_explain(account: FarAccount) -> None:
    account.around = "echo 'Permission denied (publickey).' >&2; exit 255;"
    user = Answers()
    with pytest.raises(EnvironmentFailure, match=f"ssh could not log in to {AT}") as refused:
        install(account, user)
    assert refused.value.exit_code == 255
    assert b"Permission denied" in user.shown


@pytest.mark.parametrize("noise", ["yes", "yes | tr -d '\\n'"])
def test_a_host_that_prints_without_end_is_given_up(account: FarAccount, noise: str) -> None:
    account.around = f"{noise};"
    assert_refused(account, "prints without end")


def test_an_ssh_that_is_missing_is_said_to_be() -> None:
    with pytest.raises(EnvironmentFailure, match="Cannot run ssh: No such file"):
        installation.install(lambda _: ["/nowhere/ssh"], host=AT, environ={}, user=Answers())


HOSTILE = r"""
import json, os, sys
def say(line): os.write(1, b"\nmosh-py:" + sys.argv[1].encode() + b" " + line + b"\n")
say(b"[" * 60000)
say(b'"no object"')
say(json.dumps({"refused": "full", "detail": "\x1b]0;title\x07\x9b2J\nsecond line" + "x" * 5000}).encode())
"""


def test_what_a_host_answers_commands_no_terminal(account: FarAccount) -> None:
    with far_python.FarPython(
        account.words, HOSTILE.encode(), host=AT, environ=own_environment(), show=lambda _: None
    ) as far:
        error = installation._refusal(AT, "full", installation._text(far.answer(), "detail"))
    assert "?]0;title??2J?second line" in str(error)
    assert str(error).isprintable()
    assert len(str(error)) < 500


# --- away again


def test_an_uninstallation_leaves_nothing(with_new: FarAccount) -> None:
    user = uninstall(with_new)
    assert with_new.files() == []
    assert user.told == [
        f"On {AT} these go away:\n  {with_new.link}\n  {with_new.data}",
        f"mosh-server is gone from {AT}.",
    ]
    assert uninstall(with_new, Answers()).told == [f"{AT} has nothing that --install-server brought."]


def test_an_uninstallation_leaves_what_is_the_users(with_new: FarAccount) -> None:
    (with_new.data / "notes").write_text("mine")
    with_new.link.unlink()
    with_new.link.write_text("mine, too")
    assert f"In {with_new.data} stays what mosh did not bring: notes." in uninstall(with_new).told
    assert with_new.files() == [
        *(".local", ".local/bin", ".local/bin/mosh-server", ".local/share", ".local/share/mosh-py"),
        ".local/share/mosh-py/notes",
    ]


def test_an_uninstallation_asks_first(with_new: FarAccount) -> None:
    assert uninstall(with_new, Answers(False)).told[-1] == f"Nothing was changed on {AT}."
    assert with_new.files() == INSTALLED


@pytest.mark.requires_linux
def test_an_uninstallation_tells_of_sessions_that_go_on(account: FarAccount, brings: Callable[..., None]) -> None:
    brings(NEW, f"echo 'mosh-server (mosh-py {NEW}'", 'if [ "$1" = wait ]; then read line; fi')
    install(account)
    with subprocess.Popen(
        [os.readlink(account.link), "wait"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as session:
        assert session.stdout is not None
        assert session.stdout.readline()
        assert "Sessions run there, and go on: all that they need is loaded." in uninstall(account).told
        assert session.poll() is None
        session.communicate(b"\n")
    assert account.files() == []
