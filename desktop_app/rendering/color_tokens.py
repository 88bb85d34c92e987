"""The colors of the program by name, light and dark: of its windows and of its exports."""

from __future__ import annotations

from typing import Final

NAMES: Final = (
    "ground side card line hover selected text dim faint accent on_accent tint code_ground "
    "keyword string function comment number error error_ground good warning"
).split()
LIGHT: Final = (
    "#FFFFFF #F6F6F4 #FFFFFF #E7E6E2 #ECEBE7 #E3E8F7 #1D1D1B #595853 #6D6C66 #3451B2 #FFFFFF "
    "#EDF1FC #F6F6F3 #8A3FA0 #2B7A4B #3451B2 #6B6A64 #9A5B00 #B3261E #FCEEED #2B7A4B #8F5F00"
).split()
DARK: Final = (
    "#1A1A19 #141413 #20201F #2D2D2B #262624 #262C42 #ECECE8 #A5A49D #918F89 #9DB2FF #10131F "
    "#232940 #222221 #D2A8F0 #8FD3A8 #9DB2FF #8C8B84 #E5B97A #FF9A8F #3A2320 #7CC79A #E0B354"
).split()
