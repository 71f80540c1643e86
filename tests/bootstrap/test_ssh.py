"""`mosh` between its user and an ssh that does what the test wants; both see what they would see of each other."""

from __future__ import annotations

import os
import re
import signal
import sys
import termios
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.programs import wait_until

from mosh_bootstrap import conversation
from mosh_bootstrap import ssh as ssh_module
from mosh_bootstrap.conversation import RUNNING, Ended
from mosh_bootstrap.dialogue import Dialogue
from mosh_bootstrap.ssh import run_with_terminal, run_without_terminal
from mosh_bootstrap.terminal import Terminal
from mosh_common.errors import EnvironmentFailure

pytestmark = pytest.mark.system

if TYPE_CHECKING:
    from tests.bootstrap.conftest import Bench

# A prompt as ssh asks it: on the terminal, echo switched off before the question appears.
ASK_SECRETLY = (
    'stty -echo </dev/tty; printf "user@host\'s password: " >/dev/tty; read answer </dev/tty; stty echo </dev/tty; '
    "echo >/dev/tty; "
)
REPORT = 'echo "MOSH is not $answer"; '


def wait_until_gone(pid: str) -> None:
    """Wait until an ssh has ended: `mosh` has killed it, and waits for that no longer than a moment."""
    stat = Path(f"/proc/{pid.strip()}/stat")

    def is_gone() -> bool:
        try:
            return stat.read_text().rpartition(")")[2].split()[0] in ("Z", "X")
        except OSError:
            return True

    wait_until(is_gone, "ssh has not ended")


def test_a_password_is_asked_for_typed_unseen_and_reaches_ssh(bench: Bench) -> None:
    terminal = bench.terminal(bench.mosh(ASK_SECRETLY, '[ "$answer" = hunter2 ] || exit 255', bench.server_answers))
    terminal.wait_for("user@host's password:")
    terminal.wait_until(lambda: not terminal.echoes, "the terminal still echoes")
    terminal.type("hunter2\r")
    assert terminal.wait_for_end() == 0
    assert b"hunter2" not in terminal.output
    assert f"MOSH_KEY={bench.key}" in bench.client_saw().splitlines()
    assert terminal.settings() == terminal.settings_before


def test_a_question_with_echo_shows_the_answer_once(bench: Bench) -> None:
    question = "Are you sure you want to continue connecting (yes/no/[fingerprint])?"
    terminal = bench.terminal(
        bench.mosh(
            f"printf '{question} ' >/dev/tty; read answer </dev/tty; [ $answer = yes ] && {bench.server_answers}"
        )
    )
    terminal.wait_for(question)
    terminal.type("yes\r")
    assert terminal.wait_for_end() == 0
    assert terminal.text() == f"{question} yes"


HOSTILE = r"before\033]52;c;ZXZpbA==\007\033[c\033[6n\033[?1003h\033[H\033[2J\033]0;title\007\033[31mafter\n"


def test_a_host_cannot_command_the_terminal_while_ssh_talks(bench: Bench) -> None:
    # The end of the colours is ours: nobody is to go on in red.
    words = bench.mosh(f"printf '{HOSTILE}'; exit 255")
    terminal = bench.terminal(words)
    assert terminal.wait_for_end() == 255
    output = terminal.output.replace(b"\r\r\n", b"\r\n")  # raw or not yet: the terminal's own business
    assert output.startswith(b"before\x1b[31mafter\r\n\x1b[mmosh: ssh could not log in")
    assert bench.without_terminal(words).stderr.startswith("before\x1b[31mafter\n\x1b[mmosh: ssh could not log in")


def test_the_erase_key_works_while_answering(bench: Bench) -> None:
    terminal = bench.terminal(bench.mosh("printf '? '; read answer; echo got $answer", bench.server_answers))
    terminal.wait_for("?")
    terminal.type("noo\x7f\x7f\x7fyes\r")
    terminal.wait_for("got yes")


