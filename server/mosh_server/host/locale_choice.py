"""The locale of the session's programs: one whose character set is UTF-8, wherever there is one.

The server itself needs none. Works on mappings; the questions to the system are the character set of a locale name
(`codeset_of_locale`) and, where no usual name is installed, which names are (`installed_locales`). Never changes this
process's environment. Why each variable is treated so: docs/adr/0085.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from mosh_common.character_set import UTF8_NAMES, Codesets, codeset_of_locale, in_words, is_utf8
from mosh_common.locale_variables import LOCALE_VARIABLES

__all__ = ["USUAL_NAMES", "changes", "choose_locale", "codeset_of_locale", "in_words", "installed_locales", "is_utf8"]

# Looked for in this order: what changes nothing but the character set, then what most systems have.
USUAL_NAMES: Final = ("C.UTF-8", "C.utf8", "en_US.UTF-8", "en_US.utf8", "UTF-8")

# All but LANG and LANGUAGE, which is a list of languages and no name of a locale.
_CATEGORIES: Final = tuple(name for name in LOCALE_VARIABLES if name.startswith("LC_"))


def installed_locales() -> list[str]:
    """Return the names that locale(1) lists; starts a process, so only for want of every usual name."""
    from mosh_server.host.helper import Helper

    helper = Helper.start(["locale", "-a"])
    return helper.answer().split() if helper is not None else []


def choose_locale(
    environ: Mapping[str, str],
    offered: Sequence[tuple[str, str]],
    *,
    codeset_of: Codesets = codeset_of_locale,
    installed: Callable[[], Iterable[str]] = installed_locales,
) -> dict[str, str]:
    """Return the environment with a locale whose character set is UTF-8: its own, else the client's (-l), else any.

    Names of locales that are not installed are taken out: with one of them, programs in C have none at all. Only where
    the system has no UTF-8 locale does the result name none.
    """
    own = dict(environ)
    if not is_utf8(own, codeset_of=codeset_of):
        client = {name: value for name, value in own.items() if name not in LOCALE_VARIABLES}
        client |= {name: value for name, value in offered if name in LOCALE_VARIABLES}  # -l is for nothing else
        if is_utf8(client, codeset_of=codeset_of):
            own = client
    return _mended(own, codeset_of, installed)


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return what `choose_locale` has changed, "LANG=C.UTF-8" and "no LC_TIME", in the order of LOCALE_VARIABLES."""
    changed = [name for name in LOCALE_VARIABLES if before.get(name) != after.get(name)]
    return [f"{name}={after[name]}" if name in after else f"no {name}" for name in changed]


def _mended(environ: dict[str, str], codeset_of: Codesets, installed: Callable[[], Iterable[str]]) -> dict[str, str]:
    """Return `environ` with the least changed that leaves a UTF-8 locale in force for every program."""
    ruler = environ.get("LC_ALL")
    if ruler and codeset_of(ruler) in UTF8_NAMES:
        return environ  # the others do not count
    kept = {
        name: value
        for name, value in environ.items()
        if name not in _CATEGORIES or not value or codeset_of(value) is not None
    }
    language = kept.get("LANG")
    has_language = not language or codeset_of(language) is not None
    if has_language and is_utf8(kept, codeset_of=codeset_of):
        return kept
    utf8 = _first_utf8(codeset_of, installed)
    if utf8 is None:
        return kept
    if kept.get("LC_ALL"):
        del kept["LC_ALL"]
        # It said "C" for every category, or the like: LANG takes its place, so what LANG said before is not to return.
        kept["LANG"] = kept["LC_CTYPE"] = utf8
        return kept
    if codeset_of(language or "C") not in UTF8_NAMES:
        kept["LANG"] = utf8
    if not is_utf8(kept, codeset_of=codeset_of):
        kept["LC_CTYPE"] = utf8
    return kept


def _first_utf8(codeset_of: Codesets, installed: Callable[[], Iterable[str]]) -> str | None:
    usual = next((name for name in USUAL_NAMES if codeset_of(name) in UTF8_NAMES), None)
    return usual or next((name for name in installed() if codeset_of(name) in UTF8_NAMES), None)
