"""The cell that is open beside the grid, or two answers of its row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QModelIndex, Qt

from desktop_app.app.navigator import Navigator
from desktop_app.domain.conversations.conversation import new_id
from desktop_app.i18n.translation import tr
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.tables.stored_cells import CellId
from desktop_app.tables.table import WHOLE, Cell, Cells, Column, Table
from desktop_app.tables.ui.cell_edits import CellEdits
from desktop_app.tables.ui.cell_panel import CellPanel
from desktop_app.tables.ui.cell_texts import GridColumn
from desktop_app.tables.ui.open_table import OpenTable
from desktop_app.widgets.windows import has_focus_within

_RECORD: Final = "kept"


class OpenCell:
    """The open cell of a table.

    Attributes:
        panel: hidden while none is open.
        place: None while none is open.
    """

    def __init__(
        self,
        open_table: OpenTable,
        edits: CellEdits,
        ask: Callable[[Table, Cells], object],
        on_shown: Callable[[], object],
    ) -> None:
        self._open, self._edits, self._ask_cells = open_table, edits, ask
        self._service, self._store = open_table.service, open_table.store
        self._on_shown = on_shown
        self.place: CellId | None = None
        self._column = GridColumn(None)
        self._compared = ""  # the column whose answers are wanted beside the cell's
        self._number = 0
        panel = self.panel = CellPanel(open_table.session)
        panel.hide()
        panel.closed.connect(self.close)
        panel.correct_requested.connect(self._correct)
        panel.ask_requested.connect(self._ask)
        panel.conversation_requested.connect(
            lambda: open_table.request(self._open_conversation, open_table.table, self.place)
        )
        panel.compare_requested.connect(self._compare)
        start = open_table.session.tasks.start
        panel.kept.connect(lambda column_id: start(self._keep(column_id)))

    def _correct(self) -> None:
        if self.place is not None:
            index = self._open.model.place_of(self.place.row_id, self._column.key)
            self._open.session.tasks.start(self._edits.edit(index))

    def open(self, index: QModelIndex, *, focuses: bool = False) -> None:
        """Show a cell beside the grid."""
        column = self._open.model.column_at(index)
        if column is None or column.column is None:
            return
        self.place = CellId(self._open.model.row_id_at(index), column.column.id)
        self._column = column
        self.show_again(focuses=focuses)

    def follow_current(self) -> None:
        """Show the cell that has become current in the grid, if one is open."""
        index = self._open.grid.currentIndex()
        if self.place is not None and index.isValid():
            compared = self._compared
            column = self._open.model.column_at(index)
            if compared and column is not None and column.column is not None:
                self.place = CellId(self._open.model.row_id_at(index), self.place.column_id)
                self.show_again()
            elif not compared:
                self.open(index)

    def show_again(self, *, focuses: bool = False) -> None:
        """Read the open cell again."""
        self._open.session.tasks.start(self._show(self._compared, focuses=focuses))

    async def _show(self, compared: str, *, focuses: bool) -> None:
        self._number += 1
        number, place, table = self._number, self.place, self._open.table
        if place is None or table is None:
            return
        row = await self._store.row(place.row_id)
        cell = await self._store.cell(*place)
        column, other = table.column(place.column_id), table.column(compared) if compared else None
        second: Cell | None = None
        if other is not None:
            second = await self._store.cell(place.row_id, other.id)
        if number != self._number or row is None or column is None:
            return
        if other is not None and second is not None:
            self.panel.show_comparison(table, row, (column, other), (cell, second))
        else:
            self.panel.show_cell(table, row, self._column, cell)
        self.panel.show()
        self._on_shown()
        if focuses:
            shown = self.panel.side_by_side if other is not None else self.panel.answer
            shown.setFocus(Qt.FocusReason.OtherFocusReason)

    def close(self) -> None:
        """Hide the open cell; the grid has the focus again."""
        had_focus = has_focus_within(self.panel)
        self.place = None
        self._compared = ""
        self._number += 1
        self.panel.hide()
        self._on_shown()
        if had_focus:
            self._open.grid.setFocus(Qt.FocusReason.OtherFocusReason)

    def _ask(self, column_id: str) -> None:
        if self._open.table is not None and self.place is not None:
            place = self.place
            cells = Cells((column_id or place.column_id,), (place.row_id,), selection=None)
            self._ask_cells(self._open.table, cells)

    async def _open_conversation(self, table: Table, place: CellId) -> None:
        """Store a cell's question and answer as a conversation, and open it."""
        session = self._open.session
        conversation_id = await self._service.conversation_of(table, place)
        conversation = await session.backend.conversations.get(conversation_id)
        if conversation is not None:
            session.of(ListPresenter).upsert(conversation)
            await session.of(Navigator).open(conversation_id)

    def open_pages(self, index: QModelIndex) -> None:
        """Show where the value of a cell stands in its document."""
        row, cell, column = (
            self._open.model.row_at(index),
            self._open.model.cell_at(index),
            self._open.model.column_at(index),
        )
        value = cell.values.get(column.part) if cell is not None and column is not None else None
        if row is not None and value is not None and value.citations:
            self.panel.open_citation(row, value.citations[0])

    def _compare(self, column_id: str) -> None:
        """Show another column's answer beside that of the open cell; "" ends that."""
        self._compared = column_id
        self.show_again()

    async def _keep(self, column_id: str) -> None:
        """Record which column's answer is the better one, and go to the next row.

        It is a column of data, so that it is sorted, counted and exported as any other.
        """
        table, place = self._open.table, self.place
        if table is None or place is None:
            return
        kept = table.column(column_id)
        if kept is None:
            return
        table = await self._service.change(table.id, _with_record)
        self._open.table = table
        record_place = CellId(place.row_id, str(table.settings[_RECORD]))
        await self._edits.set_values([(record_place, WHOLE, kept.name)])
        number = self._open.model.number_of(place.row_id)
        if 0 <= number < len(self._open.model.ids) - 1:
            self.place = CellId(self._open.model.ids[number + 1], place.column_id)
            self.show_again()


def _with_record(table: Table) -> Table:
    """Return a table with a column for the better answers; its settings name the column."""
    if any(each.id == table.settings.get(_RECORD) for each in table.columns):
        return table
    name, number = tr("Kept"), 1
    while table.column(name) is not None:
        number += 1
        name = f"{tr('Kept')} {number}"
    record = Column(new_id(), name)
    settings = {**table.settings, _RECORD: record.id}
    return replace(table, columns=(*table.columns, record), settings=settings)
