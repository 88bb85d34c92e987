"""Servers on this computer in the window: the offer on the first screen, and its use."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QPushButton

from desktop_app.domain.models.model_catalog import ModelCatalog
from desktop_app.providers import local_servers
from desktop_app.providers.local_servers import FoundServer
from desktop_app.providers.ui.local_server_offer import LocalServerOffer
from desktop_app.providers.ui.providers_controller import ProvidersController
from desktop_app.settings.server_presets import SERVER_PRESETS, profile_from
from tests.gui.app.app_harness import AppHarness, until

PRESETS = {preset.key: preset for preset in SERVER_PRESETS}


def server(key: str, *models: str) -> FoundServer:
    return FoundServer(replace(profile_from(PRESETS[key]), models=models))


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[FoundServer]:
    """Return the servers that are found, at first Ollama and LM Studio."""
    servers = [server("ollama", "qwen3:latest", "gemma3"), server("lm-studio", "lm/phi4")]

    async def find(_catalog: ModelCatalog) -> list[FoundServer]:
        return servers

    monkeypatch.setattr(local_servers, "find_local_servers", find)
    return servers


def offers(app: AppHarness) -> list[str]:
    buttons = app.window.empty_state.key_line.server_buttons
    return [button.text() for button in buttons if button.isVisible()]


async def test_one_click_adds_a_server_and_uses_its_model(found: list[FoundServer]) -> None:
    async with AppHarness() as app:
        assert offers(app) == []
        await app.session.of(LocalServerOffer).look_at_first_start()
        assert offers(app) == ["Use qwen3 from Ollama", "Use phi4 from LM Studio"]
        app.click("use-server-0")
        await app.written()
        assert not app.window.empty_state.key_line.isVisible()
        assert app.state.providers.default.name == "Ollama"
        turn = await app.ask("Hello?")
        assert (turn.profile.name, turn.request.model) == ("Ollama", "qwen3:latest")
        turn.end("Hi.")
        await app.settled()
        app.new_conversation()
        assert app.state.setup.resolved.model.id == "qwen3:latest"


async def test_nothing_is_searched_after_the_first_conversation(found: list[FoundServer]) -> None:
    async with AppHarness() as app:
        turn = await app.ask("Hello?")
        turn.end("Hi.")
        await app.settled()
        app.new_conversation()
        await app.session.of(LocalServerOffer).look_at_first_start()
        assert offers(app) == []
    async with AppHarness(environment={"OPENAI_API_KEY": "sk-a"}) as app:
        await app.session.of(LocalServerOffer).look_at_first_start()
        assert offers(app) == []


async def test_other_servers_are_offered_when_one_was_added(found: list[FoundServer]) -> None:
    async with AppHarness() as app:
        app.window.outer_panes.show_settings(True)
        added = profile_from(PRESETS["ollama"])
        app.state.tasks.start(app.state.of(ProvidersController).save(added))
        await until(lambda: "More models were found" in app.said)
        buttons = app.window.notifications.findChildren(QPushButton)
        labels = [button.text() for button in buttons if button.isVisible()]
        assert "Use phi4 from LM Studio" in labels
        assert "Use qwen3 from Ollama" not in labels


async def test_the_built_in_model_gets_examples_that_it_can_answer() -> None:
    async with AppHarness() as app:
        cards = app.window.empty_state.cards
        assert [card.description for card in cards][1] == "What is photosynthesis?"
        cards[1].click()
        assert app.text.toPlainText() == "What is photosynthesis?"
        cards[2].click()
        assert app.text.toPlainText() == "Why is the sky blue?"
        app.type(" Please answer.")
        cards[1].click()
        assert app.text.toPlainText().startswith("What is photosynthesis?\nWhy is the sky blue?")
    async with AppHarness(environment={"OPENAI_API_KEY": "sk-a"}) as app:
        assert app.window.empty_state.cards[0].key == "summarize"
