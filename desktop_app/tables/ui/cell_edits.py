"""What the user changes by hand in a table: values, rows, and what is copied and pasted."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from PySide6.QtCore import QModelIndex
from PySide6.QtGui import QGuiApplication

from desktop_app.domain.conversations.conversation import new_id
from desktop_app.domain.errors import StorageError
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.tables.table import Column, NewRow, Row
from desktop_app.tables.table_store import WHOLE_VALUES, CellId
from desktop_app.tables.ui.cell_texts import GridColumn
from desktop_app.widgets.forms.form_dialog import ask
from desktop_app.widgets.text.clipboard import copyable

if TYPE_CHECKING:
    from desktop_app.tables.ui.table_view import TableView
    from desktop_app.tables.ui.tables_page import TablesPage

_COPIED_ROWS: Final = 200


class NewValue(NamedTuple):
    """A value that the user gives to a cell."""

    cell: CellId
    part: str
    text: str


class CellEdits:
    """The changes of the user to the cells and rows of the open table."""

    def __init__(self, page: TablesPage, view: TableView) -> None:
        self._page, self._view = page, view
        self._service, self._store = page.runs.service, page.runs.service.store
        self._notifications = page.session.window.notifications

    async def edit(self, index: QModelIndex) -> None:
        """Let the user change a cell, beginning with its whole text."""
        column = self._view.model.column_at(index)
        if column is None or column.column is None:
            return
        row_id = self._view.model.row_id_at(index)
        cell = await self._store.cell(row_id, column.column.id)
        self._open_editor(CellId(row_id, column.column.id), column, cell.text(column.part))

    def _open_editor(
        self, cell: CellId, column: GridColumn, text: str, *, is_typed: bool = False
    ) -> None:
        index = self._view.model.place_of(cell.row_id, column.key)
        if index.isValid():
            self._view.grid.delegate.begin(text, is_typed=is_typed)
            self._view.grid.setFocus()
            self._view.grid.setCurrentIndex(index)
            self._view.grid.edit(index)

    def commit(self, index: QModelIndex, text: str) -> None:
        """Store what the user has typed into a cell."""
        column = self._view.model.column_at(index)
        if column is None or column.column is None:
            return
        place = CellId(self._view.model.row_id_at(index), column.column.id)
        value = NewValue(place, column.part, text)

        async def save() -> None:
            try:
                await self.set_values([value])
            except StorageError:
                self._open_editor(place, column, text, is_typed=True)  # what was typed stays
                raise

        self._page.request(save)

    async def set_values(self, values: Sequence[NewValue], *, offers_undo: bool = True) -> None:
        """Set values by hand, and offer to take that back."""
        if self._view.table is None:
            return
        table = self._view.table
        old = []
        for value in values:
            cell = await self._store.cell(*value.cell)
            old.append(value._replace(text=cell.text(value.part)))
        for value in values:
            await self._service.set_value(table, value.cell, value.part, value.text)
        self._view.totals_soon()
        if offers_undo:
            count = len(values)
            self._notifications.notify_undo(
                tr_plural("{count} cell changed", "{count} cells changed", count),
                lambda: self._page.request(self._take_back, old),
            )

    async def _take_back(self, values: Sequence[NewValue]) -> None:
        await self.set_values(values, offers_undo=False)

    def clear(self) -> None:
        """Clear the selected cells; answers only once the user has agreed."""
        data: list[NewValue] = []
        answers: dict[CellId, None] = {}
        for row, number in self._view.grid.selected_places:
            column = self._view.model.columns[number]
            if column.column is None:
                continue
            place = CellId(self._view.model.ids[row], column.column.id)
            if column.is_question:
                answers[place] = None
            else:
                data.append(NewValue(place, column.part, ""))
        if answers:
            ask(
                self._view,
                "confirm-table-clear",
                tr_plural("Clear {count} answer?", "Clear {count} answers?", len(answers)),
                tr("You can ask these cells again. This can’t be undone."),
                label=tr("Clear"),
                on_accepted=lambda: self._page.request(self._clear_cells, list(answers), data),
            )
        elif data:
            self._page.request(self.set_values, data)

    async def _clear_cells(self, answers: list[CellId], data: list[NewValue]) -> None:
        await self._store.clear(answers)
        if data:
            await self.set_values(data)
        await self._view.load()

    async def copy(self) -> None:
        """Copy the selected cells as rows of tab-separated text, which spreadsheets paste."""
        places = self._view.grid.selected_places
        numbers = sorted({number for _, number in places})
        rows = list(dict.fromkeys(row for row, _ in places))
        selected = set(places)
        columns = self._view.model.columns
        stream = io.StringIO()
        writer = csv.writer(stream, "excel-tab", lineterminator="\n")
        for start in range(0, len(rows), _COPIED_ROWS):
            some = rows[start : start + _COPIED_ROWS]
            ids = [self._view.model.ids[row] for row in some]
            window = await self._store.window(ids, WHOLE_VALUES)
            for number, row in zip(some, window.rows, strict=False):
                writer.writerow(
                    [
                        copyable(_text_of(columns[n], row, window.cells[row.id]))
                        if (number, n) in selected
                        else ""
                        for n in numbers
                    ]
                )
        text = stream.getvalue().removesuffix("\n")
        if len(places) == 1 and rows:
            row_id = self._view.model.ids[rows[0]]
            window = await self._store.window([row_id], WHOLE_VALUES)
            for row in window.rows:
                text = copyable(_text_of(columns[numbers[0]], row, window.cells[row.id]))
        QGuiApplication.clipboard().setText(text)
        announced = tr_plural("{count} cell copied", "{count} cells copied", len(places))
        self._notifications.announce(announced)

    def paste(self, *, at_end: bool = False) -> None:
        """Paste rows of tab-separated text from the current cell on, or below the last row."""
        text = QGuiApplication.clipboard().text()
        lines = list(csv.reader(io.StringIO(text, newline=""), "excel-tab"))
        if any(lines) and self._view.table is not None:
            index = self._view.grid.chosen_index
            first = max(1, index.column()) if index.isValid() and not at_end else 1
            row = index.row() if index.isValid() and not at_end else len(self._view.model.ids)
            self._page.request(self._paste_lines, lines, row, first)

    async def _paste_lines(self, lines: list[list[str]], first_row: int, first: int) -> None:
        """Put lines into the cells from a place on; add the rows and columns that are missing."""
        table = await self._service.get(self._view.table_id)
        columns = list(self._view.model.columns[first:])
        missing = max(map(len, lines)) - len(columns)
        taken = {each.name.casefold() for each in table.columns}
        for _ in range(missing):
            number = len(table.columns) + 1
            while (name := tr("Column {number}", number=number)).casefold() in taken:
                number += 1
            taken.add(name.casefold())
            column = Column(new_id(), name)
            table = replace(table, columns=(*table.columns, column))
            columns.append(GridColumn(column))
        if missing > 0:
            self._view.table = table = await self._service.save(table)
        ids = list(self._view.model.ids[first_row : first_row + len(lines)])
        count = len(await self._store.row_ids(table.id))
        added = range(count + 1, count + 1 + len(lines) - len(ids))
        ids += await self._service.add_rows(
            table.id, [NewRow(Row(0, str(number))) for number in added]
        )
        values = [
            NewValue(CellId(row_id, column.column.id), column.part, text)
            for row_id, line in zip(ids, lines, strict=True)
            for column, text in zip(columns, line, strict=False)
            if column.column is not None
        ]
        await self.set_values(values)
        await self._view.load()

    async def add_empty_row(self) -> None:
        """Add a row to type into, with a column if there is none."""
        number = len(await self._store.row_ids(self._view.table_id)) + 1
        await self._service.add_rows(self._view.table_id, [NewRow(Row(0, str(number)))])
        table = await self._service.get(self._view.table_id)
        if not table.columns:
            first = Column(new_id(), tr("Text"))
            await self._service.save(replace(table, columns=(first,)))
        await self._view.load()
        last = self._view.model.index(len(self._view.model.ids) - 1, 1)
        if last.isValid():
            self._view.grid.setFocus()
            self._view.grid.setCurrentIndex(last)

    def selected_rows(self) -> list[int]:
        """Return the ids of the rows with selected cells."""
        places = self._view.grid.selected_places
        return list(dict.fromkeys(self._view.model.ids[row] for row, _ in places))

    def ask_to_remove_rows(self, rows: list[int]) -> None:
        """Remove rows once the user has agreed."""
        ask(
            self._view,
            "confirm-table-rows",
            tr_plural("Remove {count} row?", "Remove {count} rows?", len(rows)),
            tr("Their values and answers are deleted, too. The files stay. This can’t be undone."),
            label=tr("Remove"),
            on_accepted=lambda: self._page.request(self._remove_rows, rows),
        )

    async def _remove_rows(self, rows: list[int]) -> None:
        await self._store.remove_rows(rows)
        await self._view.load()


def _text_of(column: GridColumn, row: Row, cells: Any) -> str:
    if column.column is None:
        return row.name
    cell = cells.get(column.column.id)
    return "" if cell is None else str(cell.text(column.part))
