"""Settings › Accounts › Network and privacy: proxies, certificates and storage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit, QPushButton, QToolButton

from desktop_app.app.provider_list import KeyState
from desktop_app.app.window.settings_panel import SettingsPanel
from desktop_app.domain.answering.chat_request import DIRECT, ProviderKind, ProviderProfile
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.network.custom_fields import CustomField
from desktop_app.providers.ui.network_section import NOT_STORED_NOTE, STORAGE_NOTES
from desktop_app.providers.ui.providers_controller import ProvidersController
from desktop_app.widgets.look import theme as themes
from tests.gui.recorded_session import called, not_called, record_session
from tests.helpers.file_dialogs import choose_paths
from tests.helpers.widgets import accept_question, find

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

OPENAI = ProviderProfile("openai", "OpenAI", ProviderKind.OPENAI, "https://api.openai.com/v1")
BOX = ProviderProfile(
    "box", "Box", ProviderKind.COMPATIBLE, "http://192.168.1.5:11434/v1", needs_key=False
)
HERE = ProviderProfile("here", "Here", ProviderKind.ON_DEVICE, needs_key=False)
SECRET = "hush-nobody-may-see-this"


@pytest.fixture
def panel(qtbot: QtBot, light_theme: themes.Theme) -> SettingsPanel:
    """Return a panel that saves profiles, with the section of OpenAI expanded."""
    made = SettingsPanel()
    session = record_session(made)
    known = {profile.id: profile for profile in (OPENAI, BOX, HERE)}

    def save(profile: ProviderProfile) -> None:
        known[profile.id] = profile
        made.pages.by_name["provider"].page.set_profiles(tuple(known.values()), profile.id)

    session.of(ProvidersController).save.effect = save
    made.pages.by_name["provider"].page.set_profiles(tuple(known.values()), "openai")
    made.resize(312, 1200)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    made.show_page("advanced")
    find(made, QToolButton, "network").setChecked(True)
    return made


def show(panel: SettingsPanel, profile: ProviderProfile) -> None:
    combo = find(panel, QComboBox, "provider")
    combo.setCurrentIndex(combo.findData(profile.id))
    combo.activated.emit(combo.currentIndex())


def choose(panel: SettingsPanel, name: str, key: str) -> None:
    combo = find(panel, QComboBox, name)
    combo.setCurrentIndex(combo.findData(key))
    combo.activated.emit(combo.currentIndex())


def write(qtbot: QtBot, panel: SettingsPanel, name: str, text: str) -> None:
    field = find(panel, QLineEdit, name)
    field.selectAll()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key.Key_Return)


def words(panel: SettingsPanel) -> str:
    labels = [label.text() for label in panel.findChildren(QLabel) if label.isVisible()]
    fields = [field.text() for field in panel.findChildren(QLineEdit) if field.isVisible()]
    return " | ".join(labels + fields)


def test_the_proxy_is_from_the_environment_none_or_manual(
    qtbot: QtBot, panel: SettingsPanel
) -> None:
    with called(panel.pages.session.of(ProvidersController).save) as saved:
        choose(panel, "proxy", DIRECT)
    assert saved.args[0].proxy == DIRECT
    with not_called(panel.pages.session.of(ProvidersController).save):
        choose(panel, "proxy", "own")
    assert QGuiApplication.focusObject() is find(panel, QLineEdit, "proxy-url")
    with called(panel.pages.session.of(ProvidersController).save) as saved:
        write(qtbot, panel, "proxy-url", "socks5://proxy.lan")
    assert saved.args[0].proxy == "socks5://proxy.lan:1080"
    assert not find(panel, QLineEdit, "proxy-key").isVisible()
    with called(panel.pages.session.of(ProvidersController).save) as saved:
        choose(panel, "proxy", "")
    assert saved.args[0].proxy == ""
    assert not find(panel, QLineEdit, "proxy-url").isVisible()


def test_an_invalid_proxy_is_refused(qtbot: QtBot, panel: SettingsPanel) -> None:
    choose(panel, "proxy", "own")
    with not_called(panel.pages.session.of(ProvidersController).save):
        write(qtbot, panel, "proxy-url", "gopher://x")
    assert "http://host:3128" in words(panel)


def test_a_pasted_proxy_password_goes_to_the_keyring_and_is_not_shown(
    qtbot: QtBot, panel: SettingsPanel
) -> None:
    choose(panel, "proxy", "own")
    save = panel.pages.session.of(ProvidersController).save
    save.calls.clear()
    with called(panel.pages.session.of(ProvidersController).save_password) as entered:
        write(qtbot, panel, "proxy-url", f"http://me:{SECRET}@proxy:3128")
    assert [profile.proxy for (profile,) in save.calls] == ["http://me@proxy:3128"]
    assert entered.args == ["openai.proxy", SECRET]
    field = find(panel, QLineEdit, "proxy-url")
    assert not field.isUndoAvailable()
    panel.pages.by_name["provider"].page.network.show_secrets(KeyState("keyring"), {})
    assert SECRET not in words(panel)
    password = find(panel, QLineEdit, "proxy-key")
    assert password.isVisible()
    assert password.placeholderText() == "Stored in your keyring"
    with called(panel.pages.session.of(ProvidersController).remove_password) as removed:
        find(panel, QPushButton, "proxy-remove-key").click()
        accept_question(panel, "confirm-key-removal")
    assert removed.args == ["openai.proxy"]


def test_a_certificate_file_can_be_chosen_and_cleared(
    qtbot: QtBot, panel: SettingsPanel, tmp_path: Path
) -> None:
    certificates = tmp_path / "company.pem"
    certificates.touch()
    find(panel, QPushButton, "choose-ca-file").click()
    with called(panel.pages.session.of(ProvidersController).choose_ca_file) as chosen:
        choose_paths(certificates)
    assert chosen.args == ["openai", certificates]
    panel.pages.by_name["provider"].page.network.show_ca_file_note(
        "openai", "The certificate file company.pem is empty.", is_valid=False
    )
    assert "company.pem is empty" in words(panel)
    panel.pages.by_name["provider"].page.network.show_ca_file_note(
        "openai", "Example Root, until 1 May 2031."
    )
    panel.pages.by_name["provider"].page.set_profiles(
        (replace(OPENAI, ca_file="/etc/company.pem"),), "openai"
    )
    assert find(panel, QLineEdit, "ca-file").text() == "company.pem"
    assert "Example Root" in words(panel)
    with called(panel.pages.session.of(ProvidersController).choose_ca_file) as chosen:
        find(panel, QPushButton, "clear-ca-file").click()
    assert chosen.args == ["openai", None]


def test_the_user_decides_whether_the_provider_stores_conversations(
    qtbot: QtBot, panel: SettingsPanel
) -> None:
    assert NOT_STORED_NOTE in words(panel)
    with called(panel.pages.session.of(ProvidersController).save) as saved:
        find(panel, QCheckBox, "keeps-at-provider").click()
    assert saved.args[0].keeps_at_provider
    assert STORAGE_NOTES[ProviderKind.OPENAI] in words(panel)
    show(panel, BOX)  # it may have the Responses API, which stores unless told otherwise
    assert find(panel, QCheckBox, "keeps-at-provider").isVisible()


def test_the_api_can_be_chosen(qtbot: QtBot, panel: SettingsPanel) -> None:
    for name, api in (("chat_completions", Api.CHAT_COMPLETIONS), ("", None)):
        with called(panel.pages.session.of(ProvidersController).save) as saved:
            choose(panel, "provider-api", name)
        assert saved.args[0].api is api


def test_an_unencrypted_host_is_confirmed_once(qtbot: QtBot, panel: SettingsPanel) -> None:
    panel.show_page("provider")
    show(panel, BOX)
    button = find(panel, QPushButton, "allow-unencrypted")
    assert "could read your key" in words(panel)
    assert button.accessibleName() == "Allow unencrypted connections to 192.168.1.5"
    with called(panel.pages.session.of(ProvidersController).save) as saved:
        button.click()
    assert saved.args[0].plain_http_hosts == ("192.168.1.5",)
    assert not button.isVisible()
    assert "Not encrypted" in words(panel)
    with called(panel.pages.session.of(ProvidersController).save):
        write(qtbot, panel, "base-url", "http://nas:11434/v1")
    assert button.isVisible()
    with called(panel.pages.session.of(ProvidersController).save):
        write(qtbot, panel, "base-url", "http://192.168.1.5:8080/v1")
    assert not button.isVisible()


def test_an_entered_header_is_emitted_and_cleared_from_the_form(
    qtbot: QtBot, panel: SettingsPanel
) -> None:
    show(panel, BOX)
    find(panel, QLineEdit, "custom-field-name").setText("x-portkey-api-key")
    value = find(panel, QLineEdit, "custom-field-value")
    assert value.echoMode() is QLineEdit.EchoMode.Password
    value.setText(SECRET)
    with called(panel.pages.session.of(ProvidersController).save_field) as entered:
        find(panel, QPushButton, "add-custom-field").click()
    field = CustomField("x-portkey-api-key", is_secret=True)
    assert entered.args == ["box", field, SECRET]
    assert SECRET not in words(panel)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("Host", "x", "This name can’t be used."),
        ("X-A", "ä", "Enter a value of ASCII characters, without line breaks."),
        ("X-A", "", "Enter a value of ASCII characters, without line breaks."),
    ],
)
def test_a_header_that_cannot_be_sent_is_refused(
    panel: SettingsPanel, name: str, value: str, said: str
) -> None:
    show(panel, BOX)
    find(panel, QLineEdit, "custom-field-name").setText(name)
    find(panel, QLineEdit, "custom-field-value").setText(value)
    with not_called(panel.pages.session.of(ProvidersController).save_field):
        find(panel, QPushButton, "add-custom-field").click()
    assert said in words(panel)


def test_headers_are_listed_and_removed(qtbot: QtBot, panel: SettingsPanel) -> None:
    fields = (CustomField("X-Team", "blue"), CustomField("X-Key", is_secret=True))
    profile = replace(BOX, custom_fields=fields)
    panel.pages.by_name["provider"].page.set_profiles((OPENAI, profile), "box")
    find(panel, QToolButton, "network").setChecked(False)
    panel.pages.by_name["provider"].page.network.show_secrets(
        KeyState("none"), {"header.x-key": True}
    )
    assert not find(panel, QToolButton, "network").isChecked()
    panel.pages.by_name["provider"].page.network.show_secrets(
        KeyState("none"), {"header.x-key": False}
    )
    assert find(panel, QToolButton, "network").isChecked(), "nothing can be sent without the value"
    qtbot.waitUntil(lambda: "X-Team: blue" in words(panel))
    assert "X-Key: value missing" in words(panel)
    assert find(panel, QLineEdit, "custom-field-name").text() == "X-Key"
    with called(panel.pages.session.of(ProvidersController).save) as saved:
        find(panel, QPushButton, "remove-header.x-key").click()
        accept_question(panel, "confirm-field-removal")
    assert saved.args == [replace(profile, custom_fields=fields[:1])]
