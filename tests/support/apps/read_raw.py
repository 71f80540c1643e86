"""Read COUNT octets from the raw terminal (argument 1) and print their number and the start of their SHA-256."""

from __future__ import annotations

import hashlib
import os
import sys
import termios
import tty

wanted = int(sys.argv[1])
settings = termios.tcgetattr(0)
try:
    tty.setraw(0)
    os.write(1, b"reading\r\n")
    octets = b""
    while len(octets) < wanted:
        octets += os.read(0, 65536)
finally:
    termios.tcsetattr(0, termios.TCSAFLUSH, settings)
print(f"got {len(octets)} octets, {hashlib.sha256(octets).hexdigest()[:40]}")
