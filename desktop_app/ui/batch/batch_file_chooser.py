"""The files of a new batch job."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, Signal

from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.ui.look.theme import set_role
from desktop_app.ui.widgets.boxes import column_of
from desktop_app.ui.widgets.buttons.dialog_button import dialog_button
from desktop_app.ui.widgets.file_dialogs import choose_files, choose_folder
from desktop_app.ui.widgets.flow_layout import FlowLayout
from desktop_app.ui.widgets.text.foreign_text import PlainLabel, spoken_text

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

MAX_NAMED_FILES: Final = 3


class BatchFileChooser(QObject):
    """The chosen files, and the buttons that add and remove them.

    Attributes:
        paths: the files and folders, in the order in which they were added.
        label: names the first files.
        add_files_button, clear_button, undo_button: the buttons with these names.
        column: the layout of all parts.

    Signals:
        changed(): files were added or removed.
    """

    changed = Signal()

    def __init__(self, page: QWidget) -> None:
        super().__init__(page)
        self._page = page
        self.paths: tuple[Path, ...] = ()
        self._cleared_paths: tuple[Path, ...] = ()
        self.label = PlainLabel(name="batch-files", wraps=True)
        self.add_files_button = dialog_button(tr("Add files…"), "batch-add-files")
        self._add_folder_button = dialog_button(tr("Add folder…"), "batch-add-folder")
        self.clear_button = dialog_button(tr("Clear"), "batch-clear-files")
        self.undo_button = dialog_button(tr("Undo"), "batch-undo-clear", "link")
        self.undo_button.setAccessibleName(spoken_text(tr("Undo: {what}", what=tr("Clear"))))
        self.undo_button.hide()
        buttons = FlowLayout(
            self.add_files_button, self._add_folder_button, self.clear_button, self.undo_button
        )
        self.column = column_of(self.label, buttons, spacing=8)
        self.add_files_button.clicked.connect(self._choose_files)
        self._add_folder_button.clicked.connect(self._choose_folder)
        self.clear_button.clicked.connect(self._clear)
        self.undo_button.clicked.connect(self._restore)
        self._show_names()

    def add_paths(self, paths: Sequence[Path]) -> None:
        """Add files and folders."""
        self._set_paths((*self.paths, *paths))

    def remove_paths(self, paths: Collection[Path]) -> None:
        """Remove files and folders, also from those that Undo would add again."""
        self._cleared_paths = tuple(path for path in self._cleared_paths if path not in paths)
        self.undo_button.setVisible(bool(self._cleared_paths) and not self.undo_button.isHidden())
        self._set_paths([path for path in self.paths if path not in paths])

    def _set_paths(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(dict.fromkeys(paths))
        self._show_names()
        self.changed.emit()

    def _choose_files(self) -> None:
        choose_files(self._page, tr("Select files"), self.add_paths, start=Path.home())

    def _choose_folder(self) -> None:
        choose_folder(
            self._page,
            tr("Select folder"),
            lambda folder: self.add_paths([folder]),
            start=Path.home(),
        )

    def _clear(self) -> None:
        self._cleared_paths = self.paths
        self._set_paths(())
        self.undo_button.show()
        self.undo_button.setFocus(Qt.FocusReason.OtherFocusReason)  # Clear has become disabled

    def _restore(self) -> None:
        self.undo_button.hide()
        self._set_paths((*self._cleared_paths, *self.paths))
        self.clear_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_names(self) -> None:
        count = len(self.paths)
        names = [path.name for path in self.paths[:MAX_NAMED_FILES]]
        if count > MAX_NAMED_FILES:
            names.append(tr_plural("{count} more", "{count} more", count - MAX_NAMED_FILES))
        text = tr("Add files or drop them here.")
        if count:
            text = tr_plural(
                "{count} file or folder: {names}",
                "{count} files and folders: {names}",
                count,
                names=formatting.joined(names),
            )
        self.label.setText(text)
        set_role(self.label, "" if count else "note")
        self.label.setAccessibleName(spoken_text(text))
        self.clear_button.setEnabled(bool(count))
