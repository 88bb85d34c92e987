"""Restore, deletion and repair of the store, on the Data page of the settings."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal

from desktop_app.app.session import Session
from desktop_app.app.startup.closed_store import (
    BACKUP_FILES,
    ClosedWork,
    erasure_work,
    repair_work,
    restore_work,
)
from desktop_app.app.window.main_window import MainWindow
from desktop_app.backup.ui.data_tab import DataTab
from desktop_app.i18n.translation import N_, tr
from desktop_app.widgets.file_dialogs import choose_file
from desktop_app.widgets.forms.form_dialog import ask

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
        self, window: MainWindow, state: Session, run_on_closed_store: Callable[[ClosedWork], None]
    ) -> None:
        super().__init__(window)
        self._parent = window
        self._panel = window.settings
        self._current = state.current
        self._values = state.values
        self._folders = state.backend.folders
        self._run_on_closed_store = run_on_closed_store
        self._panel.pages.data.on_created(self._connect_page)
        for signal in (self._current.opened, self._current.path_changed):
            signal.connect(self._update_export_scopes)
        self._update_export_scopes()

    def _connect_page(self, page: DataTab) -> None:
        page.export_requested.connect(self.export)
        page.restore_requested.connect(self.choose_restore)
        page.erase_requested.connect(self._erase)

    def _update_export_scopes(self) -> None:
        """Offer the export of the open conversation if there is one."""
        has_open = self._current.is_listed
        self._panel.pages.data.set_content(
            key="has-open-conversation", show=lambda page: page.set_has_open_conversation(has_open)
        )

    def show(self) -> None:
        """Show the Data page of the settings."""
        self._panel.request_show()
        self._panel.show_page("library")  # the id of the page whose title is "Data"

    def export(self, scope: str, format_id: str) -> None:
        """Request the export of the open conversation (scope "open"), or of all."""
        ids = [self._current.id] if scope == "open" else None
        self.export_requested.emit(ids, format_id)

    def choose_restore(self) -> None:
        """Ask for a backup file and for confirmation, then restore it."""
        start = Path.home()
        backup_folder = str(self._values["backup.folder"])  # "" if none was chosen
        if os.path.isdir(backup_folder):  # noqa: PTH112 — Path.is_dir raises if the disk has gone
            start = Path(backup_folder)
        choose_file(
            self._parent,
            tr("Restore backup"),
            self._confirm_restore,
            start=start,
            filters=tr(BACKUP_FILES),
        )

    def _confirm_restore(self, archive: Path) -> None:
        ask(
            self._parent,
            "confirm-restore",
            tr("Restore {file}?", file=archive.name),
            tr(_RESTORE_WARNING),
            label=tr("Restore"),
            on_accepted=lambda: self._run_on_closed_store(restore_work(self._folders, archive)),
            is_destructive=False,  # the present library is kept, as the warning says
        )

    def _erase(self) -> None:
        """Delete everything. The user has confirmed it on the page."""
        self._run_on_closed_store(erasure_work(self._folders))

    def repair(self) -> None:
        """Repair the store, after damage was found."""
        self._run_on_closed_store(repair_work(self._folders))
