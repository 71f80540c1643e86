"""What control strings may carry to a terminal, at the bounds and one past them."""

from __future__ import annotations

import pytest

from mosh_common.terminal.payloads import (
    LONGEST_CLIPBOARD,
    LONGEST_LINK,
    LONGEST_LINK_ID,
    LONGEST_SELECTION,
    LONGEST_TITLE,
    is_clipboard,
    is_link,
    link_of,
    title_of,
)


@pytest.mark.parametrize("selection", ["", "c", "p", "q", "s", "01234567", "cpqs01234567", "c" * LONGEST_SELECTION])
@pytest.mark.parametrize("data", ["", "YQ==", "YWI=", "YWJj", "+/+/", "A" * LONGEST_CLIPBOARD])
def test_a_clipboard_is_a_selection_and_base64(selection: str, data: str) -> None:
    assert is_clipboard(f"{selection};{data}")


@pytest.mark.parametrize(
    "text",
    [
        "", "c", "YWJj", "c;?", ";?", "?;YWJj", "c;YWJj?", "c;?YWJj", "c;;YWJj", "c;YWJj;", "c;YWJj\n", "\nc;YWJj",
        "c;Y", "c;YW", "c;YWI", "c;YQ=", "c;YQ===", "c;====", "c;=WJj", "c;YQ==YQ==", "c;YW-_", "c;YWJ\u0430",
        "c; YWJj", "8;YWJj", "x;YWJj", "C;YWJj", "c,p;YWJj", "c;\x1b\\", "c;\x07",
        "c" * (LONGEST_SELECTION + 1) + ";YWJj", "c;" + "A" * (LONGEST_CLIPBOARD + 4),
    ],
    ids=lambda text: ascii(text)[:24],
)  # fmt: skip
def test_anything_else_is_no_clipboard(text: str) -> None:
    assert not is_clipboard(text)


@pytest.mark.parametrize(
    "uri",
    [
        "http://a", "https://example.org/p?q=1&r=%20#f", "HTTPS://EXAMPLE.ORG", "https://例え.jp/路", "ftp://host/file",
        "mailto:somebody@example.org", "file:///etc/hosts", "file://my-host.example/home/me/a%20b.txt",
        "ssh://host", "ssh://me@host:22/", "sftp://me.too@host.example/dir", "ssh://[::1]:2222",
    ],
)  # fmt: skip
def test_a_link_has_a_scheme_that_is_known(uri: str) -> None:
    assert link_of(f";{uri}") == f";{uri}"
    assert is_link(f";{uri}")


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)", "data:text/html,x", "vscode://x", "x-man-page://ls", "tel:123", "smb://host/share",
        "gopher://a", "ms-msdt:/id", "u", "//host/x", "http:", "http://", "http:/a", " http://a", "xhttp://a",
        "http\u017f://a", "mailto:", "file:relative", "file://host", "file:/etc/passwd", "file://a b/c",
        "ssh://-oProxyCommand=x/", "ssh://-x@host/", "sftp://me@-oProxyCommand=x", "ssh:host", "ssh://%2doX/",
        "ssh://host -oX", "http://a\x07", "http://a\x1b\\", "http://a\x9c", "http://a\n", "http://a\u202e",
    ],
    ids=ascii,
)  # fmt: skip
def test_anything_else_is_no_link(uri: str) -> None:
    assert link_of(f";{uri}") == ""
    assert not is_link(f";{uri}")


@pytest.mark.parametrize("text", ["", ";", "id=1", "id=1;", "http://a"])
def test_a_link_without_parameters_or_uri_is_none(text: str) -> None:
    assert link_of(text) == ""
    assert not is_link(text)


@pytest.mark.parametrize(
    ("parameters", "kept"),
    [
        ("id=1", "id=1"),
        ("id=a-b_c.d/e=f", "id=a-b_c.d/e=f"),
        ("id=" + "x" * LONGEST_LINK_ID, "id=" + "x" * LONGEST_LINK_ID),
        ("id=" + "x" * (LONGEST_LINK_ID + 1), ""),
        ("id=", ""),
        ("id=a b", ""),
        ("id=é", ""),
        ("ID=1", ""),
        ("foo=bar", ""),
        ("foo=bar:id=7:x=y", "id=7"),
        ("id=1:id=2", "id=1"),
    ],
)
def test_of_a_links_parameters_a_short_id_is_kept(parameters: str, kept: str) -> None:
    assert link_of(f"{parameters};http://a") == f"{kept};http://a"
    assert is_link(f"{parameters};http://a") == (parameters == kept)


def test_a_link_has_a_longest_length() -> None:
    longest = ";http://" + "x" * (LONGEST_LINK - len(";http://"))
    assert len(longest) == LONGEST_LINK
    assert link_of(longest) == longest
    assert link_of(longest + "x") == ""
    assert not is_link(longest + "x")


def test_a_title_has_a_longest_length_and_no_control_characters() -> None:
    assert title_of("x" * LONGEST_TITLE) == "x" * LONGEST_TITLE
    assert title_of("x" * (LONGEST_TITLE + 1)) == "x" * LONGEST_TITLE
    assert title_of("\x00a\x1b]\x7f\x80\x9c\x9f\ud800b") == "a]b"
