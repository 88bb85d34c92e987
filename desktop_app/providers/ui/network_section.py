"""Settings of a provider's network and storage, collapsed because few users need them.

The section edits a profile and reports each change as a new profile. A proxy's password is not
part of the profile: it goes to the keyring, as a key does. A password in a pasted address is
removed from the address at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QLineEdit, QWidget

from desktop_app.domain.answering.chat_request import (
    DIRECT,
    NO_PROVIDER,
    ProviderKind,
    ProviderProfile,
)
from desktop_app.domain.errors import SettingError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.network.network_address import parse_proxy
from desktop_app.i18n.translation import N_, tr
from desktop_app.providers.ui.custom_field_section import CustomFieldSection, Edit
from desktop_app.providers.ui.key_section import PROXY_PASSWORD, KeySection
from desktop_app.providers.ui.key_state import KeyState
from desktop_app.widgets.boxes import column_of, row_of
from desktop_app.widgets.buttons.dialog_button import compact_button
from desktop_app.widgets.file_dialogs import choose_file
from desktop_app.widgets.forms.form_widgets import (
    CollapsibleSection,
    ComboSection,
    FormSection,
    ReadOnlyLine,
    check_box,
    check_row,
)
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import PlainButton, set_tooltip, spoken_text

# The modes of a proxy: "" and DIRECT are also values of `ProviderProfile.proxy`. The third mode
# stands for its other values, which are URLs.
_MANUAL: Final = "own"
_MODES: Final = (
    ("", N_("Environment variables")),
    (DIRECT, N_("No proxy")),
    (_MANUAL, N_("Manual")),
)
_MODE_NOTES: Final = {
    "": N_("Uses HTTPS_PROXY, ALL_PROXY, and NO_PROXY if they are set."),
    DIRECT: N_("Connects directly and ignores environment variables."),
    _MANUAL: N_(
        "Start with http://, https://, or socks5://. Add a user name before @ if required."
    ),
}
STORAGE_NOTES: Final = {
    ProviderKind.OPENAI: N_(
        "OpenAI stores messages and responses for 30 days or longer, and your organization can "
        "read them. Responses and costs stay the same."
    ),
    ProviderKind.COMETAPI: N_(
        "CometAPI and the services behind it may store messages and responses as their terms "
        "allow. Responses and costs stay the same."
    ),
}
OTHER_STORAGE_NOTE: Final = N_("The server may store messages and responses indefinitely.")
NOT_STORED_NOTE: Final = N_(
    "Asks the provider not to store requests (store: false). Encrypted reasoning is saved on this "
    "computer and sent with your next message."
)
_SWITCHES: Final = {
    "offers_batches": ("offers-batches", N_("Supports Batch API")),
    "takes_files": ("takes-files", N_("Accepts file uploads")),
}
"""The object names and titles of the switches of a custom server, by the profile's attribute."""


class _Choice(NamedTuple):
    """An attribute of a profile that has one of few values; `labels` are by the value."""

    attribute: str
    title: str
    object_name: str
    labels: Mapping[object, str]
    note: str


# The names of APIs and parameters are not translated.
_CHOICES: Final = (
    _Choice(
        "api",
        N_("API"),
        "provider-api",
        {
            None: N_("Automatic"),
            Api.RESPONSES: "Responses",
            Api.CHAT_COMPLETIONS: "Chat Completions",
        },
        N_("Stop sequences and penalties need Chat Completions."),
    ),
    _Choice(
        "max_tokens_field",
        N_("Token limit parameter"),
        "max-tokens-field",
        {
            "": N_("Default"),
            "max_tokens": "max_tokens",
            "max_completion_tokens": "max_completion_tokens",
        },
        N_("Change this if a Chat Completions server rejects the default."),
    ),
)


