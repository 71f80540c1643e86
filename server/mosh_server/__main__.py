"""`python -m mosh_server`."""

from __future__ import annotations

import sys

from mosh_server.cli import main

sys.exit(main())
