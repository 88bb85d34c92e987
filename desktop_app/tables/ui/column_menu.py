"""What can be done with a column: its menu, and the forms that it opens."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu

from desktop_app.domain.conversations.conversation import new_id
from desktop_app.i18n.translation import tr
from desktop_app.tables.table import Column, Table
from desktop_app.tables.ui.cell_texts import GridColumn
from desktop_app.tables.ui.filter_bar import filter_text, filters_of
from desktop_app.tables.ui.question_dialog import QuestionDialog, TableNameDialog
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.text.foreign_text import menu_text

if TYPE_CHECKING:
    from desktop_app.tables.ui.table_view import TableView
    from desktop_app.tables.ui.tables_page import TablesPage


class ColumnMenu:
    """The menu of the current column."""

    def __init__(self, page: TablesPage, view: TableView) -> None:
        self._page, self._view = page, view
        self._service, self._store = page.runs.service, page.runs.service.store

    def add_question(self, copied: Column | None = None) -> None:
        """Ask for a new question, such as one as this column, of another model."""
        if self._view.table is not None:
            self._show_question(
                QuestionDialog(self._page.session, self._view.table, copied, is_copy=True)
            )

    def _edit_question(self, column: Column) -> None:
        if self._view.table is not None:
            self._show_question(QuestionDialog(self._page.session, self._view.table, column))

    def _show_question(self, dialog: QuestionDialog) -> None:
        table_id = self._view.table_id
        dialog.confirmed.connect(
            lambda column: self._page.request(self._save_column, table_id, column)
        )
        dialog.open()

    async def _save_column(self, table_id: str, column: Column) -> None:
        def changed(table: Table) -> Table:
            if table.column(column.id) is None:
                return replace(table, columns=(*table.columns, column))
            columns = (column if each.id == column.id else each for each in table.columns)
            return replace(table, columns=tuple(columns))

        await self._service.change(table_id, changed)
        await self._view.load()
        model = self._view.model
        first = model.ids[0] if model.ids else 0
        index = model.place_of(first, f"{column.id}/{column.parts[0]}")
        if index.isValid():
            self._view.grid.choose(index)

    def add_data_column(self) -> None:
        dialog = TableNameDialog(self._view, tr("New column"), tr("Column name"))
        table_id = self._view.table_id
        dialog.confirmed.connect(
            lambda name: self._page.request(self._save_column, table_id, Column(new_id(), name))
        )
        dialog.open()

    def _rename_column(self, column: Column) -> None:
        dialog = TableNameDialog(self._view, tr("Rename column"), tr("Column name"), column.name)
        table_id = self._view.table_id
        dialog.confirmed.connect(
            lambda name: self._page.request(self._save_column, table_id, replace(column, name=name))
        )
        dialog.open()

    async def _remove(self, column: Column) -> None:
        table_id = self._view.table_id
        table = await self._service.get(table_id)
        place = table.columns.index(column) if column in table.columns else 0
        former = await self._service.remove_column(table_id, column.id)

        def with_column(table: Table) -> Table:
            columns = list(table.columns)
            columns.insert(place, column)
            return replace(table, columns=tuple(columns))

        async def undo() -> None:
            await self._service.change(table_id, with_column)
            await self._service.put_back(table_id, former)

        message = tr("Column “{name}” removed", name=column.name)
        self._view.edits.offer_undo(message, undo)

    async def _move(self, column_id: str, step: int) -> None:
        def moved(table: Table) -> Table:
            columns = list(table.columns)
            place = next(n for n, each in enumerate(columns) if each.id == column_id)
            columns.insert(max(0, place + step), columns.pop(place))
            return replace(table, columns=tuple(columns))

        await self._service.change(self._view.table_id, moved)

    def fill(self, menu: QMenu) -> None:
        """Fill the menu with what can be done with the current column."""
        model = self._view.model
        grid_column = model.column_at(self._view.grid.chosen_index) or (
            model.columns[1] if len(model.columns) > 1 else model.columns[0]
        )
        column = grid_column.column
        heading = menu.addAction(menu_text(grid_column.title))
        heading.setEnabled(False)
        if column is not None and column.question is not None:
            menu.addAction(menu_text(tr("Edit question…"))).triggered.connect(
                partial(self._edit_question, column)
            )
            menu.addAction(menu_text(tr("Ask another model the same…"))).triggered.connect(
                partial(self.add_question, column)
            )
        elif column is not None:
            menu.addAction(menu_text(tr("Rename…"))).triggered.connect(
                partial(self._rename_column, column)
            )
        key = grid_column.key
        for label, is_descending in ((tr("Sort rising"), False), (tr("Sort falling"), True)):
            menu.addAction(menu_text(label)).triggered.connect(
                partial(self._view.sort, key, is_descending)
            )
        menu.addAction(menu_text(tr("Order as added"))).triggered.connect(
            partial(self._view.sort, "", False)
        )
        if column is None:
            return
        self._fill_filters(menu, grid_column)
        self._fill_agreement(menu, grid_column)
        menu.addSeparator()
        for label, step in ((tr("Move back"), -1), (tr("Move on"), +1)):
            menu.addAction(menu_text(label)).triggered.connect(
                partial(self._page.request, self._move, column.id, step)
            )
        menu.addAction(menu_text(tr("Remove column"))).triggered.connect(
            partial(self._page.request, self._remove, column)
        )

    def _fill_filters(self, menu: QMenu, grid_column: GridColumn) -> None:
        submenu = ProgramMenu(tr("Show only"), menu)
        filters = filters_of(grid_column, self._view.search.text().strip())
        for each in filters:
            submenu.addAction(menu_text(filter_text(each))).triggered.connect(
                partial(self._view.add_filter, each)
            )
        if filters:
            menu.addMenu(submenu)

    def _fill_agreement(self, menu: QMenu, grid_column: GridColumn) -> None:
        others = [
            each
            for each in self._view.model.columns
            if each.column is not None and each.key != grid_column.key
        ]
        if self._view.table is None or not others:
            return
        submenu = ProgramMenu(tr("Agreement with"), menu)
        stored = agreements_of(self._view.table)
        for each in others:
            action = submenu.addAction(menu_text(each.title))
            action.setCheckable(True)
            is_chosen = stored.get(grid_column.key) == each.key
            action.setChecked(is_chosen)
            changed = {**stored, grid_column.key: "" if is_chosen else each.key}
            action.triggered.connect(partial(self._set_agreements, changed))
        menu.addMenu(submenu)

    def _set_agreements(self, agreements: dict[str, str], *_: object) -> None:
        chosen = {key: other for key, other in agreements.items() if other}
        self._view.change_settings(agreement=chosen)
        self._view.totals_soon()

    def open(self, position: QPoint) -> None:
        """Show the menu at a global position."""
        menu = ProgramMenu(self._view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.fill(menu)
        menu.popup(position)


def agreements_of(table: Table) -> dict[str, str]:
    """Return the columns whose agreement is shown, by their keys."""
    stored = table.settings.get("agreement")
    return dict(stored) if isinstance(stored, dict) else {}