class ProxySection(ComboSection):
    """The proxy of a provider.

    Attributes:
        password: the field for the proxy's password.

    Signals:
        password_found(str): a pasted address contained this password.
    """

    password_found = Signal(str)

    def __init__(self, edit: Edit) -> None:
        theme = current_theme()
        super().__init__(tr("Proxy"), "proxy")
        self._edit = edit
        self._profile = NO_PROVIDER
        for key, label in _MODES:
            self.combo.addItem(tr(label), key)
        self._url = QLineEdit()
        self._url.setObjectName("proxy-url")
        self._url.setAccessibleName(spoken_text(tr("Proxy URL")))
        self._url.setPlaceholderText("http://host:3128")
        self.password = KeySection(PROXY_PASSWORD, "proxy-")
        self.body.addWidget(self._url)
        self._column.addSpacing(theme.px(6))
        self._column.addWidget(self.password)
        self.combo.activated.connect(self._choose_mode)
        self._url.editingFinished.connect(self._enter_url)
        # Connected first, so that the proxy is saved before its password.
        self.password.key_entered.connect(self._enter_url)

    def show_profile(self, profile: ProviderProfile) -> None:
        """Show the profile's proxy; keep entered text unless the profile or its proxy changed."""
        former = self._profile
        is_changed = profile.id != former.id or profile.proxy != former.proxy
        self._profile = profile
        if is_changed:
            mode = profile.proxy if profile.proxy in ("", DIRECT) else _MANUAL
            self.combo.setCurrentIndex(self.combo.findData(mode))
            self._url.setText(profile.proxy if mode == _MANUAL else "")
            self._url.setCursorPosition(0)  # shows the beginning of a long address
            self._show_mode()

    def _show_mode(self) -> None:
        mode = str(self.combo.currentData())
        self._url.setVisible(mode == _MANUAL)
        self.note.set_text(tr(_MODE_NOTES[mode]))
        # Only a proxy with a user name has a password.
        self.password.setVisible(mode == _MANUAL and "@" in self._profile.proxy)

    def _choose_mode(self) -> None:
        mode = str(self.combo.currentData())
        self._show_mode()
        if mode != _MANUAL:
            self._edit(proxy=mode)
        elif self._url.text().strip():
            self._enter_url()
        else:
            self._url.setFocus(Qt.FocusReason.OtherFocusReason)

    def _enter_url(self) -> None:
        text = self._url.text().strip()
        if not text or self.combo.currentData() != _MANUAL:
            return
        try:
            proxy = parse_proxy(text)
        except SettingError as error:
            self.note.set_text(error.sentences, "error")
            return
        self._url.setText(proxy.url_with_user)
        self._edit(proxy=proxy.url_with_user)
        self._show_mode()
        if proxy.password:
            self.password_found.emit(proxy.password)


class CaFileResult(NamedTuple):
    """The content of a certificate file, or the reason why the file was refused."""

    is_valid: bool = True
    text: str = ""


class CertificateSection(FormSection):
    """The file of certificates that are trusted in addition to the system's.

    Signals:
        ca_file_chosen(object): a Path, or None for only the system's certificates.
    """

    ca_file_chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__(tr("Trusted certificates"))
        self._file = ReadOnlyLine(tr("Trusted certificates"), "ca-file")
        choose_button = PlainButton(tr("Choose…"), name="choose-ca-file", role="plain")
        choose_button.setAccessibleName(spoken_text(tr("Choose certificate file")))
        set_tooltip(
            choose_button, tr("PEM or DER file, trusted in addition to system certificates")
        )
        self._clear_button = compact_button(tr("Use system certificates only"), "clear-ca-file")
        self.body.addLayout(row_of((self._file, 1), choose_button))
        self._column.addWidget(self._clear_button)
        choose_button.clicked.connect(self._open_dialog)
        self._clear_button.clicked.connect(lambda: self.ca_file_chosen.emit(None))

    def show_file(self, path: str, result: CaFileResult) -> None:
        """Show the name of the trusted file, if any, and the result of reading the file."""
        name = Path(path).name if path else tr("System certificates")
        self._file.show_text(name, path)
        self._clear_button.setVisible(bool(path))
        note = result.text
        if not note and not path:
            note = tr(
                "If your company inspects encrypted traffic, choose its CA certificate. "
                "Certificates are always verified."
            )
        self.note.set_text(note, "note" if result.is_valid else "error")

    def _open_dialog(self) -> None:
        certificates = tr("Certificates ({patterns})", patterns="*.pem *.crt *.cer *.der")
        all_files = tr("All files ({patterns})", patterns="*")
        choose_file(
            self,
            tr("Choose certificate file"),
            self.ca_file_chosen.emit,
            filters=f"{certificates};;{all_files}",
        )


