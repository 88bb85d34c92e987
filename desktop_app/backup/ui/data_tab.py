"""The Data page: import, export, backups, deleting everything."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desktop_app.app.session import Session
from desktop_app.backup.ui.backup_controller import BackupController
from desktop_app.exchange.ui.transfer_controller import TransferController
from desktop_app.i18n.translation import N_, paragraph, tr, tr_context
from desktop_app.settings.schema import settings_of
from desktop_app.settings.setting import Group
from desktop_app.settings.ui.form_tabs import page_link
from desktop_app.widgets.boxes import STRETCH, FlowLayout, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import compact_button
from desktop_app.widgets.file_dialogs import choose_folder
from desktop_app.widgets.forms import form_widgets as forms
from desktop_app.widgets.forms.schema_form import SchemaForm
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.text.foreign_text import set_tooltip

TRANSFER: Final = N_(
    "Imports conversations from Repartee, ChatGPT, Claude, DeepSeek, Gemini, and ten other "
    "programs. Importing a file again adds nothing."
)
BACKUPS: Final = N_(
    "A backup is one file with your conversations, attachments, and settings. It contains no API "
    "keys."
)
DELETES: Final = N_(
    "Permanently deletes all conversations, projects, attachments, batch jobs, "
    "drafts, notes, prompts, presets, and permissions for tools, and Repartee’s own copies of "
    "its database. Settings, providers, tool servers, API keys, spending history, and your "
    "backups are kept."
)
_LEAVES: Final = N_(
    "If your computers share a library, this one leaves it; the others keep theirs."
)
FOLDER_KEY = "backup.folder"


class DataTab(QWidget):
    """The Data page. See the module.

    Signals:
        changed(str, object): the key of a setting and its value.
    """

    changed = Signal(str, object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._schedule = SchemaForm(settings_of(Group.BACKUP))
        self._transfer = forms.FormSection(tr("Import and export"))
        self._backups = forms.FormSection(tr("Backups"))
        self._state = forms.Note(object_name="backup-state")
        erase_section = EraseSection(session)
        self._folder = forms.ReadOnlyLine(tr("Backup folder"), "backup-folder")
        self._path = ""
        self._build_transfer()
        self._build_backups()
        others = session.make_sections("library")
        about = page_link(session, tr("About"), "about")
        sections = (self._transfer, self._backups, *others, erase_section, about, STRETCH)
        column_of(*sections, parent=self, margins=0, spacing=16)
        self._schedule.changed.connect(self.changed)
        self.update_theme()

    def _build_transfer(self) -> None:
        transfer = self._session.of(TransferController)
        self._transfer.note.set_text(tr(TRANSFER))
        import_button = compact_button(tr("Import…"), "import", "plain")
        import_button.clicked.connect(lambda: transfer.choose_import())
        export_button = compact_button(tr("Export all"), "export", "plain")
        menu = ProgramMenu(export_button)
        transfer.add_formats(menu, None)
        export_button.setMenu(menu)
        self._transfer.body.addLayout(FlowLayout(import_button, export_button))

    def _build_backups(self) -> None:
        self._folder.setPlaceholderText(tr("No folder selected"))
        set_tooltip(self._folder, tr("No folder selected"))
        choose_button = compact_button(tr("Choose…"), "choose-backup-folder", "plain")
        choose_button.clicked.connect(self._choose_folder)
        self._backups.note.set_text(tr(BACKUPS))
        self._backups.body.addLayout(row_of((self._folder, 1), choose_button))
        self._gap = QWidget()
        self._backups.add(self._gap)
        self._backups.add(self._schedule)
        self._backups.add(self._state)
        session = self._session
        backup_button = compact_button(tr("Back up now"), "backup-now", "plain")
        backup_button.clicked.connect(lambda: session.of(BackupController).back_up_now())
        restore_button = compact_button(tr("Restore…"), "restore", "plain")
        restore_button.clicked.connect(lambda: session.of(BackupController).choose_restore())
        buttons = QWidget()
        FlowLayout(backup_button, restore_button, parent=buttons)
        self._backups.add(buttons)

    def set_values(self, values: Mapping[str, object]) -> None:
        """Show the settings."""
        self._schedule.set_values(values)
        path = self._path = str(values.get(FOLDER_KEY) or "")
        self._folder.show_text(path, path or tr("No folder selected"))

    def set_backup_state(self, text: str, tone: forms.Tone) -> None:
        """Show when the last backup was made, or why there is none."""
        self._state.set_text(text, tone)

    def update_theme(self) -> None:
        theme = current_theme()
        self._gap.setFixedHeight(theme.px(4))

    def _choose_folder(self) -> None:
        choose_folder(
            self,
            tr("Backup folder"),
            lambda folder: self.changed.emit(FOLDER_KEY, str(folder)),
            start=self._path or Path.home(),
        )


class EraseSection(forms.CollapsibleSection):
    """The section to delete everything: collapsed, explained, and confirmed by a typed word."""

    def __init__(self, session: Session) -> None:
        super().__init__(tr("Delete everything"), "delete-everything")
        self._session = session
        self._word = tr_context("typed to confirm", "delete")
        hint = tr("Type “{word}” to confirm", word=self._word)
        self._field = forms.line_field(hint, "delete-word")
        set_tooltip(self._field, hint)  # it may be cut
        self._button = compact_button(tr("Delete everything"), "delete-now", "plain")
        self._button.setEnabled(False)
        self._field.textChanged.connect(lambda: self._button.setEnabled(self._is_confirmed()))
        self._field.returnPressed.connect(self._confirm)
        self._button.clicked.connect(self._confirm)
        self.body.addWidget(forms.Note(paragraph(tr(DELETES), tr(_LEAVES))))
        self.body.addWidget(self._field)
        self.body.addWidget(self._button)
        self.head.toggled.connect(self._field.clear)

    def _is_confirmed(self) -> bool:
        return self._field.text().strip().casefold() == self._word.casefold()

    def _confirm(self) -> None:
        if self._is_confirmed():
            self._field.clear()
            self._session.of(BackupController).erase()
