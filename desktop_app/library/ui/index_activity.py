"""The row of Activity for a search index that is made again."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from desktop_app.app.activity import ActivityRow, Phase
from desktop_app.app.session import Session
from desktop_app.domain.conversations.conversation import now
from desktop_app.i18n.translation import tr
from desktop_app.library.search_rebuild import complete_index

_PAUSE_S: Final = 0.05


class IndexActivity:
    """How far the index is, which a restore and an update of the program have made again."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._progress = 1.0
        self._began_at: datetime = now()

    async def renew(self) -> None:
        """Complete the index. Raises StorageError."""
        try:
            await complete_index(self._session.backend.database, self._show, _PAUSE_S)
        finally:
            self._show(1)

    def _show(self, progress: float) -> None:
        if int(self._progress * 100) != int(progress * 100):
            self._progress = progress
            self._session.events.activity_changed.emit("")

    async def rows(self) -> list[ActivityRow]:
        if self._progress == 1:
            return []
        return [
            ActivityRow(
                "search-index",
                tr("Search messages"),
                tr("Library"),
                tr("Preparing search…"),
                Phase.RUNNING,
                self._began_at,
                lambda: None,
                progress=self._progress,
            )
        ]
