"""The address of a provider: its validation, and a confirmation if it is not encrypted.

Addresses on this computer need no encryption, and public addresses without it are refused. For
an unencrypted address in the user's own network, the user confirms once per host.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QUrl

from desktop_app.domain.answering.chat_request import NO_PROVIDER, ProviderProfile
from desktop_app.domain.network.custom_fields import split_version, with_version
from desktop_app.domain.network.network_address import (
    is_loopback,
    is_private,
    unencrypted_private_host,
)
from desktop_app.domain.network.origin import origin
from desktop_app.i18n.translation import tr
from desktop_app.providers.ui.custom_field_section import Edit
from desktop_app.widgets.buttons.dialog_button import compact_button
from desktop_app.widgets.forms.form_widgets import LineSection
from desktop_app.widgets.text.foreign_text import spoken_text


def problem_of_address(text: str) -> str:
    """Return why `text` cannot be a base URL, as a sentence; "" if it can."""
    url = QUrl(text, QUrl.ParsingMode.StrictMode)
    has_host = bool(url.host() and origin(text))
    if not url.isValid() or url.scheme() not in ("http", "https") or not has_host:
        return tr(
            "Enter a URL such as https://example.com/v1 or, on this computer, "
            "http://localhost:8080/v1."
        )
    if url.userInfo():
        return tr("Remove the user name and password. URLs are stored without protection.")
    if url.hasQuery() or url.hasFragment():
        return tr("The URL must end with a path, usually /v1. Enter the key in its own field.")
    if url.scheme() == "http" and not is_private(url.host()):
        return tr("Use https://. Unencrypted URLs work only on this computer and its network.")
    return ""


class AddressSection(LineSection):
    """The base URL of a provider.

    Args:
        edit: saves changed attributes of the profile.
        on_edited: called if another address was entered, valid or not, or its host was allowed.
    """

    def __init__(self, edit: Edit, on_edited: Callable[[], None]) -> None:
        super().__init__(tr("Base URL"), "base-url")
        self._edit, self._on_edited = edit, on_edited
        self._profile = NO_PROVIDER
        self._allow_button = compact_button(tr("Allow unencrypted"), "allow-unencrypted", "plain")
        self._allow_button.hide()
        self._column.addWidget(self._allow_button, 0, Qt.AlignmentFlag.AlignLeft)
        self._allow_button.clicked.connect(self._allow_host)
        self.finished.connect(self._save_entered)

    def show_profile(self, profile: ProviderProfile, *, read_only: bool) -> None:
        """Show the profile's address and any problem with it."""
        self._profile = profile
        self.show_value(profile.base_url, read_only=read_only)
        if profile.base_url or self.field.text():
            self._show_verdict(profile.base_url)
        else:  # nobody has typed an address yet
            self._allow_button.hide()
            self.note.set_text(tr("For example http://localhost:8080/v1"))

    def check(self) -> bool:
        """Save a typed address. Return True if it is valid; otherwise show the problem."""
        self.report_edits()
        return self._show_verdict(self.field.text())

    def _save_entered(self, text: str) -> None:
        self._on_edited()
        if self._show_verdict(text):
            address, version = split_version(text)
            fields = with_version(self._profile.custom_fields, version)
            if version:
                self.field.setText(address.rstrip("/"))
            self._edit(base_url=address.rstrip("/"), custom_fields=fields)

    def _show_verdict(self, text: str) -> bool:
        """Show what is wrong with an address, or a warning about it. Return True if it is valid."""
        text = split_version(text.strip())[0]
        problem = problem_of_address(text)
        host = self._host_to_allow(text)
        spoken = tr("Allow unencrypted connections to {host}", host=host)
        self._allow_button.setAccessibleName(spoken_text(spoken))
        self._allow_button.setVisible(bool(host) and not problem)
        if problem:
            self.note.set_text(problem, "error")
        elif host:
            self.note.set_text(
                tr(
                    "Not encrypted. Others on the same network as {host} could read your key and "
                    "messages. Nothing is sent until you allow it.",
                    host=host,
                ),
                "warning",
            )
        elif QUrl(text).scheme() == "http" and not is_loopback(QUrl(text).host()):
            self.note.set_text(
                tr("Not encrypted. Others on the network can read your key and messages."),
                "warning",
            )
        else:
            self.note.set_text("")
        return not problem

    def _host_to_allow(self, text: str) -> str:
        """Return the unencrypted host that the user has to allow first; "" for none."""
        host = unencrypted_private_host(text)
        return "" if host in self._profile.plain_http_hosts else host

    def _allow_host(self) -> None:
        host = self._host_to_allow(self._profile.base_url)
        if host:
            self.field.setFocus(Qt.FocusReason.OtherFocusReason)
            self._on_edited()
            self._edit(plain_http_hosts=(*self._profile.plain_http_hosts, host))
