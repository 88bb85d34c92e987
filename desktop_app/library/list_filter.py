"""Filters of the conversation list.

The list shows the conversations without a folder, those of a folder, the archive, or the trash.
Pinned conversations are listed both in their folder and among those without one.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from desktop_app.domain.value import Value

if TYPE_CHECKING:  # the window's start imports this module
    from desktop_app.domain.conversations.conversation import Conversation

TRASH_RETENTION: Final = timedelta(days=30)


class ListFilterKind(StrEnum):
    """The kinds of filters. The window starts with LIST."""

    LIST = "list"
    FOLDER = "folder"
    ARCHIVE = "archive"
    TRASH = "trash"


class ListFilter(Value, frozen=True):
    """A filter of the conversation list; `folder_id` is "" for every kind but FOLDER."""

    kind: ListFilterKind
    folder_id: str = ""

    @classmethod
    def for_folder(cls, folder_id: str) -> ListFilter:
        return cls(ListFilterKind.FOLDER, folder_id)

    def includes(self, conversation: Conversation) -> bool:
        if conversation.trashed_at is not None:
            return self.kind is ListFilterKind.TRASH
        if conversation.archived:
            return self.kind is ListFilterKind.ARCHIVE
        if self.kind is ListFilterKind.FOLDER:
            return conversation.folder_id == self.folder_id
        is_in_list = conversation.folder_id is None or conversation.pinned
        return self.kind is ListFilterKind.LIST and is_in_list

    @property
    def has_pinned(self) -> bool:
        """Return True if pinned conversations come first, before the pages that are loaded."""
        return self.kind in (ListFilterKind.LIST, ListFilterKind.FOLDER)

    def sort_time_of(self, conversation: Conversation) -> datetime:
        """Return the time by which the filtered list is sorted, latest first."""
        if self.kind is ListFilterKind.TRASH and conversation.trashed_at is not None:
            return conversation.trashed_at
        return conversation.updated_at


LIST: Final = ListFilter(ListFilterKind.LIST)
ARCHIVE: Final = ListFilter(ListFilterKind.ARCHIVE)
TRASH: Final = ListFilter(ListFilterKind.TRASH)


def days_left(trashed_at: datetime, moment: datetime) -> int:
    """Return the days that are left in the trash, including the current day; 0 for none."""
    remaining = trashed_at + TRASH_RETENTION - moment
    return max(0, -(-remaining // timedelta(days=1)))
