"""The library of prompts and presets: one list, the editor of an entry, import and export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from desktop_app.i18n.translation import N_, tr
from desktop_app.prompts.ui.entry_editor import EntryEditor
from desktop_app.prompts.ui.preset_fields import PresetFields
from desktop_app.prompts.ui.prompt_fields import PromptFields
from desktop_app.widgets.boxes import DIALOG_MARGINS, SPRING, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import ElidedButton, dialog_button
from desktop_app.widgets.file_dialogs import choose_file, choose_target
from desktop_app.widgets.library_list import LibraryPage
from desktop_app.widgets.status_line import StatusLine
from desktop_app.widgets.text.foreign_text import PlainLabel

if TYPE_CHECKING:
    from desktop_app.prompts.ui.presets_controller import PresetsController
    from desktop_app.prompts.ui.prompts_controller import PromptsController

_DEFAULT_FILE: Final = "repartee-prompts.json"
_FILE_FILTER: Final = N_("Prompts (*.json);;All files (*)")


class PromptLibraryPage(LibraryPage):
    """The page of prompts and presets: the prompts by folders, then the presets.

    Attributes:
        prompts, presets: the editors.
        status: reports the last action.
    """

    def __init__(
        self, parent: QWidget, prompts: PromptsController, presets: PresetsController
    ) -> None:
        super().__init__(
            name="prompts",
            label=tr("Prompts and presets"),
            find_label=tr("Find a prompt or preset"),
            new_label=tr("New prompt"),
        )
        self.setParent(parent)
        self._controller = prompts
        self.setObjectName("prompts-dialog")
        self.setWindowTitle(tr("Prompts and presets"))
        self.prompts, self.presets = PromptFields(prompts), PresetFields(presets)
        self._editors: tuple[EntryEditor, ...] = (self.presets, self.prompts)
        self._shown: EntryEditor = self.prompts
        self.name = self.prompts.name
        self._stack = QStackedWidget()
        for editor in self._editors:
            self._stack.addWidget(editor)
            editor.rows_changed.connect(self._show_rows)
            editor.select_requested.connect(self._select)
        new_preset = ElidedButton(tr("New preset"), name="new-presets", role="plain")
        new_preset.setAutoDefault(False)
        new_preset.setToolTip(
            tr("A preset combines instructions, a model, an effort, and other settings.")
        )
        new_preset.clicked.connect(lambda: self.act(lambda _id: self.presets.begin_new()))
        self.add_to_list(new_preset)
        self.status = StatusLine("prompts")
        import_button = dialog_button(tr("Import…"), "import-prompts")
        export_button = dialog_button(tr("Export…"), "export-prompts")
        placeholder = PlainLabel(tr("Select a prompt, or create one"), role="note")
        placeholder.setAlignment(Qt.AlignmentFlag.AlignCenter)
        rows = self.lay_out(self._stack, placeholder)
        foot = row_of(import_button, export_button, (self.status, 1), SPRING, spacing=8)
        column_of((rows, 1), foot, parent=self, margins=DIALOG_MARGINS, spacing=12)
        import_button.clicked.connect(self._choose_import)
        export_button.clicked.connect(self._choose_export)

    def show_kind(self, kind: str) -> None:
        """Show an entry of "prompts" or "presets", the first one unless one is shown."""
        editor = self.prompts if kind == "prompts" else self.presets
        if self._shown is not editor and editor.rows:
            self.select(editor.rows[0].id)

    def show_row(self, row_id: str) -> None:
        former = self._shown
        self._shown = next(e for e in self._editors if row_id.startswith(e.prefix))
        if former is not self._shown:
            former.show_entry("")
        self._stack.setCurrentWidget(self._shown)
        self.name = self._shown.name
        self._shown.show_entry(row_id.removeprefix(self._shown.prefix))
        super().show_row(row_id)

    def report_edits(self) -> None:
        self._shown.report_edits()

    def begin_new(self, row_id: str) -> None:
        self.prompts.begin_new()

    def delete(self, row_id: str) -> None:
        if row_id:
            self._shown.delete(self._shown.current_id)

    def focus_editor(self) -> None:
        self._shown.focus()

    def _show_rows(self) -> None:
        self.set_rows([*self.prompts.rows, *self.presets.rows])

    def _select(self, row_id: str, is_edited: bool) -> None:
        (self.edit if is_edited else self.select)(row_id)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.status.show_message("")
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def hideEvent(self, event: QHideEvent) -> None:
        self.report_edits()
        super().hideEvent(event)

    def _choose_import(self) -> None:
        self.report_edits()
        title = tr("Import prompts and presets")
        choose_file(self, title, self._controller.import_file, filters=tr(_FILE_FILTER))

    def _choose_export(self) -> None:
        self.report_edits()
        choose_target(
            self,
            tr("Export prompts and presets"),
            self._controller.export_file,
            start=_DEFAULT_FILE,
            filters=tr(_FILE_FILTER),
            suffix="json",
        )
