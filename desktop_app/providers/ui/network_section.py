"""Settings of a provider's network and storage, collapsed because few users need them.

The section edits a profile and saves each change as a new profile. A proxy's password is not
part of the profile: it goes to the keyring, as a key does. A password in a pasted address is
removed from the address at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QCheckBox, QWidget

from desktop_app.app.provider_list import KeyState
from desktop_app.domain.answering.chat_request import (
    DIRECT,
    NO_PROVIDER,
    ProviderKind,
    ProviderProfile,
)
from desktop_app.domain.errors import SettingError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.parameter_support import NEW_LIMIT_NAME, OLD_LIMIT_NAME
from desktop_app.domain.network.network_address import parse_proxy
from desktop_app.i18n.translation import N_, tr
from desktop_app.providers.ui.custom_field_section import CustomFieldSection, Edit
from desktop_app.providers.ui.key_section import PROXY_PASSWORD, KeySection
from desktop_app.providers.ui.providers_controller import ProvidersController
from desktop_app.widgets.boxes import column_of, row_of
from desktop_app.widgets.buttons.dialog_button import compact_button
from desktop_app.widgets.file_dialogs import choose_file
from desktop_app.widgets.forms import form_widgets as forms
from desktop_app.widgets.text.foreign_text import PlainButton, one_line, set_tooltip, spoken_text

Run = Callable[[Any], None]
"""Starts a coroutine of the controller, once the typed address is saved."""

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
    "While this is off, the provider is asked not to store requests (store: false). Encrypted "
    "reasoning is saved on this computer and sent with your next message."
)
_SWITCHES: Final = {
    "offers_batches": ("offers-batches", N_("Supports Batch API")),
    "takes_files": ("takes-files", N_("Accepts file uploads")),
}
"""The object names and titles of the switches of a custom server, by the profile's attribute."""


class ProxySection(forms.ComboSection):
    """The proxy of a provider.

    Attributes:
        password: the field for the proxy's password.
    """

    def __init__(self, edit: Edit, run: Run, controller: ProvidersController) -> None:
        super().__init__(tr("Proxy"), "proxy")
        self._edit, self._run, self._controller = edit, run, controller
        self._profile = NO_PROVIDER
        self.combo.fill([(tr(label), key) for key, label in _MODES])
        self._url = forms.line_field(tr("Proxy URL"), "proxy-url")
        self._url.setPlaceholderText("http://host:3128")
        self.password = KeySection(
            PROXY_PASSWORD,
            self._enter_password,
            lambda: run(controller.remove_password(self._profile.proxy_password_id)),
            "proxy-",
        )
        self.body.addWidget(self._url)
        self.add(self.password)
        self.combo.activated.connect(self._choose_mode)
        self._url.editingFinished.connect(self._enter_url)

    def show_profile(self, profile: ProviderProfile) -> None:
        """Show the profile's proxy; keep entered text unless the profile or its proxy changed."""
        former, self._profile = self._profile, profile
        if profile.id != former.id:
            self.password.begin(KeyState("none"))
        if profile.id != former.id or profile.proxy != former.proxy:
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
            self._save_password(proxy.password)

    def _enter_password(self, password: str) -> None:
        self._enter_url()  # so that the proxy is saved before its password
        self._save_password(password)

    def _save_password(self, password: str) -> None:
        self._run(self._controller.save_password(self._profile.proxy_password_id, password))


class FileSection(forms.FormSection):
    """A file that replaces a built-in one, with buttons to choose another and to return.

    Args:
        choose_title: the title of the dialog.
        filters: of the dialog.
        clear_button: returns to the built-in file.
        on_chosen: called with a Path; with None for the built-in file.
    """

    def __init__(
        self,
        title: str,
        name: str,
        *,
        choose_title: str,
        tooltip: str,
        filters: str,
        clear_button: PlainButton,
        on_chosen: Callable[[Path | None], None],
    ) -> None:
        super().__init__(title)
        self._file = forms.ReadOnlyLine(title, name)
        self._clear_button = clear_button
        choose_button = PlainButton(tr("Choose…"), name=f"choose-{name}", role="plain")
        choose_button.setAccessibleName(spoken_text(choose_title))
        set_tooltip(choose_button, tooltip)
        self.body.addLayout(row_of((self._file, 1), choose_button))
        self.body.addWidget(clear_button)
        choose_button.clicked.connect(
            lambda: choose_file(self, choose_title, on_chosen, filters=filters)
        )
        clear_button.clicked.connect(lambda: on_chosen(None))

    def show_file(self, path: str, built_in: str) -> None:
        """Show the name of the file; if `path` is "", the name of the built-in one."""
        self._file.show_text(Path(path).name if path else built_in, path)
        self._clear_button.setVisible(bool(path))


def certificate_section(name: str, on_chosen: Callable[[Path | None], None]) -> FileSection:
    """Return the section that chooses the certificates to trust beside those of the system."""
    certificates = tr("Certificates ({patterns})", patterns="*.pem *.crt *.cer *.der")
    all_files = tr("All files ({patterns})", patterns="*")
    return FileSection(
        tr("Trusted certificates"),
        name,
        choose_title=tr("Choose certificate file"),
        tooltip=tr("PEM or DER file, trusted in addition to system certificates"),
        filters=f"{certificates};;{all_files}",
        clear_button=compact_button(tr("Use system certificates only"), f"clear-{name}"),
        on_chosen=on_chosen,
    )


_MAX_NAME: Final = 24
"""Characters of a provider's name in the title, which cannot be cut."""


