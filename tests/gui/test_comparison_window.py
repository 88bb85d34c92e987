"""Answers side by side: their columns and the window."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from desktop_app.ui.comparison.answer_column import AnswerColumn
from desktop_app.ui.comparison.comparison_window import ComparisonWindow
from desktop_app.ui.look.theme import light
from desktop_app.ui.transcript.view import TranscriptView
from tests.helpers.messages import answer

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.ui.look.theme import Theme


def test_an_answer_of_an_unknown_model_has_a_title(qtbot: QtBot, light_theme: Theme) -> None:
    column = AnswerColumn(TranscriptView(light_theme, is_brief=True), str)
    qtbot.addWidget(column)
    column.show_answer(replace(answer("It is."), choice=None, duration_s=2.0))
    assert column.title == "Response"
    assert column.facts == "Complete · 2.0 s"


def test_columns_too_narrow_for_a_larger_text_become_tabs(qtbot: QtBot, light_theme: Theme) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    parent.resize(1400, 800)
    columns = [AnswerColumn(TranscriptView(light_theme, is_brief=True), str) for _ in range(2)]
    for column in columns:
        column.show_answer(answer("It is."))
    window = ComparisonWindow("Why?", columns, light_theme, parent)
    assert window.tabs.isHidden()
    window.set_theme(light(3.0))
    assert not window.tabs.isHidden()
    assert [column.isHidden() for column in columns] == [False, True]
