"""The rows of the conversation list: folders, and conversations grouped by date.

Headings are rows, too, but disabled, so that keys and clicks skip them. A change of a
conversation changes, moves, inserts or removes its row and at most two headings. So views
keep their selection, current row and scroll position.

Large lists are loaded in pages. `more_requested` asks for the next page; until it arrives,
conversations that sort after the loaded pages are not shown.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from enum import IntEnum
from operator import itemgetter
from typing import Any, Final

from PySide6.QtCore import QAbstractListModel, QMimeData, QModelIndex, QObject, Qt, Signal

from desktop_app.domain.conversations.conversation import Conversation, Folder
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.library.list_filter import LIST, ListFilter, ListFilterKind, days_left
from desktop_app.library.ui.rows.row_order import Heading, Key, RowOrder, heading_key
from desktop_app.widgets.rows.rows_model import Index
from desktop_app.widgets.text.foreign_text import one_line

MIME_TYPE: Final = "application/x-repartee-conversations"
_NO_PARENT: Final = QModelIndex()
_NO_GROUP: Final = -1
"""Stands for a group of rows if there is none."""
Row = Conversation | Folder | Heading


class Roles(IntEnum):
    """Additional data of a row for delegates."""

    IS_HEADING = Qt.ItemDataRole.UserRole
    STREAMING = Qt.ItemDataRole.UserRole + 1
    IDENTIFIER = Qt.ItemDataRole.UserRole + 2
    IS_FOLDER = Qt.ItemDataRole.UserRole + 3
    NOTE = Qt.ItemDataRole.UserRole + 4  # the text at the end of the row
    UNREAD = Qt.ItemDataRole.UserRole + 5
    IN_PINNED_GROUP = Qt.ItemDataRole.UserRole + 6


class ConversationModel(QAbstractListModel):
    """A list model of folders, conversations and headings. See the module.

    Attributes:
        order: the order of the rows, with the filter of the list.
        folders: all folders, sorted by name, which only the unfiltered list shows.
        last_of_pages: the last loaded conversation, as it was when loaded; None if all are loaded.

    Signals:
        renamed(str id, str title): the user edited a title; the row already shows it.
        folder_renamed(str id, str name): the user edited a folder's name.
        more_requested(): append the next page.
    """

    renamed = Signal(str, str)
    folder_renamed = Signal(str, str)
    more_requested = Signal()

    def __init__(self, today: date, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.order = RowOrder(today)
        self.folders: tuple[Folder, ...] = ()
        self._rows: list[Row] = []
        self._keys: list[Key] = []  # of the rows, ascending
        self._key_of: dict[str, Key] = {}  # of conversations and folders by id
        self._unread: frozenset[str] = frozenset()
        self._answering: frozenset[str] = frozenset()
        self.last_of_pages: Conversation | None = None
        self._has_requested_page = False

    # ------------------------------------------------------------ QAbstractItemModel

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return a row's flags.

        Headings are disabled. Names are editable except in the trash. Folders accept drops.
        """
        row = self._row_at(index)
        if row is None or isinstance(row, Heading):
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemNeverHasChildren
        if isinstance(row, Folder):
            return flags | Qt.ItemFlag.ItemIsEditable | Qt.ItemFlag.ItemIsDropEnabled
        flags |= Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsDragEnabled
        if self.order.list_filter.kind is not ListFilterKind.TRASH:
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a row's title, accessible text or `Roles` data."""
        row = self._row_at(index)
        if row is None:
            return None
        if isinstance(row, Heading):
            if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
                return row.label
            if role == Roles.IS_HEADING:
                return True
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return one_line(_name(row))
            case Qt.ItemDataRole.EditRole:
                return _name(row)
            case Qt.ItemDataRole.AccessibleTextRole:
                return self._accessible_text(row)
            case Roles.STREAMING:
                return self._is_answering(row)
            case Roles.UNREAD:
                return row.id in self._unread
            case Roles.IDENTIFIER:
                return row.id
            case Roles.IN_PINNED_GROUP:
                return not isinstance(row, Folder) and self.order.is_in_pinned_group(row)
            case Roles.IS_FOLDER:
                return isinstance(row, Folder)
            case Roles.NOTE:
                trashed_at = None if isinstance(row, Folder) else row.trashed_at
                return "" if trashed_at is None else days_text(trashed_at)
            case Roles.IS_HEADING:
                return False
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Set a title or name, and emit the change. Return False for an empty name."""
        name = " ".join(str(value).split())
        row = self._row_at(index)
        if role != Qt.ItemDataRole.EditRole or not name or row is None or isinstance(row, Heading):
            return False
        if name == _name(row):
            return True
        if isinstance(row, Folder):
            # Folders are sorted by name, so the row may move.
            self._insert_or_update(replace(row, name=name))
            self.folder_renamed.emit(row.id, name)
        else:
            self._replace(index.row(), replace(row, title=name))
            self.renamed.emit(row.id, name)
        return True

    def canFetchMore(self, _parent: Index) -> bool:
        return self.last_of_pages is not None and not self._has_requested_page

    def fetchMore(self, _parent: Index) -> None:
        if self.canFetchMore(_NO_PARENT):
            self._has_requested_page = True
            self.more_requested.emit()

    def mimeTypes(self) -> list[str]:
        return [MIME_TYPE]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        result = QMimeData()
        ids = [
            conversation.id
            for index in indexes
            if (conversation := self.conversation_at(index)) is not None
        ]
        result.setData(MIME_TYPE, "\n".join(ids).encode())
        return result

    # ------------------------------------------------------------ queries

    def conversation_at(self, index: Index) -> Conversation | None:
        """Return a row's conversation, or None for headings and folders."""
        row = self._row_at(index)
        return row if isinstance(row, Conversation) else None

    def folder_at(self, index: Index) -> Folder | None:
        """Return a row's folder, or None for other rows."""
        row = self._row_at(index)
        return row if isinstance(row, Folder) else None

    def _row_at(self, index: Index) -> Row | None:
        return self._rows[index.row()] if index.isValid() else None

    def index_of(self, identifier: str) -> QModelIndex:
        """Return the index of a conversation or folder; invalid if it is not listed."""
        key = self._key_of.get(identifier)
        return QModelIndex() if key is None else self.index(self._find(key))

    @property
    def conversations(self) -> list[Conversation]:
        return [row for row in self._rows if isinstance(row, Conversation)]

    # ------------------------------------------------------------ changes

    def set_conversations(
        self,
        conversations: Iterable[Conversation],
        *,
        list_filter: ListFilter = LIST,
        last: Conversation | None = None,
    ) -> None:
        """Replace the conversations and the filter; `last` as for `append`."""
        self.beginResetModel()
        self.order.list_filter = list_filter
        self.last_of_pages = last
        self._has_requested_page = False
        rows: list[Conversation | Folder] = [*self._shown_folders, *conversations]
        keyed_rows = sorted(((self.order.key(row), row) for row in rows), key=itemgetter(0))
        self._rows, self._keys, self._key_of = [], [], {}
        self._put(0, list(self.order.with_headings(keyed_rows, _NO_GROUP)))
        self.endResetModel()

    def append(self, page: Iterable[Conversation], last: Conversation | None) -> None:
        """Append the next page.

        Args:
            last: the last conversation of the loaded pages; None if no page follows.
        """
        self.last_of_pages = last
        self._has_requested_page = False
        new_conversations = [c for c in page if c.id not in self._key_of]
        keyed_rows = sorted(((self.order.key(c), c) for c in new_conversations), key=itemgetter(0))
        # Usually all of a page sorts after the present rows, and is inserted at once.
        if keyed_rows and self._find(keyed_rows[0][0]) < len(self._rows):
            for _, conversation in keyed_rows:
                self._insert_or_update(conversation)
        elif keyed_rows:
            last_group = self._keys[-1][0] if self._keys else _NO_GROUP
            self._insert(self.order.with_headings(keyed_rows, last_group))

    def set_today(self, today: date) -> None:
        """Regroup the rows after the day has changed."""
        if self.order.today != today:
            self.order.today = today
            self.set_conversations(
                self.conversations, list_filter=self.order.list_filter, last=self.last_of_pages
            )

    def upsert(self, conversation: Conversation) -> None:
        """Insert, update, move or remove the row to match the conversation.

        The row is removed if the filter excludes the conversation, or if the conversation sorts
        after the loaded pages.
        """
        last = self.last_of_pages
        is_after_pages = last is not None and self.order.key(conversation) > self.order.key(last)
        if is_after_pages or not self.order.list_filter.includes(conversation):
            self.remove(conversation.id)
        else:
            self._insert_or_update(conversation)

    def set_folders(self, folders: Iterable[Folder]) -> None:
        self.folders = tuple(sorted(folders, key=lambda folder: folder.name.casefold()))
        former_ids = {row.id for row in self._rows if isinstance(row, Folder)}
        for removed_id in former_ids - {folder.id for folder in self._shown_folders}:
            self.remove(removed_id)
        for folder in self._shown_folders:
            self._insert_or_update(folder)

    @property
    def _shown_folders(self) -> tuple[Folder, ...]:
        return self.folders if self.order.list_filter.kind is ListFilterKind.LIST else ()

    def remove(self, identifier: str) -> None:
        """Remove a row, and its group's heading if the group is then empty."""
        position = self.index_of(identifier).row()
        if position >= 0:
            has_heading_above = isinstance(self._rows[position - 1], Heading)
            is_alone = has_heading_above and self._ends_group(position)
            self._remove_rows(position - 1 if is_alone else position, position)

    def set_unread(self, identifiers: Collection[str]) -> None:
        """Mark these conversations as unread, and no others."""
        changed_ids = self._unread ^ frozenset(identifiers)
        self._unread = frozenset(identifiers)
        self._report_changed(changed_ids)

    def set_answering(self, identifiers: Collection[str]) -> None:
        """Show a dot at these conversations and folders, and where other processes answer."""
        changed_ids = self._answering ^ frozenset(identifiers)
        self._answering = frozenset(identifiers)
        self._report_changed(changed_ids)

    def _report_changed(self, identifiers: Iterable[str]) -> None:
        for index in map(self.index_of, identifiers):
            if index.isValid():
                self.dataChanged.emit(index, index)

    @property
    def pinned_ids(self) -> list[str]:
        """Return the ids in the group of pinned conversations, in their order."""
        return [
            conversation.id
            for conversation in self.conversations
            if self.order.is_in_pinned_group(conversation)
        ]

    def set_pin_order(self, order: Iterable[str]) -> None:
        """Show the pinned conversations in this order; those missing from it come first."""
        self.order.set_pin_order(order)
        for conversation in self.conversations:
            if self.order.is_in_pinned_group(conversation):
                self._insert_or_update(conversation)

    # ------------------------------------------------------------ rows

    def _is_answering(self, row: Conversation | Folder) -> bool:
        return row.id in self._answering or (isinstance(row, Conversation) and row.streaming)

    def _accessible_text(self, row: Conversation | Folder) -> str:
        name = one_line(_name(row))
        if isinstance(row, Folder):
            name = tr("Project {name}", name=name)
        if self._is_answering(row):
            name = tr("{title}, responding", title=name)
        elif row.id in self._unread:
            name = tr("{title}, unread response", title=name)
        if isinstance(row, Folder):
            return name
        if row.trashed_at is not None:
            return spoken_in_trash(name, row.trashed_at)
        group, *_ = self._key_of[row.id]
        return f"{name}, {self.order.heading(group).label}"

    def _find(self, key: Key) -> int:
        """Return the position of a key, or the position at which to insert it."""
        return bisect_left(self._keys, key)

    def _ends_group(self, position: int) -> bool:
        """Return True if no row of the same group follows."""
        return position + 1 == len(self._rows) or isinstance(self._rows[position + 1], Heading)

    def _put(self, position: int, keyed_rows: Sequence[tuple[Key, Row]]) -> None:
        self._keys[position:position] = [key for key, _ in keyed_rows]
        self._rows[position:position] = [row for _, row in keyed_rows]
        self._key_of |= {row.id: key for key, row in keyed_rows if not isinstance(row, Heading)}

    def _insert(self, keyed: Iterable[tuple[Key, Row]]) -> None:
        """Insert sorted rows, between which no present row belongs."""
        keyed_rows = list(keyed)
        position = self._find(keyed_rows[0][0])
        self.beginInsertRows(QModelIndex(), position, position + len(keyed_rows) - 1)
        self._put(position, keyed_rows)
        self.endInsertRows()

    def _insert_or_update(self, row: Conversation | Folder) -> None:
        new_key = self.order.key(row)
        old_key = self._key_of.get(row.id)
        new_group = new_key[0]
        new_heading = self._find(heading_key(new_group))
        has_heading = new_heading < len(self._keys) and self._keys[new_heading][0] == new_group
        if old_key is None:
            group_above = new_group if has_heading else _NO_GROUP
            self._insert(self.order.with_headings([(new_key, row)], group_above))
        elif old_key != new_key:
            if not has_heading:
                self._insert([(heading_key(new_group), self.order.heading(new_group))])
            self._move(row.id, new_key)
            old_heading = self._find(heading_key(old_key[0]))
            if self._ends_group(old_heading):
                self._remove_rows(old_heading, old_heading)
        self._replace(self._find(new_key), row)

    def _remove_rows(self, first: int, last: int) -> None:
        self.beginRemoveRows(QModelIndex(), first, last)
        for row in self._rows[first : last + 1]:
            if not isinstance(row, Heading):
                del self._key_of[row.id]
        del self._rows[first : last + 1], self._keys[first : last + 1]
        self.endRemoveRows()

    def _replace(self, position: int, row: Conversation | Folder) -> None:
        if self._rows[position] != row:
            self._rows[position] = row
            index = self.index(position)
            self.dataChanged.emit(index, index)

    def _move(self, identifier: str, new_key: Key) -> None:
        """Move a row instead of inserting it again, so that views keep its selection."""
        source = self._find(self._key_of[identifier])
        target = self._find(new_key)
        must_move = target not in (source, source + 1)  # before itself, or before the next row
        if must_move:
            self.beginMoveRows(QModelIndex(), source, source, QModelIndex(), target)
        row = self._rows.pop(source)
        del self._keys[source]
        self._put(target - (target > source), [(new_key, row)])
        if must_move:
            self.endMoveRows()


def _name(row: Conversation | Folder) -> str:
    return row.name if isinstance(row, Folder) else row.title


def days_text(trashed_at: datetime) -> str:
    """Return how long a row stays in the trash."""
    return tr_plural("{count} day", "{count} days", days_left(trashed_at, datetime.now(UTC)))


def spoken_in_trash(title: str, trashed_at: datetime) -> str:
    """Return a row of the trash as it is read aloud."""
    return tr_plural(
        "{title}, will be deleted in {count} day",
        "{title}, will be deleted in {count} days",
        days_left(trashed_at, datetime.now(UTC)),
        title=title,
    )
