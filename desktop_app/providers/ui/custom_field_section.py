"""The headers and query parameters that the user adds to every request to a provider.

A secret value is stored in the keyring and never shown again. Entering a name again replaces its
value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QLineEdit, QVBoxLayout, QWidget

from desktop_app.domain.answering.chat_request import NO_PROVIDER, ProviderProfile
from desktop_app.domain.network.custom_fields import MAX_FIELDS, CustomField
from desktop_app.i18n.translation import N_, tr
from desktop_app.widgets.boxes import row_of
from desktop_app.widgets.buttons.dialog_button import compact_button
from desktop_app.widgets.forms.form_dialog import ask
from desktop_app.widgets.forms.form_widgets import Combo, FormSection, line_field
from desktop_app.widgets.text.foreign_text import PlainButton, PlainLabel, spoken_text

Edit = Callable[..., None]
"""Saves the attributes of the shown profile that are given by name."""
_KINDS: Final = ((False, N_("Header")), (True, N_("Query parameter")))


class CustomFieldSection(FormSection):
    """A list of fields and a form to add a field.

    Args:
        edit: saves changed attributes of the profile.
        save: saves a CustomField without its value, and the value.
    """

    def __init__(self, edit: Edit, save: Callable[[CustomField, str], None]) -> None:
        super().__init__(tr("Headers and query parameters"))
        self._edit, self._save = edit, save
        self._profile = NO_PROVIDER
        self._has_value: Mapping[str, bool] = {}
        self._list = QVBoxLayout()
        self.body.addLayout(self._list)
        self._kind = Combo(tr("Kind"), object_name="custom-field-kind")
        self._kind.fill([(tr(label), in_query) for in_query, label in _KINDS])
        self._name = line_field(tr("Name"), "custom-field-name")
        self._value = line_field(tr("Value"), "custom-field-value")
        self._secret_box = QCheckBox(tr("Secret"))
        self._secret_box.setObjectName("custom-field-secret")
        modes = QLineEdit.EchoMode
        self._secret_box.toggled.connect(
            lambda is_secret: self._value.setEchoMode(modes.Password if is_secret else modes.Normal)
        )
        self._secret_box.setChecked(True)
        add_button = PlainButton(tr("Add"), name="add-custom-field", role="plain")
        add_button.setAccessibleName(spoken_text(tr("Add header or query parameter")))
        for widget in (self._kind, self._name, self._value):
            self.body.addWidget(widget)
        self.body.addLayout(row_of((self._secret_box, 1), add_button))
        add_button.clicked.connect(self._add_field)
        self._value.returnPressed.connect(self._add_field)
        self._show_note()

    def show_profile(self, profile: ProviderProfile) -> None:
        """List the profile's fields; empty the form if another profile was shown before."""
        is_other = profile.id != self._profile.id
        self._profile = profile
        if is_other:
            self._has_value = {}
            self._name.clear()
            self._value.clear()
            self._kind.setCurrentIndex(0)
            self._secret_box.setChecked(True)
            self._show_note()
        self._show_list()

    def show_missing_secrets(self, has_value: Mapping[str, bool]) -> None:
        """Mark secret fields without a value, and prepare the form for the first of them.

        Args:
            has_value: by the key of each secret field, False if the keyring has no value for the
                provider's address.
        """
        self._has_value = has_value
        self._show_list()
        missing_fields = (
            f for f in self._profile.custom_fields if f.is_secret and not has_value.get(f.key, True)
        )
        field = next(missing_fields, None)
        if field is not None and not self._name.text() and not self._name.hasFocus():
            self._name.setText(field.name)
            self._kind.setCurrentIndex(self._kind.findData(field.in_query))
            self._secret_box.setChecked(True)

    def _show_list(self) -> None:
        while (item := self._list.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for field in self._profile.custom_fields:
            self._list.addWidget(self._create_row(field))

    def _create_row(self, field: CustomField) -> QWidget:
        others = tuple(each for each in self._profile.custom_fields if each.key != field.key)
        text = f"?{field.name}" if field.in_query else field.name
        if not field.is_secret:
            text = f"{text}: {field.value}"
        elif self._has_value.get(field.key, True):
            text = tr("{name}: secret", name=text)
        else:
            text = tr("{name}: value missing", name=text)
        remove_button = compact_button(tr("Remove"), f"remove-{field.key}")
        remove_button.setAccessibleName(spoken_text(tr("Remove {name}", name=field.name)))
        remove_button.clicked.connect(
            lambda: ask(
                self,
                "confirm-field-removal",
                tr("Remove “{name}”?", name=field.name),
                "",
                label=tr("Remove"),
                on_accepted=lambda: self._edit(custom_fields=others),
            )
        )
        row = QWidget()
        label = PlainLabel(text, wraps=True)
        row_of((label, 1), (remove_button, Qt.AlignmentFlag.AlignTop), parent=row, margins=0)
        return row

    def _show_note(self, problem: str = "") -> None:
        default_note = tr(
            "Sent with every request to this provider. Secrets are stored in your keyring."
        )
        self.note.set_text(problem or default_note, "error" if problem else "note")

    def _add_field(self) -> None:
        in_query = bool(self._kind.currentData())
        field = CustomField(
            self._name.text().strip(), is_secret=self._secret_box.isChecked(), in_query=in_query
        )
        value = self._value.text().strip()
        is_new = all(field.key != other.key for other in self._profile.custom_fields)
        if not field.has_valid_name:
            self._show_note(tr("This name can’t be used."))
        elif not field.accepts(value):
            self._show_note(
                tr("Enter a value without line breaks.")
                if in_query
                else tr("Enter a value of ASCII characters, without line breaks.")
            )
        elif is_new and len(self._profile.custom_fields) >= MAX_FIELDS:
            self._show_note(tr("{count} is the maximum. Remove one first.", count=MAX_FIELDS))
        else:
            self._name.clear()
            self._value.clear()
            self._show_note()
            self._save(field, value)
