"""The row of Activity for the renewal of the search index."""

from __future__ import annotations

from datetime import datetime

from desktop_app.app.activity import ActivityRow, Phase
from desktop_app.app.session import Session
from desktop_app.domain.conversations.conversation import now
from desktop_app.i18n.translation import tr
from desktop_app.library.index_renewal import renew_index


class IndexActivity:
    """How far the renewal is, which runs once after an update of the program."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._progress = 1.0
        self._began_at: datetime = now()

    async def renew(self) -> None:
        """Renew the index, if a former version has made it. Raises StorageError."""
        await renew_index(self._session.backend.database, self._show)

    def _show(self, progress: float) -> None:
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
