"""The sheet of a question, and what a table shows of its rows and columns."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.tables.table import Cells, Column, Condition, FieldType, NewRow, Row, Table
from desktop_app.tables.ui.question_sheet import QuestionSheet, joined_names, split_names
from desktop_app.tables.ui.sheet import RangeSheet
from tests.gui.app.app_harness import AppHarness, until
from tests.gui.app.test_tables import (
    about,
    cells,
    folder_of,
    open_app,
    page_of,
    picture,
    press,
    sheet_of,
)
from tests.helpers.examples import examples
from tests.helpers.widgets import find
from tests.unit.tables.table_setup import Asked, as_json, column

SHIFT = Qt.KeyboardModifier.ShiftModifier


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)))
@settings(max_examples=examples(100))
def test_names_are_read_as_they_are_written(names: list[str]) -> None:
    assert split_names(joined_names(names)) == names


async def test_what_is_typed_is_there_again_after_esc_and_a_restart(tmp_path: Path) -> None:
    names = ", ".join(f"Field {n}" for n in range(40))
    async with open_app(Asked(about)) as app:
        page = page_of(app)
        page.begin_with([folder_of(tmp_path, 2)])
        sheet = await sheet_of(app)
        assert sheet.window() is app.window  # no window of its own
        QTest.keyClicks(sheet.prompt, "Which?")
        sheet.names.setPlainText(names)
        QTest.keyClick(sheet.prompt, Qt.Key.Key_Escape)
        assert page.isVisible()
        assert page.shown_id
        await app.written()
        sheet = await reopened(app)
        assert (sheet.prompt.toPlainText(), sheet.names.toPlainText()) == ("Which?", names)
        sheet.more_button.click()
        await until(lambda: sheet.height() <= page.view.height() and sheet.choices.isVisible())
        picture(app, "forty")
        QTest.keyClicks(sheet.names, "a")
        typed = sheet.names.toPlainText()
        await sheet.save_now()  # as at the end of the window
        sheet.close_sheet()
        stored = await page.runs.service.get(page.opened.id)
        assert stored.settings["drafts"][""]["names"] == typed != names
        sheet = await reopened(app)
        press(sheet, "table-question-discard")
        assert not sheet.prompt.toPlainText()


async def reopened(app: AppHarness) -> QuestionSheet:
    await until(lambda: not [s for s in app.window.findChildren(QuestionSheet) if s.isVisible()])
    press(page_of(app), "table-add-question")
    return await sheet_of(app)


async def test_three_rows_are_asked_from_the_sheet_for_fields_with_commas(tmp_path: Path) -> None:
    answer = as_json(payer={"value": "Owner", "quote": ""}, sum={"value": 3, "quote": ""})
    asked = Asked(lambda _text: answer)
    async with open_app(asked) as app:
        page = page_of(app)
        page.begin_with([folder_of(tmp_path, 5)])
        sheet = await sheet_of(app)
        sheet.prompt.setPlainText("Who pays how much?")
        sheet.names.setPlainText("payer, total")
        sheet.more_button.click()
        row = sheet._rows[1]
        row.type.setCurrentIndex(row.type.findData(FieldType.NUMBER.value))
        sheet.names.setPlainText("payer, sum")  # a renamed field keeps its type
        await until(lambda: "$" in sheet.try_button.text() and sheet.try_button.isEnabled())
        assert not asked.requests
        press(sheet, "table-question-try")
        await until(lambda: [r[1:] for r in cells(page)] == [["Owner", "3"]] * 3 + [["", ""]] * 2)
        assert len(asked.requests) == 3
        table = page.opened.table
        assert table is not None
        (question,) = table.questions
        assert question.question is not None
        assert [f.type for f in question.question.fields] == [FieldType.TEXT, FieldType.NUMBER]
        heads = [page.view.model.headerData(n, Qt.Orientation.Horizontal) for n in (1, 2)]
        assert heads == [question.title("payer"), question.title("sum")]  # as {{…}} names them


async def test_rows_are_bounded_sorted_by_several_columns_and_columns_hidden() -> None:
    async with open_app(Asked(about)) as app:
        page = page_of(app)
        service = page.runs.service
        table = await service.create("Sums", [Column(f"c{n}", f"c{n}") for n in range(2)])
        values = (("b", "1.10"), ("a", "20"), ("b", "3"), ("a", "2026-11-30"))
        rows = [NewRow(Row(0, str(n)), {"c0": a, "c1": b}) for n, (a, b) in enumerate(values)]
        await service.add_rows(table.id, rows)
        page.show_table(table.id)
        grid, model = page.view.grid, page.view.model
        await until(lambda: model.rowCount() == 4 and cells(page)[3][1] == "a")
        header = grid.horizontalHeader()

        def click(section: int, modifier: Qt.KeyboardModifier) -> None:
            at = QPoint(header.sectionViewportPosition(section) + 20, header.height() - 8)
            QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, modifier, at)

        click(1, Qt.KeyboardModifier.NoModifier)
        await until(lambda: [row[1] for row in cells(page)] == ["a", "a", "b", "b"])
        click(2, SHIFT)
        await until(lambda: [row[2] for row in cells(page)][2:] == ["1.10", "3"])
        click(2, SHIFT)
        await until(lambda: [row[2] for row in cells(page)][2:] == ["3", "1.10"])
        page.view.columns._ask_range(model.columns[2])
        sheet = find(page, RangeSheet, "table-range")
        least = find(sheet, QLineEdit, "table-range-least")
        least.setText("many")
        press(sheet, "table-range-show")
        assert sheet.error.text()
        least.setText("2")
        find(sheet, QLineEdit, "table-range-most").setText("20")
        press(sheet, "table-range-show")
        await until(lambda: [row[2] for row in cells(page)] == ["20", "3"])
        assert page.view.filters.isVisible()
        page.opened.hide_columns([model.columns[1].key])
        assert grid.isColumnHidden(1)
        grid.selectAll()
        assert grid.selected_columns[0] == (0, 2)  # what is not seen is neither copied nor cleared
        await app.written()
        page.show_list()
        page.show_table(table.id)
        await until(lambda: bool(page.shown_id))
        assert grid.isColumnHidden(1)


async def test_the_empty_page_makes_a_table_of_samples() -> None:
    async with open_app(Asked(about)) as app:
        page = page_of(app)
        app.session.run("tables.show")
        await until(page.samples_button.isVisible)
        picture(app, "empty-page")
        press(page, "sample-table")
        sheet = await sheet_of(app)
        await until(lambda: "$" in sheet.try_button.text())
        assert page.view.model.rowCount() == 10
        picture(app, "samples")


@pytest.mark.parametrize("kind", ["equals", "empty"])
async def test_a_condition_is_kept_and_edited(kind: str) -> None:
    async with open_app(Asked(about)) as app:
        page = page_of(app)
        table = await page.runs.service.create("Words", [column("q", "About {{word}}?")])
        await page.runs.service.add_rows(table.id, [NewRow(Row(0, "1"), {"word": "ROW1"})])
        page.show_table(table.id)
        await until(lambda: page.view.model.columnCount() == 3)
        assert page.opened.table is not None
        page.view.columns._show_question(page.opened.table.questions[0])
        sheet = await sheet_of(app)
        sheet.more_button.click()
        sheet.condition.setCurrentIndex(sheet.condition.findData(kind))
        sheet.condition_text.setText("ROW2")
        await until(sheet.save_button.isEnabled)
        press(sheet, "table-question-save")
        await until(lambda: condition_of(page.opened.table) is not None)
        table = await page.runs.service.get(table.id)
        with pytest.raises(IllegalChoiceError):  # the word is neither
            await page.runs.service.plan(table, Cells())


def condition_of(table: Table | None) -> Condition | None:
    question = table.questions[0].question if table is not None else None
    return question.condition if question is not None else None