def test_several_questions_are_each_answered(bench: Bench) -> None:
    terminal = bench.terminal(
        bench.mosh(ASK_SECRETLY, "first=$answer", "printf 'Code: '; read second", 'echo "$first+$second"', "exit 255")
    )
    terminal.wait_for("password:")
    terminal.type("one\r")
    terminal.wait_for("Code:")
    terminal.type("two\r")
    terminal.wait_for("one+two")


def test_ssh_has_the_size_of_the_users_window_and_hears_of_changes(bench: Bench) -> None:
    terminal = bench.terminal(bench.mosh("trap 'stty size' WINCH; stty size; while :; do sleep 0.05; done"))
    terminal.wait_for("24 80")
    terminal.resize(30, 100)
    terminal.wait_for("30 100")


def test_ctrl_c_at_a_prompt_ends_ssh_and_mosh(bench: Bench) -> None:
    terminal = bench.terminal(bench.mosh(f"echo $$ >{bench.folder}/pid", ASK_SECRETLY, REPORT))
    terminal.wait_for("password:")
    terminal.type("\x03")
    assert terminal.wait_for_end() == 130
    assert terminal.settings() == terminal.settings_before
    wait_until_gone((bench.folder / "pid").read_text())
    assert "MOSH is not" not in terminal.text()


def test_ctrl_c_before_any_prompt_ends_ssh_and_mosh(bench: Bench) -> None:
    waiting = bench.fifo("waiting")
    terminal = bench.terminal(bench.mosh(f"echo $$ >{waiting}; exec sleep 1000"))
    ssh_pid = waiting.read_text().strip()
    terminal.type("\x03")
    assert terminal.wait_for_end() == 130
    wait_until_gone(ssh_pid)


def test_sigterm_at_a_prompt_restores_the_terminal(bench: Bench) -> None:
    terminal = bench.terminal(bench.mosh(ASK_SECRETLY))
    terminal.wait_for("password:")
    terminal.wait_until(lambda: terminal.settings() != terminal.settings_before, "the terminal is not raw")
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.wait_for_end() == 128 + signal.SIGTERM
    assert terminal.settings() == terminal.settings_before


def test_ctrl_z_at_a_prompt_suspends_and_fg_goes_on(bench: Bench) -> None:
    words = bench.mosh(ASK_SECRETLY, '[ "$answer" = hunter2 ] || exit 255', bench.server_answers)
    runner = bench.script("run-mosh", "exec " + " ".join(f"'{word}'" for word in words))
    terminal = bench.terminal(["bash", "--norc", "--noprofile", "-i"])
    terminal.type(f"PS1='ready> '; {runner}\r")
    terminal.wait_for("password:")
    terminal.type("\x1a")
    terminal.wait_for("Stopped")
    terminal.type("echo from the shell\r")
    terminal.wait_for("\nfrom the shell")
    terminal.type("fg\r")
    # The shell's own line editor echoes by itself, but keeps the keys that send signals.
    terminal.wait_until(lambda: not terminal.settings()[3] & termios.ISIG, "the terminal is not raw again")
    terminal.type("hunter2\r")
    wait_until(bench.client_log.exists, "the client did not start")
    terminal.type("exit\r")
    terminal.wait_for_end()
    assert f"MOSH_KEY={bench.key}" in bench.client_saw()


def test_what_is_typed_before_any_question_is_left_for_the_session(bench: Bench) -> None:
    waiting, go = bench.fifo("waiting"), bench.fifo("go")
    client = bench.script("reader", "read line; echo the session got $line")
    terminal = bench.terminal(bench.mosh(f": >{waiting}; read _ <{go}; {bench.server_answers}", client=client))
    waiting.read_text()
    terminal.type("typed ahead\r")
    go.write_text("\n")
    terminal.wait_for("the session got typed ahead")


# As ssh has its pty once it is logged in, where with -n it reads nothing.
SESSION = "stty raw -echo </dev/tty; "


