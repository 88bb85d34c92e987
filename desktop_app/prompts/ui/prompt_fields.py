"""The editor of a prompt.

Changes are saved automatically when the user pauses or leaves a field.

A prompt's text has variables such as `{{name}}`. The user is asked for the values of most, which
are the prompt's fields. The program fills in the others (`_AUTOMATIC_FIELDS`). The form of a prompt
is the schema or grammar that its answers follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QStringListModel, Qt
from PySide6.QtWidgets import QCompleter, QWidget

from desktop_app.domain.prompt import (
    CLIPBOARD,
    DATE,
    SELECTION,
    Prompt,
    program_variables_in,
    variables,
)
from desktop_app.i18n.formatting import joined
from desktop_app.i18n.translation import N_, paragraph, tr, tr_context
from desktop_app.prompts.prompt_library import PromptEntry, PromptOrigin
from desktop_app.prompts.ui.entry_editor import EntryEditor
from desktop_app.widgets.boxes import STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import delete_button, dialog_button
from desktop_app.widgets.forms.form_widgets import MultilineField, Note
from desktop_app.widgets.forms.schema_form import EditRequest, describe_form
from desktop_app.widgets.library_list import LibraryRow
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import PlainLabel, one_line
from desktop_app.widgets.text.name_field import NameField
from desktop_app.widgets.windows import scroll_area_of

if TYPE_CHECKING:
    from desktop_app.prompts.ui.prompts_controller import PromptsController

_AUTOMATIC_FIELDS: Final = {
    SELECTION: N_("selected text"),
    CLIPBOARD: N_("clipboard"),
    DATE: N_("today’s date"),
}
_HELP: Final = N_(
    "{{name}} is a field, {{name=default}} has a default, and {{name=one|two}} is a choice. "
    "{{selection}}, {{clipboard}}, and {{date}} are filled in automatically."
)


class ExpandingTextField(MultilineField):
    """A text field that fills the available height."""

    def update_theme(self) -> None:
        theme = current_theme()
        self.setMinimumHeight(theme.px(80))
        self.document().setDocumentMargin(theme.px(6))


class PromptFields(EntryEditor):
    """The editor of a prompt; see the module."""

    def __init__(self, controller: PromptsController) -> None:
        super().__init__("")
        self._controller = controller
        self._entries: dict[str, PromptEntry] = {}  # by id
        self._prompt: Prompt | None = None  # the shown one, with the changes that were saved
        self.name = NameField(tr("Title"), "prompt-title")
        self.folder = NameField(tr("Folder"), "prompt-folder")
        self.name.setPlaceholderText(tr("Title"))
        self.folder.setPlaceholderText(tr("Folder"))
        self._folder_names = QStringListModel(self)
        completer = QCompleter(self._folder_names, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.folder.setCompleter(completer)
        self.text = ExpandingTextField(tr("Text"))
        self.text.setObjectName("prompt-text")
        self._note = Note(object_name="prompt-variables")
        self._form_label = PlainLabel(role="note")
        self.form_button = dialog_button(tr("Response format…"), "prompt-form")
        self.duplicate_button = dialog_button(tr("Duplicate"), "duplicate-prompt")
        self.hide_button = dialog_button(tr("Hide"), "hide-prompt")
        self.reset_button = dialog_button(tr("Reset to default"), "reset-prompt")
        self.delete_button = delete_button(tr("Delete"), "delete-prompt")
        self._fill()
        self.folder.editingFinished.connect(self.report_edits)
        self.text.edited.connect(lambda text: self._change(text=text))
        self.text.textChanged.connect(self._show_variables)
        self.form_button.clicked.connect(lambda: self.act(self._edit_form))
        self.duplicate_button.clicked.connect(lambda: self.act(controller.duplicate))
        self.reset_button.clicked.connect(lambda: self.act(controller.reset))
        self.delete_button.clicked.connect(lambda: self.act(self.delete))
        self.hide_button.clicked.connect(lambda: self.act(self._toggle_hidden))

    def _fill(self) -> None:
        names = row_of((self.name, 3), (self.folder, 2), spacing=8)
        form_row = row_of(self.form_button, (self._form_label, 1), spacing=8)
        buttons = (self.duplicate_button, self.hide_button, self.reset_button, self.delete_button)
        content = QWidget()
        rows = ((self.text, 1), self._note, form_row)
        column_of(*rows, parent=content, margins=0, spacing=10)
        foot = row_of(*buttons, STRETCH, spacing=8)
        editor_parts = (names, (scroll_area_of(content), 1), foot)
        column_of(*editor_parts, parent=self, margins=0, spacing=10)

    # ------------------------------------------------------------------ state

    def set_entries(self, entries: Sequence[PromptEntry]) -> None:
        """Set all prompts, grouped by folder."""
        self._entries = {entry.prompt.id: entry for entry in entries}
        folders = {entry.prompt.folder for entry in entries}
        # Complete only names that are displayed exactly as they are stored.
        self._folder_names.setStringList(sorted(f for f in folders if f and f == one_line(f)))
        rows = [
            LibraryRow(
                id=prompt.id,
                title=prompt.title,
                note=(
                    tr_context("prompt", "hidden")
                    if prompt.hidden
                    else tr_context("prompt", "edited")
                    if origin is PromptOrigin.EDITED
                    else ""
                ),
                is_faint=prompt.hidden,
                heading=prompt.folder or tr("No folder"),
            )
            for prompt, origin in entries
        ]
        self.set_rows(rows)
        if self._prompt is not None and self._prompt.id in self._entries:
            self._show(self._entries[self._prompt.id])

    def report_edits(self) -> None:
        self.text.report_edits()
        if self._prompt is None:
            return
        if not self.name.text().strip():  # a prompt always has a title
            self.name.set_name(self._prompt.title)
        changes = {name: value for name, value in self._edited_names().items() if value is not None}
        if changes:
            self._change(**changes)

    # ------------------------------------------------------------------ private

    def _change(self, **changes: Any) -> None:
        if self._prompt is not None:
            self._prompt = replace(self._prompt, **changes)
            self._controller.change(self._prompt.id, changes)

    def _edited_names(self) -> dict[str, str | None]:
        """Return title and folder as typed; None for one that is saved so."""
        prompt = self._prompt
        names: dict[str, str | None] = {"title": None, "folder": None}
        if prompt is not None:
            for name, field, saved in (
                ("title", self.name, prompt.title),
                ("folder", self.folder, prompt.folder),
            ):
                if field.is_edited and field.text().strip() != saved:
                    names[name] = field.text().strip()
        return names

    def show_entry(self, entry_id: str) -> None:
        self.report_edits()
        self._prompt = None
        self.current_id = entry_id
        if entry_id:
            self._show(self._entries[entry_id])

    def focus(self) -> None:
        self.text.setFocus()

    def _show(self, entry: PromptEntry) -> None:
        """Fill the fields, except those in which the user is typing."""
        prompt, origin = entry
        if prompt != self._prompt:
            typed = self._edited_names()
            self._prompt = None  # filling the fields is not a change by the user
            if typed["title"] is None:
                self.name.set_name(prompt.title)
            if typed["folder"] is None:
                self.folder.set_name(prompt.folder)
            self.text.show_text(prompt.text)
            self._form_label.setText(describe_form(prompt.form))
            self._prompt = prompt
        self.reset_button.setVisible(origin is PromptOrigin.EDITED)
        self.delete_button.setVisible(origin is PromptOrigin.OWN)
        self.hide_button.setText(tr("Show") if prompt.hidden else tr("Hide"))
        self._show_variables()

    def _show_variables(self) -> None:
        text = self.text.toPlainText()
        sentences = []
        fields = []
        for variable in variables(text):
            default = " | ".join(variable.choices) or variable.default
            if default:
                fields.append(tr("{name} ({default})", name=variable.name, default=default))
            else:
                fields.append(variable.name)
        if fields:
            sentences.append(tr("Fields: {fields}.", fields=joined(fields)))
        used = program_variables_in(text)
        automatic_fields = [tr(label) for name, label in _AUTOMATIC_FIELDS.items() if name in used]
        if automatic_fields:
            sentences.append(
                tr("Filled in automatically: {fields}.", fields=joined(automatic_fields))
            )
        self._note.set_text(paragraph(*sentences) or tr(_HELP))
        self._note.setToolTip(tr(_HELP))

    def _edit_form(self, prompt_id: str) -> None:
        def form() -> str:
            entry = self._entries.get(prompt_id)
            return "" if entry is None else entry.prompt.form  # "": deleted since

        def save(value: str) -> None:
            if prompt_id in self._entries:
                self._controller.change(prompt_id, {"form": value})

        self._controller.edit(
            EditRequest("answer.form", form(), save, anchor=self.form_button, value_now=form)
        )

    def begin_new(self) -> None:
        """Create a prompt in the folder of the shown prompt."""
        self._controller.begin_new("" if self._prompt is None else self._prompt.folder)

    def delete(self, entry_id: str) -> None:
        """Delete one of the user's prompts; built-in prompts can only be hidden."""
        if self._entries[entry_id].origin is PromptOrigin.OWN:
            self._controller.delete(entry_id)

    def _toggle_hidden(self, prompt_id: str) -> None:
        self._controller.change(prompt_id, {"hidden": not self._entries[prompt_id].prompt.hidden})
