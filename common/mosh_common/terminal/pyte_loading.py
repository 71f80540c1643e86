"""Loading pyte without the package wcwidth, of which it imports one function: the widths are ours anyway.

That package takes 25 ms to load and imports textwrap, secrets and more, in each process that has an emulator. Whoever
else imports it in this process gets the real one.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Final

from mosh_common.terminal.width import char_width

_REPLACED: Final = "wcwidth"


def load_pyte() -> None:
    """Load pyte, of which `import pyte` then finds all; harmless when it is loaded. Raises ImportError."""
    if _REPLACED not in sys.modules:
        stand_in = sys.modules[_REPLACED] = _stand_in()
        try:
            import_module("pyte")
        except ImportError:  # a version that wants more of it
            pass
        finally:
            if sys.modules.get(_REPLACED) is stand_in:
                del sys.modules[_REPLACED]
    import_module("pyte")


def _stand_in() -> ModuleType:
    module = ModuleType(_REPLACED)
    module.wcwidth = char_width  # type: ignore[attr-defined]  # the one name that pyte 0.8 imports
    return module