def reading_client(bench: Bench) -> Path:
    """A client that says what it was handed as typed, and what it then finds in the terminal."""
    return bench.script(
        "reader",
        '[ -z "$MOSH_TYPED" ] || typed=$(eval "cat <&$MOSH_TYPED" | tr "\\r\\n" "++"); echo "the session got <$typed>"',
        "read line; echo and then $line",
    )


def test_what_is_typed_after_a_banner_is_for_the_session(bench: Bench) -> None:
    go = bench.fifo("go")
    # The pause is ssh's own, to end.
    ssh = f"echo Authorised users only; {SESSION} read _ <{go}; {bench.server_answers}; sleep 0.2; exit 0"
    terminal = bench.terminal(bench.mosh(ssh, client=reading_client(bench)))
    terminal.wait_for("Authorised")
    terminal.type("echo one\r")
    # ssh does not read it, so it is taken back; the rest is left where it is.
    terminal.wait_until(lambda: terminal.settings() == terminal.settings_before, "the terminal is not given back")
    terminal.type("echo two\r")
    go.write_text("\n")
    terminal.wait_for("the session got <echo one+>")
    terminal.wait_for("and then echo two")


def test_what_is_typed_after_a_banner_that_asks_nothing_is_for_the_session_without_ssh_s_pty(bench: Bench) -> None:
    go = bench.fifo("go")
    ssh = f"printf 'no end of line '; read _ <{go}; {bench.server_answers}; sleep 0.5; exit 0"
    terminal = bench.terminal(bench.mosh(ssh, client=reading_client(bench)))
    terminal.wait_for("no end of line")
    terminal.type("one\rtw")
    terminal.wait_for("tw")  # ssh's pty shows it
    go.write_text("\n")
    terminal.wait_for("the session got <one+tw>")
    terminal.type("three\r")
    terminal.wait_for("and then three")


def test_an_answer_is_not_typed_into_the_session_but_what_follows_is(bench: Bench) -> None:
    go = bench.fifo("go")
    ssh = f"printf 'Continue (yes/no)? '; read answer; {SESSION} echo got $answer; read _ <{go}; {bench.server_answers}"
    terminal = bench.terminal(bench.mosh(ssh, "sleep 0.2", client=reading_client(bench)))
    terminal.wait_for("(yes/no)?")
    terminal.type("yes\r")
    terminal.wait_for("got yes")
    terminal.type("ls\r")
    terminal.wait_until(lambda: terminal.settings() == terminal.settings_before, "the terminal is not given back")
    go.write_text("\n")
    terminal.wait_for("the session got <ls+>")


def test_what_is_typed_before_a_question_does_not_answer_it(bench: Bench) -> None:
    waiting, go = bench.fifo("waiting"), bench.fifo("go")
    ssh = f": >{waiting}; read _ <{go}; {ASK_SECRETLY} echo got $answer; {bench.server_answers}; sleep 0.2; exit 0"
    terminal = bench.terminal(bench.mosh(ssh, client=reading_client(bench)))
    waiting.read_text()
    terminal.type("ls\ruptime")
    terminal.wait_for("uptime")  # the terminal shows it
    go.write_text("\n")
    terminal.wait_for("password:")
    terminal.wait_until(lambda: not terminal.settings()[3] & termios.ISIG, "the terminal is not raw")
    terminal.type("hunter2\r")
    terminal.wait_for("got hunter2")
    terminal.wait_for("the session got <ls+uptime>")


def test_the_rest_of_a_secret_answer_is_not_for_the_session(bench: Bench) -> None:
    asked, go = bench.fifo("asked"), bench.fifo("go")
    # It reads a line, and leaves what is behind it; then it asks no more, and is not in raw mode.
    ssh = f"{ASK_SECRETLY} echo thanks; : >{asked}; read _ <{go}; {bench.server_answers}; sleep 0.5; exit 0"
    terminal = bench.terminal(bench.mosh(ssh, client=reading_client(bench)))
    terminal.wait_for("password:")
    terminal.wait_until(lambda: not terminal.echoes, "the terminal still echoes")
    terminal.type("hunter2\rhunter2\rhun")
    terminal.wait_for("thanks")
    asked.read_text()
    go.write_text("\n")
    terminal.wait_for("the session got <>")
    assert b"hun" not in terminal.output.partition(b"thanks")[2]


