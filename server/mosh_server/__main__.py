"""`python -m mosh_server`."""

from __future__ import annotations

from mosh_common.isolation import isolate

isolate("mosh_server.cli")

import sys  # noqa: E402  # nothing that a variable may have replaced is to be imported before

from mosh_server.cli import main  # noqa: E402  # likewise

sys.exit(main())
