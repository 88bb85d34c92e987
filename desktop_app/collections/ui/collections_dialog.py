"""The page that manages collections: their list, and the files of the selected one.

Files and folders can be dropped anywhere on it. A drop creates a collection if none is selected, or
while a collection is being updated.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import (
    QDragEnterEvent,
    QDropEvent,
    QHideEvent,
    QPainter,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QStyleOptionViewItem, QWidget

from desktop_app.collections.ui.collection_wording import CollectionState
from desktop_app.composer.dropped_content import FileDropFilter, accept_copy, files_in
from desktop_app.domain.documents.collections import CollectionFile
from desktop_app.i18n.formatting import joined, number
from desktop_app.i18n.translation import N_, tr, tr_context, tr_plural
from desktop_app.widgets.boxes import DIALOG_MARGINS, STRETCH, FlowLayout, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import delete_button, dialog_button
from desktop_app.widgets.file_dialogs import choose_files, choose_folder
from desktop_app.widgets.library_list import LibraryPage, LibraryRow
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.rows.row_delegate import RowDelegate
from desktop_app.widgets.rows.row_view import RowView
from desktop_app.widgets.rows.rows_model import ROW, Index, RowsModel
from desktop_app.widgets.status_line import ProgressCard, StatusLine
from desktop_app.widgets.text.foreign_text import PlainLabel, one_line, set_tooltip, spoken_text
from desktop_app.widgets.text.name_field import NameField
from desktop_app.widgets.windows import scroll_area_of

if TYPE_CHECKING:
    from desktop_app.collections.ui.collections_controller import CollectionsController

# Below this width, a collection's name and its main button have a row each.
_NARROW_WIDTH: Final = 500
INTRODUCTION: Final = N_(
    "A collection lets you ask questions about many documents, such as contracts or papers.\n\n"
    "Documents are indexed on this computer. Only relevant passages are sent with a message, and "
    "responses cite them. Select [1] to open the document at that passage.\n\n"
    "Drop a folder here, or create a collection."
)
NO_DOCUMENTS: Final = N_("No documents yet. Add files or a folder, or drop them here.")


_INSET: Final = 10  # in pixels at the default text size (see `Theme.px`)


def file_status_text(file: CollectionFile) -> str:
    """Return the line below a file's name: its pages, its problem, or its state.

    >>> from desktop_app.domain.documents.collections import CollectionFile
    >>> file_status_text(CollectionFile("c", "/a.pdf", "a.pdf", pages=1, status="ready"))
    '1 page'
    """
    if file.status == "waiting":
        return tr("Waiting")
    pages = "" if file.pages is None else tr_plural("{count} page", "{count} pages", file.pages)
    problem = file.problem.what_happened if file.problem else ""
    if file.status == "ready":
        return " · ".join(filter(None, (pages, problem))) or tr_context("file", "Read")
    return problem


class CollectionFilesModel(RowsModel["CollectionFile"]):
    """The list model of files, in order."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(
            lambda file: file.name,
            lambda file: tr("{name}, {facts}", name=file.name, facts=file_status_text(file)),
            parent,
            tooltip=lambda file: "\n".join((one_line(file.path), file_status_text(file))),
        )

    def set_rows(self, rows: Sequence[CollectionFile]) -> None:
        """Set the files, unless they are the same."""
        if rows != self.rows:
            super().set_rows(rows)


