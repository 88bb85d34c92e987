"""The choice of attachments: the menu at the paperclip, and the dialogs for files and folders."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QToolButton, QWidget

from desktop_app.i18n.translation import N_, tr
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.text.foreign_text import menu_text

_COMMANDS: Final = {
    "prompt.attach": N_("Attach files…"),
    "prompt.attach-folder": N_("Attach folder…"),
    "collections.ask": N_("Ask a collection…"),
    "collections.show": N_("Collections"),
}


class AttachmentPicker(QObject):
    """The dialogs and the menu from which the user chooses attachments.

    Args:
        parent: the parent of the dialogs and the menu.
        button: opens the dialog for files, and the menu at a right click.
        menu_button: opens the menu.

    Signals:
        files_chosen(list[Path]): the user chose these files, or a folder.
        command_requested(str): run the command with this id.
    """

    files_chosen = Signal(list)
    command_requested = Signal(str)

    def __init__(self, parent: QWidget, button: QToolButton, menu_button: QToolButton) -> None:
        super().__init__(parent)
        self._parent = parent
        self._button = button
        button.clicked.connect(self.choose_files)
        button.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        button.customContextMenuRequested.connect(lambda _: self._open_menu())
        menu_button.clicked.connect(self._open_menu)

    def choose_files(self) -> None:
        """Let the user choose files."""
        from desktop_app.widgets.file_dialogs import choose_files  # not needed at start-up

        choose_files(self._parent, tr("Attach files"), self.files_chosen.emit)

    def choose_folder(self) -> None:
        """Let the user choose a folder."""
        from desktop_app.widgets.file_dialogs import choose_folder

        choose_folder(
            self._parent, tr("Attach folder"), lambda folder: self.files_chosen.emit([folder])
        )

    def _open_menu(self) -> None:
        menu = ProgramMenu(self._parent)
        menu.setObjectName("attach-menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for command_id, label in _COMMANDS.items():
            menu.addAction(menu_text(tr(label)), partial(self.command_requested.emit, command_id))
        menu.popup(self._button.mapToGlobal(self._button.rect().topLeft()))
