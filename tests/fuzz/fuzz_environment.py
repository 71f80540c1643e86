"""Invariant: any environment is understood, passed over or refused in one sentence, by each of the three programs."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import fuzzed

from mosh_bootstrap.command import client_environment, server_arguments
from mosh_bootstrap.options import Options, parse_options
from mosh_client.network.sockets import ADDRESSES_LIMIT, alternatives
from mosh_client.settings import read_settings
from mosh_common.address import Address
from mosh_common.errors import UsageError
from mosh_common.locale_variables import LOCALE_VARIABLES
from mosh_common.native_environment import native_environment
from mosh_server.host import environment, locale_choice
from mosh_server.options import parse

READ = (
    "MOSH_PREDICTION_DISPLAY MOSH_PREDICTION_OVERWRITE MOSH_ESCAPE_KEY MOSH_TITLE_NOPREFIX MOSH_NO_TERM_INIT "
    "MOSH_CLIPBOARD COLORTERM TERM LANG LC_ALL LC_CTYPE LANGUAGE HOME SHELL USER PWD LINES COLUMNS SSH_CONNECTION "
    "MOSH_SCROLLBACK MOSH_KEEP_LAST_SCREEN MOSH_WHEEL MOSH_HISTORY MOSH_SERVER_NETWORK_TMOUT MOSH_SERVER_SIGNAL_TMOUT"
)
NAMES = st.sampled_from(READ.split())
TELLING = "always adaptive never experimental native none yes no 0 1 -1 truecolor C C.UTF-8 en_US.utf8 / ~ /bin/sh ::1"
# As a program finds them: any octets but NUL, those that are not UTF-8 as surrogates.
VALUES = st.one_of(
    st.sampled_from([*TELLING.split(), "", "\x1e", "~~", "1 2 ::ffff:192.0.2.1 4", "9" * 5000]),
    st.binary(max_size=12).map(lambda octets: os.fsdecode(octets.replace(b"\0", b""))),
)
ENVIRONMENTS = st.dictionaries(NAMES, VALUES, max_size=8)


def one_sentence(error: Exception, environ: dict[str, str]) -> None:
    text = str(error)
    for value in sorted(environ.values(), key=len, reverse=True):
        if value:
            text = text.replace(value, "")
    assert text.strip()
    assert "Traceback" not in text


@fuzzed
@given(ENVIRONMENTS)
def test_the_client_reads_any_environment(environ: dict[str, str]) -> None:
    try:
        read_settings(environ)
    except UsageError as error:
        one_sentence(error, environ)


@fuzzed
@given(ENVIRONMENTS)
def test_the_bootstrap_reads_any_environment_and_passes_on_what_can_be_passed_on(environ: dict[str, str]) -> None:
    try:
        options = parse_options(["host"], environ)
    except UsageError as error:
        one_sentence(error, environ)
        options = Options(host="host")
    words = server_arguments(options, environ, colors=256)
    assert not any("\0" in word for word in words)
    result = client_environment(options, environ, key="A" * 22)
    for name, value in result.items():
        os.fsencode(name + value)


@fuzzed
@given(ENVIRONMENTS, st.lists(st.tuples(NAMES, VALUES), max_size=3))
def test_the_server_makes_an_environment_for_the_session_of_any(
    environ: dict[str, str], offered: list[tuple[str, str]]
) -> None:
    words = [word for name, value in offered for word in ("-l", f"{name}={value}")]
    options = parse(["new", "-s", *words], ssh_connection=environ.get("SSH_CONNECTION"))
    located = locale_choice.choose_locale(native_environment(environ), options.locale)
    assert locale_choice.is_utf8(located)  # this machine has such a locale
    assert all(name in LOCALE_VARIABLES for name in environ.keys() ^ located.keys())
    session = environment.session_environment(located, colors=options.colors, account=environment.account(environ))
    assert session["TERM"] in ("xterm", "xterm-256color")
    assert all(session[name] is not None for name in ("HOME", "SHELL", "USER", "PWD"))
    assert environment.seconds_from(environ, "MOSH_SERVER_NETWORK_TMOUT") >= 0


@fuzzed
@given(st.lists(st.one_of(VALUES, st.sampled_from(["192.0.2.7", "fe80::1%lo", "::1", "localhost"])), max_size=20))
def test_the_client_tries_no_more_addresses_than_it_may_and_only_numeric_ones(words: list[str]) -> None:
    found = alternatives(" ".join(words), port=60001, peer=Address("192.0.2.1", 60001))
    assert len(found) <= ADDRESSES_LIMIT
