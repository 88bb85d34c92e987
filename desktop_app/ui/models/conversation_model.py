"""The conversations as rows: grouped by day, newest first, a heading above each group.

Headings are rows of their own (not enabled, so that keys and clicks pass over them). The rows are kept sorted by a key,
found again by bisection, and a change of one conversation changes, moves, inserts or removes that
row and at most two headings: views keep their selection, their current row and their place.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import IntEnum
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import (
    QAbstractListModel,
    QLocale,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PySide6.QtCore import QObject

    from desktop_app.domain.conversation import Conversation

Index = QModelIndex | QPersistentModelIndex
# Group, newest first within it, and the id where two were changed in the same moment.
Key = tuple[int, float, str]

_NO_PARENT: Final = QModelIndex()
_PINNED, _TODAY, _YESTERDAY, _WEEK, _MONTHS = range(5)
# What claims to be older than a hundred years is put there.
_OLDEST_MONTH: Final = 1200


class Roles(IntEnum):
    """What a delegate asks for beside the title (DisplayRole)."""

    IS_HEADING = Qt.ItemDataRole.UserRole
    STREAMING = Qt.ItemDataRole.UserRole + 1
    IDENTIFIER = Qt.ItemDataRole.UserRole + 2
    PINNED = Qt.ItemDataRole.UserRole + 3


@dataclass(frozen=True)
class Heading:
    """The first row of a group."""

    group: int
    label: str

    @property
    def key(self) -> Key:
        """Before everything in its group."""
        return (self.group, float("-inf"), "")


class ConversationModel(QAbstractListModel):
    """See the module.

    Signals:
        renamed(str id, str title): the person edited a title; the row shows it already.
    """

    renamed = Signal(str, str)

    def __init__(self, today: date, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calendar = _Calendar(today)
        self._rows: list[Conversation | Heading] = []
        self._keys: list[Key] = []
        self._key_of: dict[str, Key] = {}

    # ------------------------------------------------------------ what views ask

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        """Conversations and headings."""
        return 0 if parent.isValid() else len(self._rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Headings cannot be chosen; titles can be edited."""
        if not index.isValid() or isinstance(self._rows[index.row()], Heading):
            return Qt.ItemFlag.NoItemFlags
        return (
            Qt.ItemFlag.ItemIsEnabled
            | Qt.ItemFlag.ItemIsSelectable
            | Qt.ItemFlag.ItemIsEditable
            | Qt.ItemFlag.ItemNeverHasChildren
        )

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Title, tooltip, what is read aloud, and `Roles`."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if isinstance(row, Heading):
            shown = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole)
            return row.label if role in shown else role == Roles.IS_HEADING or None
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.EditRole:
                return row.title
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{row.title}, answering" if row.streaming else row.title
            case Roles.STREAMING:
                return row.streaming
            case Roles.IDENTIFIER:
                return row.id
            case Roles.PINNED:
                return row.pinned
            case Roles.IS_HEADING:
                return False
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Take a new title: shown at once, and told by `renamed`. An empty one is refused."""
        title = " ".join(str(value).split())
        conversation = self.conversation_at(index)
        if role != Qt.ItemDataRole.EditRole or conversation is None or not title:
            return False
        if title != conversation.title:
            self._replace(index.row(), replace(conversation, title=title))
            self.renamed.emit(conversation.id, title)
        return True

    # ------------------------------------------------------------ what the program asks

    def conversation_at(self, index: Index) -> Conversation | None:
        """The conversation of a row, None for a heading."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        return None if isinstance(row, Heading) else row

    def index_of(self, identifier: str) -> QModelIndex:
        """The row of a conversation; invalid where it is not known."""
        key = self._key_of.get(identifier)
        return QModelIndex() if key is None else self.index(self._find(key))

    # ------------------------------------------------------------ changes

    def set_conversations(self, conversations: Iterable[Conversation]) -> None:
        """Show these and no others."""
        self.beginResetModel()
        keyed = sorted(((self._calendar.key(c), c) for c in conversations), key=itemgetter(0))
        self._key_of = {conversation.id: key for key, conversation in keyed}
        self._keys, self._rows, group = [], [], -1
        for key, conversation in keyed:
            if key[0] != group:
                group = key[0]
                heading = self._calendar.heading(group)
                self._rows.append(heading)
                self._keys.append(heading.key)
            self._rows.append(conversation)
            self._keys.append(key)
        self.endResetModel()

    def set_today(self, today: date) -> None:
        """Group anew when a day has passed."""
        if today != self._calendar.today:
            self._calendar = _Calendar(today)
            self.set_conversations([row for row in self._rows if not isinstance(row, Heading)])

    def upsert(self, conversation: Conversation) -> None:
        """Show a conversation as it is now: new, changed in place, or moved to where it belongs."""
        new, old = self._calendar.key(conversation), self._key_of.get(conversation.id)
        if old is None:
            self._insert(conversation, new)
            return
        if old != new:
            self._move(old, new)
        self._replace(self._find(new), conversation)

    def remove(self, identifier: str) -> None:
        """Forget a conversation, and its group's heading if it was the last one there."""
        key = self._key_of.pop(identifier, None)
        if key is None:
            return
        last = row = self._find(key)
        first = row - 1 if self._is_alone(row) else row
        self.beginRemoveRows(QModelIndex(), first, last)
        del self._rows[first : last + 1], self._keys[first : last + 1]
        self.endRemoveRows()

    def set_streaming(self, identifier: str, streaming: bool) -> None:
        """Show or remove the dot."""
        conversation = self.conversation_at(self.index_of(identifier))
        if conversation is not None and conversation.streaming != streaming:
            row = self._find(self._key_of[identifier])
            self._replace(row, replace(conversation, streaming=streaming))

    # ------------------------------------------------------------ rows

    def _find(self, key: Key) -> int:
        return bisect_left(self._keys, key)

    def _has_heading(self, group: int) -> bool:
        at = self._find((group, float("-inf"), ""))
        return at < len(self._keys) and self._keys[at][0] == group

    def _is_alone(self, row: int) -> bool:
        """Whether a conversation is the only one in its group."""
        follows = row + 1 < len(self._rows) and not isinstance(self._rows[row + 1], Heading)
        return isinstance(self._rows[row - 1], Heading) and not follows

    def _put(self, row: int, item: Conversation | Heading, key: Key | None = None) -> None:
        self._rows.insert(row, item)
        self._keys.insert(row, key or item.key)  # type: ignore[union-attr]

    def _insert(self, conversation: Conversation, key: Key) -> None:
        row = self._find(key)
        first_of_group = not self._has_heading(key[0])
        self.beginInsertRows(QModelIndex(), row, row + first_of_group)
        if first_of_group:
            self._put(row, self._calendar.heading(key[0]))
        self._put(row + first_of_group, conversation, key)
        self._key_of[conversation.id] = key
        self.endInsertRows()

    def _replace(self, row: int, conversation: Conversation) -> None:
        if self._rows[row] != conversation:
            self._rows[row] = conversation
            index = self.index(row)
            self.dataChanged.emit(index, index)

    def _move(self, old: Key, new: Key) -> None:
        """Move a row, so that views keep it selected; headings come and go as needed."""
        if not self._has_heading(new[0]):
            at = self._find((new[0], float("-inf"), ""))
            self.beginInsertRows(QModelIndex(), at, at)
            self._put(at, self._calendar.heading(new[0]))
            self.endInsertRows()
        source, target = self._find(old), self._find(new)
        moves = target not in (source, source + 1)
        if moves:
            self.beginMoveRows(QModelIndex(), source, source, QModelIndex(), target)
        conversation = self._rows.pop(source)
        self._keys.pop(source)
        self._put(target - (target > source), conversation, new)
        self._key_of[new[2]] = new
        if moves:
            self.endMoveRows()
        self._drop_empty(old[0])

    def _drop_empty(self, group: int) -> None:
        at = self._find((group, float("-inf"), ""))
        if at + 1 < len(self._rows) and not isinstance(self._rows[at + 1], Heading):
            return
        self.beginRemoveRows(QModelIndex(), at, at)
        del self._rows[at], self._keys[at]
        self.endRemoveRows()


