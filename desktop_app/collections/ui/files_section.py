"""The files of a folder of conversations, below its settings."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from desktop_app.app.session import Session
from desktop_app.collections.ui.collections_controller import CollectionsController
from desktop_app.i18n.formatting import joined
from desktop_app.i18n.translation import N_, tr
from desktop_app.widgets.boxes import FlowLayout
from desktop_app.widgets.buttons.dialog_button import compact_button
from desktop_app.widgets.file_dialogs import choose_files, choose_folder
from desktop_app.widgets.forms.form_widgets import AnswerSection, Note

_ABOUT: Final = N_(
    "Each message in this folder is sent with the passages of these files that fit it. Folders are "
    "read again when they change."
)


class FilesSection(AnswerSection):
    """The section; see the module."""

    def __init__(self, session: Session) -> None:
        super().__init__(tr("Files"))
        self._folders = session.folders
        self._controller = session.of(CollectionsController)
        self._folder_id = ""
        self.note.set_text(tr(_ABOUT))
        self._state = Note(object_name="folder-files")
        self._missing = Note(object_name="missing-files")
        files = compact_button(tr("Add files…"), "add-folder-files", "plain")
        files.clicked.connect(lambda: choose_files(self, tr("Add files"), self._adder()))
        folder = compact_button(tr("Add folder…"), "add-folder-folder", "plain")
        folder.clicked.connect(self._choose_folder)
        self._show_button = compact_button(tr("Show files"), "show-folder-files", "plain")
        self._show_button.clicked.connect(
            lambda: self._controller.show_collection(self._collection_id)
        )
        self.body.addWidget(self._state)
        self.body.addWidget(self._missing)
        self.body.addLayout(FlowLayout(files, folder, self._show_button))
        self._controller.changed.connect(self._show)
        self._folders.changed.connect(self._show)

    def show_scope(self, folder_id: str | None) -> None:
        self.setVisible(bool(folder_id))
        if folder_id and folder_id != self._folder_id:
            self._folder_id = folder_id
            self._controller.check_files()
        self._show()

    @property
    def _collection_id(self) -> str:
        folder = self._folders.by_id.get(self._folder_id)
        return "" if folder is None else folder.collection_id

    def _adder(self) -> partial[None]:
        return partial(self._controller.add_to_folder, self._folder_id)

    def _choose_folder(self) -> None:
        add = self._adder()
        choose_folder(self, tr("Add folder"), lambda path: add([Path(path)]))

    def _show(self) -> None:
        state = self._controller.states.get(self._collection_id)
        progress, _, _ = self._controller.progress_text(self._collection_id)
        summary = "" if state is None else state.summary
        self._state.set_text(progress or summary)
        self._show_button.setVisible(state is not None)
        folder = self._folders.by_id.get(self._folder_id)
        names = () if folder is None or state is not None else folder.file_names
        text = tr("Not on this computer: {names}", names=joined(names)) if names else ""
        self._missing.set_text(text)
