"""The session's environment."""

from __future__ import annotations

import pytest

from mosh_server.host.environment import Account, account, on_terminal, seconds_from, session_environment

USER = Account("ada", "/home/ada", "/bin/zsh")


@pytest.mark.parametrize(("colors", "term"), [(256, "xterm-256color"), (8, "xterm"), (0, "xterm")])
def test_term_tells_the_number_of_colors(colors: int, term: str) -> None:
    assert session_environment({"TERM": "dumb"}, colors=colors, account=USER)["TERM"] == term


def test_the_session_does_not_believe_to_be_in_the_terminal_that_the_server_was_started_in() -> None:
    environ = {"STY": "1.pts", "TMUX": "/tmp/x", "COLUMNS": "7", "LINES": "3", "SSH_CONNECTION": "a b c d"}
    session = session_environment(environ, colors=256, account=USER)
    assert not {"STY", "TMUX", "COLUMNS", "LINES"} & set(session)
    assert session["SSH_CONNECTION"] == "a b c d"
    assert session["NCURSES_NO_UTF8_ACS"] == "1"


def test_the_terminal_that_ssh_had_is_not_the_session_s() -> None:
    login = {"SSH_CONNECTION": "a b c d", "SSH_TTY": "/dev/pts/3", "SSH_AUTH_SOCK": "/tmp/agent"}
    session = session_environment(login, colors=256, account=USER)
    assert "SSH_TTY" not in session
    assert on_terminal(session, lambda: "/dev/pts/9") == session | {"SSH_TTY": "/dev/pts/9"}
    assert session["SSH_AUTH_SOCK"] == "/tmp/agent"


def test_who_has_not_come_by_ssh_is_not_told_so() -> None:
    assert "SSH_TTY" not in on_terminal({"HOME": "/"}, lambda: "/dev/pts/9")


def test_where_terminals_have_no_names_there_is_none() -> None:
    def no_name() -> str:
        raise OSError(2, "No such file or directory")

    login = {"SSH_CONNECTION": "a b c d"}
    assert on_terminal(login, no_name) == login


@pytest.mark.parametrize("pid", [{}, {"MOSH_CLIENT_PID": ""}])
def test_the_tmux_that_a_server_was_started_in_is_not_the_session_s(pid: dict[str, str]) -> None:
    environ = {"TMUX": "/tmp/x,1,0", "TMUX_PANE": "%0", **pid}
    assert not {"TMUX", "TMUX_PANE"} & set(session_environment(environ, colors=256, account=USER))


def test_a_local_session_knows_its_client_and_the_tmux_around_it() -> None:
    environ = {"TMUX": "/tmp/x,1,0", "TMUX_PANE": "%0", "MOSH_CLIENT_PID": "7", "STY": "1.pts", "COLUMNS": "7"}
    session = session_environment(environ, colors=256, account=USER)
    assert {name: session[name] for name in ("TMUX", "TMUX_PANE", "MOSH_CLIENT_PID")} == {
        "TMUX": "/tmp/x,1,0",
        "TMUX_PANE": "%0",
        "MOSH_CLIENT_PID": "7",
    }
    assert not {"STY", "COLUMNS"} & set(session)


def test_what_a_login_leaves_unset_is_filled_in() -> None:
    session = session_environment({}, colors=8, account=USER)
    assert (session["HOME"], session["SHELL"], session["USER"]) == ("/home/ada", "/bin/zsh", "ada")


def test_the_account_is_the_environment_s_before_the_password_database_s() -> None:
    assert account({"HOME": "/x", "SHELL": "/y"})[1:] == ("/x", "/y")
    assert account({}).shell.startswith("/")
    assert account({"SHELL": ""}).shell


@pytest.mark.parametrize(("text", "seconds"), [("60", 60), ("0", 0), ("-5", 0), ("", 0), ("soon", 0)])
def test_only_a_positive_number_of_seconds_counts(text: str, seconds: int) -> None:
    assert seconds_from({"T": text}, "T") == seconds


def test_an_unset_timeout_is_none_at_all() -> None:
    assert seconds_from({}, "T") == 0
