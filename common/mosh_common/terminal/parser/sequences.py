"""The control functions by their codes: which method of a screen each one calls. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

MAX_PARAMETERS: Final = 32  # of one sequence; xterm keeps 30

# C0 controls. Those not listed are ignored.
CONTROLS: Final[dict[str, str]] = {
    "\x07": "bell",
    "\x08": "backspace",
    "\x09": "tab",
    "\x0a": "linefeed",
    "\x0b": "linefeed",
    "\x0c": "linefeed",
    "\x0d": "carriage_return",
    "\x0e": "shift_out",
    "\x0f": "shift_in",
}

# Escape sequences without ESC: (method, arguments…). C1 controls are among them, in the only form that counts.
ESCAPES: Final[dict[str, tuple[str, *tuple[int, ...]]]] = {
    "6": ("back_index",),
    "7": ("save_cursor",),
    "8": ("restore_cursor",),
    "9": ("forward_index",),
    "D": ("index",),
    "E": ("next_line",),
    "H": ("set_tab_stop",),
    "M": ("reverse_index",),
    "N": ("single_shift", 2),
    "O": ("single_shift", 3),
    "V": ("start_protected_area",),
    "W": ("end_protected_area",),
    "Z": ("report_device_attributes",),  # DECID
    "c": ("reset",),
    "n": ("locking_shift", 2),
    "o": ("locking_shift", 3),
    "~": ("locking_shift_right", 1),
    "}": ("locking_shift_right", 2),
    "|": ("locking_shift_right", 3),
    "=": ("set_application_keypad",),
    ">": ("set_numeric_keypad",),
    "#8": ("alignment_display",),
    " F": ("ignore",),  # S7C1T: answers are always 7-bit
    " G": ("ignore",),
    "%G": ("ignore",),  # UTF-8, as always
    "%@": ("ignore",),
    "l": ("lock_memory",),
    "m": ("unlock_memory",),
}

# CSI sequences: private prefix + intermediates + final → (method, most parameters, private).
SEQUENCES: Final[dict[str, tuple[str, int, bool]]] = {
    "@": ("insert_characters", 1, False),
    " @": ("scroll_left", 1, False),
    "A": ("cursor_up", 1, False),
    " A": ("scroll_right", 1, False),
    "B": ("cursor_down", 1, False),
    "C": ("cursor_forward", 1, False),
    "D": ("cursor_back", 1, False),
    "E": ("cursor_down1", 1, False),
    "F": ("cursor_up1", 1, False),
    "G": ("cursor_to_column", 1, False),
    "H": ("cursor_position", 2, False),
    "I": ("forward_tab", 1, False),
    "J": ("erase_in_display", 1, False),
    "?J": ("erase_in_display", 1, True),
    "K": ("erase_in_line", 1, False),
    "?K": ("erase_in_line", 1, True),
    "L": ("insert_lines", 1, False),
    "M": ("delete_lines", 1, False),
    "P": ("delete_characters", 1, False),
    "S": ("scroll_lines_up", 1, False),
    "T": ("scroll_lines_down", 5, False),
    "^": ("scroll_lines_down", 1, False),
    "X": ("erase_characters", 1, False),
    "Z": ("back_tab", 1, False),
    "`": ("cursor_to_column", 1, False),
    "a": ("column_forward", 1, False),
    "b": ("repeat_character", 1, False),
    "c": ("report_device_attributes", 1, False),
    ">c": ("report_secondary_attributes", 1, False),
    "=c": ("report_tertiary_attributes", 1, False),
    "d": ("cursor_to_line", 1, False),
    "e": ("line_forward", 1, False),
    "f": ("cursor_position", 2, False),
    "g": ("clear_tab_stop", 1, False),
    "h": ("set_mode", MAX_PARAMETERS, False),
    "?h": ("set_mode", MAX_PARAMETERS, True),
    "i": ("ignore", 0, False),  # MC: there is no printer
    "?i": ("ignore", 0, False),
    "l": ("reset_mode", MAX_PARAMETERS, False),
    "?l": ("reset_mode", MAX_PARAMETERS, True),
    "m": ("select_graphic_rendition", MAX_PARAMETERS, False),
    ">m": ("ignore", 0, False),  # XTMODKEYS: the client's terminal decides
    "?m": ("ignore", 0, False),
    "n": ("report_device_status", 1, False),
    "?n": ("report_device_status", 2, True),
    ">n": ("ignore", 0, False),
    "!p": ("soft_reset", 0, False),
    "$p": ("report_mode", 1, False),
    "?$p": ("report_mode", 1, True),
    '"p': ("set_conformance_level", 2, False),
    ">p": ("ignore", 0, False),
    '"q': ("set_protection", 1, False),
    " q": ("set_cursor_shape", 1, False),
    ">q": ("report_version", 1, False),
    "r": ("set_margins", 2, False),
    "?r": ("restore_modes", MAX_PARAMETERS, False),
    "$r": ("change_attributes", MAX_PARAMETERS, False),  # DECCARA
    "s": ("set_column_margins", 2, False),
    "?s": ("save_modes", MAX_PARAMETERS, False),
    ">s": ("ignore", 0, False),
    "t": ("window_operation", 3, False),
    ">t": ("ignore", 0, False),
    "$t": ("reverse_attributes", MAX_PARAMETERS, False),  # DECRARA
    "u": ("restore_cursor", 0, False),
    # Kitty's keyboard protocol: asked for, pushed, set, popped. Who gets no answer knows that it is not there.
    "?u": ("ignore", 0, False),
    ">u": ("ignore", 0, False),
    "=u": ("ignore", 0, False),
    "<u": ("ignore", 0, False),
    "$v": ("copy_rectangle", 8, False),  # DECCRA
    "x": ("report_parameters", 1, False),
    "*x": ("select_attribute_extent", 1, False),  # DECSACE
    "$x": ("fill_rectangle", 5, False),  # DECFRA
    "*y": ("report_checksum", 6, False),  # DECRQCRA
    "$z": ("erase_rectangle", 4, False),  # DECERA
    "${": ("erase_rectangle_selectively", 4, False),  # DECSERA
    "'}": ("insert_columns", 1, False),
    "'~": ("delete_columns", 1, False),
}

# What pyte's own Screen calls it, where it has such a method under another name.
PYTE_NAMES: Final[dict[str, str]] = {
    "next_line": "linefeed",
    "column_forward": "cursor_forward",
    "line_forward": "cursor_down",
}


class Vocabulary(NamedTuple):
    """What a stream executes. What is not in it is either unknown, as terminals take it, or without any effect."""

    controls: Mapping[str, str]  # as CONTROLS
    escapes: Mapping[str, tuple[str, *tuple[int, ...]]]  # as ESCAPES
    sequences: Mapping[str, tuple[str, int, bool]]  # as SEQUENCES
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
