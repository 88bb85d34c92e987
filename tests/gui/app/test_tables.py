"""Tables in the window, over a server on loopback."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAccessible, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QMessageBox, QWidget

from desktop_app.domain import hints
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.conversation import new_id
from desktop_app.library.ui.archive_and_trash import TrashPage
from desktop_app.library.ui.trash import Trash
from desktop_app.tables.stored_cells import CellId
from desktop_app.tables.table import (
    CellState,
    Column,
    Filter,
    NewRow,
    Question,
    Row,
    RunStatus,
    Table,
)
from desktop_app.tables.table_export import TableFormat
from desktop_app.tables.ui.cell_panel import CellPanel
from desktop_app.tables.ui.question_sheet import QuestionSheet
from desktop_app.tables.ui.tables_page import TablesPage
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.batch_server import BatchServer
from tests.helpers.family import FAMILY_ENVIRONMENT
from tests.helpers.transcript_views import shown_text
from tests.helpers.waiting import until as until_async
from tests.helpers.widgets import accept_question, find
from tests.integration.cli.command import gateway
from tests.integration.cli.test_table_batches import all_answered
from tests.unit.providers.loopback import LoopbackServer, Script, replies
from tests.unit.tables.table_setup import Asked

PICTURES = os.environ.get("REPARTEE_SCREENSHOTS", "")


@asynccontextmanager
async def open_app(asked: Asked) -> AsyncIterator[AppHarness]:
    async with LoopbackServer(asked.serve, models=("gpt-5.2",)) as server:
        named = {"OPENAI_API_KEY": "sk-loopback-0123456789", "OPENAI_BASE_URL": server.base_url}
        environment = {**named, **FAMILY_ENVIRONMENT}
        async with AppHarness(has_real_providers=True, environment=environment) as app:
            yield app


def page_of(app: AppHarness) -> TablesPage:
    return app.session.of(TablesPage)


def press(root: QWidget, name: str) -> None:
    button = find(root, QAbstractButton, name)
    assert button.isVisible(), name
    assert button.isEnabled(), name
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


async def sheet_of(app: AppHarness) -> QuestionSheet:
    def found() -> list[QuestionSheet]:
        return [d for d in app.window.findChildren(QuestionSheet) if d.isVisible()]

    await until(lambda: bool(found()))
    return found()[0]


def cells(page: TablesPage) -> list[list[str]]:
    """Return the texts of the grid."""
    model = page.view.model
    return [
        [model.index(row, column).data() for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def picture(app: AppHarness, name: str) -> None:
    if PICTURES:
        app.window.grab().save(str(Path(PICTURES) / f"{name}.png"))


def folder_of(tmp_path: Path, count: int) -> Path:
    folder = tmp_path / "Leases"
    folder.mkdir()
    for number in range(1, count + 1):
        (folder / f"lease-{number}.md").write_text(f"# Lease\n\nROW{number}", "utf-8")
    return folder


def about(text: str) -> str:
    """Answer with the row that a text is about."""
    rows = re.findall(r"ROW\d+", text)
    return f"About {rows[-1]}" if rows else "About nothing"


async def test_a_folder_is_asked_three_rows_first_then_all(tmp_path: Path) -> None:
    asked = Asked(about)
    async with open_app(asked) as app:
        page = page_of(app)
        page.begin_with([folder_of(tmp_path, 5)])
        sheet = await sheet_of(app)
        QTest.keyClicks(sheet.prompt, "Which? {{nothing}}")
        await until(lambda: "nothing" in sheet.word_note.text())
        assert not sheet.save_button.isEnabled()
        sheet.prompt.setPlainText("Which?")
        picture(app, "question")
        press(sheet, "table-question-save")
        await until(lambda: "$" in page.view.run_bar.try_button.text())
        await until(lambda: "$" in page.view.run_bar.run_button.text())
        assert not asked.requests  # nothing is sent before the price is shown
        picture(app, "asked-nothing")
        press(page, "table-try")
        await until(lambda: len(asked.answered) == 3 and page.view.run_bar.try_button.isVisible())
        await until(lambda: page.view.run_bar.try_button.text().startswith("Try 2 rows"))
        await until(lambda: [row[1] for row in cells(page)].count("") == 2)
        await until(lambda: "$" in page.view.run_bar.run_button.text())
        picture(app, "tried")
        press(page, "table-run")
        await until(
            lambda: [row[1] for row in cells(page)] == [f"About ROW{n}" for n in range(1, 6)]
        )
        await until(lambda: page.view.run_bar.try_button.isVisible())
        assert set(asked.answered.values()) == {1}  # each was asked once
        await until(lambda: page.view.foot.model_of_lines.rowCount() > 0)
        picture(app, "answered")


async def test_cells_are_corrected_copied_pasted_and_compared_by_keys(tmp_path: Path) -> None:
    file = tmp_path / "words.csv"
    file.write_text("word,plural\nROW1,rows\nROW2,\n", "utf-8")
    async with open_app(Asked(about)) as app:
        page = page_of(app)
        page.begin_with([file])
        for name in ("first", "second"):
            sheet = await sheet_of(app)
            sheet.prompt.setPlainText("About {{word}}?")
            sheet.name.setText(name)
            press(sheet, "table-question-save")
            await until(lambda: page.view.run_bar.run_button.isEnabled())
            if name == "first":
                page.view.columns.add_question()
        await until(lambda: len(page.opened.table.questions) == 2 if page.opened.table else False)
        await until(lambda: "$" in page.view.run_bar.run_button.text())
        press(page, "table-run")
        await until(
            lambda: [row[3:] for row in cells(page)] == [["About ROW1"] * 2, ["About ROW2"] * 2]
        )
        view, grid, model = page.view, page.view.grid, page.view.model
        app.window.activateWindow()
        grid.setFocus()
        await until(grid.hasFocus)
        grid.setCurrentIndex(model.index(0, 3))
        QTest.keyClick(grid, Qt.Key.Key_F2)
        await until(lambda: bool(grid.findChildren(QWidget, "table-cell-editor")))
        editor = find(grid, QWidget, "table-cell-editor")
        QTest.keyClicks(editor, "By hand")
        QTest.keyClick(editor, Qt.Key.Key_Return)
        await until(lambda: cells(page)[0][3] == "By hand")
        await until(grid.hasFocus)
        shown = model.shown_at(model.index(0, 3))
        assert shown is not None
        assert shown.is_corrected
        app.window.notifications.undo_last()
        await until(lambda: cells(page)[0][3] == "About ROW1")
        grid.setFocus()
        grid.setCurrentIndex(model.index(1, 2))
        QGuiApplication.clipboard().setText("many\tother\nmore\t\n")
        QTest.keyClick(grid, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: model.rowCount() == 3 and cells(page)[1][2] == "many")
        assert cells(page)[1][3] == "other"
        QTest.keyClick(grid, Qt.Key.Key_Up)
        QTest.keyClick(grid, Qt.Key.Key_Left)
        QTest.keyClick(grid, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
        QTest.keyClick(grid, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: QGuiApplication.clipboard().text() == "ROW1\trows")
        # What is typed stays in its cell while the rows get another order.
        page.opened.sort([(model.columns[2].key, False)])
        await until(lambda: cells(page)[0][2] == "many")
        edited = model.index(1, 1)
        grid.setCurrentIndex(edited)
        QTest.keyClick(grid, Qt.Key.Key_F2)
        await until(lambda: grid.is_editing)
        QTest.keyClicks(grid.indexWidget(edited), "=1+1")
        assert page.opened.table is not None
        place = CellId(model.ids[0], page.opened.table.columns[1].id)
        await view.edits.set_values([(place, "", "zebra")])
        await page.opened.load()
        assert grid.is_editing
        QTest.keyClick(grid.indexWidget(edited), Qt.Key.Key_Return)
        await until(
            lambda: cells(page)[0][1] == "=1+1" and cells(page)[2][1:3] == ["ROW2", "zebra"]
        )
        # A spreadsheet gets no formula; the table gets the cells as they are.
        grid.setCurrentIndex(model.index(0, 1))
        QTest.keyClick(grid, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
        QTest.keyClick(grid, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: QGuiApplication.clipboard().text() == "'=1+1\tmore")
        grid.setCurrentIndex(model.index(2, 1))
        QTest.keyClick(grid, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: ["=1+1", "more"] in [row[1:3] for row in cells(page)[1:]])
        for _ in range(3):
            await until(lambda: app.window.notifications.last_undo is not None)
            app.window.notifications.undo_last()
        page.opened.sort([])
        await until(lambda: cells(page)[0][1] == "ROW1" and cells(page)[1][2] == "many")
        grid.setCurrentIndex(model.index(0, 3))
        QTest.keyClick(grid, Qt.Key.Key_Return)
        panel = find(page, CellPanel, "table-cell")
        await until(panel.isVisible)
        await until(lambda: "About ROW1" in shown_text(panel.answer))
        picture(app, "cell")
        # Each action does something: data are only copied, which opens no conversation.
        opened: list[None] = []
        panel.conversation_requested.connect(lambda: opened.append(None))
        assert actions(panel) == ["message-copy", "message-retry-with", "message-more"]
        find(panel.answer, QAbstractButton, "message-copy").click()
        await until(lambda: QGuiApplication.clipboard().text() == "About ROW1")
        assert not opened
        grid.setFocus()
        grid.setCurrentIndex(model.index(0, 1))
        await until(lambda: "About" not in shown_text(panel.answer))
        assert actions(panel) == ["message-copy"]
        grid.setCurrentIndex(model.index(0, 3))
        await until(lambda: "About ROW1" in shown_text(panel.answer))
        assert page.opened.table is not None
        panel.compare_requested.emit(page.opened.table.questions[1].id)
        await until(panel.side_by_side.isVisible)
        picture(app, "compared")
        press(panel, "table-answer-2-keep")
        await until(lambda: cells(page)[0][-1] == "second")
        await rename_last_column(page, "Better")  # also in another language, it is the same column
        press(panel, "table-answer-1-keep")
        await until(lambda: cells(page)[1][-1] == "first")
        assert model.columns[-1].title == "Better"
        panel.compare_requested.emit("")  # one answer again, which can be corrected
        await until(find(panel, QAbstractButton, "table-cell-correct").isVisible)
        panel.answer.setFocus()
        QTest.keyClick(panel.answer, Qt.Key.Key_F2)
        await until(lambda: grid.is_editing)
        assert page.isVisible()
        QTest.keyClick(find(grid, QWidget, "table-cell-editor"), Qt.Key.Key_Escape)
        QTest.keyClick(panel, Qt.Key.Key_Escape)
        await until(lambda: not panel.isVisible())
        grid.setFocus()
        grid.setCurrentIndex(model.index(0, 3))
        QTest.keyClick(grid, Qt.Key.Key_Delete)
        await until(lambda: bool(app.window.findChildren(QMessageBox)))
        box = app.window.findChildren(QMessageBox)[0]
        next(b for b in box.buttons() if b.text() == "Clear").click()
        await until(lambda: cells(page)[0][3] == "")
        page.opened.request(page.view.edits.remove_rows, [model.ids[0]])
        await until(lambda: model.rowCount() == 2)
        for focused in (grid, view.back_button):  # first the row comes back, then the answer
            await until(lambda: app.window.notifications.last_undo is not None)
            QTest.keyClick(focused, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: model.rowCount() == 3 and cells(page)[0][3] == "About ROW1")


def actions(panel: CellPanel) -> list[str]:
    """Return the buttons of the text in a panel."""
    answer = panel.answer.messages.newest_answer()
    assert answer is not None
    panel.answer.show_actions_of(answer.key)
    return [each.objectName() for each in panel.answer.action_row.enabled_buttons()]


async def rename_last_column(page: TablesPage, name: str) -> None:
    def renamed(table: Table) -> Table:
        *others, last = table.columns
        return replace(table, columns=(*others, replace(last, name=name)))

    await page.runs.service.change(page.opened.id, renamed)
    await until(lambda: page.view.model.columns[-1].title == name)


async def test_tables_are_listed_trashed_and_restored(tmp_path: Path) -> None:
    async with open_app(Asked(about)) as app:
        page = page_of(app)
        app.session.run("tables.show")
        await until(page.isVisible)
        picture(app, "no-tables")
        page.begin_empty()
        await until(lambda: bool(page.shown_id))
        picture(app, "empty-table")
        grid = page.view.grid
        grid.setFocus()
        await until(lambda: grid.hasFocus() and grid.currentIndex().column() == 1)
        QTest.keyClick(grid, "T", Qt.KeyboardModifier.ShiftModifier)  # typing begins the cell
        assert grid.is_editing
        editor = find(grid, QWidget, "table-cell-editor")
        QTest.keyClicks(editor, "yped")
        QTest.keyClick(editor, Qt.Key.Key_Return)
        await until(lambda: cells(page) == [["1", "Typed"]])
        page.show_list()
        await until(lambda: page.tables.rowCount() == 1)
        picture(app, "list")
        press(page, "delete-table")
        await until(lambda: page.tables.rowCount() == 0)
        app.window.notifications.undo_last()
        await until(lambda: page.tables.rowCount() == 1)

        # It lies in the trash beside conversations, which is emptied at once.
        press(page, "delete-table")
        await until(lambda: page.tables.rowCount() == 0)
        app.type("Hello?")
        app.enter()
        await until(lambda: app.rows and not app.state.running.conversations)
        app.session.of(Trash).delete_chosen()
        app.session.run("list.trash")
        trash = app.session.of(TrashPage)
        await until(trash.places.button("tables").isEnabled)
        assert trash.view.isVisible()
        assert not trash.places.button("texts").isEnabled()
        trash.places.button("tables").click()
        press(trash, "restore-trashed")
        await until(lambda: trash.view.isVisible() and not trash.places.isVisible())
        app.session.run("tables.show")
        await until(lambda: page.tables.rowCount() == 1)
        press(page, "delete-table")
        await until(lambda: page.tables.rowCount() == 0)
        app.session.run("trash.empty")
        await until(lambda: app.window.findChild(QMessageBox, "delete-for-good"))
        accept_question(app.window, "delete-for-good", "Delete permanently")
        await until(lambda: app.stored("SELECT 1 FROM tables, conversations") == [])


async def test_three_files_are_offered_as_a_table(tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.txt" for name in ("alpha", "beta", "gamma")]
    for path in paths:
        path.write_text("Some words.", "utf-8")
    async with open_app(Asked(about)) as app:
        app.window.prompt.attach_requested.emit(paths)
        await until(lambda: find_offer(app) is not None)
        find_offer(app).click()
        await until(lambda: page_of(app).view.model.rowCount() == 3)


def find_offer(app: AppHarness) -> QAbstractButton | None:
    """Return the button that makes a table of attached files; None if there is none."""
    shown = buttons(app.window.notifications)
    return next((each for each in shown if each.text() == "Ask of each (table)"), None)


async def test_rows_are_sorted_filtered_read_aloud_and_exported(tmp_path: Path) -> None:
    file = tmp_path / "words.csv"
    file.write_text("word\nROW1\nROW2\nROW3\n", "utf-8")

    def answer(text: str) -> str | Script:
        too_long = {"error": {"message": "Too long", "code": "context_length_exceeded"}}
        return replies(400, too_long) if "ROW2" in text else about(text)

    async with open_app(Asked(answer)) as app:
        page = page_of(app)
        app.window.prompt.attach_requested.emit([file])  # as a file is attached to a message
        await until(lambda: find_offer(app) is not None)
        find_offer(app).click()
        sheet = await sheet_of(app)
        await until(lambda: not app.is_reading)
        assert not app.state.current.draft.value.attachments  # not in the message, too
        sheet.prompt.setPlainText("About {{word}}?")
        sheet.check_kind.setCurrentIndex(sheet.check_kind.findData("schema"))
        said = {""}
        for wrong in ("", "{", '{"type": 3}'):
            sheet.check_schema.setPlainText(wrong)
            press(sheet, "table-question-save")
            await until(lambda: sheet.check_error.text() not in said)
            said.add(sheet.check_error.text())
            assert sheet.check_schema.accessibleDescription() == sheet.check_error.text()
        sheet.check_schema.setPlainText('{"type": "string"}')
        press(sheet, "table-question-save")
        view = page.view
        await until(lambda: "$" in view.run_bar.run_button.text())
        press(page, "table-run")
        await until(
            lambda: page.opened.table is not None and not page.runs.is_running(page.opened.id)
        )
        await until(lambda: cells(page)[2][2] == "About ROW3" and cells(page)[1][2] != "")
        grid = QAccessible.queryAccessibleInterface(view.grid)
        assert grid.text(QAccessible.Text.Name) == "words, 3 rows"
        spoken = [grid.child(n).text(QAccessible.Text.Name) for n in range(grid.childCount())]
        assert {"About word?", "ROW2", "About ROW3, fails its check"} <= set(spoken)
        await until(lambda: "0% of 2" in str(view.foot.model_of_lines.lines))  # they are no JSON
        view.model.sort(1, Qt.SortOrder.DescendingOrder)
        await until(lambda: [row[1] for row in cells(page)] == ["ROW3", "ROW2", "ROW1"])
        await until(
            lambda: "1 failed" in view.run_bar.note.text()
        )  # not "every cell has an answer"
        assert page.opened.table is not None
        column = page.opened.table.questions[0]
        page.opened.add_filter(Filter(column.id, states=(CellState.FAILED,)))
        await until(lambda: [row[1] for row in cells(page)] == ["ROW2"])
        view.cell.open(view.model.index(0, 2))
        await until(lambda: view.cell.panel.problem.isVisible())
        assert hints.READ_IN_PARTS in view.cell.panel.problem.text()
        target = tmp_path / "out.csv"
        order = page.opened.order
        page.opened.request(page.export, page.opened.id, TableFormat.CSV, order, target)
        await until(lambda: target.exists() and "exported" in page.status.text())
        assert [line.split(",")[0] for line in target.read_text("utf-8-sig").splitlines()] == [
            "word",
            "ROW2",
        ]


@pytest.mark.parametrize(
    "direction", [Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft]
)
async def test_names_of_rows_stay_in_sight_while_columns_scroll(
    qapp: QApplication, direction: Qt.LayoutDirection
) -> None:
    before = qapp.layoutDirection()
    qapp.setLayoutDirection(direction)
    is_left = direction is Qt.LayoutDirection.LeftToRight
    further = Qt.Key.Key_Right if is_left else Qt.Key.Key_Left
    back = Qt.Key.Key_Left if is_left else Qt.Key.Key_Right
    try:
        async with open_app(Asked(about)) as app:
            page = page_of(app)
            names = [Column(new_id(), f"c{n}") for n in range(12)]
            table = await page.runs.service.create("Wide", names)
            rows = [NewRow(Row(0, f"row {n}"), {"c0": f"ROW{n}"}) for n in range(3)]
            await page.runs.service.add_rows(table.id, rows)
            page.show_table(table.id)
            grid, model = page.view.grid, page.view.model
            await until(lambda: model.rowCount() == 3 and cells(page)[2][0] == "row 2")
            app.window.activateWindow()
            grid.setFocus()
            await until(grid.hasFocus)
            place = grid.visualRect(model.index(1, 0))
            corner = grid.viewport().mapTo(app.window, place.topLeft())
            in_window = QRect(corner, place.size())
            unscrolled = app.window.grab(in_window).toImage()
            grid.setCurrentIndex(model.index(2, 3))
            for _ in range(9):
                QTest.keyClick(grid, further, Qt.KeyboardModifier.ShiftModifier)
            assert grid.selected_columns == {2: tuple(range(3, 13))}  # nothing of the names
            assert grid.visualRect(model.index(1, 0)) == place
            assert app.window.grab(in_window).toImage() == unscrolled
            for _ in range(9):  # a cell is brought beside the names, not below them
                QTest.keyClick(grid, back)
                now = grid.visualRect(grid.currentIndex())
                assert not now.intersects(grid.names_rect)
            grid.horizontalScrollBar().setValue(grid.horizontalScrollBar().maximum())
            QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=place.center())
            assert grid.currentIndex() == model.index(1, 0)
            assert grid.horizontalScrollBar().value() == grid.horizontalScrollBar().maximum()
            header = grid.horizontalHeader().viewport()
            title = QPoint(place.center().x(), header.height() // 2)
            for _ in range(2):
                QTest.mouseClick(header, Qt.MouseButton.LeftButton, pos=title)
            await until(lambda: cells(page)[0][0] == "row 2")
            assert grid.horizontalScrollBar().value() > 0
    finally:
        qapp.setLayoutDirection(before)


async def test_a_run_is_stopped_and_its_answers_stay() -> None:
    asked = Asked(about)
    async with open_app(asked) as app:
        page = page_of(app)
        service = page.runs.service
        choice = app.session.setup.choice
        asking = Column(new_id(), "q", Question("About {{word}}?", choice))
        table = await service.create("Words", [asking])
        rows = [NewRow(Row(0, str(n)), {"word": f"ROW{n}"}) for n in range(60)]
        await service.add_rows(table.id, rows)
        page.show_table(table.id)
        await until(
            lambda: (
                page.view.run_bar.run_button.isVisible()
                and page.view.run_bar.run_button.isEnabled()
            )
        )
        press(page, "table-run")
        await until(lambda: len(asked.answered) >= 2)
        press(page, "table-stop")
        await until(lambda: not page.runs.is_running(table.id))
        totals = await service.store.totals(asking.id)
        # The server may have answered what was stopped on its way.
        assert 2 <= totals.states.get(CellState.DONE, 0) <= len(asked.answered) < 60


async def test_what_a_run_left_out_and_no_longer_asks_is_told_below_the_table() -> None:
    who = {"error": {"message": "Who?", "type": "x", "code": "invalid_api_key"}}
    asked = Asked(lambda text: replies(401, who) if "Refuse" in text else about(text))
    async with open_app(asked) as app:
        page = page_of(app)
        service, choice = page.runs.service, app.session.setup.choice
        seeded = Question(
            "About {{word}}?", choice, overrides=Overrides().with_parameter("seed", 7)
        )
        columns = (
            Column(new_id(), "Seeded", seeded),
            Column(new_id(), "Refused", Question("Refuse {{word}}", choice)),
        )
        table = await service.create("Words", columns)
        await service.add_rows(table.id, [NewRow(Row(0, "1"), {"word": "ROW1"})])
        page.show_table(table.id)
        bar = page.view.run_bar
        await until(lambda: bar.run_button.isVisible() and bar.run_button.isEnabled())
        press(page, "table-run")
        await until(lambda: cells(page)[0][1] == "About ROW1" and bar.try_button.isVisible())
        await until(lambda: "Refused: " in bar.note.text())
        left_out, refused = bar.note.text().splitlines()
        assert "“seed” wasn’t sent" in left_out
        assert "API key" in refused
        picture(app, "told")


async def test_answers_by_tomorrow_come_while_the_window_is_open(tmp_path: Path) -> None:
    provider = BatchServer(all_answered)
    async with (
        provider.http,
        AppHarness(has_real_providers=True, environment=gateway(provider.base_url)) as app,
    ):
        page = page_of(app)
        page.begin_with([folder_of(tmp_path, 2)])
        sheet = await sheet_of(app)
        sheet.prompt.setPlainText("Which?")
        press(sheet, "table-question-save")
        view = page.view
        await until(
            lambda: (
                view.run_bar.batch_button.isVisible() and "$" in view.run_bar.batch_button.text()
            )
        )
        picture(app, "batch-offered")
        press(page, "table-batch")
        await until(lambda: all("Answer" in row[1] for row in cells(page)))
        await until(lambda: view.run_bar.try_button.isVisible())
        store = page.runs.service.store

        async def is_done() -> bool:
            return [run.status for run in await store.runs()] == [RunStatus.DONE]

        await until_async(is_done)
        (row,) = await page.runs.activity(page.show_table)
        assert row.title == "Leases"
        assert not row.has_failed


def buttons(root: QWidget) -> list[QAbstractButton]:
    return [each for each in root.findChildren(QAbstractButton) if each.isVisible()]
