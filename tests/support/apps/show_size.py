"""Fill the terminal with a frame and its size; draw anew whenever the size changes; end at `q`."""

from __future__ import annotations

import os
import signal
import termios
import tty

pictures = 0


def draw(*_: object) -> None:
    global pictures
    pictures += 1
    mine = pictures
    columns, lines = os.get_terminal_size(0)
    rows = [f"{number:03d} " + "·" * (columns - 8) + f" {number:03d}" for number in range(lines)]
    rows[lines // 2] = f"size {columns}x{lines} ".center(columns - 1)
    picture = "".join(f"\x1b[{number + 1};1H\x1b[3{number % 8}m{row}" for number, row in enumerate(rows))
    octets = ("\x1b[2J" + picture + f"\x1b[m\x1b[{lines // 2 + 1};{columns // 2}H").encode()
    # A signal may end a write before its end; with another size there is another picture, within this one.
    while octets and mine == pictures:
        octets = octets[os.write(1, octets) :]


settings = termios.tcgetattr(0)
signal.signal(signal.SIGWINCH, draw)
try:
    tty.setcbreak(0)
    os.write(1, b"\x1b[?1049h")
    draw()
    while os.read(0, 1) != b"q":
        pass
finally:
    os.write(1, b"\x1b[2J\x1b[H\x1b[?1049l")
    termios.tcsetattr(0, termios.TCSANOW, settings)
