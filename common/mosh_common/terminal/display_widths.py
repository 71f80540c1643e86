"""Text on whose columns all width tables agree, whatever library and Unicode version the other end has.

The code points below have the same width in Unicode 3.2, in our own table (Unicode 14, width.py) and in Unicode 18, and
no terminal changes their look by context (joiners, variation selectors and tags are left out). Gaps of up to six
unassigned code points are closed over, which keeps the lists short.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from mosh_common.terminal.cells import CLUSTER, WIDE_TAIL

_NARROW: Final = """\
20-7E A0-AC AE-233 250-2EE 374-3F6 400-482 48A-50F 531-58A 5BE 5C0 5C3 5D0-5F4 60C 61B 61F-64A 660-66F 671-6D5
6E5-6E6 6E9 6F0-70D 710 712-72C 780-7A5 7B1 905-939 93D 950 958-961 964-970 985-9B9 9DC-9E1 9E6-9FA A05-A39
A59-A5E A66-A6F A72-A74 A85-AB9 ABD AD0 AE0 AE6-AEF B05-B39 B3D B5C-B61 B66-B70 B83-BB9 BE7-BF2 C05-C39 C60-C61
C66-C6F C85-CB9 CDE-CE1 CE6-CEF D05-D39 D60-D61 D66-D6F D85-DC6 DF4 E01-E30 E32-E33 E3F-E46 E4F-E5B E81-EB0
EB2-EB3 EBD-EC6 ED0-EDD F00-F17 F1A-F34 F36 F38 F3A-F3D F40-F6A F85 F88-F8B FBE-FC5 FC7-FCF 1000-102A 1040-1055
10A0-10C5 10D0-10FB 1200-135A 1361-137C 13A0-13F4 1401-1676 1680-16F0 1700-1711 1720-1731 1735-1736 1740-1751
1760-1770 1780-17B3 17D4-17DC 17E0-17E9 1800-180A 1810-1877 1880-1884 1887-18A8 1E00-200A 2010-2027 202F-2057
205F 2070-208E 20A0-20B1 2100-214B 2153-2183 2190-2319 231C-2328 232B-23CE 2400-2426 2440-244A 2460-25FC
25FF-2613 2616-262F 2638-2647 2654-267D 2680-2689 2701-2704 2706-2709 270C-2727 2729-274B 274D 274F-2752 2756
2758-2794 2798-27AF 27B1-27BE 27D0-2AFF 303F E000-F8FF FB00-FB06 FB13-FB1D FB1F-FBB1 FBD3-FD3F FD50-FDC7
FDF0-FDFC FE70-FEFC FF61-FF9F FFA1-FFDC FFE8-FFEE FFFC-FFFD 10300-10323 10330-1034A 10400-1044D 1D000-1D0F5
1D100-1D164 1D16A-1D16C 1D183-1D184 1D18C-1D1A9 1D1AE-1D1DD 1D400-1D7FF
"""

_WIDE: Final = """\
1100-115F 2329-232A 2E80-2EF3 2F00-2FD5 2FF0-3029 3030-303E 3041-3096 309B-3163 3165-31B7 31F0-3243 3251-4DB5
4E00-9FA5 A000-A4C6 AC00-D7A3 F900-FA6A FE30-FE52 FE54-FE66 FE68-FE6B FF01-FF60 FFE0-FFE6 20000-2A6D6
"""

# Marks that join the character before them.
_MARKS: Final = """\
300-34E 360-36F 483-489 591-5BD 5BF 5C1-5C2 5C4 64B-655 670 6D6-6DC 6DF-6E4 6E7-6E8 6EA-6ED 711 730-74A 7A6-7B0
901-902 93C 941-948 94D 951-954 962-963 981 9BC 9C1-9C4 9CD 9E2-9E3 A02 A3C A41-A42 A47-A48 A4B-A4D A70-A71
A81-A82 ABC AC1-AC5 AC7-AC8 ACD B01 B3C B3F B41-B43 B4D B56 B82 BC0 BCD C3E-C40 C46-C48 C4A-C4D C55-C56 CBF CC6
CCC-CCD D41-D43 D4D DCA DD2-DD4 DD6 E31 E34-E3A E47-E4E EB1 EB4-EBC EC8-ECD F18-F19 F35 F37 F39 F71-F7E F80-F84
F86-F87 F90-F97 F99-FBC FC6 102D-1030 1032-1037 1039 1058-1059 1712-1714 1732-1733 1752-1753 1772-1773 17B7-17BD
17C6 17C9-17D3 180B-180E 18A9 20D0-20EA 302A-302D 3099-309A FB1E FE20-FE23 1D167-1D169 1D173-1D182 1D185-1D18B
1D1AA-1D1AD
"""


class _Patterns(NamedTuple):
    text: re.Pattern[str]  # any number of agreed characters, without tails
    token: re.Pattern[str]  # a run of agreed characters with their tails, or one other grapheme with its tail
    cluster: re.Pattern[str]


@cache
def _patterns() -> _Patterns:
    """Return the patterns, made when the first character beyond ASCII is drawn."""
    narrow, wide, marks = (_character_class(ranges) for ranges in (_NARROW, _WIDE, _MARKS))
    return _Patterns(
        re.compile(f"[{narrow}{wide}]*"),
        re.compile(f"(?:[{narrow}]|[{wide}]{WIDE_TAIL})+|.{WIDE_TAIL}?", re.DOTALL),
        re.compile(f"[{narrow}{wide}][{marks}]+"),
    )


def _character_class(ranges: str) -> str:
    """Return the inside of a pattern's brackets for ranges like "20-7E A0"."""
    return "".join("-".join(rf"\U{int(end, 16):08x}" for end in item.split("-")) for item in ranges.split())


def is_agreed(cells: str) -> bool:
    """Return whether all tables agree on cells that hold no clusters."""
    return _patterns().text.fullmatch(cells.replace(WIDE_TAIL, "")) is not None


def is_agreed_grapheme(cells: str, grapheme: str) -> bool:
    """Return whether all tables agree on one grapheme; `cells`: what the row's text has for it, with its tail."""
    if cells[0] == CLUSTER:
        return _patterns().cluster.fullmatch(grapheme) is not None
    return is_agreed(cells)


def tokens(cells: str) -> list[str]:
    """Cut cells into runs that are agreed and single graphemes that are not; clusters stand alone."""
    return _patterns().token.findall(cells)
