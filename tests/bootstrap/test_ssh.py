"""`mosh` between its user and an ssh that does what the test wants; both see what they would see of each other."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.programs import wait_until

from mosh_bootstrap import ssh as ssh_module
from mosh_bootstrap.dialogue import Dialogue
from mosh_bootstrap.ssh import run_without_terminal
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
    assert not Path(f"/proc/{(bench.folder / 'pid').read_text().strip()}").exists()
    assert "MOSH is not" not in terminal.text()


def test_ctrl_c_before_any_prompt_ends_ssh_and_mosh(bench: Bench) -> None:
    waiting = bench.fifo("waiting")
    terminal = bench.terminal(bench.mosh(f"echo $$ >{waiting}; exec sleep 1000"))
    ssh_pid = waiting.read_text().strip()
    terminal.type("\x03")
    assert terminal.wait_for_end() == 130
    assert not Path(f"/proc/{ssh_pid}").exists()


def test_sigterm_at_a_prompt_restores_the_terminal(bench: Bench) -> None:
    terminal = bench.terminal(bench.mosh(ASK_SECRETLY))
    terminal.wait_for("password:")
    terminal.wait_until(lambda: terminal.settings() != terminal.settings_before, "the terminal is not raw")
    os.kill(terminal.child.pid, signal.SIGTERM)
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
    terminal.wait_until(lambda: not terminal.echoes, "the terminal is not raw again")
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
        said = terminal.text().replace("\n", "")  # the terminal breaks long lines
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
    assert "Cannot find '/nowhere/ssh'; install OpenSSH's client" in terminal.text().replace("\n", "")


def test_a_python_without_pexpect_is_named(bench: Bench) -> None:
    (bench.folder / "ptyprocess.py").write_text("raise ModuleNotFoundError('it is not there', name='ptyprocess')\n")
    bench.environment["PYTHONPATH"] = f"{bench.folder}:{bench.environment['PYTHONPATH']}"
    terminal = bench.terminal(bench.mosh("exit 0"))
    assert terminal.wait_for_end() == 127
    assert "lacks the package ptyprocess; install it" in terminal.text().replace("\n", "")


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


def run_quickly(script: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Dialogue, ssh_module.Ended]:
    """Run `script` in this process, with a grace short enough to be waited for."""
    monkeypatch.setattr(ssh_module, "_END_GRACE_MS", 200)
    monkeypatch.setattr(ssh_module, "_KILL_GRACE_S", 0.2)
    dialogue = Dialogue("proxy")
    ended = run_without_terminal([str(script)], dialogue, environ=dict(os.environ), show=lambda _data: None)
    return dialogue, ended


@pytest.mark.parametrize("trap", ["", "trap '' HUP TERM"], ids=["willing", "unwilling"])
def test_an_ssh_that_stays_after_the_server_has_started_is_not_waited_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, trap: str
) -> None:
    script = bench.script(
        "stays", trap, f"echo $$ >{bench.folder}/pid", bench.server_answers, "while :; do sleep 1; done"
    )
    dialogue, ended = run_quickly(script, monkeypatch)
    assert dialogue.connect is not None
    assert ended == ssh_module.Ended(None, None)
    assert not Path(f"/proc/{(bench.folder / 'pid').read_text().strip()}").exists()


def test_an_ssh_that_closes_its_output_and_stays_is_not_waited_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = bench.script("mute", "exec >&- 2>&-", "while :; do sleep 1; done")
    dialogue, ended = run_quickly(script, monkeypatch)
    assert dialogue.connect is None
    assert ended == ssh_module.Ended(None, None)


def test_a_background_process_that_keeps_the_output_open_is_not_waited_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = bench.script("parent", f"sleep 1000 & echo $! >{bench.folder}/pid", bench.server_answers)
    dialogue, ended = run_quickly(script, monkeypatch)
    os.kill(int((bench.folder / "pid").read_text()), signal.SIGKILL)
    assert dialogue.connect is not None
    assert ended == ssh_module.Ended(0, None)


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
