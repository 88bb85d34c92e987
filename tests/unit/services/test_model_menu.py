"""The menu's models: the family, the user's own, and those that the provider lists."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.models.model_listing import (
    ListedModel,
    ModelDetails,
    ModelKind,
    ModelListing,
)
from desktop_app.domain.models.variants import Variant
from desktop_app.services.models.choice_resolution import ProviderModels
from desktop_app.services.models.model_menu import MenuEntry, menu_entries, proposed_model
from desktop_app.services.models.model_table import favorites_in
from tests.unit.providers.samples import CATALOG

OPENAI = ProviderProfile("o", "OpenAI", ProviderKind.OPENAI, "https://api.openai.com/v1")
COMET = ProviderProfile("c", "CometAPI", ProviderKind.COMETAPI, "https://api.cometapi.com/v1")
BOX = ProviderProfile("b", "Box", ProviderKind.COMPATIBLE, "http://localhost:1/v1")
TODAY = date(2026, 11, 20)
FAMILY = ["gpt-5.2-chat-latest", "gpt-5.2", "gpt-5.2-pro"]


def listed(*ids: str) -> ModelListing:
    models = tuple(ListedModel(model_id) for model_id in ids)
    return ModelListing("", models, datetime(2026, 11, 20, tzinfo=UTC))


def ids(found: list[MenuEntry]) -> list[str]:
    return [entry.model for entry in found]


def test_without_a_listing_known_models_are_offered() -> None:
    found = ids(menu_entries(ProviderModels(OPENAI, CATALOG), TODAY))
    assert found[:3] == FAMILY
    assert {"gpt-5-mini", "gpt-5-nano"} <= set(found)
    assert "gpt-5.2-codex" not in found, "shut down in July"
    assert ids(menu_entries(ProviderModels(BOX, CATALOG), TODAY)) == []


def test_listed_chat_models_are_offered_after_the_known_ones() -> None:
    listing = listed("zeta", "gpt-5-nano", "Alpha", "gpt-5.2", "text-embedding-3-small")
    found = menu_entries(ProviderModels(replace(COMET, models=("mine",)), CATALOG, listing), TODAY)
    assert ids(found) == [*FAMILY, "mine", "gpt-5-nano", "Alpha", "zeta"]
    assert found[4].name == "GPT-5 nano"
    assert found[5].name == "Alpha"


@pytest.mark.parametrize(
    "model",
    [
        "text-embedding-3-large", "whisper-1", "tts-1-hd", "gpt-4o-mini-tts", "gpt-image-1",
        "dall-e-3", "omni-moderation-latest", "gpt-4o-transcribe", "gpt-4o-realtime-preview",
        "gpt-4o-audio-preview", "sora-2", "black-forest-labs/flux-dev", "mj_imagine", "davinci-002",
        "TEXT-EMBEDDING-ADA-002", "gemini-2.5-flash-image", "nano-banana-pro",
    ],
)  # fmt: skip
def test_models_that_cannot_chat_are_recognized(model: str) -> None:
    assert not CATALOG.can_chat(model)


@pytest.mark.parametrize(
    "model",
    [
        "gpt-5.2", "gpt-4o", "gpt-4o-mini", "o3", "o4-mini", "chatgpt-4o-latest", "gpt-3.5-turbo",
        "claude-opus-4", "gemini-2.5-pro", "deepseek-v3", "qwen3:8b", "llama3", "mistral-large",
        "grok-4", "codex-mini-latest", "llava", "gpt-oss-120b", "ft:gpt-4o:acme::x",
    ],
)  # fmt: skip
def test_models_that_can_chat_are_recognized(model: str) -> None:
    assert CATALOG.can_chat(model)


def test_models_that_a_server_lists_as_not_chatting_are_hidden() -> None:
    models = (
        ListedModel("vectors", details=ModelDetails(ModelKind.EMBEDDING)),
        ListedModel("whisper-that-chats", details=ModelDetails(ModelKind.CHAT)),
        ListedModel("plain", details=ModelDetails(None, Decimal("0.5"), Decimal(2))),
    )
    listing = ModelListing("", models, datetime(2026, 11, 20, tzinfo=UTC))
    box = replace(BOX, models=("vectors", "plain"))
    found = {
        entry.model: entry.note
        for entry in menu_entries(ProviderModels(box, CATALOG, listing), TODAY)
    }
    assert found == {"plain": "$0.5 / $2", "whisper-that-chats": ""}


def test_a_server_offers_the_models_of_the_family_that_it_or_the_user_names() -> None:
    box = replace(BOX, models=("gpt-5.2",))
    found = menu_entries(ProviderModels(box, CATALOG, listed("gpt-5.2-pro", "x")), TODAY)
    assert [(entry.model, entry.variant) for entry in found] == [
        ("gpt-5.2", Variant.THINKING),
        ("gpt-5.2-pro", Variant.PRO),
        ("x", None),
    ]
    assert ids(menu_entries(ProviderModels(box, CATALOG), TODAY)) == FAMILY
    assert ids(menu_entries(ProviderModels(COMET, CATALOG, listed("x")), TODAY)) == [*FAMILY, "x"]


def test_the_first_model_that_can_chat_is_proposed() -> None:
    listing = listed("whisper-1", "zeta", "alpha")
    azure = replace(BOX, key_header="api-key")
    assert proposed_model(ProviderModels(BOX, CATALOG, listing)) == "zeta"
    assert proposed_model(ProviderModels(BOX, CATALOG, listed("whisper-1"))) == ""
    assert (
        proposed_model(ProviderModels(BOX, CATALOG))
        == proposed_model(ProviderModels(azure, CATALOG, listing))
        == ""
    )


@pytest.mark.parametrize(
    ("stored", "found"),
    [
        ([["a", "b"], ["c", "d"]], {("a", "b"), ("c", "d")}),
        ([["a"], ["a", "b", "c"], ["a", 1], [1, "b"], "ab", {"a": 1}, ("a", "b"), None], set()),
        ({"a": "b"}, set()),
        (None, set()),
    ],
)
def test_damaged_favorites_are_left_out(stored: object, found: set[tuple[str, str]]) -> None:
    assert favorites_in(stored) == found