def test_what_is_typed_behind_a_secret_answer_does_not_bring_its_rest(bench: Bench) -> None:
    go = bench.fifo("go")
    ssh = f"{ASK_SECRETLY} echo thanks; read _ <{go}; {bench.server_answers}; sleep 0.5; exit 0"
    terminal = bench.terminal(bench.mosh(ssh, client=reading_client(bench)))
    terminal.wait_for("password:")
    terminal.wait_until(lambda: not terminal.echoes, "the terminal still echoes")
    terminal.type("hunter2\rhun")
    terminal.wait_for("thanks")
    terminal.type("ls\r")
    terminal.wait_for("ls")
    go.write_text("\n")
    terminal.wait_for("the session got <ls+>")


@pytest.mark.parametrize(("key", "code"), [("\x03", 130), ("\x1c", 131)], ids=["Ctrl-C", "Ctrl-backslash"])
def test_a_start_that_hangs_behind_its_first_words_can_be_given_up(bench: Bench, key: str, code: int) -> None:
    terminal = bench.terminal(
        bench.mosh(f"echo $$ >{bench.folder}/pid", SESSION, "echo mounting home; while :; do sleep 1; done")
    )
    terminal.wait_for("mounting home")
    terminal.type(key)
    assert terminal.wait_for_end() == code
    assert terminal.settings() == terminal.settings_before
    wait_until_gone((bench.folder / "pid").read_text())


@pytest.mark.parametrize(("key", "code"), [("\x03", 130), ("\x1c", 131)], ids=["Ctrl-C", "Ctrl-backslash"])
def test_an_ssh_that_exits_by_a_key_s_signal_was_ended_by_the_user(bench: Bench, key: str, code: int) -> None:
    terminal = bench.terminal(bench.mosh("trap 'exit 255' INT QUIT; echo waiting; while :; do sleep 0.05; done"))
    terminal.wait_for("waiting")
    terminal.type(key)
    assert terminal.wait_for_end() == code
    assert "could not log in" not in terminal.text()
    assert terminal.settings() == terminal.settings_before


def test_sigquit_at_a_prompt_restores_the_terminal(bench: Bench) -> None:
    terminal = bench.terminal(bench.mosh(ASK_SECRETLY))
    terminal.wait_for("password:")
    terminal.wait_until(lambda: terminal.settings() != terminal.settings_before, "the terminal is not raw")
    os.kill(terminal.pid, signal.SIGQUIT)
    assert terminal.wait_for_end() == 128 + signal.SIGQUIT
    assert terminal.settings() == terminal.settings_before


@pytest.mark.parametrize("how", ["key", "signal"])
def test_a_job_is_stopped_and_continued_as_often_as_one_likes(bench: Bench, how: str) -> None:
    words = bench.mosh(ASK_SECRETLY, '[ "$answer" = hunter2 ] || exit 255', bench.server_answers)
    runner = bench.script("run-mosh", f"echo $$ >{bench.folder}/pid; exec " + " ".join(f"'{word}'" for word in words))
    terminal = bench.terminal(["bash", "--norc", "--noprofile", "-i"])
    terminal.type(f"PS1='ready> '; cd {bench.folder}; stty -a >before; {runner}\r")
    terminal.wait_for("password:")
    for turn in range(3):
        # The shell's own line editor keeps the keys that send signals.
        terminal.wait_until(lambda: not terminal.settings()[3] & termios.ISIG, "the terminal is not raw")
        terminal.blank()
        if how == "key":
            terminal.type("\x1a")
        else:
            os.kill(int((bench.folder / "pid").read_text()), signal.SIGTSTP)
        terminal.wait_for("Stopped")
        terminal.type(f"stty -a >stopped; cmp before stopped && echo SA''ME{turn}\r")
        terminal.wait_for(f"SAME{turn}")
        terminal.type("fg\r")
    terminal.wait_until(lambda: not terminal.settings()[3] & termios.ISIG, "the terminal is not raw again")
    terminal.type("hunter2\r")
    wait_until(bench.client_log.exists, "the client did not start")
    terminal.type("exit\r")
    terminal.wait_for_end()


