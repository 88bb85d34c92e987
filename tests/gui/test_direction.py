"""Texts and dates in windows that are read from the right."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from PySide6.QtCore import QDate, QDateTime, Qt, QTime
from PySide6.QtWidgets import QApplication, QDateTimeEdit

from desktop_app.composer.prompt_text import PromptText
from desktop_app.widgets.look.direction import among_window_words, is_right_to_left, set_date_format
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.text.foreign_text import PlainLabel

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
def test_names_of_the_other_language_stand_in_the_order_of_the_window() -> None:
    assert is_right_to_left(among_window_words("Lease") + " ›")
    label = PlainLabel("my-mail", wraps=True)
    assert label.alignment() & Qt.AlignmentFlag.AlignRight
    assert label.alignment() & Qt.AlignmentFlag.AlignAbsolute


def test_a_name_read_from_the_right_stands_in_the_order_of_the_window() -> None:
    assert not is_right_to_left(among_window_words("שלום") + " ›")


@pytest.mark.usefixtures("_mirrored_windows")
def test_a_sign_stays_behind_the_other_keys_in_a_mirrored_window() -> None:
    assert shortcut_text("Ctrl+,") == "Ctrl+,\u200e"
    assert shortcut_text("Ctrl+K") == "Ctrl+K"


@pytest.mark.usefixtures("_mirrored_windows")
def test_an_empty_message_begins_at_the_right_in_a_mirrored_window(qtbot: QtBot) -> None:
    field = PromptText()
    qtbot.addWidget(field)
    field.resize(300, 60)
    field.show()
    for text in ("שלום", ""):
        assert field.cursorRect().x() > 200
        field.set_text(text)
    assert field.cursorRect().x() > 200


@pytest.mark.usefixtures("_mirrored_windows")
def test_a_date_keeps_its_order_in_a_mirrored_window() -> None:
    field = QDateTimeEdit(QDateTime(QDate(2026, 12, 1), QTime(8, 0)))
    set_date_format(field, "d.M.yyyy H:mm")
    assert field.text() == "1.12.2026 8:00"
