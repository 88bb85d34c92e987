"""What a search found, as rows: the conversation's title, and the place with its matches."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QObject

    from desktop_app.domain.conversation import SearchHit

_NO_PARENT: Final = QModelIndex()
# The matches stand between these in a snippet (see SearchHit).
_MARKS: Final = re.compile("\x02([^\x02\x03]*)\x03?")


class Roles(IntEnum):
    """What the delegate asks for beside the title (DisplayRole)."""

    HIT = Qt.ItemDataRole.UserRole


class HitModel(QAbstractListModel):
    """The hits of one search; another search is another list."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._hits: list[SearchHit] = []

    def set_hits(self, hits: Sequence[SearchHit]) -> None:
        """Show these and no others."""
        self.beginResetModel()
        self._hits = list(hits)
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_PARENT) -> int:
        """How many there are."""
        return 0 if parent.isValid() else len(self._hits)

    def data(
        self,
        index: QModelIndex | QPersistentModelIndex,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Title, what is read aloud, and the hit itself."""
        if not index.isValid():
            return None
        hit = self._hits[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return hit.title
            case Qt.ItemDataRole.AccessibleTextRole:
                where = "archived, " if hit.archived else ""
                return f"{where}{hit.title}: {plain(hit.snippet)[0]}"
            case Roles.HIT:
                return hit
        return None


def plain(snippet: str) -> tuple[str, list[tuple[int, int]]]:
    """A snippet in one line without its marks, and (start, length) of each match in it."""
    text, spans, end = "", [], 0
    snippet = re.sub(r"[ \t\r\n]+", " ", snippet)
    for match in _MARKS.finditer(snippet):
        text += snippet[end : match.start()]
        spans.append((len(text), len(match[1])))
        text += match[1]
        end = match.end()
    return text + snippet[end:], spans
