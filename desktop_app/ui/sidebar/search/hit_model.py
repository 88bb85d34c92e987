"""A list model of search hits: the conversation's title, and a snippet with its matches."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject

from desktop_app.i18n.translation import tr
from desktop_app.ui.widgets.rows.rows_model import RowsModel
from desktop_app.ui.widgets.text.foreign_text import one_line

if TYPE_CHECKING:
    from desktop_app.domain.conversations.conversation import SearchHit

# A match in a snippet, between its marks (see SearchHit).
_MARKS: Final = re.compile("\x02([^\x02\x03]*)\x03?")
_MAX_SNIPPET_CHARACTERS: Final = 2_000  # two lines are shown


class HitModel(RowsModel["SearchHit"]):
    """The hits of a search."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(lambda hit: hit.title, _accessible_text, parent)


def _accessible_text(hit: SearchHit) -> str:
    text = plain_snippet(hit_text(hit))[0]
    if hit.archived:
        return tr("{title}, archived: {text}", title=hit.title, text=text)
    return tr("{title}: {text}", title=hit.title, text=text)


def hit_text(hit: SearchHit) -> str:
    """Return the snippet of a hit, after the name of the document if it is in one."""
    return f"{one_line(hit.document)}: {hit.snippet}" if hit.document else hit.snippet


def plain_snippet(snippet: str) -> tuple[str, list[tuple[int, int]]]:
    """Return a snippet in one line without its marks, and the (start, length) of each match."""
    text = ""
    spans: list[tuple[int, int]] = []
    end = 0  # of the last match in `snippet`
    snippet = re.sub(r"[ \t\r\n]+", " ", snippet[:_MAX_SNIPPET_CHARACTERS])
    for match in _MARKS.finditer(snippet):
        text += one_line(snippet[end : match.start()], _MAX_SNIPPET_CHARACTERS)
        match_text = one_line(match[1], _MAX_SNIPPET_CHARACTERS)
        spans.append((len(text), len(match_text)))
        text += match_text
        end = match.end()
    return text + one_line(snippet[end:], _MAX_SNIPPET_CHARACTERS), spans
