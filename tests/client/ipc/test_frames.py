"""Snapshots through frames: what the renderer puts together looks like what the network process has."""

from __future__ import annotations

import itertools
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.screens import many_coloured

from mosh_client.ipc import messages
from mosh_client.ipc.frames import PORTION_OCTETS, FrameDecoder, FrameEncoder, portions
from mosh_client.ipc.messages import LONGEST_TO_RENDERER_OCTETS, Frame, decode, encode
from mosh_client.ipc.screen_fields import LONGEST_CLUSTER_OCTETS
from mosh_common.errors import PeerError
from mosh_common.terminal.cells import (
    CLUSTER,
    DEFAULT_STYLE,
    LINKS_LIMIT_OCTETS,
    RGB,
    Modes,
    Palette,
    Row,
    Snapshot,
    Style,
    blank_snapshot,
)
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.payloads import LONGEST_LINK
from mosh_common.wire.size import CELLS_LIMIT, SIDE_LIMIT

SIZE = (20, 5)
OUTPUT = [
    b"hello",
    b"\r\n",
    b"\x1b[31mred\x1b[0m",
    b"\x1b[1;38;2;1;2;3mtrue\x1b[m",
    "漢字".encode(),
    "e\u0301".encode(),
    b"\x1b[2J\x1b[H",
    b"\x1b]0;title\x07",
    b"\x1b]52;c;aGVsbG8=\x07",
    b"\a",
    b"\x1b[?1000h\x1b[?25l",
    b"\x1b[3;7H",
    b"\x1b[4mlink\x1b]8;;http://x/\x1b\\ed\x1b]8;;\x1b\\",
]


def looks(snapshot: Snapshot) -> tuple[object, ...]:
    """All that is drawn, independent of how the palette letters its styles."""
    styles = snapshot.palette.styles
    rows = [(text, [styles[ord(each)] for each in letters], *rest) for text, letters, *rest in snapshot.rows]
    return (rows, *snapshot[:2], *snapshot[4:6], *snapshot[7:])


def transfer(encoder: FrameEncoder, decoder: FrameDecoder, snapshot: Snapshot) -> Snapshot:
    frame = encoder.encode(snapshot)
    assert frame is not None
    received = decode(encode(frame))
    assert isinstance(received, Frame)
    return decoder.apply(received)


def transfer_in_portions(encoder: FrameEncoder, decoder: FrameDecoder, snapshot: Snapshot) -> tuple[Snapshot, int]:
    """Send `snapshot` as the channel does; return what the renderer has at the end, and how many messages it took."""
    frame = encoder.encode(snapshot)
    assert frame is not None
    parts = portions(frame)
    assert [part.more for part in parts] == [True] * (len(parts) - 1) + [False]
    for part in parts:
        octets = encode(part)
        assert len(octets) <= LONGEST_TO_RENDERER_OCTETS
        received = decode(octets)
        assert isinstance(received, Frame)
        seen = decoder.apply(received)
    return seen, len(parts)


