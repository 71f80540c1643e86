"""What there is to know of a terminal, as short texts by name, in the words of the cases (README.md).

Expected and seen facts are both made here, so that two that mean the same are the same text, and a test that fails
can show the two side by side.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, Final, TypeAlias

from mosh_common.terminal.cells import (
    BLINK,
    BOLD,
    DEFAULT_COLOR,
    DEFAULT_STYLE,
    FAINT,
    HIGHEST_INDEX,
    INVERSE,
    INVISIBLE,
    ITALIC,
    MOUSE_ENCODING,
    MOUSE_TRACKING,
    OVERLINE,
    PROTECTED,
    RGB,
    STRIKE,
    WIDE_TAIL,
    Modes,
    Row,
    Snapshot,
    Style,
    cell_text,
)
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.width import text_width

Facts: TypeAlias = Mapping[str, str]

FLAGS: Final = {
    "bold": BOLD, "faint": FAINT, "italic": ITALIC, "blink": BLINK, "inverse": INVERSE, "invisible": INVISIBLE,
    "strike": STRIKE, "overline": OVERLINE, "protected": PROTECTED,
}  # fmt: skip
UNDERLINES: Final = ("none", "single", "double", "curly", "dotted", "dashed")  # as Style.underline counts
COLORS: Final = {"fg": "fg", "bg": "bg", "underline-color": "underline_color"}
MODES: Final = {
    "reverse-video": Modes(reverse_video=True),
    "cursor-hidden": Modes(cursor_visible=False),
    "bracketed-paste": Modes(bracketed_paste=True),
    "focus": Modes(focus_events=True),
    "alternate-scroll": Modes(alternate_scroll=True),
    **{f"mouse={number}": Modes(mouse_tracking=number) for number in MOUSE_TRACKING},
    **{f"encoding={number}": Modes(mouse_encoding=number) for number in MOUSE_ENCODING},
    **{f"shape={number}": Modes(cursor_shape=number) for number in range(1, 7)},
}
SERVER_MODES: Final = ("cursor-keys", "keypad", "synchronized", "alternate-screen")

# What a frame does not carry: a client does not know it.
ONLY_ON_THE_SERVER: Final = frozenset(("server-modes", "answer", "skipped", "clipboard-too-long"))


def visible(text: str) -> str:
    """Return `text` with what cannot be seen as escapes, as the cases write it."""
    return "".join([_visible(char) for char in text])


def _visible(char: str) -> str:
    if char == "\x1b":
        return "\\e"
    if char == "\\":
        return "\\\\"
    if char == " " or (char.isprintable() and not unicodedata.category(char).startswith("M")):
        return char
    return f"\\x{ord(char):02x}" if char < "\x7f" else f"\\u{{{ord(char):x}}}"


# --- renditions


def style_of(words: Iterable[str]) -> Style:
    """Return the style that words such as `bold fg=1 underline=curly` say. Raises ValueError for others."""
    style = DEFAULT_STYLE
    for word in words:
        name, equals, value = word.partition("=")
        if name in FLAGS and not equals:
            style = style._replace(flags=style.flags | FLAGS[name])
        elif name == "underline":
            kind = value if equals else "single"
            if kind not in UNDERLINES:
                raise ValueError(f"underline={value} is none of {', '.join(UNDERLINES)}")
            style = style._replace(underline=UNDERLINES.index(kind))
        elif name in COLORS and equals:
            color: dict[str, Any] = {COLORS[name]: _color_of(value)}
            style = style._replace(**color)
        elif name == "link" and equals:
            style = style._replace(link=value)
        else:
            raise ValueError(f"{word!r} is no rendition")
    return style


def _color_of(text: str) -> int:
    if text.startswith("#") and len(text) == 7:
        return RGB | int(text[1:], 16)
    if text.isdecimal() and int(text) <= HIGHEST_INDEX:
        return int(text)
    raise ValueError(f"{text!r} is no colour: 0 to 255, or #rrggbb")


def _color_text(color: int) -> str:
    return f"#{color & 0xFFFFFF:06x}" if color & RGB else str(color)


def style_text(style: Style) -> str:
    """Return the words for `style`; "" for the default one."""
    words = [name for name, flag in FLAGS.items() if style.flags & flag]
    if style.underline:
        words.append("underline" if style.underline == 1 else f"underline={UNDERLINES[style.underline]}")
    for name, field in COLORS.items():
        color = getattr(style, field)
        if color != DEFAULT_COLOR:
            words.append(f"{name}={_color_text(color)}")
    if style.link:
        words.append(f"link={style.link}")
    return " ".join(words)


def styles_text(styles: Iterable[Style]) -> str:
    """Return the columns of a row, counted from 1, whose style is not the default one, each with its words."""
    parts, column = [], 1
    for style, same in groupby(styles):
        end = column + len(list(same))
        if style != DEFAULT_STYLE:
            columns = str(column) if end == column + 1 else f"{column}-{end - 1}"
            parts.append(f"{columns} {style_text(style)}")
        column = end
    return "; ".join(parts)


# --- the other facts


def row_text(text: str, columns: int, *, wraps: bool) -> str:
    """Return a row of that text. Raises ValueError if it has no room."""
    width = text_width(text)
    if width > columns:
        raise ValueError(f"{width} columns in a row of {columns}")
    return f"|{visible(text)}{' ' * (columns - width)}{'>' if wraps else '|'}"


def cursor_text(row: int, column: int, *, pending: bool) -> str:
    """Return where the cursor is, counted from 1; `pending`: the next character wraps first."""
    return f"{row} {column}{' pending' if pending else ''}"


def modes_text(words: Iterable[str]) -> tuple[str, str]:
    """Return what words say of the modes that frames carry, and of the server's own. Raises ValueError for others."""
    chosen = set(words)
    unknown = chosen - MODES.keys() - set(SERVER_MODES)
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))}: no mode; there are {', '.join((*MODES, *SERVER_MODES))}")
    return (
        " ".join([word for word in MODES if word in chosen]),
        " ".join([word for word in SERVER_MODES if word in chosen]),
    )


