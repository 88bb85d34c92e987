"""The Library page of the settings, and what it leads to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject

from desktop_app.app.library.backup_controller import BackupController
from desktop_app.app.library.transfer_controller import TransferController
from desktop_app.app.startup.closed_store import (
    BACKUP_FILES,
    ClosedWork,
    erasing,
    repairing,
    restoring,
)
from desktop_app.app.state.open_conversation import OpenConversation
from desktop_app.app.state.setting_values import SettingValues
from desktop_app.app.tasks import Tasks
from desktop_app.backend.backend import Backend
from desktop_app.ui.look.theme import ThemeWatcher
from desktop_app.ui.widgets.foreign_text import message_box
from desktop_app.ui.window.main_window import MainWindow

_RESTORES: Final = (
    "The library will be as it was when this backup was made: conversations, attachments and "
    "settings. The window closes, and opens again after it. What is there now is kept in a "
    "file beside it."
)


class DataPageController(QObject):
    """Import, export, backups, restoring, deleting everything, repair.

    Args:
        end_for: ends the window, does the work on the closed store, and starts again.
        came: conversations were added by another process.
    """

    def __init__(
        self,
        window: MainWindow,
        theme: ThemeWatcher,
        end_for: Callable[[ClosedWork], None],
        came: Callable[[], Awaitable[None]],
        *,
        current: OpenConversation,
        values: SettingValues,
        tasks: Tasks,
        backend: Backend,
    ) -> None:
        super().__init__(window)
        self._window, self._current, self._backend, self._end_for = (
            window,
            current,
            backend,
            end_for,
        )
        self.transfer = TransferController(window, theme, came, current=self._current, tasks=tasks)
        self.backups = BackupController(
            window,
            self.transfer.back_up,
            values=values,
            tasks=tasks,
            backend=self._backend,
        )
        panel = window.settings
        panel.import_requested.connect(self.transfer.choose_import)
        panel.export_requested.connect(self.export)
        window.conversations.export_requested.connect(self.transfer.choose_export)
        panel.backup_requested.connect(self.backups.by_hand)
        panel.restore_requested.connect(self.choose_restore)
        panel.erase_requested.connect(lambda: end_for(erasing(self._backend.folders)))
        for changed in (self._current.opened, self._current.path_changed):
            changed.connect(lambda: panel.set_has_open(self._can_export))

    @property
    def _can_export(self) -> bool:
        return not self._current.is_new and not self._current.is_private

    async def start(self) -> None:
        """Begin to look at the clock."""
        await self.backups.start()

    def close(self) -> None:
        """The program ends."""
        self.transfer.close()
        self.backups.close()

    def show(self) -> None:
        """Open the page."""
        self._window.show_settings(True)
        self._window.settings.show_page("library")

    def export(self, which: str, format_id: str) -> None:
        """Export the open conversation or all of them."""
        ids = [self._current.id] if which == "open" else None
        self.transfer.choose_export(ids, format_id)

    def choose_restore(self) -> None:
        """Ask for a backup, explain, and restore it."""
        from PySide6.QtWidgets import QFileDialog  # here and below: no part of the start

        name, _ = QFileDialog.getOpenFileName(
            self._window, "Restore a backup", str(Path.home()), BACKUP_FILES
        )
        if name:
            self._confirm_restore(Path(name))

    def _confirm_restore(self, archive: Path) -> None:
        from PySide6.QtWidgets import QMessageBox

        box = message_box(f"Restore {archive.name}?", _RESTORES, parent=self._window)
        box.setObjectName("confirm-restore")
        restore = box.addButton("Restore", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        where = self._backend.folders

        def answered() -> None:
            if box.clickedButton() is restore:
                self._end_for(restoring(where, archive))
            box.deleteLater()

        box.finished.connect(lambda _result: answered())
        box.open()

    def repair(self) -> None:
        """Repair the store, which was found damaged while the window was open."""
        self._end_for(repairing(self._backend.folders))
