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


def test_a_long_case_id_leaves_room_for_the_answers(dialog: EvaluationsDialog) -> None:
    widths = []
    for case_id in ("c1", "c" * 300):
        result = CaseResult(case_id, "Answer", status=MessageStatus.FAILED)
        run = EvaluationRun("openai", None, None, "m", [result])
        dialog.show_evaluation(Evaluation("e", now(), "e.jsonl", [run], {case_id: "Question"}))
        assert not dialog.failed_cases.horizontalScrollBar().maximum()
        widths.append(dialog.failed_cases.columnWidth(0))
    assert widths[0] < widths[1] <= dialog.failed_cases.width() // 3


def test_the_failed_cases_fill_the_width_when_the_dialog_opens(
    light_theme: Theme, window: QWidget
) -> None:
    dialog = EvaluationsDialog(light_theme, window)
    result = CaseResult("c1", "Answer", status=MessageStatus.FAILED)
    runs = [EvaluationRun("openai", None, None, model, [result]) for model in ("m", "n")]
    dialog.show_evaluation(Evaluation("e", now(), "e.jsonl", runs, {"c1": "Question"}))
    dialog.show()
    assert dialog.failed_cases.horizontalHeader().length() == dialog.failed_cases.viewport().width()


def test_the_command_that_starts_an_evaluation_can_be_copied(dialog: EvaluationsDialog) -> None:
    dialog.show_evaluation(None)
    dialog.command.setFocus()
    QTest.keySequence(dialog.command, QKeySequence.StandardKey.SelectAll)
    QTest.keySequence(dialog.command, QKeySequence.StandardKey.Copy)
    assert QGuiApplication.clipboard().text().startswith("repartee eval ")


def test_the_command_is_directly_below_its_sentence(
    dialog: EvaluationsDialog, qtbot: QtBot
) -> None:
    dialog.show_evaluation(None)
    above, below = dialog.note.geometry, dialog.command.geometry
    qtbot.waitUntil(lambda: 0 < below().top() - above().bottom() < below().height())
    assert above().height() < 2 * below().height()


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
