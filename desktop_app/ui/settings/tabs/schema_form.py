"""A page of settings generated from their declarations, with a row for each setting.

A bounded number is a slider, whose left end is "Default" if the model may choose the value. Up to
three choices without a "Default" are a segmented control; other choices, and fonts, are a drop-down
list. A flag is a switch. A text is a field of one or several lines, or a button that opens a
dialog. A setting that the chosen model does not support is disabled, and its note gives the reason.
In a conversation or a folder, each row shows whether the setting is overridden, and can remove the
override.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from PySide6.QtCore import QLocale, QSignalBlocker, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QWidget

from desktop_app.domain.answering.answer_form import FormKind, FormSource
from desktop_app.domain.errors import SettingError
from desktop_app.i18n import formatting
from desktop_app.i18n.formatting import joined
from desktop_app.i18n.translation import N_, offered_languages, tr, tr_context, tr_plural
from desktop_app.settings.schema import SPELLING_LANGUAGES, setting, settings_of
from desktop_app.settings.setting import Group, Setting, SettingValue, Unit
from desktop_app.settings.values import validate, with_defaults
from desktop_app.ui.widgets.boxes import STRETCH, column_of, row_of
from desktop_app.ui.widgets.buttons.segmented_control import SegmentedControl
from desktop_app.ui.widgets.forms.form_widgets import (
    Combo,
    FormSection,
    LineSection,
    MultilineField,
    Slider,
    check_box,
    check_row,
)
from desktop_app.ui.widgets.text.foreign_text import PlainButton, PlainLabel, spoken_text

if TYPE_CHECKING:
    OnEdited = Callable[[SettingValue], None]


class AppearanceTab(QWidget):
    """The Appearance page, with a form for the window and a form for the desktop below it.

    Signals:
        changed(str, object): a setting's key and the user's new value.
        edit_requested(EditRequest): change a value in a window of its own.
    """

    changed = Signal(str, object)
    edit_requested = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._forms = (SchemaForm(Group.LOOK), SchemaForm(Group.DESKTOP))
        column_of(*self._forms, STRETCH, parent=self, margins=0, spacing=16)
        for form in self._forms:
            form.changed.connect(self.changed)
            form.edit_requested.connect(self.edit_requested)

    def set_values(self, values: Mapping[str, object]) -> None:
        """Show these values, or the defaults."""
        for form in self._forms:
            form.set_values(values)

    def set_refusals(self, refusals: Mapping[str, str]) -> None:
        """Disable the settings in `refusals`; their help is replaced by the reason."""
        for form in self._forms:
            form.set_refusals(refusals)


MAX_SEGMENTS: Final = 3
MODEL_DEFAULT: Final = N_("Default")
"""The label of a value that is left to the model."""
_TEXT_HEIGHT: Final = 112
"""The height of a text of any length, in unscaled pixels: five lines."""
_LIST_HEIGHT: Final = 72
"""The height of a text of a few lines, in unscaled pixels: three lines."""


class Field(Protocol):
    """The editable part of a row."""

    @property
    def control(self) -> QWidget:
        """Return the widget that edits the value."""

    def show(self, value: SettingValue) -> None:
        """Show a value without emitting a change."""


class SchemaForm(QWidget):
    """All settings of a group.

    Signals:
        changed(str, object): a setting's key and the user's new value.
        reset_requested(str): the key of a setting whose override the user wants to remove.
        edit_requested(EditRequest): change a value in a window of its own.
    """

    changed = Signal(str, object)
    edit_requested = Signal(object)
    reset_requested = Signal(str)

    def __init__(self, group: Group, override_label: str = "") -> None:
        """Create the rows.

        Args:
            override_label: the label of an overridden value, if not "Set for this conversation".
        """
        super().__init__()
        self._override_label = override_label or tr("Set for this conversation")
        self._fields: dict[str, Field] = {}
        self._sections: dict[str, FormSection] = {}
        self._override_lines: dict[str, _OverrideLine] = {}
        self._refusals: Mapping[str, str] = {}
        self._notes: Mapping[str, str] = {}
        self._column = column_of(parent=self, margins=0, spacing=16)
        for declared in settings_of(group):
            if declared.key != "look.language":
                self._add_row(declared)
            elif len(offered_languages()) > 1:
                self._add_row(_with_offered_languages(declared))
        self._column.addStretch(1)

    def _add_row(self, declared: Setting) -> None:
        key = declared.key
        label = tr(declared.label)
        is_line = declared.most_lines == 1
        section = LineSection(label, key) if is_line else FormSection(label)
        section.note.set_text(tr(declared.help))

        def on_edited(value: SettingValue) -> None:
            try:
                self.changed.emit(key, validate(key, value))
            except SettingError as error:
                section.note.set_text(error.what_to_do, "error")
            else:
                self._annotate(key)

        if declared.has_dialog:
            self._fields[key] = DialogField(declared, section, on_edited, self.edit_requested.emit)
        elif isinstance(section, LineSection):
            self._fields[key] = _LineField(declared, section, on_edited)
        else:
            self._fields[key] = _field_for(declared, section, on_edited)
        self._fields[key].show(declared.default)
        section.note.describe(*section.findChildren(QWidget, key))
        self._sections[key] = section
        if declared.per_conversation or declared.per_folder:
            line = self._override_lines[key] = _OverrideLine(declared, section)
            line.reset_button.clicked.connect(lambda: self.reset_requested.emit(key))
        self._column.addWidget(section)

    def set_values(self, values: Mapping[str, object]) -> None:
        """Show these values, or the defaults; ignore keys of other groups."""
        effective_values = with_defaults(values)
        for key, field in self._fields.items():
            field.show(effective_values[key])

    def set_overrides(self, keys: Collection[str] | None, *, is_folder: bool = False) -> None:
        """Mark these overridden settings, and hide settings that cannot be overridden.

        None stands for the defaults: show all settings, none of them marked.
        """
        for key, section in self._sections.items():
            declared = setting(key)
            line = self._override_lines.get(key)
            is_offered = declared.per_conversation or (is_folder and declared.per_folder)
            section.setVisible(keys is None or is_offered)
            if line is not None:
                label = tr("Set for this folder") if is_folder else self._override_label
                line.show(keys is not None and key in keys, label)

    def is_row_shown(self, key: str) -> bool:
        """Return True if the row of this setting is not hidden."""
        return not self._sections[key].isHidden()

    def report_edits(self) -> None:
        """Report texts that were typed but not reported yet."""
        for text in self.findChildren(MultilineField):
            text.report_edits()
        for line in self.findChildren(LineSection):
            line.report_edits()

    def set_refusals(
        self, refusals: Mapping[str, str], notes: Mapping[str, str] | None = None
    ) -> None:
        """Disable the settings in `refusals`, showing the reason in place of their help.

        `notes` are appended to the help of a setting.
        """
        self._refusals = refusals
        self._notes = notes or {}
        for key in self._sections:
            self._fields[key].control.setEnabled(key not in refusals)
            self._annotate(key)

    def _annotate(self, key: str) -> None:
        help_text = f"{tr(setting(key).help)} {self._notes.get(key, '')}".strip()
        self._sections[key].note.set_text(self._refusals.get(key) or help_text)


def _with_offered_languages(declared: Setting) -> Setting:
    """Return the setting without the languages whose catalogs are not installed."""
    offered_codes = ("", *offered_languages())
    return replace(declared, choices=tuple(c for c in declared.choices if c.value in offered_codes))


class _OverrideLine:
    """The line below a row for an overridden value, with a reset button."""

    def __init__(self, declared: Setting, section: FormSection) -> None:
        self._label = PlainLabel(role="note")
        self.reset_button = PlainButton(
            tr("Use default"), role="link", name=f"reset-{declared.key}"
        )
        spoken = tr("{setting}: use default", setting=tr(declared.label))
        self.reset_button.setAccessibleName(spoken_text(spoken))
        self._row = QWidget()
        row_of((self._label, 1), self.reset_button, parent=self._row, margins=0)
        section.add(self._row)
        self.show(False, "")

    def show(self, is_overridden: bool, label: str) -> None:
        self._label.setText(label)
        self._row.setVisible(is_overridden)


def _field_for(declared: Setting, section: FormSection, on_edited: OnEdited) -> Field:
    if declared.value_type is bool:
        return _FlagField(declared, section, on_edited)
    if declared.choices:
        has_few_choices = len(declared.choices) <= MAX_SEGMENTS and not declared.is_optional
        field_type = _SegmentsField if has_few_choices else _ListField
        return field_type(declared, section, on_edited)
    if declared.is_font:
        return _ListField(declared, section, on_edited)
    if declared.stops:
        return _SliderField(declared, section, on_edited)
    return _LongTextField(declared, section, on_edited)


class _FlagField:
    """A switch at the right of its title."""

    def __init__(self, declared: Setting, section: FormSection, on_edited: OnEdited) -> None:
        self.control = check_box(tr(declared.label), object_name=declared.key)
        section.title.hide()
        section.body.addLayout(check_row(tr(declared.label), self.control))
        self.control.toggled.connect(on_edited)

    def show(self, value: SettingValue) -> None:
        with QSignalBlocker(self.control):
            self.control.setChecked(bool(value))


class _SegmentsField:
    """Up to three values side by side."""

    def __init__(self, declared: Setting, section: FormSection, on_edited: OnEdited) -> None:
        options = [(choice.value, tr(choice.label)) for choice in declared.choices]
        self._known_values = {value for value, _label in options}
        self.control = SegmentedControl(options, name=tr(declared.label), padding=11)
        self.control.setObjectName(declared.key)
        self.control.expand()
        section.body.addWidget(self.control)
        self.control.chosen.connect(on_edited)

    def show(self, value: SettingValue) -> None:
        """Check the value's segment; none if the Shortcuts page has set another value."""
        self.control.set_current(str(value) if value in self._known_values else None)


