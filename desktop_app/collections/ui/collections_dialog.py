"""The page that manages collections: their list, and the files of the selected one.

Files and folders can be dropped anywhere on it. A drop creates a collection if none is selected, or
while a collection is being updated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

from desktop_app.collections.ui.collection_updates import CollectionState
from desktop_app.composer.dropped_content import FileDropFilter, accept_copy, files_in
from desktop_app.domain.documents.collections import CollectionFile
from desktop_app.i18n.formatting import number
from desktop_app.i18n.translation import N_, tr, tr_context, tr_plural
from desktop_app.widgets.boxes import DIALOG_MARGINS, FlowLayout, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import delete_button, dialog_button
from desktop_app.widgets.cards.progress_card import ProgressCard
from desktop_app.widgets.file_dialogs import choose_files, choose_folder
from desktop_app.widgets.library_list import LibraryList, LibraryRow, NameField, beside_list
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.rows.row_delegate import RowDelegate
from desktop_app.widgets.rows.row_view import RowView
from desktop_app.widgets.rows.rows_model import ROW, Index, RowsModel
from desktop_app.widgets.status_line import StatusLine
from desktop_app.widgets.text.foreign_text import PlainLabel, one_line, set_tooltip, spoken_text
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


class CollectionsPage(QWidget):
    """The page of collections."""

    def __init__(self, parent: QWidget, controller: CollectionsController) -> None:
        super().__init__(parent)
        self._controller = controller
        self.setObjectName("collections-dialog")
        self.setWindowTitle(tr("Collections"))
        self.setAcceptDrops(True)
        self._states: dict[str, CollectionState] = {}
        self.list = LibraryList(
            "collections",
            label=tr("Collections"),
            find_label=tr("Find a collection"),
            new_label=tr("New collection"),
        )
        self.name = NameField(tr("Collection name"), "collection-name")
        self.state_label = PlainLabel(name="collection-state", role="note", wraps=True)
        self._model = CollectionFilesModel(self)
        self._delegate = CollectionFilesDelegate(self)
        self.files = RowView("collection-files", self._model, self._delegate)
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
        self._lay_out()
        self._connect()
        self.update_theme()
        self._show_collection("")

    def _lay_out(self) -> None:
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
            FlowLayout(
                self.add_files_button,
                self.add_folder_button,
                self.refresh_button,
                self.delete_button,
            ),
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
        self._page_area = scroll_area_of(self._page)
        self._introduction_area = scroll_area_of(self.introduction)
        row = beside_list(self.list, self._page_area, self._introduction_area)
        column_of((row, 1), self.status, parent=self, margins=DIALOG_MARGINS, spacing=10)
        for part in (self.list, self._page):
            FileDropFilter(part)

    def _connect(self) -> None:
        controller = self._controller
        self.list.current_changed.connect(self._show_collection)
        self.list.new_requested.connect(lambda: controller.create([]))
        self.list.delete_pressed.connect(self._act(controller.delete))
        self.list.chosen.connect(lambda _id: self.files.setFocus())
        self.name.editingFinished.connect(self._rename)
        self.files.delete_pressed.connect(
            lambda index: controller.remove_file(self.current, index.data(ROW).path)
        )
        self.files.chosen.connect(lambda index: controller.open_file(index.data(ROW)))
        self.ask_button.clicked.connect(self._act(controller.ask_in_draft))
        self.refresh_button.clicked.connect(self._act(controller.updates.refresh))
        self.delete_button.clicked.connect(self._act(controller.delete))
        self.embed_button.clicked.connect(self._act(controller.updates.embed))
        self.add_files_button.clicked.connect(
            lambda: choose_files(
                self, tr("Add files"), partial(controller.updates.add, self.current)
            )
        )
        self.add_folder_button.clicked.connect(self._choose_folder)
        self.work.cancel_requested.connect(controller.updates.cancel)

    # ------------------------------------------------------------ state

    @property
    def current(self) -> str:
        """Return the id of the shown collection; "" for none."""
        return self.list.current_id

    def set_collections(self, states: Sequence[CollectionState]) -> None:
        """Set all collections."""
        self._states = {state.collection.id: state for state in states}
        self.list.set_rows(
            [
                LibraryRow(state.collection.id, state.collection.name, number(state.count))
                for state in states
            ]
        )
        if not self.current and states:
            self.list.select(states[0].collection.id)
        self._show_collection(self.current, is_other=False)

    def select(self, collection_id: str, *, is_new: bool = False) -> None:
        """Show a collection; select the name of a new one for typing."""
        self.list.select(collection_id)
        if is_new:
            self.name.setFocus(Qt.FocusReason.OtherFocusReason)
            self.name.selectAll()

    def set_files(self, files: Sequence[CollectionFile]) -> None:
        """Set the files of the shown collection."""
        self._model.set_rows(files)
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

        The focus goes from the buttons to Cancel, and back: Qt would focus Delete.
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
            if any(button.hasFocus() for button in buttons):
                cancel_button.setFocus(Qt.FocusReason.OtherFocusReason)
        for button in buttons:
            button.setEnabled(not text)
        if not text:
            if cancel_button.hasFocus():
                self.refresh_button.setFocus(Qt.FocusReason.OtherFocusReason)
            self.work.hide()

    def _show_collection(self, collection_id: str, *, is_other: bool = True) -> None:
        """Show a collection, or the introduction with "".

        Args:
            is_other: False if it is shown already, and only its state may have changed.
        """
        state = self._states.get(collection_id)
        self._page_area.setVisible(state is not None)
        self._introduction_area.setVisible(state is None)
        if state is not None:
            if is_other or not self.name.hasFocus():
                self.name.set_name(state.collection.name)
            summary, folder = state.summary, state.collection.folder
            if folder:
                summary = tr("{summary} · from {folder}", summary=summary, folder=folder)
            self.state_label.setText(summary)
            self.state_label.setAccessibleName(spoken_text(self.state_label.text()))
            self.ask_button.setEnabled(state.ready > 0)
            set_tooltip(self.ask_button, "" if state.ready else tr("Add documents first."))
        if is_other:
            self.set_files([])
            self.set_semantic_note("")
            self.empty_label.setText("")
            self._controller.show_shown_files()

    # ------------------------------------------------------------ actions of the user

    def _act(self, action: Callable[[str], object]) -> Callable[[], None]:
        """Return a slot that calls an action with the id of the shown collection, if any."""

        def act(*_: object) -> None:
            if self.current:
                action(self.current)

        return act

    def _rename(self) -> None:
        state = self._states.get(self.current)
        name = self.name.text().strip()
        if state is None or not self.name.is_edited:
            return
        if not name:
            self.name.set_name(state.collection.name)
        elif name != state.collection.name:
            self._controller.rename(self.current, name)

    def _choose_folder(self) -> None:
        collection_id = self.current
        add = self._controller.updates.add
        choose_folder(self, tr("Add folder"), lambda folder: add(collection_id, [folder]))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if files_in(event.mimeData()):
            accept_copy(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Add the files to the shown collection, or create a collection; see the module."""
        paths = files_in(event.mimeData())
        accept_copy(event)
        if self.current and not self.work.isVisible():
            self._controller.updates.add(self.current, paths)
        elif paths:
            self._controller.create(paths)

    # ------------------------------------------------------------ appearance

    def update_theme(self) -> None:
        theme = current_theme()
        px = theme.px
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
            self.list.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def hideEvent(self, event: QHideEvent) -> None:
        """Apply a name that was typed but not confirmed, and complete a deletion."""
        self._rename()
        self.status.show_message("")
        super().hideEvent(event)
        self._controller.complete_deletion()
