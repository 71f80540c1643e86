"""SM, RM, DECSET, DECRST and their relatives: what the numbers mean, and the alternate screen."""

from __future__ import annotations

from typing import Any, Final

from mosh_common.terminal.cells import DEFAULT_STYLE, HIGHEST_CURSOR_SHAPE, MOUSE_ENCODING, MOUSE_TRACKING
from mosh_common.terminal.screen.erasing import Erasing
from mosh_common.terminal.screen.past import Past
from mosh_common.terminal.screen.state import MOVED, NEVER_SAVED, OtherScreen

INSERT: Final = 4  # IRM
NEWLINE: Final = 20  # LNM
# GATM, SRTM, VEM, HEM, PUM, FEAM, FETM, MATM, TTM, SATM, TSM, EBM (ECMA-48 §7): printers and forms, not terminals.
_PERMANENTLY_RESET: Final = frozenset((1, 5, 7, 10, 11, 13, 14, 15, 16, 17, 18, 19))

CURSOR_KEYS: Final = 1  # DECCKM
COLUMN_132: Final = 3  # DECCOLM
REVERSE_VIDEO: Final = 5  # DECSCNM
ORIGIN: Final = 6  # DECOM
AUTOWRAP: Final = 7  # DECAWM
CURSOR_VISIBLE: Final = 25  # DECTCEM
ALLOW_COLUMN_132: Final = 40
WRAP_BEFORE_TAB: Final = 41  # xterm's "more" fix
REVERSE_WRAP: Final = 45
ALTERNATE: Final = 47
KEYPAD: Final = 66  # DECNKM
MARGIN_MODE: Final = 69  # DECLRMM
NO_CLEAR_ON_COLUMN_132: Final = 95  # DECNCSM
FOCUS_EVENTS: Final = 1004
ALTERNATE_SCROLL: Final = 1007
ALTERNATE_CLEARED: Final = 1047
SAVE_CURSOR: Final = 1048
ALTERNATE_AND_CURSOR: Final = 1049
BRACKETED_PASTE: Final = 2004
SYNCHRONIZED: Final = 2026

# Modes that are fields of `Modes`: they cross the wire.
_FIELDS: Final = {
    REVERSE_VIDEO: "reverse_video",
    CURSOR_VISIBLE: "cursor_visible",
    FOCUS_EVENTS: "focus_events",
    ALTERNATE_SCROLL: "alternate_scroll",
    BRACKETED_PASTE: "bracketed_paste",
}
# Modes that are fields of `Rules`, and do nothing more when they change.
_RULES: Final = {
    CURSOR_KEYS: "application_cursor_keys",
    AUTOWRAP: "autowrap",
    WRAP_BEFORE_TAB: "wrap_before_tab",
    REVERSE_WRAP: "reverse_wrap",
    KEYPAD: "application_keypad",
}
# Modes that are only remembered, for who asks about them (DECRQM) and for those who look them up in `Settings.flags`.
_REMEMBERED: Final = frozenset((12, ALLOW_COLUMN_132, NO_CLEAR_ON_COLUMN_132, 1034, 1036, 1039, SYNCHRONIZED))
_SAVED_MODES_LIMIT: Final = 64  # XTSAVE: far more than there are modes


