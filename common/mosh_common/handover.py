"""What `mosh` hands to its client besides key and address, in the environment. Upstream's client passes it over.

Imports nothing: both ends are waited for.
"""

from __future__ import annotations

from typing import Final

TYPED_VARIABLE: Final = "MOSH_TYPED"  # the number of a pipe with what the user has typed for the session already
# Process ids, with blanks between: what is left of the login, children that the client has from before it was one.
LEFT_VARIABLE: Final = "MOSH_LEFT"
# The host, and what else of the command line leads there, in shell quoting: for the line that says how to come back.
WAY_BACK_VARIABLE: Final = "MOSH_WAY_BACK"
BEGUN_VARIABLE: Final = "MOSH_BEGUN"  # with -v: when `mosh` was started, in milliseconds of clock.now_ms
