"""What the user chose in the environment, read and checked once, before anything is started."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from mosh_client.escape_key_choice import EscapeKeySpec, parse_escape_key, parse_ssh_escape_key
from mosh_common import scrollback
from mosh_common.errors import UsageError
from mosh_common.io.fds import write_line
from mosh_common.prediction_display import DEFAULT, SPELLINGS

TITLE_PREFIX: Final = "[mosh] "
_YES: Final = ("yes", "1", "true")
_NO: Final = ("no", "0", "false")
_AUTO: Final = "auto"  # as mosh has it for a command; mosh-client knows of none


class Settings(NamedTuple):
    """The renderer's choices; the network process needs none of them but `verbose`."""

    prediction_display: str  # one of prediction_display.SPELLINGS
    prediction_overwrite: bool  # a predicted character replaces the one under the cursor
    escape_key: EscapeKeySpec | None  # None: no key leaves the session
    ssh_escape_key: EscapeKeySpec | None  # beside it
    title_prefix: str
    clipboard: bool  # the server may set the terminal's
    alternate_screen: bool  # use terminfo's smcup and rmcup
    native_scroll: bool  # what scrolls off goes into the terminal's own scrollback
    keep_last_screen: bool  # print what the session showed last once the alternate screen is left
    wheel: bool  # the mouse is asked for where no program uses it, so that its wheel pages what scrolled away
    truecolor: bool  # COLORTERM says that the terminal shows RGB colours
    verbose: int  # how often -v was given

    def log(self) -> Callable[[str], None] | None:
        """Return what writes a line on standard error: with -v, and unless that is the terminal."""
        if not self.verbose or os.isatty(2):
            return None
        return lambda line: write_line(2, line)


def read_settings(environment: Mapping[str, str], *, verbose: int = 0) -> Settings:
    """Return the settings that `environment` asks for. Raises UsageError with one sentence for the user."""
    display = environment.get("MOSH_PREDICTION_DISPLAY", DEFAULT)
    if display not in SPELLINGS:
        raise UsageError(
            f"MOSH_PREDICTION_DISPLAY is {display!r}; it can be {', '.join(SPELLINGS[:-1])} or {SPELLINGS[-1]}."
        )
    clipboard = environment.get("MOSH_CLIPBOARD", "yes")
    if clipboard not in (*_YES, *_NO):
        # Not taken for yes: who sets it wants the clipboard left alone.
        raise UsageError(f"MOSH_CLIPBOARD is {clipboard!r}; it can be yes or no.")
    last_screen = environment.get("MOSH_KEEP_LAST_SCREEN", _AUTO)
    if last_screen not in (*_YES, *_NO, _AUTO):
        raise UsageError(f"MOSH_KEEP_LAST_SCREEN is {last_screen!r}; it can be yes, no or auto.")
    wheel = environment.get("MOSH_WHEEL", "no")
    if wheel not in (*_YES, *_NO):
        raise UsageError(f"MOSH_WHEEL is {wheel!r}; it can be yes or no.")
    where = environment.get("MOSH_SCROLLBACK", scrollback.DEFAULT)
    if where not in scrollback.SPELLINGS:
        raise UsageError(f"MOSH_SCROLLBACK is {where!r}; it can be {' or '.join(scrollback.SPELLINGS)}.")
    return Settings(
        prediction_display=display,
        prediction_overwrite=environment.get("MOSH_PREDICTION_OVERWRITE", "no") in _YES,
        escape_key=parse_escape_key(environment.get("MOSH_ESCAPE_KEY")),
        ssh_escape_key=parse_ssh_escape_key(environment.get("MOSH_SSH_ESCAPE_KEY")),
        title_prefix="" if "MOSH_TITLE_NOPREFIX" in environment else TITLE_PREFIX,
        clipboard=clipboard in _YES,
        alternate_screen="MOSH_NO_TERM_INIT" not in environment,
        native_scroll=where == scrollback.NATIVE,
        keep_last_screen=last_screen in _YES,
        wheel=wheel in _YES,
        truecolor=environment.get("COLORTERM", "") in ("truecolor", "24bit"),
        verbose=verbose,
    )
