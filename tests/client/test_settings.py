"""What the environment asks for."""

from __future__ import annotations

import pytest

from mosh_client.settings import read_settings
from mosh_common.errors import UsageError


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = read_settings({})
    assert settings.prediction_display == "adaptive"
    assert not settings.prediction_overwrite
    assert settings.escape_key is not None
    assert settings.escape_key.octet == 0x1E
    assert settings.title_prefix == "[mosh] "
    assert settings.clipboard
    assert settings.alternate_screen
    assert not settings.keep_last_screen
    assert not settings.native_scroll
    assert not settings.truecolor


def test_each_variable_has_its_effect() -> None:
    settings = read_settings(
        {
            "MOSH_PREDICTION_DISPLAY": "experimental",
            "MOSH_PREDICTION_OVERWRITE": "yes",
            "MOSH_ESCAPE_KEY": "",
            "MOSH_TITLE_NOPREFIX": "",
            "MOSH_CLIPBOARD": "no",
            "MOSH_NO_TERM_INIT": "1",
            "COLORTERM": "truecolor",
        }
    )
    assert settings.prediction_display == "experimental"
    assert settings.prediction_overwrite
    assert settings.escape_key is None
    assert settings.title_prefix == ""
    assert not settings.clipboard
    assert not settings.alternate_screen
    assert settings.truecolor


@pytest.mark.parametrize(("value", "allowed"), [("yes", True), ("1", True), ("no", False), ("0", False)])
def test_the_clipboard_can_be_closed_to_the_server(value: str, allowed: bool) -> None:
    assert read_settings({"MOSH_CLIPBOARD": value}).clipboard == allowed


@pytest.mark.parametrize(("value", "kept"), [("yes", True), ("1", True), ("no", False), ("auto", False)])
def test_the_last_screen_can_be_kept(value: str, kept: bool) -> None:
    assert read_settings({"MOSH_KEEP_LAST_SCREEN": value}).keep_last_screen == kept


@pytest.mark.parametrize(("value", "pages"), [("yes", True), ("1", True), ("no", False)])
def test_the_wheel_can_page(value: str, pages: bool) -> None:
    assert read_settings({"MOSH_WHEEL": value}).wheel == pages
    assert not read_settings({}).wheel


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MOSH_KEEP_LAST_SCREEN", "always"),
        ("MOSH_PREDICTION_DISPLAY", "sometimes"),
        ("MOSH_ESCAPE_KEY", "ab"),
        ("MOSH_CLIPBOARD", "off"),
        ("MOSH_CLIPBOARD", ""),
        ("MOSH_WHEEL", "up"),
    ],
)
def test_a_value_that_means_nothing_is_an_error_that_names_the_variable(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=name):
        read_settings({name: value})


def test_where_what_scrolled_off_goes_is_one_of_two() -> None:
    assert read_settings({"MOSH_SCROLLBACK": "native"}).native_scroll
    assert not read_settings({"MOSH_SCROLLBACK": "none"}).native_scroll
    with pytest.raises(UsageError, match="MOSH_SCROLLBACK is 'pager'; it can be native or none"):
        read_settings({"MOSH_SCROLLBACK": "pager"})
