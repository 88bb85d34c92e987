"""The editor of a preset: its model, settings and examples.

Changes are saved automatically. The settings are the form of the Chat page; a setting that a
preset does not override keeps its default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QWidget

from desktop_app.backend.answer_settings import overridden_values
from desktop_app.chat.ui.open_conversation import DEFAULT_PRESET
from desktop_app.domain.answering.generation import Examples
from desktop_app.domain.models.model_entry import ModelEntry
from desktop_app.domain.models.variants import OFFERED_EFFORTS, Effort, Variant
from desktop_app.domain.preset import Preset
from desktop_app.i18n.translation import N_, tr, tr_context
from desktop_app.prompts.ui.entry_editor import EntryEditor
from desktop_app.settings.schema import overridable_settings
from desktop_app.widgets.boxes import STRETCH, FlowLayout, column_of, margins_of, row_of
from desktop_app.widgets.buttons.dialog_button import compact_button, delete_button, dialog_button
from desktop_app.widgets.forms.form_dialog import ask
from desktop_app.widgets.forms.form_widgets import Combo, FormSection, MultilineField
from desktop_app.widgets.forms.schema_form import EditRequest, SchemaForm
from desktop_app.widgets.forms.tab_order import TabAnchor, order_tabs
from desktop_app.widgets.library_list import LibraryRow
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import PlainLabel, spoken_text
from desktop_app.widgets.text.name_field import NameField
from desktop_app.widgets.windows import scroll_area_of

if TYPE_CHECKING:
    from desktop_app.prompts.ui.presets_controller import PresetsController

# Below this width, the effort is below the model.
_NARROW_WIDTH = 300
_SAME_AS_CONVERSATION = N_("Same as conversation")


class PresetFields(EntryEditor):
    """The editor of a preset; see the module."""

    def __init__(self, controller: PresetsController) -> None:
        super().__init__("preset ")  # no id has a space
        self._controller = controller
        self.setObjectName("presets-page")
        self._presets: dict[str, Preset] = {}
        self._values: Mapping[str, object] = {}
        self._default_id = ""
        self._preset: Preset | None = None
        self.name = NameField(tr("Name"), "preset-name")
        self.name.setPlaceholderText(tr("Name"))
        self.model = Combo(tr("Model"))
        self.effort = Combo(tr("Effort"))
        self.model.setObjectName("preset-model")
        self.effort.setObjectName("preset-effort")
        self.form = SchemaForm((), overridable_settings(), override_label=tr("Set by this preset"))
        self.examples = ExampleTurns()
        self.default_box = QCheckBox(tr("Use for new conversations"))
        self.default_box.setObjectName("preset-default")
        self.use_button = dialog_button(tr("Apply"), "use-preset")
        self.use_button.setToolTip(tr("Apply to the current conversation"))
        self.duplicate_button = dialog_button(tr("Duplicate"), "duplicate-preset")
        self.delete_button = delete_button(tr("Delete"), "delete-preset")
        self.effort.addItem(tr(_SAME_AS_CONVERSATION), None)
        for effort in OFFERED_EFFORTS:
            self.effort.addItem(tr(effort.label), effort)
        self.set_models(())
        self._fill()
        self._connect()

    def _fill(self) -> None:
        self._choices = row_of(spacing=8)
        for label, combo in ((tr("Model"), self.model), (tr("Effort"), self.effort)):
            heading = PlainLabel(label, role="strong")
            heading.setBuddy(combo)
            self._choices.addLayout(column_of(heading, combo), 1)
        content = QWidget()
        rows = (self._choices, self.default_box, self.form, self.examples, STRETCH)
        self._content_layout = column_of(*rows, parent=content, spacing=16)
        buttons = FlowLayout(self.use_button, self.duplicate_button, self.delete_button)
        editor_parts = (self.name, (scroll_area_of(content), 1), buttons)
        column_of(*editor_parts, parent=self, margins=0, spacing=10)

    def _connect(self) -> None:
        controller = self._controller
        self.name.editingFinished.connect(self.report_edits)
        self.model.activated.connect(lambda _index: self.report_edits())
        self.effort.activated.connect(lambda _index: self.report_edits())
        self.form.changed.connect(lambda key, value: self._change(controller.override, key, value))
        self.examples.changed.connect(
            lambda examples: self._change(controller.set_examples, examples)
        )
        self.form.edit_requested.connect(self._request_edit)
        self.form.reset_requested.connect(
            lambda key: controller.remove_override(self.current_id, key)
        )
        for button, action in (
            (self.use_button, controller.use),
            (self.duplicate_button, controller.duplicate),
            (self.delete_button, self.delete),
        ):
            button.clicked.connect(lambda *_, action=action: self.act(action))
        self.default_box.clicked.connect(
            lambda on: controller.set_default(self.current_id if on else "")
        )

    # ------------------------------------------------------------------ state

    def set_models(self, models: Sequence[ModelEntry]) -> None:
        """Set the models to choose from.

        The data of an entry are the provider id, the model id and the variant, as in a `Preset`.
        The next `set_presets` selects the model of the shown preset.
        """
        self.model.clear()
        self.model.addItem(tr(_SAME_AS_CONVERSATION), ("", "", None))
        for variant in Variant:
            self.model.addItem(variant.label, ("", "", variant))
        for entry in models:
            if entry.variant is None:
                label = tr("{model} – {provider}", model=entry.name, provider=entry.provider_name)
                self.model.addItem(label, (entry.provider_id, entry.model, None))

    def set_presets(self, presets: Sequence[Preset], values: Mapping[str, object]) -> None:
        """Set all presets, and the settings, which hold the defaults and the default preset."""
        self._values = values
        default = self._default_id = str(values[DEFAULT_PRESET])
        self._presets = {preset.id: preset for preset in presets}
        rows = []
        for preset in presets:
            note = tr_context("preset", "default") if preset.id == default else ""
            heading = tr("Presets")
            rows.append(LibraryRow(id=preset.id, title=preset.name, note=note, heading=heading))
        self.set_rows(rows)
        if self._preset is not None and self._preset.id in self._presets:
            self._fill_fields(self._presets[self._preset.id])

    def report_edits(self) -> None:
        preset = self._preset
        if preset is None:
            return
        # Qt returns members of string enumerations as plain strings; they are converted below.
        provider_id, model, variant = self.model.currentData()
        effort = self.effort.currentData()
        name = preset.name
        typed_name = self.name.text().strip()
        if self.name.is_edited and typed_name:
            name = typed_name
        edited_preset = replace(
            preset,
            name=name,
            provider_id=provider_id,
            model=model,
            variant=Variant(variant) if variant else None,
            effort=Effort(effort) if effort else None,
        )
        if not typed_name:  # a preset always has a name
            self.name.set_name(preset.name)
        self.name.setModified(False)
        if edited_preset != preset:
            self._preset = edited_preset
            self._controller.save_named(edited_preset)
        # Last, because the signals of the form and of the examples refill the page.
        self.form.report_edits()
        self.examples.report_edits()

    def _request_edit(self, request: EditRequest) -> None:
        """Request a value for the shown preset, even if another is shown when it arrives."""
        preset_id = self.current_id
        key = request.key

        def value_now() -> object:
            preset = self._presets.get(preset_id)
            return "" if preset is None else overridden_values(preset.overrides).get(key, "")

        on_changed = partial(self._controller.override, preset_id, key)
        self._controller.edit(request._replace(on_changed=on_changed, value_now=value_now))

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
        if is_narrow:
            gap_before_scroll_bar = 0
            self._choices.setDirection(directions.TopToBottom)
        else:
            gap_before_scroll_bar = px(12)
            self._choices.setDirection(directions.LeftToRight)
        self._content_layout.setContentsMargins(*margins_of(0, 0, gap_before_scroll_bar, 0))

    # ------------------------------------------------------------------ private

    def show_entry(self, entry_id: str) -> None:
        self.report_edits()  # of the preset that was shown until now
        self._preset = None
        self.current_id = entry_id
        if entry_id:
            self.name.set_name(self._presets[entry_id].name)
            self._fill_fields(self._presets[entry_id])

    def _fill_fields(self, preset: Preset) -> None:
        self._preset = None  # so that filling the fields is not reported as a change by the user
        if not self.name.isModified():  # otherwise the user is typing it
            self.name.set_name(preset.name)
        self.model.setCurrentIndex(_find_or_add_model(self.model, preset))
        if preset.effort is not None and self.effort.findData(preset.effort) < 0:
            self.effort.addItem(tr(preset.effort.label), preset.effort)  # of an imported preset
        self.effort.setCurrentIndex(max(0, self.effort.findData(preset.effort)))
        self.default_box.setChecked(preset.id == self._default_id)
        overrides = overridden_values(preset.overrides)
        self.form.set_values({**self._values, **overrides})
        self.form.set_overrides(preset.id, overrides)
        self.examples.show_examples(preset.id, preset.overrides.examples)
        self._preset = preset

    def _change(self, change: Callable[..., object], *values: object) -> None:
        if self._preset is not None:
            change(self._preset.id, *values)

    def begin_new(self) -> None:
        self._controller.begin_new()

    def delete(self, entry_id: str) -> None:
        self._controller.delete(entry_id)


def _find_or_add_model(models: Combo, preset: Preset) -> int:
    """Return the index of the preset's model; add the model if it is not listed."""
    model_data = (preset.provider_id, preset.model, preset.variant)
    for index in range(models.count()):
        if tuple(models.itemData(index)) == model_data:  # Qt returns a list
            return index
    model = preset.model or tr(_SAME_AS_CONVERSATION)
    label = tr("{model} – {provider}", model=model, provider=preset.provider_id)
    models.addItem(label, model_data)
    return models.count() - 1


