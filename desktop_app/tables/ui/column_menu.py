"""What can be done with a column: its menu, and the forms that it opens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu, QWidget

from desktop_app.domain.conversations.conversation import new_id
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.tables.table import Cells, Column, Table
from desktop_app.tables.ui.cell_edits import Undo
from desktop_app.tables.ui.cell_texts import GridColumn
from desktop_app.tables.ui.filter_bar import filter_text, filters_of, range_of
from desktop_app.tables.ui.open_table import OpenTable
from desktop_app.tables.ui.question_sheet import QuestionSheet
from desktop_app.tables.ui.run_bar import TRIED_ROWS
from desktop_app.tables.ui.sheet import NameSheet, RangeSheet, Sheet
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.text.foreign_text import menu_text


class ColumnMenu:
    """The menu of the current column."""

    def __init__(
        self,
        open_table: OpenTable,
        page: QWidget,
        offer_undo: Callable[[str, Undo], object],
        ask: Callable[[Table, Cells], object],
    ) -> None:
        self._open, self._page = open_table, page
        self._service = open_table.service
        self._offer_undo, self._ask = offer_undo, ask
        self.sheet: Sheet | None = None
        open_table.session.end_steps.append(self._save_draft)

    # ------------------------------------------------------------ sheets

    def add_question(self, copied: Column | None = None) -> None:
        """Ask for a new question, such as one as this column, of another model."""
        self._show_question(copied, is_copy=copied is not None)

    def _show_question(self, column: Column | None, *, is_copy: bool = False) -> None:
        if self._open.table is None:
            return
        self.close_sheet()
        sheet = QuestionSheet(self._open, self._page, column, is_copy=is_copy)
        sheet.confirmed.connect(partial(self._open.request, self._save_column, self._open.id))
        self._show(sheet, sheet.prompt)

    def _show(self, sheet: Sheet, focus: QWidget) -> None:
        self.close_sheet()
        self.sheet = sheet
        sheet.closed.connect(self._on_closed)
        sheet.open_sheet(focus)

    def _on_closed(self) -> None:
        self.sheet = None
        self._open.grid.setFocus(Qt.FocusReason.OtherFocusReason)

    def close_sheet(self) -> None:
        """Close the sheet that is open; what was typed is kept."""
        if self.sheet is not None:
            self.sheet.close_sheet()

    async def _save_draft(self) -> None:
        if isinstance(self.sheet, QuestionSheet):
            await self.sheet.save_now()

    async def _save_column(self, table_id: str, column: Column, tries: bool = False) -> None:
        def changed(table: Table) -> Table:
            if table.column(column.id) is None:
                return replace(table, columns=(*table.columns, column))
            columns = (column if each.id == column.id else each for each in table.columns)
            return replace(table, columns=tuple(columns))

        table = await self._service.change(table_id, changed)
        await self._open.load()
        model = self._open.model
        first = model.ids[0] if model.ids else 0
        index = model.place_of(first, f"{column.id}/{column.parts[0]}")
        if index.isValid():
            self._open.grid.choose(index)
        if tries:
            self._ask(table, Cells((column.id,), limit=TRIED_ROWS))

    def add_data_column(self) -> None:
        """Ask for the name of a new column of data."""
        self._show_name(Column(new_id(), ""), len(self._open.model.columns), tr("New column"))

    def _rename_column(self, column: Column, section: int) -> None:
        self._show_name(column, section, tr("Rename column"))

    def _show_name(self, column: Column, section: int, title: str) -> None:
        header, table_id = self._open.grid.horizontalHeader(), self._open.id
        sheet = NameSheet(self._page, header, section, title, column.name)
        sheet.confirmed.connect(
            lambda name: self._open.request(self._save_column, table_id, replace(column, name=name))
        )
        self._show(sheet, sheet.name)

    def _ask_range(self, column: GridColumn, *_: object) -> None:
        """Ask between which numbers or dates the shown values are."""
        header, section = self._open.grid.horizontalHeader(), self._open.model.columns.index(column)
        sheet = RangeSheet(self._page, header, section, tr("Show only"))

        def confirm(least: str, most: str) -> None:
            found = range_of(column, least, most)
            if found is None:
                sheet.error.set_text(tr("Type a number, or a date such as 2026-11-30."), "error")
            else:
                sheet.close_sheet()
                self._open.add_filter(found)

        sheet.confirmed.connect(confirm)
        self._show(sheet, sheet.least)

    # ------------------------------------------------------------ the menu

    async def _remove(self, column: Column) -> None:
        table_id = self._open.id
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
        self._offer_undo(message, undo)

    async def _move(self, column_id: str, step: int) -> None:
        def moved(table: Table) -> Table:
            columns = list(table.columns)
            place = next(n for n, each in enumerate(columns) if each.id == column_id)
            columns.insert(max(0, place + step), columns.pop(place))
            return replace(table, columns=tuple(columns))

        await self._service.change(self._open.id, moved)

    def fill(self, menu: QMenu) -> None:
        """Fill the menu with what can be done with the current column."""
        model = self._open.model
        grid_column = model.column_at(self._open.grid.chosen_index) or (
            model.columns[1] if len(model.columns) > 1 else model.columns[0]
        )
        column = grid_column.column
        heading = menu.addAction(menu_text(grid_column.title))
        heading.setEnabled(False)
        if column is not None and column.question is not None:
            menu.addAction(menu_text(tr("Edit question…"))).triggered.connect(
                partial(self._show_question, column)
            )
            menu.addAction(menu_text(tr("Ask another model the same…"))).triggered.connect(
                partial(self.add_question, column)
            )
        elif column is not None:
            menu.addAction(menu_text(tr("Rename…"))).triggered.connect(
                partial(self._rename_column, column, model.columns.index(grid_column))
            )
        key = grid_column.key
        for label, is_descending in ((tr("Sort rising"), False), (tr("Sort falling"), True)):
            menu.addAction(menu_text(label)).triggered.connect(
                partial(self._open.sort, [(key, is_descending)])
            )
        if self._open.is_sorted:
            for label, is_descending in ((tr("Then rising"), False), (tr("Then falling"), True)):
                menu.addAction(menu_text(label)).triggered.connect(
                    partial(self._open.sort_further, key, is_descending)
                )
            menu.addAction(menu_text(tr("Order as added"))).triggered.connect(
                partial(self._open.sort, [])
            )
        hidden = self._open.hidden
        if hidden:
            label = tr_plural(
                "Show {count} hidden column", "Show {count} hidden columns", len(hidden)
            )
            menu.addAction(menu_text(label)).triggered.connect(partial(self._open.hide_columns, []))
        if column is None:
            return
        menu.addAction(menu_text(tr("Hide column"))).triggered.connect(
            partial(self._open.hide_columns, [*hidden, key])
        )
        self._fill_filters(menu, grid_column)
        self._fill_agreement(menu, grid_column)
        menu.addSeparator()
        for label, step in ((tr("Move back"), -1), (tr("Move on"), +1)):
            menu.addAction(menu_text(label)).triggered.connect(
                partial(self._open.request, self._move, column.id, step)
            )
        menu.addAction(menu_text(tr("Remove column"))).triggered.connect(
            partial(self._open.request, self._remove, column)
        )

    def _fill_filters(self, menu: QMenu, grid_column: GridColumn) -> None:
        submenu = ProgramMenu(tr("Show only"), menu)
        filters = filters_of(grid_column, self._open.search.strip())
        for each in filters:
            submenu.addAction(menu_text(filter_text(each))).triggered.connect(
                partial(self._open.add_filter, each)
            )
        submenu.addAction(menu_text(tr("Between…"))).triggered.connect(
            partial(self._ask_range, grid_column)
        )
        menu.addMenu(submenu)

    def _fill_agreement(self, menu: QMenu, grid_column: GridColumn) -> None:
        others = [
            each
            for each in self._open.model.columns
            if each.column is not None and each.key != grid_column.key
        ]
        if self._open.table is None or not others:
            return
        submenu = ProgramMenu(tr("Agreement with"), menu)
        stored = agreements_of(self._open.table)
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
        self._open.change_settings(agreement=chosen)

    def open(self, position: QPoint) -> None:
        """Show the menu at a global position."""
        menu = ProgramMenu(self._page)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.fill(menu)
        menu.popup(position)


def agreements_of(table: Table) -> dict[str, str]:
    """Return the columns whose agreement is shown, by their keys."""
    stored = table.settings.get("agreement")
    return dict(stored) if isinstance(stored, dict) else {}
