"""What a title, a clipboard and a hyperlink may be: one rule for every gate on the way to a terminal.

These are the texts that control strings carry. The emulator keeps nothing else, messages between the client's
processes are refused with anything else, and what writes to a terminal writes nothing else. Knows nothing of where a
text comes from.
"""

from __future__ import annotations

import re
from typing import Final

from mosh_common.terminal.width import char_width

LONGEST_TITLE: Final = 254  # characters: with "2;" the 256 at which upstream cuts the string
LONGEST_CLIPBOARD: Final = 16 * 1024  # characters of base64, in a frame and to a terminal
LONGEST_KEPT_CLIPBOARD: Final = 128 * 1024  # the same that the server's emulator takes of a program
LONGEST_LINK: Final = 2048  # characters of parameters and URI; what browsers take
LONGEST_LINK_ID: Final = 250  # characters; as VTE
LONGEST_SELECTION: Final = 12  # each of its characters once

# What no title and no link holds: C0, DEL and C1; what turns the direction of text round, also that of its neighbours
# in a list of windows; halves of surrogate pairs, which are no text. By code point, not by `str.isprintable`: what that
# refuses (icons, spaces of other scripts, joiners, emoji newer than this Python) belongs into titles.
# SECURITY: test_titles_lose_controls.
_UNFIT: Final = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_JOINER: Final = "\u200d"
_SKIN_TONES: Final = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_LONGEST_CLUSTER: Final = 32  # code points; in a longer one a cut is as good anywhere

# xterm's control sequences, OSC 52: clipboard, primary, secondary, "select" and the cut buffers; then base64 (RFC 4648
# §4). SECURITY: a "?" there would ask the terminal for the clipboard. Test: test_a_clipboard_is_a_selection_and_base64.
_CLIPBOARD: Final = re.compile(
    f"[cpqs0-7]{{0,{LONGEST_SELECTION}}};"
    r"((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)"
)

# "params;uri", of the parameters only `id`. SECURITY: the scheme chooses the program that a click starts, so only those
# that are made for links from strangers. Those of file have an absolute path; ssh and sftp, whose host ends up on a
# command line, a user and a host that are no options. Test: test_a_link_has_a_scheme_that_is_known.
_LINK: Final = re.compile(
    f"(?:(?-i:id=)[!-9<-~]{{1,{LONGEST_LINK_ID}}})?;"
    r"(?:(?:https?|ftp)://.|mailto:.|file://[\w.%~-]*/|s(?:sh|ftp)://(?:\w[\w.-]*@)?[\w\[][\w.:\]-]*(?:/|\Z))",
    re.ASCII | re.IGNORECASE,
)


def title_of(text: str) -> str:
    """Return what of `text` can be a title or an icon name; a cut does not go through a cluster."""
    if not text.isprintable():
        text = _UNFIT.sub("", text)
    if len(text) <= LONGEST_TITLE:
        return text
    for end in range(LONGEST_TITLE, LONGEST_TITLE - _LONGEST_CLUSTER, -1):
        if text[end - 1] != _JOINER and text[end] not in _SKIN_TONES and char_width(text[end]) != 0:
            return text[:end]
    return text[:LONGEST_TITLE]


def is_title(text: str) -> bool:
    """Return whether `text` is a title or an icon name in the form that `title_of` gives."""
    return len(text) <= LONGEST_TITLE and _UNFIT.search(text) is None


def is_clipboard(text: str, *, longest: int = LONGEST_CLIPBOARD) -> bool:
    """Return whether `text` is "selection;base64", for setting a clipboard; empty base64 clears it.

    `longest`: characters of base64. The form is xterm's (OSC 52), the base64 strict (RFC 4648 §4).
    """
    match = _CLIPBOARD.fullmatch(text)
    return match is not None and len(match[1]) <= longest


def is_link(text: str) -> bool:
    """Return whether `text` is a hyperlink in the form that `link_of` gives."""
    return len(text) <= LONGEST_LINK and _UNFIT.search(text) is None and _LINK.match(text) is not None


def link_of(text: str) -> str:
    """Return the hyperlink that OSC 8 with `text`, "params;uri", starts; "" = none.

    Of the parameters an `id` that terminals take is left.
    """
    if is_link(text):
        return text
    parameters, separator, uri = text.partition(";")
    if not separator or len(text) > LONGEST_LINK:
        return ""
    for parameter in parameters.split(":"):
        if parameter.startswith("id=") and is_link(f"{parameter};{uri}"):
            return f"{parameter};{uri}"
    return f";{uri}" if is_link(f";{uri}") else ""
