"""What the receiving terminal can be asked to do: capabilities of the other end's emulator, or of a real terminal.

Reads neither the environment nor terminfo: whoever does passes in what it found.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

TRUECOLOR: Final = 1 << 24  # value of Dialect.colors: every RGB triple can be shown


class Dialect(NamedTuple):
    """What the frame diff may use. The defaults are those of the other end's emulator (docs/terminal.md §2)."""

    # Erasing and scrolling. Without them the diff falls back to spaces and to drawing the rows again.
    ech: bool = True  # CSI n X
    bce: bool = True  # what is erased or scrolled in gets the current background
    scroll_region: bool = True  # DECSTBM, and LF and RI that scroll at its margins
    scroll_sequences: bool = True  # CSI n S, CSI n T
    insert_delete_lines: bool = True  # CSI n L, CSI n M
    insert_delete_characters: bool = True  # CSI n @, CSI n P

    # Looks.
    colors: int = TRUECOLOR  # 0, 8, 16, 88, 256 or TRUECOLOR; colours beyond it are replaced by the nearest
    bright_colors: bool = True  # SGR 90–97 and 100–107 for 38;5;8–15: on the wire, and where there are no others
    terse_rendition: bool = True  # changes from one rendition to the next, beside those that start with a reset
    extended_underline: bool = True  # CSI 4:3 m, CSI 58:… m
    hyperlinks: bool = True  # OSC 8
    cursor_shape: bool = True  # DECSCUSR
    unicode: bool = True  # the terminal reads UTF-8; without it everything beyond ASCII becomes "?"

    # Beside the screen.
    title: bool = True  # OSC 0, 1, 2
    clipboard: bool = True  # OSC 52
    every_bell: bool = True  # as many BELs as the bell count grew by; without it one per frame

    # Somebody is looking while the frame is drawn.
    visible: bool = False  # hide the cursor while it wanders over the screen
    synchronized: bool = False  # ?2026 around frames of more than one row
    scrolls_back: bool = False  # it is the terminal's primary screen: what goes off its top is kept for its user
    continues: bool = False  # … and the row that was kept last wraps into the first one


WIRE: Final = Dialect()

# A terminal of the xterm family whose capabilities nobody stated. SU and SD are left out: they are rarer than LF and
# RI at the margins, and terminals disagree on whether the lines go to their scrollback.
XTERM: Final = Dialect(scroll_sequences=False, bright_colors=False, every_bell=False, visible=True, synchronized=True)


def dialect_from_terminfo(
    capabilities: Mapping[str, bytes | int | bool | None], *, truecolor: bool = False, unicode: bool = True
) -> Dialect:
    """Return the dialect of a real terminal.

    `capabilities` maps terminfo names to what curses' tigetstr, tigetnum and tigetflag gave (strings as bytes; None,
    -1, 0 and b"" count as missing): ``ech bce colors csr il dl ich dch hs tsl fsl XT`` and, where the database has
    them, the extensions ``Ss Smulx Setulc Sync RGB Tc``. `truecolor`: COLORTERM says so. `unicode`: the locale's
    character set is UTF-8.

    A terminal with 256 colours is sent RGB colours as they are: nearly all of them can show these, few say so, and
    it is what users of mosh see today.
    """

    def has(*names: str) -> bool:
        return all(capabilities.get(name) not in (None, b"", False, 0, -1, -2) for name in names)

    count = capabilities.get("colors")
    colors = count if isinstance(count, int) and count > 0 else 0
    if truecolor or has("RGB") or has("Tc") or colors >= 256:
        colors = TRUECOLOR
    modern = colors >= 256  # the xterm family; a console or a VT220 prints or mangles what it does not know
    return Dialect(
        ech=has("ech"),
        bce=has("bce"),
        scroll_region=has("csr"),
        scroll_sequences=False,
        insert_delete_lines=has("il", "dl"),
        insert_delete_characters=has("ich", "dch"),
        colors=colors,
        bright_colors=16 <= colors < 256,  # else 38;5;8–15, whichever the program said, as upstream
        terse_rendition=modern,
        extended_underline=modern and (has("Smulx") or has("Setulc") or truecolor or has("RGB") or has("Tc")),
        hyperlinks=modern,
        cursor_shape=modern or has("Ss"),
        unicode=unicode,
        title=modern or has("XT") or has("tsl", "fsl"),
        clipboard=modern,
        every_bell=False,
        visible=True,
        synchronized=modern,
    )
