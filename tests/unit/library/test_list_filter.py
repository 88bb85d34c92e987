"""The place that shows a conversation, and how long the trash keeps it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from desktop_app.domain.conversations.conversation import Conversation, ModelChoice
from desktop_app.library.list_filter import ARCHIVE, LIST, TRASH, ListFilter, days_left

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
PLAIN = Conversation("a", "Title", NOON, NOON, ModelChoice("provider", "model"))
THESIS = ListFilter.for_folder("thesis")


def filters_of(conversation: Conversation) -> set[ListFilter]:
    shown = (LIST, ARCHIVE, TRASH, THESIS, ListFilter.for_folder("other"))
    return {place for place in shown if place.includes(conversation)}


def test_a_filter_includes_its_conversations() -> None:
    filed = replace(PLAIN, folder_id="thesis")
    assert [place.has_pinned for place in (LIST, THESIS, ARCHIVE, TRASH)] == [
        *(True, True, False, False)
    ]
    assert filters_of(PLAIN) == {LIST}
    assert filters_of(filed) == {THESIS}
    assert filters_of(replace(filed, pinned=True)) == {LIST, THESIS}
    assert filters_of(replace(filed, archived=True, pinned=True)) == {ARCHIVE}
    assert filters_of(replace(filed, archived=True, trashed_at=NOON)) == {TRASH}


def test_the_trash_is_sorted_by_the_time_of_the_move() -> None:
    gone = replace(PLAIN, trashed_at=NOON + timedelta(days=1))
    assert TRASH.sort_time_of(gone) == NOON + timedelta(days=1)
    assert LIST.sort_time_of(gone) == NOON


def test_days_left_in_the_trash_include_the_current_day() -> None:
    assert days_left(NOON, NOON) == 30
    assert days_left(NOON, NOON + timedelta(hours=1)) == 30
    assert days_left(NOON, NOON + timedelta(days=29, hours=1)) == 1
    assert days_left(NOON, NOON + timedelta(days=40)) == 0
