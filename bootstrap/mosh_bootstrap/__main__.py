"""`python -m mosh_bootstrap`."""

from __future__ import annotations

from mosh_common.isolation import isolate

isolate("mosh_bootstrap.cli")

import sys  # noqa: E402  # nothing that a variable may have replaced is to be imported before

from mosh_bootstrap.cli import main  # noqa: E402  # likewise

sys.exit(main())
