"""The place of a passage in its document: a code, and its words in the user's language.

The code is `page 3`, `pages 3–5` (or slides, or chapters) or `sheet Costs`. It is stored, sent to
models and written to JSON; users see `place_text`.
"""

from __future__ import annotations

import re
from typing import Final

from desktop_app.i18n.translation import tr

_NUMBERED: Final = re.compile(r"(?P<unit>page|slide|chapter)s? (?P<first>\d+)(?:–(?P<last>\d+))?")
_SHEET: Final = "sheet "


def place_code(unit: str, first: int, last: int, sheet: str = "") -> str:
    """Return the code of a passage's sections.

    >>> place_code("page", 3, 3), place_code("page", 3, 5), place_code("sheet", 1, 1, "Costs")
    ('page 3', 'pages 3–5', 'sheet Costs')
    """
    if sheet:
        return f"{unit} {sheet}"
    return f"{unit} {first}" if first == last else f"{unit}s {first}–{last}"


def place_text(code: str) -> str:
    """Return the text for the code of a place; any other text unchanged.

    >>> place_text("pages 3–5"), place_text("sheet Costs")
    ('pages 3–5', 'sheet Costs')
    """
    if code.startswith(_SHEET):
        return tr("sheet {name}", name=code.removeprefix(_SHEET))
    match = _NUMBERED.fullmatch(code)
    if match is None:
        return code
    first = match["first"]
    last = match["last"]
    if match["unit"] == "slide":
        if last:
            return tr("slides {first}–{last}", first=first, last=last)
        return tr("slide {number}", number=first)
    if match["unit"] == "chapter":
        if last:
            return tr("chapters {first}–{last}", first=first, last=last)
        return tr("chapter {number}", number=first)
    if last:
        return tr("pages {first}–{last}", first=first, last=last)
    return tr("page {number}", number=first)
