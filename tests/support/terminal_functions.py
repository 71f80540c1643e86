"""A scanner of what is written to a terminal: every octet has to belong to a function that is on the list.

Shares no code with what it judges. Nothing on the list makes a terminal answer but the questions for the cursor's
shape, some modes and synchronized updates, each once; nothing lets it read anything, and no string but these and
OSC 0, 1, 2, 8 and 52 is opened. ECMA-48 §5 for the forms, xterm's control sequences for the functions.
"""

from __future__ import annotations

import base64
import re
from typing import Final

LONGEST_TITLE: Final = 254
LONGEST_CLIPBOARD: Final = 16_384
LONGEST_LINK: Final = 2048

_CONTROLS: Final = "\a\b\n\r\x0f"  # BEL, BS, LF, CR, SI
_ESCAPES: Final = ("M", "(B")  # RI; G0 is ASCII
_MODES: Final = {"1", "5", "6", "7", "9", "25", "1000", "1001", "1002", "1003", "1004", "1005", "1006", "1007", "1015"}
_MODES_OF_FRAMES: Final = {"2004", "2026"}
_SCHEMES: Final = ("http", "https", "ftp", "mailto", "file", "ssh", "sftp")

# Control sequences: what may stand between CSI and the end.
_SEQUENCES: Final = [
    re.compile(each)
    for each in (
        r"[0-9]*[@ABCDGKLMPSTX]",  # ICH CUU CUD CUF CUB CHA EL IL DL DCH SU SD ECH
        r"[0-9]*(;[0-9]+)?H",  # CUP
        r"2J",  # ED
        r"([0-9]*;[0-9]+)?r",  # DECSTBM
        r"[0-9;]*m",  # SGR
        r"4:[2-5]m",
        r"58:(5:[0-9]+|2::[0-9]+:[0-9]+:[0-9]+)m",
        r"[0-6] q",  # DECSCUSR
        r"4l",  # IRM off
        rf"\?({'|'.join(sorted(_MODES | _MODES_OF_FRAMES))})[hl]",
        r"2[23];0t",  # the title onto the terminal's stack, and back
    )
]
# DECRQM, each once
_QUESTIONS: Final = ("?1$p", "?5$p", "?7$p", "?1004$p", "?1007$p", "?2004$p", "?2026$p")
_SHAPE_QUESTION: Final = "P$q q\x1b\\"  # DECRQSS of DECSCUSR, once


class Forbidden(AssertionError):
    """Something that no terminal may be sent."""


def scan(output: bytes) -> list[str]:
    """Return the functions in `output`, each as it was written, text left out. Raises Forbidden."""
    text = output.decode("utf-8")
    functions: list[str] = []
    position = 0
    while position < len(text):
        char = text[position]
        if char == "\x1b":
            end = _end_of_function(text, position + 1)
            functions.append(text[position:end])
            position = end
            continue
        if (char < " " and char not in _CONTROLS) or "\x7f" <= char <= "\x9f":
            raise Forbidden(f"control character {char!r}")
        if char < " ":
            functions.append(char)
        position += 1
    for question in (f"\x1b{_SHAPE_QUESTION}", *(f"\x1b[{each}" for each in _QUESTIONS)):
        if functions.count(question) > 1:
            raise Forbidden("the same question twice")
    return functions


def _end_of_function(text: str, position: int) -> int:
    if text.startswith("[", position):
        match = re.compile(r"\[([0-?]*[ -/]*[@-~])").match(text, position)
        if match is None:
            raise Forbidden(f"no control sequence: {text[position : position + 20]!r}")
        if match[1] not in _QUESTIONS and not any(each.fullmatch(match[1]) for each in _SEQUENCES):
            raise Forbidden(f"control sequence {match[1]!r}")
        return match.end()
    if text.startswith("]", position):
        match = re.compile("\\]([^\x00-\x1f\x7f-\x9f]*)(?:\a|\x1b\\\\)").match(text, position)
        if match is None:
            raise Forbidden(f"no operating system command: {text[position : position + 20]!r}")
        _check_command(match[1])
        return match.end()
    for escape in (*_ESCAPES, _SHAPE_QUESTION):
        if text.startswith(escape, position):
            return position + len(escape)
    raise Forbidden(f"escape sequence, or a string: {text[position : position + 20]!r}")


def _check_command(command: str) -> None:
    number, _, rest = command.partition(";")
    if number in ("0", "1", "2"):
        if len(rest) > LONGEST_TITLE:
            raise Forbidden(f"a title of {len(rest)} characters")
    elif number == "8":
        _check_link(rest)
    elif number == "52":
        selection, _, data = rest.partition(";")
        if set(selection) - set("cpqs01234567") or len(selection) > 12 or len(data) > LONGEST_CLIPBOARD:
            raise Forbidden(f"selection {selection!r} or {len(data)} characters of a clipboard")
        try:
            base64.b64decode(data, validate=True)
        except ValueError:
            raise Forbidden(f"no base64: {data[:20]!r}") from None
    else:
        raise Forbidden(f"operating system command {command[:20]!r}")


def _check_link(link: str) -> None:
    if link == ";":
        return
    parameters, _, uri = link.partition(";")
    scheme = uri.partition(":")[0].lower()
    if scheme not in _SCHEMES or len(link) > LONGEST_LINK:
        raise Forbidden(f"a link to {uri[:20]!r} of {len(link)} characters")
    if parameters and (not parameters.startswith("id=") or not 1 <= len(parameters) - 3 <= 250 or ":" in parameters):
        raise Forbidden(f"a link with the parameters {parameters[:20]!r}")
