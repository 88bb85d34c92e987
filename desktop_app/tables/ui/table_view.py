"""One table: its grid with totals, what it asks and costs, and the cell that is open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QMenu, QSizePolicy, QSplitter, QWidget

from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.tables.stored_cells import CellId
from desktop_app.tables.table import WHOLE, CellState, Filter, RowOrder, Table
from desktop_app.tables.table_export import TableFormat
from desktop_app.tables.ui.cell_edits import CellEdits
from desktop_app.tables.ui.cell_texts import (
    NAME_KEY,
    GridColumn,
    agreement_text,
    answered_text,
    cost_text,
    passed_text,
    tokens_text,
)
from desktop_app.tables.ui.column_menu import ColumnMenu, agreements_of
from desktop_app.tables.ui.filter_bar import TableFilterBar
from desktop_app.tables.ui.grid import BLOCK, READ_CHARS, FootView, GridModel, GridView
from desktop_app.tables.ui.open_cell import OpenCell
from desktop_app.tables.ui.run_bar import RunBar
from desktop_app.widgets.boxes import FlowLayout, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import MenuButton, dialog_button
from desktop_app.widgets.file_dialogs import choose_files, choose_folder
from desktop_app.widgets.forms.form_widgets import line_field
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import PlainLabel, menu_text, spoken_text
from desktop_app.widgets.text.name_field import NameField

if TYPE_CHECKING:
    from desktop_app.tables.ui.tables_page import TablesPage

_RELOAD_MS: Final = 150
_TOTALS_MS: Final = 800
_TYPING_MS: Final = 250
_SETTINGS_MS: Final = 700
# In pixels at the default text size.
_WIDE: Final = 860
_LOW: Final = 600
_MIN_SPLIT: Final = 150
_EMPTY_NOTE: Final = N_(
    "Drop files or a folder here, paste cells from a spreadsheet, or add rows. Then ask a question "
    "about each row."
)
_NO_QUESTION: Final = N_("Ask a question about each row: every row gets an answer.")


class TableView(QWidget):
    """The table that is open.

    Attributes:
        table: None before the first is open.
        failed: the number of cells that failed.
        model, grid, foot: the cells, and their totals.
        filters: the rows that are shown, beside the search.
        edits, columns: what the user changes by hand, and can do with a column.
        cell: the cell that is open.
    """

    def __init__(self, page: TablesPage) -> None:
        super().__init__()
        self.setObjectName("table-view")
        self._page, self._session, self._runs = page, page.session, page.runs
        self._service, self._store = page.runs.service, page.runs.service.store
        self.table: Table | None = None
        self.failed = 0
        self._counting: asyncio.Future[None] | None = None
        self._load_number = 0
        self.back_button = dialog_button(tr("‹ All tables"), "table-back", "link")
        self.name = NameField(tr("Name of the table"), "table-name")
        self.name.editingFinished.connect(self.report_name)
        self.model = GridModel(self)
        self.grid = GridView(self.model)
        self.foot = FootView(self.grid)
        self.filters = TableFilterBar()
        self.edits, self.columns = CellEdits(page, self), ColumnMenu(page, self)
        self.cell = OpenCell(page, self)
        self._build_toolbar()
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
        for number, part in enumerate((grid_part, self.cell.panel)):
            self._split.addWidget(part)
            self._split.setStretchFactor(number, 3 - number)
        self._split.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        self.run_bar = RunBar(page, self)
        column_of(
            row_of(self.back_button, (self.name, 1), spacing=10),
            self._toolbar,
            self.filters,
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
        self.column_button = self._menu_button(tr("Column"), "table-column", self.columns.fill)
        self.export_button = self._menu_button(tr("Export"), "table-export", self._fill_export)
        self.search = line_field(tr("Search in the table"), "table-search")
        self.search.setClearButtonEnabled(True)
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
        self._reload_timer = timer(_RELOAD_MS, lambda: start(self.load()))
        self._totals_timer = timer(_TOTALS_MS, lambda: start(self._load_totals()))
        self._search_timer = timer(_TYPING_MS, lambda: start(self._load_rows()))
        self._settings_timer = timer(_SETTINGS_MS, self._save_widths)
        self.add_question_button.clicked.connect(lambda: self.columns.add_question())
        self.search.textChanged.connect(lambda _: self._search_timer.start())
        self.model.rows_wanted.connect(lambda ids: start(self._read_rows(ids)))
        self.model.sort_requested.connect(self.sort)
        grid = self.grid
        grid.opened.connect(lambda index: self.cell.open(index, focuses=True))
        grid.edit_requested.connect(lambda index: start(self.edits.edit(index)))
        grid.clear_requested.connect(self.edits.clear)
        grid.copy_requested.connect(lambda: start(self.edits.copy()))
        grid.paste_requested.connect(lambda: self.edits.paste())
        grid.menu_requested.connect(self.columns.open)
        grid.widths_changed.connect(self._settings_timer.start)
        grid.delegate.text_committed.connect(self.edits.commit)
        grid.delegate.pages_clicked.connect(self.cell.open_pages)
        grid.selectionModel().currentChanged.connect(lambda *_: self.cell.follow_current())
        self.filters.changed.connect(self._on_filters)
        self.filters.removed.connect(self.grid.setFocus)
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
            self.cell.close()
            self.model.clear()
            self.search.clear()
            self._search_timer.stop()
            self.filters.reset()
            self.run_bar.reset()
            self.foot.set_lines([], [])
            self.table = table
            QTimer.singleShot(_TOTALS_MS, self.cell.panel, self.cell.panel.prepare)
        await self.load()

    async def load(self) -> None:
        """Show the table as it is now: columns, rows, totals, runs, price."""
        if self.table is None:
            return
        if self.grid.is_editing:  # what is typed stays in its cell
            self._reload_timer.start()
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
        self.filters.show_filters(table)
        self.run_bar.set_runs(runs)
        if self.cell.place is not None:
            self.cell.show_again()
        first = list(ids[:BLOCK])
        if first and not self.model.knows(first[0]):  # before what takes longer to read
            await self._read_rows(first)
        self._counting = self._session.tasks.start(self._load_totals())
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
        if cell == self.cell.place:
            self.cell.show_again()

    def _on_progress(self, table_id: str) -> None:
        if self._is(table_id):
            self.run_bar.show_state()

    def end_reading(self) -> None:
        """Read no totals and prices any more: the table is left."""
        self.run_bar.end_planning()
        if self._counting is not None:
            self._counting.cancel()

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
        return RowOrder(column_id, part, is_descending, search, self.filters.filters)

    @property
    def is_filtered(self) -> bool:
        """Return True if only some of the rows are shown."""
        return bool(self.filters.filters or self.search.text().strip())

    def _show_order(self, table: Table) -> None:
        order = self._order_of(table)
        key = order.column_id
        if key not in ("", NAME_KEY):
            key = f"{key}/{order.part}"
        self.grid.show_order(key, is_descending=order.is_descending)

    def sort(self, key: str, is_descending: bool, *_: object) -> None:
        """Sort the rows by a column, by its key; by "" in the order in which they were added."""
        self.change_settings(order=[key, is_descending])

    def change_settings(self, **changes: object) -> None:
        """Change and save the settings of the page for this table."""
        if self.table is not None:
            self.table = replace(self.table, settings={**self.table.settings, **changes})
            self._show_order(self.table)
            self._session.tasks.start(self._save_settings(self.table_id, changes))
            self._session.tasks.start(self._load_rows())

    def add_filter(self, added: Filter, *_: object) -> None:
        """Show only the rows that meet a filter, too; one with a text takes the search's place."""
        if added.text:
            self.search.clear()
            self._search_timer.stop()
        self.filters.add(added)

    def _on_filters(self) -> None:
        if self.table is not None:
            self.filters.show_filters(self.table)
        self._session.tasks.start(self._load_rows())

    async def _save_settings(self, table_id: str, changes: dict[str, object]) -> None:
        def changed(table: Table) -> Table:
            return replace(table, settings={**table.settings, **changes})

        await self._service.change(table_id, changed)

    def _save_widths(self) -> None:
        if self.table is not None and (widths := self.grid.widths()) != _widths(self.table):
            self.table = replace(self.table, settings={**self.table.settings, "widths": widths})
            self._session.tasks.start(self._save_settings(self.table_id, {"widths": widths}))

    # ------------------------------------------------------------ totals

    def totals_soon(self) -> None:
        """Count the totals again."""
        self._totals_timer.start()

    async def _load_totals(self) -> None:
        table = self.table
        if table is None:
            return
        totals = {each.id: await self._store.totals(each.id) for each in table.questions}
        agreements: dict[str, str] = {}
        for key, other in agreements_of(table).items():
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
        self.failed = sum(each.states.get(CellState.FAILED, 0) for each in totals.values())
        self.run_bar.show_state()
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

    # ------------------------------------------------------------ menus

    def _fill_rows(self, menu: QMenu) -> None:
        for label, by_page in ((tr("Add files…"), False), (tr("Add files, a row per page…"), True)):
            menu.addAction(menu_text(label)).triggered.connect(partial(self._choose_files, by_page))
        menu.addAction(menu_text(tr("Add folder…"))).triggered.connect(
            lambda: self._choose_folder()
        )
        menu.addAction(menu_text(tr("Add empty row"))).triggered.connect(
            lambda: self._page.request(self.edits.add_empty_row)
        )
        paste = menu.addAction(menu_text(tr("Paste rows")))
        paste.triggered.connect(lambda: self.edits.paste(at_end=True))
        paste.setEnabled(bool(QGuiApplication.clipboard().text()))
        menu.addSeparator()
        menu.addAction(menu_text(tr("New data column…"))).triggered.connect(
            lambda: self.columns.add_data_column()
        )
        menu.addSeparator()
        rows = self.edits.selected_rows()
        label = tr_plural("Remove {count} row", "Remove {count} rows", max(1, len(rows)))
        remove = menu.addAction(menu_text(label))
        remove.setEnabled(bool(rows))
        remove.triggered.connect(lambda: self._page.request(self.edits.remove_rows, rows))

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

    # ------------------------------------------------------------ appearance

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_wide = self.width() >= current_theme().px(_WIDE)
        wanted = Qt.Orientation.Horizontal if is_wide else Qt.Orientation.Vertical
        if self._split.orientation() is not wanted:
            self._split.setOrientation(wanted)
        self.arrange()

    def arrange(self) -> None:
        """In a low window, show an open cell in the place of the grid and its buttons."""
        is_low = self.height() < current_theme().px(_LOW)
        is_covered = is_low and not self.cell.panel.isHidden()
        for part in (self._grid_part, self._toolbar, self.run_bar):
            part.setVisible(not is_covered)
        # The page scrolls rather than cut off the panel, or the grid and its totals.
        height = self._grid_part.minimumSizeHint().height()
        layout = self.cell.panel.layout()
        if is_covered and layout is not None:
            height = layout.minimumHeightForWidth(self.cell.panel.width())
        self._split.setMinimumHeight(max(height, current_theme().px(_MIN_SPLIT)))
        for rows in (self._toolbar, self.filters):
            if (layout := rows.layout()) is not None:
                rows.setMinimumHeight(layout.heightForWidth(self.width()))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:  # the totals have more lines, or fewer
            self.arrange()
        return super().event(event)

    def update_theme(self) -> None:
        px = current_theme().px
        self.grid.setMinimumHeight(px(90))
        self.search.setMinimumWidth(px(230))
        self.arrange()


def _widths(table: Table) -> dict[str, int]:
    stored = table.settings.get("widths")
    if not isinstance(stored, dict):
        return {}
    return {str(key): width for key, width in stored.items() if isinstance(width, int)}


def _column_of(table: Table, key: str) -> GridColumn | None:
    column_id, _, part = key.partition("/")
    column = next((each for each in table.columns if each.id == column_id), None)
    return None if column is None or part not in column.parts else GridColumn(column, part)


def _all_files() -> str:
    return tr("All files ({patterns})", patterns="*")
