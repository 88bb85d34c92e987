"""The files of a project, on its page: what is read, what failed, and what is sent for a search."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyleOptionViewItem, QWidget

from desktop_app.app.session import Session
from desktop_app.collections.ui.collections_controller import CollectionsController
from desktop_app.domain.documents.collections import CollectionFile
from desktop_app.i18n.formatting import joined
from desktop_app.i18n.translation import N_, tr, tr_context, tr_plural
from desktop_app.widgets.boxes import FlowLayout, row_of
from desktop_app.widgets.buttons.dialog_button import compact_button
from desktop_app.widgets.file_dialogs import choose_files, choose_folder
from desktop_app.widgets.forms.form_widgets import AnswerSection
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.rows.row_delegate import RowDelegate
from desktop_app.widgets.rows.row_view import RowView
from desktop_app.widgets.rows.rows_model import ROW, Index, RowsModel
from desktop_app.widgets.status_line import ProgressCard, StatusLine
from desktop_app.widgets.text.foreign_text import PlainLabel, one_line, spoken_text

_ABOUT: Final = N_(
    "Each message in this project is sent with the passages of these files that fit it. Folders "
    "are read again when they change."
)
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


class FilesSection(AnswerSection):
    """The section; see the module."""

    def __init__(self, session: Session) -> None:
        super().__init__(tr("Files"))
        self._folders = session.folders
        self._controller = controller = session.of(CollectionsController)
        controller.section = self
        self._project_id = ""
        self._shown_id: str | None = None  # of the collection whose files are listed
        self.note.set_text(tr(_ABOUT))
        self.state_label = PlainLabel(name="project-files-state", role="note", wraps=True)
        self._model = CollectionFilesModel(self)
        self.files = RowView("project-files", self._model, CollectionFilesDelegate(self))
        self.files.setAccessibleName(tr("Files"))
        self._semantic_row = QWidget()
        self.semantic_note = PlainLabel(name="files-meaning", role="note", wraps=True)
        self.embed_button = compact_button(tr("Create embeddings"), "embed-files")
        row_of((self.semantic_note, 1), self.embed_button, parent=self._semantic_row, margins=0)
        self.work = ProgressCard()
        self.work.setObjectName("files-work")
        add_files = compact_button(tr("Add files…"), "add-files", "plain")
        add_folder = compact_button(tr("Add folder…"), "add-folder", "plain")
        self.refresh_button = compact_button(tr("Check for changes"), "refresh-files", "plain")
        self.status = StatusLine("files")
        for part in (self.state_label, self.files, self._semantic_row, self.work):
            self.body.addWidget(part)
        self.body.addLayout(FlowLayout(add_files, add_folder, self.refresh_button))
        self.add(self.status)
        self.files.delete_pressed.connect(
            lambda row: controller.remove_file(self.collection_id, row.data(ROW).path)
        )
        self.files.chosen.connect(lambda row: controller.open_file(row.data(ROW)))
        self.embed_button.clicked.connect(lambda: controller.embed(self.collection_id))
        self.refresh_button.clicked.connect(lambda: controller.refresh(self.collection_id))
        self.work.cancel_requested.connect(controller.cancel_update)
        add_files.clicked.connect(lambda: choose_files(self, tr("Add files"), self._adder()))
        add_folder.clicked.connect(self._choose_folder)
        controller.changed.connect(self._show)

    def show_scope(self, folder_id: str | None) -> None:
        if (folder_id or "") != self._project_id:
            self.status.show_message("")
        self._project_id = folder_id or ""
        if folder_id:
            self._controller.check_files()
        self._show()

    @property
    def collection_id(self) -> str:
        project = self._folders.by_id.get(self._project_id)
        return "" if project is None else project.collection_id

    def _adder(self) -> partial[None]:
        return partial(self._controller.add_to_project, self._project_id)

    def _choose_folder(self) -> None:
        add = self._adder()
        choose_folder(self, tr("Add folder"), lambda path: add([Path(path)]))

    def _show(self) -> None:
        state = self._controller.states.get(self.collection_id)
        summary = "" if state is None or not state.count else state.summary
        if state is not None and (folders := state.collection.folders):
            places = joined([str(folder) for folder in folders])
            summary = tr("{summary} · from {folder}", summary=state.summary, folder=places)
        project = self._folders.by_id.get(self._project_id)
        if state is None and project is not None and project.file_names:
            names = joined(project.file_names)
            summary = tr("Not on this computer: {names}", names=names)
        self.state_label.setText(summary)
        self.state_label.setAccessibleName(spoken_text(summary))
        self.state_label.setVisible(bool(summary))
        self.refresh_button.setVisible(state is not None)
        if self.collection_id != self._shown_id:
            self._shown_id = self.collection_id
            self.set_files([])
            self.set_semantic_note("")
        self._show_work(*self._controller.progress_text(self.collection_id))

    def set_files(self, files: Sequence[CollectionFile]) -> None:
        if files != self._model.rows:
            self._model.set_rows(files)
            self.files.update_focus_policy()
            self.files.fit_rows()
        self.files.setVisible(bool(files))

    def set_semantic_note(self, text: str) -> None:
        """Show a note on the data that creating embeddings would send; "" hides it."""
        self.semantic_note.setText(text)
        self.semantic_note.setAccessibleName(spoken_text(text))
        if not text and self.embed_button.hasFocus():
            self.refresh_button.setFocus(Qt.FocusReason.OtherFocusReason)
        self._semantic_row.setVisible(bool(text))

    def _show_work(self, text: str, done: int, total: int) -> None:
        """Show the progress of an update, described by `text`; "" hides it.

        The buttons stay as they are: a second press only says that files are being read.
        """
        if text:
            if self.work.isHidden():
                self.work.begin(text)
            self.work.set_text(text)
            self.work.set_progress(done, total)
            return
        if self.work.cancel_button.hasFocus():
            self.refresh_button.setFocus(Qt.FocusReason.OtherFocusReason)
        self.work.hide()