class ModeControl(Erasing):
    """Setting, resetting, saving and asking for modes."""

    def set_mode(self, *modes: int, private: bool = False, **_: Any) -> None:
        """SM, or DECSET if private."""
        for mode in modes:
            if private:
                self._switch_private(mode, True)
            else:
                self._switch(mode, True)

    def reset_mode(self, *modes: int, private: bool = False, **_: Any) -> None:
        """RM, or DECRST if private."""
        for mode in modes:
            if private:
                self._switch_private(mode, False)
            else:
                self._switch(mode, False)

    def _switch(self, mode: int, enabled: bool) -> None:
        if mode == INSERT:
            self.change_rules(insert_mode=enabled)
        elif mode == NEWLINE:
            self.settings = self.settings._replace(newline_mode=enabled)

    def mode_is_set(self, mode: int) -> bool | None:
        """Return whether an ANSI mode is set; None if it is unknown."""
        return {INSERT: self.rules.insert_mode, NEWLINE: self.settings.newline_mode}.get(mode)

    def mode_is_fixed(self, mode: int) -> bool:
        """Return whether an ANSI mode is known and can never be set."""
        return mode in _PERMANENTLY_RESET

    def private_mode_is_set(self, mode: int) -> bool | None:
        """Return whether a private mode is set; None if it is unknown."""
        if mode in _FIELDS:
            return bool(getattr(self.modes, _FIELDS[mode]))
        if mode in _RULES:
            return bool(getattr(self.rules, _RULES[mode]))
        if mode in _REMEMBERED:
            return mode in self.settings.flags
        if mode in MOUSE_TRACKING:
            return self.modes.mouse_tracking == mode
        if mode in MOUSE_ENCODING:
            return self.modes.mouse_encoding == mode
        if mode in (ALTERNATE, ALTERNATE_CLEARED, ALTERNATE_AND_CURSOR):
            return self.alternate
        return {ORIGIN: self.rules.origin_mode, MARGIN_MODE: self.rules.margin_mode, COLUMN_132: False}.get(mode)

    def _switch_private(self, mode: int, enabled: bool) -> None:
        if mode in _FIELDS:
            self.modes = self.modes._replace(**{_FIELDS[mode]: enabled})
        elif mode in _RULES:
            self.change_rules(**{_RULES[mode]: enabled})
        elif mode in _REMEMBERED:
            flags = self.settings.flags
            self.settings = self.settings._replace(flags=flags | {mode} if enabled else flags - {mode})
            if mode == SYNCHRONIZED and self.past is not None:
                self._begin_or_end_update(self.past, enabled, before=mode in flags)
        elif mode in MOUSE_TRACKING:
            self.modes = self.modes._replace(mouse_tracking=mode if enabled else 0)
        elif mode in MOUSE_ENCODING:
            # One encoding takes the place of another, but goes only by its own number.
            if enabled or self.modes.mouse_encoding == mode:
                self.modes = self.modes._replace(mouse_encoding=mode if enabled else 0)
        elif mode == ORIGIN:
            self.change_rules(origin_mode=enabled)
            self.cursor_position()
        elif mode == MARGIN_MODE:
            self.set_margin_mode(enabled)
        elif mode == COLUMN_132:
            self._change_column_mode()
        elif mode in (ALTERNATE, ALTERNATE_CLEARED):
            self._use_alternate(enabled, clear=mode == ALTERNATE_CLEARED and not enabled)
        elif mode == SAVE_CURSOR:
            (self.save_cursor if enabled else self.restore_cursor)()
        elif mode == ALTERNATE_AND_CURSOR:
            if enabled:
                self.save_cursor()  # of the screen that is shown: each has its own
                self._use_alternate(True, clear=True)
            else:
                self._use_alternate(False, clear=False)
                self.restore_cursor()

    def _begin_or_end_update(self, past: Past, enabled: bool, *, before: bool) -> None:
        if not enabled:
            past.end_update()
        elif not before and not self.alternate:
            past.begin_update(self._plain_rows(), self.palette)

    def _change_column_mode(self) -> None:
        """DECCOLM: only its side effects, where ?40 allows it; the size is the user's business."""
        if ALLOW_COLUMN_132 in self.settings.flags:
            self.reset_margins()
            self.change_rules(margin_mode=False)
            self.cursor_position()
            if NO_CLEAR_ON_COLUMN_132 not in self.settings.flags:
                self.erase_in_display(2)

    def _use_alternate(self, enabled: bool, *, clear: bool) -> None:
        """Show the alternate screen, or the main one; `clear` blanks the alternate one, before or after."""
        if clear and not enabled and self.alternate:
            self.rows[:] = [self.blank_row()] * self.lines
        if enabled != self.alternate:
            shown = OtherScreen(self.rows, self.saved)
            hidden = self.other
            if enabled and hidden.rows is self.rows:
                hidden = OtherScreen([self.blank_row()] * self.lines, NEVER_SAVED)
            self.rows, self.saved = hidden.rows, hidden.saved
            self.other = shown
            self.alternate = enabled
            self.keep_wrap()
        if clear and enabled:
            self.rows[:] = [self.blank_row()] * self.lines

    def save_modes(self, *modes: int) -> None:
        """XTSAVE: remember private modes."""
        saved = dict(self.settings.saved_modes)
        for mode in modes:
            value = self.private_mode_is_set(mode)
            if value is not None and len(saved) < _SAVED_MODES_LIMIT:
                saved[mode] = value
        self.settings = self.settings._replace(saved_modes=saved)

    def restore_modes(self, *modes: int) -> None:
        """XTRESTORE: set private modes to what was remembered."""
        for mode in modes:
            enabled = self.settings.saved_modes.get(mode)
            if enabled or (enabled is not None and self.private_mode_is_set(mode)):
                self._switch_private(mode, enabled)  # (resetting one way of tracking would reset another)

    def set_application_keypad(self) -> None:
        """DECKPAM."""
        self.change_rules(application_keypad=True)

    def set_numeric_keypad(self) -> None:
        """DECKPNM."""
        self.change_rules(application_keypad=False)

    def set_cursor_shape(self, shape: int = 0, *_: int) -> None:
        """DECSCUSR: 0–6."""
        if shape <= HIGHEST_CURSOR_SHAPE:
            self.modes = self.modes._replace(cursor_shape=shape)

    def set_conformance_level(self, level: int = 0, *_: int) -> None:
        """DECSCL: a soft reset, and the level that DECRQSS reports."""
        if 61 <= level <= 65:
            self.soft_reset()
            self.settings = self.settings._replace(conformance_level=level - 60)

    def soft_reset(self, *_: int) -> None:
        """DECSTR: modes, margins, rendition and saved cursor as after power-up; the screen stays."""
        self.keep_wrap()
        self.cancel_wrap_at_margin()
        self.reset_rules()
        self.modes = self.modes._replace(cursor_visible=True)
        self.set_style(DEFAULT_STYLE)

    def hard_reset(self) -> None:
        """RIS, but for what is beyond cells, cursor and modes."""
        if self.past is not None:
            self.past.clear()
        self.work.charge_cells(self.lines)  # of which each is put in its place, although they are one object
        self._use_alternate(False, clear=False)
        self.other = OtherScreen(self.rows, NEVER_SAVED)
        self.reset_state()
        self.set_style(DEFAULT_STYLE)
        self.rows[:] = [self.blank_row()] * self.lines
        self.cursor_row = self.cursor_column = 0
        self.phase = MOVED
