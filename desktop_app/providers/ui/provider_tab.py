"""The Accounts page: a provider's address and key, a connection test, or the local model.

The page edits one profile at a time and saves each change as a new profile. Fields of some kinds
of providers (a key, a model file, a share of the list price) are hidden for other kinds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any, Final

from PySide6.QtCore import QLocale, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app.app.provider_list import KeyState
from desktop_app.app.session import Session
from desktop_app.domain.answering.chat_request import NO_PROVIDER, ProviderKind, ProviderProfile
from desktop_app.domain.places import LinkedText
from desktop_app.i18n.translation import N_, tr
from desktop_app.providers.gateway.environment_profiles import COMETAPI, OPENAI
from desktop_app.providers.ui.address_section import AddressSection
from desktop_app.providers.ui.key_section import API_KEY, KeySection
from desktop_app.providers.ui.models.models_dialog import ModelsPage
from desktop_app.providers.ui.network_section import FileSection, NetworkSection
from desktop_app.providers.ui.providers_controller import ProvidersController
from desktop_app.settings.schema import SETTINGS
from desktop_app.settings.server_presets import (
    GATEWAYS,
    LOCAL_SERVERS,
    MAKERS,
    OTHER_SERVER,
    key_page,
    maker_of_key,
    preset_of,
    profile_from,
)
from desktop_app.settings.ui.form_tabs import page_link
from desktop_app.settings.ui.settings_controller import SettingsController
from desktop_app.widgets.boxes import STRETCH, FlowLayout, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import compact_button
from desktop_app.widgets.forms import form_widgets as forms
from desktop_app.widgets.forms.form_dialog import ask
from desktop_app.widgets.forms.tab_order import focusable_parts, mark_deleting, order_tabs
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
SMALL_MODEL: Final = N_(
    "SmolLM2 135M is included for trying Repartee. It’s often wrong and not meant for real work."
)
_TILES: Final = {
    OPENAI.id: OPENAI.name,
    "anthropic": "Anthropic",
    "google": "Google Gemini",
    COMETAPI.id: COMETAPI.name,
    "openrouter": "OpenRouter",
    "mistral": "Mistral",
    "groq": "Groq",
    "deepseek": "DeepSeek",
    "xai": "xAI",
}
"""The makers, and gateways, whose name is all that a key needs: the ids of profiles or presets."""
OWN_WEIGHTS: Final = N_("Runs on this computer. Nothing you send leaves it.")


class ProviderTab(QWidget):
    """The Accounts page. See the module.

    Attributes:
        network: how the shown provider is reached.

    Signals:
        changed(str, object): the key of a setting and its value.
        profile_shown(ProviderProfile): another profile, or its newer state, is shown.
    """

    changed = Signal(str, object)
    profile_shown = Signal(object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._controller = session.of(ProvidersController)
        self._profiles: dict[str, ProviderProfile] = {}
        self._profile = NO_PROVIDER
        self._added_id = ""  # the server that was just added
        self._carried_key = ""  # typed for another maker
        self._weights_path = ""
        self._default_id = ""
        self._column = column_of(parent=self, margins=0, spacing=14)
        self._build_choice()
        self._name = forms.LineSection(tr("Name"), "provider-name")
        self._name.finished.connect(self._save_name)
        self._address = AddressSection(self.edit, lambda: self._show_test(""))
        self._key = KeySection(API_KEY, self._enter_key, self._remove_key)
        self._local_model = FileSection(
            tr("Model file"),
            "weights",
            choose_title=tr("Choose model file"),
            tooltip=tr("Choose a GGUF file"),
            filters=tr("Models ({patterns})", patterns="*.gguf"),
            clear_button=compact_button(tr("Use built-in model"), "built-in-weights"),
            on_chosen=lambda path: self._run(session.of(SettingsController).choose_weights(path)),
        )
        downloads_button = compact_button(tr("Download models"), "download-models")
        downloads_button.clicked.connect(lambda: session.run("models.local"))
        self._local_model.body.addWidget(downloads_button)
        for section in (self._name, self._address, self._key, self._local_model):
            self._column.addWidget(section)
        self._build_test()
        title = tr("Use for new conversations")
        self._default_switch = forms.check_box(title, object_name="use-for-new")
        self._default_switch.toggled.connect(
            lambda on: self.changed.emit(DEFAULT_PROVIDER, self._profile.id if on else "")
        )
        self._column.addLayout(forms.check_row(title, self._default_switch))
        self._section_index = self._column.count()
        self._build_advanced()
        self._column.addWidget(page_link(session, tr("Advanced…"), "advanced", "network"))
        self._remove_button = PlainButton(tr("Remove server"), name="remove-provider", role="link")
        mark_deleting(self._remove_button)
        self._remove_button.clicked.connect(self._ask_removal)
        self._column.addWidget(self._remove_button, 0, Qt.AlignmentFlag.AlignLeft)
        self._column.addStretch(1)
        self.update_theme()

    def _build_choice(self) -> None:
        section = forms.FormSection(tr("Whose key do you have?"))
        self._tiles: dict[str, PlainButton] = {}
        for maker, name in _TILES.items():
            tile = self._tiles[maker] = PlainButton(tr(name), name=f"maker-{maker}", role="plain")
            tile.setCheckable(True)
            tile.clicked.connect(partial(self._choose_maker, maker))
        # Assistive technology could not open the menu of a QToolButton, or would wait for its end.
        self._add_button = PlainButton(tr(OTHER_SERVER.name), name="add-provider", role="quiet")
        self._add_button.setAccessibleName(spoken_text(tr("Add server")))
        set_tooltip(self._add_button, tr("Add server"))
        menu = ProgramMenu(self._add_button)
        for presets in (GATEWAYS, (*LOCAL_SERVERS, OTHER_SERVER)):
            for preset in presets:
                if preset.key not in _TILES:
                    action = menu.addAction(menu_text(tr(preset.name)))
                    action.triggered.connect(
                        lambda _=False, preset=preset: self._add_server(profile_from(preset))
                    )
            menu.addSeparator()
        self._add_button.setMenu(menu)
        section.body.addLayout(FlowLayout(*self._tiles.values(), self._add_button, spacing=6))
        self._combo = forms.Combo(tr("Provider"), object_name="provider")
        self._combo.activated.connect(self._select)
        section.body.addWidget(self._combo)
        self._preset_help = section.note
        self._column.addWidget(section)

    def _build_test(self) -> None:
        self._test_button = PlainButton(tr("Test"), name="test", role="plain")
        self._test_button.setAccessibleName(spoken_text(tr("Test connection")))
        self._test_button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._test_button.clicked.connect(self._begin_test)
        self._test_icon = PlainLabel()
        self._test_note = forms.Note(object_name="test-result")
        self._has_passed: bool | None = None  # the shown test; None for none that has ended
        items = (self._test_button, self._test_icon, (self._test_note, 100), STRETCH)
        self._column.addLayout(row_of(*items, spacing=8))

    def _build_advanced(self) -> None:
        self._models = forms.LineSection(tr("Additional models"), "models")
        self._models.field.setPlaceholderText(tr("Model IDs, separated by commas"))
        set_tooltip(self._models.field, tr("Model IDs, separated by commas"))  # it may be cut
        self._models.finished.connect(
            lambda text: self.edit(
                models=tuple(dict.fromkeys(id_.strip() for id_ in text.split(",") if id_.strip()))
            )
        )
        models_button = compact_button(tr("Show models"), "show-models")
        models_button.clicked.connect(lambda: self._session.of(ModelsPage).open())
        self._price = forms.LineSection(tr("Price (percent of list price)"), "price")
        self._price.field.setValidator(QIntValidator(0, 1000, self._price.field))
        self._price.note.set_text(tr("Used to calculate the costs shown."))
        self._price.finished.connect(
            # The validator also accepts the locale's group separator.
            lambda text: self.edit(price_multiplier=Decimal(QLocale().toInt(text)[0]) / 100)
        )
        self.network = NetworkSection(self.edit, self._run, self._controller)
        sections = (self._models, models_button, self._price)
        for position, section in enumerate(sections):
            self.network.body.insertWidget(position, section)
        self.network.body.setAlignment(models_button, Qt.AlignmentFlag.AlignLeading)
        first = [part for section in sections for part in focusable_parts(section)]
        # The list of a drop-down list is in a window of its own.
        parts = [p for p in focusable_parts(self.network) if p.window() is self.network.window()]
        head, *others = [part for part in parts if part not in first]
        order_tabs(head, (*first, *others))
        self.network.setParent(self)  # until the page of advanced settings shows it
        self.network.hide()

    @property
    def profile(self) -> ProviderProfile:
        return self._profile

    def add_section(self, section: QWidget) -> None:
        """Add a section of another feature above the link to the advanced settings."""
        self._column.insertWidget(self._section_index, section)
        order_tabs(self._default_switch, focusable_parts(section))

    # ------------------------------------------------------------------ state

    def set_profiles(self, profiles: Sequence[ProviderProfile], current_id: str) -> None:
        """Set the providers to choose from, and the one to show."""
        self._profiles = {profile.id: profile for profile in profiles}
        self._combo.fill([(profile.name, profile.id) for profile in profiles], current_id)
        self._show_other(self._profiles.get(self._combo.currentData() or "", NO_PROVIDER))

    def _show_other(self, profile: ProviderProfile) -> None:
        """Show a profile, after saving the text that was typed for the previous one."""
        former = self._profile
        if profile.id != former.id:
            for owner in (self, self.network):  # which another page may show
                for section in owner.findChildren(forms.LineSection):
                    section.report_edits()
        self._profile = profile
        if (profile.id, profile.base_url) != (former.id, former.base_url):
            self._show_test("")
        if profile.id != former.id:  # otherwise a key being typed would be lost
            place = KeyState("unknown" if profile.needs_key else "none")
            self._key.begin(
                KeyState("environment") if profile.from_environment else place,
                tr("API key") if profile.needs_key else tr("API key (optional)"),
                key_page(profile.base_url),
            )
        self._show_profile()

    def show_secrets(
        self, profile_id: str, key: KeyState, password: KeyState, has_value: Mapping[str, bool]
    ) -> None:
        """Show where a profile's key and its proxy's password are stored.

        Args:
            has_value: by the key of each secret field, False if the keyring has no value for the
                provider's address.
        """
        if profile_id == self._profile.id:
            self._key.show_state(key)
            self.network.show_secrets(password, has_value)

    def set_values(self, values: Mapping[str, object]) -> None:
        self._default_id = str(values.get(DEFAULT_PROVIDER) or "")
        self._weights_path = str(values.get(WEIGHTS) or "")
        self._show_settings()

    def focus_key_field(self) -> None:
        """Focus the key field; if this provider takes no key, select the first that needs one."""
        if not self._key.isVisibleTo(self):
            first_profile = next((p for p in self._profiles.values() if p.needs_key), None)
            if first_profile is None:
                return
            self._select(self._combo.findData(first_profile.id))
        self._key.focus_field()

    def show_testing(self, profile_id: str) -> None:
        """Show that a provider is being tested, if it is shown."""
        if profile_id == self._profile.id:
            self._show_test(tr("Testing…"))
            self._test_button.setEnabled(False)

    def show_test_result(
        self, profile_id: str, text: str | LinkedText, *, has_passed: bool | None
    ) -> None:
        """Show the result of a provider's test, unless another provider is shown by now.

        With None, there is no result.
        """
        if profile_id == self._profile.id:
            self._show_test(text, has_passed=has_passed)

    def _show_test(self, text: str | LinkedText, *, has_passed: bool | None = None) -> None:
        self._has_passed = has_passed
        self._test_button.setEnabled(True)
        self._test_note.set_text(text, "error" if has_passed is False else "note", is_result=True)
        self.update_theme()

    def update_theme(self) -> None:
        theme = current_theme()
        set_icon(self._add_button, "plus", theme.dim, theme.px(14))
        self._test_icon.setVisible(self._has_passed is not None)
        if self._has_passed:
            self._test_icon.setPixmap(pixmap("circle-check", theme.good, theme.px(16)))
        else:
            self._test_icon.setPixmap(pixmap("circle-alert", theme.error, theme.px(16)))

    def _show_profile(self) -> None:
        profile = self._profile
        if profile is NO_PROVIDER:
            return
        is_remote = profile.kind is not ProviderKind.ON_DEVICE
        is_custom = profile.kind is ProviderKind.COMPATIBLE
        is_read_only = profile.from_environment
        preset = preset_of(profile)
        for maker, tile in self._tiles.items():
            tile.setChecked(maker == self._maker)
        if is_read_only:
            text = tr("Set by environment variables for this run and never stored.")
            self._preset_help.set_text(text)
        else:
            self._preset_help.set_text(tr(preset.help) if preset and preset.help else "")
        self._name.setVisible(is_custom and not is_read_only)
        self._name.show_value(profile.name, read_only=is_read_only)
        self._models.setVisible(is_remote)
        self._models.show_value(", ".join(profile.models), read_only=is_read_only)
        self._key.setVisible(is_remote)
        if is_custom:
            if self._column.indexOf(self._address) < 0:  # else it would move behind the key
                self._column.insertWidget(self._column.indexOf(self._key), self._address)
                order_tabs(self._name.field, focusable_parts(self._address))
        else:  # nobody needs to see it
            self.network.body.insertWidget(0, self._address)
        self._address.setVisible(is_remote)
        self._address.show_profile(profile, read_only=is_read_only)
        self.network.show_profile(profile)
        self._price.setVisible(profile.kind is ProviderKind.COMETAPI)
        self._price.show_value(str(round(profile.price_multiplier * 100)), read_only=is_read_only)
        self.profile_shown.emit(profile)
        has_models = any(each.key == WEIGHTS for each in SETTINGS)
        self._local_model.setVisible(has_models and not is_remote)
        self._remove_button.setVisible(is_custom and not is_read_only)
        self._show_settings()
        if profile.id == self._added_id:  # continue with its first field
            self._added_id = ""
            if preset is not None and preset.key in _TILES:  # name and address are known
                self._begin_key()
                return
            self._name.field.setFocus(Qt.FocusReason.OtherFocusReason)
            self._name.field.selectAll()

    def _show_settings(self) -> None:
        with QSignalBlocker(self._default_switch):
            first_id = next((id_ for id_, p in self._profiles.items() if p.from_environment), "")
            self._default_switch.setChecked(self._profile.id == (first_id or self._default_id))
            # The environment's provider is used before any that is chosen here.
            self._default_switch.setEnabled(not first_id)
        self._local_model.show_file(self._weights_path, "SmolLM2 135M")
        self._local_model.note.set_text(tr(OWN_WEIGHTS if self._weights_path else SMALL_MODEL))

    # ------------------------------------------------------------------ actions of the user

    def _select(self, index: int) -> None:
        self._combo.setCurrentIndex(index)
        self._show_other(self._profiles[self._combo.itemData(index)])
        self._controller.select_profile(self._profile.id)

    @property
    def _maker(self) -> str:
        """Return the key of the tile of the shown provider; "" for none."""
        preset = preset_of(self._profile)
        maker = self._profile.id if preset is None else preset.key
        return maker if maker in _TILES else ""

    def _choose_maker(self, maker: str) -> None:
        """Show a maker's provider, added if it is new, at its key, which may be typed already."""
        typed = self._key.typed
        self._carried_key = typed if maker_of_key(typed) == maker else ""
        self._tiles[maker].setChecked(maker == self._maker)  # until it is shown
        for profile in self._profiles.values():
            preset = preset_of(profile)
            if maker == (profile.id if preset is None else preset.key):
                self._select(self._combo.findData(profile.id))
                self._begin_key()
                return
        preset = next(each for each in (*MAKERS, *GATEWAYS) if each.key == maker)
        self._add_server(profile_from(preset))

    def _begin_key(self) -> None:
        if self._carried_key:
            self._key.type(self._carried_key)
            self._carried_key = ""
        self._key.focus_field()

    def _add_server(self, profile: ProviderProfile) -> None:
        self._added_id = profile.id
        self._run(self._controller.save(profile))

    def _ask_removal(self) -> None:
        profile = self._profile
        ask(
            self,
            "confirm-provider-removal",
            tr("Remove “{name}”?", name=profile.name),
            tr("Its key is removed from your keyring, too. This can’t be undone."),
            label=tr("Remove"),
            on_accepted=lambda: self._run(self._controller.remove_profile(profile.id)),
        )

    def _enter_key(self, key: str) -> None:
        """Store a key, unless its form says that it would go to another maker than its own."""
        maker = maker_of_key(key)
        if maker and self._maker not in ("", maker):
            self._key.type(key)
            text = tr(
                "This looks like a key of {maker}. Choose {maker} above: the key comes along.",
                maker=_TILES[maker],
            )
            self._show_test(text, has_passed=False)
            return
        self._show_test("")
        self._run(self._controller.enter_key(self._profile.id, key))

    def _remove_key(self) -> None:
        self._show_test("")
        self._run(self._controller.remove_key(self._profile.id))

    def _begin_test(self) -> None:
        if self._address.isVisibleTo(self) and not self._address.check():
            self._show_test(tr("Correct the base URL first."), has_passed=False)
            return
        self._run(self._controller.test(self._profile.id))

    def _save_name(self, text: str) -> None:
        if text:
            self.edit(name=text)
        else:
            self._name.show_value(self._profile.name)

    def edit(self, **changes: Any) -> None:
        """Save these attributes of the shown profile."""
        profile = replace(self._profile, **changes)
        if profile != self._profile and profile.id in self._profiles:  # it may have been removed
            self._profile = self._profiles[profile.id] = profile
            self._combo.setItemText(self._combo.findData(profile.id), profile.name)
            self._show_profile()  # in all sections: each changes the profile that it shows
            self._session.tasks.start(self._controller.save(profile))

    def _run(self, work: Any) -> None:
        """Start a coroutine, after saving the typed address that it may use.

        A click by a screen reader leaves the focus in the field.
        """
        self._address.report_edits()
        self._session.tasks.start(work)