class _ListField:
    """A drop-down list, beginning with the label of None if the setting may be unset.

    The installed font families are read only when the page is created, because that is slow.
    """

    def __init__(self, declared: Setting, section: FormSection, on_edited: OnEdited) -> None:
        self._declared = declared
        self.control = Combo(tr(declared.label), object_name=declared.key)
        if declared.is_optional:
            self.control.addItem(tr(declared.unset_label or MODEL_DEFAULT), None)
        for choice in declared.choices:
            self.control.addItem(tr(choice.label), choice.value)
        if declared.is_font:
            self.control.addItem(tr("System"), "")
            for family in filter(QFontDatabase.isSmoothlyScalable, QFontDatabase.families()):
                self.control.addItem(family, family)
        section.title.setBuddy(self.control)
        section.body.addWidget(self.control)
        self.control.activated.connect(lambda index: on_edited(self.control.itemData(index)))

    def show(self, value: SettingValue) -> None:
        if self._declared.is_font and self.control.findData(value) < 0:
            self.control.addItem(str(value), value)  # the font is no longer installed
        self.control.setCurrentIndex(max(0, self.control.findData(value)))


class _SliderField:
    """A slider over the stops, with the formatted value beside it."""

    def __init__(self, declared: Setting, section: FormSection, on_edited: OnEdited) -> None:
        self._declared = declared
        numbers: list[SettingValue] = [*declared.stops]
        self._stops = [None, *numbers] if declared.is_optional else numbers
        self._slider = Slider()
        self._slider.setObjectName(declared.key)
        self._slider.setRange(0, len(self._stops) - 1)
        self._value_label = PlainLabel(role="note")
        section.title.setBuddy(self._slider)
        self.control = QWidget()
        row_of((self._slider, 1), self._value_label, parent=self.control, margins=0, spacing=6)
        section.body.addWidget(self.control)
        self._slider.sliderMoved.connect(lambda index: self._show_value(self._stops[index]))
        self._slider.valueChanged.connect(lambda index: self._report(index, on_edited))

    def _report(self, index: int, on_edited: OnEdited) -> None:
        self._show_value(self._stops[index])
        on_edited(self._stops[index])

    def show(self, value: SettingValue) -> None:
        """Show the value; the slider moves to the nearest stop."""
        with QSignalBlocker(self._slider):
            self._slider.setValue(self._nearest(value))
        self._slider.update()
        self._show_value(value)

    def _nearest(self, value: SettingValue) -> int:
        if value in self._stops:
            return self._stops.index(value)
        if not isinstance(value, int | float):
            return 0
        distances = {
            index: abs(stop - value)
            for index, stop in enumerate(self._stops)
            if isinstance(stop, int | float)
        }
        return min(distances, key=distances.__getitem__)

    def _show_value(self, value: SettingValue) -> None:
        text = format_value(value, self._declared.unit)
        self._value_label.setText(text)
        spoken = tr("{setting}: {value}", setting=tr(self._declared.label), value=text)
        self._slider.setAccessibleName(spoken_text(spoken))


