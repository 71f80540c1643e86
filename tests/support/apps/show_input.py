"""Switch on the private modes given as arguments, show each octet that comes in hexadecimal; end at a `q`."""

from __future__ import annotations

import os
import sys
import termios
import tty

modes = sys.argv[1:]
settings = termios.tcgetattr(0)
try:
    tty.setraw(0)
    os.write(1, "".join(f"\x1b[?{mode}h" for mode in modes).encode() + b"listening\r\n")
    ended = False
    while not ended:
        octets = os.read(0, 1024)
        ended = b"q" in octets
        os.write(1, octets.hex().encode())
finally:
    # Before it is said: what is typed once that is seen shall not be thrown away.
    termios.tcsetattr(0, termios.TCSAFLUSH, settings)
    os.write(1, b"\r\nover\r\n" + "".join(f"\x1b[?{mode}l" for mode in reversed(modes)).encode())
