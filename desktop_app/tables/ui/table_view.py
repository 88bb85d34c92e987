"""One table: its grid with totals, what it asks and costs, and the cell that is open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QMenu, QSizePolicy, QSplitter, QWidget

from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.tables.stored_cells import CellId
from desktop_app.tables.table import CellState, Run, Table
from desktop_app.tables.table_export import TableFormat
from desktop_app.tables.ui.cell_edits import CellEdits
from desktop_app.tables.ui.cell_texts import (
    GridColumn,
    agreement_text,
    answered_text,
    cost_text,
    passed_text,
    tokens_text,
)
from desktop_app.tables.ui.column_menu import ColumnMenu, agreements_of
from desktop_app.tables.ui.filter_bar import TableFilterBar
from desktop_app.tables.ui.grid_totals import FootView
from desktop_app.tables.ui.open_cell import OpenCell
from desktop_app.tables.ui.open_table import OpenTable
from desktop_app.tables.ui.run_bar import RunBar
from desktop_app.widgets.boxes import FlowLayout, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import MenuButton, dialog_button
from desktop_app.widgets.file_dialogs import choose_files, choose_folder
from desktop_app.widgets.forms.form_widgets import line_field
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import PlainLabel, menu_text, spoken_text
from desktop_app.widgets.text.name_field import NameField

_TOTALS_MS: Final = 800
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
    """The page of the table that is open.

    Attributes:
        open_table: the table.
        failed: the number of cells that failed.
        foot: the totals.
        filters: what the shown rows meet, beside the search.
        edits, columns: what the user changes by hand, and can do with a column.
        cell: the cell that is open.

    Signals:
        paths_added(list of paths, bool): add rows of files; a row for each page.
        renamed(str): the user has typed another name.
        export_chosen(TableFormat): the user wants the shown rows as a file.
    """

    paths_added = Signal(list, bool)
    renamed = Signal(str)
    export_chosen = Signal(object)

    def __init__(self, open_table: OpenTable) -> None:
        super().__init__()
        self.setObjectName("table-view")
        self.open_table, self._session = open_table, open_table.session
        self.model, self.grid = open_table.model, open_table.grid
        self._store = open_table.store
        self._counting: asyncio.Future[None] | None = None
        self.back_button = dialog_button(tr("‹ All tables"), "table-back", "link")
        self.name = NameField(tr("Name of the table"), "table-name")
        self.name.editingFinished.connect(self.report_name)
        self.foot = FootView(self.grid)
        self.filters = TableFilterBar(open_table)
        self.run_bar = RunBar(open_table)
        self.edits = CellEdits(open_table)
        self.columns = ColumnMenu(open_table, self, self.edits.offer_undo, self.run_bar.begin)
        self.cell = OpenCell(open_table, self.edits, self.run_bar.begin, self.arrange)
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
        start = self._session.tasks.start
        table, runs = self.open_table, self.open_table.runs
        self._totals_timer = QTimer(self, singleShot=True, interval=_TOTALS_MS)
        self._totals_timer.timeout.connect(lambda: start(self._load_totals()))
        self.add_question_button.clicked.connect(lambda: self.columns.add_question())
        self.search.textEdited.connect(table.search_for)
        table.closed.connect(self._on_closed)
        table.loaded.connect(self._on_loaded)
        table.changed.connect(self._show_name)
        table.filled.connect(self._on_filled)
        table.rows_changed.connect(self._show_emptiness)
        table.rows_changed.connect(self.run_bar.change_cells)
        grid = self.grid
        grid.opened.connect(lambda index: self.cell.open(index, focuses=True))
        grid.edit_requested.connect(lambda index: start(self.edits.edit(index)))
        grid.clear_requested.connect(self.edits.clear)
        grid.copy_requested.connect(lambda: start(self.edits.copy()))
        grid.paste_requested.connect(lambda: self.edits.paste())
        grid.menu_requested.connect(self.columns.open)
        grid.delegate.text_committed.connect(self.edits.commit)
        grid.delegate.pages_clicked.connect(self.cell.open_pages)
        grid.selectionModel().currentChanged.connect(lambda *_: self.cell.follow_current())
        self.filters.removed.connect(self.grid.setFocus)
        runs.changed.connect(self._on_change)
        runs.progressed.connect(self._on_progress)

    # ------------------------------------------------------------ the table

    def _on_closed(self) -> None:
        self.cell.close()
        self.columns.close_sheet()
        self.search.clear()
        self.run_bar.reset()
        self.foot.set_lines([], [])

    def _show_name(self) -> None:
        if self.search.text() and not self.open_table.search:
            self.search.clear()
        if self.open_table.table is not None and not self.name.hasFocus():
            self.name.set_name(self.open_table.table.name)

    def _on_loaded(self, runs: list[Run]) -> None:
        self._show_emptiness()
        self.run_bar.set_runs(runs)
        if self.cell.place is not None:
            self.cell.show_again()

    def _on_filled(self) -> None:
        self._counting = self._session.tasks.start(self._load_totals())
        self.run_bar.plan_soon()

    def _on_change(self, table_id: str, cell: CellId | None) -> None:
        if not self.open_table.is_(table_id):
            return
        if cell is None:
            self.open_table.reload_soon()
            return
        self.model.refresh(cell.row_id)
        if not self._totals_timer.isActive():
            self._totals_timer.start()
        if cell == self.cell.place:
            self.cell.show_again()

    def _on_progress(self, table_id: str) -> None:
        if self.open_table.is_(table_id):
            self.run_bar.show_state()

    def end_reading(self) -> None:
        """Read no totals and prices any more: the table is left."""
        self.run_bar.end_planning()
        if self._counting is not None:
            self._counting.cancel()

    def report_name(self) -> None:
        """Save the name that the user has typed."""
        table = self.open_table.table
        if table is None or not self.name.is_edited:
            return
        name = " ".join(self.name.text().split())
        self.name.set_name(name or table.name)
        if name:
            self.renamed.emit(name)

    def _show_emptiness(self) -> None:
        table = self.open_table.table
        if table is None:
            return
        text = ""
        if not self.model.ids and self.open_table.is_filtered:
            text = tr("No row matches.")
        elif not self.model.ids:
            text = tr(_EMPTY_NOTE)
        elif not table.questions:
            text = tr(_NO_QUESTION)
        self.note.setText(text)
        self.note.setVisible(bool(text))
        count = len(self.model.ids)
        rows = tr_plural("{count} row", "{count} rows", count)
        self.grid.setAccessibleName(spoken_text(f"{table.name}, {rows}"))

    # ------------------------------------------------------------ totals

    async def _load_totals(self) -> None:
        table = self.open_table.table
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
        if not self.open_table.is_(table.id):
            return
        self.run_bar.failed = sum(each.states.get(CellState.FAILED, 0) for each in totals.values())
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
            lambda: self.open_table.request(self.edits.add_empty_row)
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
        remove.triggered.connect(lambda: self.open_table.request(self.edits.remove_rows, rows))

    def _fill_export(self, menu: QMenu) -> None:
        for label, format_ in (
            (tr("Excel (XLSX)…"), TableFormat.XLSX),
            (tr("CSV…"), TableFormat.CSV),
            (tr("JSON Lines…"), TableFormat.JSONL),
            (tr("Markdown…"), TableFormat.MARKDOWN),
        ):
            menu.addAction(menu_text(label)).triggered.connect(partial(self._export, format_))

    # ------------------------------------------------------------ rows

    def _choose_files(self, by_page: bool, *_: object) -> None:
        add = partial(self.add_paths, by_page=by_page)
        choose_files(self, tr("Select files"), add, start=Path.home(), filters=_all_files())

    def _choose_folder(self) -> None:
        add = self.add_paths
        choose_folder(self, tr("Select folder"), lambda path: add([path]), start=Path.home())

    def add_paths(self, paths: Sequence[Path], *, by_page: bool = False) -> None:
        """Add rows of files and folders to the open table."""
        self.paths_added.emit(list(paths), by_page)

    def _export(self, format_: TableFormat, *_: object) -> None:
        self.export_chosen.emit(format_)

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


def _column_of(table: Table, key: str) -> GridColumn | None:
    column_id, _, part = key.partition("/")
    column = next((each for each in table.columns if each.id == column_id), None)
    return None if column is None or part not in column.parts else GridColumn(column, part)


def _all_files() -> str:
    return tr("All files ({patterns})", patterns="*")