def format_value(value: SettingValue, unit: Unit = Unit.NONE) -> str:
    """Format a number for display: 16384 tokens -> "16,384 tokens", None -> "Default"."""
    if isinstance(value, float):
        # As few decimal places as show it to two places.
        digits = next(n for n in range(3) if n == 2 or round(value, n) == round(value, 2))
        return formatting.decimal(value, digits)
    if not isinstance(value, int):
        return tr(MODEL_DEFAULT)
    match unit:
        case Unit.NONE:
            return formatting.number(value)
        case Unit.TOKENS:
            return tr_plural("{count} token", "{count} tokens", value)
        case Unit.CHARACTERS:
            return tr_plural("{count} character", "{count} characters", value)
        case Unit.MEGABYTES:
            return tr("{size} MB", size=value)
        case Unit.MEGAPIXELS:
            return tr_plural("{count} megapixel", "{count} megapixels", value)
        case Unit.SECONDS:
            return formatting.duration(value)
        case Unit.PERCENT:
            return formatting.percent(value)


class _LineField:
    """A text of one line."""

    def __init__(self, declared: Setting, section: LineSection, on_edited: OnEdited) -> None:
        self._section = section
        self.control = section.field
        self.control.setPlaceholderText(tr(declared.placeholder))
        section.finished.connect(on_edited)

    def show(self, value: SettingValue) -> None:
        self._section.show_value(str(value or ""))


