"""The variables of the environment that choose a locale."""

from __future__ import annotations

from typing import Final

# All of them, in the order of `locale`'s output, which is the one to apply them in: LC_ALL last.
LOCALE_VARIABLES: Final = (
    "LANG", "LANGUAGE", "LC_CTYPE", "LC_NUMERIC", "LC_TIME", "LC_COLLATE", "LC_MONETARY", "LC_MESSAGES",
    "LC_PAPER", "LC_NAME", "LC_ADDRESS", "LC_TELEPHONE", "LC_MEASUREMENT", "LC_IDENTIFICATION", "LC_ALL",
)  # fmt: skip
CHARACTER_SET_VARIABLES: Final = ("LC_ALL", "LC_CTYPE", "LANG")  # the first that is set rules (POSIX 8.2)
