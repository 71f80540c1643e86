"""Text on whose columns all width tables agree, whatever library and Unicode version the other end has.

A real terminal may know Unicode 3.2 only, and may change a character's look by its context. On the wire the other end
is our emulator, with our own table (width.py), or upstream's, which counts code point by code point with its C
library's table, where those from 2017 (Unicode 10) on matter. Gaps of up to six unassigned code points are closed over,
which keeps the lists short.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from mosh_common.terminal.cells import CLUSTER, WIDE_TAIL

# Of the same width in Unicode 3.2, in our own table (Unicode 14) and in Unicode 18, and without joiners, variation
# selectors and tags.
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


# On the wire. Unassigned in Unicode 14, so that upstream (with a C library of our table's version) draws nothing there:
# what follows is sure to be misplaced. Not Python's `unicodedata`, whose version is another with each Python.
_UNDRAWN: Final = """\
5C8-5CF 5F5-5FF 7B2-7BF 9CF-9D6 A52-A58 A5F-A65 A77-A80 AD1-ADF AF2-AF8 B4E-B54 B78-B81 BD8-BE5 C4E-C54 C70-C76
CCE-CD4 CF3-CFF DF5-E00 E5C-E80 EE0-EFF FDB-FFF 16F9-16FF 1716-171E 1737-173F 1754-175F 1774-177F 1879-187F
18F6-18FF 1975-197F 1ACF-1AFF 1BF4-1BFB 1C89-1C8F 1CC8-1CCF 20C1-20CF 20F1-20FF 2427-243F 244B-245F 2D68-2D6E
2D71-2D7E 2D97-2D9F 2E5E-2E7F 2EF4-2EFF 2FD6-2FEF 31E4-31EF A4C7-A4CF A62C-A63F A6F8-A6FF A7DA-A7F1 A878-A87F
A8C6-A8CD A954-A95E AA37-AA3F AAC3-AADA AAF7-AB00 AB17-AB1F D7A4-D7AF FADA-FAFF FB07-FB12 FBC3-FBD2 FDC8-FDCE
FFEF-FFF8 1005E-1007F 101A1-101CF 101FE-1027F 102D1-102DF 10324-1032C 103D6-103FF 10528-1052F 10564-1056E
105BD-105FF 10737-1073F 10756-1075F 10768-1077F 107BB-107FF 1089F-108A6 108B0-108DF 10940-1097F 10A49-10A4F
10A59-10A5F 10AA0-10ABF 10AF7-10AFF 10B92-10B98 10B9D-10BA8 10BB0-10BFF 10C49-10C7F 10CB3-10CBF 10CF3-10CF9
10D28-10D2F 10D3A-10E5F 10EB2-10EFF 10F28-10F2F 10F5A-10F6F 10F8A-10FAF 10FCC-10FDF 10FF7-10FFF 11076-1107E
110C3-110CC 110E9-110EF 11148-1114F 11177-1117F 111F5-111FF 1123F-1127F 11375-113FF 11462-1147F 114C8-114CF
114DA-1157F 115DE-115FF 11645-1164F 1166D-1167F 116CA-116FF 11747-117FF 1183C-1189F 118F3-118FE 11947-1194F
1195A-1199F 119E5-119FF 11A48-11A4F 11AA3-11AAF 11AF9-11BFF 11C46-11C4F 11CB7-11CFF 11D48-11D4F 11D99-11D9F
11DAA-11EDF 11EF9-11FAF 11FB1-11FBF 11FF2-11FFE 1239A-123FF 12475-1247F 12544-12F8F 12FF3-12FFF 13439-143FF
14647-167FF 16A39-16A3F 16AF6-16AFF 16B46-16B4F 16B90-16E3F 16E9B-16EFF 16F88-16F8E 16FA0-16FDF 16FE5-16FEF
16FF2-16FFF 187F8-187FF 18CD6-18CFF 18D09-1AFEF 1B123-1B14F 1B153-1B163 1B168-1B16F 1B2FC-1BBFF 1BC89-1BC8F
1BCA4-1CEFF 1CF47-1CF4F 1CFC4-1CFFF 1D0F6-1D0FF 1D1EB-1D1FF 1D246-1D2DF 1D2F4-1D2FF 1D357-1D35F 1D379-1D3FF
1DA8C-1DA9A 1DAB0-1DEFF 1DF1F-1DFFF 1E02B-1E0FF 1E150-1E28F 1E2AF-1E2BF 1E300-1E7DF 1E8D7-1E8FF 1E960-1EC70
1ECB5-1ED00 1ED3E-1EDFF 1EEBC-1EEEF 1EEF2-1EFFF 1F094-1F09F 1F0F6-1F0FF 1F1AE-1F1E5 1F203-1F20F 1F249-1F24F
1F252-1F25F 1F266-1F2FF 1F774-1F77F 1F7D9-1F7DF 1F7F1-1F7FF 1F848-1F84F 1F888-1F88F 1F8B2-1F8FF 1FA54-1FA5F
1FA87-1FA8F 1FAC6-1FACF 1FAE8-1FAEF 1FAF7-1FAFF 1FBCB-1FBEF 1FBFA-1FFFD 2A6E0-2A6FF 2B739-2B73F 2CEA2-2CEAF
2EBE1-2F7FF 2FA1E-2FFFD 3134B-E0000 E0002-E001F E0080-E00FF E01F0-EFFFF FFFFE-FFFFF 10FFFE-10FFFF
"""
# The others that are newer than Unicode 10, or not of the same width in all of Unicode 10–18 (hexagrams, regional
# indicators, skin tones).
_UNSETTLED: Final = """\
560 588 5EF 61D 7FD-7FF 870-88E 890-891 898-89F 8B5 8BE-8D3 9FE A76 B55 C04 C3C C5D C77 C84 CDD D04 D81 E86 E89
E8C E8E-E93 E98 EA0 EA8-EA9 EAC EBA 170D 1715 171F 180F 1878 1ABF-1ACE 1B4C 1B7D-1B7E 1C90-1CBA 1CBD-1CBF 1CFA
1DFA 20C0 2630-2637 268A-268F 2B97 2BBA-2BBC 2BC9 2BD3-2BEB 2BF0-2BFF 2C2F 2C5F 2E4A-2E5D 302E-302F 312F 3164
31BB-31BF 3248-324F 32FF 4DB6-4DFF 9FEB-9FFF A7AF A7B8-A7CA A7D0-A7D1 A7D3 A7D5-A7D9 A7F2-A7F6 A82C A8FE-A8FF
AB66-AB6B FBC2 FD40-FD4F FDCF FDFE-FDFF 1019C 10570-1057A 1057C-1058A 1058C-10592 10594-10595 10597-105A1
105A3-105B1 105B3-105B9 105BB-105BC 10780-10785 10787-107B0 107B2-107BA 10A34-10A35 10A48 10D00-10D27
10D30-10D39 10E80-10EA9 10EAB-10EAD 10EB0-10EB1 10F00-10F27 10F30-10F59 10F70-10F89 10FB0-10FCB 10FE0-10FF6
11070-11075 110C2 110CD 11144-11147 111CE-111CF 1133B 1145A 1145E-11461 116B8-116B9 1171A 11740-11746
11800-1183B 11900-11906 11909 1190C-11913 11915-11916 11918-11935 11937-11938 1193B-11946 11950-11959
119A0-119A7 119AA-119D7 119DA-119E4 11A84-11A85 11A9D 11AB0-11ABF 11D60-11D65 11D67-11D68 11D6A-11D8E
11D90-11D91 11D93-11D98 11DA0-11DA9 11EE0-11EF8 11FB0 11FC0-11FF1 11FFF 12F90-12FF2 13430-13438 16A70-16ABE
16AC0-16AC9 16E40-16E9A 16F45-16F4A 16F4F 16F7F-16F87 16FE2-16FE4 16FF0-16FF1 187ED-187F7 18AF3-18CD5
18D00-18D08 1AFF0-1AFF3 1AFF5-1AFFB 1AFFD-1AFFE 1B11F-1B122 1B150-1B152 1B164-1B167 1CF00-1CF2D 1CF30-1CF46
1CF50-1CFC3 1D1E9-1D1EA 1D2E0-1D2F3 1D300-1D356 1D360-1D378 1DF00-1DF1E 1E100-1E12C 1E130-1E13D 1E140-1E149
1E14E-1E14F 1E290-1E2AE 1E2C0-1E2F9 1E2FF 1E7E0-1E7E6 1E7E8-1E7EB 1E7ED-1E7EE 1E7F0-1E7FE 1E94B 1EC71-1ECB4
1ED01-1ED3D 1F10D-1F10F 1F12F 1F16C-1F16F 1F1AD 1F1E6-1F1FF 1F3FB-1F3FF 1F6D5-1F6D7 1F6DD-1F6DF 1F6F9-1F6FC
1F7D5-1F7D8 1F7E0-1F7EB 1F7F0 1F8B0-1F8B1 1F90C-1F90F 1F93B 1F93F 1F946 1F94D-1F94F 1F96C-1F97F 1F998-1F9BF
1F9C1-1F9CF 1F9E7-1FA53 1FA60-1FA6D 1FA70-1FA74 1FA78-1FA7C 1FA80-1FA86 1FA90-1FAAC 1FAB0-1FABA 1FAC0-1FAC5
1FAD0-1FAD9 1FAE0-1FAE7 1FAF0-1FAF6 1FB00-1FB92 1FB94-1FBCA 1FBF0-1FBF9 2A6D7-2A6DF 2B735-2B738 30000-3134A
E0001 E0020-E007F E0100-E01EF F0000-FFFFD 100000-10FFFD
"""


class _Patterns(NamedTuple):
    text: re.Pattern[str]  # any number of agreed characters, without tails
    token: re.Pattern[str]  # a run of agreed characters with their tails, or graphemes that are not, with theirs
    cluster: re.Pattern[str]
    undrawn: re.Pattern[str] | None = None  # one character that upstream leaves out; of the wire only


@cache
def _patterns(strict: bool) -> _Patterns:
    """Return the patterns, made when the first character beyond ASCII is drawn."""
    if not strict:
        # Looking up a class takes constant time within the BMP, and tries range by range beyond it.
        within, beyond = _classes_by_plane(_UNSETTLED)
        undrawn_within, undrawn_beyond = _classes_by_plane(_UNDRAWN)
        bmp = f"[^{within}{undrawn_within}{CLUSTER}{WIDE_TAIL}\U00010000-\U0010ffff]"
        others = f"(?![{beyond}{undrawn_beyond}])[\U00010000-\U0010ffff]"
        disputed = f"(?:[{within}]|[{beyond}])"
        undrawn = f"(?:[{undrawn_within}]|[{undrawn_beyond}])"  # apart: what follows them in a run would be misplaced
        return _Patterns(
            re.compile(f"(?:{bmp}++|{others})*+"),
            re.compile(
                f"(?:{bmp}++{WIDE_TAIL}?|{others}{WIDE_TAIL}?)++|(?:{disputed}{WIDE_TAIL}?)++"
                f"|(?:{undrawn}{WIDE_TAIL}?)++|.{WIDE_TAIL}?",
                re.DOTALL,
            ),
            re.compile(f"(?:{bmp}++|{others})++"),
            re.compile(undrawn),
        )
    narrow, wide, marks = (_character_class(ranges) for ranges in (_NARROW, _WIDE, _MARKS))
    return _Patterns(
        re.compile(f"[{narrow}{wide}]*"),
        re.compile(f"(?:[{narrow}]|[{wide}]{WIDE_TAIL})+|.{WIDE_TAIL}?", re.DOTALL),
        re.compile(f"[{narrow}{wide}][{marks}]+"),
    )


def _character_class(ranges: str) -> str:
    """Return the inside of a pattern's brackets for ranges like "20-7E A0"."""
    return "".join("-".join(rf"\U{int(end, 16):08x}" for end in item.split("-")) for item in ranges.split())


