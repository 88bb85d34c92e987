"""The order of the rows in the conversation list: sort keys, and headings of groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from desktop_app.domain.conversations.list_filter import LIST, ListFilter, ListFilterKind
from desktop_app.ui.sidebar.rows.date_groups import FOLDERS, PINNED, DateGroups

if TYPE_CHECKING:
    # Not imported at run time, because imports here delay the first paint.
    from desktop_app.domain.conversations.conversation import Conversation, Folder

Key = tuple[int, float, str]
"""A sort key, with three parts.

The group; the negated time, the rank of a pin, or 0; the id, for a folder after its name.
"""


@dataclass(frozen=True)
class Heading:
    """The heading of a group."""

    group: int
    label: str

    @property
    def key(self) -> Key:
        """Return the sort key, which is less than the keys of the group's rows."""
        return (self.group, float("-inf"), "")


@dataclass(frozen=True)
class FolderRow:
    """A folder, and whether an answer is streaming in it."""

    folder: Folder
    streaming: bool = False

    @property
    def id(self) -> str:
        """Return the folder's id."""
        return self.folder.id


class RowOrder:
    """The sort keys and groups of a list's rows.

    Attributes:
        list_filter: the filter of the list. It decides by which time conversations are sorted.
        pin_order: the ids of the pinned conversations that the user has arranged, in their order.
    """

    def __init__(self, today: date) -> None:
        self.list_filter = LIST
        self.pin_order: tuple[str, ...] = ()
        self._pin_ranks: dict[str, int] = {}
        self._date_groups = DateGroups(today)

    def set_list_filter(self, list_filter: ListFilter) -> None:
        """Sort and group rows as the list with this filter does."""
        self.list_filter = list_filter

    def set_pin_order(self, order: Iterable[str]) -> None:
        """Sort the pinned conversations in this order. Those missing from `order` come first."""
        self.pin_order = tuple(order)
        self._pin_ranks = {id_: rank for rank, id_ in enumerate(self.pin_order)}

    def set_today(self, today: date) -> bool:
        """Group relative to another day. Return False if the day has not changed."""
        if today == self._date_groups.today:
            return False
        self._date_groups = DateGroups(today)
        return True

    def key(self, row: Conversation | FolderRow) -> Key:
        """Return the sort key of a row."""
        if isinstance(row, FolderRow):
            return (FOLDERS, 0.0, f"{row.folder.name.casefold()}\0{row.id}")
        timestamp = self.list_filter.sort_time_of(row).timestamp()
        if self.is_in_pinned_group(row):  # conversations without a rank come first, newest first
            return (PINNED, float(self._pin_ranks.get(row.id, -timestamp)), row.id)
        return (self._date_groups.group(timestamp), -timestamp, row.id)

    def is_in_pinned_group(self, row: Conversation) -> bool:
        """Return True if a conversation is in the group of pinned conversations."""
        return row.pinned and self.list_filter.kind in (ListFilterKind.LIST, ListFilterKind.FOLDER)

    def heading(self, group: int) -> Heading:
        """Return the heading of a group."""
        return Heading(group, self._date_groups.label(group))

    def with_headings(
        self, keyed_rows: Iterable[tuple[Key, Conversation | FolderRow]], group: int
    ) -> Iterator[tuple[Key, Conversation | FolderRow | Heading]]:
        """Yield sorted rows with headings between groups.

        The first heading is omitted if the first row belongs to `group`.
        """
        for key, row in keyed_rows:
            if key[0] != group:
                group = key[0]
                heading = self.heading(group)
                yield heading.key, heading
            yield key, row
