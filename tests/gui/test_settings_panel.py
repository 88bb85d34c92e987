"""The settings panel creates pages late, never shows a key again, and reports valid values."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface, QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QComboBox,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QSlider,
    QWidget,
)

from desktop_app.app.provider_list import KeyPlace, KeyState
from desktop_app.app.window.settings_panel import PAGES, SIDES, SettingsPanel
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.i18n.translation import use_language
from desktop_app.providers.ui.providers_controller import ProvidersController
from desktop_app.settings.schema import SETTINGS, setting
from desktop_app.settings.server_presets import SERVER_PRESETS, profile_from
from desktop_app.settings.ui.settings_controller import SettingsController
from desktop_app.settings.ui.updates import FactsOffer
from desktop_app.settings.values import validate
from desktop_app.widgets.accessible_roles import install_roles
from desktop_app.widgets.buttons.segmented_control import SegmentedControl
from desktop_app.widgets.forms.form_widgets import CollapsibleSection
from desktop_app.widgets.look import theme as themes
from desktop_app.widgets.text.foreign_text import PlainLabel
from tests.gui.recorded_session import called, not_called, record_session
from tests.helpers.menus import entry_text
from tests.helpers.widgets import accept_question, find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

OPENAI = ProviderProfile(
    "openai",
    "OpenAI",
    ProviderKind.OPENAI,
    "https://api.openai.com/v1",
    proxy="http://me@proxy:1",
    ca_file="/x.pem",
)
COMET = ProviderProfile(
    "comet",
    "CometAPI",
    ProviderKind.COMETAPI,
    "https://api.cometapi.com/v1",
    price_multiplier=Decimal("0.2"),
)
HERE = ProviderProfile("here", "On this computer", ProviderKind.ON_DEVICE, needs_key=False)
PRESETS = {preset.key: preset for preset in SERVER_PRESETS}
OLLAMA = profile_from(PRESETS["ollama"])
PROFILES = (OPENAI, COMET, HERE, OLLAMA)
SECRET = "sk-nobody-may-see-this"


@pytest.fixture(scope="module")
def made() -> Iterator[list[SettingsPanel]]:
    """Yield a list for the panel that the tests share."""
    panels: list[SettingsPanel] = []
    yield panels
    for panel in panels:
        panel.deleteLater()


@pytest.fixture
def panel(qtbot: QtBot, light_theme: themes.Theme, made: list[SettingsPanel]) -> SettingsPanel:
    """Return the panel, open on the Provider page, OpenAI shown.

    To make it, with its pages, takes longer than to use it.
    """
    if not made:
        made.append(SettingsPanel())
        record_session(made[0])
    show_anew(qtbot, made[0])
    return made[0]


def show_anew(qtbot: QtBot, panel: SettingsPanel) -> None:
    page = panel.pages.by_name["provider"].page
    page.set_profiles([], "")
    page.set_profiles(PROFILES, "openai")
    show_key(panel, "openai", "keyring")
    panel.pages.set_values({})
    panel.resize(540, 800)
    with qtbot.waitExposed(panel):
        panel.show()
    panel.show_page("provider")
    panel.activateWindow()
    qtbot.waitUntil(panel.isActiveWindow)
    page.network.head.setChecked(True)


def show_key(panel: SettingsPanel, profile_id: str, place: KeyPlace) -> None:
    panel.pages.by_name["provider"].page.show_secrets(
        profile_id, KeyState(place), KeyState("none"), {}
    )


def click(qtbot: QtBot, panel: SettingsPanel, name: str) -> None:
    qtbot.mouseClick(find(panel, QPushButton, name), Qt.MouseButton.LeftButton)


def choose_provider(panel: SettingsPanel, profile: ProviderProfile) -> None:
    combo = find(panel, QComboBox, "provider")
    index = combo.findData(profile.id)
    combo.setCurrentIndex(index)
    combo.activated.emit(index)


def write(qtbot: QtBot, panel: SettingsPanel, name: str, text: str) -> None:
    field = find(panel, QLineEdit, name)
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key.Key_Return)


def all_text(panel: QWidget) -> str:
    """Return all text that the panel shows or announces."""
    said = [str(panel.windowTitle())]
    for widget in panel.findChildren(QWidget):
        found = QAccessible.queryAccessibleInterface(widget)
        said += [found.text(kind) for kind in (QAccessible.Text.Name, QAccessible.Text.Value)]
        said.append(widget.toolTip())
        if isinstance(widget, QLineEdit):
            said.append(widget.displayText())
        elif isinstance(widget, QLabel | QPushButton):
            said.append(widget.text())
    return "\n".join(said)


# ------------------------------------------------------------------ the key


def test_an_entered_key_is_emitted_once_and_never_shown(qtbot: QtBot, panel: SettingsPanel) -> None:
    choose_provider(panel, COMET)
    entry = find(panel, QLineEdit, "key")
    assert entry.placeholderText() == "Paste here"
    qtbot.keyClicks(entry, f"  {SECRET} ")
    assert SECRET not in all_text(panel)
    with called(panel.pages.session.of(ProvidersController).enter_key) as entered:
        click(qtbot, panel, "save-key")
    assert entered.args == ["comet", SECRET]
    assert entry.text() == ""
    show_key(panel, "comet", "keyring")
    assert entry.placeholderText() == "Stored in your keyring"
    assert not find(panel, QPushButton, "save-key").isVisible()
    assert find(panel, QPushButton, "remove-key").isVisible()
    assert SECRET not in all_text(panel)
    entry.undo()
    assert entry.text() == ""


def test_a_stored_key_can_be_replaced(qtbot: QtBot, panel: SettingsPanel) -> None:
    entry, save_button = find(panel, QLineEdit, "key"), find(panel, QPushButton, "save-key")
    assert not save_button.isVisible()
    qtbot.keyClicks(entry, SECRET)
    show_key(panel, "openai", "keyring")  # as when another provider is saved meanwhile
    assert entry.text() == SECRET
    assert save_button.isVisible()
    with called(panel.pages.session.of(ProvidersController).enter_key) as entered:
        qtbot.keyClick(entry, Qt.Key.Key_Return)
    assert entered.args == ["openai", SECRET]
    assert not save_button.isVisible()


def test_a_typed_key_is_not_kept_for_another_provider(qtbot: QtBot, panel: SettingsPanel) -> None:
    entry = find(panel, QLineEdit, "key")
    qtbot.keyClicks(entry, SECRET)
    choose_provider(panel, COMET)
    assert entry.text() == ""


def test_removing_a_key_emits_the_profile(qtbot: QtBot, panel: SettingsPanel) -> None:
    with called(panel.pages.session.of(ProvidersController).remove_key) as removed:
        click(qtbot, panel, "remove-key")
        accept_question(panel, "confirm-key-removal")
    assert removed.args == ["openai"]


def test_a_key_from_the_environment_cannot_be_changed(panel: SettingsPanel) -> None:
    env = replace(OPENAI, id="env", from_environment=True)
    panel.pages.by_name["provider"].page.set_profiles([env], "env")
    for name in ("remove-key", "save-key"):
        assert not find(panel, QPushButton, name).isVisible(), name
    assert find(panel, QLineEdit, "key").isReadOnly()
    assert find(panel, QLineEdit, "base-url").isReadOnly()


def test_the_environment_decides_on_new_conversations(panel: SettingsPanel) -> None:
    env = replace(OPENAI, id="env", from_environment=True)
    panel.pages.set_values({"default.provider": "comet"})
    panel.pages.by_name["provider"].page.set_profiles([env, COMET], "env")
    switch = find(panel, QCheckBox, "use-for-new")
    assert (switch.isChecked(), switch.isEnabled()) == (True, False)
    choose_provider(panel, COMET)
    assert (switch.isChecked(), switch.isEnabled()) == (False, False)


def focused_parts(root: QAccessibleInterface) -> list[str]:
    """Return the names of the parts that say they have the focus."""
    found = []
    for index in range(root.childCount()):
        child = root.child(index)
        if child is not None:
            if child.state().focused:
                found.append(child.text(QAccessible.Text.Name))
            found += focused_parts(child)
    return found


def test_a_screen_reader_hears_of_one_focus_and_of_no_hidden_page(
    qtbot: QtBot, light_theme: themes.Theme
) -> None:
    install_roles()
    panel = SettingsPanel()
    qtbot.addWidget(panel)
    record_session(panel)
    show_anew(qtbot, panel)
    pages = find(panel, QListWidget, "settings-pages")
    pages.setFocus()
    qtbot.waitUntil(pages.hasFocus)
    root = QAccessible.queryAccessibleInterface(panel)
    assert focused_parts(root) == ["Settings", "Accounts"]  # the list, and its current page
    find(panel, QLineEdit, "settings-search").setFocus()
    assert focused_parts(root) == ["Search settings"]
    listed = QAccessible.queryAccessibleInterface(pages)
    first = listed.child(0)
    assert (first.text(QAccessible.Text.Name), first.state().invisible) == ("Accounts", False)
    pages.hide()
    assert first.state().invisible
    pages.show()
    pages.setFocus()
    assert pages.currentItem().text() == "Accounts"  # as before
    action = listed.child(1).actionInterface()
    action.doAction(action.actionNames()[0])
    assert panel.page == "models"


# ------------------------------------------------------------------ profiles


def test_a_changed_address_is_saved(qtbot: QtBot, panel: SettingsPanel) -> None:
    with called(panel.pages.session.of(ProvidersController).save) as saved:
        write(qtbot, panel, "base-url", "https://gateway.example/v1/")
    assert saved.args == [replace(OPENAI, base_url="https://gateway.example/v1")]


def test_an_invalid_address_is_refused(qtbot: QtBot, panel: SettingsPanel) -> None:
    with not_called(panel.pages.session.of(ProvidersController).save):
        write(qtbot, panel, "base-url", "gateway")
    assert "Enter a URL such as https://" in all_text(panel)
    described = find(panel, QLineEdit, "base-url").accessibleDescription()
    assert "Enter a URL such as https://" in described


@pytest.mark.attack("secrets")
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("https://someone:w0rd@gateway.example/v1", "Remove the user name and password"),
        ("https://t0ken@gateway.example/v1", "Remove the user name and password"),
        ("https://gateway.example/v1?api_key=w0rd", "Enter the key in its own field"),
        ("https://gateway.example/v1#w0rd", "Enter the key in its own field"),
        ("https://api.openai.com\\@gateway.example/v1", "Enter a URL such as https://"),
    ],
)
def test_an_address_with_a_secret_is_refused_with_a_reason(
    qtbot: QtBot, panel: SettingsPanel, text: str, says: str
) -> None:
    with not_called(panel.pages.session.of(ProvidersController).save):
        write(qtbot, panel, "base-url", text)
    assert says in all_text(panel)


def test_an_unencrypted_public_address_is_refused(qtbot: QtBot, panel: SettingsPanel) -> None:
    choose_provider(panel, OLLAMA)
    with not_called(panel.pages.session.of(ProvidersController).save):
        write(qtbot, panel, "base-url", "http://far.example/v1")
    assert "Use https://" in all_text(panel)
    with called(panel.pages.session.of(ProvidersController).save):
        write(qtbot, panel, "base-url", "http://192.168.1.7:8000/v1")
    assert "Use https://" not in all_text(panel)
    assert "Not encrypted" in all_text(panel)


def test_a_test_result_is_discarded_when_address_or_key_change(
    qtbot: QtBot, panel: SettingsPanel
) -> None:
    result = find(panel, QLabel, "test-result")
    page = panel.pages.by_name["provider"].page
    page.show_test_result("openai", "Connected in 0.4 s, 38 models found.", has_passed=True)
    write(qtbot, panel, "base-url", "https://gateway.example/v1")
    assert result.text() == ""
    page.show_test_result("openai", "Connected in 0.4 s, 38 models found.", has_passed=True)
    click(qtbot, panel, "remove-key")
    accept_question(panel, "confirm-key-removal")
    assert result.text() == ""
    show_key(panel, "openai", "none")
    page.show_test_result("openai", "There is no API key for OpenAI.", has_passed=False)
    qtbot.keyClicks(find(panel, QLineEdit, "key"), SECRET)
    click(qtbot, panel, "save-key")
    assert result.text() == ""


def test_changes_in_two_sections_are_both_kept_before_the_first_is_stored(
    qtbot: QtBot, panel: SettingsPanel
) -> None:
    with called(panel.pages.session.of(ProvidersController).save):
        write(qtbot, panel, "models", "gpt-5.2")
    with called(panel.pages.session.of(ProvidersController).save) as saved:
        write(qtbot, panel, "base-url", "https://gateway.example/v1")
    assert saved.args is not None
    assert saved.args[0].models == ("gpt-5.2",)
    with called(panel.pages.session.of(ProvidersController).save) as saved:
        panel.pages.by_name["provider"].page.edit(monthly_cap=Decimal(20))  # as spending does
    assert saved.args is not None
    assert saved.args[0].base_url == "https://gateway.example/v1"
    with called(panel.pages.session.of(ProvidersController).save) as saved:
        find(panel, QCheckBox, "keeps-at-provider").toggle()
    assert saved.args is not None
    assert saved.args[0].monthly_cap == 20
    assert saved.args[0].models == ("gpt-5.2",)


@pytest.mark.parametrize("name", ["test", "save-key", "add-custom-field"])
def test_a_typed_address_is_saved_before_a_button_uses_it(
    qtbot: QtBot, panel: SettingsPanel, name: str
) -> None:
    choose_provider(panel, COMET)
    find(panel, QLineEdit, "key").setText(SECRET)
    field = find(panel, QLineEdit, "base-url")
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "https://typed.example/v1")
    find(panel, QLineEdit, "custom-field-name").setText("X-Team")
    find(panel, QLineEdit, "custom-field-value").setText(SECRET)
    session = panel.pages.session
    controller = session.of(ProvidersController)
    used = {"test": controller.test, "save-key": controller.enter_key}.get(
        name, controller.save_field
    )
    session.tasks.start.calls.clear()
    find(panel, QPushButton, name).click()  # as a screen reader does, without the focus
    assert session.tasks.start.calls == [(controller.save.result,), (used.result,)]


def test_a_key_typed_for_another_maker_is_not_sent_and_comes_along(
    qtbot: QtBot, panel: SettingsPanel
) -> None:
    controller = panel.pages.session.of(ProvidersController)
    field, key = find(panel, QLineEdit, "key"), "sk-ant-api03-0123456789"
    field.setText(key)
    with not_called(controller.enter_key):
        qtbot.keyClick(field, Qt.Key.Key_Return)
    assert "Anthropic" in find(panel, QLabel, "test-result").text()
    assert field.text() == key
    tile = find(panel, QPushButton, "maker-anthropic")
    with called(controller.save) as added:
        tile.click()
    assert added.args is not None
    profile = added.args[0]
    panel.pages.by_name["provider"].page.set_profiles([*PROFILES, profile], profile.id)
    assert (tile.isChecked(), field.text(), field.hasFocus()) == (True, key, True)
    with called(controller.enter_key) as entered:
        qtbot.keyClick(field, Qt.Key.Key_Return)
    assert entered.args == [profile.id, key]
    with not_called(controller.save):  # it is there by now
        find(panel, QPushButton, "maker-openai").click()
        tile.click()
    assert field.hasFocus()


@pytest.mark.qt_log_ignore("grabbing the keyboard", "raise()", extend=True)
def test_a_server_is_added_from_a_preset(qtbot: QtBot, panel: SettingsPanel) -> None:
    button = find(panel, QPushButton, "add-provider")
    menu = button.menu()
    acts = QAccessible.queryAccessibleInterface(button).actionInterface()
    acts.doAction(acts.actionNames()[0])
    assert menu.isVisible()
    actions = {entry_text(action): action for action in menu.actions() if action.text()}
    gateways = ["LiteLLM", "Portkey", "Helicone", "Cloudflare AI Gateway"]
    local = ["Ollama", "LM Studio", "llama.cpp", "vLLM", "Jan"]
    assert list(actions) == [*gateways, "Azure OpenAI", *local, "Other server"]
    with called(panel.pages.session.of(ProvidersController).save) as added:
        actions["LM Studio"].trigger()  # as assistive technology does
    assert not menu.isVisible()
    assert added.args is not None
    profile = added.args[0]
    assert profile.base_url == "http://localhost:1234/v1"
    assert profile.kind is ProviderKind.COMPATIBLE
    assert not profile.needs_key
    assert profile.id != profile_from(PRESETS["lm-studio"]).id


def test_an_edited_address_stays_before_the_key(qtbot: QtBot, panel: SettingsPanel) -> None:
    choose_provider(panel, OLLAMA)
    write(qtbot, panel, "base-url", "https://gateway.example/v1")
    write(qtbot, panel, "base-url", "https://other.example/v1")
    tops = [
        find(panel, QLineEdit, name).mapTo(panel, QPoint()).y()
        for name in ("provider-name", "base-url", "key")
    ]
    assert tops == sorted(tops)


def test_a_server_can_be_named_and_removed(qtbot: QtBot, panel: SettingsPanel) -> None:
    assert not find(panel, QPushButton, "remove-provider").isVisible()
    choose_provider(panel, OLLAMA)
    with called(panel.pages.session.of(ProvidersController).save) as saved:
        write(qtbot, panel, "provider-name", "The big machine")
    assert saved.args == [replace(OLLAMA, name="The big machine")]
    with called(panel.pages.session.of(ProvidersController).remove_profile) as removed:
        click(qtbot, panel, "remove-provider")
        accept_question(panel, "confirm-provider-removal")
    assert removed.args == [OLLAMA.id]


def test_a_connection_test_shows_its_result(qtbot: QtBot, panel: SettingsPanel) -> None:
    result = find(panel, QLabel, "test-result")
    with called(panel.pages.session.of(ProvidersController).test) as asked:
        click(qtbot, panel, "test")
    assert asked.args == ["openai"]
    panel.pages.by_name["provider"].page.show_testing("openai")
    assert result.text() == "Testing…"
    assert not find(panel, QPushButton, "test").isEnabled()
    choose_provider(panel, COMET)
    assert find(panel, QPushButton, "test").isEnabled()
    page = panel.pages.by_name["provider"].page
    page.show_test_result("openai", "Connected in 0.4 s, 38 models found.", has_passed=True)
    assert result.text() == ""
    page.show_test_result("comet", "Connected in 0.4 s, 38 models found.", has_passed=True)
    assert result.text() == "Connected in 0.4 s, 38 models found."


def test_the_switch_sets_the_default_provider(qtbot: QtBot, panel: SettingsPanel) -> None:
    switch = find(panel, QCheckBox, "use-for-new")
    with called(panel.pages.session.of(SettingsController).set) as changed:
        switch.click()
    assert changed.args == ["default.provider", "openai"]
    panel.pages.set_values({"default.provider": "comet"})
    assert not switch.isChecked()
    choose_provider(panel, COMET)
    assert switch.isChecked()
    with called(panel.pages.session.of(SettingsController).set) as changed:
        switch.click()
    assert changed.args == ["default.provider", ""]


# ------------------------------------------------------------------ Responses and Appearance


def test_every_declared_setting_has_its_field(panel: SettingsPanel) -> None:
    for page, _ in PAGES:
        panel.show_page(page)
        content = find(panel, QWidget, f"settings-{page}")
        text = all_text(content)
        for declared in SETTINGS:
            # There is no language to choose without catalogs.
            if declared.page == page and declared.key != "look.language":
                assert content.findChild(QWidget, declared.key) is not None, declared.key
                assert declared.label in text


def test_few_settings_are_in_sight(panel: SettingsPanel) -> None:
    rows = 0
    for page, _ in SIDES:
        panel.show_page(page)
        content = find(panel, QWidget, f"settings-{page}")
        titles = [w for w in content.findChildren(PlainLabel) if w.property("role") == "strong"]
        found = (*titles, *content.findChildren(CollapsibleSection))
        rows += sum(widget.isVisible() for widget in found)
    assert 15 < rows <= 26


def test_a_fourth_vector_store_is_refused_with_a_reason(qtbot: QtBot, panel: SettingsPanel) -> None:
    panel.show_setting("advanced", "tools.vector_stores")
    text = find(panel, QPlainTextEdit, "tools.vector_stores")
    qtbot.waitUntil(text.hasFocus)
    other, stores = find(panel, QListWidget, "settings-pages"), ("a\nb\nc\nd", "a\nb\n\nc")
    with not_called(panel.pages.session.of(SettingsController).set):
        text.setPlainText(stores[0])
        other.setFocus()
    assert "Enter 3 lines or fewer." in all_text(panel)
    text.setFocus()
    with called(panel.pages.session.of(SettingsController).set) as changed:
        text.setPlainText(stores[1])
        other.setFocus()
    assert changed.args == ["tools.vector_stores", stores[1]]
    assert "Enter 3 lines" not in all_text(panel)


def test_languages_with_a_catalog_can_be_chosen(
    qtbot: QtBot, light_theme: themes.Theme, tmp_path: Path
) -> None:
    catalog = tmp_path / "nl" / "LC_MESSAGES" / "repartee.mo"
    catalog.parent.mkdir(parents=True)
    catalog.touch()
    use_language("en", tmp_path)
    panel = SettingsPanel()
    record_session(panel)
    qtbot.addWidget(panel)
    panel.show_page("look")
    languages = find(panel, SegmentedControl, "look.language")
    shown = [button.text() for button in languages.findChildren(QAbstractButton)]
    use_language("en", Path())
    assert shown == ["System", "English", "Nederlands"]


def test_sliders_report_their_stops_and_the_models_default(panel: SettingsPanel) -> None:
    panel.show_page("advanced")
    slider = find(panel, QSlider, "answer.max_output_tokens")
    told = panel.pages.session.of(SettingsController).set.calls
    told.clear()
    for at in range(slider.maximum() + 1):
        slider.setValue(at)
    slider.setValue(0)
    assert told[0] == ("answer.max_output_tokens", 256)
    assert told[-2:] == [("answer.max_output_tokens", 128_000), ("answer.max_output_tokens", None)]
    for key, value in told:
        assert validate(key, value) == value
    assert slider.accessibleName() == "Maximum output tokens: Default"


def test_shown_values_are_not_reported_as_changes(qtbot: QtBot, panel: SettingsPanel) -> None:
    panel.show_page("answer")
    panel.show_page("look")
    with not_called(panel.pages.session.of(SettingsController).set):
        panel.pages.set_values(
            {
                "answer.temperature": 0.7,
                "answer.max_output_tokens": 5000,
                "answer.verbosity": "low",
                "answer.system_prompt": "Be brief.",
                "look.theme": "dark",
                "look.text_size": 130,
            }
        )
    assert (
        find(panel, QSlider, "answer.max_output_tokens").accessibleName().endswith("5,000 tokens")
    )
    assert find(panel, QSlider, "answer.temperature").accessibleName() == "Temperature: 0.7"
    assert find(panel, QComboBox, "answer.verbosity").currentText() == "Brief"
    assert find(panel, QPlainTextEdit, "answer.system_prompt").toPlainText() == "Be brief."


def test_a_setting_that_the_model_does_not_support_is_shown_only_if_asked_for(
    qtbot: QtBot, panel: SettingsPanel
) -> None:
    page = panel.pages.by_name["advanced"].page
    panel.show_setting("advanced", "answer.temperature")
    slider = find(page, QSlider, "answer.temperature")
    qtbot.waitUntil(slider.hasFocus)
    page.set_refusals({}, {})
    why = "GPT-5.2 supports this setting only with effort set to None."
    page.set_refusals({"answer.temperature": why}, {})
    assert slider.isVisible()  # it was asked for
    assert slider.accessibleDescription().endswith(why)
    page.set_refusals({"answer.reasoning_summary": why}, {})
    summary = find(page, QComboBox, "answer.reasoning_summary")
    assert not summary.isVisible()
    panel.show_setting("advanced", "answer.reasoning_summary")
    assert summary.isVisible()
    page.set_refusals({}, {})
    assert slider.accessibleDescription() == setting("answer.temperature").help


@pytest.mark.parametrize(
    ("typed", "found", "page", "name"),
    [
        ("dark", "Theme", "look", "look.theme"),
        ("system prompt", "Instructions", "answer", "answer.system_prompt"),
        ("CREATIVITY", "Temperature", "advanced", "answer.temperature"),
        ("endpoint", "Base URL", "advanced", "base-url"),
        ("typeface", "Font", "advanced", "look.font"),
        ("erase", "Delete everything", "library", "delete-everything"),
        ("hotkey", "Shortcuts", "keys", ""),
    ],
)
def test_the_search_finds_settings_of_all_pages_by_name_and_synonyms(
    qtbot: QtBot, panel: SettingsPanel, typed: str, found: str, page: str, name: str
) -> None:
    qtbot.keyClicks(find(panel, QListWidget, "settings-pages"), typed[0])
    search = find(panel, QLineEdit, "settings-search")
    qtbot.keyClicks(search, typed[1:])
    assert (search.hasFocus(), search.text()) == (True, typed)
    results = find(panel, QListWidget, "settings-results")
    assert results.item(0).text().startswith(f"{found}  ·  ")
    qtbot.keyClick(search, Qt.Key.Key_Return)
    assert (panel.page, search.text()) == (page, "")
    if name:
        content = find(panel, QWidget, f"settings-{page}")
        qtbot.waitUntil(find(content, QWidget, name).isVisible)


def test_the_search_says_if_it_finds_nothing_and_escape_clears_it(
    qtbot: QtBot, panel: SettingsPanel
) -> None:
    search = find(panel, QLineEdit, "settings-search")
    qtbot.keyClicks(search, "zzz")
    assert "Nothing found" in [
        each.text() for each in panel.findChildren(QLabel) if each.isVisible()
    ]
    qtbot.keyClick(search, Qt.Key.Key_Escape)
    assert search.text() == ""


def test_arrows_change_the_side_and_a_link_leads_to_another_page(
    qtbot: QtBot, panel: SettingsPanel
) -> None:
    panel.setFocus()
    pages = find(panel, QListWidget, "settings-pages")
    assert pages.hasFocus()
    for _ in range(4):
        qtbot.keyClick(pages, Qt.Key.Key_Down)
    assert panel.page == "look"
    find(panel, QPushButton, "show-keys").click()
    assert panel.page == "keys"
    assert pages.currentItem().text() == "Shortcuts"
    for width in (600, 240):  # the list names all, beside the page, at every width
        panel.resize(width, 800)
        last = pages.visualItemRect(pages.item(pages.count() - 1))
        assert pages.viewport().rect().contains(last)
        assert pages.width() < width / 2


def test_instructions_are_reported_when_the_field_loses_the_focus(
    qtbot: QtBot, panel: SettingsPanel
) -> None:
    panel.show_page("answer")
    text = find(panel, QPlainTextEdit, "answer.system_prompt")
    text.setFocus()
    qtbot.keyClicks(text, "Be brief.")
    with called(panel.pages.session.of(SettingsController).set) as changed:
        find(panel, QComboBox, "answer.verbosity").setFocus()
    assert changed.args == ["answer.system_prompt", "Be brief."]


def test_installed_fonts_can_be_chosen(qtbot: QtBot, panel: SettingsPanel) -> None:
    panel.show_page("look")
    fonts = find(panel, QComboBox, "look.font")
    assert fonts.currentText() == "System"
    offered = [fonts.itemData(n) for n in range(1, fonts.count())]
    assert set(offered) <= set(QFontDatabase.families())
    with called(panel.pages.session.of(SettingsController).set) as changed:
        fonts.activated.emit(1)
    assert changed.args == ["look.font", offered[0]]
    panel.pages.set_values({"look.font": "Not Installed"})
    assert fonts.currentText() == "Not Installed"


# ------------------------------------------------------------------ Shortcuts


def capture(qtbot: QtBot, panel: SettingsPanel, command_id: str, *keys: tuple[object, ...]) -> None:
    find(panel, QPushButton, f"keys-{command_id}").click()
    edit = find(panel, QKeySequenceEdit, f"new-keys-{command_id}")
    assert edit.findChildren(QLineEdit)[0].placeholderText() == "Press keys…"
    for pressed in keys:
        qtbot.keyClick(edit, *pressed)
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not edit.isVisible())


def test_a_shortcut_can_be_changed_and_reset(qtbot: QtBot, panel: SettingsPanel) -> None:
    panel.show_page("keys")
    control = Qt.KeyboardModifier.ControlModifier
    with called(panel.pages.session.of(SettingsController).set_shortcut) as changed:
        capture(qtbot, panel, "answer.retry", (Qt.Key.Key_J, control))
    assert changed.args == ["answer.retry", "Ctrl+J"]
    assert find(panel, QPushButton, "keys-answer.retry").text() == "Ctrl+J"
    with called(panel.pages.session.of(SettingsController).set_shortcut) as changed:
        click(qtbot, panel, "reset-answer.retry")
    assert changed.args == ["answer.retry", "Ctrl+R"]
    assert not find(panel, QPushButton, "reset-answer.retry").isVisible()


def test_a_conflict_is_shown_at_both_commands(qtbot: QtBot, panel: SettingsPanel) -> None:
    panel.show_page("keys")
    capture(qtbot, panel, "answer.retry", (Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier))
    said = all_text(panel)
    assert "Also used by “New conversation”." in said
    assert "Also used by “Regenerate response”." in said


def test_keys_used_for_typing_are_refused(qtbot: QtBot, panel: SettingsPanel) -> None:
    panel.show_page("keys")
    with not_called(panel.pages.session.of(SettingsController).set_shortcut):
        capture(qtbot, panel, "answer.retry", (Qt.Key.Key_J,))
    assert "J is used for typing." in all_text(panel)


def test_a_second_shortcut_makes_a_chord(qtbot: QtBot, panel: SettingsPanel) -> None:
    panel.show_page("keys")
    control = Qt.KeyboardModifier.ControlModifier
    chord = ((Qt.Key.Key_J, control), (Qt.Key.Key_S, control))
    with called(panel.pages.session.of(SettingsController).set_shortcut) as changed:
        capture(qtbot, panel, "answer.retry", *chord)
    assert changed.args == ["answer.retry", "Ctrl+J, Ctrl+S"]
    assert find(panel, QPushButton, "keys-answer.retry").text() == "Ctrl+J, Ctrl+S"
    with not_called(panel.pages.session.of(SettingsController).set_shortcut):
        capture(qtbot, panel, "prompt.send", *chord)
    assert "This command takes a single shortcut" in all_text(panel)


def test_escape_keeps_and_backspace_removes_a_shortcut(qtbot: QtBot, panel: SettingsPanel) -> None:
    panel.show_page("keys")
    with not_called(panel.pages.session.of(SettingsController).set_shortcut):
        capture(qtbot, panel, "answer.retry", (Qt.Key.Key_Escape,))
    with called(panel.pages.session.of(SettingsController).set_shortcut) as changed:
        capture(qtbot, panel, "answer.retry", (Qt.Key.Key_Backspace,))
    assert changed.args == ["answer.retry", ""]
    assert find(panel, QPushButton, "keys-answer.retry").text() == "None"


# ------------------------------------------------------------------ About


def test_the_system_info_can_be_copied(qtbot: QtBot, panel: SettingsPanel) -> None:
    panel.pages.by_name["about"].page.set_about("Repartee 0.1.0", "MIT")
    panel.show_page("about")
    click(qtbot, panel, "program")
    click(qtbot, panel, "copy-about")
    assert QGuiApplication.clipboard().text() == "Repartee 0.1.0"
    click(qtbot, panel, "licenses")
    licenses = find(panel, QPlainTextEdit, "licenses")
    qtbot.waitUntil(lambda: licenses.toPlainText() == "MIT")


def test_a_check_for_updates_shows_what_it_found(qtbot: QtBot, panel: SettingsPanel) -> None:
    about = panel.pages.by_name["about"].page
    panel.show_page("about")
    with called(panel.pages.session.of(SettingsController).check_for_updates):
        click(qtbot, panel, "check-for-updates")
    button, note = find(panel, QPushButton, "check-for-updates"), find(panel, QLabel, "update-note")
    assert (button.isEnabled(), note.text()) == (False, "Checking…")
    about.show_update("This is the newest version: 0.1.0.")
    assert (button.isEnabled(), note.text()) == (True, "This is the newest version: 0.1.0.")
    assert find(panel, QPushButton, "renew-model-facts").isHidden()


def test_newer_model_facts_are_fetched_only_on_a_click(qtbot: QtBot, panel: SettingsPanel) -> None:
    about = panel.pages.by_name["about"].page
    panel.show_page("about")
    about.show_update("There are newer prices.", FactsOffer(date(2026, 12, 1), "https://a", "0"))
    button = find(panel, QPushButton, "renew-model-facts")
    assert not button.isHidden()
    with called(panel.pages.session.of(SettingsController).renew_model_facts):
        click(qtbot, panel, "renew-model-facts")
    assert not button.isEnabled()
    about.show_update("From the next start, the facts of models are of December 1, 2026.")
    assert button.isHidden()


# ------------------------------------------------------------------ keyboard, speech, size


@pytest.mark.parametrize("page", [name for name, _ in PAGES])
def test_every_control_is_reached_by_tab_and_has_a_name(
    qtbot: QtBot, panel: SettingsPanel, page: str
) -> None:
    panel.show_page(page)
    panel.setFocus()
    reached: set[QWidget] = set()
    while (focused := QGuiApplication.focusObject()) not in reached:
        assert isinstance(focused, QWidget)
        reached.add(focused)
        name = QAccessible.queryAccessibleInterface(focused).text(QAccessible.Text.Name)
        assert name, focused
        qtbot.keyClick(focused, Qt.Key.Key_Tab)
    wanted = {
        widget
        for widget in panel.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.isVisible()
        and widget.isEnabled()
    }
    assert wanted <= reached
    if page == "advanced":
        optional = {"proxy-url", "proxy-key", "clear-ca-file", "keeps-at-provider"}
        assert optional <= {widget.objectName() for widget in reached}
