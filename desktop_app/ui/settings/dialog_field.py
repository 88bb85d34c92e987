"""A row of the settings whose value is changed in a window of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QWidget

from desktop_app.domain.answering.answer_form import FormKind, FormSource
from desktop_app.i18n.formatting import joined
from desktop_app.i18n.translation import N_, tr, tr_context
from desktop_app.settings.schema import SPELLING_LANGUAGES
from desktop_app.settings.setting import Setting, SettingValue
from desktop_app.ui.widgets.boxes import row_of
from desktop_app.ui.widgets.forms.form_widgets import FormSection
from desktop_app.ui.widgets.text.foreign_text import PlainButton, PlainLabel, spoken_text

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
