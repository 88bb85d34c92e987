"""The rows of the conversation list in their order: sort keys, and headings of groups."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import date

from desktop_app.domain.conversations.conversation import Conversation, Folder
from desktop_app.domain.conversations.list_filter import LIST, ListFilter, ListFilterKind
from desktop_app.domain.value import Value
from desktop_app.library.ui.rows.date_groups import FOLDERS, PINNED, DateGroups

Key = tuple[int, float, str]
"""A sort key, with three parts.

The group; the negated time, the rank of a pin, or 0; the id, for a folder after its name.
"""


class Heading(Value, frozen=True):
    """The heading of a group."""

    group: int
    label: str

    @property
    def key(self) -> Key:
        """Return the sort key, which is less than the keys of the group's rows."""
        return (self.group, float("-inf"), "")


class FolderRow(Value, frozen=True):
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
        self.list_filter: ListFilter = LIST
        self.pin_order: tuple[str, ...] = ()
        self._pin_ranks: dict[str, int] = {}
        self._date_groups = DateGroups(today)

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


class SortedRows:
    """Folders, conversations and headings, each with its key and position.

    The model tells its views about each change.
    """

    def __init__(
        self, keyed_rows: Iterable[tuple[Key, Conversation | FolderRow | Heading]] = ()
    ) -> None:
        self._rows: list[Conversation | FolderRow | Heading] = []
        self._keys: list[Key] = []
        self._key_of: dict[str, Key] = {}
        self.insert(keyed_rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Conversation | FolderRow | Heading]:
        return iter(self._rows)

    def __getitem__(self, position: int) -> Conversation | FolderRow | Heading:
        return self._rows[position]

    @property
    def last_group(self) -> int:
        """Return the group of the last row; -1 without rows."""
        return self._keys[-1][0] if self._keys else -1

    def key_of(self, identifier: str) -> Key | None:
        """Return the key of a conversation or folder; None if it is not listed."""
        return self._key_of.get(identifier)

    def find(self, key: Key) -> int:
        """Return the position of a key, or the position at which to insert it."""
        return bisect_left(self._keys, key)

    def position_of(self, identifier: str) -> int | None:
        """Return the position of a conversation or folder; None if it is not listed."""
        key = self._key_of.get(identifier)
        return None if key is None else self.find(key)

    def has_group(self, group: int) -> bool:
        """Return True if the heading of a group is listed."""
        position = self.find((group, float("-inf"), ""))
        return position < len(self._keys) and self._keys[position][0] == group

    def ends_group(self, position: int) -> bool:
        """Return True if no row of the same group follows."""
        return position + 1 == len(self._rows) or isinstance(self._rows[position + 1], Heading)

    def is_alone_in_group(self, position: int) -> bool:
        """Return True if a row is the only one below its heading."""
        return isinstance(self._rows[position - 1], Heading) and self.ends_group(position)

    def insert(self, keyed_rows: Iterable[tuple[Key, Conversation | FolderRow | Heading]]) -> None:
        """Insert sorted rows, between which no present row belongs."""
        added = list(keyed_rows)
        if not added:
            return
        position = self.find(added[0][0])
        self._keys[position:position] = [key for key, _ in added]
        self._rows[position:position] = [row for _, row in added]
        self._key_of |= {row.id: key for key, row in added if not isinstance(row, Heading)}

    def remove(self, first: int, last: int) -> None:
        """Remove the rows from one position to another."""
        for row in self._rows[first : last + 1]:
            if not isinstance(row, Heading):
                del self._key_of[row.id]
        del self._rows[first : last + 1], self._keys[first : last + 1]

    def __setitem__(self, position: int, row: Conversation | FolderRow) -> None:
        self._rows[position] = row  # with the same key

    def move(self, source: int, target: int, key: Key) -> None:
        """Move a conversation or folder to before the row at `target`, and change its key."""
        row = self._rows.pop(source)
        assert not isinstance(row, Heading)
        if target > source:
            target -= 1  # counted without the moved row
        self._rows.insert(target, row)
        del self._keys[source]
        self._keys.insert(target, key)
        self._key_of[row.id] = key