def test_who_sees_nothing_is_told_what_is_waited_for_and_then_sees_the_prompt_alone(bench: Bench) -> None:
    go = bench.fifo("go")
    terminal = bench.terminal(bench.mosh(f"read _ <{go}; {ASK_SECRETLY}", "exit 255"))
    terminal.wait_for("mosh: connecting to user@host through ssh… (Ctrl-C gives up)")
    go.write_text("\n")
    terminal.wait_for("user@host's password:")
    assert terminal.text() == "user@host's password:"
    terminal.type("\r")
    assert terminal.wait_for_end() == 255
    assert terminal.text().count("connecting") == 0


def test_ctrl_c_while_nothing_is_seen_leaves_an_empty_line(bench: Bench) -> None:
    terminal = bench.terminal(bench.mosh("sleep 1000"))
    terminal.wait_for("(Ctrl-C gives up)")
    terminal.type("\x03")
    assert terminal.wait_for_end() == 130
    assert terminal.text() == ""


def test_who_is_logged_in_and_gets_no_server_is_told_what_it_may_wait_for(bench: Bench) -> None:
    terminal = bench.terminal(bench.mosh(f"{SESSION}printf 'vm# '; sleep 1000"))
    terminal.wait_for("Ctrl-C gives up, and")
    first, *line = terminal.text().splitlines()
    assert first == "vm#"
    assert "".join(line).startswith("mosh: logged in to user@host, but mosh-server says nothing;")
    terminal.type("\x03")
    assert terminal.wait_for_end() == 130


def test_with_v_each_stage_is_told(bench: Bench) -> None:
    terminal = bench.terminal(bench.mosh("echo hello; echo MOSH IP 192.0.2.1", bench.server_answers, options=("-v",)))
    assert terminal.wait_for_end() == 0
    stages = re.findall(r"^mosh: +\d+ ms  (.*)$", terminal.text(), re.MULTILINE)
    assert stages[0] == "ssh started"
    assert {"connected to 192.0.2.1", "logged in", "ssh says:"} < set(stages)
    assert stages[-2:] == ["server started, UDP port 60001", "client started"]
    assert bench.key.encode() not in terminal.output
    assert any(line.startswith("MOSH_BEGUN=") for line in bench.client_saw().splitlines())


def test_without_a_terminal_the_stages_are_on_standard_error(bench: Bench) -> None:
    done = bench.without_terminal(bench.mosh(bench.server_answers, options=("-v",)))
    assert done.returncode == 0
    assert re.fullmatch(r"(mosh: +\d+ ms  [^\r\n]+\n)+", done.stderr)


def test_noise_of_the_remote_shell_is_shown_and_does_not_disturb(bench: Bench) -> None:
    terminal = bench.terminal(
        bench.mosh("echo 'bashrc: line 3: foo: not found'; printf '\\033]0;title\\007$ '", bench.server_answers)
    )
    assert terminal.wait_for_end() == 0
    assert "bashrc: line 3: foo: not found" in terminal.text()
    assert "MOSH" not in terminal.text()
    assert "argument 60001" in bench.client_saw()


def test_the_key_is_neither_on_the_screen_nor_in_an_argument(bench: Bench) -> None:
    terminal = bench.terminal(bench.mosh("printf 'prompt$ '", bench.server_answers))
    assert terminal.wait_for_end() == 0
    assert bench.key.encode() not in terminal.output
    saw = bench.client_saw().splitlines()
    assert [line for line in saw if bench.key in line] == [f"MOSH_KEY={bench.key}"]
    assert [line for line in saw if line.startswith("argument ")][1:] == ["argument 192.0.2.1", "argument 60001"]


