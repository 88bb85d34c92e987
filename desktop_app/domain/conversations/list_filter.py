"""Where conversations are kept in the library, and which of them each place shows.

The list shows one place at a time: what lies in no folder, a folder, the archive or the trash. What
is pinned stands in the list whichever folder it lies in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # the window's start imports this
    from desktop_app.domain.conversations.conversation import Conversation

TRASH_STAYS: Final = timedelta(days=30)


class ListFilterKind(StrEnum):
    """LIST is where one starts."""

    LIST = "list"
    FOLDER = "folder"
    ARCHIVE = "archive"
    TRASH = "trash"


@dataclass(frozen=True, slots=True)
class ListFilter:
    """One place; `folder_id` names the folder where it is one, and is "" elsewhere."""

    kind: ListFilterKind
    folder_id: str = ""

    @classmethod
    def of_folder(cls, folder_id: str) -> ListFilter:
        """A folder's."""
        return cls(ListFilterKind.FOLDER, folder_id)

    def holds(self, conversation: Conversation) -> bool:
        """Whether a conversation is shown here."""
        if conversation.trashed_at is not None:
            return self.kind is ListFilterKind.TRASH
        if conversation.archived:
            return self.kind is ListFilterKind.ARCHIVE
        if self.kind is ListFilterKind.FOLDER:
            return conversation.folder_id == self.folder_id
        is_loose = conversation.folder_id is None or conversation.pinned
        return self.kind is ListFilterKind.LIST and is_loose

    def moment_of(self, conversation: Conversation) -> datetime:
        """By what its conversations are ordered here, the latest first."""
        if self.kind is ListFilterKind.TRASH and conversation.trashed_at is not None:
            return conversation.trashed_at
        return conversation.updated_at


LIST: Final = ListFilter(ListFilterKind.LIST)
ARCHIVE: Final = ListFilter(ListFilterKind.ARCHIVE)
TRASH: Final = ListFilter(ListFilterKind.TRASH)


def days_left(trashed_at: datetime, at: datetime) -> int:
    """How many days, the begun one counted, something stays in the trash; 0 when it is due."""
    left = trashed_at + TRASH_STAYS - at
    return max(0, -(-left // timedelta(days=1)))
