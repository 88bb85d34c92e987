"""A page of settings generated from their declarations, with a row for each setting.

A bounded number is a slider, whose left end is "Default" if the model may choose the value. Up to
three choices without a "Default" are a segmented control; other choices, and fonts, are a drop-down
list. A flag is a check box. A text is a field, or a button that opens a dialog. A setting that the
chosen model does not support is hidden. For a conversation, a folder or a preset, the form has only
the instructions and the settings that are overridden there, each of which can return to its
default; a menu adds others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final, NamedTuple

from PySide6.QtCore import QLocale, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QWidget

from desktop_app.domain.answering.answer_form import FormKind, FormSource
from desktop_app.domain.errors import SettingError
from desktop_app.domain.tools.tool_words import tool_title
from desktop_app.i18n import formatting
from desktop_app.i18n.formatting import joined
from desktop_app.i18n.translation import N_, offered_languages, paragraph, tr, tr_context, tr_plural
from desktop_app.settings.schema import INSTRUCTIONS, SPELLING_LANGUAGES
from desktop_app.settings.setting import Setting, SettingValue, Unit
from desktop_app.settings.values import validate, with_defaults
from desktop_app.widgets.boxes import column_of, row_of
from desktop_app.widgets.buttons.segmented_control import SegmentedControl
from desktop_app.widgets.forms import form_widgets as forms
from desktop_app.widgets.forms.tab_order import focus_first_part
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.text.foreign_text import (
    PlainButton,
    PlainLabel,
    menu_text,
    one_line,
    spoken_text,
)

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


MAX_SEGMENTS: Final = 3
MODEL_DEFAULT: Final = N_("Default")
"""The label of a value that is left to the model."""
_TEXT_HEIGHT: Final = 112
"""The height of a text of any length, in unscaled pixels: five lines."""
_LIST_HEIGHT: Final = 72
"""The height of a text of a few lines, in unscaled pixels: three lines."""
_LINE_HEIGHT: Final = 38
"""The height of a text of one line, in unscaled pixels."""


_NOTHING: Final[Mapping[str, Sequence[QWidget]]] = MappingProxyType({})

Field = tuple[QWidget, Callable[[SettingValue], None]]
"""The widget that edits a value, and a function that shows one without reporting a change."""


class SettingRow(forms.FormSection):
    """A setting: its title, its field, its help, and the settings that are part of it.

    Attributes:
        declared: the setting.
        control: the widget that edits the value.
        show_value: shows a value without reporting a change.
        override: the line for an overridden value; None if nothing can override it.
    """

    def __init__(self, declared: Setting, form: SchemaForm) -> None:
        super().__init__("" if declared.part_of else tr(declared.label))
        self.declared = declared
        self._form = form
        self._help = tr(declared.help)
        self.note.set_text(self._help)
        self.control, self.show_value = self._make_field()
        self.show_value(declared.default)
        self.note.describe(*self.findChildren(QWidget, declared.key))
        self.override: OverrideLine | None = None
        if declared.per_conversation or declared.per_folder:
            self.override = OverrideLine(declared.key, tr(declared.label), form)
            self.override.hide()
            self.add(self.override)

    def set_help(self, text: str) -> None:
        """Show a help text, also again after the user has corrected a wrong value."""
        self._help = text
        self.note.set_text(text)

    def _edit(self, value: SettingValue) -> None:
        """Report the user's value, or show why it is wrong."""
        key = self.declared.key
        try:
            self._form.changed.emit(key, validate(key, value))
        except SettingError as error:
            self.note.set_text(error.what_to_do, "error")
        else:
            self.note.set_text(self._help)

    def _make_field(self) -> Field:
        declared = self.declared
        if declared.has_dialog:
            return self._dialog_field()
        if declared.value_type is bool:
            return self._flag_field()
        if declared.choices and len(declared.choices) <= MAX_SEGMENTS and not declared.is_optional:
            return self._segments_field()
        if declared.choices or declared.is_font:
            return self._list_field()
        if declared.stops:
            return self._slider_field()
        return self._text_field()

    def _flag_field(self) -> Field:
        """Create a check box at the right of its title."""
        label = tr(self.declared.label)
        box = forms.check_box(label, object_name=self.declared.key)
        self.title.hide()
        self.body.addLayout(forms.check_row(label, box))
        box.toggled.connect(self._edit)

        def show(value: SettingValue) -> None:
            with QSignalBlocker(box):
                box.setChecked(bool(value))

        return box, show

    def _segments_field(self) -> Field:
        """Create up to three values side by side; none is checked if the value is none of them."""
        labels = {choice.value: tr(choice.label) for choice in self.declared.choices}
        segments = SegmentedControl([*labels.items()], name=tr(self.declared.label), padding=11)
        segments.setObjectName(self.declared.key)
        segments.expand()
        self.body.addWidget(segments)
        segments.chosen.connect(self._edit)
        # The Shortcuts page may have set another value.
        return segments, lambda value: segments.set_current(str(value) if value in labels else None)

    def _list_field(self) -> Field:
        """Create a drop-down list, beginning with the label of None if the setting may be unset.

        The installed font families are read only when the page is created, because that is slow.
        """
        declared = self.declared
        combo = forms.Combo(tr(declared.label), object_name=declared.key)
        if declared.is_optional:
            combo.addItem(tr(declared.unset_label or MODEL_DEFAULT), None)
        for choice in declared.choices:
            combo.addItem(tr(choice.label), choice.value)
        if declared.is_font:
            combo.addItem(tr("System"), "")
            for family in filter(QFontDatabase.isSmoothlyScalable, QFontDatabase.families()):
                combo.addItem(family, family)
        self.title.setBuddy(combo)
        self.body.addWidget(combo)
        combo.activated.connect(lambda index: self._edit(combo.itemData(index)))

        def show(value: SettingValue) -> None:
            if declared.is_font and combo.findData(value) < 0:
                combo.addItem(str(value), value)  # the font is no longer installed
            combo.setCurrentIndex(max(0, combo.findData(value)))

        return combo, show

    def _slider_field(self) -> Field:
        """Create a slider over the stops, with the formatted value beside it."""
        declared = self.declared
        stops: list[SettingValue] = [*declared.stops]
        if declared.is_optional:
            stops.insert(0, None)
        slider = forms.Slider()
        slider.setObjectName(declared.key)
        slider.setRange(0, len(stops) - 1)
        value_label = PlainLabel(role="note")
        self.title.setBuddy(slider)
        control = QWidget()
        row_of((slider, 1), value_label, parent=control, margins=0, spacing=6)
        self.body.addWidget(control)

        def show_value(value: SettingValue) -> None:
            unset = tr(declared.unset_label) if value is None else ""
            text = unset or format_value(value, declared.unit)
            value_label.setText(text)
            spoken = tr("{setting}: {value}", setting=tr(declared.label), value=text)
            slider.setAccessibleName(spoken_text(spoken))

        def report(index: int) -> None:
            show_value(stops[index])
            self._edit(stops[index])

        def show(value: SettingValue) -> None:
            """Show the value; the slider moves to the nearest stop."""
            nearest = 0
            if value in stops:
                nearest = stops.index(value)
            elif isinstance(value, int | float):
                numbers = {n: stop for n, stop in enumerate(stops) if isinstance(stop, int | float)}
                nearest = min(numbers, key=lambda n: abs(numbers[n] - value))
            with QSignalBlocker(slider):
                slider.setValue(nearest)
            slider.update()
            show_value(value)

        slider.sliderMoved.connect(lambda index: show_value(stops[index]))
        slider.valueChanged.connect(report)
        return control, show

    def _text_field(self) -> Field:
        heights = {None: _TEXT_HEIGHT, 1: _LINE_HEIGHT}
        height = heights.get(self.declared.most_lines, _LIST_HEIGHT)
        field = forms.MultilineField(tr(self.declared.label), height)
        field.setObjectName(self.declared.key)
        field.setPlaceholderText(tr(self.declared.placeholder))
        self.title.setBuddy(field)
        self.body.addWidget(field)
        field.edited.connect(self._edit)
        return field, lambda value: field.show_text(str(value or ""))

    def _dialog_field(self) -> Field:
        """Create a description of the value, and the button that changes it in another window."""
        key = self.declared.key
        current_value = ""
        label = PlainLabel(wraps=True)
        button = PlainButton(tr("Change…"), role="plain", name=key)
        spoken = tr("{setting}: change", setting=tr(self.declared.label))
        button.setAccessibleName(spoken_text(spoken))
        self.body.addLayout(row_of((label, 1), button))
        button.clicked.connect(
            lambda: self._form.edit_requested.emit(
                EditRequest(key, current_value, self._edit, button, lambda: current_value)
            )
        )

        def show(value: SettingValue) -> None:
            nonlocal current_value
            current_value = str(value or "")
            label.setText(_DESCRIPTIONS[key](current_value))

        return button, show


