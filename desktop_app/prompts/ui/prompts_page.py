"""The page of prompts: a list by folders, and an editor for a prompt.

Changes are saved automatically when the user pauses or leaves a field.

A prompt's text has variables such as `{{name}}`. The user is asked for the values of most, which
are the prompt's fields. The program fills in the others (`_AUTOMATIC_FIELDS`). The form of a prompt
is the schema or grammar that its answers follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, NamedTuple

from PySide6.QtCore import QStringListModel, Qt, Signal, SignalInstance
from PySide6.QtWidgets import QCompleter, QWidget

from desktop_app.i18n.formatting import joined
from desktop_app.i18n.translation import N_, tr, tr_context
from desktop_app.prompts.prompt import (
    CLIPBOARD,
    DATE,
    SELECTION,
    Prompt,
    program_variables_in,
    variables,
)
from desktop_app.widgets.boxes import STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import delete_button, dialog_button
from desktop_app.widgets.forms.fitting_dialog import scroll_area_of
from desktop_app.widgets.forms.form_widgets import MultilineField, Note
from desktop_app.widgets.forms.line_field import line_field
from desktop_app.widgets.forms.schema_form import EditRequest, describe_form
from desktop_app.widgets.library_list import LibraryList, LibraryRow, beside_list
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import PlainLabel, one_line

# The origins of a prompt. EDITED: the user's version of a built-in prompt.
OWN: Final = "own"
EDITED: Final = "edited"
BUILT_IN: Final = "built-in"
_AUTOMATIC_FIELDS: Final = {
    SELECTION: N_("selected text"),
    CLIPBOARD: N_("clipboard"),
    DATE: N_("today’s date"),
}
_HELP: Final = N_(
    "{{name}} is a field, {{name=default}} has a default, and {{name=one|two}} is a choice. "
    "{{selection}}, {{clipboard}}, and {{date}} are filled in automatically."
)


class _FieldTexts(NamedTuple):
    """The texts in the fields of the editor."""

    title: str = ""
    folder: str = ""
    text: str = ""


class ExpandingTextField(MultilineField):
    """A text field that fills the available height."""

    def update_theme(self) -> None:
        theme = current_theme()
        self.setMinimumHeight(theme.px(80))
        self.document().setDocumentMargin(theme.px(6))


class PromptsPage(QWidget):
    """The page of prompts.

    Signals:
        change_requested(str, dict): change these fields of the prompt with this id.
        new_requested(str): create a prompt in this folder; "" for none.
        duplicate_requested(str), delete_requested(str), reset_requested(str): prompt id.
        edit_requested(EditRequest): change the form of the prompt's answers.
    """

    change_requested = Signal(str, object)
    new_requested = Signal(str)
    duplicate_requested = Signal(str)
    delete_requested = Signal(str)
    reset_requested = Signal(str)
    edit_requested = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._entries: dict[str, tuple[Prompt, str]] = {}  # by id, with the origin
        self._prompt: Prompt | None = None
        self._reported_texts = _FieldTexts()  # as last shown or reported
        self.list = LibraryList(
            name="prompts",
            label=tr("Prompts"),
            find_label=tr("Find a prompt"),
            new_label=tr("New prompt"),
        )
        self.title = line_field(tr("Title"), "prompt-title")
        self.folder = line_field(tr("Folder"), "prompt-folder")
        self.title.editingFinished.connect(self.report_edits)
        self.folder.editingFinished.connect(self.report_edits)
        self._folder_names = QStringListModel(self)
        completer = QCompleter(self._folder_names, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.folder.setCompleter(completer)
        self.text = ExpandingTextField(tr("Text"))
        self.text.setObjectName("prompt-text")
        self.text.edited.connect(lambda _text: self.report_edits())
        self.text.textChanged.connect(self._show_variables)
        self._note = Note(object_name="prompt-variables")
        self._form_label = PlainLabel(role="note")
        self.form_button = dialog_button(tr("Response format…"), "prompt-form")
        self.duplicate_button = dialog_button(tr("Duplicate"), "duplicate-prompt")
        self.hide_button = dialog_button(tr("Hide"), "hide-prompt")
        self.reset_button = dialog_button(tr("Reset to default"), "reset-prompt")
        self.delete_button = delete_button(tr("Delete"), "delete-prompt")
        self._lay_out()
        self._connect()
        self._show_prompt("")

    def _lay_out(self) -> None:
        names = row_of((self.title, 3), (self.folder, 2), spacing=8)
        form_row = row_of(self.form_button, (self._form_label, 1), spacing=8)
        buttons = row_of(
            self.duplicate_button,
            self.hide_button,
            self.reset_button,
            self.delete_button,
            STRETCH,
            spacing=8,
        )
        self._editor = QWidget()
        content = QWidget()
        rows = ((self.text, 1), self._note, form_row)
        column_of(*rows, parent=content, margins=0, spacing=10)
        editor_parts = (names, (scroll_area_of(content), 1), buttons)
        column_of(*editor_parts, parent=self._editor, margins=0, spacing=10)
        self._placeholder = PlainLabel(tr("Select a prompt, or create one"), role="note")
        self._placeholder.setAlignment(Qt.AlignmentFlag.AlignCenter)
        beside_list(self.list, self._editor, self._placeholder, parent=self)

    def _connect(self) -> None:
        self.list.current_changed.connect(self._show_prompt)
        self.list.new_requested.connect(self._request_new)
        self.list.chosen.connect(lambda _id: self.text.setFocus())
        self.list.delete_pressed.connect(self._request_deletion)
        self.duplicate_button.clicked.connect(
            lambda: self._emit_with_current(self.duplicate_requested)
        )
        self.form_button.clicked.connect(self._request_form)
        self.reset_button.clicked.connect(lambda: self._emit_with_current(self.reset_requested))
        self.delete_button.clicked.connect(lambda: self._request_deletion(self.list.current_id))
        self.hide_button.clicked.connect(self._toggle_hidden)

    # ------------------------------------------------------------------ state

    def set_entries(self, entries: Sequence[tuple[Prompt, str]]) -> None:
        """Set all prompts, grouped by folder, each with `OWN`, `EDITED` or `BUILT_IN`."""
        self._entries = {prompt.id: (prompt, origin) for prompt, origin in entries}
        folders = {prompt.folder for prompt, _ in entries}
        # Complete only names that are displayed exactly as they are stored.
        self._folder_names.setStringList(sorted(f for f in folders if f and f == one_line(f)))
        rows = [
            LibraryRow(
                id=prompt.id,
                title=prompt.title,
                note=_list_note(prompt, origin),
                is_faint=prompt.hidden,
                heading=prompt.folder or tr("No folder"),
            )
            for prompt, origin in entries
        ]
        self.list.set_rows(rows)
        if not self.list.current_id and rows:
            self.list.select(rows[0].id)
        self._refresh()

    def edit(self, prompt_id: str) -> None:
        """Show a prompt and select its title for typing."""
        self.list.select(prompt_id)
        self.title.setFocus(Qt.FocusReason.OtherFocusReason)
        self.title.selectAll()

    def report_edits(self) -> None:
        """Report changes that were not reported yet."""
        self.text.report_edits()  # calls this method again if the text changed
        prompt = self._prompt
        if prompt is None:
            return
        if not self.title.text().strip():  # a prompt always has a title
            self.title.setText(prompt.title)
            self._reported_texts = self._reported_texts._replace(title=self.title.text())
        texts = self._texts_in_fields()
        reported_texts = self._reported_texts
        changes: dict[str, Any] = {}
        if texts.title != reported_texts.title and texts.title.strip() != prompt.title:
            changes["title"] = texts.title.strip()
        if texts.folder != reported_texts.folder and texts.folder.strip() != prompt.folder:
            changes["folder"] = texts.folder.strip()
        if texts.text not in (reported_texts.text, prompt.text):
            changes["text"] = texts.text
        if changes:
            self._prompt = replace(prompt, **changes)
            self._reported_texts = self._texts_in_fields()
            self.change_requested.emit(prompt.id, changes)

    # ------------------------------------------------------------------ private

    def _show_prompt(self, prompt_id: str) -> None:
        self.report_edits()
        entry = self._entries.get(prompt_id)
        self._prompt = None
        self._editor.setVisible(entry is not None)
        self._placeholder.setVisible(entry is None)
        if entry is None:
            return
        # Whatever the fields hold is reported by now, so `_fill_fields` may replace it.
        self._reported_texts = self._texts_in_fields()
        prompt, _origin = entry
        self._fill_fields(prompt)
        self._refresh()

    def _fill_fields(self, prompt: Prompt) -> None:
        """Fill the fields, and record their texts: a field may drop characters of the prompt.

        A field keeps text that the user has typed but that is not reported yet.
        """
        title = self._reported_texts.title
        folder = self._reported_texts.folder
        if self.title.text() == title:
            self.title.setText(prompt.title)
            title = self.title.text()
        if self.folder.text() == folder:
            self.folder.setText(prompt.folder)
            folder = self.folder.text()
        self.text.show_text(prompt.text)
        self._form_label.setText(describe_form(prompt.form))
        self._reported_texts = _FieldTexts(title=title, folder=folder, text=self.text.reported_text)
        self._prompt = prompt

    def _texts_in_fields(self) -> _FieldTexts:
        return _FieldTexts(
            title=self.title.text(), folder=self.folder.text(), text=self.text.toPlainText()
        )

    def _refresh(self) -> None:
        """Show changes made to the prompt elsewhere, such as a reset."""
        shown_prompt = self._prompt
        if shown_prompt is None or shown_prompt.id not in self._entries:
            return
        prompt, origin = self._entries[shown_prompt.id]
        if prompt != shown_prompt:
            self._prompt = None  # filling the fields is not a change by the user
            self._fill_fields(prompt)
        self.reset_button.setVisible(origin == EDITED)
        self.delete_button.setVisible(origin == OWN)
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
        automatic_fields = [
            tr(label)
            for name, label in _AUTOMATIC_FIELDS.items()
            if name in program_variables_in(text)
        ]
        if automatic_fields:
            sentences.append(
                tr("Filled in automatically: {fields}.", fields=joined(automatic_fields))
            )
        self._note.set_text(" ".join(sentences) or tr(_HELP))
        self._note.setToolTip(tr(_HELP))

    def _request_form(self) -> None:
        self.report_edits()
        prompt = self._prompt
        if prompt is not None:
            on_changed = partial(self._save_form, prompt.id)
            value_now = partial(self._form_of, prompt.id)
            request = EditRequest(
                key="answer.form",
                value=prompt.form,
                on_changed=on_changed,
                anchor=self.form_button,
                value_now=value_now,
            )
            self.edit_requested.emit(request)

    def _form_of(self, prompt_id: str) -> str:
        if prompt_id not in self._entries:  # deleted since
            return ""
        prompt, _origin = self._entries[prompt_id]
        return prompt.form

    def _save_form(self, prompt_id: str, value: str) -> None:
        if prompt_id in self._entries:
            self.change_requested.emit(prompt_id, {"form": value})

    def _emit_with_current(self, signal: SignalInstance) -> None:
        self.report_edits()
        if self.list.current_id:
            signal.emit(self.list.current_id)

    def _request_new(self) -> None:
        self.report_edits()
        # The new prompt is in the folder of the shown prompt.
        folder = "" if self._prompt is None else self._prompt.folder
        self.new_requested.emit(folder)

    def _request_deletion(self, prompt_id: str) -> None:
        """Request to delete one of the user's prompts; built-in prompts can only be hidden."""
        self.report_edits()
        if prompt_id not in self._entries:  # no prompt is current
            return
        _prompt, origin = self._entries[prompt_id]
        if origin == OWN:
            self.delete_requested.emit(prompt_id)

    def _toggle_hidden(self) -> None:
        self.report_edits()
        if self._prompt is not None:
            self.change_requested.emit(self._prompt.id, {"hidden": not self._prompt.hidden})


def _list_note(prompt: Prompt, origin: str) -> str:
    """Return the note beside a prompt's title in the list."""
    if prompt.hidden:
        return tr_context("prompt", "hidden")
    if origin == EDITED:
        return tr_context("prompt", "edited")
    return ""