class _LongTextField:
    """A multi-line text."""

    def __init__(self, declared: Setting, section: FormSection, on_edited: OnEdited) -> None:
        height = _TEXT_HEIGHT if declared.most_lines is None else _LIST_HEIGHT
        self.control = MultilineField(tr(declared.label), height)
        self.control.setObjectName(declared.key)
        self.control.setPlaceholderText(tr(declared.placeholder))
        section.title.setBuddy(self.control)
        section.body.addWidget(self.control)
        self.control.edited.connect(on_edited)

    def show(self, value: SettingValue) -> None:
        self.control.show_text(str(value or ""))


FORM_KINDS: Final = {
    FormKind.SCHEMA: N_("JSON Schema"),
    FormKind.LARK: N_("Lark grammar"),
    FormKind.REGEX: N_("Regular expression"),
    FormKind.GBNF: N_("GBNF grammar"),
}


class EditRequest(NamedTuple):
    """A request to change a value in a window of its own.

    Attributes:
        key: the key of the setting.
        value: the current value.
        on_changed: called with the new value.
        anchor: the button that was clicked.
        value_now: returns the value at the time of the call; "" if it is unset or unknown. Undo
            restores a removed value only while this returns "".
    """

    key: str
    value: str
    on_changed: Callable[[str], None]
    anchor: QWidget
    value_now: Callable[[], object] = str


class DialogField:
    """A row with the current value and the button that changes it."""

    def __init__(
        self,
        setting: Setting,
        section: FormSection,
        on_edited: Callable[[SettingValue], None],
        request: Callable[[EditRequest], None],
    ) -> None:
        self._key = setting.key
        self._value = ""
        self._label = PlainLabel(wraps=True)
        self.control = PlainButton(tr("Change…"), role="plain", name=setting.key)
        spoken = tr("{setting}: change", setting=tr(setting.label))
        self.control.setAccessibleName(spoken_text(spoken))
        section.body.addLayout(row_of((self._label, 1), self.control))
        self.control.clicked.connect(
            lambda: request(
                EditRequest(
                    key=self._key,
                    value=self._value,
                    on_changed=on_edited,
                    anchor=self.control,
                    value_now=lambda: self._value,
                )
            )
        )

    def show(self, value: SettingValue) -> None:
        self._value = str(value or "")
        if self._key == "answer.form":
            self._label.setText(describe_form(self._value))
        elif self._key == SPELLING_LANGUAGES:
            self._label.setText(describe_languages(self._value))
        else:
            self._label.setText(describe_tools(self._value))


def describe_form(value: str) -> str:
    """Return the kind of a response format and the name of a schema; "Any" for no format."""
    source = FormSource.from_setting(value)
    if source is None:
        return tr_context("response format", "Any")
    kind = tr(FORM_KINDS[source.kind])
    if source.kind is FormKind.SCHEMA and source.name:
        return tr("{kind} “{name}”", kind=kind, name=source.name)
    return kind


def describe_tools(value: str) -> str:
    """Return the names of the chosen tools, or "None" in the user's language."""
    names = [line.strip() for line in value.splitlines() if line.strip()]
    return joined(names) if names else tr_context("tools", "None")


def describe_languages(value: str) -> str:
    """Return the names of the chosen spelling languages, or "System" if none are chosen."""
    return joined([language_name(code) for code in value.split()]) or tr("System")


def language_name(code: str) -> str:
    """Return the native name of a dictionary's language, or an unknown code as it is.

    An example is "português (Brasil)".
    """
    locale = QLocale(code)
    language = locale.nativeLanguageName()
    country = locale.nativeTerritoryName()
    if not language or locale.language() is QLocale.Language.C:
        return code
    if "_" not in code:
        return language
    return tr("{language} ({country})", language=language, country=country)
