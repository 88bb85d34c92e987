"""The library of prompts: one list, the editor of an entry, import and export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from desktop_app.app.open_conversation import DEFAULT_PRESET
from desktop_app.domain.models.model_entry import ModelEntry
from desktop_app.domain.prompt import Prompt
from desktop_app.i18n.translation import N_, tr, tr_context
from desktop_app.prompts.prompt_library import PromptEntry, PromptOrigin
from desktop_app.prompts.ui.prompt_fields import PromptFields
from desktop_app.widgets.boxes import DIALOG_MARGINS, SPRING, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import dialog_button
from desktop_app.widgets.empty_page import EmptyPage
from desktop_app.widgets.file_dialogs import choose_file, choose_target
from desktop_app.widgets.library_list import LibraryPage, LibraryRow
from desktop_app.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from desktop_app.prompts.ui.applied_prompt import AppliedPrompt
    from desktop_app.prompts.ui.prompts_controller import PromptsController

_DEFAULT_FILE: Final = "repartee-prompts.json"
_FILE_FILTER: Final = N_("Prompts (*.json);;All files (*)")


class PromptLibraryPage(LibraryPage):
    """The page of prompts by folders.

    Attributes:
        fields: the editor.
        status: reports the last action.
    """

    def __init__(self, parent: QWidget, prompts: PromptsController, applied: AppliedPrompt) -> None:
        super().__init__(
            name="prompts",
            label=tr("Prompts"),
            find_label=tr("Find a prompt"),
            new_label=tr("New prompt"),
        )
        self.setParent(parent)
        self._controller = prompts
        self.setObjectName("prompts-dialog")
        self.setWindowTitle(tr("Prompts"))
        self.fields = PromptFields(prompts, applied.set_default)
        self.name = self.fields.name
        self.status = StatusLine("prompts")
        import_button = dialog_button(tr("Import…"), "import-prompts")
        export_button = dialog_button(tr("Export…"), "export-prompts")
        sentence = tr("Select a prompt, or create one")
        placeholder = EmptyPage("text", sentence, name="prompts-empty")
        rows = self.lay_out(self.fields, placeholder)
        foot = row_of(import_button, export_button, (self.status, 1), SPRING, spacing=8)
        column_of((rows, 1), foot, parent=self, margins=DIALOG_MARGINS, spacing=12)
        import_button.clicked.connect(self._choose_import)
        export_button.clicked.connect(self._choose_export)

    def set_entries(
        self,
        entries: Sequence[PromptEntry],
        values: Mapping[str, object],
        models: Sequence[ModelEntry],
    ) -> None:
        """Set all prompts, grouped by folder, the settings, and the models to choose from."""
        default_id = str(values[DEFAULT_PRESET])
        self.fields.set_entries(entries, values, default_id, models)
        self.set_rows(
            [
                LibraryRow(
                    id=entry.prompt.id,
                    title=entry.prompt.title,
                    note=_note_of(entry, is_default=entry.prompt.id == default_id),
                    is_faint=entry.prompt.hidden,
                    heading=entry.prompt.folder or tr("No folder"),
                )
                for entry in entries
            ]
        )

    def show_row(self, row_id: str) -> None:
        self.fields.show_entry(row_id)
        super().show_row(row_id)

    def report_edits(self) -> None:
        self.fields.report_edits()

    def begin_new(self, row_id: str) -> None:
        self.fields.begin_new()

    def delete(self, row_id: str) -> None:
        if row_id:
            self.fields.delete(row_id)

    def focus_editor(self) -> None:
        self.fields.focus()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.status.show_message("")
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def hideEvent(self, event: QHideEvent) -> None:
        self.report_edits()
        super().hideEvent(event)

    def _choose_import(self) -> None:
        self.report_edits()
        title = tr("Import prompts")
        choose_file(self, title, self._controller.import_file, filters=tr(_FILE_FILTER))

    def _choose_export(self) -> None:
        self.report_edits()
        choose_target(
            self,
            tr("Export prompts"),
            self._controller.export_file,
            start=_DEFAULT_FILE,
            filters=tr(_FILE_FILTER),
            suffix="json",
        )


def _note_of(entry: PromptEntry, *, is_default: bool) -> str:
    """Return what the list says of a prompt: its state, else its model."""
    prompt: Prompt = entry.prompt
    if is_default:
        return tr_context("preset", "default")
    if prompt.hidden:
        return tr_context("prompt", "hidden")
    if entry.origin is PromptOrigin.EDITED:
        return tr_context("prompt", "edited")
    return prompt.variant.label if prompt.variant else prompt.model
