"""What ssh ends with when it is ssh that failed, and not the command on the other machine."""

from __future__ import annotations

from typing import Final

SSH_FAILED_EXIT: Final = 255  # ssh(1), EXIT STATUS: of the command, or 255 if an error occurred
