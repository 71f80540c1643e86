"""What the probe measured of the way to a server, checked, and in words.

Pure. SECURITY: the probe reads what a host sends, so of its answer only what is bounded and of the right kind counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from mosh_bootstrap.doctor.report import Finding, fault
from mosh_common.address import is_confined

_LARGEST: Final = 1 << 53  # of a number in JSON that everybody reads as it is
_LONGEST: Final = 100  # characters of its words
_NUMBERS: Final = ("received", "missing", "exchanges", "unanswered", "full_octets", "port")
_NUMBERS_OR_NONE: Final = ("round_trip_ms", "octets_there", "octets_back", "clock_ahead_s")
_FACTS: Final = ("answered", "long_lost_there", "long_lost_back", "ended")
_WORDS: Final = ("address", "server", "cannot_send")

# More than a bad radio link loses; a session works and is slow.
HEAVY_LOSS: Final = 0.2
FEWEST_LOST: Final = 3
CLOCK_S: Final = 60  # less is the time that it took to ask


def read(said: bytes) -> dict[str, Any] | None:
    """Return what a probe printed; None where it is something else."""
    try:
        told = json.loads(said)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    kinds: dict[str, tuple[type, ...]] = {
        **dict.fromkeys(_NUMBERS, (int,)),
        **dict.fromkeys(_NUMBERS_OR_NONE, (int, type(None))),
        **dict.fromkeys(_FACTS, (bool,)),
        **dict.fromkeys(_WORDS, (str,)),
    }
    outcome = {}
    for name, kind in kinds.items():
        value = told.get(name)
        if type(value) not in kind or (type(value) is int and abs(value) > _LARGEST):
            return None
        if isinstance(value, str):
            value = "".join([char if char.isprintable() else "?" for char in value[:_LONGEST]])
        outcome[name] = value
    return outcome


def findings(outcome: dict[str, Any], *, ip: str, ports: str) -> Iterator[Finding]:
    """Yield a line for each thing that was measured. `ports`: what a firewall is to let in."""
    port = outcome["port"]
    if not outcome["answered"]:
        yield Finding("server", True, f"started, on UDP port {port}")
        yield _blocked(outcome, ip, ports)
        return
    yield Finding("server", True, f"{outcome['server'] or 'it does not tell its version'}, on UDP port {port}")
    yield Finding("UDP", True, f"both ways, with {outcome['address'] or ip}")
    if outcome["round_trip_ms"] is not None:
        yield Finding("round trip", True, f"{outcome['round_trip_ms']} ms")
    exchanges, lost = outcome["exchanges"], outcome["unanswered"]
    share = max(lost / max(exchanges, 1), outcome["missing"] / max(outcome["missing"] + outcome["received"], 1))
    is_lossy = max(lost, outcome["missing"]) >= FEWEST_LOST and share >= HEAVY_LOSS
    if is_lossy:
        yield fault(
            "loss",
            f"{share:.0%} of what is sent or answered is lost; a session works and is slow: go nearer to the access"
            " point, or try another network.",
        )
    elif exchanges:
        yield Finding("loss", True, f"{lost or 'none'} of {exchanges} exchanges")
    yield from _datagrams(outcome, is_lossy=is_lossy)
    ahead = outcome["clock_ahead_s"]
    if ahead is not None and abs(ahead) > CLOCK_S:
        where = "ahead of" if ahead > 0 else "behind"
        text = (
            f"the host's is {_duration(abs(ahead))} {where} ours; no session minds, certificates and one-time codes may"
        )
        yield Finding("clock", True, text)


def _datagrams(outcome: dict[str, Any], *, is_lossy: bool) -> Iterator[Finding]:
    there, back, full = outcome["octets_there"], outcome["octets_back"], outcome["full_octets"]
    lost = [
        *(["there"] if outcome["long_lost_there"] else []),
        *(["back"] if outcome["long_lost_back"] else []),
    ]
    if is_lossy and lost:
        return  # whether for being long, nobody can tell
    if lost:
        yield fault(
            "datagrams",
            f"long ones (of {full} octets) are lost on the way {' and '.join(lost)}: set a smaller MTU on the tunnel or"
            " VPN between; with mosh-py at both ends a session works all the same.",
        )
    elif there is not None:
        ways = "both ways" if back is not None and back > there // 2 else "on the way there"
        yield Finding("datagrams", True, f"of {there} octets get through, {ways}")


def _blocked(outcome: dict[str, Any], ip: str, ports: str) -> Finding:
    if outcome["cannot_send"]:
        return fault(
            "UDP",
            f"Cannot send to {ip}: {outcome['cannot_send']}; this machine's firewall or routes let no UDP out there.",
        )
    if outcome["received"]:
        return fault(
            "UDP", f"{ip} answers, but nothing that it sent came whole in five seconds: the way loses nearly all of it."
        )
    if is_confined(ip):
        return fault(
            "UDP",
            f"Nothing came back from {ip}, UDP port {outcome['port']}, an address of a private network: go there by its"
            f" VPN, or let UDP {ports} in at the host.",
        )
    return fault(
        "UDP",
        f"Nothing came back from {ip}, UDP port {outcome['port']}; which way is blocked cannot be told: let UDP {ports}"
        " in at the host and at all firewalls before it.",
    )


def _duration(seconds: int) -> str:
    for unit, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} seconds"
