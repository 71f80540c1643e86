"""How long a fuzz target runs: briefly among the tests, longer by hand.

FUZZ_EXAMPLES=100000 python -m pytest tests/fuzz/fuzz_instruction.py
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_BRIEFLY = 200

fuzzed = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", _BRIEFLY)),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
