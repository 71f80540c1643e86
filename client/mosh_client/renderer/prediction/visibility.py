"""When guesses are shown and when they are underlined: hysteresis of the link's speed, and the glitch counter.

Sees the send interval and how long guesses were pending, never a guess or a screen (docs/prediction.md, "When shown").
"""

from __future__ import annotations

from typing import Final

from mosh_common.prediction_display import DisplayPreference

# A send interval is half a round trip. Below a perceptible delay the real echo is as good and never wrong; two
# thresholds each, so that a link near one does not switch to and fro.
SHOW_ABOVE_MS: Final = 30
HIDE_AT_MS: Final = 20
UNDERLINE_ABOVE_MS: Final = 80
NO_UNDERLINE_AT_MS: Final = 50

# A guess pending that long means that the link hiccups, whatever its average says.
GLITCH_AFTER_MS: Final = 250
GLITCH_COUNT: Final = 10  # quick confirmations until the hiccup is forgotten
LONG_GLITCH_AFTER_MS: Final = 5000
LONG_GLITCH_COUNT: Final = 20  # above GLITCH_COUNT: underlined as well
GLITCH_CURE_INTERVAL_MS: Final = 150  # a burst of confirmations is one proof of health, not many


class Visibility:
    """Whether guesses that may be shown are shown."""

    def __init__(self, preference: DisplayPreference) -> None:
        self.preference = preference
        self._slow_link = False  # the send interval's hysteresis for showing
        self._underline_link = False  # and for underlining
        self._send_interval_ms = 0
        self._glitches = 0
        self._cured_at: int | None = None  # when a quick confirmation last took one off

    @property
    def shown(self) -> bool:
        """Whether confirmed guesses belong on the screen now."""
        # "`always`, `never`, and `adaptive` (the default)"
        if self.preference is DisplayPreference.ADAPTIVE:
            return self._slow_link or self._glitches > 0
        return self.preference is not DisplayPreference.NEVER

    @property
    def underlined(self) -> bool:
        """Whether guesses are marked as such."""
        # "Underlined while the send interval is above 80 ms, until it is 50, or the counter above 10."
        return self._underline_link or self._glitches > GLITCH_COUNT

    def set_send_interval(self, interval_ms: int) -> None:
        """Take the link's send interval; `settle` switches off what it no longer asks for."""
        self._send_interval_ms = interval_ms
        if interval_ms > SHOW_ABOVE_MS:
            self._slow_link = True
        if interval_ms > UNDERLINE_ABOVE_MS:
            self._underline_link = True
        elif interval_ms <= NO_UNDERLINE_AT_MS:
            self._underline_link = False

    def settle(self, *, guessing: bool) -> None:
        """Stop showing on a link that became fast, but only while nothing is on the screen that would vanish."""
        # "while the send interval is above 30 ms, until it is 20 and nothing is guessed"
        if self._send_interval_ms <= HIDE_AT_MS and not guessing:
            self._slow_link = False

    def note_pending(self, age_ms: int) -> None:
        """A guess has been waiting for its verdict for `age_ms`."""
        # "or while the glitch counter is on, which a guess pending for 250 ms sets to 10 and one for 5 s to 20"
        if age_ms >= LONG_GLITCH_AFTER_MS:
            self._glitches = max(self._glitches, LONG_GLITCH_COUNT)
        elif age_ms >= GLITCH_AFTER_MS:
            self._glitches = max(self._glitches, GLITCH_COUNT)

    def note_confirmed(self, age_ms: int, *, now: int) -> None:
        """A guess turned out right after `age_ms`."""
        # "and a confirmation under 250 ms (one per 150 ms) lowers by one"
        if age_ms >= GLITCH_AFTER_MS or self._glitches == 0:
            return
        if self._cured_at is None or now - self._cured_at >= GLITCH_CURE_INTERVAL_MS:
            self._glitches -= 1
            self._cured_at = now

    def glitch_due(self, made_at: int) -> int | None:
        """When (ms) the guess made at `made_at`, still pending, would change what is shown; None: it would not."""
        if self.preference is not DisplayPreference.ADAPTIVE:
            return None
        if self._glitches < GLITCH_COUNT:
            return made_at + GLITCH_AFTER_MS
        if self._glitches < LONG_GLITCH_COUNT:
            return made_at + LONG_GLITCH_AFTER_MS
        return None
