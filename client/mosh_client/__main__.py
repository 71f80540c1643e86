"""`python -m mosh_client` is `mosh-client`."""

from __future__ import annotations

import sys

from mosh_client.cli import main

sys.exit(main())
