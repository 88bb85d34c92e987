"""The menu of what can be added to a message, and the dialogs for files and folders."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QToolButton, QWidget

from desktop_app.composer.choice.choice_menus import add_note
from desktop_app.composer.choice.choice_view import no_choice
from desktop_app.i18n.translation import N_, tr
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.text.foreign_text import menu_text

_COMMANDS: Final = {
    "prompt.attach": N_("Attach files…"),
    "prompt.attach-folder": N_("Attach folder…"),
    "collections.ask": N_("Ask a collection…"),
    "tools.choose": N_("Tools…"),
    "prompt.background": N_("Run in background"),
}


class AttachmentPicker(QObject):
    """The dialogs and the menu from which the user chooses attachments.

    Args:
        parent: the parent of the dialogs and the menu.
        button: opens the menu.

    Attributes:
        choice: tells whether background answers are offered and on.

    Signals:
        files_chosen(list[Path]): the user chose these files, or a folder.
        command_requested(str): run the command with this id.
    """

    files_chosen = Signal(list)
    command_requested = Signal(str)

    def __init__(self, parent: QWidget, button: QToolButton) -> None:
        super().__init__(parent)
        self._parent = parent
        self._button = button
        self.choice = no_choice()
        button.clicked.connect(self._open_menu)

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
            if command_id == "prompt.background" and self.choice.background is None:
                continue
            action = menu.addAction(menu_text(tr(label)))
            action.triggered.connect(partial(self.command_requested.emit, command_id))
            if command_id == "prompt.background":
                action.setCheckable(True)
                action.setChecked(bool(self.choice.background))
                note = tr(
                    "Keeps running at {provider}, which stores the request and the response "
                    "(OpenAI: 30 days or more).",
                    provider=self.choice.provider_name,
                )
                add_note(menu, note)
        menu.popup(self._button.mapToGlobal(self._button.rect().topLeft()))
