"""Random screens: programs of terminal output, for properties of the frame diff."""

from __future__ import annotations

from hypothesis import strategies as st

from mosh_common.terminal.cells import CLUSTER, EMPTY, PROTECTED, RGB, Palette, Row, Snapshot, Style, blank_snapshot
from mosh_common.terminal.screen.sgr import _CLEAR_FLAGS, _SET_FLAG

_TEXT = st.one_of(
    st.text("abcdefgh ", min_size=1, max_size=30),
    st.text(" ", min_size=1, max_size=30),
    st.text("aé日本語한ｦ─█ⅷΩЖ", min_size=1, max_size=12),
    st.lists(
        st.sampled_from(["é", "ọ̈", "a", "👍", "👍🏽", "👩\u200d💻", "❤️", "☁", "🇩🇪", "🇩", "กำ", "́", "\u200d"]),
        max_size=6,
    ).map("".join),
    st.sampled_from(["e\u0301x", "❤\ufe0fab", "👩\u200d💻!", "🇩🇪🇫🇷", "क्षि", "각", "\ue0b0 x", "\u00ad-"]),
)
_NUMBER = st.integers(0, 30)
_COLOR = st.one_of(
    st.integers(0, 7).map(lambda n: f"3{n}"),
    st.integers(0, 7).map(lambda n: f"4{n}"),
    st.integers(0, 7).map(lambda n: f"9{n}"),
    st.integers(0, 7).map(lambda n: f"10{n}"),
    st.integers(0, 255).map(lambda n: f"38;5;{n}"),
    st.integers(0, 255).map(lambda n: f"48;5;{n}"),
    st.integers(0, 255).map(lambda n: f"38;2;{n};1;2"),
    st.integers(0, 255).map(lambda n: f"48;2;0;{n};9"),
)
_FLAG = st.one_of(
    st.sampled_from(sorted({0, 4, 24, 39, 49, 59} | set(_SET_FLAG) | set(_CLEAR_FLAGS))),
    st.sampled_from(["4:2", "4:3", "58:5:9", "58:2::1:2:3"]),
)
_SEQUENCE = st.one_of(
    st.builds("\x1b[{};{}H".format, _NUMBER, _NUMBER),
    st.lists(st.one_of(_COLOR, _FLAG), min_size=1, max_size=3).map(lambda ps: "".join(f"\x1b[{p}m" for p in ps)),
    st.builds("\x1b[{}{}".format, st.integers(0, 5), st.sampled_from("XLMPST@ABCDGd")),
    st.sampled_from(
        ["\x1b[K", "\x1b[1K", "\x1b[J", "\x1b[1J", "\x1b[2J", "\x1bM", "\x1bD", "\x1bE", "\x1b[4h", "\x1b[4l"]
    ),
    st.sampled_from(["\r\n", "\n", "\r", "\b", "\t", "\r\n\r\n"]),
    st.builds("\x1b[{};{}r".format, st.integers(1, 6), st.integers(4, 12)),
    st.builds("\x1b]8;{};{}\x07".format, st.sampled_from(["", "id=1"]), st.sampled_from(["", "http://a", "file:///b"])),
    st.builds("\x1b]{};{}\x07".format, st.sampled_from("012"), st.text("abc é中", max_size=8)),
    st.builds("\x1b]52;{};{}\x07".format, st.sampled_from(["c", "p", ""]), st.sampled_from(["aGk=", "eA=="])),
    st.builds(
        "\x1b[?{}{}".format,
        st.sampled_from([5, 25, 2004, 9, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1015, 1007, 7, 6, 1049]),
        st.sampled_from("hl"),
    ),
    st.builds("\x1b[{} q".format, st.integers(0, 6)),
    st.just("\a"),
    st.just("\x1b[!p"),
    st.just("\x1b(0lqk\x1b(B"),
    st.sampled_from(['\x1b[1"q', '\x1b[0"q']),
)
programs = st.lists(st.one_of(_TEXT, _TEXT, _SEQUENCE), max_size=40).map("".join)


def with_own_palette(snapshot: Snapshot) -> Snapshot:
    """Return the same screen, with which a terminal can go on without another that does so too noticing it."""
    palette = Palette()
    for style in snapshot.palette.styles[1:]:
        palette.letter(style)
    return snapshot._replace(palette=palette)


def many_coloured(columns: int, lines: int) -> Snapshot:
    """Return a screen full of clusters in two colours each, without the time that an emulator takes to paint it."""
    blank = blank_snapshot(columns, lines)
    colors = [RGB | number * 0x0107 for number in range(columns * lines)]
    letters = "".join(blank.palette.letter(Style(fg=color, bg=color ^ 0x7F7F7F)) for color in colors)
    clusters = dict.fromkeys(range(columns), "e\u0301")
    rows = (letters[at : at + columns] for at in range(0, len(letters), columns))
    return blank._replace(rows=tuple((CLUSTER * columns, row, True, clusters) for row in rows))


def canonical(snapshot: Snapshot) -> tuple[object, ...]:
    """Return what two equal screens have in common, in a form that pytest can show the differences of.

    EMPTY is a blank of the same style; protection and a pending wrap are nobody else's business; the wrap of the
    bottom row leads nowhere.
    """
    styles = [style._replace(flags=style.flags & ~PROTECTED) for style in snapshot.palette.styles]

    def cells(row: Row, is_last: bool) -> tuple[object, ...]:
        text, letters, wrapped, clusters = row
        return (
            text.replace(EMPTY, " "),
            [styles[ord(letter)] for letter in letters],
            wrapped and not is_last,
            {column: clusters[column] for column, char in enumerate(text) if char == "\x02"},
        )

    return (
        snapshot.columns,
        snapshot.lines,
        [cells(row, index == snapshot.lines - 1) for index, row in enumerate(snapshot.rows)],
        (snapshot.cursor_row, snapshot.cursor_column),
        Style(*snapshot.style)._replace(flags=snapshot.style.flags & ~PROTECTED),
        snapshot.title,
        snapshot.icon_name,
        snapshot.title_set,
        snapshot.clipboard,
        snapshot.bell_count,
        snapshot.modes,
    )
