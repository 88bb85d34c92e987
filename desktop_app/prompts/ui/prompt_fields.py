"""The editor of a prompt: its text, and the model and the settings that it is asked with.

Changes are saved automatically when the user pauses or leaves a field.

A prompt's text has variables such as `{{name}}`. The user is asked for the values of most, which
are the prompt's fields. The program fills in the others (`_AUTOMATIC_FIELDS`). The form of a prompt
is the schema or grammar that its answers follow. The settings are those of the Chat page; what a
prompt does not set stays as it is in the conversation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QSize, QStringListModel, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QCheckBox, QCompleter, QHBoxLayout, QWidget

from desktop_app.backend.answer_settings import (
    overridden_values,
    with_override,
    with_restored,
    without_override,
)
from desktop_app.domain.answering.generation import Examples, Overrides
from desktop_app.domain.models.model_entry import ModelEntry
from desktop_app.domain.models.variants import OFFERED_EFFORTS, Effort, Variant
from desktop_app.domain.prompt import (
    CLIPBOARD,
    DATE,
    SELECTION,
    Prompt,
    program_variables_in,
    variables,
)
from desktop_app.i18n.formatting import joined
from desktop_app.i18n.translation import N_, paragraph, tr
from desktop_app.prompts.prompt_library import PromptEntry, PromptOrigin
from desktop_app.prompts.ui.example_turns import ExampleTurns
from desktop_app.settings.schema import label_of, overridable_settings
from desktop_app.settings.setting import SettingValue
from desktop_app.widgets.boxes import FlowLayout, column_of, margins_of, row_of
from desktop_app.widgets.buttons.dialog_button import delete_button, dialog_button
from desktop_app.widgets.forms.form_widgets import Combo, MultilineField, Note
from desktop_app.widgets.forms.schema_form import EditRequest, SchemaForm, describe_form
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


_SAME_AS_CONVERSATION: Final = N_("Same as conversation")
# In pixels at the default text size (see `Theme.px`).
_TEXT_HEIGHT: Final = 120
_NARROW_WIDTH: Final = 300
"""Below this width, the effort is below the model."""


class ExpandingTextField(MultilineField):
    """A text field that fills the available height."""

    def update_theme(self) -> None:
        self.document().setDocumentMargin(current_theme().px(6))
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), current_theme().px(_TEXT_HEIGHT))

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), self.sizeHint().height())


class PromptFields(QWidget):
    """The editor of a prompt; see the module.

    Args:
        set_default: called with the id of the prompt of new conversations, "" for none.
    """

    def __init__(self, controller: PromptsController, set_default: Callable[[str], object]) -> None:
        super().__init__()
        self._controller = controller
        self._entries: dict[str, PromptEntry] = {}  # by id
        self._prompt: Prompt | None = None  # the shown one, with the changes that were saved
        self._values: Mapping[str, object] = {}
        self._default_id = ""
        self._models: Sequence[ModelEntry] = ()
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
        self.text.setPlaceholderText(tr("Text to insert"))
        self._note = Note(object_name="prompt-variables")
        self._form_label = PlainLabel(role="note")
        self.form_button = dialog_button(tr("Response format…"), "prompt-form")
        self.model = Combo(tr("Model"))
        self.effort = Combo(tr("Effort"))
        self.model.setObjectName("preset-model")
        self.effort.setObjectName("preset-effort")
        self.effort.addItem(tr(_SAME_AS_CONVERSATION), None)
        for effort in OFFERED_EFFORTS:
            self.effort.addItem(tr(effort.label), effort)
        self.form = SchemaForm((), overridable_settings(), override_label=tr("Set by this prompt"))
        self.examples = ExampleTurns()
        self.default_box = QCheckBox(tr("Use for new conversations"))
        self.default_box.setObjectName("preset-default")
        self.use_button = dialog_button(tr("Use"), "use-prompt")
        self.duplicate_button = dialog_button(tr("Duplicate"), "duplicate-prompt")
        self.hide_button = dialog_button(tr("Hide"), "hide-prompt")
        self.reset_button = dialog_button(tr("Reset to default"), "reset-prompt")
        self.delete_button = delete_button(tr("Delete"), "delete-prompt")
        self._set_models(())
        self._fill()
        self._connect(set_default)

    def _fill(self) -> None:
        names = row_of((self.name, 3), (self.folder, 2), spacing=8)
        form_row = row_of(self.form_button, (self._form_label, 1), spacing=8)
        self._choices = row_of(spacing=8)
        for label, combo in ((tr("Model"), self.model), (tr("Effort"), self.effort)):
            heading = PlainLabel(label, role="strong")
            heading.setBuddy(combo)
            self._choices.addLayout(column_of(heading, combo), 1)
        content = QWidget()
        rows = ((self.text, 1), self._note, form_row)
        settings = (self._choices, self.default_box, self.form, self.examples)
        self._content_layout = column_of(
            (column_of(*rows, spacing=10), 1), *settings, parent=content, spacing=16
        )
        buttons = FlowLayout(
            *(self.use_button, self.duplicate_button, self.hide_button, self.reset_button),
            self.delete_button,
        )
        editor_parts = (names, (scroll_area_of(content), 1), buttons)
        column_of(*editor_parts, parent=self, margins=0, spacing=10)

    def _connect(self, set_default: Callable[[str], object]) -> None:
        controller = self._controller
        self.folder.editingFinished.connect(self.report_edits)
        self.text.edited.connect(lambda text: self._change(text=text))
        self.text.textChanged.connect(self._show_variables)
        self.model.activated.connect(lambda _index: self._change_choice())
        self.effort.activated.connect(lambda _index: self._change_choice())
        self.form.changed.connect(self._override)
        self.form.edit_requested.connect(self._request_edit)
        self.form.reset_requested.connect(self._remove_override)
        self.examples.changed.connect(self._set_examples)
        for button, action in (
            (self.form_button, self._edit_form),
            (self.use_button, controller.use),
            (self.duplicate_button, controller.duplicate),
            (self.reset_button, controller.reset),
            (self.delete_button, self.delete),
            (self.hide_button, self._toggle_hidden),
        ):
            button.clicked.connect(lambda *_, action=action: self._act(action))
        self.default_box.clicked.connect(lambda on: set_default(self.current_id if on else ""))

    @property
    def current_id(self) -> str:
        """Return the id of the shown prompt; "" for none."""
        return "" if self._prompt is None else self._prompt.id

    # ------------------------------------------------------------------ state

    def set_entries(
        self,
        entries: Sequence[PromptEntry],
        values: Mapping[str, object],
        default_id: str,
        models: Sequence[ModelEntry],
    ) -> None:
        """Set all prompts, the settings with their defaults, and the models to choose from.

        Args:
            default_id: the prompt of new conversations; "" for none.
        """
        self._values, self._default_id = values, default_id
        self._entries = {entry.prompt.id: entry for entry in entries}
        folders = {entry.prompt.folder for entry in entries}
        # Complete only names that are displayed exactly as they are stored.
        self._folder_names.setStringList(sorted(f for f in folders if f and f == one_line(f)))
        if models != self._models:
            self._set_models(models)
        if self._prompt is not None and self._prompt.id in self._entries:
            self._show(self._entries[self._prompt.id])

    def _set_models(self, models: Sequence[ModelEntry]) -> None:
        """Fill the list: the data are provider id, model id and variant, as in a `Prompt`."""
        self._models = models
        self.model.clear()
        self.model.addItem(tr(_SAME_AS_CONVERSATION), ("", "", None))
        for variant in Variant:
            self.model.addItem(variant.label, ("", "", variant))
        for model in models:
            if model.variant is None:
                label = tr("{model} – {provider}", model=model.name, provider=model.provider_name)
                self.model.addItem(label, (model.provider_id, model.model, None))

    def report_edits(self) -> None:
        """Report changes that were not reported yet."""
        self.text.report_edits()
        if self._prompt is None:
            return
        if not self.name.text().strip():  # a prompt always has a title
            self.name.set_name(self._prompt.title)
        changes = {name: value for name, value in self._edited_names().items() if value is not None}
        if changes:
            self._change(**changes)
        # Last, because the signals of the form and of the examples refill the page.
        self.form.report_edits()
        self.examples.report_edits()

    def update_theme(self) -> None:
        self._place_choices()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_choices()

    def _place_choices(self) -> None:
        """Place the effort beside the model, or below it in a narrow window."""
        px = current_theme().px
        is_narrow = self.width() < px(_NARROW_WIDTH)
        directions = QHBoxLayout.Direction
        self._choices.setDirection(directions.TopToBottom if is_narrow else directions.LeftToRight)
        gap_before_scroll_bar = 0 if is_narrow else px(12)
        self._content_layout.setContentsMargins(*margins_of(0, 0, gap_before_scroll_bar, 0))

    # ------------------------------------------------------------------ changes

    def _act(self, action: Callable[[str], object]) -> None:
        """Call an action with the id of the shown prompt, once its changes are reported."""
        self.report_edits()
        action(self.current_id)

    def _change(self, **changes: Any) -> None:
        if self._prompt is not None:
            self._prompt = replace(self._prompt, **changes)
            self._controller.change(self._prompt.id, **changes)

    def _change_choice(self) -> None:
        # Qt returns members of string enumerations as plain strings.
        provider_id, model, variant = self.model.currentData()
        effort = self.effort.currentData()
        self._change(
            provider_id=provider_id,
            model=model,
            variant=Variant(variant) if variant else None,
            effort=Effort(effort) if effort else None,
        )

    def _override(self, key: str, value: SettingValue) -> None:
        self._controller.change_settings(
            self.current_id, lambda overrides: with_override(overrides, key, value)
        )

    def _set_examples(self, examples: Examples) -> None:
        self._controller.change_settings(
            self.current_id, lambda overrides: replace(overrides, examples=examples)
        )

    def _remove_override(self, key: str) -> None:
        """Reset a setting of the prompt to the default; offer Undo."""
        change = partial(self._controller.change_settings, self.current_id)
        removed_value = self._overridden(self.current_id).get(key)
        change(lambda overrides: without_override(overrides, key))
        self._controller.report(
            tr("“{name}” reset to default", name=tr(label_of(key))),
            lambda: change(lambda overrides: with_restored(overrides, key, removed_value)),
        )

    def _overridden(self, prompt_id: str) -> Mapping[str, Any]:
        """Return the settings of a prompt, by key; none if it was deleted."""
        entry = self._entries.get(prompt_id)
        return overridden_values((entry and entry.prompt.overrides) or Overrides())

    def _request_edit(self, request: EditRequest) -> None:
        """Request a value for the shown prompt, even if another is shown when it arrives."""
        prompt_id, key = self.current_id, request.key

        def save(value: SettingValue) -> None:
            self._controller.change_settings(
                prompt_id, lambda overrides: with_override(overrides, key, value)
            )

        def value_now() -> object:
            return self._overridden(prompt_id).get(key, "")

        self._controller.edit(request._replace(on_changed=save, value_now=value_now))

    def _edit_form(self, prompt_id: str) -> None:
        def form() -> str:
            entry = self._entries.get(prompt_id)
            return "" if entry is None else entry.prompt.form  # "": deleted since

        self._controller.edit(
            EditRequest(
                "answer.form",
                form(),
                lambda value: self._controller.change(prompt_id, form=value),
                anchor=self.form_button,
                value_now=form,
            )
        )

    def begin_new(self) -> None:
        """Create a prompt in the folder of the shown prompt."""
        self._controller.begin_new("" if self._prompt is None else self._prompt.folder)

    def delete(self, prompt_id: str) -> None:
        """Delete one of the user's prompts; built-in prompts can only be hidden."""
        if self._entries[prompt_id].origin is PromptOrigin.OWN:
            self._controller.delete(prompt_id)

    def _toggle_hidden(self, prompt_id: str) -> None:
        self._controller.change(prompt_id, hidden=not self._entries[prompt_id].prompt.hidden)

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

    # ------------------------------------------------------------------ the shown prompt

    def show_entry(self, prompt_id: str) -> None:
        """Show the fields of a prompt; "" for none."""
        self.report_edits()
        self._prompt = None
        if prompt_id:
            self._show(self._entries[prompt_id])

    def focus(self) -> None:
        """Focus the text, or the title of a prompt without one."""
        has_text = self._prompt is None or self._prompt.is_text
        (self.text if has_text else self.name).setFocus()

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
        self.model.setCurrentIndex(_find_or_add_model(self.model, prompt))
        if prompt.effort is not None and self.effort.findData(prompt.effort) < 0:
            self.effort.addItem(tr(prompt.effort.label), prompt.effort)  # of an imported prompt
        self.effort.setCurrentIndex(max(0, self.effort.findData(prompt.effort)))
        overrides = self._overridden(prompt.id)
        self.form.set_values({**self._values, **overrides})
        self.form.set_overrides(prompt.id, overrides)
        self.examples.show_examples(prompt.id, (prompt.overrides or Overrides()).examples)
        self.default_box.setChecked(prompt.id == self._default_id)
        self.default_box.setVisible(prompt.has_settings)
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


def _find_or_add_model(models: Combo, prompt: Prompt) -> int:
    """Return the index of the prompt's model; add the model if it is not listed."""
    model_data = (prompt.provider_id, prompt.model, prompt.variant)
    for index in range(models.count()):
        if tuple(models.itemData(index)) == model_data:  # Qt returns a list
            return index
    model = prompt.model or tr(_SAME_AS_CONVERSATION)
    label = tr("{model} – {provider}", model=model, provider=prompt.provider_id)
    models.addItem(label, model_data)
    return models.count() - 1
