"""How long a session was, in words."""

from __future__ import annotations


def duration(milliseconds: int) -> str:
    """Return how long that is in its two largest units, or seconds."""
    minutes = milliseconds // 60_000
    if not minutes:
        return f"{max(milliseconds // 1000, 1)} s"
    hours, days = minutes // 60, minutes // 1440
    if not hours:
        return f"{minutes} min"
    first, rest = (f"{days} d", f"{hours % 24} h") if days else (f"{hours} h", f"{minutes % 60} min")
    return first if rest.startswith("0 ") else f"{first} {rest}"