class NetworkSection(forms.CollapsibleSection):
    """What few users need: the network, storage at the provider, settings for custom servers.

    The Accounts page adds further rows at the top of `body`.

    Args:
        edit: saves changed attributes of the profile.
        run: starts a coroutine of the controller.
    """

    def __init__(self, edit: Edit, run: Run, controller: ProvidersController) -> None:
        super().__init__("", "network")
        self._edit = edit
        self._profile = NO_PROVIDER
        self._switches: dict[str, QCheckBox] = {}  # by the attribute of the profile
        self._choices: dict[str, forms.ComboSection] = {}
        self._ca_file_note = ""
        self._is_ca_file_valid = True
        self._custom_server = forms.FormSection("")
        for attribute, (name, title) in _SWITCHES.items():
            self._add_switch(self._custom_server, attribute, name, tr(title))
        self._custom_server.note.set_text(
            tr("For servers with OpenAI’s Files and Batch APIs or file inputs.")
        )
        self._storage = forms.FormSection("")
        title = tr("Allow provider to store conversations")
        self._add_switch(self._storage, "keeps_at_provider", "keeps-at-provider", title)
        self._proxy = ProxySection(edit, run, controller)
        self.certificates = certificate_section(
            "ca-file", lambda path: run(controller.choose_ca_file(self._profile.id, path))
        )
        self._fields = CustomFieldSection(
            edit, lambda field, value: run(controller.save_field(self._profile.id, field, value))
        )
        # The names of APIs and parameters are not translated.
        api = self._add_choice("api", tr("API"), "provider-api")
        api.combo.fill(
            (
                (tr("Automatic"), ""),
                ("Responses", Api.RESPONSES),
                ("Chat Completions", Api.CHAT_COMPLETIONS),
            )
        )
        api.note.set_text(tr("Stop sequences and penalties need Chat Completions."))
        title = tr("Token limit parameter")
        limit = self._add_choice("max_tokens_field", title, "max-tokens-field")
        names = ("", OLD_LIMIT_NAME, NEW_LIMIT_NAME)
        limit.combo.fill([(name or tr("Default"), name) for name in names])
        limit.note.set_text(tr("Change this if a Chat Completions server rejects the default."))
        self._parts = QWidget()
        first_sections = (self._storage, self._proxy, self.certificates)
        rows = (*first_sections, self._fields, *self._choices.values())
        column_of(*rows, parent=self._parts, margins=0, spacing=14)
        self.body.addWidget(self._custom_server)
        self.body.addWidget(self._parts)

    def _add_switch(
        self, section: forms.FormSection, attribute: str, name: str, title: str
    ) -> None:
        switch = self._switches[attribute] = forms.check_box(title, object_name=name)
        section.body.addLayout(forms.check_row(title, switch))
        switch.toggled.connect(lambda on: self._edit(**{attribute: on}))

    def _add_choice(self, attribute: str, title: str, name: str) -> forms.ComboSection:
        """Create the choice of an attribute whose value is an item's data; "" stands for None."""
        section = self._choices[attribute] = forms.ComboSection(title, name)

        def choose() -> None:
            value = section.combo.currentData()
            if attribute == "api":  # Qt has made a text of it
                value = Api(value) if value else None
            self._edit(**{attribute: value})

        section.combo.activated.connect(choose)
        return section

    def show_profile(self, profile: ProviderProfile) -> None:
        """Show how a provider is reached.

        Environment variables also set the network of their profile. For this computer it is about
        downloads of models.
        """
        former, self._profile = self._profile, profile
        is_remote = profile.kind is not ProviderKind.ON_DEVICE
        self._parts.setVisible(not profile.from_environment)
        is_custom = profile.kind is ProviderKind.COMPATIBLE
        self._custom_server.setVisible(is_custom and not profile.from_environment)
        self._fields.setVisible(is_remote)
        self._storage.setVisible(is_remote)
        for attribute, switch in self._switches.items():
            with QSignalBlocker(switch):
                switch.setChecked(bool(getattr(profile, attribute)))
        for attribute, section in self._choices.items():
            index = section.combo.findData(getattr(profile, attribute) or "")
            section.combo.setCurrentIndex(index)
        self._choices["api"].setVisible(is_remote)
        self._choices["max_tokens_field"].setVisible(is_custom)
        if profile.keeps_at_provider:
            storage_note = STORAGE_NOTES.get(profile.kind, OTHER_STORAGE_NOTE)
            self._storage.note.set_text(tr(storage_note), "warning")
        else:
            self._storage.note.set_text(tr(NOT_STORED_NOTE), "note")
        self._proxy.show_profile(profile)
        self._fields.show_profile(profile)
        if profile.id != former.id:
            self._ca_file_note = ""
        self._show_ca_file()
        self.set_title(tr("Account: {name}", name=one_line(profile.name, _MAX_NAME)))
        self.set_summary(summary_of(profile))

    def show_secrets(self, password: KeyState, has_value: Mapping[str, bool]) -> None:
        """Show where the proxy's password is, and which custom fields have a value in the keyring.

        The section expands if a value is missing, because nothing can be sent without it.
        """
        self._proxy.password.show_state(password)
        self._fields.show_missing_secrets(has_value)
        if not all(has_value.values()):
            self.head.setChecked(True)

    def show_ca_file_note(self, profile_id: str, text: str, *, is_valid: bool = True) -> None:
        """Show the content of a certificate file, or the reason why it was refused."""
        if profile_id == self._profile.id:
            self._ca_file_note, self._is_ca_file_valid = text, is_valid
            self._show_ca_file()

    def _show_ca_file(self) -> None:
        path, note = self._profile.ca_file, self._ca_file_note
        self.certificates.show_file(path, tr("System certificates"))
        if not note and not path:
            note = tr(
                "If your company inspects encrypted traffic, choose its CA certificate. "
                "Certificates are always verified."
            )
        is_error = self._ca_file_note and not self._is_ca_file_valid
        self.certificates.note.set_text(note, "error" if is_error else "note")


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
