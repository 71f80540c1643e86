"""The session's environment, and the choice of a locale that can carry UTF-8."""

from __future__ import annotations

import pytest

from mosh_common.errors import EnvironmentFailure
from mosh_server.host.environment import (
    Account,
    account,
    choose_locale,
    codeset_of_locale,
    native_environment,
    seconds_from,
    session_environment,
)

USER = Account("ada", "/home/ada", "/bin/zsh")


def codeset_of(name: str) -> str | None:
    """A machine with the POSIX locale, German in two character sets, and nothing else."""
    return {"": "ANSI_X3.4-1968", "C": "ANSI_X3.4-1968", "de_DE": "ISO-8859-1", "de_DE.UTF-8": "UTF-8"}.get(name)


def chosen(environ: dict[str, str], *offered: tuple[str, str]) -> dict[str, str]:
    return choose_locale(environ, offered, codeset_of=codeset_of)


def test_a_native_utf8_locale_is_kept_whatever_the_client_offers():
    environ = {"LANG": "de_DE.UTF-8", "PATH": "/bin"}
    assert chosen(environ, ("LANG", "de_DE")) == environ


@pytest.mark.parametrize(
    "environ",
    [
        {"LC_ALL": "de_DE.UTF-8", "LC_CTYPE": "C", "LANG": "C"},
        {"LC_ALL": "", "LC_CTYPE": "de_DE.UTF-8", "LANG": "C"},
        {"LANG": "de_DE.UTF-8", "LC_TIME": "C"},
    ],
)
def test_the_first_variable_that_is_set_decides(environ):
    assert chosen(environ) == environ


def test_the_client_s_locale_replaces_every_native_variable():
    environ = {"LC_ALL": "C", "LC_TIME": "C", "LANGUAGE": "fr", "PATH": "/bin"}
    assert chosen(environ, ("LANG", "de_DE.UTF-8"), ("LC_TIME", "en")) == {
        "PATH": "/bin",
        "LANG": "de_DE.UTF-8",
        "LC_TIME": "en",
    }


def test_no_utf8_anywhere_is_told_with_what_each_side_specifies():
    with pytest.raises(EnvironmentFailure) as failure:
        chosen({"LANG": "de_DE"}, ("LANG", "C"))
    message = str(failure.value)
    assert '(LANG=de_DE) specifies\nthe character set "ISO-8859-1"' in message
    assert '(LANG=C) specifies\nthe character set "US-ASCII"' in message
    assert failure.value.exit_code == 1


def test_a_locale_that_is_not_installed_is_named():
    with pytest.raises(EnvironmentFailure, match=r"locale-gen fr_FR\.UTF-8"):
        chosen({}, ("LANG", "fr_FR.UTF-8"))


def test_the_system_is_asked_for_the_character_set():
    assert codeset_of_locale("C") == "ANSI_X3.4-1968"
    assert codeset_of_locale("no_SUCH.UTF-8") is None
    assert codeset_of_locale("a\0b") is None


def test_what_python_added_to_the_environment_is_taken_out_again():
    environ = {"LC_CTYPE": "C.UTF-8", "PATH": "/bin"}
    assert native_environment(environ, b"PATH=/bin\0") == {"PATH": "/bin"}
    assert native_environment(environ, None) == {"PATH": "/bin"}


@pytest.mark.parametrize(
    ("environ", "initial"),
    [
        ({"LC_CTYPE": "C.UTF-8"}, b"LC_CTYPE=C.UTF-8\0"),
        ({"LC_CTYPE": "de_DE.UTF-8"}, b"PATH=/bin\0"),
        ({"LC_CTYPE": "C.UTF-8", "LANG": "de_DE.UTF-8"}, None),
    ],
)
def test_what_the_user_set_is_left_alone(environ, initial):
    assert native_environment(environ, initial) == environ


@pytest.mark.parametrize(("colors", "term"), [(256, "xterm-256color"), (8, "xterm"), (0, "xterm")])
def test_term_tells_the_number_of_colors(colors, term):
    assert session_environment({"TERM": "dumb"}, colors=colors, account=USER)["TERM"] == term


def test_the_session_does_not_believe_to_be_in_the_terminal_that_the_server_was_started_in():
    environ = {"STY": "1.pts", "TMUX": "/tmp/x", "COLUMNS": "7", "LINES": "3", "SSH_CONNECTION": "a b c d"}
    session = session_environment(environ, colors=256, account=USER)
    assert not {"STY", "TMUX", "COLUMNS", "LINES"} & set(session)
    assert session["SSH_CONNECTION"] == "a b c d"
    assert session["NCURSES_NO_UTF8_ACS"] == "1"


@pytest.mark.parametrize("pid", [{}, {"MOSH_CLIENT_PID": ""}])
def test_the_tmux_that_a_server_was_started_in_is_not_the_session_s(pid):
    environ = {"TMUX": "/tmp/x,1,0", "TMUX_PANE": "%0", **pid}
    assert not {"TMUX", "TMUX_PANE"} & set(session_environment(environ, colors=256, account=USER))


def test_a_local_session_knows_its_client_and_the_tmux_around_it():
    environ = {"TMUX": "/tmp/x,1,0", "TMUX_PANE": "%0", "MOSH_CLIENT_PID": "7", "STY": "1.pts", "COLUMNS": "7"}
    session = session_environment(environ, colors=256, account=USER)
    assert {name: session[name] for name in ("TMUX", "TMUX_PANE", "MOSH_CLIENT_PID")} == {
        "TMUX": "/tmp/x,1,0",
        "TMUX_PANE": "%0",
        "MOSH_CLIENT_PID": "7",
    }
    assert not {"STY", "COLUMNS"} & set(session)


def test_what_a_login_leaves_unset_is_filled_in():
    session = session_environment({}, colors=8, account=USER)
    assert (session["HOME"], session["SHELL"], session["USER"]) == ("/home/ada", "/bin/zsh", "ada")


def test_the_account_is_the_environment_s_before_the_password_database_s():
    assert account({"HOME": "/x", "SHELL": "/y"})[1:] == ("/x", "/y")
    assert account({}).shell.startswith("/")
    assert account({"SHELL": ""}).shell


@pytest.mark.parametrize(("text", "seconds"), [("60", 60), ("0", 0), ("-5", 0), ("", 0), ("soon", 0)])
def test_only_a_positive_number_of_seconds_counts(text, seconds):
    assert seconds_from({"T": text}, "T") == seconds


def test_an_unset_timeout_is_none_at_all():
    assert seconds_from({}, "T") == 0
