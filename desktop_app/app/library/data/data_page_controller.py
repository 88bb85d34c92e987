"""Restore, deletion and repair of the store, on the Data page of the settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from desktop_app.app.state.conversation.open_conversation import OpenConversation
from desktop_app.i18n.translation import N_, tr
from desktop_app.ui.widgets.file_dialogs import choose_file
from desktop_app.ui.widgets.forms.question import ask

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.app.startup.closed_store import ClosedWork
    from desktop_app.app.state.setting_values import SettingValues
    from desktop_app.paths import Folders
    from desktop_app.ui.settings.settings_panel import SettingsPanel
    from desktop_app.ui.settings.tabs.data_tab import DataTab

_RESTORE_WARNING: Final = N_(
    "This replaces your conversations, attachments, and settings. "
    "Your current library is kept in a separate file. Repartee will restart."
)


class DataPageController(QObject):
    """Commands of the Data page, which restore, erase, repair and export the store.

    Args:
        run_on_closed_store: ends the window, does the work on the closed store, and starts again.

    Signals:
        export_requested(list[str] | None, str): export these conversations, None for all, in the
            format of this id.
    """

    export_requested = Signal(object, str)

    def __init__(
        self,
        parent: QWidget,
        run_on_closed_store: Callable[[ClosedWork], None],
        *,
        panel: SettingsPanel,
        current: OpenConversation,
        values: SettingValues,
        user_folders: Folders,
    ) -> None:
        super().__init__(parent)
        self._parent, self._panel = parent, panel
        self._current, self._values, self._user_folders = current, values, user_folders
        self._run_on_closed_store = run_on_closed_store
        panel.pages.data.on_created(self._connect_page)
        for signal in (current.opened, current.path_changed):
            signal.connect(self._show_has_open_conversation)

    def _connect_page(self, page: DataTab) -> None:
        page.export_requested.connect(self.export)
        page.restore_requested.connect(self.choose_restore)
        page.erase_requested.connect(self._erase)

    def _show_has_open_conversation(self) -> None:
        has_open = self._current.is_listed
        self._panel.pages.data.set_content(
            "open", lambda page: page.set_has_open_conversation(has_open)
        )

    def show(self) -> None:
        """Show the Data page of the settings."""
        self._panel.request_show()
        self._panel.show_page("library")

    def export(self, scope: str, format_id: str) -> None:
        """Request the export of the open conversation (scope "open"), or of all."""
        ids = [self._current.id] if scope == "open" else None
        self.export_requested.emit(ids, format_id)

    def choose_restore(self) -> None:
        """Ask for a backup file and for confirmation, then restore it."""
        # Imported here and below, because the start does not need it.
        from desktop_app.app.startup.closed_store import BACKUP_FILES

        backup_folder = Path(str(self._values["backup.folder"]) or Path.home())
        choose_file(
            self._parent,
            tr("Restore backup"),
            self._confirm_restore,
            start=backup_folder if backup_folder.is_dir() else Path.home(),
            filters=tr(BACKUP_FILES),
        )

    def _confirm_restore(self, archive: Path) -> None:
        from desktop_app.app.startup.closed_store import restore_work

        ask(
            self._parent,
            "confirm-restore",
            tr("Restore {file}?", file=archive.name),
            tr(_RESTORE_WARNING),
            label=tr("Restore"),
            on_accepted=lambda: self._run_on_closed_store(
                restore_work(self._user_folders, archive)
            ),
            is_destructive=False,
        )

    def _erase(self) -> None:
        from desktop_app.app.startup.closed_store import erasure_work

        self._run_on_closed_store(erasure_work(self._user_folders))

    def repair(self) -> None:
        """Repair the store, after damage was found."""
        from desktop_app.app.startup.closed_store import repair_work

        self._run_on_closed_store(repair_work(self._user_folders))
