"""The Provider page: a provider's address and key, a connection test, or the local model.

The page edits one profile at a time and reports each change as a new profile. Fields of some kinds
of providers (a key, a model file, a share of the list price) are hidden for other kinds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from PySide6.QtCore import QLocale, QObject, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app.domain.answering.chat_request import NO_PROVIDER, ProviderKind, ProviderProfile
from desktop_app.domain.places import LinkedText
from desktop_app.i18n.translation import tr
from desktop_app.providers.ui.address_section import AddressSection
from desktop_app.providers.ui.key_section import KeySection, LocalModelSection
from desktop_app.providers.ui.key_state import KeyState
from desktop_app.providers.ui.network_section import NetworkSection
from desktop_app.settings.server_presets import SERVER_PRESETS, key_page, preset_of, profile_from
from desktop_app.settings.setting import Group
from desktop_app.spending.ui.spending_section import SpendingSection
from desktop_app.widgets.boxes import STRETCH, column_of, row_of
from desktop_app.widgets.forms.form_dialog import ask
from desktop_app.widgets.forms.form_widgets import (
    Combo,
    FormSection,
    LineSection,
    Note,
    check_box,
    check_row,
)
from desktop_app.widgets.forms.schema_form import SchemaForm
from desktop_app.widgets.look.icons import pixmap, set_icon
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.text.foreign_text import (
    PlainButton,
    PlainLabel,
    menu_text,
    set_tooltip,
    spoken_text,
)

DEFAULT_PROVIDER: Final = "default.provider"
WEIGHTS: Final = "local_model.weights"


class ProviderTab(QWidget):
    """The Provider page. See the module.

    Attributes:
        spending: the monthly cap of the shown provider.
        network: how the shown provider is reached.
        test: the test of the connection.

    Signals:
        profile_selected(str): the user selected the profile with this id.
        profile_save_requested(ProviderProfile): store this changed profile.
        profile_add_requested(ProviderProfile): store this new profile and show it.
        profile_removal_requested(str): remove the profile with this id.
        key_entered(str, str): profile id and key.
        key_removal_requested(str): remove the key of the profile with this id.
        test_requested(str): test the connection of the profile with this id.
        model_file_chosen(object): a Path, or None for the built-in model.
        models_requested(): show the table of models.
        downloads_requested(): show the models on this computer.
        changed(str, object): the key of a setting and its value.
    """

    profile_selected = Signal(str)
    profile_save_requested = Signal(object)
    profile_add_requested = Signal(object)
    profile_removal_requested = Signal(str)
    key_entered = Signal(str, str)
    key_removal_requested = Signal(str)
    test_requested = Signal(str)
    model_file_chosen = Signal(object)
    models_requested = Signal()
    downloads_requested = Signal()
    changed = Signal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self._profiles: dict[str, ProviderProfile] = {}
        self._profile = NO_PROVIDER
        self._key_states: dict[str, KeyState] = {}
        self._added_id = ""  # the server that was just added
        self._weights_path = ""
        self._default_id = ""
        self._key_profile_id = ""  # the profile whose key the key section shows
        self._column = column_of(parent=self, margins=0, spacing=14)
        self._build()
        self._connect()
        self.update_theme()

    # ------------------------------------------------------------------ construction

    def _build(self) -> None:
        self._build_choice()
        self._name = self._line_section(tr("Name"), "provider-name")
        self._address = AddressSection(self._edit)
        self._column.addWidget(self._address)
        self._key = KeySection()
        self._column.addWidget(self._key)
        self._local_model = LocalModelSection()
        self._column.addWidget(self._local_model)
        self._local_options = SchemaForm(Group.LOCAL_MODEL)
        self._column.addWidget(self._local_options)
        self.test = ConnectionTest(self)
        self._column.addLayout(self.test.row)
        title = tr("Use for new conversations")
        self._default_switch = check_box(title, object_name="use-for-new")
        self._column.addLayout(check_row(title, self._default_switch))
        self._models = LineSection(tr("Additional models"), "models")
        self._models.field.setPlaceholderText(tr("Model IDs, separated by commas"))
        set_tooltip(self._models.field, tr("Model IDs, separated by commas"))  # it may be cut
        self._models_button = PlainButton(tr("Show models"), name="show-models", role="link")
        self._price = LineSection(tr("Price (percent of list price)"), "price")
        self._price.field.setValidator(QIntValidator(0, 1000, self._price.field))
        self._price.note.set_text(tr("Used to calculate the costs shown."))
        self.spending = SpendingSection(lambda cap: self._edit(monthly_cap=cap))
        self.network = NetworkSection(self._edit)
        sections = (self.spending, self._models, self._models_button, self._price)
        for position, section in enumerate(sections):
            self.network.body.insertWidget(position, section)
        self._column.addWidget(self.network)
        self._remove_button = PlainButton(tr("Remove server"), name="remove-provider", role="link")
        self._column.addWidget(self._remove_button, 0, Qt.AlignmentFlag.AlignLeft)
        self._column.addStretch(1)

    def _build_choice(self) -> None:
        section = FormSection(tr("Provider"))
        self._combo = Combo(tr("Provider"), object_name="provider")
        section.title.setBuddy(self._combo)
        # Assistive technology could not open the menu of a QToolButton, or would wait for its end.
        self._add_button = PlainButton(name="add-provider", role="quiet")
        self._add_button.setAccessibleName(spoken_text(tr("Add server")))
        set_tooltip(self._add_button, tr("Add server"))
        menu = ProgramMenu(self._add_button)
        for preset in SERVER_PRESETS:
            action = menu.addAction(menu_text(tr(preset.name)))
            action.triggered.connect(
                lambda _=False, preset=preset: self._add_server(profile_from(preset))
            )
        self._add_button.setMenu(menu)
        row = row_of((self._combo, 1), self._add_button)
        section.body.addLayout(row)
        self._preset_help = section.note
        self._column.addWidget(section)

    def _line_section(self, title: str, name: str) -> LineSection:
        section = LineSection(title, name)
        self._column.addWidget(section)
        return section

    def _connect(self) -> None:
        self._combo.activated.connect(self._select)
        self._name.finished.connect(self._save_name)
        self._address.edited.connect(self.test.forget)
        self.network.custom_field_entered.connect(self._address.report_edits)
        self._models.finished.connect(lambda text: self._edit(models=_parse_model_ids(text)))
        self._price.finished.connect(
            lambda text: self._edit(price_multiplier=_parse_multiplier(text))
        )
        self._key.key_entered.connect(self._enter_key)
        self._key.key_removal_requested.connect(self.test.forget)
        self._key.key_removal_requested.connect(
            lambda: self.key_removal_requested.emit(self.current_id())
        )
        self.test.requested.connect(self._begin_test)
        self._models_button.clicked.connect(self.models_requested)
        self._default_switch.toggled.connect(
            lambda on: self.changed.emit(DEFAULT_PROVIDER, self.current_id() if on else "")
        )
        self._local_model.model_file_chosen.connect(self.model_file_chosen)
        self._local_options.changed.connect(self.changed)
        self._local_model.downloads_requested.connect(self.downloads_requested)
        self._remove_button.clicked.connect(self._ask_removal)

    # ------------------------------------------------------------------ state

    def current_id(self) -> str:
        """Return the id of the shown profile; "" if there is none."""
        return self._profile.id

    def set_profiles(self, profiles: Sequence[ProviderProfile], current_id: str) -> None:
        """Set the providers to choose from, and the one to show."""
        addresses = {profile.id: profile.base_url for profile in profiles}
        outdated_ids = {p.id for p in self._profiles.values() if addresses.get(p.id) != p.base_url}
        self.test.stop_waiting(outdated_ids)
        self._profiles = {profile.id: profile for profile in profiles}
        self._combo.clear()
        for profile in profiles:
            self._combo.addItem(profile.name, profile.id)
        self._combo.setCurrentIndex(max(0, self._combo.findData(current_id)))
        self._show_other(self._profiles.get(self._combo.currentData() or "", NO_PROVIDER))

    def _show_other(self, profile: ProviderProfile) -> None:
        """Show a profile, after saving the text that was typed for the previous one."""
        if profile.id != self._profile.id:
            for section in self.findChildren(LineSection):
                section.report_edits()
        self._profile = profile
        self._show_profile()

    def set_key_state(self, profile_id: str, state: KeyState) -> None:
        """Show where a profile's key is stored."""
        self._key_states[profile_id] = state
        if profile_id == self.current_id():
            self._key.update_state(state)

    def set_values(self, values: Mapping[str, object]) -> None:
        """Show the settings of this page."""
        self._default_id = str(values.get(DEFAULT_PROVIDER) or "")
        self._weights_path = str(values.get(WEIGHTS) or "")
        self._local_options.set_values(values)
        self._show_settings()

    def focus_key_field(self) -> None:
        """Focus the key field; if this provider takes no key, select the first that needs one."""
        if not self._key.isVisibleTo(self):
            first_profile = next((p for p in self._profiles.values() if p.needs_key), None)
            if first_profile is None:
                return
            self._select(self._combo.findData(first_profile.id))
        self._key.begin_entry()

    def update_theme(self) -> None:
        self.test.update_theme()
        theme = current_theme()
        set_icon(self._add_button, "plus", theme.dim, theme.px(16))

    def _show_profile(self) -> None:
        profile = self._profile
        if profile is NO_PROVIDER:
            return
        is_remote = profile.kind is not ProviderKind.ON_DEVICE
        is_custom = profile.kind is ProviderKind.COMPATIBLE
        is_read_only = profile.from_environment
        self._preset_help.set_text(_help_of(profile))
        self._name.setVisible(is_custom and not is_read_only)
        self._name.show_value(profile.name, read_only=is_read_only)
        self._models.setVisible(is_remote)
        self._models.show_value(", ".join(profile.models), read_only=is_read_only)
        self._key.setVisible(is_remote)
        self._key.set_title(tr("API key") if profile.needs_key else tr("API key (optional)"))
        self._key.set_key_page(key_page(profile.base_url))
        if profile.id != self._key_profile_id:  # otherwise a key being typed would be lost
            self._key_profile_id = profile.id
            self._key.reset_state(self._key_states.get(profile.id, _initial_key_state(profile)))
        if is_custom:
            self._column.insertWidget(self._column.indexOf(self._key), self._address)
        else:  # nobody needs to see it
            self.network.body.insertWidget(0, self._address)
        self._address.setVisible(is_remote)
        self._address.show_profile(profile, read_only=is_read_only)
        self.network.show_profile(profile)
        self._price.setVisible(profile.kind is ProviderKind.COMETAPI)
        self._price.show_value(str(round(profile.price_multiplier * 100)), read_only=is_read_only)
        self.spending.show_profile(profile)
        self._local_model.setVisible(not is_remote)
        self._local_options.setVisible(not is_remote)
        self._remove_button.setVisible(is_custom and not is_read_only)
        self._show_settings()
        self.test.show_profile(profile.id)
        if profile.id == self._added_id:  # continue with its first field
            self._added_id = ""
            self._name.field.setFocus(Qt.FocusReason.OtherFocusReason)
            self._name.field.selectAll()

    def _show_settings(self) -> None:
        with QSignalBlocker(self._default_switch):
            self._default_switch.setChecked(
                bool(self._default_id) and self._default_id == self.current_id()
            )
        self._local_model.show_file(self._weights_path)

    # ------------------------------------------------------------------ actions of the user

    def _select(self, index: int) -> None:
        self._combo.setCurrentIndex(index)
        self._show_other(self._profiles[self._combo.itemData(index)])
        self.profile_selected.emit(self.current_id())

    def _add_server(self, profile: ProviderProfile) -> None:
        self._added_id = profile.id
        self.profile_add_requested.emit(profile)

    def _ask_removal(self) -> None:
        profile = self._profile
        ask(
            self,
            "confirm-provider-removal",
            tr("Remove “{name}”?", name=profile.name),
            tr("Its key is removed from your keyring, too. This can’t be undone."),
            label=tr("Remove"),
            on_accepted=lambda: self.profile_removal_requested.emit(profile.id),
        )

    def _enter_key(self, key: str) -> None:
        self._address.report_edits()  # a click by a screen reader leaves the focus in the field
        self.test.forget()
        self.key_entered.emit(self.current_id(), key)

    def _begin_test(self) -> None:
        self._address.report_edits()
        if self._address.isVisibleTo(self) and not self._address.check():
            text = tr("Correct the base URL first.")
            self.test.set_result(self.current_id(), has_passed=False, text=text)
            return
        self.test.begin()
        self.test_requested.emit(self.current_id())

    def _save_name(self, text: str) -> None:
        if text:
            self._edit(name=text)
        else:
            self._name.show_value(self._profile.name)

    def _edit(self, **changes: Any) -> None:
        """Save these attributes of the shown profile."""
        profile = replace(self._profile, **changes)
        if profile != self._profile and profile.id in self._profiles:  # it may have been removed
            self._profile = self._profiles[profile.id] = profile
            self._combo.setItemText(self._combo.findData(profile.id), profile.name)
            self._show_profile()  # in all sections: each changes the profile that it shows
            self.profile_save_requested.emit(profile)