def test_the_client_finds_the_terminal_as_the_user_left_it(bench: Bench) -> None:
    words = " ".join(f"'{word}'" for word in bench.mosh("echo noise", bench.server_answers))
    terminal = bench.terminal(["sh", "-c", f"stty -g >{bench.folder}/before; exec {words}"])
    assert terminal.wait_for_end() == 0
    assert (bench.folder / "before").read_text().strip() == bench.client_saw().splitlines()[-1]


def test_a_key_in_our_own_environment_is_not_for_ssh(bench: Bench) -> None:
    terminal = bench.terminal(bench.mosh('echo "key=<$MOSH_KEY>"', bench.server_answers))
    terminal.wait_for("key=<>")


def test_ssh_and_client_get_the_signals_as_a_shell_would_set_them(bench: Bench) -> None:
    ignored = "sed -n s/SigIgn:.//p /proc/self/status"
    client = bench.script("signals", f"echo client $({ignored})")
    terminal = bench.terminal(bench.mosh(f"echo ssh $({ignored})", bench.server_answers, client=client))
    terminal.wait_for("client 0")
    for who in ("ssh", "client"):
        found = re.search(rf"{who} ([0-9a-f]+)", terminal.text())
        assert found is not None
        assert not int(found[1], 16) & 1 << (signal.SIGPIPE - 1), f"{who} ignores SIGPIPE"


def test_questions_go_to_the_terminal_even_when_input_and_errors_are_redirected(bench: Bench) -> None:
    words = " ".join(f"'{word}'" for word in bench.mosh(ASK_SECRETLY, REPORT, "exit 255"))
    terminal = bench.terminal(["sh", "-c", f"{words} </dev/null 2>{bench.folder}/errors"])
    terminal.wait_for("password:")
    terminal.wait_until(lambda: not terminal.echoes, "the terminal still echoes")
    terminal.type("tea\r")
    terminal.wait_for("MOSH is not tea")
    assert terminal.wait_for_end() == 255
    assert "could not log in" in (bench.folder / "errors").read_text()


def test_without_a_terminal_ssh_has_none_to_ask_on(bench: Bench) -> None:
    done = bench.without_terminal(
        bench.mosh(
            "if (: </dev/tty) 2>/dev/null; then echo can ask; fi; [ -t 0 ] || echo no input", bench.server_answers
        )
    )
    assert done.returncode == 0
    assert "no input" in done.stderr
    assert "can ask" not in done.stderr
    assert bench.key not in done.stderr + done.stdout
    assert f"MOSH_KEY={bench.key}" in bench.client_saw()


@pytest.mark.parametrize(
    ("ssh_line", "code", "complaint"),
    [
        ("exit 255", 255, "ssh could not log in to user@host"),
        ("exit 127", 127, "'mosh-server' was not found on user@host; install mosh there"),
        ("exit 126", 126, "could not be run"),
        ("echo hello; exit 0", 1, "ended with exit code 0 and no MOSH CONNECT line"),
        ("exit 3", 3, "ended with exit code 3"),
        ("kill -9 $$", 137, "ended by signal 9"),
        ("echo MOSH IP 192.0.2.1; echo MOSH CONNECT 1 short", 1, "makes no sense"),
        (f"echo MOSH CONNECT 60001 {'A' * 22}", 68, "address is unknown; try --experimental-remote-ip=remote"),
        (f"printf 'MOSH IP %s\\n' ::1 ::2; echo MOSH CONNECT 60001 {'A' * 22}", 1, "announced twice"),
    ],
)
@pytest.mark.parametrize("with_terminal", [True, False], ids=["terminal", "no terminal"])
def test_each_failure_of_ssh_has_its_sentence(
    bench: Bench, ssh_line: str, code: int, complaint: str, with_terminal: bool
) -> None:
    words = bench.mosh(ssh_line)
    if with_terminal:
        terminal = bench.terminal(words)
        assert terminal.wait_for_end() == code
        said = terminal.said()
    else:
        done = bench.without_terminal(words)
        assert done.returncode == code
        said = done.stderr
    assert re.search(r"mosh: .*" + re.escape(complaint), said)
    assert "Traceback" not in said
    assert not bench.client_log.exists()


