"""The locale of the session's programs: never refused, UTF-8 where there is one, changed as little as that takes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.programs import SOURCE_FOLDERS

from mosh_server.host.locale_choice import changes, choose_locale, codeset_of_locale, in_words, is_utf8

INSTALLED = {
    "C": "ANSI_X3.4-1968",
    "POSIX": "ANSI_X3.4-1968",
    "C.UTF-8": "UTF-8",
    "de_DE": "ISO-8859-1",
    "de_DE.UTF-8": "UTF-8",
}


def codeset_of(name: str) -> str | None:
    """A machine with German in two character sets, and nothing else that is not always there."""
    return INSTALLED.get(name or "C")


def none_listed() -> list[str]:
    raise AssertionError("locale(1) was asked though a usual name is there")


def chosen(environ: dict[str, str], *offered: tuple[str, str]) -> dict[str, str]:
    return choose_locale(environ, offered, codeset_of=codeset_of, installed=none_listed)


@pytest.mark.parametrize(
    "environ",
    [
        {"LANG": "de_DE.UTF-8", "PATH": "/bin"},
        {"LC_ALL": "de_DE.UTF-8", "LC_CTYPE": "C", "LANG": "C"},
        {"LC_ALL": "C.UTF-8", "LC_TIME": "xx_XX", "LANG": "xx_XX"},  # where LC_ALL rules, the others do not count
        {"LC_ALL": "", "LC_CTYPE": "de_DE.UTF-8", "LANG": "C"},
        {"LANG": "de_DE.UTF-8", "LC_TIME": "C", "LC_NUMERIC": ""},
    ],
    ids=str,
)
def test_a_utf8_locale_that_is_in_force_is_kept_whatever_the_client_offers(environ: dict[str, str]) -> None:
    assert chosen(environ, ("LANG", "C.UTF-8"), ("LC_ALL", "C.UTF-8")) == environ


def test_the_client_s_locale_replaces_every_variable_of_one_that_is_not_utf8() -> None:
    environ = {"LC_ALL": "C", "LC_TIME": "C", "LANGUAGE": "fr", "PATH": "/bin"}
    assert chosen(environ, ("LANG", "de_DE.UTF-8"), ("LC_TIME", "C")) == {
        "PATH": "/bin",
        "LANG": "de_DE.UTF-8",
        "LC_TIME": "C",
    }


def test_the_client_offers_a_locale_and_nothing_else() -> None:
    offered = (("MOSH_KEY", "x"), ("LD_PRELOAD", "evil.so"), ("LANG", "de_DE.UTF-8"))
    assert chosen({"PATH": "/bin"}, *offered) == {"PATH": "/bin", "LANG": "de_DE.UTF-8"}


def test_names_that_are_not_installed_are_no_part_of_what_the_client_offers() -> None:
    assert chosen({}, ("LANG", "de_DE.UTF-8"), ("LC_TIME", "xx_XX"), ("LC_PAPER", "de_DE")) == {
        "LANG": "de_DE.UTF-8",
        "LC_PAPER": "de_DE",
    }


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, {"LANG": "C.UTF-8"}),
        ({"LANG": "C"}, {"LANG": "C.UTF-8"}),
        ({"LANG": ""}, {"LANG": "C.UTF-8"}),
        ({"LANG": "xx_XX.UTF-8"}, {"LANG": "C.UTF-8"}),
        ({"LANG": "de_DE"}, {"LANG": "C.UTF-8"}),
        # Only what names no installed locale goes.
        ({"LC_TIME": "xx_XX", "LC_PAPER": "de_DE"}, {"LANG": "C.UTF-8", "LC_PAPER": "de_DE"}),
        ({"LANG": "de_DE.UTF-8", "LC_TIME": "xx_XX"}, {"LANG": "de_DE.UTF-8"}),
        ({"LC_ALL": "xx_XX.UTF-8"}, {"LANG": "C.UTF-8"}),
        ({"LC_ALL": "xx_XX.UTF-8", "LANG": "de_DE.UTF-8"}, {"LANG": "de_DE.UTF-8"}),
        ({"LC_CTYPE": "xx_XX.UTF-8", "LC_ALL": ""}, {"LANG": "C.UTF-8", "LC_ALL": ""}),
        ({"LC_CTYPE": "UTF-8", "LANG": "de_DE.UTF-8"}, {"LANG": "de_DE.UTF-8"}),  # what a Mac sends
        # A LANG that is not installed spoils setlocale(LC_ALL, "") though LC_CTYPE is all right.
        ({"LC_CTYPE": "C.UTF-8", "LANG": "xx_XX"}, {"LC_CTYPE": "C.UTF-8", "LANG": "C.UTF-8"}),
        # LC_CTYPE is set where LANG would be overruled, and nowhere else.
        ({"LC_CTYPE": "C"}, {"LANG": "C.UTF-8", "LC_CTYPE": "C.UTF-8"}),
        ({"LC_CTYPE": "POSIX", "LANG": "C"}, {"LANG": "C.UTF-8", "LC_CTYPE": "C.UTF-8"}),
        ({"LC_CTYPE": "C", "LANG": "de_DE.UTF-8"}, {"LANG": "de_DE.UTF-8", "LC_CTYPE": "C.UTF-8"}),
        ({"LC_ALL": "C"}, {"LANG": "C.UTF-8", "LC_CTYPE": "C.UTF-8"}),
        ({"LC_ALL": "C", "LANG": "de_DE.UTF-8"}, {"LANG": "C.UTF-8", "LC_CTYPE": "C.UTF-8"}),
        (
            {"LC_ALL": "de_DE", "LC_CTYPE": "C", "LC_TIME": "C", "LC_NAME": "xx_XX"},
            {"LANG": "C.UTF-8", "LC_CTYPE": "C.UTF-8", "LC_TIME": "C"},
        ),
        # No locale, but a list of languages.
        ({"LANGUAGE": "xx:yy"}, {"LANG": "C.UTF-8", "LANGUAGE": "xx:yy"}),
    ],
    ids=str,
)
@pytest.mark.parametrize("offered", [(), (("LANG", "xx_XX.UTF-8"), ("LC_TIME", "C"))], ids=["nothing", "a foreign one"])
def test_without_one_the_least_is_changed(
    environ: dict[str, str], expected: dict[str, str], offered: tuple[tuple[str, str], ...]
) -> None:
    result = chosen({"PATH": "/bin", **environ}, *offered)
    assert result == {"PATH": "/bin", **expected}
    assert is_utf8(result, codeset_of=codeset_of)


@pytest.mark.parametrize(
    ("installed", "listed", "expected"),
    [
        ({"C.utf8": "UTF-8", "en_US.UTF-8": "UTF-8"}, [], "C.utf8"),
        ({"en_US.UTF-8": "UTF-8"}, [], "en_US.UTF-8"),
        ({"de_AT": "ISO-8859-1", "uk_UA.utf8": "UTF-8"}, ["C", "POSIX", "gone", "de_AT", "uk_UA.utf8"], "uk_UA.utf8"),
    ],
)
def test_the_first_utf8_locale_there_is_serves(installed: dict[str, str], listed: list[str], expected: str) -> None:
    known = {"": "646", "C": "646", **installed}
    assert choose_locale({}, (), codeset_of=known.get, installed=lambda: listed) == {"LANG": expected}


def test_a_machine_without_any_has_sessions_all_the_same() -> None:
    environ = {"LC_ALL": "C", "LC_TIME": "xx_XX", "PATH": "/bin"}
    kept = choose_locale(environ, (), codeset_of={"C": "646", "": "646"}.get, installed=list)
    assert kept == {"LC_ALL": "C", "PATH": "/bin"}


def test_what_was_changed_is_told() -> None:
    before = {"LC_ALL": "C", "LC_TIME": "xx", "PATH": "/bin"}
    after = {"LANG": "C.UTF-8", "LC_CTYPE": "C.UTF-8", "PATH": "/usr/bin"}
    assert changes(before, after) == ["LANG=C.UTF-8", "LC_CTYPE=C.UTF-8", "no LC_TIME", "no LC_ALL"]
    assert in_words(after) == "LC_CTYPE=C.UTF-8"
    assert in_words({}) == "no LC_ALL, LC_CTYPE or LANG"


def test_the_system_is_asked_for_the_character_set() -> None:
    assert codeset_of_locale("C") == "ANSI_X3.4-1968"
    assert codeset_of_locale("no_SUCH.UTF-8") is None
    assert codeset_of_locale("a\0b") is None


# --- with locales of a machine's own


CHOOSE = """\
import os
from mosh_common.native_environment import native_environment
from mosh_server.host.helper import Helper
from mosh_server.host.locale_choice import choose_locale
Helper.answer.__kwdefaults__["patience_s"] = 60.0  # a busy machine has the same locales
print(sorted((k, v) for k, v in choose_locale(native_environment(os.environ), ()).items() if k[:2] in ("LA", "LC")))
"""


@pytest.fixture(scope="module")
def only_made_up_locales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LOCPATH with a Latin-1 and a UTF-8 locale of names that nobody would guess."""
    source = Path("/usr/share/i18n/locales/POSIX")
    if shutil.which("localedef") is None or not source.is_file():
        pytest.skip("needs localedef and the sources of locales (Debian: package locales)")
    folder = tmp_path_factory.mktemp("locales")
    wanted = {"xx_XX.utf8": "UTF-8", "xx_XX": "ISO-8859-1"}
    ready = Path("/usr/lib/locale/C.utf8")  # Debian's, of the same source; to make it takes a second
    if (ready / "LC_CTYPE").is_file():
        (folder / "xx_XX.utf8").symlink_to(ready)
        del wanted["xx_XX.utf8"]
    for name, charset in wanted.items():
        words = ["localedef", "--no-archive", "-c", "-i", str(source), "-f", charset, str(folder / name)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if not (folder / name / "LC_CTYPE").is_file():
            pytest.skip(f"localedef makes no locale here: {done.stderr.strip()}")
    return folder


@pytest.mark.system
@pytest.mark.requires_program("locale")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"LC_TIME": "xx_XX"}, [("LC_TIME", "xx_XX")]),
        ({"LANG": "xx_XX", "LC_TIME": "no_SUCH"}, []),
        ({"LC_CTYPE": "xx_XX"}, [("LC_CTYPE", "{utf8}")]),
        ({"LANG": "xx_XX.utf8"}, [("LANG", "xx_XX.utf8")]),
    ],
    ids=str,
)
def test_real_locales_are_found_by_whatever_name_they_have(
    given: dict[str, str], expected: list[tuple[str, str]], only_made_up_locales: Path
) -> None:
    def run(words: list[str], **environment: str) -> str:
        environment |= {"PATH": os.environ["PATH"], "LOCPATH": str(only_made_up_locales)}
        return subprocess.run(
            words, env=environment, capture_output=True, text=True, check=True, encoding="utf-8"
        ).stdout.strip()

    # glibc from 2.35 on has a C.UTF-8 within itself, which no LOCPATH takes away.
    built_in = run(["locale", "charmap"], LC_ALL="C.UTF-8") == "UTF-8"
    utf8 = "C.UTF-8" if built_in else "xx_XX.utf8"
    told = [(name, value.replace("{utf8}", utf8)) for name, value in expected]
    if "LANG" not in dict(told):
        told.append(("LANG", utf8))
    path = os.pathsep.join(SOURCE_FOLDERS)
    chosen_there = run([sys.executable, "-P", "-c", CHOOSE], PYTHONPATH=path, **given)
    assert chosen_there == str(sorted(told))
