"""Our emulator behind the interface of the shared conformance runner (see its README)."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "common"))

from mosh_common.terminal import cells  # the runner knows nothing of our packages
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.screen.pyte_views import row_text

FLAGS = {
    "bold": cells.BOLD,
    "faint": cells.FAINT,
    "italic": cells.ITALIC,
    "blink": cells.BLINK,
    "inverse": cells.INVERSE,
    "invisible": cells.INVISIBLE,
    "strike": cells.STRIKE,
}
MOUSE = {0: "none", 9: "press", 1000: "press_release", 1001: "press_release", 1002: "button_motion"}


def color(value: int) -> int | str | None:
    """Return a colour as the runner writes it."""
    if value == cells.DEFAULT_COLOR:
        return None
    return f"#{value & 0xFFFFFF:06x}" if value & cells.RGB else value


class Adapter:
    """One emulator. Rows and columns count from 0; `replies` takes what it has answered since it was called last."""

    def __init__(self, cols: int, rows: int) -> None:
        # DECRQCRA is part of what is measured, and the screens are the cases' own: nobody's text can be read here.
        self.emulator = Emulator(cols, rows, checksums=True)

    def feed(self, data: bytes) -> None:
        self.emulator.feed(data)

    def resize(self, cols: int, rows: int) -> None:
        self.emulator.resize(cols, rows)

    def text(self) -> list[str]:
        return [row_text(row) for row in self.emulator.snapshot().rows]

    def cursor(self) -> tuple[int, int]:
        snapshot = self.emulator.snapshot()
        return snapshot.cursor_row, snapshot.cursor_column

    def attrs(self, row: int, col: int) -> dict[str, object]:
        snapshot = self.emulator.snapshot()
        style = snapshot.palette.styles[ord(snapshot.rows[row][1][col])]
        tail = snapshot.rows[row][0][col] == cells.WIDE_TAIL
        found: dict[str, object] = {name: bool(style.flags & flag) for name, flag in FLAGS.items()}
        found.update(fg=color(style.fg), bg=color(style.bg), underline=style.underline > 0)
        found["ch"] = "" if tail else cells.cell_text(snapshot.rows[row], col) or " "
        return found

    def replies(self) -> bytes:
        return self.emulator.replies()

    def title(self) -> str:
        return self.emulator.snapshot().title

    def modes(self) -> dict[str, object]:
        modes = self.emulator.snapshot().modes
        return {
            "hide_cursor": not modes.cursor_visible,
            "bracketed_paste": modes.bracketed_paste,
            "application_cursor": self.emulator.application_cursor_keys,
            "application_keypad": self.emulator.application_keypad,
            "mouse": MOUSE.get(modes.mouse_tracking, "any_motion"),
            "mouse_enc": {1006: "sgr", 1005: "utf8"}.get(modes.mouse_encoding, "default"),
        }