def test_in_the_mode_remote_a_silent_server_is_told_apart(bench: Bench) -> None:
    done = bench.without_terminal(
        bench.mosh(f"echo MOSH CONNECT 60001 {'A' * 22}", options=("--experimental-remote-ip=remote",))
    )
    assert "SSH_CONNECTION" in done.stderr


def test_an_ssh_that_is_missing_is_named(bench: Bench) -> None:
    words = [*bench.mosh("exit 0")[:-1], "--ssh=/nowhere/ssh -v", "host"]
    done = bench.without_terminal(words)
    assert done.returncode == 127
    assert "Cannot find '/nowhere/ssh'" in done.stderr
    terminal = bench.terminal(words)
    assert terminal.wait_for_end() == 127
    assert "Cannot find '/nowhere/ssh'; install OpenSSH's client" in terminal.said()


def test_a_python_without_pexpect_is_named(bench: Bench) -> None:
    program = "import sys; sys.modules['ptyprocess'] = None; from mosh_bootstrap.cli import main; sys.exit(main())"
    words = bench.mosh("exit 0")
    terminal = bench.terminal([sys.executable, "-P", "-c", program, *words[words.index("-m") + 2 :]])
    assert terminal.wait_for_end() == 127
    assert "lacks the package ptyprocess; install it" in terminal.said()


def test_a_client_that_is_missing_is_named_before_anybody_logs_in(bench: Bench) -> None:
    done = bench.without_terminal(bench.mosh(f": >{bench.folder}/ran", client=Path("/nowhere/client")))
    assert done.returncode == 127
    assert "Cannot find the client '/nowhere/client'" in done.stderr
    assert not (bench.folder / "ran").exists()


def test_a_client_that_cannot_be_run_is_named_and_the_key_is_not(bench: Bench) -> None:
    client = bench.folder / "broken"
    client.write_text("#!/nowhere/interpreter\n")
    client.chmod(0o755)
    done = bench.without_terminal(bench.mosh(bench.server_answers, client=client))
    assert done.returncode == 126
    assert "Cannot run the client" in done.stderr
    assert bench.key not in done.stderr


def run_quickly(script: Path, monkeypatch: pytest.MonkeyPatch, *, grace_ms: int = 200) -> tuple[Dialogue, Ended]:
    """Run `script` in this process, with a grace short enough to be waited for."""
    monkeypatch.setattr(conversation, "_END_GRACE_MS", grace_ms)
    monkeypatch.setattr(ssh_module, "_KILL_GRACE_S", 0.2)
    dialogue = Dialogue("proxy")
    ended = run_without_terminal([str(script)], dialogue, environ=dict(os.environ), show=lambda _data: None)
    return dialogue, ended


@pytest.mark.parametrize("trap", ["", "trap '' HUP TERM"], ids=["willing", "unwilling"])
def test_an_ssh_that_stays_after_the_server_has_started_is_not_waited_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, trap: str
) -> None:
    script = bench.script(
        "stays",
        *(trap, f"echo $$ >{bench.folder}/pid", bench.server_answers),
        *("echo '[mosh-server detached, pid = 1]'", "while :; do sleep 1; done"),
    )
    dialogue, ended = run_quickly(script, monkeypatch)
    assert dialogue.detached
    assert dialogue.connect is not None
    assert ended == RUNNING
    assert not Path(f"/proc/{(bench.folder / 'pid').read_text().strip()}").exists()


