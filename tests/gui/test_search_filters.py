"""The search filters: their labels and the resulting queries."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QMenu, QPushButton

from desktop_app.domain.conversations.conversation import Folder, SearchFilter
from desktop_app.domain.models.variants import Variant
from desktop_app.library.ui.message_search import DaysDialog, SearchFilters
from tests.helpers.menus import entry_text

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.widgets.look.theme import Theme

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


@pytest.fixture
def filters(qtbot: QtBot, light_theme: Theme) -> SearchFilters:
    made = SearchFilters()
    qtbot.addWidget(made)
    return made


def choose_entry(button: QPushButton, words: str) -> None:
    """Choose from the menu of a button."""
    menu = button.menu()
    assert isinstance(menu, QMenu)
    menu.aboutToShow.emit()
    action = next(a for a in menu.actions() if entry_text(a) == words)
    action.trigger()


def test_each_filter_shows_its_value(filters: SearchFilters) -> None:
    told: list[None] = []
    filters.changed.connect(lambda: told.append(None))
    assert filters.current == SearchFilter()
    assert filters.folder_button.isHidden()
    filters.set_folders(
        [Folder("f", "R&D", NOON), Folder("g", "A very long name of a folder", NOON)]
    )
    choose_entry(filters.folder_button, "R&D")
    assert filters.folder_button.accessibleName() == "Search in: R&D"
    choose_entry(filters.folder_button, "A very long name of a folder")
    assert filters.folder_button.text() == "A very long name of a…"
    choose_entry(filters.variant_button, "Pro")
    filters.attachment_button.click()
    choose_entry(filters.order_button, "Most relevant")
    assert filters.current == SearchFilter("g", Variant.PRO, None, None, True)
    assert filters.order.value == "best"
    assert len(told) == 5
    filters.set_folders([Folder("f", "R&D", NOON)])  # the other was deleted
    assert filters.current.folder_id is None
    assert len(told) == 6
    filters.set_folders([])
    filters.clear()
    assert filters.current == SearchFilter()
    assert filters.order.value == "newest"
    assert len(told) == 6


def test_days_begin_and_end_at_midnight(filters: SearchFilters) -> None:
    choose_entry(filters.time_button, "Today")
    since = filters.current.since
    assert since is not None
    local = datetime.now(UTC).astimezone()
    assert since.astimezone().date() == local.date()
    assert (since.astimezone().hour, since.astimezone().minute) == (0, 0)
    choose_entry(filters.time_button, "Past 7 days")
    since = filters.current.since
    assert since is not None
    assert since.astimezone().date() == local.date() - timedelta(days=6)
    filters.search_between(date(2026, 5, 9), date(2026, 5, 2))
    within = filters.current
    assert within.since is not None
    assert within.until is not None
    assert within.since.astimezone().date() == date(2026, 5, 2)
    assert within.until.astimezone().date() == date(2026, 5, 10)
    assert filters.time_button.text() == "May 2, 2026 – May 9, 2026"
    choose_entry(filters.time_button, "Any time")
    assert filters.current == SearchFilter()


def test_the_dialog_for_a_range_returns_its_days(qtbot: QtBot) -> None:
    dialog = DaysDialog((date(2025, 5, 2), date(2025, 5, 9)))
    qtbot.addWidget(dialog)
    assert dialog.days == (date(2025, 5, 2), date(2025, 5, 9))


def test_days_after_today_cannot_be_chosen(filters: SearchFilters, qtbot: QtBot) -> None:
    dialog = DaysDialog((date(2025, 5, 2), date.max))
    qtbot.addWidget(dialog)
    assert dialog.days[1] <= datetime.now().astimezone().date()
    filters.search_between(*dialog.days)
    assert filters.current.until is not None
