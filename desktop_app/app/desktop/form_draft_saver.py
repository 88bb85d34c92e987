"""Storage of unsaved changes in open forms, because the session may end without asking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QGuiApplication

from desktop_app.domain.errors import StorageError
from desktop_app.ui.widgets.forms.form_dialog import (
    collect_form_drafts,
    forget_form_drafts,
    is_form_open,
    leave_field,
    restore_form_drafts,
)

if TYPE_CHECKING:
    from desktop_app.app.tasks import Tasks
    from desktop_app.storage.settings.settings_store import SettingsStore

FORMS_KEY: Final = "window.forms"
_INTERVAL_MS: Final = 2000


class FormDraftSaver(QObject):
    """Timer that stores changes in open forms every two seconds, and at the program's end.

    At logout most desktops close the display, and Qt then ends the process at once.
    """

    def __init__(self, parent: QObject, *, settings_store: SettingsStore, tasks: Tasks) -> None:
        super().__init__(parent)
        self._settings_store = settings_store
        self._tasks = tasks
        self._stored_drafts: dict[str, Any] | None = {}  # None after a failed write
        self._timer = QTimer(self, interval=_INTERVAL_MS)
        self._timer.timeout.connect(self.save)
        self._is_closed = False
        application = QGuiApplication.instance()
        if isinstance(application, QGuiApplication):
            application.focusObjectChanged.connect(self._on_focus_changed)

    def restore(self, stored_settings: dict[str, Any]) -> None:
        """Load the changes that an earlier run stored; their forms show them when opened."""
        if drafts := stored_settings.get(FORMS_KEY):
            self._stored_drafts = drafts
            restore_form_drafts(drafts)

    def save(self) -> None:
        """Store the changes that are not stored yet."""
        if not is_form_open():
            self._timer.stop()  # until something else has the focus
        drafts = collect_form_drafts()
        if drafts != self._stored_drafts:
            is_retry = self._stored_drafts is None
            self._stored_drafts = drafts
            self._tasks.start(self._write(drafts, is_retry=is_retry))

    async def _write(self, drafts: dict[str, Any], *, is_retry: bool) -> None:
        try:
            await self._settings_store.set(FORMS_KEY, drafts)
        except StorageError:
            self._stored_drafts = None
            if not is_retry:  # report a full disk once
                raise

    def close(self) -> None:
        """Store the changes for the last time, and save the field with the focus."""
        # A save after a later focus change would replace the stored changes by none.
        self._is_closed = True
        leave_field()
        self.save()
        self._timer.stop()
        forget_form_drafts()

    def _on_focus_changed(self) -> None:
        if not self._is_closed and not self._timer.isActive():
            self._timer.start()
