"""When predictions are shown, as the user chooses: `mosh --predict`, MOSH_PREDICTION_DISPLAY."""

from __future__ import annotations

import enum
from typing import Final


class DisplayPreference(enum.Enum):
    """The choices, as they are spelt."""

    ADAPTIVE = "adaptive"
    ALWAYS = "always"
    NEVER = "never"
    EXPERIMENTAL = "experimental"


SPELLINGS: Final = tuple([each.value for each in DisplayPreference])
DEFAULT: Final = DisplayPreference.ADAPTIVE.value
