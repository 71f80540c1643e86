"""Which character set a locale has, and which locale of an environment decides it.

Works on mappings; the one question to the system is `codeset_of_locale`.
"""

from __future__ import annotations

# The C half of `locale`, whose Python half costs 4 ms of a start that people wait for (re, functools, aliases).
import _locale
from collections.abc import Callable, Mapping
from typing import Final

from mosh_common.locale_variables import CHARACTER_SET_VARIABLES

UTF8_NAMES: Final = ("UTF-8", "UTF8", "utf-8", "utf8")

Codesets = Callable[[str], "str | None"]


def codeset_of_locale(name: str) -> str | None:
    """Return the character set of a locale ("" and "C" are the POSIX one); None when it is not installed here.

    Changes LC_CTYPE of this process, which nothing else here depends on.
    """
    try:
        _locale.setlocale(_locale.LC_CTYPE, name or "C")
    except (_locale.Error, ValueError):  # type: ignore[attr-defined]  # there, but not in the stubs
        return None
    return _locale.nl_langinfo(_locale.CODESET)


def in_words(environ: Mapping[str, str]) -> str:
    """Return what decides the character set, "LANG=C.UTF-8" for example."""
    name, value = _rule(environ)
    return f"{name}={value}" if name else "no LC_ALL, LC_CTYPE or LANG"


def is_utf8(environ: Mapping[str, str], *, codeset_of: Codesets = codeset_of_locale) -> bool:
    """Return whether the locale that is in force there can carry UTF-8."""
    return codeset_of(_rule(environ)[1]) in UTF8_NAMES


def ruling_locale(environ: Mapping[str, str]) -> str:
    """Return the name of the locale that decides the character set; "" where none is named."""
    return _rule(environ)[1]


def _rule(environ: Mapping[str, str]) -> tuple[str, str]:
    """Return (variable, locale name) of what decides the character set."""
    for name in CHARACTER_SET_VARIABLES:
        value = environ.get(name)
        if value:
            return name, value
    return "", ""
