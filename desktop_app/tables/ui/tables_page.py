"""The tab of tables in the library: their list, and the one that is open."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QStackedWidget, QWidget

from desktop_app.app.session import Session
from desktop_app.cli.output_file import partial_file, unwritable_error
from desktop_app.composer.dropped_content import FileDropFilter, accept_copy, files_in
from desktop_app.domain.conversations.conversation import new_id
from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.graphemes import cut
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.paths import resource_path
from desktop_app.tables.table import Column, NewRow, Row, RowOrder, Run, TableSummary
from desktop_app.tables.table_export import ExportedTable, TableFormat
from desktop_app.tables.table_source import LINE_ENDINGS
from desktop_app.tables.ui.cell_texts import state_text
from desktop_app.tables.ui.open_table import OpenTable
from desktop_app.tables.ui.question_sheet import QuestionSheet
from desktop_app.tables.ui.table_runs import TableRuns
from desktop_app.tables.ui.table_view import TableView
from desktop_app.widgets.boxes import DIALOG_MARGINS, FlowLayout, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import delete_button, dialog_button
from desktop_app.widgets.empty_page import EmptyPage
from desktop_app.widgets.file_dialogs import choose_file, choose_files, choose_folder, choose_target
from desktop_app.widgets.forms.form_widgets import Note, Tone
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.rows.table_model import ProportionalTable, TableModel
from desktop_app.widgets.text.foreign_text import PlainButton, menu_text, spoken_text
from desktop_app.widgets.windows import has_focus_within

_REFRESH_MS: Final = 300
_SHARES: Final = (0.34, 0.1, 0.12, 0.3, 0.14)
_MAX_NAME_CHARS: Final = 60
_INTRODUCTION: Final = N_("Ask the same of many files: each is a row, each question a column.")
_EXPORTS: Final = {
    TableFormat.XLSX: (N_("Excel (*.xlsx)"), ".xlsx"),
    TableFormat.CSV: (N_("CSV (*.csv)"), ".csv"),
    TableFormat.JSONL: (N_("JSON Lines (*.jsonl)"), ".jsonl"),
    TableFormat.MARKDOWN: (N_("Markdown (*.md)"), ".md"),
}


class TableLine(NamedTuple):
    """A table of the list, and what is asked of it."""

    summary: TableSummary
    runs: Sequence[Run]

    @property
    def id(self) -> str:
        return self.summary.table.id


class TableListModel(TableModel[TableLine]):
    """The tables, the last changed first."""

    has_cell_tooltips = True

    def __init__(self) -> None:
        headings = (N_("Table"), N_("Rows"), N_("Questions"), N_("Status"), N_("Cost"))
        super().__init__(headings, number_columns=(1, 2, 4))

    def cell_text(self, row: TableLine, column: int) -> str:
        summary = row.summary
        return (
            summary.table.name,
            formatting.number(summary.rows),
            formatting.number(len(summary.table.questions)),
            state_text(summary, row.runs),
            formatting.money(summary.cost) if summary.cost else "",
        )[column]

    def row_of(self, table_id: str) -> int:
        """Return the row of a table; -1 if it is not in the list."""
        return next((n for n, line in enumerate(self.rows) if line.id == table_id), -1)


class TablesPage(QWidget):
    """The page, with subpages for the list and a table.

    Attributes:
        session: of the window.
        runs: what is asked of tables.
        tables, list: the tables of the list.
        opened, view: the open table, and its page.
    """

    accessible_role = "Grouping"  # it has the focus while it is empty

    def __init__(self, session: Session) -> None:
        super().__init__(session.window)
        self.session = session
        self.runs = session.of(TableRuns)
        self.runs.is_shown = lambda table_id: self.isVisible() and self.shown_id == table_id
        self._service, self._store = self.runs.service, self.runs.service.store
        self._listing: asyncio.Future[None] | None = None
        self.setObjectName("tables-page")
        self.setWindowTitle(tr("Tables"))
        self.setAcceptDrops(True)
        self.tables = TableListModel()
        self.list = ProportionalTable(self.tables, _SHARES)
        self.list.setObjectName("table-list")
        self.list.setAccessibleName(spoken_text(tr("Tables")))
        self.status = Note(object_name="tables-status")
        self.opened = OpenTable(session, self.runs, self.show_status)
        self.view = TableView(self.opened)
        self._connect_table()
        self._build_list()
        self._stack = QStackedWidget()
        self._stack.addWidget(self._list_page)
        self._stack.addWidget(self.view)
        FileDropFilter(self._stack)
        rows = ((self._stack, 1), self.status)
        column_of(*rows, parent=self, margins=DIALOG_MARGINS, spacing=6)
        self._timer = QTimer(self, singleShot=True, interval=_REFRESH_MS)
        self._timer.timeout.connect(self._refresh)
        self.runs.changed.connect(lambda _id, _cell: self._refresh_soon())
        session.events.store_changed.connect(self._on_store_changed)
        session.end_steps.append(self.view.report_name)
        self.update_theme()
        self.hide()

    def _connect_table(self) -> None:
        table, view = self.opened, self.view
        table.gone.connect(self.show_list)
        view.renamed.connect(lambda name: table.request(self.rename, table.id, name))
        view.paths_added.connect(
            lambda paths, by_page: table.request(self.add_paths, table.id, paths, by_page)
        )
        view.export_chosen.connect(self.choose_export)

    def _build_list(self) -> None:
        self.first_button = self._new_button("new-table")
        self.samples_button = dialog_button(
            tr("Try it with ten sample invoices"), "sample-table", "link"
        )
        self.samples_button.clicked.connect(self.begin_samples)
        buttons = (self.first_button, self.samples_button)
        self._empty = EmptyPage("table", tr(_INTRODUCTION), *buttons, name="tables-empty")
        self.new_button = self._new_button("another-table")
        self.open_button = dialog_button(tr("Open"), "open-table")
        self.rename_button = dialog_button(tr("Rename…"), "rename-table")
        self.delete_button = delete_button(tr("Delete"), "delete-table")
        self.open_button.clicked.connect(lambda: self._act(self.open_table))
        self.rename_button.clicked.connect(lambda: self._act(self.begin_rename))
        self.delete_button.clicked.connect(lambda: self._act(self.delete))
        self.list.activated.connect(lambda _: self._act(self.open_table))
        self.list.doubleClicked.connect(lambda _: self._act(self.open_table))
        self.view.back_button.clicked.connect(self.show_list)
        self._list_page = QWidget()
        self._buttons = QWidget()
        for part in (self._empty, self.list, self._buttons):  # until it is known what there is
            part.hide()
        main = FlowLayout(self.new_button, self.open_button, self.rename_button)
        row_of((main, 1), self.delete_button, parent=self._buttons, margins=0, spacing=8)
        column_of(
            (self._empty, 1),
            (self.list, 1),
            self._buttons,
            parent=self._list_page,
            margins=0,
            spacing=10,
        )

    def _new_button(self, name: str) -> PlainButton:
        button = dialog_button(tr("New table…"), name, "primary")
        menu = ProgramMenu(button)
        for label, act in (
            (tr("From files…"), self.begin_from_files),
            (tr("From a folder…"), self.begin_from_folder),
            (tr("From a spreadsheet…"), self.begin_from_lines),
            (tr("Empty"), self.begin_empty),
        ):
            menu.addAction(menu_text(label)).triggered.connect(partial(self._call, act))
        button.setMenu(menu)
        return button

    def _call(self, act: Callable[[], object], *_: object) -> None:
        act()

    # ------------------------------------------------------------ pages

    def show_tables(self) -> None:
        """Show the page as it was left."""
        self.session.window.show_page(self)
        if self.shown_id:
            self.view.grid.setFocus(Qt.FocusReason.OtherFocusReason)
        self._refresh()

    def show_table(self, table_id: str) -> None:
        """Show a table."""
        self.session.window.show_page(self)
        self.open_table(table_id)

    def show_list(self) -> None:
        """Show the list; the table that was open is chosen."""
        self.view.report_name()
        self.view.end_reading()
        self.show_status("")
        self._stack.setCurrentWidget(self._list_page)
        row = self.tables.row_of(self.opened.id)
        if row >= 0:
            self.list.choose(self.tables.index(row, 0))
        self._refresh()
        (self.list if self.tables.rows else self.first_button).setFocus()

    @property
    def shown_id(self) -> str:
        """Return the id of the table that is shown; "" while the list is."""
        return self.opened.id if self._stack.currentWidget() is self.view else ""

    def open_table(self, table_id: str) -> None:
        self.opened.request(self._open, table_id)

    async def _open(self, table_id: str, names: bool = False, asks: bool = False) -> None:
        if self._listing is not None:  # its sums of all tables would delay this one
            self._listing.cancel()
        await self.opened.open(table_id)
        self._stack.setCurrentWidget(self.view)
        self.view.grid.setFocus(Qt.FocusReason.OtherFocusReason)
        if names:
            self.view.name.selectAll()
            self.view.name.setFocus(Qt.FocusReason.OtherFocusReason)
        if asks:
            self.view.columns.add_question()

    def _on_store_changed(self) -> None:
        self._refresh_soon()
        self.session.tasks.start(self.runs.resume_batches())
        if self.shown_id:
            self.opened.reload_soon()

    def _refresh_soon(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _refresh(self) -> None:
        if self._listing is not None:
            self._listing.cancel()
        self._listing = self.session.tasks.start(self._load_list())

    async def _load_list(self) -> None:
        if not self.isVisible() or self.shown_id:
            return
        summaries = await self._store.summaries()
        runs: dict[str, list[Run]] = {}
        for run in await self._store.runs(is_open=True):
            runs.setdefault(run.table_id, []).append(run)
        lines = [TableLine(each, runs.get(each.table.id, ())) for each in summaries]
        was_empty = self.list.isHidden() or not self.tables.rows
        chosen = self.tables.row_at(self.list.chosen_index)
        self.tables.update_rows(lines, lambda line: line.id)
        row = self.tables.row_of(chosen.id) if chosen is not None else -1
        if lines and not self.list.chosen_index.isValid():
            self.list.choose(self.tables.index(max(0, row), 0))
        is_new = self.hasFocus()  # none of its parts could have it
        had_focus = is_new or self.list.hasFocus() or has_focus_within(self._buttons)
        self._empty.setVisible(not lines)
        self.list.setVisible(bool(lines))
        self._buttons.setVisible(bool(lines))
        if had_focus and not lines:
            self.first_button.setFocus()
        elif lines and (is_new or (was_empty and has_focus_within(self._empty))):
            self.list.setFocus()

    # ------------------------------------------------------------ requests

    def show_status(self, message: UserFacingError | str) -> None:
        """Show a message at the bottom; "" hides it."""
        text = message if isinstance(message, str) else message.sentences
        tone: Tone = "note" if isinstance(message, str) else "error"
        self.status.setAccessibleName(spoken_text(text))
        self.status.set_text(text, tone, is_result=True)

    def _act(self, act: Callable[[str], object]) -> None:
        line = self.tables.row_at(self.list.chosen_index)
        if line is not None:
            act(line.id)

    # ------------------------------------------------------------ new tables

    def begin_from_files(self) -> None:
        filters = tr("All files ({patterns})", patterns="*")
        begin = self.begin_with
        choose_files(self, tr("Select files"), begin, start=Path.home(), filters=filters)

    def begin_from_folder(self) -> None:
        choose_folder(
            self, tr("Select folder"), lambda path: self.begin_with([path]), start=Path.home()
        )

    def begin_from_lines(self) -> None:
        patterns = " ".join(f"*{ending}" for ending in LINE_ENDINGS)
        filters = tr("Spreadsheets and lines ({patterns})", patterns=patterns)
        choose_file(
            self,
            tr("Select file"),
            lambda path: self.begin_with([path]),
            start=Path.home(),
            filters=filters,
        )

    def begin_with(self, paths: Sequence[Path]) -> None:
        """Make a table of files and folders, and ask for its first question."""
        self.session.window.show_page(self)
        self.opened.request(self._create, list(paths))

    async def _create(self, paths: list[Path], name: str = "") -> None:
        name = name or (paths[0].stem if len(paths) == 1 else paths[0].parent.name)
        table = await self._service.create(name or tr("New table"))
        try:
            await self.add_paths(table.id, paths, False)
        except UserFacingError:
            await self._service.delete(table.id)
            raise
        await self._open(table.id, asks=True)

    def begin_samples(self) -> None:
        """Make a table of the invoices that come with the program, with a question to try."""
        self.session.window.show_page(self)
        self.opened.request(self._create_samples)

    async def _create_samples(self) -> None:
        folder = await asyncio.to_thread(resource_path("samples/invoices").resolve)
        await self._create([folder], tr("Sample invoices"))
        sheet = self.view.columns.sheet
        assert isinstance(sheet, QuestionSheet)
        sheet.prompt.setPlainText(tr("Extract from this invoice"))
        sheet.names.setPlainText(tr("Supplier, Invoice number, Total"))

    def begin_empty(self) -> None:
        """Make a table whose rows are typed or pasted."""
        self.session.window.show_page(self)
        self.opened.request(self._create_empty)

    async def _create_empty(self) -> None:
        table = await self._service.create(tr("New table"), [Column(new_id(), tr("Text"))])
        await self._service.add_rows(table.id, [NewRow(Row(0, "1"))])
        await self._open(table.id, names=True)

    async def add_paths(self, table_id: str, paths: list[Path], by_page: bool) -> None:
        """Add rows of files and folders. Raises UserFacingError: none was added."""
        reader = self.runs.reader_of(table_id) if by_page else None
        notes: list[str] = []
        await self._service.add(
            table_id, paths, by_page=by_page, on_progress=reader, on_note=notes.append
        )
        self.runs.reading.pop(table_id, None)
        if notes:
            self.session.window.notifications.notify(" ".join(notes), stays=True)

    # ------------------------------------------------------------ names, trash

    def begin_rename(self, table_id: str) -> None:
        """Open a table with its name selected."""
        self.opened.request(self._open, table_id, True)

    async def rename(self, table_id: str, name: str) -> None:
        """Save a table's name."""
        await self._service.change(table_id, lambda table: replace(table, name=name))

    def delete(self, table_id: str) -> None:
        """Move a table to the trash."""
        self.opened.request(self._set_trashed, table_id, True)

    async def _set_trashed(self, table_id: str, is_trashed: bool) -> None:
        table = await self._service.set_trashed(table_id, is_trashed=is_trashed)
        self._refresh()
        self.session.events.trash_changed.emit()
        if is_trashed:
            self.session.window.notifications.notify_undo(
                tr("“{title}” moved to trash", title=table.name),
                lambda: self.opened.request(self._set_trashed, table_id, False),
            )

    # ------------------------------------------------------------ export, conversations

    def choose_export(self, format_: TableFormat) -> None:
        """Let the user name the file of an export of the open table."""
        table = self.opened.table
        if table is None:
            return
        filter_text, suffix = _EXPORTS[format_]
        name = re.sub(r'[<>:"/\\|?*\x00-\x1f]', " ", table.name)
        stem = cut(name.strip(" ."), _MAX_NAME_CHARS) or tr("Table")
        choose_target(
            self,
            tr("Export table"),
            partial(self.opened.request, self.export, table.id, format_, self.opened.order),
            start=Path.home() / f"{stem}{suffix}",
            filters=tr(filter_text),
            suffix=suffix,
        )

    async def export(
        self, table_id: str, format_: TableFormat, order: RowOrder, target: Path
    ) -> None:
        """Write the rows that are shown to a file."""
        table = await self._service.get(table_id)
        exported = await ExportedTable.of(self._store, table, order)
        try:
            with partial_file(target) as file:
                count = await exported.write(format_, file)
        except OSError as error:
            raise unwritable_error(target, error) from error
        text = tr("Table exported to {file}.", file=str(target))
        if count:
            cut_text = tr_plural(
                "{count} value was cut, as Excel’s cells are short. JSON Lines has all of it.",
                "{count} values were cut, as Excel’s cells are short. JSON Lines has all of them.",
                count,
            )
            text = f"{text} {cut_text}"
        self.show_status(text)

    # ------------------------------------------------------------ keys, drops, appearance

    def event(self, event: QEvent) -> bool:
        """Take F2 before the window's shortcut, which renames the conversation."""
        is_early = event.type() == QEvent.Type.ShortcutOverride
        if is_early and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_F2:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close sheet, cell, then table on Esc; undo on Ctrl+Z; act on the chosen table."""
        key, is_list = event.key(), self.list.hasFocus()
        if key == Qt.Key.Key_Escape and self.shown_id:
            if self.view.columns.sheet is not None:
                self.view.columns.close_sheet()
            elif self.view.cell.panel.isVisible():
                self.view.cell.close()
            else:
                self.show_list()
        elif event.matches(QKeySequence.StandardKey.Undo):
            self.session.window.notifications.undo_last()
        elif is_list and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._act(self.open_table)
        elif is_list and key == Qt.Key.Key_Delete:
            self._act(self.delete)
        elif is_list and key == Qt.Key.Key_F2:
            self._act(self.begin_rename)
        elif key == Qt.Key.Key_F2 and self.view.cell.panel.correct_button.isVisible():
            self.view.cell.panel.correct_requested.emit()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if files_in(event.mimeData()):
            accept_copy(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Add files to the open table, or make one of them."""
        paths = files_in(event.mimeData())
        accept_copy(event)
        if paths and self.shown_id:
            self.view.add_paths(paths)
        elif paths:
            self.begin_with(paths)

    def update_theme(self) -> None:
        self.list.verticalHeader().setDefaultSectionSize(current_theme().px(34))