def children_of(bench: Bench, *ssh_lines: str, with_terminal: bool) -> tuple[Dialogue, Ended]:
    """Run an ssh of these lines in this process, as for a client that reaps what is left."""
    script, dialogue = bench.script("ssh", *ssh_lines), Dialogue("proxy")
    if not with_terminal:
        ended = run_without_terminal(
            [str(script)], dialogue, environ=dict(os.environ), show=lambda _data: None, leave_early=True
        )
        return dialogue, ended
    master, slave = os.openpty()
    terminal = Terminal(slave, slave)
    ended = run_with_terminal([str(script)], dialogue, terminal=terminal, environ=dict(os.environ), leave_early=True)
    os.close(master)
    os.close(slave)
    return dialogue, ended


@pytest.mark.parametrize("with_terminal", [True, False], ids=["terminal", "no terminal"])
def test_a_client_that_reaps_it_starts_at_the_line_and_the_login_is_not_hung_up_on(
    bench: Bench, with_terminal: bool
) -> None:
    go, said = bench.fifo("go"), bench.folder / "said"
    dialogue, ended = children_of(
        bench,
        f"{bench.server_answers}; read _ <{go}; echo detached",
        f"echo it went on >{said}; exit 7",
        with_terminal=with_terminal,
    )
    assert dialogue.connect is not None
    assert ended == RUNNING
    ssh, holder = dialogue.left_behind
    go.write_text("\n")
    assert os.waitstatus_to_exitcode(os.waitpid(ssh, 0)[1]) == 7
    assert said.read_text() == "it went on\n"
    # Nothing holds the output any more, and what held it sees that.
    assert os.waitstatus_to_exitcode(os.waitpid(holder, 0)[1]) in (0, 1)  # 1: a pty's end is an error to cat


def test_the_holder_of_a_login_has_neither_the_key_nor_time_without_end(bench: Bench) -> None:
    go = bench.fifo("go")
    dialogue, _ended = children_of(bench, bench.server_answers, f"read _ <{go}", with_terminal=False)
    ssh, holder = dialogue.left_behind
    # Another program's memory, and the alarm is set: its default is to end the process.
    wait_until(lambda: Path(f"/proc/{holder}/comm").read_text().strip() in ("cat", "sh"), "it is still Python")
    os.kill(holder, signal.SIGALRM)
    assert os.waitstatus_to_exitcode(os.waitpid(holder, 0)[1]) == -signal.SIGALRM
    go.write_text("\n")
    os.waitpid(ssh, 0)


def test_an_ssh_that_closes_its_output_and_stays_is_not_waited_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = bench.script("mute", "exec >&- 2>&-", "while :; do sleep 1; done")
    dialogue, ended = run_quickly(script, monkeypatch)
    assert dialogue.connect is None
    assert ended == RUNNING


def test_a_background_process_that_keeps_the_output_open_is_not_waited_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = bench.script("parent", f"sleep 1000 & echo $! >{bench.folder}/pid", bench.server_answers)
    dialogue, ended = run_quickly(script, monkeypatch, grace_ms=60_000)  # for the script itself to end
    os.kill(int((bench.folder / "pid").read_text()), signal.SIGKILL)
    assert dialogue.connect is not None
    assert ended == Ended(0, None)


def test_all_that_ssh_said_before_its_end_is_read(bench: Bench) -> None:
    shown = bytearray()
    script = bench.script("talkative", f"head -c 60000 /dev/zero | tr '\\0' x; echo; {bench.server_answers}")
    dialogue = Dialogue("proxy")
    run_without_terminal([str(script)], dialogue, environ=dict(os.environ), show=shown.extend)
    assert shown.count(b"x") == 60000
    assert dialogue.connect is not None


def test_a_program_that_cannot_be_run_is_named(bench: Bench) -> None:
    script = bench.folder / "not-executable"
    script.write_text("")
    with pytest.raises(EnvironmentFailure, match="not-executable"):
        run_without_terminal([str(script)], Dialogue("proxy"), environ={}, show=lambda _data: None)
