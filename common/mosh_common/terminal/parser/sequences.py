"""The control functions by their codes: which method of a screen each one calls. Data only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from mosh_common.terminal.screen.screen import Screen
from mosh_common.terminal.screen.sgr import MAX_PARAMETERS

Method: TypeAlias = Callable[..., Any]  # of Screen; a stream calls what its own screen has under that name

# C0 controls. Those not listed are ignored.
CONTROLS: Final[dict[str, Method]] = {
    "\x07": Screen.bell,
    "\x08": Screen.backspace,
    "\x09": Screen.tab,
    "\x0a": Screen.linefeed,
    "\x0b": Screen.linefeed,
    "\x0c": Screen.linefeed,
    "\x0d": Screen.carriage_return,
    "\x0e": Screen.shift_out,
    "\x0f": Screen.shift_in,
}


class Escape(NamedTuple):
    """What an escape sequence calls."""

    method: Method
    arguments: tuple[int, ...] = ()


# Escape sequences without ESC. C1 controls are among them, in the only form that counts.
ESCAPES: Final[dict[str, Escape]] = {
    "6": Escape(Screen.back_index),
    "7": Escape(Screen.save_cursor),
    "8": Escape(Screen.restore_cursor),
    "9": Escape(Screen.forward_index),
    "D": Escape(Screen.index),
    "E": Escape(Screen.next_line),
    "H": Escape(Screen.set_tab_stop),
    "M": Escape(Screen.reverse_index),
    "N": Escape(Screen.single_shift, (2,)),
    "O": Escape(Screen.single_shift, (3,)),
    "V": Escape(Screen.start_protected_area),
    "W": Escape(Screen.end_protected_area),
    "Z": Escape(Screen.report_device_attributes),  # DECID
    "c": Escape(Screen.reset),
    "n": Escape(Screen.locking_shift, (2,)),
    "o": Escape(Screen.locking_shift, (3,)),
    "~": Escape(Screen.locking_shift_right, (1,)),
    "}": Escape(Screen.locking_shift_right, (2,)),
    "|": Escape(Screen.locking_shift_right, (3,)),
    "=": Escape(Screen.set_application_keypad),
    ">": Escape(Screen.set_numeric_keypad),
    "#8": Escape(Screen.alignment_display),
    " F": Escape(Screen.ignore),  # S7C1T: answers are always 7-bit
    " G": Escape(Screen.ignore),
    "%G": Escape(Screen.ignore),  # UTF-8, as always
    "%@": Escape(Screen.ignore),
    "l": Escape(Screen.lock_memory),
    "m": Escape(Screen.unlock_memory),
}


class Sequence(NamedTuple):
    """What a CSI sequence calls, and with what."""

    method: Method
    most: int  # parameters; the rest is dropped
    private: bool = False  # it is told that it is the private form


# CSI sequences by private prefix, intermediates and final.
SEQUENCES: Final[dict[str, Sequence]] = {
    "@": Sequence(Screen.insert_characters, 1),
    " @": Sequence(Screen.scroll_left, 1),
    "A": Sequence(Screen.cursor_up, 1),
    " A": Sequence(Screen.scroll_right, 1),
    "B": Sequence(Screen.cursor_down, 1),
    "C": Sequence(Screen.cursor_forward, 1),
    "D": Sequence(Screen.cursor_back, 1),
    "E": Sequence(Screen.cursor_down1, 1),
    "F": Sequence(Screen.cursor_up1, 1),
    "G": Sequence(Screen.cursor_to_column, 1),
    "H": Sequence(Screen.cursor_position, 2),
    "I": Sequence(Screen.forward_tab, 1),
    "J": Sequence(Screen.erase_in_display, 1),
    "?J": Sequence(Screen.erase_in_display, 1, private=True),
    "K": Sequence(Screen.erase_in_line, 1),
    "?K": Sequence(Screen.erase_in_line, 1, private=True),
    "L": Sequence(Screen.insert_lines, 1),
    "M": Sequence(Screen.delete_lines, 1),
    "P": Sequence(Screen.delete_characters, 1),
    "S": Sequence(Screen.scroll_lines_up, 1),
    "T": Sequence(Screen.scroll_lines_down, 5),
    "^": Sequence(Screen.scroll_lines_down, 1),
    "X": Sequence(Screen.erase_characters, 1),
    "Z": Sequence(Screen.back_tab, 1),
    "`": Sequence(Screen.cursor_to_column, 1),
    "a": Sequence(Screen.column_forward, 1),
    "b": Sequence(Screen.repeat_character, 1),
    "c": Sequence(Screen.report_device_attributes, 1),
    ">c": Sequence(Screen.report_secondary_attributes, 1),
    "=c": Sequence(Screen.report_tertiary_attributes, 1),
    "d": Sequence(Screen.cursor_to_line, 1),
    "e": Sequence(Screen.line_forward, 1),
    "f": Sequence(Screen.cursor_position, 2),
    "g": Sequence(Screen.clear_tab_stop, 1),
    "h": Sequence(Screen.set_mode, MAX_PARAMETERS),
    "?h": Sequence(Screen.set_mode, MAX_PARAMETERS, private=True),
    "i": Sequence(Screen.ignore, 0),  # MC: there is no printer
    "?i": Sequence(Screen.ignore, 0),
    "l": Sequence(Screen.reset_mode, MAX_PARAMETERS),
    "?l": Sequence(Screen.reset_mode, MAX_PARAMETERS, private=True),
    "m": Sequence(Screen.select_graphic_rendition, MAX_PARAMETERS),
    ">m": Sequence(Screen.ignore, 0),  # XTMODKEYS: the client's terminal decides
    "?m": Sequence(Screen.ignore, 0),
    "n": Sequence(Screen.report_device_status, 1),
    "?n": Sequence(Screen.report_device_status, 2, private=True),
    ">n": Sequence(Screen.ignore, 0),
    "!p": Sequence(Screen.soft_reset, 0),
    "$p": Sequence(Screen.report_mode, 1),
    "?$p": Sequence(Screen.report_mode, 1, private=True),
    '"p': Sequence(Screen.set_conformance_level, 2),
    ">p": Sequence(Screen.ignore, 0),
    '"q': Sequence(Screen.set_protection, 1),
    " q": Sequence(Screen.set_cursor_shape, 1),
    ">q": Sequence(Screen.report_version, 1),
    "r": Sequence(Screen.set_margins, 2),
    "?r": Sequence(Screen.restore_modes, MAX_PARAMETERS),
    "$r": Sequence(Screen.change_attributes, MAX_PARAMETERS),  # DECCARA
    "s": Sequence(Screen.set_column_margins, 2),
    "?s": Sequence(Screen.save_modes, MAX_PARAMETERS),
    ">s": Sequence(Screen.ignore, 0),
    "t": Sequence(Screen.window_operation, 3),
    ">t": Sequence(Screen.ignore, 0),
    "$t": Sequence(Screen.reverse_attributes, MAX_PARAMETERS),  # DECRARA
    "u": Sequence(Screen.restore_cursor, 0),
    # Kitty's keyboard protocol: asked for, pushed, set, popped. Who gets no answer knows that it is not there.
    "?u": Sequence(Screen.ignore, 0),
    ">u": Sequence(Screen.ignore, 0),
    "=u": Sequence(Screen.ignore, 0),
    "<u": Sequence(Screen.ignore, 0),
    "$v": Sequence(Screen.copy_rectangle, 8),  # DECCRA
    "x": Sequence(Screen.report_parameters, 1),
    "*x": Sequence(Screen.select_attribute_extent, 1),  # DECSACE
    "$x": Sequence(Screen.fill_rectangle, 5),  # DECFRA
    "*y": Sequence(Screen.report_checksum, 6),  # DECRQCRA
    "$z": Sequence(Screen.erase_rectangle, 4),  # DECERA
    "${": Sequence(Screen.erase_rectangle_selectively, 4),  # DECSERA
    "'}": Sequence(Screen.insert_columns, 1),
    "'~": Sequence(Screen.delete_columns, 1),
}


class Vocabulary(NamedTuple):
    """What a stream executes. What is not in it is either unknown, as terminals take it, or without any effect."""

    controls: Mapping[str, Method]  # as CONTROLS
    escapes: Mapping[str, Escape]  # as ESCAPES
    sequences: Mapping[str, Sequence]  # as SEQUENCES
    modes: frozenset[int] | None = None  # of DECSET and DECRST; None = all
    commands: frozenset[str] | None = None  # of OSC, and no other control strings; None = all
    charsets: bool = True  # SCS


EVERYTHING: Final = Vocabulary(CONTROLS, ESCAPES, SEQUENCES)

# SECURITY: what a frame may say (docs/terminal.md §2); all else that a client finds in one is skipped. So most of the
# parser and of the screen is closed to a server that is in the wrong hands, first of all what costs much for a few
# octets. Test: test_a_frame_executes_what_frames_hold_and_nothing_else.
FRAMES: Final = Vocabulary(
    controls={control: CONTROLS[control] for control in "\x07\x08\x0a\x0d"},  # BEL BS LF CR
    escapes={"M": ESCAPES["M"]},  # RI
    sequences={
        final: SEQUENCES[final]
        for final in (
            *("A", "B", "C", "D", "G", "H"),  # CUU CUD CUF CUB CHA CUP
            *("J", "K", "X"),  # ED EL ECH
            *("@", "P", "L", "M", "S", "T"),  # ICH DCH IL DL SU SD
            *("m", "r"),  # SGR DECSTBM
            *("?h", "?l", " q"),  # DECSET DECRST DECSCUSR
        )
    },
    modes=frozenset((5, 9, 25, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1015, 2004)),
    commands=frozenset(("0", "1", "2", "8", "52")),
    charsets=False,
)
