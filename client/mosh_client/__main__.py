"""`python -m mosh_client`."""

from __future__ import annotations

from mosh_common.isolation import isolate

isolate("mosh_client.cli")

import sys  # noqa: E402  # nothing that a variable may have replaced is to be imported before

from mosh_client.cli import main  # noqa: E402  # likewise

sys.exit(main())
