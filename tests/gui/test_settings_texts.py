"""Every text of the settings panel is translated, in every state of its pages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from PySide6.QtGui import QFontDatabase

from desktop_app.commands.keymap import Keymap
from desktop_app.domain.answering.chat_request import DIRECT, ProviderKind, ProviderProfile
from desktop_app.domain.models.variants import Effort
from desktop_app.i18n.translation import LANGUAGES, use_language
from desktop_app.settings.key_pages import key_page
from desktop_app.settings.server_presets import SERVER_PRESETS, profile_from
from desktop_app.settings.setting import Unit
from desktop_app.ui.settings.collapsible_section import CollapsibleSection
from desktop_app.ui.settings.sections.key_state import KeyState
from desktop_app.ui.settings.settings_frame import PAGES
from desktop_app.ui.settings.settings_panel import SettingsPanel
from desktop_app.ui.settings.tabs.schema_form import format_value
from tests.helpers.translated_texts import texts_of, untranslated

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.ui.look import theme as themes

OPENAI: Final = ProviderProfile(
    "openai", "OpenAI", ProviderKind.OPENAI, "https://api.openai.com/v1", keeps_at_provider=True
)
COMET: Final = ProviderProfile(
    "comet", "CometAPI", ProviderKind.COMETAPI, "https://api.cometapi.com/v1", proxy="http://u@p:1"
)
HERE: Final = ProviderProfile("here", "Here", ProviderKind.ON_DEVICE, needs_key=False)
BOX: Final = replace(profile_from(SERVER_PRESETS[0]), base_url="http://192.168.1.5/v1")
OUTSIDE: Final = replace(OPENAI, id="env", name="Env", from_environment=True, proxy=DIRECT)
PROFILES: Final = (OPENAI, COMET, HERE, BOX, OUTSIDE)
# Data, names of products, and names that code gives.
NOT_TRANSLATED: Final = {
    *(profile.name for profile in PROFILES),
    *(profile.base_url for profile in PROFILES),
    *(key_page(profile.base_url) for profile in PROFILES),
    *(keymap_text for c in Keymap() if (keymap_text := Keymap().shortcut_of(c.id))),
    *LANGUAGES.values(),
    *("Instant", "Thinking", "Pro", "SmolLM2 135M", "max_tokens", "max_completion_tokens"),
    *("Chat Completions", "Responses"),  # APIs
    *("Enter", "Ctrl+Shift+Enter", "text-embedding-3-small", "http://u@p:1", "http://host:3128"),
}

pytestmark = pytest.mark.usefixtures("pseudo_language")


@pytest.fixture
def panel(qtbot: QtBot, light_theme: themes.Theme) -> SettingsPanel:
    made = SettingsPanel(light_theme)
    made.pages.provider.page.set_profiles(PROFILES, "openai")
    made.resize(312, 800)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


@pytest.mark.parametrize("page", [page for page, _ in PAGES])
def test_a_page_is_translated(panel: SettingsPanel, page: str) -> None:
    panel.pages.responses.page.set_overrides("c", {"answer.temperature": 0.5})
    panel.pages.responses.page.set_folder("f", "⟦My folder⟧", {"default.effort": Effort.HIGH})
    panel.show_page(page)
    for section in panel.findChildren(CollapsibleSection):
        section.head.click()
    data = {*NOT_TRANSLATED, *QFontDatabase.families()}
    assert not untranslated(texts_of(panel), data)
    if page == "answer":
        panel.show_folder()
        assert not untranslated(texts_of(panel), data)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.id)
@pytest.mark.parametrize(
    "place", ["keyring", "session", "environment", "none", "unknown", "elsewhere"]
)
def test_a_provider_is_translated(
    panel: SettingsPanel, profile: ProviderProfile, place: str
) -> None:
    panel.pages.provider.page.set_profiles(PROFILES, profile.id)
    panel.pages.provider.page.set_key_state(profile.id, KeyState(place, "⟦host⟧"))  # type: ignore[arg-type]
    panel.pages.provider.page.network.set_password_state(profile.proxy_password_id, KeyState(place))  # type: ignore[arg-type]
    assert not untranslated(texts_of(panel), NOT_TRANSLATED)


def test_shortcuts_in_conflict_are_translated(panel: SettingsPanel) -> None:
    panel.pages.set_values({"keys.answer.retry": "Ctrl+N"})
    panel.show_page("keys")
    assert not untranslated(texts_of(panel), NOT_TRANSLATED)


def test_numbers_have_the_units_and_separators_of_the_language() -> None:
    use_language("en", Path())
    assert format_value(None) == "Default"
    assert format_value(16_384, Unit.TOKENS) == "16,384 tokens"
    assert format_value(1, Unit.CHARACTERS) == "1 character"
    assert format_value(2048, Unit.MEGABYTES) == "2,048 MB"
    assert format_value(120, Unit.SECONDS) == "2 min"
    assert format_value(130, Unit.PERCENT) == "130%"
    assert [format_value(value) for value in (7, 1.0, 0.7, -0.55)] == ["7", "1", "0.7", "-0.55"]
