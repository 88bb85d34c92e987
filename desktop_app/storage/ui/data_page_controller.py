"""Restore, deletion and repair of the store, on the Data page of the settings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from desktop_app.app.session import Controller, Session
from desktop_app.app.startup.closed_store import (
    BACKUP_FILES,
    erasure_work,
    repair_work,
    restore_work,
)
from desktop_app.i18n.translation import N_, tr
from desktop_app.widgets.file_dialogs import choose_file
from desktop_app.widgets.forms.form_dialog import ask

_RESTORE_WARNING: Final = N_(
    "This replaces your conversations, attachments, and settings. "
    "Your current library is kept in a separate file. Repartee will restart."
)


class DataPageController(Controller):
    """Commands of the Data page, which restore, erase, repair and export the store."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._folders = session.backend.folders

    def show(self) -> None:
        """Show the Data page of the settings."""
        self._window.settings.request_show()
        self._window.settings.show_page("library")  # the id of the page whose title is "Data"

    def choose_restore(self) -> None:
        """Ask for a backup file and for confirmation, then restore it."""
        start = Path.home()
        backup_folder = str(self._values["backup.folder"])  # "" if none was chosen
        if os.path.isdir(backup_folder):  # noqa: PTH112 — Path.is_dir raises if the disk has gone
            start = Path(backup_folder)
        choose_file(
            self._window,
            tr("Restore backup"),
            self._confirm_restore,
            start=start,
            filters=tr(BACKUP_FILES),
        )

    def _confirm_restore(self, archive: Path) -> None:
        ask(
            self._window,
            "confirm-restore",
            tr("Restore {file}?", file=archive.name),
            tr(_RESTORE_WARNING),
            label=tr("Restore"),
            on_accepted=lambda: self._session.run_on_closed_store(
                restore_work(self._folders, archive)
            ),
            is_destructive=False,  # the present library is kept, as the warning says
        )

    def erase(self) -> None:
        """Delete everything. The user has confirmed it on the page."""
        self._session.run_on_closed_store(erasure_work(self._folders))

    def repair(self) -> None:
        """Repair the store, after damage was found."""
        self._session.run_on_closed_store(repair_work(self._folders))
