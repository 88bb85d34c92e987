"""The rows of the conversation list in their order: sort keys, and headings of groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Final

from desktop_app.domain.conversations.conversation import Conversation, Folder
from desktop_app.domain.value import Value
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr
from desktop_app.library.list_filter import LIST, ListFilter, ListFilterKind

# The groups, in their order in the list. MONTHS + n is the month n months ago.
PINNED, FOLDERS, TODAY, YESTERDAY, WEEK, MONTHS = range(6)
_LABELS: Final = {
    PINNED: N_("Pinned"),
    FOLDERS: N_("Projects"),
    TODAY: N_("Today"),
    YESTERDAY: N_("Yesterday"),
    WEEK: N_("Previous 7 days"),
}
# Conversations older than a hundred years are in one group.
_MAX_MONTHS_AGO: Final = 1200

Key = tuple[int, float, str]
"""A sort key, with three parts.

The group; the negated time, the rank of a pin, or 0; the id, for a folder after its name.
"""


class Heading(Value, frozen=True):
    """The heading of a group."""

    label: str


def heading_key(group: int) -> Key:
    """Return the sort key of a heading, which is less than the keys of the group's rows."""
    return (group, float("-inf"), "")


class RowOrder:
    """The sort keys and groups of a list's rows.

    Attributes:
        list_filter: the filter of the list. It decides by which time conversations are sorted.
        pin_order: the ids of the pinned conversations that the user has arranged, in their order.
        today: the day that the groups are relative to.
    """

    def __init__(self, today: date) -> None:
        self.list_filter: ListFilter = LIST
        self.pin_order: tuple[str, ...] = ()
        self._pin_ranks: dict[str, int] = {}
        self.today = today

    def set_pin_order(self, order: Iterable[str]) -> None:
        """Sort the pinned conversations in this order. Those missing from `order` come first."""
        self.pin_order = tuple(order)
        self._pin_ranks = {id_: rank for rank, id_ in enumerate(self.pin_order)}

    def key(self, row: Conversation | Folder) -> Key:
        if isinstance(row, Folder):
            return (FOLDERS, 0.0, f"{row.name.casefold()}\0{row.id}")
        timestamp = self.list_filter.sort_time_of(row).timestamp()
        if self.is_in_pinned_group(row):  # conversations without a rank come first, newest first
            return (PINNED, float(self._pin_ranks.get(row.id, -timestamp)), row.id)
        day = datetime.fromtimestamp(timestamp, UTC).astimezone().date()
        days_ago = (self.today - day).days
        if days_ago <= 7:
            group = TODAY if days_ago <= 0 else YESTERDAY if days_ago == 1 else WEEK
        else:
            months_ago = (self.today.year - day.year) * 12 + self.today.month - day.month
            group = MONTHS + min(months_ago, _MAX_MONTHS_AGO)
        return (group, -timestamp, row.id)

    def is_in_pinned_group(self, row: Conversation) -> bool:
        return row.pinned and self.list_filter.kind in (ListFilterKind.LIST, ListFilterKind.FOLDER)

    def with_headings(
        self, keyed_rows: Iterable[tuple[Key, Conversation | Folder]], group: int
    ) -> Iterator[tuple[Key, Conversation | Folder | Heading]]:
        """Yield sorted rows with headings between groups.

        The first heading is omitted if the first row belongs to `group`.
        """
        for key, row in keyed_rows:
            if key[0] != group:
                group = key[0]
                yield heading_key(group), self.heading(group)
            yield key, row

    def heading(self, group: int) -> Heading:
        if group < MONTHS:
            return Heading(tr(_LABELS[group]))
        months = self.today.year * 12 + self.today.month - 1 - (group - MONTHS)
        return Heading(formatting.month(date(months // 12, months % 12 + 1, 1)))
