"""What the user changes by hand in a table: values, rows, and what is copied and pasted."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from PySide6.QtCore import QMimeData, QModelIndex
from PySide6.QtGui import QGuiApplication

from desktop_app.domain.conversations.conversation import new_id
from desktop_app.domain.csv_cell import escape_cell
from desktop_app.domain.errors import UserFacingError
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.tables.former_cells import FormerCells
from desktop_app.tables.stored_cells import BEING_ASKED, WHOLE_VALUES, CellId
from desktop_app.tables.table import CellState, Column, NewRow, Row, Table, Window
from desktop_app.tables.ui.cell_texts import GridColumn
from desktop_app.tables.ui.open_table import OpenTable
from desktop_app.widgets.forms.form_dialog import ask
from desktop_app.widgets.text.clipboard import copyable

_COPIED_ROWS: Final = 200
_CELLS_TYPE: Final = "application/x-repartee-cells"
_KEPT_UNDOS: Final = 20
Undo = Callable[[], Awaitable[object]]


class CellEdits:
    """The changes of the user to the cells and rows of the open table, which can be undone."""

    def __init__(self, open_table: OpenTable) -> None:
        self._open = open_table
        self._service, self._store = open_table.service, open_table.store
        self._notifications = open_table.session.window.notifications
        self._undos: list[Undo] = []

    # ------------------------------------------------------------ Undo

    def offer_undo(self, message: str, undo: Undo) -> None:
        """Tell of a change, and offer Undo; once that is done, it undoes the change before."""
        self._undos = [*self._undos[-_KEPT_UNDOS:], undo]
        self._notifications.notify_undo(message, self._undo)

    def _undo(self) -> None:
        self._open.request(self._undo_last)

    async def _undo_last(self) -> None:
        if not self._undos:
            return
        undo = self._undos[-1]
        try:
            await undo()
            self._undos.remove(undo)
        finally:
            if self._undos and self._notifications.last_undo is None:
                self._notifications.last_undo = self._undo

    def _offer_to_put_back(self, message: str, former: FormerCells) -> None:
        self.offer_undo(message, partial(self._service.put_back, self._open.id, former))

    # ------------------------------------------------------------ values

    async def edit(self, index: QModelIndex) -> None:
        """Let the user change a cell, beginning with its whole text."""
        column = self._open.model.column_at(index)
        if column is None or column.column is None:
            return
        place = CellId(self._open.model.row_id_at(index), column.column.id)
        cell = await self._store.cell(*place)
        if column.is_question and cell.state in (CellState.WAITING, CellState.RUNNING):
            self._open.show_status(tr(BEING_ASKED))
        else:
            self._open_editor(place, column, cell.text(column.part))

    def _open_editor(
        self, cell: CellId, column: GridColumn, text: str, *, is_typed: bool = False
    ) -> None:
        index = self._open.model.place_of(cell.row_id, column.key)
        if index.isValid():
            self._open.grid.open_editor(index, text, is_typed=is_typed)

    def commit(self, index: QModelIndex, text: str) -> None:
        """Store what the user has typed into a cell."""
        column = self._open.model.column_at(index)
        if column is None or column.column is None:
            return
        place = CellId(self._open.model.row_id_at(index), column.column.id)
        value = (place, column.part, text)

        async def save() -> None:
            try:
                await self.set_values([value])
            except UserFacingError:
                self._open_editor(place, column, text, is_typed=True)  # what was typed stays
                raise

        self._open.request(save)

    async def set_values(self, values: Sequence[tuple[CellId, str, str]]) -> None:
        """Set values by hand, each by its cell, part and text.

        Raises:
            IllegalChoiceError: one of the cells is being asked.
        """
        if self._open.table is None:
            return
        former = await self._service.set_values(self._open.table, values)
        count = len(values)
        message = tr_plural("{count} cell changed", "{count} cells changed", count)
        self._offer_to_put_back(message, former)

    def clear(self) -> None:
        """Clear the selected cells; answers only once the user has agreed."""
        selected, columns = self._open.grid.selected_columns, self._open.model.columns
        asked = {n for n, each in enumerate(columns) if each.is_question}
        # A question with fields has several columns, but one answer.
        counts = {
            numbers: len({columns[n].column for n in numbers if n in asked})
            for numbers in set(selected.values())
        }
        count = sum(counts[numbers] for numbers in selected.values())
        ids = self._open.model.ids
        clear = partial(self._open.request, self._clear, ids, columns, selected)
        if count:
            ask(
                self._open.grid,
                "confirm-table-clear",
                tr_plural("Clear {count} answer?", "Clear {count} answers?", count),
                tr("You can undo this until Repartee quits."),
                label=tr("Clear"),
                on_accepted=clear,
            )
        else:
            clear()

    async def _clear(
        self,
        ids: Sequence[int],
        columns: Sequence[GridColumn],
        selected: Mapping[int, Sequence[int]],
    ) -> None:
        def places() -> list[CellId]:
            found = (
                CellId(ids[row], column.id)
                for row, numbers in selected.items()
                for n in numbers
                if (column := columns[n].column) is not None
            )
            return list(dict.fromkeys(found))

        cells = await asyncio.to_thread(places)
        if cells:
            former = await self._service.clear(self._open.id, cells)
            count = len(former.places)
            message = tr_plural("{count} cell cleared", "{count} cells cleared", count)
            self._offer_to_put_back(message, former)

    # ------------------------------------------------------------ copy and paste

    async def copy(self) -> None:
        """Copy the selected cells as rows of tab-separated text, which spreadsheets paste."""
        selected, ids = self._open.grid.selected_columns, self._open.model.ids
        columns = self._open.model.columns
        numbers = sorted({n for each in set(selected.values()) for n in each})
        rows = list(selected)
        texts: list[list[str]] = []
        for start in range(0, len(rows), _COPIED_ROWS):
            some = rows[start : start + _COPIED_ROWS]
            window = await self._store.window([ids[row] for row in some], WHOLE_VALUES)
            chosen = {ids[row]: selected[row] for row in some}
            texts += await asyncio.to_thread(_texts_of, window, columns, numbers, chosen)
        mime = QMimeData()
        if len(texts) == len(numbers) == 1:
            mime.setText(texts[0][0])
        else:
            exact, escaped = await asyncio.to_thread(_tab_separated, texts)
            mime.setText(escaped)
            mime.setData(_CELLS_TYPE, exact.encode("utf-8", "replace"))
        QGuiApplication.clipboard().setMimeData(mime)
        count = sum(map(len, selected.values()))
        announced = tr_plural("{count} cell copied", "{count} cells copied", count)
        self._notifications.announce(announced)

    def paste(self, *, at_end: bool = False) -> None:
        """Paste rows of tab-separated text from the current cell on, or below the last row."""
        mime = QGuiApplication.clipboard().mimeData()
        text = bytes(mime.data(_CELLS_TYPE).data()).decode("utf-8", "replace") or mime.text()
        if text and self._open.table is not None:
            index = self._open.grid.chosen_index
            first = max(1, index.column()) if index.isValid() and not at_end else 1
            row = index.row() if index.isValid() and not at_end else len(self._open.model.ids)
            self._open.request(self._paste_text, text, row, first)

    async def _paste_text(self, text: str, first_row: int, first: int) -> None:
        lines = await asyncio.to_thread(_lines_of, text)
        if any(lines):
            await self._paste_lines(lines, first_row, first)

    async def _paste_lines(self, lines: list[list[str]], first_row: int, first: int) -> None:
        """Put lines into the cells from a place on; add the rows and columns that are missing."""
        columns = list(self._open.model.columns[first:])
        missing = max(map(len, lines)) - len(columns)
        if missing > 0:
            added = [Column(new_id(), "") for _ in range(missing)]
            table = await self._service.change(self._open.id, partial(_with_new, added))
            self._open.table = table
            columns += [GridColumn(column) for column in added]
        ids = list(self._open.model.ids[first_row : first_row + len(lines)])
        table_id = self._open.id
        count = len(await self._store.row_ids(table_id))
        numbers = range(count + 1, count + 1 + len(lines) - len(ids))
        rows = [NewRow(Row(0, str(number))) for number in numbers]
        ids += await self._service.add_rows(table_id, rows)
        values = [
            (CellId(row_id, column.column.id), column.part, text)
            for row_id, line in zip(ids, lines, strict=True)
            for column, text in zip(columns, line, strict=False)
            if column.column is not None
        ]
        await self.set_values(values)

    async def add_empty_row(self) -> None:
        """Add a row to type into, with a column if there is none."""
        number = len(await self._store.row_ids(self._open.id)) + 1
        await self._service.add_rows(self._open.id, [NewRow(Row(0, str(number)))])
        first = Column(new_id(), tr("Text"))
        await self._service.change(
            self._open.id, lambda t: t if t.columns else replace(t, columns=(first,))
        )
        await self._open.load()
        last = self._open.model.index(len(self._open.model.ids) - 1, 1)
        if last.isValid():
            self._open.grid.setFocus()
            self._open.grid.setCurrentIndex(last)

    def selected_rows(self) -> list[int]:
        """Return the ids of the rows with selected cells."""
        return [self._open.model.ids[row] for row in self._open.grid.selected_columns]

    async def remove_rows(self, rows: list[int]) -> None:
        """Remove rows, by their ids. Raises IllegalChoiceError: one of them is being asked."""
        former = await self._service.remove_rows(self._open.id, rows)
        message = tr_plural("{count} row removed", "{count} rows removed", len(former.rows))
        self._offer_to_put_back(message, former)


def _with_new(added: Sequence[Column], table: Table) -> Table:
    """Return a table with new columns of data at its end, which get the names that are free."""
    columns = list(table.columns)
    taken = {each.name.casefold() for each in columns}
    for column in added:
        number = len(columns) + 1
        while (name := tr("Column {number}", number=number)).casefold() in taken:
            number += 1
        taken.add(name.casefold())
        columns.append(replace(column, name=name))
    return replace(table, columns=tuple(columns))


def _texts_of(
    window: Window,
    columns: Sequence[GridColumn],
    numbers: Sequence[int],
    chosen: Mapping[int, Sequence[int]],
) -> list[list[str]]:
    """Return the texts of rows in some columns; "" for those that are not chosen in a row."""

    def text_of(row: Row, number: int) -> str:
        column = columns[number].column
        if number not in chosen[row.id]:
            return ""
        if column is None:
            return copyable(row.name)
        cell = window.cells[row.id].get(column.id)
        return "" if cell is None else copyable(cell.text(columns[number].part))

    return [[text_of(row, number) for number in numbers] for row in window.rows]


def _tab_separated(texts: Sequence[Sequence[str]]) -> tuple[str, str]:
    """Return rows of cells as they are, and so that a spreadsheet takes none for a formula."""
    found = []
    for rows in (texts, ([escape_cell(text) for text in row] for row in texts)):
        stream = io.StringIO()
        csv.writer(stream, "excel-tab", lineterminator="\n").writerows(rows)
        found.append(stream.getvalue().removesuffix("\n"))
    return found[0], found[1]


def _lines_of(text: str) -> list[list[str]]:
    """Return the cells of a pasted text; its lines, if its quotation marks are no spreadsheet's."""
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # a cell may have a megabyte
    try:
        return list(csv.reader(io.StringIO(text, newline=""), "excel-tab", strict=True))
    except csv.Error:
        return [line.split("\t") for line in text.splitlines()]