def worst_row(columns: int, palette: Palette, first: int) -> Row:
    """A row in which each cell has a style of its own, and as many code points as a cell may have."""
    grapheme = "e" + "\u0301" * ((LONGEST_CLUSTER_OCTETS - 1) // 2)
    letters = "".join(chr((first + column) % len(palette.styles)) for column in range(columns))
    return (CLUSTER * columns, letters, True, dict.fromkeys(range(columns), grapheme))


@cache
def worst_palette() -> Palette:
    """A palette with as many styles, and as many octets of hyperlinks, as a frame's emulator keeps."""
    palette = Palette()
    while palette.link_octets + LONGEST_LINK <= 2 * LINKS_LIMIT_OCTETS:
        palette.letter(Style(link=f";http://{len(palette.styles)}/".ljust(LONGEST_LINK, "x")))
    color = RGB | 0xFFFFFF
    while not palette.full:
        palette.letter(Style(color - len(palette.styles), color, 255, 5, color))
    return palette


def test_the_worst_screen_that_can_be_goes_in_messages_that_are_short_enough() -> None:
    palette = worst_palette()
    lines = CELLS_LIMIT // SIDE_LIMIT
    rows = tuple(worst_row(SIDE_LIMIT, palette, 17 * line) for line in range(lines))
    screen = Snapshot(SIDE_LIMIT, lines, rows, palette)
    frame = FrameEncoder().encode(screen)
    assert frame is not None
    parts = portions(frame)
    assert len(parts) > 10
    assert [line for part in parts for line, _ in part.rows] == list(range(lines))
    assert tuple(style for part in parts for style in part.styles) == tuple(palette.styles)
    assert max(len(encode(part)) for part in parts) <= LONGEST_TO_RENDERER_OCTETS


def test_a_screen_in_portions_is_put_together_and_so_is_what_follows() -> None:
    encoder, decoder, palette = FrameEncoder(), FrameDecoder(), worst_palette()
    blank = blank_snapshot(SIDE_LIMIT, 20)._replace(title="kept", title_set=True)
    transfer_in_portions(encoder, decoder, blank)
    rows = tuple(worst_row(SIDE_LIMIT, palette, 17 * line) for line in range(20))
    screen = blank._replace(rows=rows, palette=palette, cursor_row=3, clipboard="c;aGk=", bell_count=2)
    seen, count = transfer_in_portions(encoder, decoder, screen)
    assert count > 3
    assert looks(seen) == looks(screen)
    changed = screen._replace(rows=(*rows[1:], rows[0]), title="new")
    seen, count = transfer_in_portions(encoder, decoder, changed)
    assert count > 1
    assert looks(seen) == looks(changed)


def test_usual_frames_go_in_one_message() -> None:
    frame = FrameEncoder().encode(many_coloured(200, 60))
    assert frame is not None
    assert portions(frame) == [frame]


def test_a_portion_is_no_longer_than_a_message_with_all_that_it_may_hold() -> None:
    palette = worst_palette()
    row = worst_row(SIDE_LIMIT, palette, 0)
    frame = FrameEncoder().encode(Snapshot(SIDE_LIMIT, 1, (row,), palette))
    assert frame is not None
    for part in portions(frame):
        assert len(encode(part)) <= PORTION_OCTETS + messages.LONGEST_INPUT_OCTETS


@given(st.lists(st.tuples(st.sampled_from(OUTPUT), st.booleans()), max_size=30))
def test_the_renderer_sees_what_the_server_shows(steps: list[tuple[bytes, bool]]) -> None:
    emulator, encoder, decoder = Emulator(*SIZE), FrameEncoder(), FrameDecoder()
    for number, (output, overlay) in enumerate(steps):
        emulator.feed(output)
        snapshot = emulator.snapshot()
        frame = encoder.encode(snapshot)
        if frame is None:
            continue
        seen = decoder.apply(frame)
        assert looks(seen) == looks(snapshot)
        if overlay:
            seen.palette.letter(Style(fg=100 + number))  # as predictions and notices do


def test_nothing_new_makes_no_frame() -> None:
    emulator, encoder = Emulator(*SIZE), FrameEncoder()
    assert encoder.encode(emulator.snapshot()) is not None
    assert encoder.encode(emulator.snapshot()) is None


def test_only_rows_that_changed_travel() -> None:
    emulator, encoder = Emulator(*SIZE), FrameEncoder()
    encoder.encode(emulator.snapshot())
    emulator.feed(b"\x1b[3;1Hx")
    frame = encoder.encode(emulator.snapshot())
    assert frame is not None
    assert [line for line, _ in frame.rows] == [2]
    assert not frame.whole
    assert (frame.styles, frame.title, frame.clipboard) == ((), None, None)


def test_a_new_size_is_a_whole_frame() -> None:
    emulator, encoder, decoder = Emulator(*SIZE), FrameEncoder(), FrameDecoder()
    emulator.feed(b"one\r\ntwo\x1b]0;title\x07")
    transfer(encoder, decoder, emulator.snapshot())
    emulator.resize(30, 7)
    assert looks(transfer(encoder, decoder, emulator.snapshot())) == looks(emulator.snapshot())


def test_a_new_palette_is_a_whole_frame() -> None:
    encoder, decoder = FrameEncoder(), FrameDecoder()
    old, new = blank_snapshot(3, 1), blank_snapshot(3, 1)
    old.palette.letter(Style(fg=1))
    letter = new.palette.letter(Style(fg=2))
    transfer(encoder, decoder, old)
    new = new._replace(rows=(("abc", letter * 3, False, {}),))
    assert looks(transfer(encoder, decoder, new)) == looks(new)


def test_styles_of_predictions_do_not_mix_with_those_of_the_server() -> None:
    encoder, decoder = FrameEncoder(), FrameDecoder()
    screen = blank_snapshot(3, 1)
    seen = transfer(encoder, decoder, screen)
    seen.palette.letter(Style(fg=99))
    letter = screen.palette.letter(Style(fg=1))
    screen = screen._replace(rows=(("abc", letter * 3, False, {}),))
    seen = transfer(encoder, decoder, screen)
    assert looks(seen) == looks(screen)


def fill(palette: Palette) -> None:
    for number in itertools.count():
        if palette.full:
            return
        palette.letter(Style(fg=RGB | number, bg=7))


def test_a_full_palette_crosses_whole_and_in_parts() -> None:
    emulator, encoder, decoder = Emulator(8, 1), FrameEncoder(), FrameDecoder()
    emulator.feed(b"\x1b[31mabcdefgh")
    screen = emulator.snapshot()
    transfer(encoder, decoder, screen)
    fill(screen.palette)
    assert len(screen.palette.styles) == Palette.LIMIT
    letters = "\x00\x01\ud7ff\ue000\ue001\ufffe\uffff\ue000"  # around the surrogates, which are no letters
    screen = screen._replace(rows=(("abcdefgh", letters, False, {}),))
    assert looks(transfer(encoder, decoder, screen)) == looks(screen)
    assert looks(transfer(FrameEncoder(), FrameDecoder(), screen)) == looks(screen)


def test_a_palette_that_predictions_filled_up_is_renewed() -> None:
    encoder, decoder = FrameEncoder(), FrameDecoder()
    screen = blank_snapshot(2, 2)
    red = screen.palette.letter(Style(fg=1))
    screen = screen._replace(rows=(("ab", red * 2, False, {}), ("cd", "\x00" * 2, False, {})))
    seen = transfer(encoder, decoder, screen)
    fill(seen.palette)
    green = screen.palette.letter(Style(fg=2))
    screen = screen._replace(rows=(screen.rows[0], ("ef", green * 2, False, {})))
    assert looks(transfer(encoder, decoder, screen)) == looks(screen)


def change(rows: tuple[tuple[int, Row], ...] = (), *, columns: int = 2, styles: tuple[Style, ...] = ()) -> Frame:
    return Frame(False, columns, 1, styles, rows, 0, 0, DEFAULT_STYLE, 0, Modes(), None, None)


@pytest.mark.parametrize(
    "frame",
    [
        change(columns=3),
        change(((0, ("ab", "\x00\x01", False, {})),)),
        change(styles=tuple(Style(fg=number) for number in range(Palette.LIMIT))),
    ],
    ids=["another size", "unknown style", "too many styles"],
)
def test_a_change_that_does_not_fit_is_refused(frame: Frame) -> None:
    encoder, decoder = FrameEncoder(), FrameDecoder()
    transfer(encoder, decoder, blank_snapshot(2, 1))
    with pytest.raises(PeerError):
        decoder.apply(frame)
