"""The table of models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget

from desktop_app.domain.models.model_row import ModelRow
from desktop_app.ui.look.theme import dark
from desktop_app.ui.models.model_columns import PROVIDER_COLUMN
from desktop_app.ui.models.model_editor import ModelEditor
from desktop_app.ui.models.models_dialog import ModelsDialog

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.ui.look.theme import Theme


def test_a_theme_keeps_the_size_of_the_editor(qtbot: QtBot, light_theme: Theme) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(900, 800)
    editor = ModelEditor(ModelRow("p", "P", "m", "Model"), light_theme, window)
    editor.resize(700, 640)
    editor.set_theme(dark())
    assert (editor.width(), editor.height()) == (700, 640)


def test_the_labels_of_the_editor_use_its_width(qtbot: QtBot, light_theme: Theme) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(900, 800)
    editor = ModelEditor(ModelRow("p", "P", "m", "Model"), light_theme, window)
    editor.show()
    labels = [label for label in editor.findChildren(QLabel) if label.buddy() is not None]
    lines = {label.text(): label.height() // label.fontMetrics().height() for label in labels}
    assert lines == dict.fromkeys(lines, 1)
    assert "Context window (tokens)" in lines


def test_a_list_that_arrives_keeps_the_widths_that_were_dragged(
    qtbot: QtBot, light_theme: Theme
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(1200, 800)
    dialog = ModelsDialog(light_theme, window)
    rows = [ModelRow("p", "Provider", f"m{number}", "Model") for number in range(2)]
    dialog.set_rows(rows)
    dialog.show()
    header = dialog.table.horizontalHeader()
    edge = QPoint(header.sectionViewportPosition(PROVIDER_COLUMN + 1) - 1, header.height() // 2)
    before = header.sectionSize(PROVIDER_COLUMN)
    handle = header.viewport()
    QTest.mousePress(handle, Qt.MouseButton.LeftButton, pos=edge)
    QTest.mouseMove(handle, edge + QPoint(60, 0))
    QTest.mouseRelease(handle, Qt.MouseButton.LeftButton, pos=edge + QPoint(60, 0))
    dragged = header.sectionSize(PROVIDER_COLUMN)
    assert dragged > before + 40
    dialog.set_rows(rows[:1])
    assert header.sectionSize(PROVIDER_COLUMN) == dragged


@pytest.mark.parametrize("current", ["", "m3"])
def test_a_list_that_arrives_does_not_scroll_the_table(
    current: str, qtbot: QtBot, light_theme: Theme
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(900, 500)
    dialog = ModelsDialog(light_theme, window)
    rows = [ModelRow("p", "P", f"m{number}", f"Model {number}") for number in range(100)]
    dialog.set_rows(rows)
    dialog.show()
    qtbot.waitExposed(dialog)
    dialog.select("p", current)
    bar = dialog.table.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    scrolled = bar.value()
    assert scrolled > 0
    dialog.set_rows([*rows, ModelRow("p", "P", "new", "New")])
    assert bar.value() == scrolled
    assert dialog.current == (rows[3] if current else None)
