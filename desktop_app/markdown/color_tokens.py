"""The light and dark colors of windows and exports, by name."""

from __future__ import annotations

from typing import Final

NAMES: Final = (
    "ground side card line outline hover selected text dim faint accent on_accent tint code_ground "
    "keyword string function comment number error error_ground good warning"
).split()
"""The names of the colors. Each palette below lists its colors in this order.

“line” separates, “outline” is the border of what can be used: 3:1 on all grounds (WCAG 1.4.11).
"""

LIGHT: Final = (
    "#FFFFFF #F6F6F4 #FFFFFF #E7E6E2 #8A8983 #ECEBE7 #E3E8F7 #1D1D1B #595853 #696862 #3451B2 "
    "#FFFFFF #EDF1FC #F6F6F3 #8A3FA0 #2B7A4B #3451B2 #6B6A64 #9A5B00 #B3261E #FCEEED #2B7A4B "
    "#8F5F00"
).split()
DARK: Final = (
    "#1A1A19 #141413 #20201F #2D2D2B #71706B #262624 #262C42 #ECECE8 #A5A49D #969490 #9DB2FF "
    "#10131F #232940 #222221 #D2A8F0 #8FD3A8 #9DB2FF #8C8B84 #E5B97A #FF9A8F #3A2320 #7CC79A "
    "#E0B354"
).split()

# High contrast: at least 7:1 for every text, and lines as strong as the text.
CONTRAST_LIGHT: Final = (
    "#FFFFFF #FFFFFF #FFFFFF #000000 #000000 #E4E4E4 #CFE0FF #000000 #1A1A1A #3A3A3A #0033A0 "
    "#FFFFFF #EEF3FF #F4F4F4 #0033A0 #0A4F0A #5B0F8A #3A3A3A #7A2E00 #8B0000 #FFF0F0 #004F1E "
    "#5C3A00"
).split()
CONTRAST_DARK: Final = (
    "#000000 #000000 #000000 #FFFFFF #FFFFFF #3A3A3A #003A6E #FFFFFF #F0F0F0 #D8D8D8 #FFE14D "
    "#000000 #1E1E1E #101010 #9CC9FF #A8F0A8 #E9B8FF #D8D8D8 #FFC48A #FFA8A8 #2A0000 #7CF29A "
    "#FFD166"
).split()