# In pixels at the default text size (see `Theme.px`).
_FIELD_HEIGHT: Final = 64


class ExampleTurns(FormSection):
    """The fields of a preset's examples. Only complete examples are reported.

    Signals:
        changed(Examples): the complete examples, once the user pauses or leaves a field, or removes
            an example.
    """

    changed = Signal(object)

    def __init__(self) -> None:
        super().__init__(tr("Examples"))
        self.note.set_text(
            tr("Sent before the conversation like earlier messages. Their tokens count as input.")
        )
        self._reported: tuple[str, Examples] = ("", ())  # with the id of the preset
        self._examples: list[_ExampleFields] = []
        self._anchor = TabAnchor(self)
        self.add_button = compact_button(tr("Add example"), "add-example", "plain")
        self.add_button.clicked.connect(lambda: self._add("", "").question.setFocus())
        self.add(self.add_button)

    def show_examples(self, preset_id: str, examples: Examples) -> None:
        """Show a preset's examples; if they are already shown, keep unfinished examples."""
        if (preset_id, examples) == self._reported:
            return
        self._reported = preset_id, examples
        for fields in self._examples:
            _delete_fields(fields)
        self._examples = []
        for question, answer in examples:
            self._add(question, answer)

    def report_edits(self) -> None:
        """Report texts that were typed but not reported yet."""
        for fields in list(self._examples):
            fields.question.report_edits()
            fields.answer.report_edits()

    def _add(self, question: str, answer: str) -> _ExampleFields:
        fields = _ExampleFields(question, answer, self._report)
        fields.remove_button.clicked.connect(lambda: self._ask_removal(fields))
        self.body.addWidget(fields)
        stops = (fields.question, fields.answer, fields.remove_button)
        previous = self._examples[-1].remove_button if self._examples else self._anchor
        order_tabs(previous, (*stops, self.add_button))
        self._examples.append(fields)
        fields.set_number(len(self._examples))
        return fields

    def _ask_removal(self, fields: _ExampleFields) -> None:
        if not any(map(str.strip, fields.texts)):
            self._remove(fields)
            return
        ask(
            self,
            "confirm-example-removal",
            tr("Remove this example?"),
            "",
            label=tr("Remove"),
            on_accepted=lambda: self._remove(fields),
        )

    def _remove(self, fields: _ExampleFields) -> None:
        self._examples.remove(fields)
        _delete_fields(fields)
        for number, remaining in enumerate(self._examples, 1):
            remaining.set_number(number)
        self.add_button.setFocus(Qt.FocusReason.OtherFocusReason)
        self._report()

    def _report(self) -> None:
        preset_id, reported_examples = self._reported
        examples = tuple(
            fields.texts for fields in self._examples if all(map(str.strip, fields.texts))
        )
        if examples != reported_examples:
            self._reported = preset_id, examples
            self.changed.emit(examples)


