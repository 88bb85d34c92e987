"""The dialog of evaluations, without a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from desktop_app.domain.conversations.conversation import MessageStatus, now
from desktop_app.domain.evaluation.evaluation_result import CaseResult, Evaluation, EvaluationRun
from desktop_app.ui.evaluation.evaluations_dialog import EvaluationsDialog

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.ui.look.theme import Theme


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(1000, 700)
    return window


@pytest.fixture
def dialog(light_theme: Theme, window: QWidget) -> EvaluationsDialog:
    dialog = EvaluationsDialog(light_theme, window)
    dialog.show()
    return dialog


def test_the_command_that_starts_an_evaluation_can_be_copied(dialog: EvaluationsDialog) -> None:
    dialog.show_evaluation(None)
    dialog.command.setFocus()
    QTest.keySequence(dialog.command, QKeySequence.StandardKey.SelectAll)
    QTest.keySequence(dialog.command, QKeySequence.StandardKey.Copy)
    assert QGuiApplication.clipboard().text().startswith("repartee eval ")


def test_failed_cases_are_listed_as_the_table_is_scrolled(
    dialog: EvaluationsDialog, qtbot: QtBot
) -> None:
    count = 300
    results = [
        CaseResult(f"c{number}", "Answer", status=MessageStatus.FAILED) for number in range(count)
    ]
    run = EvaluationRun("openai", None, None, "m", results)
    questions = {result.id: f"Question {result.id}" for result in results}
    table, scroll_bar = dialog.failed_cases, dialog.failed_cases.verticalScrollBar()
    dialog.show_evaluation(Evaluation("e", now(), "e.jsonl", [run], questions))
    assert table.rowCount() < count  # measuring all rows would take seconds
    qtbot.waitUntil(lambda: scroll_bar.maximum() >= scroll_bar.pageStep())
    assert table.rowCount() < count
    table.setFocus()

    def has_reached_the_end() -> bool:
        QTest.keyClick(table, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
        return table.currentRow() == count - 1

    qtbot.waitUntil(has_reached_the_end)
    ids = [table.model().index(row, 0).data() for row in range(count)]
    assert ids == list(questions)
