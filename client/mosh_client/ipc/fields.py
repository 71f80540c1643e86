"""Fields of a message: name, bounds as docs/ipc.md gives them, and what holds a value against both.

A field's `check` takes what msgpack made of the octets and returns the value, or raises PeerError: either side may be
one that an attacker got into. Knows no message.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from mosh_common.errors import PeerError

LARGEST_COUNT: Final = (1 << 63) - 1  # what msgpack and every peer can hold

# SECURITY: what reaches the terminal is drawn from texts, so no control character may be among them (C0, DEL, C1), nor
# a surrogate, which no encoder accepts. Test: test_a_cell_may_not_hold_a_control_character.
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Field(NamedTuple):
    """One field of a message."""

    name: str  # the attribute's
    bounds: str  # as docs/ipc.md gives them
    check: Callable[[Any], Any]  # msgpack's value → the value; raises PeerError
    pack: Callable[[Any], Any] | None = None  # the value → what msgpack takes; None: it takes the value as it is


def integer(name: str, low: int = 0, high: int = LARGEST_COUNT, *, bounds: str = "") -> Field:
    """Return a field for integers of `low` to `high`; `bounds` says it better, where more is checked elsewhere."""
    bounds = bounds or (f"≥ {low}" if high == LARGEST_COUNT else f"{low}–{_number(high)}")

    def check(value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise PeerError(f"{name} is not an integer, {bounds}")
        return value

    return Field(name, bounds, check)


def boolean(name: str) -> Field:
    """Return a field for true and false; integers are not booleans."""

    def check(value: Any) -> bool:
        if type(value) is not bool:
            raise PeerError(f"{name} is not true or false")
        return value

    return Field(name, "true or false", check)


def text(name: str, longest: int) -> Field:
    """Return a field for texts of at most `longest` characters, none of them a control character."""

    def check(value: Any) -> str:
        return checked_text(value, longest, name)

    return Field(name, f"≤ {_number(longest)} characters", check)


def octets(name: str, longest: int) -> Field:
    """Return a field for 1 to `longest` octets."""

    def check(value: Any) -> bytes:
        if type(value) is not bytes or not 1 <= len(value) <= longest:
            raise PeerError(f"{name} is not 1–{longest} octets")
        return value

    return Field(name, f"1–{_number(longest)} octets", check)


def optional(field: Field) -> Field:
    """Return `field`, or nil in its place."""
    inner = field.check

    def check(value: Any) -> Any:
        return None if value is None else inner(value)

    return field._replace(bounds=f"{field.bounds}, or nil", check=check)


def array(name: str, each: Field, most: int) -> Field:
    """Return a field for at most `most` values of which each is an `each`."""
    inner = each.check

    def check(value: Any) -> tuple[Any, ...]:
        if len(checked_array(value, name)) > most:
            raise PeerError(f"{len(value)} {name}, at most {most} expected")
        return tuple([inner(item) for item in value])

    return Field(name, f"≤ {_number(most)}, each {each.bounds}", check)


# --- Parts of fields, where each call counts ------------------------------------------------------------------------


def checked_boolean(value: Any, name: str) -> bool:
    """Return `value` if it is true or false. Raises PeerError."""
    if type(value) is not bool:
        raise PeerError(f"{name} is not true or false")
    return value


def checked_text(value: Any, longest: int, name: str) -> str:
    """Return `value` if it is a text within bounds, without control characters. Raises PeerError."""
    if type(value) is not str or len(value) > longest:
        raise PeerError(f"{name} is not a text of at most {longest} characters")
    if _CONTROL.search(value):
        raise PeerError(f"control character in {name}")
    return value


def checked_array(value: Any, name: str, length: int | None = None) -> tuple[Any, ...]:
    """Return `value` if it is an array, of that length. Raises PeerError."""
    if type(value) is not tuple or (length is not None and len(value) != length):
        raise PeerError(f"{name} is not an array" + (f" of {length}" if length is not None else ""))
    return value


def _number(value: int) -> str:
    """Return a number as docs/ipc.md writes it."""
    return f"{value:,}" if value >= 10_000 else str(value)