def _classes_by_plane(ranges: str) -> tuple[str, str]:
    """Return the contents of two character classes: of what lies within the BMP, and beyond it."""
    items = ranges.split()
    within = [item for item in items if len(item.partition("-")[0]) <= 4]
    beyond = [item for item in items if len(item.partition("-")[0]) > 4]
    return _character_class(" ".join(within)), _character_class(" ".join(beyond))


def is_agreed(cells: str, *, strict: bool) -> bool:
    """Return whether all tables agree on cells that hold no clusters; `strict`: those of real terminals too."""
    return _patterns(strict).text.fullmatch(cells.replace(WIDE_TAIL, "")) is not None


def is_agreed_grapheme(cells: str, grapheme: str, *, strict: bool) -> bool:
    """Return whether all tables agree on one grapheme; `cells`: what the row's text has for it, with its tail."""
    if cells[0] == CLUSTER:
        return _patterns(strict).cluster.fullmatch(grapheme) is not None
    return is_agreed(cells, strict=strict)


def tokens(cells: str, *, strict: bool) -> list[str]:
    """Cut cells into runs that are agreed and what is not; clusters stand alone.

    With `strict`, so does every grapheme that is not agreed; else these come in runs, those that upstream leaves out in
    runs of their own.
    """
    return _patterns(strict).token.findall(cells)


def is_undrawn_by_upstream(grapheme: str) -> bool:
    """Return whether upstream leaves out a part of it: what Unicode 14 has not assigned has no width there."""
    pattern = _patterns(strict=False).undrawn
    return pattern is not None and pattern.search(grapheme) is not None
