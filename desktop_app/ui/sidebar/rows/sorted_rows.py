"""The rows of the conversation list, sorted by their keys and found by bisection."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from desktop_app.ui.sidebar.rows.row_order import FolderRow, Heading, Key

if TYPE_CHECKING:
    # Not imported at run time, because imports here delay the first paint.
    from desktop_app.domain.conversations.conversation import Conversation


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

    def replace(self, position: int, row: Conversation | FolderRow) -> None:
        """Replace a row by one with the same key."""
        self._rows[position] = row

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
