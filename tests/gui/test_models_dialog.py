"""The table of models."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from desktop_app.domain.cost import Price
from desktop_app.domain.models.model_entry import ModelRow
from desktop_app.domain.models.model_facts import ModelFacts
from desktop_app.providers.ui.models.model_columns import ENDS_COLUMN, PROVIDER_COLUMN
from desktop_app.providers.ui.models.models_dialog import ModelsPage
from tests.gui.recorded_session import session_in
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.widgets.look.theme import Theme


@pytest.mark.parametrize("current", ["", "m3"])
def test_a_list_that_arrives_does_not_scroll_the_table(
    current: str, qtbot: QtBot, light_theme: Theme
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(900, 500)
    dialog = ModelsPage(session_in(window))
    rows = [ModelRow("p", "P", f"m{number}", f"Model {number}") for number in range(100)]
    dialog.resize(window.size())
    dialog.set_rows(rows)
    window.show()
    qtbot.waitExposed(window)
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
    dialog = ModelsPage(session_in(window))
    editable = ModelRow("p", "Provider", "m", "Model", user_entries=ModelFacts("m"))
    fixed = ModelRow("e", "Gateway", "n", "Other", is_from_environment=is_from_environment)
    dialog.set_rows([editable, fixed])
    window.show()
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


def test_older_models_are_folded_until_they_are_wanted(qtbot: QtBot, light_theme: Theme) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    dialog = ModelsPage(session_in(window))
    new = ModelRow("p", "Provider", "new", "Model 2", tools=True)
    old = ModelRow("p", "Provider", "old", "Model 1", is_older=True)
    dialog.set_rows([new, old])
    window.show()
    button = find(dialog, QPushButton, "older-models")
    assert (dialog.rows, button.text()) == ([new], "Older models (1)")
    button.click()
    assert dialog.rows == [new, old]
    button.click()
    dialog.search.setText("1")
    assert (dialog.rows, button.isVisible()) == ([old], False)
    dialog.search.clear()
    dialog.filter.setCurrentIndex(dialog.filter.findData("tools"))
    assert (dialog.rows, button.isVisible()) == ([new], False)
    dialog.filter.setCurrentIndex(0)
    assert dialog.rows == [new]
    dialog.select(*old.key)  # the conversation's own
    assert (dialog.rows, dialog.current) == ([new, old], old)


def test_columns_are_as_wide_as_their_words_and_names_give_way(
    qtbot: QtBot, light_theme: Theme
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(970, 600)
    dialog = ModelsPage(session_in(window))
    dialog.resize(window.size())
    price = Price(Decimal("21"), Decimal("168"))
    rows = [
        ModelRow("p", "OpenAI (environment)", "m", "Model"),
        ModelRow("p", "OpenAI (environment)", "n", "a/long-name-of-a-model" * 4, price=price),
    ]
    dialog.set_rows(rows)
    window.show()
    qtbot.waitExposed(window)
    header, table = dialog.table.horizontalHeader(), dialog.table
    assert header.length() <= table.viewport().width()
    for column in range(PROVIDER_COLUMN + 1, ENDS_COLUMN):
        texts = (table.model().index(row, column).data() for row in range(len(rows)))
        widest = max(map(table.fontMetrics().horizontalAdvance, texts))
        qtbot.waitUntil(lambda c=column, w=widest: header.sectionSize(c) > w)  # type: ignore[misc]
    dialog.resize(640, 600)
    assert header.sectionSize(PROVIDER_COLUMN) < 100
    dialog.resize(1600, 600)  # the names get the room back
    whole = table.fontMetrics().horizontalAdvance("OpenAI (environment)")
    qtbot.waitUntil(lambda: header.sectionSize(PROVIDER_COLUMN) > whole)
    assert header.length() <= table.viewport().width()


def test_only_models_that_end_have_a_column_for_it(qtbot: QtBot, light_theme: Theme) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    dialog = ModelsPage(session_in(window))
    row = ModelRow("p", "Provider", "m", "Model")
    for ends in (None, date(2027, 1, 31)):
        dialog.set_rows([row, replace(row, model="n", end_date=ends)])
        assert dialog.table.isColumnHidden(ENDS_COLUMN) == (ends is None)
        sorted_by = [action.text().replace("&", "") for action in dialog.sort_menu().actions()]
        assert ("Sort by Ends" in sorted_by) == (ends is not None)
