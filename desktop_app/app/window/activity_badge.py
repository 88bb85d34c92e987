"""The number at the foot of the list of conversations: what has ended unseen."""

from __future__ import annotations

from desktop_app.app.session import Session
from desktop_app.library.ui.conversation_list import ConversationList


class ActivityBadge:
    """The mark at the foot of the list while something has ended that the user has not seen."""

    def __init__(self, session: Session) -> None:
        self._footer = session.of(ConversationList).footer
        self._ended: set[str] = set()
        self._is_looking = False
        session.events.activity_changed.connect(self._add)
        session.events.read.connect(self._remove)

    def set_looking(self, is_looking: bool) -> None:
        """Take what has ended as seen, while the page is shown."""
        self._is_looking = is_looking
        self._ended.clear()
        self._footer.show_ended(0)

    def _add(self, row_id: str) -> None:
        if row_id and not self._is_looking:
            self._ended.add(row_id)
            self._footer.show_ended(len(self._ended))

    def _remove(self, row_id: str) -> None:
        self._ended.discard(row_id)
        self._footer.show_ended(len(self._ended))