def _words_for(modes: Modes) -> list[str]:
    defaults = Modes()
    return [
        word
        for word, said in MODES.items()
        if any(value == given != default for value, given, default in zip(modes, said, defaults, strict=True))
    ]


def facts_of_snapshot(snapshot: Snapshot) -> dict[str, str]:
    """Return the facts that a frame carries, and whether a wrap is pending."""
    facts = {"size": f"{snapshot.columns} {snapshot.lines}"}
    for number, row in enumerate(snapshot.rows, 1):
        facts[f"row {number}"] = _row(row, snapshot.columns)
        facts[f"styles {number}"] = styles_text([snapshot.palette.styles[ord(letter)] for letter in row[1]])
    facts["cursor"] = cursor_text(snapshot.cursor_row + 1, snapshot.cursor_column + 1, pending=snapshot.wrap_pending)
    facts["pen"] = style_text(snapshot.style)
    facts["modes"] = modes_text(_words_for(snapshot.modes))[0]
    facts["title"] = visible(snapshot.title)
    facts["icon"] = visible(snapshot.icon_name)
    facts["title was set"] = "yes" if snapshot.title_set else "no"
    facts["clipboard"] = snapshot.clipboard
    facts["bells"] = str(snapshot.bell_count)
    return facts


def _row(row: Row, columns: int) -> str:
    cells = [cell_text(row, column) or " " for column in range(columns) if row[0][column] != WIDE_TAIL]
    return row_text("".join(cells), columns, wraps=row[2])


def facts_of_emulator(emulator: Emulator, *, reads_frames: bool) -> Facts:
    """Return all facts; takes the answers that wait. What was skipped is counted for frames only."""
    snapshot = emulator.snapshot()
    server_modes = {
        "cursor-keys": emulator.application_cursor_keys,
        "keypad": emulator.application_keypad,
        "synchronized": emulator.in_synchronized_update,
        "alternate-screen": emulator.screen.alternate,
    }
    return {
        **facts_of_snapshot(snapshot),
        "server-modes": " ".join([name for name, is_set in server_modes.items() if is_set]),
        "answer": visible(emulator.replies().decode()),
        "clipboard-too-long": str(emulator.take_refused_clipboard()),
        "skipped": str(emulator.skipped) if reads_frames else "0",
    }


def carried_by_frames(facts: Facts) -> Facts:
    """Return what of `facts` a client comes to know: no wrap that is pending, or in the bottom row; no protection."""
    lines = int(facts["size"].partition(" ")[2])
    carried = {name: text for name, text in facts.items() if name not in ONLY_ON_THE_SERVER}
    carried["cursor"] = carried["cursor"].removesuffix(" pending")
    carried[f"row {lines}"] = carried[f"row {lines}"][:-1] + "|"
    for name in ("pen", *(f"styles {number}" for number in range(1, lines + 1))):
        if "protected" in carried[name]:
            carried[name] = _without_protection(carried[name])
    return carried


def _without_protection(text: str) -> str:
    """Return the styles of a row, or the pen, without the word `protected`, and what then is the default one."""
    parts = [[word for word in part.split(" ") if word != "protected"] for part in text.split("; ")]
    return "; ".join([" ".join(words) for words in parts if words and not (len(words) == 1 and words[0][0].isdigit())])


LONGEST_SHOWN: Final = 60  # characters of a fact; of a longer one what is around the first difference


def side_by_side(expected: Facts, seen: Facts) -> str:
    """Return the facts that matter, expected and seen next to each other, with a mark where they differ."""
    names = [name for name in {**expected, **seen} if expected.get(name) != seen.get(name) or _tells(name, expected)]
    lines = [("", "expected", "seen", "")]
    for name in names:
        wanted, found = expected.get(name, "-"), seen.get(name, "-")
        start = _same_from_the_start(wanted, found) - LONGEST_SHOWN // 2
        lines.append((name, _cut(wanted, start), _cut(found, start), "" if wanted == found else "<<<"))
    widths = [max(_columns(line[column]) for line in lines) for column in range(3)]
    return "\n".join(
        "  ".join(
            [text + " " * (width - _columns(text)) for text, width in zip(line, (*widths, 0), strict=True)]
        ).rstrip()
        for line in lines
    )


def _same_from_the_start(one: str, other: str) -> int:
    """Return how many characters are the same."""
    for count, (char, its) in enumerate(zip(one, other, strict=False)):
        if char != its:
            return count
    return min(len(one), len(other))


def _cut(text: str, start: int) -> str:
    """Return `text`, or of a long one what stands from `start` on."""
    if len(text) <= LONGEST_SHOWN:
        return text
    start = min(max(start, 0), len(text) - LONGEST_SHOWN)
    return (
        f"{'…' if start else ''}{text[start : start + LONGEST_SHOWN]}{'…' if start + LONGEST_SHOWN < len(text) else ''}"
    )


def _tells(name: str, facts: Facts) -> bool:
    return name.startswith(("row ", "cursor")) or facts.get(name, "") not in ("", "0", "no")


def _columns(text: str) -> int:
    return text_width(text)
