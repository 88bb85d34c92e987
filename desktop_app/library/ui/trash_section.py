"""What a feature has in the trash beside conversations."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from desktop_app.library.ui.rows.conversation_model import days_text, spoken_in_trash
from desktop_app.widgets.library_list import LibraryRow


class TrashedItem(LibraryRow, frozen=True, kw_only=True):
    """A text, a table … in the trash.

    Attributes:
        trashed_at: when it was moved there.
        origin: where it belongs; "" for nowhere else. The page adds it to the note.
        question, consequence: asked before it is permanently deleted; "" for the usual consequence.
        restore, erase: take it out of the trash; permanently delete it, if it is still there.
    """

    trashed_at: datetime
    origin: str = ""
    question: str
    consequence: str = ""
    restore: Callable[[], Awaitable[object]]
    erase: Callable[[], Awaitable[object]]

    @property
    def accessible_text(self) -> str:
        name = ", ".join(filter(None, (self.title, self.origin)))
        return spoken_in_trash(name, self.trashed_at)

    @property
    def with_note(self) -> TrashedItem:
        parts = (self.origin, days_text(self.trashed_at))
        return replace(self, note=" · ".join(filter(None, parts)))


class TrashSection(NamedTuple):
    """What a feature has in the trash: its section "trash" (`Feature.sections`)."""

    key: str
    title: str
    read: Callable[[], Awaitable[list[TrashedItem]]]