class _Calendar:
    """Which group a moment belongs to, seen from one day, in the local time zone.

    Moments are compared as timestamps: 100,000 conversions to local dates would be felt at the
    start of the window.
    """

    def __init__(self, today: date) -> None:
        self.today = today
        self._today, self._yesterday, self._week = (
            _midnight(today - timedelta(days=days)) for days in (0, 1, 7)
        )
        # The beginnings of this month and of those before it, negated: they ascend for bisect.
        self._months = [-_midnight(today.replace(day=1))]

    def key(self, conversation: Conversation) -> Key:
        """Where a conversation stands."""
        moment = conversation.updated_at.timestamp()
        return (self._group(conversation, moment), -moment, conversation.id)

    def heading(self, group: int) -> Heading:
        """The first row of a group."""
        fixed = {_PINNED: "Pinned", _TODAY: "Today", _YESTERDAY: "Yesterday"}
        if group < _MONTHS:
            return Heading(group, fixed.get(group, "Previous 7 days"))
        month = self._month(min(group - _MONTHS, _OLDEST_MONTH))
        name = QLocale.c().standaloneMonthName(month.month)
        return Heading(group, name if month.year == self.today.year else f"{name} {month.year}")

    def _group(self, conversation: Conversation, moment: float) -> int:
        if conversation.pinned:
            return _PINNED
        if moment >= self._today:
            return _TODAY
        if moment >= self._yesterday:
            return _YESTERDAY
        if moment >= self._week:
            return _WEEK
        while self._months[-1] < -moment and len(self._months) < _OLDEST_MONTH:
            self._months.append(-_midnight(self._month(len(self._months))))
        return _MONTHS + bisect_left(self._months, -moment)

    def _month(self, ago: int) -> date:
        """The first day of the month so many months ago."""
        year, month = divmod(self.today.year * 12 + self.today.month - 1 - ago, 12)
        return date(year, month + 1, 1)


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day).astimezone().timestamp()
