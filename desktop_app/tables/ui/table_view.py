"""One table: its grid with totals, what it asks and costs, and the cell that is open."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QMenu, QSizePolicy, QSplitter, QWidget

from desktop_app.domain.conversations.conversation import new_id
from desktop_app.domain.errors import IllegalChoiceError, StorageError
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.tables.table import (
    WHOLE,
    Cell,
    Cells,
    CellState,
    Column,
    Filter,
    NewRow,
    Row,
    RowOrder,
    Table,
)
from desktop_app.tables.table_export import TableFormat
from desktop_app.tables.table_store import WHOLE_VALUES, CellId
from desktop_app.tables.ui.cell_panel import CellPanel
from desktop_app.tables.ui.cell_texts import (
    NAME_KEY,
    GridColumn,
    agreement_text,
    answered_text,
    cost_text,
    passed_text,
    tokens_text,
)
from desktop_app.tables.ui.grid import READ_CHARS, FootView, GridModel, GridView
from desktop_app.tables.ui.question_dialog import QuestionDialog, TableNameDialog
from desktop_app.tables.ui.run_bar import RunBar
from desktop_app.widgets.boxes import FlowLayout, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import MenuButton, compact_button, dialog_button
from desktop_app.widgets.file_dialogs import choose_files, choose_folder
from desktop_app.widgets.forms.form_dialog import ask
from desktop_app.widgets.forms.form_widgets import line_field
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.text.clipboard import copyable
from desktop_app.widgets.text.foreign_text import PlainLabel, menu_text, spoken_text
from desktop_app.widgets.text.name_field import NameField
from desktop_app.widgets.windows import has_focus_within

if TYPE_CHECKING:
    from desktop_app.tables.ui.tables_page import TablesPage

_RELOAD_MS: Final = 150
_TOTALS_MS: Final = 800
_TYPING_MS: Final = 250
_SETTINGS_MS: Final = 700
_COPIED_ROWS: Final = 200
# In pixels at the default text size.
_WIDE: Final = 860
_LOW: Final = 600
_MIN_SPLIT: Final = 150
_EMPTY_NOTE: Final = N_(
    "Drop files or a folder here, paste cells from a spreadsheet, or add rows. Then ask a question "
    "about each row."
)
_NO_QUESTION: Final = N_("Ask a question about each row: every row gets an answer.")
_FILTERS: Final = (
    (N_("Answered"), (CellState.DONE, CellState.CORRECTED), None),
    (N_("Failed"), (CellState.FAILED,), None),
    (N_("Empty"), (CellState.EMPTY,), None),
    (N_("Corrected"), (CellState.CORRECTED,), None),
    (N_("Passes its check"), (), True),
    (N_("Fails its check"), (), False),
)


class NewValue(NamedTuple):
    """A value that the user gives to a cell."""

    cell: CellId
    part: str
    text: str


class TableView(QWidget):
    """The table that is open.

    Attributes:
        table: None before the first is open.
        model, grid, foot: the cells, and their totals.
        panel: the cell that is open; hidden without one.
    """

    def __init__(self, page: TablesPage) -> None:
        super().__init__()
        self.setObjectName("table-view")
        self._page, self._session, self._runs = page, page.session, page.runs
        self._service, self._store = page.runs.service, page.runs.service.store
        self.table: Table | None = None
        self._filters: tuple[Filter, ...] = ()
        self._load_number = 0
        self._cell_number = 0
        self._compared = ""  # the column whose answers are wanted beside the open cell
        self._cell_place: CellId | None = None
        self.back_button = dialog_button(tr("‹ All tables"), "table-back", "link")
        self.name = NameField(tr("Name of the table"), "table-name")
        self.name.editingFinished.connect(self.report_name)
        self._build_toolbar()
        self.model = GridModel(self)
        self.grid = GridView(self.model)
        self.foot = FootView(self.grid)
        self.panel = CellPanel(self._session)
        self.panel.hide()
        self.note = PlainLabel(name="table-note", role="note", wraps=True)
        grid_part = self._grid_part = QWidget()
        below_bar = QWidget()  # as wide as the scroll bar, so that both scroll equally far
        below_bar.setFixedWidth(0)
        bar = self.grid.verticalScrollBar()
        bar.rangeChanged.connect(
            lambda _, most: below_bar.setFixedWidth(bar.sizeHint().width() if most else 0)
        )
        foot = row_of((self.foot, 1), below_bar, spacing=0)
        column_of((self.grid, 1), foot, parent=grid_part, margins=0, spacing=0)
        self._split = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        for number, part in enumerate((grid_part, self.panel)):
            self._split.addWidget(part)
            self._split.setStretchFactor(number, 3 - number)
        self._split.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        self.run_bar = RunBar(page, self)
        column_of(
            row_of(self.back_button, (self.name, 1), spacing=10),
            self._toolbar,
            self._chips,
            self.note,
            (self._split, 1),
            self.run_bar,
            parent=self,
            margins=0,
            spacing=6,
        )
        self._connect()
        self.update_theme()

    def _build_toolbar(self) -> None:
        self.add_question_button = dialog_button(tr("Add question…"), "table-add-question")
        self.rows_button = self._menu_button(tr("Rows"), "table-rows", self._fill_rows)
        self.column_button = self._menu_button(tr("Column"), "table-column", self._fill_column)
        self.export_button = self._menu_button(tr("Export"), "table-export", self._fill_export)
        self.search = line_field(tr("Search in the table"), "table-search")
        self.search.setClearButtonEnabled(True)
        self._chips = QWidget()
        self._chip_row = FlowLayout(parent=self._chips, spacing=6)
        self._chips.hide()
        self._toolbar = QWidget()
        buttons = FlowLayout(
            self.add_question_button,
            self.rows_button,
            self.column_button,
            self.export_button,
            self.search,
            parent=self._toolbar,
            spacing=6,
        )
        buttons.setContentsMargins(0, 0, 0, 0)

    def _menu_button(self, label: str, name: str, fill: Callable[[QMenu], None]) -> MenuButton:
        button = MenuButton(fill, object_name=name)
        button.setText(label)
        return button

    def _connect(self) -> None:
        def timer(interval: int, run: Callable[[], object]) -> QTimer:
            made = QTimer(self, singleShot=True, interval=interval)
            made.timeout.connect(run)
            return made

        start = self._session.tasks.start
        self._reload_timer = timer(_RELOAD_MS, lambda: start(self._load()))
        self._totals_timer = timer(_TOTALS_MS, lambda: start(self._load_totals()))
        self._search_timer = timer(_TYPING_MS, lambda: start(self._load_rows()))
        self._settings_timer = timer(_SETTINGS_MS, self._save_widths)
        self.add_question_button.clicked.connect(lambda: self.add_question())
        self.search.textChanged.connect(lambda _: self._search_timer.start())
        self.model.rows_wanted.connect(lambda ids: start(self._read_rows(ids)))
        self.model.sort_requested.connect(self._sort)
        grid = self.grid
        grid.opened.connect(lambda index: self.open_cell(index, focuses=True))
        grid.edit_requested.connect(lambda index: start(self._edit(index)))
        grid.clear_requested.connect(self._clear)
        grid.copy_requested.connect(lambda: start(self._copy()))
        grid.paste_requested.connect(self._paste)
        grid.menu_requested.connect(self._open_column_menu)
        grid.widths_changed.connect(self._settings_timer.start)
        grid.delegate.text_committed.connect(self._commit)
        grid.delegate.pages_clicked.connect(self._open_pages)
        grid.selectionModel().currentChanged.connect(lambda *_: self._follow_current())
        panel = self.panel
        panel.closed.connect(self.close_cell)
        panel.correct_requested.connect(lambda: start(self._edit(self._open_index())))
        panel.ask_requested.connect(self._ask_open_cell)
        panel.conversation_requested.connect(
            lambda: self._page.request(self._page.open_conversation, self.table, self._cell_place)
        )
        panel.compare_requested.connect(self._compare)
        panel.kept.connect(lambda column_id: start(self._keep(column_id)))
        self._runs.changed.connect(self._on_change)
        self._runs.progressed.connect(self._on_progress)

    # ------------------------------------------------------------ the table

    @property
    def table_id(self) -> str:
        """Return the id of the open table; "" for none."""
        return "" if self.table is None else self.table.id

    def _is(self, table_id: str) -> bool:
        return bool(table_id) and table_id == self.table_id

    async def open(self, table_id: str) -> None:
        """Show a table. Raises UserFacingError: it is gone, or cannot be read."""
        if table_id != self.table_id:
            table = await self._service.get(table_id)
            self.close_cell()
            self.model.clear()
            self.search.clear()
            self._search_timer.stop()
            self._filters = ()
            self.run_bar.reset()
            self.foot.set_lines([], [])
            self.table = table
        await self._load()

    async def _load(self) -> None:
        """Show the table as it is now: columns, rows, totals, runs, price."""
        if self.table is None:
            return
        self._load_number += 1
        number, table_id = self._load_number, self.table_id
        table = await self._store.get(table_id)
        if table is None:
            self._page.show_list()
            return
        ids = await self._store.order(table_id, self._order_of(table))
        runs = await self._store.runs(table_id, is_open=True)
        if number != self._load_number or table_id != self.table_id:
            return
        had_columns = len(self.model.columns) > 1
        self.table = table
        if not self.name.hasFocus():
            self.name.set_name(table.name)
        self.model.set_columns(table.columns)
        self.model.set_ids(ids)
        self.model.refresh()
        if not had_columns or not self._settings_timer.isActive():
            self.grid.set_widths(_widths(table))
        self._show_order(table)
        self._show_emptiness()
        self._show_filters()
        self.run_bar.set_runs(runs)
        if self._cell_place is not None:
            self._load_cell()
        await self._load_totals()
        self.run_bar.plan_soon()

    async def _load_rows(self) -> None:
        """Show the rows that are searched for, in their order."""
        if self.table is None:
            return
        table, order = self.table, self._order_of(self.table)
        ids = await self._store.order(table.id, order)
        if self._is(table.id) and order == self._order_of(self.table):
            self.model.set_ids(ids)
            self._show_emptiness()
            self.run_bar.change_cells()

    async def _read_rows(self, ids: list[int]) -> None:
        table_id = self.table_id
        window = await self._store.window(ids, READ_CHARS)
        if self._is(table_id):
            self.model.put(ids, window)

    def _on_change(self, table_id: str, cell: CellId | None) -> None:
        if not self._is(table_id):
            return
        if cell is None:
            self._reload_timer.start()
            return
        self.model.refresh(cell.row_id)
        if not self._totals_timer.isActive():
            self._totals_timer.start()
        if cell == self._cell_place:
            self._load_cell()

    def _on_progress(self, table_id: str) -> None:
        if self._is(table_id):
            self.run_bar.show_state()

    def reload_soon(self) -> None:
        """Show the table again: another process has changed the store."""
        self._reload_timer.start()

    def report_name(self) -> None:
        """Save the name that the user has typed."""
        if self.table is None or not self.name.is_edited:
            return
        name = " ".join(self.name.text().split())
        if not name:
            self.name.set_name(self.table.name)
            return
        self.name.set_name(name)
        self._page.request(self._page.rename, self.table_id, name)

    def _show_emptiness(self) -> None:
        table = self.table
        text = ""
        if table is not None and not self.model.ids and not self.is_filtered:
            text = tr(_EMPTY_NOTE)
        elif table is not None and not self.model.ids:
            text = tr("No row matches.")
        elif table is not None and not table.questions:
            text = tr(_NO_QUESTION)
        self.note.setText(text)
        self.note.setVisible(bool(text))
        if table is not None:
            count = len(self.model.ids)
            rows = tr_plural("{count} row", "{count} rows", count)
            self.grid.setAccessibleName(spoken_text(f"{table.name}, {rows}"))

    # ------------------------------------------------------------ order, search, filters, widths

    def _order_of(self, table: Table) -> RowOrder:
        stored = table.settings.get("order")
        key, is_descending = "", False
        if isinstance(stored, list) and len(stored) == 2:
            key, is_descending = str(stored[0]), bool(stored[1])
        column_id, _, part = key.partition("/")
        if key == NAME_KEY:
            column_id, part = NAME_KEY, WHOLE
        elif table.column(column_id) is None:
            column_id, part, is_descending = "", WHOLE, False
        search = self.search.text()
        return RowOrder(column_id, part, is_descending, search, self._filters)

    @property
    def is_filtered(self) -> bool:
        """Return True if only some of the rows are shown."""
        return bool(self._filters or self.search.text().strip())

    def _show_order(self, table: Table) -> None:
        order = self._order_of(table)
        key = order.column_id
        if key not in ("", NAME_KEY):
            key = f"{key}/{order.part}"
        self.grid.show_order(key, is_descending=order.is_descending)

    def _sort(self, key: str, is_descending: bool) -> None:
        self._change_settings(order=[key, is_descending])

    def _change_settings(self, **changes: object) -> None:
        if self.table is not None:
            self.table = replace(self.table, settings={**self.table.settings, **changes})
            self._show_order(self.table)
            self._session.tasks.start(self._save_settings(self.table_id, changes))
            self._session.tasks.start(self._load_rows())

    async def _save_settings(self, table_id: str, changes: dict[str, object]) -> None:
        table = await self._service.get(table_id)
        await self._service.save(replace(table, settings={**table.settings, **changes}))

    def _save_widths(self) -> None:
        if self.table is not None and (widths := self.grid.widths()) != _widths(self.table):
            self.table = replace(self.table, settings={**self.table.settings, "widths": widths})
            self._session.tasks.start(self._save_settings(self.table_id, {"widths": widths}))

    def _set_filters(self, filters: Sequence[Filter]) -> None:
        self._filters = tuple(filters)
        self._show_filters()
        self._session.tasks.start(self._load_rows())

    def _show_filters(self) -> None:
        while (item := self._chip_row.takeAt(0)) is not None:
            chip = item.widget()
            if chip is not None:
                chip.hide()
                chip.deleteLater()
        table = self.table
        known = [f for f in self._filters if table is not None and table.column(f.column_id)]
        for number, each in enumerate(known):
            column = table.column(each.column_id) if table is not None else None
            label = f"{column.title(each.part) if column else ''}: {_filter_text(each)} ×"
            chip = compact_button(label, f"table-filter-{number}")
            chip.setAccessibleName(spoken_text(tr("Remove filter {name}", name=label[:-2])))
            rest = [other for other in known if other is not each]
            chip.clicked.connect(partial(self._remove_filter, rest))
            self._chip_row.addWidget(chip)
        self._chips.setVisible(bool(known))

    def _remove_filter(self, rest: Sequence[Filter], *_: object) -> None:
        self.grid.setFocus()
        self._set_filters(rest)

    # ------------------------------------------------------------ totals

    async def _load_totals(self) -> None:
        table = self.table
        if table is None:
            return
        totals = {each.id: await self._store.totals(each.id) for each in table.questions}
        agreements: dict[str, str] = {}
        for key, other in _agreements(table).items():
            first, second = _column_of(table, key), _column_of(table, other)
            if first is None or second is None:
                continue
            assert first.column is not None
            assert second.column is not None
            found = await self._store.agreement(
                (first.column.id, first.part), (second.column.id, second.part)
            )
            if text := agreement_text(found):
                agreements[key] = tr("{name}: {share}", name=second.title, share=text)
        if not self._is(table.id):
            return
        columns = self.model.columns
        lines: list[tuple[str, list[str]]] = []
        for label, text_of in (
            (tr("Answered"), answered_text),
            (tr("Cost"), cost_text),
            (tr("Tokens"), tokens_text),
            (tr("Checks passed"), passed_text),
        ):
            texts = []
            for each in columns:
                column = each.column
                is_first = column is not None and each.part == column.parts[0]
                found_totals = totals.get(column.id) if column is not None and is_first else None
                is_asked = found_totals is not None and bool(found_totals.states)
                texts.append(text_of(found_totals) if found_totals and is_asked else "")
            if any(texts):
                lines.append((label, texts))
        if agreements:
            lines.append((tr("Agreement"), [agreements.get(c.key, "") for c in columns]))
        self.foot.set_lines([each.title for each in columns], lines)

    # ------------------------------------------------------------ columns

    def add_question(self, copied: Column | None = None) -> None:
        """Ask for a new question, such as one as this column, of another model."""
        if self.table is not None:
            self._show_question(QuestionDialog(self._session, self.table, copied, is_copy=True))

    def _edit_question(self, column: Column) -> None:
        if self.table is not None:
            self._show_question(QuestionDialog(self._session, self.table, column))

    def _show_question(self, dialog: QuestionDialog) -> None:
        table_id = self.table_id
        dialog.confirmed.connect(
            lambda column: self._page.request(self._save_column, table_id, column)
        )
        dialog.open()

    async def _save_column(self, table_id: str, column: Column) -> None:
        table = await self._service.get(table_id)
        known = [each.id for each in table.columns]
        if column.id in known:
            columns = tuple(column if each.id == column.id else each for each in table.columns)
        else:
            columns = (*table.columns, column)
        await self._service.save(replace(table, columns=columns))
        await self._load()
        index = self.model.place_of(
            self.model.ids[0] if self.model.ids else 0, f"{column.id}/{column.parts[0]}"
        )
        if index.isValid():
            self.grid.choose(index)

    def _add_data_column(self) -> None:
        dialog = TableNameDialog(self, tr("New column"), tr("Column name"))
        table_id = self.table_id
        dialog.confirmed.connect(
            lambda name: self._page.request(self._save_column, table_id, Column(new_id(), name))
        )
        dialog.open()

    def _rename_column(self, column: Column) -> None:
        dialog = TableNameDialog(self, tr("Rename column"), tr("Column name"), column.name)
        table_id = self.table_id
        dialog.confirmed.connect(
            lambda name: self._page.request(self._save_column, table_id, replace(column, name=name))
        )
        dialog.open()

    def _ask_to_remove_column(self, column: Column) -> None:
        ask(
            self,
            "confirm-table-column",
            tr("Remove column “{name}”?", name=column.name),
            tr("Its values and answers are deleted, too. This can’t be undone."),
            label=tr("Remove"),
            on_accepted=lambda: self._page.request(self._remove_column, self.table_id, column.id),
        )

    async def _remove_column(self, table_id: str, column_id: str) -> None:
        if await self._store.runs(table_id, is_open=True):
            raise IllegalChoiceError(
                N_("The table is still being asked."), hint=N_("Stop that first.")
            )
        table = await self._service.get(table_id)
        columns = tuple(each for each in table.columns if each.id != column_id)
        self._filters = tuple(f for f in self._filters if f.column_id != column_id)
        await self._service.save(replace(table, columns=columns))

    async def _move_column(self, column_id: str, step: int) -> None:
        table = await self._service.get(self.table_id)
        columns = list(table.columns)
        place = next(n for n, each in enumerate(columns) if each.id == column_id)
        target = max(0, min(len(columns) - 1, place + step))
        columns.insert(target, columns.pop(place))
        await self._service.save(replace(table, columns=tuple(columns)))

    # ------------------------------------------------------------ menus

    def _fill_rows(self, menu: QMenu) -> None:
        for label, by_page in ((tr("Add files…"), False), (tr("Add files, a row per page…"), True)):
            menu.addAction(menu_text(label)).triggered.connect(partial(self._choose_files, by_page))
        menu.addAction(menu_text(tr("Add folder…"))).triggered.connect(
            lambda: self._choose_folder()
        )
        menu.addAction(menu_text(tr("Add empty row"))).triggered.connect(
            lambda: self._page.request(self._add_empty_row)
        )
        paste = menu.addAction(menu_text(tr("Paste rows")))
        paste.triggered.connect(lambda: self._paste(at_end=True))
        paste.setEnabled(bool(QGuiApplication.clipboard().text()))
        menu.addSeparator()
        menu.addAction(menu_text(tr("New data column…"))).triggered.connect(
            lambda: self._add_data_column()
        )
        menu.addSeparator()
        rows = self._selected_rows()
        label = tr_plural("Remove {count} row…", "Remove {count} rows…", max(1, len(rows)))
        remove = menu.addAction(menu_text(label))
        remove.setEnabled(bool(rows))
        remove.triggered.connect(lambda: self._ask_to_remove_rows(rows))

    def _fill_column(self, menu: QMenu) -> None:
        """Fill the menu with what can be done with the current column."""
        index = self.grid.chosen_index
        grid_column = self.model.column_at(index) or (
            self.model.columns[1] if len(self.model.columns) > 1 else self.model.columns[0]
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
                partial(self._sort, key, is_descending)
            )
        menu.addAction(menu_text(tr("Order as added"))).triggered.connect(
            partial(self._sort, "", False)
        )
        if column is None:
            return
        self._fill_filters(menu, grid_column)
        self._fill_agreement(menu, grid_column)
        menu.addSeparator()
        for label, step in ((tr("Move back"), -1), (tr("Move on"), +1)):
            menu.addAction(menu_text(label)).triggered.connect(
                partial(self._page.request, self._move_column, column.id, step)
            )
        menu.addAction(menu_text(tr("Remove column…"))).triggered.connect(
            partial(self._ask_to_remove_column, column)
        )

    def _fill_filters(self, menu: QMenu, grid_column: GridColumn) -> None:
        column = grid_column.column
        assert column is not None
        submenu = ProgramMenu(tr("Show only"), menu)
        searched = self.search.text().strip()
        filters = [Filter(column.id, grid_column.part, text=searched)] if searched else []
        if column.question is not None:
            filters += [
                Filter(column.id, grid_column.part, states=states, passed=passed)
                for _, states, passed in _FILTERS
            ]
        for each in filters:
            submenu.addAction(menu_text(_filter_text(each))).triggered.connect(
                partial(self._add_filter, each)
            )
        if filters:
            menu.addMenu(submenu)

    def _add_filter(self, added: Filter, *_: object) -> None:
        if added.text:
            self.search.clear()
            self._search_timer.stop()
        self._set_filters((*self._filters, added))

    def _fill_agreement(self, menu: QMenu, grid_column: GridColumn) -> None:
        others = [
            each
            for each in self.model.columns
            if each.column is not None and each.key != grid_column.key
        ]
        if self.table is None or not others:
            return
        submenu = ProgramMenu(tr("Agreement with"), menu)
        stored = _agreements(self.table)
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
        self._change_settings(agreement=chosen)
        self._totals_timer.start(0)

    def _open_column_menu(self, position: QPoint) -> None:
        menu = ProgramMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._fill_column(menu)
        menu.popup(position)

    def _fill_export(self, menu: QMenu) -> None:
        for label, format_ in (
            (tr("Excel (XLSX)…"), TableFormat.XLSX),
            (tr("CSV…"), TableFormat.CSV),
            (tr("JSON Lines…"), TableFormat.JSONL),
            (tr("Markdown…"), TableFormat.MARKDOWN),
        ):
            menu.addAction(menu_text(label)).triggered.connect(
                partial(self._choose_export, format_)
            )

    def _choose_export(self, format_: TableFormat, *_: object) -> None:
        if self.table is not None:
            self._page.choose_export(self.table, format_, self._order_of(self.table))

    # ------------------------------------------------------------ rows

    def _choose_files(self, by_page: bool, *_: object) -> None:
        add = partial(self.add_paths, by_page=by_page)
        choose_files(self, tr("Select files"), add, start=Path.home(), filters=_all_files())

    def _choose_folder(self) -> None:
        add = self.add_paths
        choose_folder(self, tr("Select folder"), lambda path: add([path]), start=Path.home())

    def add_paths(self, paths: Sequence[Path], *, by_page: bool = False) -> None:
        """Add rows of files and folders to the open table."""
        self._page.request(self._page.add_paths, self.table_id, list(paths), by_page)

    async def _add_empty_row(self) -> None:
        number = len(await self._store.row_ids(self.table_id)) + 1
        await self._service.add_rows(self.table_id, [NewRow(Row(0, str(number)))])
        table = await self._service.get(self.table_id)
        if not table.columns:
            first = Column(new_id(), tr("Text"))
            await self._service.save(replace(table, columns=(first,)))
        await self._load()
        last = self.model.index(len(self.model.ids) - 1, 1)
        if last.isValid():
            self.grid.setFocus()
            self.grid.setCurrentIndex(last)

    def _selected_rows(self) -> list[int]:
        places = self.grid.selected_places
        return list(dict.fromkeys(self.model.ids[row] for row, _ in places))

    def _ask_to_remove_rows(self, rows: list[int]) -> None:
        ask(
            self,
            "confirm-table-rows",
            tr_plural("Remove {count} row?", "Remove {count} rows?", len(rows)),
            tr("Their values and answers are deleted, too. The files stay. This can’t be undone."),
            label=tr("Remove"),
            on_accepted=lambda: self._page.request(self._remove_rows, rows),
        )

    async def _remove_rows(self, rows: list[int]) -> None:
        await self._store.remove_rows(rows)
        await self._load()

    # ------------------------------------------------------------ values

    async def _edit(self, index: QModelIndex) -> None:
        """Let the user change a cell, beginning with its whole text."""
        column = self.model.column_at(index)
        if column is None or column.column is None:
            return
        row_id = self.model.row_id_at(index)
        cell = await self._store.cell(row_id, column.column.id)
        self._open_editor(CellId(row_id, column.column.id), column, cell.text(column.part))

    def _open_editor(
        self, cell: CellId, column: GridColumn, text: str, *, is_typed: bool = False
    ) -> None:
        index = self.model.place_of(cell.row_id, column.key)
        if index.isValid():
            self.grid.delegate.begin(text, is_typed=is_typed)
            self.grid.setFocus()
            self.grid.setCurrentIndex(index)
            self.grid.edit(index)

    def _commit(self, index: QModelIndex, text: str) -> None:
        column = self.model.column_at(index)
        if column is None or column.column is None:
            return
        place = CellId(self.model.row_id_at(index), column.column.id)
        value = NewValue(place, column.part, text)

        async def save() -> None:
            try:
                await self._set_values([value])
            except StorageError:
                self._open_editor(place, column, text, is_typed=True)  # what was typed stays
                raise

        self._page.request(save)

    async def _set_values(self, values: Sequence[NewValue], *, offers_undo: bool = True) -> None:
        """Set values by hand, and offer to take that back."""
        if self.table is None:
            return
        table = self.table
        old = []
        for value in values:
            cell = await self._store.cell(*value.cell)
            old.append(value._replace(text=cell.text(value.part)))
        for value in values:
            await self._service.set_value(table, value.cell, value.part, value.text)
        self._totals_timer.start()
        if offers_undo:
            count = len(values)
            self._session.window.notifications.notify_undo(
                tr_plural("{count} cell changed", "{count} cells changed", count),
                lambda: self._page.request(self._take_back, old),
            )

    async def _take_back(self, values: Sequence[NewValue]) -> None:
        await self._set_values(values, offers_undo=False)

    def _clear(self) -> None:
        """Clear the selected cells; answers only once the user has agreed."""
        data: list[NewValue] = []
        answers: dict[CellId, None] = {}
        for row, number in self.grid.selected_places:
            column = self.model.columns[number]
            if column.column is None:
                continue
            place = CellId(self.model.ids[row], column.column.id)
            if column.is_question:
                answers[place] = None
            else:
                data.append(NewValue(place, column.part, ""))
        if answers:
            ask(
                self,
                "confirm-table-clear",
                tr_plural("Clear {count} answer?", "Clear {count} answers?", len(answers)),
                tr("You can ask these cells again. This can’t be undone."),
                label=tr("Clear"),
                on_accepted=lambda: self._page.request(self._clear_cells, list(answers), data),
            )
        elif data:
            self._page.request(self._set_values, data)

    async def _clear_cells(self, answers: list[CellId], data: list[NewValue]) -> None:
        await self._store.clear(answers)
        if data:
            await self._set_values(data)
        await self._load()

    async def _copy(self) -> None:
        """Copy the selected cells as rows of tab-separated text, which spreadsheets paste."""
        places = self.grid.selected_places
        numbers = sorted({number for _, number in places})
        rows = list(dict.fromkeys(row for row, _ in places))
        selected = set(places)
        columns = self.model.columns
        stream = io.StringIO()
        writer = csv.writer(stream, "excel-tab", lineterminator="\n")
        for start in range(0, len(rows), _COPIED_ROWS):
            some = rows[start : start + _COPIED_ROWS]
            window = await self._store.window([self.model.ids[row] for row in some], WHOLE_VALUES)
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
            row_id = self.model.ids[rows[0]]
            window = await self._store.window([row_id], WHOLE_VALUES)
            for row in window.rows:
                text = copyable(_text_of(columns[numbers[0]], row, window.cells[row.id]))
        QGuiApplication.clipboard().setText(text)
        announced = tr_plural("{count} cell copied", "{count} cells copied", len(places))
        self._session.window.notifications.announce(announced)

    def _paste(self, *, at_end: bool = False) -> None:
        text = QGuiApplication.clipboard().text()
        lines = list(csv.reader(io.StringIO(text, newline=""), "excel-tab"))
        if any(lines) and self.table is not None:
            index = self.grid.chosen_index
            first = max(1, index.column()) if index.isValid() and not at_end else 1
            row = index.row() if index.isValid() and not at_end else len(self.model.ids)
            self._page.request(self._paste_lines, lines, row, first)

    async def _paste_lines(self, lines: list[list[str]], first_row: int, first: int) -> None:
        """Put lines into the cells from a place on; add the rows and columns that are missing."""
        table = await self._service.get(self.table_id)
        columns = list(self.model.columns[first:])
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
            self.table = table = await self._service.save(table)
        ids = list(self.model.ids[first_row : first_row + len(lines)])
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
        await self._set_values(values)
        await self._load()

    # ------------------------------------------------------------ the open cell

    def _open_index(self) -> QModelIndex:
        place = self._cell_place
        if place is None:
            return QModelIndex()
        key = self._cell_column.key
        return self.model.place_of(place.row_id, key)

    _cell_column = GridColumn(None)

    def open_cell(self, index: QModelIndex, *, focuses: bool = False) -> None:
        """Show a cell beside the grid."""
        column = self.model.column_at(index)
        if column is None or column.column is None:
            return
        self._cell_place = CellId(self.model.row_id_at(index), column.column.id)
        self._cell_column = column
        self._load_cell(focuses=focuses)

    def _follow_current(self) -> None:
        index = self.grid.currentIndex()
        if self._cell_place is not None and index.isValid():
            compared = self._compared
            column = self.model.column_at(index)
            if compared and column is not None and column.column is not None:
                self._cell_place = CellId(self.model.row_id_at(index), self._cell_place.column_id)
                self._load_cell()
            elif not compared:
                self.open_cell(index)

    def _load_cell(self, *, focuses: bool = False) -> None:
        self._session.tasks.start(self._show_cell(self._compared, focuses=focuses))

    async def _show_cell(self, compared: str, *, focuses: bool) -> None:
        self._cell_number += 1
        number, place, table = self._cell_number, self._cell_place, self.table
        if place is None or table is None:
            return
        row = await self._store.row(place.row_id)
        cell = await self._store.cell(*place)
        column, other = table.column(place.column_id), table.column(compared) if compared else None
        second: Cell | None = None
        if other is not None:
            second = await self._store.cell(place.row_id, other.id)
        if number != self._cell_number or row is None or column is None:
            return
        if other is not None and second is not None:
            self.panel.show_comparison(table, row, (column, other), (cell, second))
        else:
            self.panel.show_cell(table, row, self._cell_column, cell)
        self.panel.show()
        self._arrange()
        if focuses:
            shown = self.panel.side_by_side if other is not None else self.panel.answer
            shown.setFocus(Qt.FocusReason.OtherFocusReason)

    def close_cell(self) -> None:
        """Hide the open cell; the grid has the focus again."""
        had_focus = has_focus_within(self.panel)
        self._cell_place = None
        self._compared = ""
        self._cell_number += 1
        self.panel.hide()
        self._arrange()
        if had_focus:
            self.grid.setFocus(Qt.FocusReason.OtherFocusReason)

    def _ask_open_cell(self) -> None:
        if self.table is not None and self._cell_place is not None:
            place = self._cell_place
            cells = Cells((place.column_id,), (place.row_id,), selection=None)
            self.run_bar.begin(self.table, cells)

    def _open_pages(self, index: QModelIndex) -> None:
        row, cell, column = (
            self.model.row_at(index),
            self.model.cell_at(index),
            self.model.column_at(index),
        )
        value = cell.values.get(column.part) if cell is not None and column is not None else None
        if row is not None and value is not None and value.citations:
            self.panel.open_citation(row, value.citations[0])

    # ------------------------------------------------------------ two answers

    def _compare(self, column_id: str) -> None:
        """Show another column's answer beside that of the open cell; "" ends that."""
        self._compared = column_id
        self._load_cell()

    async def _keep(self, column_id: str) -> None:
        """Record which column's answer is the better one, and go to the next row.

        It is a column of data, so that it is sorted, counted and exported as any other.
        """
        table, place = self.table, self._cell_place
        if table is None or place is None:
            return
        kept = table.column(column_id)
        name = tr("Kept")
        record = next((c for c in table.columns if c.question is None and c.name == name), None)
        if record is None:
            record = Column(new_id(), name)
            table = await self._service.get(table.id)
            self.table = table = await self._service.save(
                replace(table, columns=(*table.columns, record))
            )
        if kept is None:
            return
        await self._set_values([NewValue(CellId(place.row_id, record.id), WHOLE, kept.name)])
        number = self.model.number_of(place.row_id)
        if 0 <= number < len(self.model.ids) - 1:
            self._cell_place = CellId(self.model.ids[number + 1], place.column_id)
            self._load_cell()

    # ------------------------------------------------------------ appearance

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_wide = self.width() >= current_theme().px(_WIDE)
        wanted = Qt.Orientation.Horizontal if is_wide else Qt.Orientation.Vertical
        if self._split.orientation() is not wanted:
            self._split.setOrientation(wanted)
        self._arrange()

    def _arrange(self) -> None:
        """In a low window, show an open cell in the place of the grid and its buttons."""
        is_low = self.height() < current_theme().px(_LOW)
        is_covered = is_low and not self.panel.isHidden()
        for part in (self._grid_part, self._toolbar, self.run_bar):
            part.setVisible(not is_covered)
        height = current_theme().px(_MIN_SPLIT)
        layout = self.panel.layout()
        if is_covered and layout is not None:  # the page scrolls rather than cut the panel off
            height = max(height, layout.minimumHeightForWidth(self.panel.width()))
        self._split.setMinimumHeight(height)

    def update_theme(self) -> None:
        px = current_theme().px
        self.grid.setMinimumHeight(px(90))
        self.search.setMinimumWidth(px(230))
        self._arrange()


def _widths(table: Table) -> dict[str, int]:
    stored = table.settings.get("widths")
    if not isinstance(stored, dict):
        return {}
    return {str(key): width for key, width in stored.items() if isinstance(width, int)}


def _agreements(table: Table) -> dict[str, str]:
    stored = table.settings.get("agreement")
    return dict(stored) if isinstance(stored, dict) else {}


def _column_of(table: Table, key: str) -> GridColumn | None:
    column_id, _, part = key.partition("/")
    column = next((each for each in table.columns if each.id == column_id), None)
    return None if column is None or part not in column.parts else GridColumn(column, part)


def _filter_text(each: Filter) -> str:
    if each.text:
        return tr("contains “{text}”", text=each.text)
    for label, states, passed in _FILTERS:
        if (states, passed) == (each.states, each.passed):
            return tr(label)
    return ""


def _text_of(column: GridColumn, row: Row, cells: Any) -> str:
    if column.column is None:
        return row.name
    cell = cells.get(column.column.id)
    return "" if cell is None else str(cell.text(column.part))


def _all_files() -> str:
    return tr("All files ({patterns})", patterns="*")
