"""How many examples a test tries: some among the others, all and more by `make fuzz` or by hand.

FUZZ_EXAMPLES=100000 python -m pytest tests/fuzz/fuzz_instruction.py
"""

from __future__ import annotations

import os
from typing import Final

from hypothesis import HealthCheck, settings

_BRIEFLY: Final = 60
# Of the examples that a property is to be tried with. They are new ones each time; CI runs the suite on three Pythons.
_SHARE: Final = 6
_FUZZ_EXAMPLES: Final = int(os.environ.get("FUZZ_EXAMPLES", "0"))
IN_FULL: Final = _FUZZ_EXAMPLES > 0

fuzzed = settings(
    max_examples=_FUZZ_EXAMPLES or _BRIEFLY,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def tried_with(examples: int) -> settings:
    """Return the settings of a property: all `examples` where they are what it is run for, else a sixth of them."""
    return settings(max_examples=examples if IN_FULL else max(examples // _SHARE, 10), deadline=None)
