"""`python -m mosh_bootstrap`."""

from __future__ import annotations

import sys

from mosh_bootstrap.cli import main

sys.exit(main())