class CollectionFilesDelegate(RowDelegate):
    """The painter of a file's name with its facts below."""

    height = 46

    def paint_content(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme, px = current_theme(), current_theme().px
        file: CollectionFile = index.data(ROW)
        rect = self.row_rect(option).adjusted(px(_INSET), px(3), -px(_INSET), -px(3))
        upper = rect.adjusted(0, 0, 0, -rect.height() // 2)
        lower = rect.adjusted(0, rect.height() // 2, 0, 0)
        painting.draw_text(painter, upper, file.name, theme.interface(), theme.text)
        color = theme.error if file.status == "failed" else theme.dim
        painting.draw_text(painter, lower, file_status_text(file), theme.note(), color)


class CollectionsPage(LibraryPage):
    def __init__(self, controller: CollectionsController) -> None:
        super().__init__(
            "collections",
            label=tr("Collections"),
            find_label=tr("Find a collection"),
            new_label=tr("New collection"),
        )
        self._controller = controller
        self.setObjectName("collections-dialog")
        self.setWindowTitle(tr("Collections"))
        self.setAcceptDrops(True)
        self._states: dict[str, CollectionState] = {}
        self.name = NameField(tr("Collection name"), "collection-name")
        self.state_label = PlainLabel(name="collection-state", role="note", wraps=True)
        self._files_model = CollectionFilesModel(self)
        self.files = RowView("collection-files", self._files_model, CollectionFilesDelegate(self))
        self.files.setAccessibleName(tr("Documents"))
        self.empty_label = PlainLabel(name="collection-empty", role="note", wraps=True)
        self.ask_button = dialog_button(tr("Ask this collection"), "ask-collection", "primary")
        self.add_files_button = dialog_button(tr("Add files…"), "add-files")
        self.add_folder_button = dialog_button(tr("Add folder…"), "add-folder")
        self.refresh_button = dialog_button(tr("Check for changes"), "refresh-collection")
        self.delete_button = delete_button(tr("Delete"), "delete-collection")
        self.work = ProgressCard()
        self.work.setObjectName("collection-work")
        self._semantic_row = QWidget()
        self.semantic_note = PlainLabel(name="collection-meaning", role="note", wraps=True)
        self.embed_button = dialog_button(tr("Create embeddings"), "embed-collection", "link")
        self.status = StatusLine("collections")
        self._fill()
        self._connect()

    def _fill(self) -> None:
        self._head = row_of((self.name, 1), self.ask_button, spacing=8)
        row_of((self.semantic_note, 1), self.embed_button, parent=self._semantic_row, margins=0)
        self._page = QWidget()
        column_of(
            self._head,
            self.state_label,
            (self.files, 1),
            (self.empty_label, 1),
            self._semantic_row,
            self.work,
            FlowLayout(self.add_files_button, self.add_folder_button, self.refresh_button),
            row_of(STRETCH, self.delete_button),  # apart from what is pressed often
            parent=self._page,
            margins=0,
            spacing=10,
        )
        self.introduction = PlainLabel(
            tr(INTRODUCTION),
            keeps_lines=True,
            name="collections-introduction",
            role="dim",
            wraps=True,
        )
        self.introduction.setAlignment(Qt.AlignmentFlag.AlignVCenter)
        self.first_button = dialog_button(tr("New collection"), "first-collection", "primary")
        self.first_button.clicked.connect(lambda: self.begin_new(""))
        center = Qt.AlignmentFlag.AlignHCenter
        beginning = QWidget()
        parts = (STRETCH, self.introduction, (self.first_button, center), STRETCH)
        column_of(*parts, parent=beginning, margins=0, spacing=12)
        row = self.lay_out(scroll_area_of(self._page), scroll_area_of(beginning))
        column_of((row, 1), self.status, parent=self, margins=DIALOG_MARGINS, spacing=10)
        for part in (self.list_part, self._page):
            FileDropFilter(part)

    def _connect(self) -> None:
        controller = self._controller
        self.files.delete_pressed.connect(
            lambda index: controller.remove_file(self.current_id, index.data(ROW).path)
        )
        self.files.chosen.connect(lambda index: controller.open_file(index.data(ROW)))
        for button, action in (
            (self.ask_button, controller.ask_in_draft),
            (self.refresh_button, controller.refresh),
            (self.delete_button, self.delete),
            (self.embed_button, controller.embed),
        ):
            button.clicked.connect(lambda *_, action=action: self.act(action))
        self.add_files_button.clicked.connect(
            lambda: choose_files(self, tr("Add files"), partial(controller.add, self.current_id))
        )
        self.add_folder_button.clicked.connect(self._choose_folder)
        self.work.cancel_requested.connect(controller.cancel_update)

    # ------------------------------------------------------------ state

    def set_collections(self, states: Sequence[CollectionState]) -> None:
        self._states = {state.collection.id: state for state in states}
        self.set_rows(
            [
                LibraryRow(state.collection.id, state.collection.name, number(state.count))
                for state in states
            ]
        )
        had_focus = self.first_button.hasFocus() or self.field.hasFocus()
        self.list_part.setVisible(bool(states))
        self.first_button.setVisible(not states)
        if had_focus:
            self._focus_beginning()
        if self.current_id:
            self._show_state(is_other=False)

    def set_files(self, files: Sequence[CollectionFile]) -> None:
        self._files_model.set_rows(files)
        self.files.update_focus_policy()
        self.files.setVisible(bool(files))
        self.empty_label.setVisible(not files)
        self.empty_label.setText(tr(NO_DOCUMENTS))

    def set_semantic_note(self, text: str) -> None:
        """Show a note on the data that creating embeddings would send; "" hides it."""
        self.semantic_note.setText(text)
        self.semantic_note.setAccessibleName(spoken_text(text))
        self._semantic_row.setVisible(bool(text))

    def show_work(self, text: str, done: int, total: int) -> None:
        """Show the progress of an update, described by `text`; "" hides it.

        The focus goes from the buttons to Cancel, and then to the question that follows, also while
        the dialog that chose the files is still the active window.
        """
        buttons = (
            self.refresh_button,
            self.add_files_button,
            self.add_folder_button,
            self.embed_button,
        )
        cancel_button = self.work.cancel_button
        if text:
            if self.work.isHidden():
                self.work.begin(text)
            self.work.set_text(text)
            self.work.set_progress(done, total)
            if self.window().focusWidget() in buttons:
                cancel_button.setFocus(Qt.FocusReason.OtherFocusReason)
        for button in buttons:
            button.setEnabled(not text)
        if not text:
            if self.window().focusWidget() is cancel_button:
                follower = self.ask_button if self.ask_button.isEnabled() else self.refresh_button
                follower.setFocus(Qt.FocusReason.OtherFocusReason)
            self.work.hide()

    def show_row(self, row_id: str) -> None:
        super().show_row(row_id)
        if row_id:
            self._show_state(is_other=True)
        self.set_files([])
        self.set_semantic_note("")
        self.empty_label.setText("")
        self._controller.show_shown_files()

    def _show_state(self, *, is_other: bool) -> None:
        """Show the name and the state of the collection; not the name while it is edited."""
        state = self._states[self.current_id]
        if is_other or not self.name.hasFocus():
            self.name.set_name(state.collection.name)
        summary = state.summary
        if folders := state.collection.folders:
            places = joined([str(folder) for folder in folders])
            summary = tr("{summary} · from {folder}", summary=summary, folder=places)
        self.state_label.setText(summary)
        self.state_label.setAccessibleName(spoken_text(self.state_label.text()))
        self.ask_button.setEnabled(state.ready > 0)
        set_tooltip(self.ask_button, "" if state.ready else tr("Add documents first."))

    # ------------------------------------------------------------ actions of the user

    def begin_new(self, _row_id: str) -> None:
        self._controller.create([])

    def delete(self, row_id: str) -> None:
        self._controller.delete(row_id)

    def focus_editor(self) -> None:
        self.files.setFocus()

    def report_edits(self) -> None:
        """Rename the collection."""
        state = self._states.get(self.current_id)
        name = self.name.text().strip()
        if state is None or not self.name.is_edited:
            return
        if not name:
            self.name.set_name(state.collection.name)
        elif name != state.collection.name:
            self._controller.rename(self.current_id, name)

    def _choose_folder(self) -> None:
        add = partial(self._controller.add, self.current_id)
        choose_folder(self, tr("Add folder"), lambda folder: add([folder]))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if files_in(event.mimeData()):
            accept_copy(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Add the files to the shown collection, or create a collection; see the module."""
        paths = files_in(event.mimeData())
        accept_copy(event)
        if self.current_id and not self.work.isVisible():
            self._controller.add(self.current_id, paths)
        elif paths:
            self._controller.create(paths)

    # ------------------------------------------------------------ appearance

    def update_theme(self) -> None:
        super().update_theme()
        px = current_theme().px
        self.introduction.setMargin(px(24))
        self.files.setMinimumHeight(px(80))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the main button below the name if the page is narrow."""
        super().resizeEvent(event)
        is_narrow = self.width() < current_theme().px(_NARROW_WIDTH)
        directions = QHBoxLayout.Direction
        self._head.setDirection(directions.TopToBottom if is_narrow else directions.LeftToRight)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self.name.hasFocus():
            self._focus_beginning()

    def _focus_beginning(self) -> None:
        """Focus the search, or the only button while there is nothing to search."""
        start = self.field if self._states else self.first_button
        start.setFocus(Qt.FocusReason.OtherFocusReason)

    def hideEvent(self, event: QHideEvent) -> None:
        """Apply a name that was typed but not confirmed."""
        self.report_edits()
        self.status.show_message("")
        super().hideEvent(event)