def _help_of(profile: ProviderProfile) -> str:
    if profile.from_environment:
        return tr("Set by environment variables for this run and never stored.")
    preset = preset_of(profile)
    return tr(preset.help) if preset else ""


def _initial_key_state(profile: ProviderProfile) -> KeyState:
    """Return the key state that is shown before the keyring has been asked."""
    if profile.from_environment:
        return KeyState("environment")
    return KeyState("unknown" if profile.needs_key else "none")


def _parse_model_ids(text: str) -> tuple[str, ...]:
    """Return the ids that are separated by commas, each once."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _parse_multiplier(percentage: str) -> Decimal:
    """Return the price multiplier for a typed percentage."""
    # The validator also accepts the locale's group separator.
    percent, _ok = QLocale().toInt(percentage)
    return Decimal(percent) / 100


class ConnectionTest(QObject):
    """The tests of all providers, of which the shown provider's is visible.

    Attributes:
        row: the layout of the button and the result.

    Signals:
        requested(): test the connection of the shown provider.
    """

    requested = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._profile_id = ""
        self._results: dict[str, tuple[bool, str | LinkedText]] = {}
        self._running_ids: set[str] = set()
        self._button = PlainButton(tr("Test"), name="test", role="plain")
        self._button.setAccessibleName(spoken_text(tr("Test connection")))
        self._button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._button.clicked.connect(self.requested)
        self._icon = PlainLabel()
        self._result = Note(object_name="test-result")
        self.row = row_of(self._button, self._icon, (self._result, 100), STRETCH, spacing=8)

    def show_profile(self, profile_id: str) -> None:
        """Show the test of a provider."""
        self._profile_id = profile_id
        self._show()

    def begin(self) -> None:
        """Show that the shown provider is being tested."""
        self._running_ids.add(self._profile_id)
        self._show()

    def set_result(self, profile_id: str, has_passed: bool, text: str | LinkedText) -> None:
        """Set the result of a provider's test."""
        self._running_ids.discard(profile_id)
        self._results[profile_id] = (has_passed, text)
        self._show()

    def stop_waiting(self, profile_ids: Collection[str]) -> None:
        """Expect no more results for providers that were removed or have another address."""
        self._running_ids -= {*profile_ids}

    def forget(self) -> None:
        """Discard the shown provider's result, which no longer applies."""
        self._results.pop(self._profile_id, None)
        self._running_ids.discard(self._profile_id)
        self._show()

    def update_theme(self) -> None:
        self._show()

    def _show(self) -> None:
        has_passed, text = self._results.get(self._profile_id, (True, ""))
        is_running = self._profile_id in self._running_ids
        if is_running:
            has_passed = True
            text = tr("Testing…")
        self._button.setEnabled(not is_running)
        self._result.set_text(text, "note" if has_passed else "error", is_result=True)
        self._icon.setVisible(not is_running and self._profile_id in self._results)
        icon_name = "circle-check" if has_passed else "circle-alert"
        color = current_theme().good if has_passed else current_theme().error
        self._icon.setPixmap(pixmap(icon_name, color, current_theme().px(16)))