class OverrideLine(QWidget):
    """A note on an overridden value, with a button that resets it.

    Attributes:
        text: the label of the note.
    """

    def __init__(self, key: str, name: str, form: SchemaForm) -> None:
        super().__init__()
        self.text = PlainLabel(role="note", wraps=True)
        button = PlainButton(tr("Use default"), role="link", name=f"reset-{key}")
        button.setAccessibleName(spoken_text(tr("{setting}: use default", setting=name)))
        button.clicked.connect(lambda: form.reset(key))
        row_of((self.text, 1), button, parent=self, margins=0)


class SchemaForm(QWidget):
    """Rows of settings.

    Signals:
        changed(str, object): a setting's key and the user's new value.
        reset_requested(str): the key of a setting whose override the user wants to remove.
        edit_requested(EditRequest): change a value in a window of its own.
    """

    changed = Signal(str, object)
    edit_requested = Signal(object)
    reset_requested = Signal(str)

    def __init__(
        self,
        settings: Sequence[Setting],
        owned: Sequence[Setting] = (),
        *,
        override_label: str = "",
        below: Mapping[str, Sequence[QWidget]] = _NOTHING,
    ) -> None:
        """Create the rows.

        Args:
            settings: those that are shown as defaults.
            owned: those that a conversation, a folder or a preset may override.
            override_label: the label of an overridden value, if not "Set for this conversation".
            below: what else stands in the rows of settings, by their keys.
        """
        super().__init__()
        self._override_label = override_label or tr("Set for this conversation")
        self._rows: dict[str, SettingRow] = {}
        self._unsupported: Collection[str] = ()
        self._owner: str | None = None  # whose overrides are shown; None for the defaults
        self._overrides: Mapping[str, object] = {}
        self._is_folder = False
        self._revealed: set[str] = set()  # shown although not overridden, or not supported
        self._column = column_of(parent=self, margins=0, spacing=16)
        self._defaults = {declared.key for declared in settings}
        for declared in (*settings, *(s for s in owned if s.key not in self._defaults)):
            if declared.key == "look.language":
                offered = ("", *offered_languages())
                choices = tuple(c for c in declared.choices if c.value in offered)
                declared = replace(declared, choices=choices)
                if len(choices) < 3:  # only the system's and English
                    continue
            self._add_row(declared, below.get(declared.key, ()))
        self._others = column_of(spacing=4)  # parameters without a setting
        self._column.addLayout(self._others)
        self._add_button = PlainButton(tr("Change another setting"), role="plain", name="override")
        self._menu = ProgramMenu(self._add_button)
        self._add_button.setMenu(self._menu)
        self._menu.aboutToShow.connect(self._fill_menu)
        self._column.addWidget(self._add_button, 0, Qt.AlignmentFlag.AlignLeading)
        self._column.addStretch(1)
        self._show_rows()

    def _add_row(self, declared: Setting, below: Sequence[QWidget]) -> None:
        row = self._rows[declared.key] = SettingRow(declared, self)
        for widget in below:
            row.add(widget)
        if declared.part_of:
            self._rows[declared.part_of].add(row)
        else:
            self._column.addWidget(row)

    def set_values(self, values: Mapping[str, object]) -> None:
        """Show these values, or the defaults; ignore keys of other groups."""
        effective_values = with_defaults(values)
        for key, row in self._rows.items():
            row.show_value(effective_values[key])

    def set_overrides(
        self, owner: str | None, overrides: Mapping[str, object], *, is_folder: bool = False
    ) -> None:
        """Show only what a conversation, a folder or a preset overrides.

        Args:
            owner: names the conversation, the folder or the preset; None stands for the defaults.
            overrides: the overriding values by key, also of parameters that have no setting.
        """
        if owner != self._owner:
            self._revealed.clear()
        self._owner, self._overrides, self._is_folder = owner, overrides, is_folder
        self._show_rows()
        self._show_others()

    def set_unsupported(self, keys: Collection[str]) -> None:
        """Hide the settings that the chosen model does not support, unless they are overridden."""
        self._unsupported = keys
        self._show_rows()

    def has_row(self, key: str) -> bool:
        """Return True if there is a row of this setting."""
        return key in self._rows

    def is_row_shown(self, key: str) -> bool:
        """Return True if the row of this setting is not hidden."""
        return not self._rows[key].isHidden()

    def reveal(self, key: str) -> None:
        """Show the row of a setting, even if it is hidden."""
        self._revealed.add(key)
        self._show_rows()

    def reset(self, key: str) -> None:
        """Ask to remove an override, and hide its row then."""
        self._revealed.discard(key)
        self.reset_requested.emit(key)

    def _show_rows(self) -> None:
        is_default = self._owner is None
        label = tr("Set for this project") if self._is_folder else self._override_label
        for key, row in self._rows.items():
            is_overridden = key in self._overrides
            if is_default:
                is_shown = key in self._defaults and key not in self._unsupported
            else:
                is_shown = is_overridden or key == INSTRUCTIONS
            row.setVisible(is_shown or key in self._revealed)
            if row.override is not None:
                row.override.text.setText(label)
                row.override.setVisible(not is_default and is_overridden)
        self._add_button.setVisible(not is_default)

    def _show_others(self) -> None:
        """Show the overridden parameters that have no setting any more, each with a reset."""
        while (item := self._others.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for key, value in self._overrides.items():
            if key not in self._rows:
                name = key.rpartition(".")[2]
                line = OverrideLine(key, name, self)
                line.text.setText(f"{name}: {value}")
                self._others.addWidget(line)
                line.show()

    def _fill_menu(self) -> None:
        self._menu.clear()
        for key, row in self._rows.items():
            declared = row.declared
            is_offered = declared.per_conversation or (self._is_folder and declared.per_folder)
            if is_offered and row.isHidden() and key not in self._unsupported:
                action = self._menu.addAction(menu_text(tr(declared.label)))
                action.triggered.connect(lambda *_, key=key: self._reveal_and_focus(key))

    def _reveal_and_focus(self, key: str) -> None:
        self.reveal(key)
        focus_first_part(self._rows[key].control, Qt.FocusReason.OtherFocusReason)

    def report_edits(self) -> None:
        """Report texts that were typed but not reported yet."""
        for text in self.findChildren(forms.MultilineField):
            text.report_edits()

    def set_refusals(
        self, refusals: Mapping[str, str], notes: Mapping[str, str] | None = None
    ) -> None:
        """Disable the settings in `refusals`, showing the reason in place of their help.

        `notes` are appended to the help of a setting.
        """
        for key, row in self._rows.items():
            row.control.setEnabled(key not in refusals)
            help_text = paragraph(tr(row.declared.help), (notes or {}).get(key, ""))
            row.set_help(refusals.get(key) or help_text)


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
        case Unit.BACKUPS:
            return tr_plural("{count} backup", "{count} backups", value)
        case Unit.PERCENT:
            return formatting.percent(value)


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
    names = [tool_title(line.strip()) for line in value.splitlines() if line.strip()]
    return joined(names) if names else tr_context("tools", "None")


def describe_languages(value: str) -> str:
    """Return the names of the chosen spelling languages, or "System" if none are chosen."""
    return joined([language_name(code) for code in value.split()]) or tr("System")


def describe_voice(value: str) -> str:
    """Return the name of the chosen voice, or "Default" if none is chosen."""
    return one_line(value) or tr(MODEL_DEFAULT)


def describe_voice_model(value: str) -> str:
    """Return the name of the chosen model, or "Newest" if none is chosen."""
    return one_line(value.partition(" ")[2]) or tr("Newest of the default provider")


_DESCRIPTIONS: Final = {
    "answer.form": describe_form,
    "answer.tools": describe_tools,
    SPELLING_LANGUAGES: describe_languages,
    **dict.fromkeys(("voice.voice", "voice.microphone", "voice.loudspeaker"), describe_voice),
    **dict.fromkeys(("voice.hearing_model", "voice.speech_model"), describe_voice_model),
}
"""Descriptions of the values of settings that are changed in a window of their own."""


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