class NetworkSection(CollapsibleSection):
    """What few users need: the network, storage at the provider, settings for custom servers.

    The Accounts page adds further rows at the top of `body`.

    Args:
        edit: saves changed attributes of the profile.

    Signals:
        password_entered(str, str): the keyring name of a proxy's password, and the password.
        password_removal_requested(str): the keyring name of a proxy's password.
        ca_file_chosen(str, object): profile id, and a Path, or None for only the system's
            certificates.
        custom_field_entered(str, object, str): profile id, a CustomField without its value, and the
            value.
    """

    password_entered = Signal(str, str)
    password_removal_requested = Signal(str)
    ca_file_chosen = Signal(str, object)
    custom_field_entered = Signal(str, object, str)

    def __init__(self, edit: Edit) -> None:
        super().__init__(tr("Advanced"), "network")
        self._edit = edit
        self._profile = NO_PROVIDER
        self._password_states: dict[str, KeyState] = {}  # by keyring name
        self._ca_results: dict[str, CaFileResult] = {}  # by profile id
        self._switches: dict[str, QCheckBox] = {}  # by the attribute of the profile
        self._choices: dict[str, ComboSection] = {}
        self._custom_server = FormSection("")
        for attribute, (name, title) in _SWITCHES.items():
            self._add_switch(self._custom_server, attribute, name, tr(title))
        self._custom_server.note.set_text(
            tr("For servers with OpenAI’s Files and Batch APIs or file inputs.")
        )
        self._storage = FormSection("")
        title = tr("Allow provider to store conversations")
        self._add_switch(self._storage, "keeps_at_provider", "keeps-at-provider", title)
        self._proxy = ProxySection(edit)
        self._certificates = CertificateSection()
        self._fields = CustomFieldSection(edit)
        for choice in _CHOICES:
            section = self._choices[choice.attribute] = ComboSection(
                tr(choice.title), choice.object_name
            )
            for value, label in choice.labels.items():
                section.combo.addItem(tr(label), value or "")
            section.note.set_text(tr(choice.note))
            section.combo.activated.connect(partial(self._choose, choice))
        self._parts = QWidget()
        first_sections = (self._storage, self._proxy, self._certificates)
        rows = (*first_sections, self._fields, *self._choices.values())
        column_of(*rows, parent=self._parts, margins=0, spacing=14)
        self.body.addWidget(self._custom_server)
        self.body.addWidget(self._parts)
        self._proxy.password.key_entered.connect(self._enter_password)
        self._proxy.password_found.connect(self._enter_password)
        self._proxy.password.key_removal_requested.connect(
            lambda: self.password_removal_requested.emit(self._profile.proxy_password_id)
        )
        self._certificates.ca_file_chosen.connect(self._choose_ca_file)
        self._fields.entered.connect(
            lambda field, value: self.custom_field_entered.emit(self._profile.id, field, value)
        )

    def _add_switch(self, section: FormSection, attribute: str, name: str, title: str) -> None:
        switch = self._switches[attribute] = check_box(title, object_name=name)
        section.body.addLayout(check_row(title, switch))
        switch.toggled.connect(lambda on: self._edit(**{attribute: on}))

    def _choose(self, choice: _Choice, index: int) -> None:
        self._edit(**{choice.attribute: list(choice.labels)[index]})

    def show_profile(self, profile: ProviderProfile) -> None:
        """Show how a provider is reached.

        Environment variables also set the network of their profile. For this computer it is about
        downloads of models.
        """
        is_other_profile = profile.id != self._profile.id
        self._profile = profile
        is_remote = profile.kind is not ProviderKind.ON_DEVICE
        self._parts.setVisible(not profile.from_environment)
        is_custom = profile.kind is ProviderKind.COMPATIBLE
        self._custom_server.setVisible(is_custom and not profile.from_environment)
        self._fields.setVisible(is_remote)
        self._storage.setVisible(profile.serves_gpt_family)
        for attribute, switch in self._switches.items():
            with QSignalBlocker(switch):
                switch.setChecked(bool(getattr(profile, attribute)))
        for choice in _CHOICES:
            index = list(choice.labels).index(getattr(profile, choice.attribute))
            self._choices[choice.attribute].combo.setCurrentIndex(index)
        self._choices["api"].setVisible(is_remote)
        self._choices["max_tokens_field"].setVisible(is_custom)
        if profile.keeps_at_provider:
            storage_note = STORAGE_NOTES.get(profile.kind, OTHER_STORAGE_NOTE)
            self._storage.note.set_text(tr(storage_note), "warning")
        else:
            self._storage.note.set_text(tr(NOT_STORED_NOTE), "note")
        self._proxy.show_profile(profile)
        self._fields.show_profile(profile)
        if is_other_profile:
            password_id = profile.proxy_password_id
            self._proxy.password.reset_state(
                self._password_states.get(password_id, KeyState("none"))
            )
        self._show_ca_file()
        self.set_summary(summary_of(profile))

    def set_password_state(self, secret_id: str, state: KeyState) -> None:
        """Show where the password of a proxy is stored."""
        self._password_states[secret_id] = state
        if secret_id == self._profile.proxy_password_id:
            self._proxy.password.update_state(state)

    def set_custom_field_states(self, profile_id: str, has_value: Mapping[str, bool]) -> None:
        """Show which secret fields have a value in the keyring, by the fields' keys.

        The section expands if a value is missing, because nothing can be sent without it.
        """
        if self._profile.id == profile_id:
            self._fields.show_missing_secrets(has_value)
            if not all(has_value.values()):
                self.head.setChecked(True)

    def set_ca_file_result(self, profile_id: str, is_valid: bool, text: str) -> None:
        """Show the content of a certificate file, or the reason why it was refused."""
        self._ca_results[profile_id] = CaFileResult(is_valid, text)
        self._show_ca_file()

    def _show_ca_file(self) -> None:
        result = self._ca_results.get(self._profile.id, CaFileResult())
        self._certificates.show_file(self._profile.ca_file, result)

    def _enter_password(self, password: str) -> None:
        self.password_entered.emit(self._profile.proxy_password_id, password)

    def _choose_ca_file(self, path: Path | None) -> None:
        self._ca_results.pop(self._profile.id, None)  # that of the former file
        self.ca_file_chosen.emit(self._profile.id, path)


def summary_of(profile: ProviderProfile) -> str:
    """Summarize proxy, certificates, fields and storage if they differ from the defaults."""
    parts = []
    if profile.proxy == DIRECT:
        parts.append(tr("No proxy"))
    elif profile.proxy:
        parts.append(tr("Manual proxy"))
    if profile.ca_file:
        parts.append(tr("Custom certificates"))
    if profile.custom_fields:
        parts.append(tr("Custom headers"))
    if profile.keeps_at_provider:
        parts.append(tr("Provider stores conversations"))
    return " · ".join(parts)
