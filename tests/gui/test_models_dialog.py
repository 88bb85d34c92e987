"""The table of models."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QHeaderView, QLabel, QPushButton, QWidget

from desktop_app.domain.models.model_row import ModelRow
from desktop_app.domain.models.own_model import OwnModel
from desktop_app.domain.spending.cost import Price
from desktop_app.i18n.translation import LANGUAGES, use_language
from desktop_app.paths import resource_path
from desktop_app.ui.look.theme import dark
from desktop_app.ui.models.model_columns import ENDS_COLUMN, PROVIDER_COLUMN
from desktop_app.ui.models.model_editor import ModelEditor
from desktop_app.ui.models.models_dialog import ModelsDialog
from tests.helpers.widgets import find

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


def test_a_cleared_field_does_not_show_the_users_entry_as_automatic(
    qtbot: QtBot, light_theme: Theme
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    one, two = Decimal(1), Decimal(2)
    own = OwnModel("m", window=8_000, input_price=one, output_price=two)
    row = ModelRow("p", "P", "m", "Model", window=8_000, max_output=4_000, price=Price(one, two))
    editor = ModelEditor(replace(row, user_entries=own), light_theme, window)
    hints = {name: field.placeholderText() for name, field in editor.fields.items()}
    assert hints == dict.fromkeys(hints, "unknown") | {"max_output": "4000"}


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


@pytest.mark.parametrize("is_from_environment", [True, False])
def test_a_model_that_cannot_be_edited_says_why(
    is_from_environment: bool, qtbot: QtBot, light_theme: Theme
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    dialog = ModelsDialog(light_theme, window)
    editable = ModelRow("p", "Provider", "m", "Model", user_entries=OwnModel("m"))
    fixed = ModelRow("e", "Gateway", "n", "Other", is_from_environment=is_from_environment)
    dialog.set_rows([editable, fixed])
    dialog.show()
    button = find(dialog, QPushButton, "edit-model")
    refusal = find(dialog, QLabel, "edit-refusal")
    dialog.select(*editable.key)
    assert button.isEnabled()
    assert not refusal.isVisible()
    dialog.select(*fixed.key)
    assert not button.isEnabled()
    assert refusal.isVisible()
    assert refusal.text() == button.toolTip()
    assert ("“Gateway” comes from environment" in refusal.text()) is is_from_environment


def test_only_models_that_end_have_a_column_for_it(qtbot: QtBot, light_theme: Theme) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    dialog = ModelsDialog(light_theme, window)
    row = ModelRow("p", "Provider", "m", "Model")
    for ends in (None, date(2027, 1, 31)):
        dialog.set_rows([row, replace(row, model="n", end_date=ends)])
        assert dialog.table.isColumnHidden(ENDS_COLUMN) == (ends is None)
        sorted_by = [action.text().replace("&", "") for action in dialog.sort_menu().actions()]
        assert ("Sort by Ends" in sorted_by) == (ends is not None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_columns_of_models_that_do_not_end_are_in_view(
    qtbot: QtBot, light_theme: Theme, language: str
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(1280, 800)
    use_language(language, resource_path("locale"))
    try:
        dialog = ModelsDialog(light_theme, window)
        dialog.set_rows([ModelRow("p", "On this computer", "m", "GPT-5.2 Thinking")])
        dialog.show()
    finally:
        use_language("en", Path())
    assert dialog.table.horizontalScrollBar().maximum() == 0


def test_the_headings_of_columns_keep_a_distance(qtbot: QtBot, light_theme: Theme) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(1600, 800)
    dialog = ModelsDialog(light_theme, window)
    dialog.set_rows([ModelRow("p", "Provider", "m", "Model")])
    dialog.show()
    header = dialog.table.horizontalHeader()
    edge = header.sectionViewportPosition(_column(header, "Images"))
    image = header.viewport().grab().toImage()
    ground = image.pixelColor(edge, 4)
    used = [
        x
        for x in range(edge - 60, edge + 60)
        if any(image.pixelColor(x, y) != ground for y in range(4, image.height() - 4))
    ]
    before = max(x for x in used if x < edge)
    after = min(x for x in used if x >= edge)
    assert after - before >= 12


def _column(header: QHeaderView, heading: str) -> int:
    model = header.model()
    headings = [
        model.headerData(column, Qt.Orientation.Horizontal) for column in range(header.count())
    ]
    return headings.index(heading)
