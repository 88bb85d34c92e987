"""Texts and dates in windows that are read from the right."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from PySide6.QtCore import QDate, QDateTime, Qt, QTime
from PySide6.QtWidgets import QApplication, QDateTimeEdit

from desktop_app.widgets.look.direction import is_right_to_left, set_date_format

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot


@pytest.fixture
def _mirrored_windows(qtbot: QtBot) -> Iterator[None]:
    application = cast(QApplication, QApplication.instance())
    application.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    yield
    application.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("שלום", True),
        ("7 ימים", True),
        ("\u200f„report.pdf” פגום", True),  # a translation that begins with a name
        ("\u200f1.33\xa0\u200f$", True),
        ("report.pdf פגום", False),
        ("12", False),
        ("", False),
    ],
)
def test_a_mark_of_direction_counts_as_a_letter(text: str, expected: bool) -> None:
    assert is_right_to_left(text) is expected


@pytest.mark.usefixtures("_mirrored_windows")
def test_a_date_keeps_its_order_in_a_mirrored_window() -> None:
    field = QDateTimeEdit(QDateTime(QDate(2026, 12, 1), QTime(8, 0)))
    set_date_format(field, "d.M.yyyy H:mm")
    assert field.text() == "1.12.2026 8:00"
