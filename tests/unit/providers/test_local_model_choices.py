"""The models on this computer in the menu, in a choice, and in a request."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from desktop_app.domain.cost import FREE
from desktop_app.domain.models.model_facts import ModelFacts, ModelKind
from desktop_app.domain.models.variants import Effort
from desktop_app.providers.apis.chat_completions import body
from desktop_app.providers.gateway.environment_profiles import ON_DEVICE
from desktop_app.providers.gateway.provider_gateway import local_path
from desktop_app.providers.models.choice_resolution import ON_DEVICE_MODEL, ProviderModels
from desktop_app.providers.models.model_listing import ModelListing
from desktop_app.providers.models.model_menu import menu_entries, model_rows
from tests.unit.providers.samples import CATALOG, ask

THINKS = ModelFacts(
    "/m/thinks.gguf",
    name="Thinks 4B",
    window=16_384,
    kind=ModelKind.CHAT,
    efforts=(Effort.NONE, Effort.MEDIUM),
    images=True,
    tools=True,
)
VECTORS = ModelFacts("/m/vectors.gguf", name="Vectors", window=2048, kind=ModelKind.EMBEDDING)
MODELS = ProviderModels(
    ON_DEVICE, CATALOG, ModelListing("", (THINKS, VECTORS), datetime.fromtimestamp(0, UTC))
)
DAY = date(2026, 11, 28)


def test_a_file_is_offered_with_what_it_says() -> None:
    info = MODELS.info(THINKS.id)
    assert (info.name, info.context_window, info.price) == ("Thinks 4B", 16_384, FREE)
    assert (info.sees_images, info.takes_tools, info.efforts) == (True, True, THINKS.efforts)
    unknown = MODELS.info("/elsewhere/other.gguf")
    assert (unknown.name, unknown.efforts, unknown.sees_images) == ("other", (), False)


def test_the_menu_begins_with_the_model_of_new_conversations() -> None:
    assert [e.model for e in menu_entries(MODELS, DAY)] == [ON_DEVICE_MODEL, THINKS.id]
    assert [e.name for e in menu_entries(MODELS, DAY, THINKS.id)] == ["Thinks 4B"]
    rows = model_rows(MODELS, DAY, on_device_model=THINKS.id)
    assert [(row.name, row.window, row.tools) for row in rows] == [("Thinks 4B", 16_384, True)]


def test_a_choice_names_the_model_to_load() -> None:
    resolved = MODELS.choice_of(MODELS.info(THINKS.id), Effort.NONE)
    assert local_path(resolved.profile) == THINKS.id
    built_in = MODELS.choice_of(MODELS.info(ON_DEVICE_MODEL))
    assert local_path(built_in.profile) == ""
    assert local_path(ON_DEVICE) is None


@pytest.mark.parametrize("effort", [Effort.NONE, Effort.MEDIUM])
def test_the_effort_goes_to_the_chat_template(effort: Effort) -> None:
    info = MODELS.info(THINKS.id)
    fields = body(replace(ask(model=THINKS.id), effort=effort), info, ON_DEVICE, frozenset())
    assert "reasoning_effort" not in fields
    assert fields["chat_template_kwargs"] == {
        "enable_thinking": effort is Effort.MEDIUM,
        "reasoning_effort": effort.value,
    }
    plain = body(ask(model=THINKS.id), info, ON_DEVICE, frozenset())
    assert "chat_template_kwargs" not in plain
