"""A server that refuses to start is known by its words, and the user told what helps."""

from __future__ import annotations

import shlex

import pytest

from mosh_bootstrap.conversation import Ended
from mosh_bootstrap.diagnosis import failure
from mosh_bootstrap.dialogue import Dialogue
from mosh_bootstrap.options import Options
from mosh_bootstrap.refusal import Refusal

UPSTREAMS = (
    b"mosh-server needs a UTF-8 native locale to run.\r\n\r\n"
    b"Unfortunately, the local environment ([no charset variables]) specifies\r\n"
    b'the character set "US-ASCII",\r\n'
)


@pytest.mark.parametrize("size", [1, 7, 46, 47, 1000])
def test_the_words_are_known_in_whatever_pieces_they_come(size: int) -> None:
    refusal = Refusal()
    text = b"Welcome to mosh-server needs\r\n" + UPSTREAMS
    for at in range(0, len(text), size):
        refusal.receive(text[at : at + size])
    assert refusal.for_want_of_locale


def test_other_words_are_not() -> None:
    refusal = Refusal()
    for word in (b"mosh-server needs a UTF-8 native ", b"parrot", b" locale to run."):
        refusal.receive(word)
    assert not refusal.for_want_of_locale


@pytest.mark.parametrize(
    ("server", "wanted"),
    [
        ("", "--server='env LC_ALL=C.UTF-8 mosh-server'"),
        ("~/bin/mosh-server", "--server='env LC_ALL=C.UTF-8 ~/bin/mosh-server'"),
        ("'my server'", "--server=" + shlex.quote("env LC_ALL=C.UTF-8 'my server'")),
    ],
)
def test_what_helps_is_named_behind_the_servers_own_words(server: str, wanted: str) -> None:
    dialogue = Dialogue("proxy")
    assert dialogue.receive(UPSTREAMS) == UPSTREAMS
    reason = failure(Options(host="ada@example.org", server=server), dialogue, Ended(1, None))
    assert reason is not None
    assert (
        str(reason) == f"The server on ada@example.org found no UTF-8 locale, as it says above; name one with {wanted}."
    )
    assert reason.exit_code == 1