class _ExampleFields(QWidget):
    """The fields of one example: a question and its response.

    Attributes:
        texts: the question and the response, as stored or typed.
    """

    def __init__(self, question: str, answer: str, on_edited: Callable[[], None]) -> None:
        super().__init__()
        self.texts = question, answer
        self._report = on_edited
        self.question = MultilineField(tr("Message"), _FIELD_HEIGHT)
        self.answer = MultilineField(tr("Response"), _FIELD_HEIGHT)
        self.question.setObjectName("example-question")
        self.answer.setObjectName("example-answer")
        self.question.setPlaceholderText(tr("Message"))
        self.answer.setPlaceholderText(tr("Response"))
        self.question.show_text(question)
        self.answer.show_text(answer)
        self.question.edited.connect(lambda text: self._set_texts(text, self.texts[1]))
        self.answer.edited.connect(lambda text: self._set_texts(self.texts[0], text))
        self.remove_button = delete_button(tr("Remove"), "remove-example")
        remove = (self.remove_button, Qt.AlignmentFlag.AlignRight)
        column_of(self.question, self.answer, remove, parent=self, margins=0, spacing=4)

    def set_number(self, number: int) -> None:
        """Set the number in the accessible names."""
        for widget, name in (
            (self.question, tr("Example {number}: message", number=number)),
            (self.answer, tr("Example {number}: response", number=number)),
            (self.remove_button, tr("Remove example {number}", number=number)),
        ):
            widget.setAccessibleName(spoken_text(name))

    def _set_texts(self, question: str, answer: str) -> None:
        self.texts = question, answer
        self._report()


def _delete_fields(fields: _ExampleFields) -> None:
    fields.hide()
    fields.setParent(None)
    fields.deleteLater()
