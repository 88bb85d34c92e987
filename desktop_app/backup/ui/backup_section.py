"""The section of the Data page that makes and restores backups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtWidgets import QWidget

from desktop_app.app.session import Session
from desktop_app.backup.ui.backup_controller import BackupController
from desktop_app.i18n.translation import N_, tr
from desktop_app.settings.schema import settings_of
from desktop_app.settings.setting import Group
from desktop_app.widgets.boxes import FlowLayout, row_of
from desktop_app.widgets.buttons.dialog_button import compact_button
from desktop_app.widgets.forms import form_widgets as forms
from desktop_app.widgets.forms.schema_form import SchemaForm
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import set_tooltip

BACKUPS: Final = N_(
    "A backup is one file with your conversations, attachments, and settings. It contains no API "
    "keys."
)
FOLDER_KEY = "backup.folder"


class BackupSection(forms.SettingsSection):
    """The section; see the module."""

    def __init__(self, session: Session) -> None:
        super().__init__(tr("Backups"))
        backups = session.of(BackupController)
        self._schedule = SchemaForm(settings_of(Group.BACKUP))
        self._state = forms.Note(object_name="backup-state")
        self._copy = forms.Note(object_name="upgrade-copy")
        self._folder = forms.ReadOnlyLine(tr("Backup folder"), "backup-folder")
        self._folder.setPlaceholderText(tr("No folder selected"))
        set_tooltip(self._folder, tr("No folder selected"))
        choose_button = compact_button(tr("Choose…"), "choose-backup-folder", "plain")
        choose_button.clicked.connect(lambda: backups.choose_folder())
        self.note.set_text(tr(BACKUPS))
        self.body.addLayout(row_of((self._folder, 1), choose_button))
        self._gap = QWidget()
        self.add(self._gap)
        self.add(self._schedule)
        self.add(self._state)
        self.add(self._copy)
        backup_button = compact_button(tr("Back up now"), "backup-now", "plain")
        backup_button.clicked.connect(lambda: backups.back_up_now())
        restore_button = compact_button(tr("Restore…"), "restore", "plain")
        restore_button.clicked.connect(lambda: backups.choose_restore())
        buttons = QWidget()
        FlowLayout(backup_button, restore_button, parent=buttons)
        self.add(buttons)
        self._schedule.changed.connect(self.changed)
        backups.state_changed.connect(self._state.set_text)
        backups.state_changed.connect(lambda: self._copy.set_text(backups.copy_sentence))
        backups.show_state()
        self.update_theme()

    def set_values(self, values: Mapping[str, object]) -> None:
        self._schedule.set_values(values)
        path = str(values.get(FOLDER_KEY) or "")
        self._folder.show_text(path, path or tr("No folder selected"))

    def update_theme(self) -> None:
        self._gap.setFixedHeight(current_theme().px(4))
