"""Snapshots through frames: what the renderer puts together looks like what the network process has."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosh_client.ipc.frames import FrameDecoder, FrameEncoder
from mosh_client.ipc.messages import Frame, decode, encode
from mosh_common.errors import PeerError
from mosh_common.terminal.cells import DEFAULT_STYLE, Modes, Palette, Row, Snapshot, Style, blank_snapshot
from mosh_common.terminal.emulator import Emulator

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
        palette.letter(Style(fg=number, bg=7))


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
