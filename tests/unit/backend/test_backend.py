"""The providers, models and files that the backend joins from settings, keys and environment."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from desktop_app.backend.catalog_files import read_catalog
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.models.model_facts import ModelFacts
from desktop_app.domain.models.variants import Variant
from desktop_app.domain.spending_report import Purpose
from desktop_app.paths import folders
from desktop_app.providers.gateway import environment_profiles
from desktop_app.providers.keys.vault import KeyPlace
from tests.helpers.secrets import key_for
from tests.helpers.started_backend import started_backend
from tests.unit.providers.samples import COMETAPI, COMPATIBLE, OPENAI

ENVIRONMENT = {"OPENAI_API_KEY": "sk-env", "OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}


@pytest.mark.parametrize(
    ("chosen", "keys", "environment", "found"),
    [
        ("", [], {}, "on-device"),
        ("home", [], {}, "home"),  # it needs no key
        ("openai", [], {}, "on-device"),
        ("openai", [OPENAI], {}, "openai"),
        ("", [COMETAPI], {}, "cometapi"),
        ("openai", [OPENAI], ENVIRONMENT, "env-openai"),
    ],
)
async def test_new_conversations_have_a_usable_provider(
    chosen: str, keys: list[ProviderProfile], environment: dict[str, str], found: str
) -> None:
    async with started_backend(environment) as backend:
        await backend.settings.save_profile(COMPATIBLE)
        for profile in keys:
            await backend.settings.save_profile(profile)
            key = key_for(profile.base_url)
            backend.vault.use_for_session(profile.id, key, KeyPlace.SESSION)
        values = {**await backend.values(), "default.provider": chosen}
        assert (await backend.providers.default_profile(values)).id == found


async def test_providers_of_the_environment_have_the_values_entered_for_their_address() -> None:
    entered = replace(
        COMPATIBLE, monthly_cap=Decimal(5), own_models=(ModelFacts("llama", window=100),)
    )
    async with started_backend(ENVIRONMENT) as backend:
        plain, *built_in = await backend.providers.profiles()
        assert (plain.id, plain.monthly_cap, plain.own_models) == ("env-openai", None, ())
        assert [profile.id for profile in built_in] == ["on-device", "openai", "cometapi"]
        await backend.settings.save_profile(entered)
        await backend.settings.save_profile(replace(COMPATIBLE, id="x", base_url="http://x/v1"))
        await backend.settings.save_profile(replace(OPENAI, name="Mine"))
        first, *others = await backend.providers.profiles()
        assert (first.monthly_cap, first.own_models) == (entered.monthly_cap, entered.own_models)
        by_id = {profile.id: profile for profile in others}
        assert (first.shares_cap_with, by_id["home"].shares_cap_with) == (("home",), (first.id,))
        assert by_id["openai"].shares_cap_with == ()
        assert [profile.id for profile in others] == [
            "on-device",
            "openai",
            "cometapi",
            "home",
            "x",
        ]
        assert others[1].name == "Mine"


@pytest.mark.parametrize(
    ("stored", "environment", "ids_under_cap"),
    [
        (environment_profiles.OPENAI, {}, ("openai", "env-openai")),
        (environment_profiles.OPENAI, ENVIRONMENT, ("openai",)),
        (COMPATIBLE, {}, ("home",)),
    ],
)
async def test_spending_of_an_absent_environment_counts_against_the_limit(
    stored: ProviderProfile, environment: dict[str, str], ids_under_cap: tuple[str, ...]
) -> None:
    async with started_backend(environment) as backend:
        await backend.settings.save_profile(replace(stored, monthly_cap=Decimal(5)))
        by_id = {profile.id: profile for profile in await backend.providers.profiles()}
        stored_id, *_ = ids_under_cap
        assert by_id[stored_id].ids_under_cap == ids_under_cap


@pytest.mark.parametrize("data", [b"\xff", b"[models", b"models.x.efforts = 3"])
def test_a_file_of_models_that_cannot_be_used_is_named_and_ignored(data: bytes) -> None:
    file = folders().config / "models.toml"
    file.parent.mkdir(parents=True)
    file.write_bytes(data)
    catalog = read_catalog(folders())
    (problem,) = catalog.problems
    assert str(file) in problem.what_happened
    assert "or remove it" in problem.what_to_do
    assert catalog.for_variant(Variant.THINKING).id == "gpt-5.2"


async def test_a_small_model_writes_titles() -> None:
    async with started_backend() as backend:
        answering = backend.chat.resolve(OPENAI, ModelChoice(OPENAI.id, "", Variant.THINKING))
        assert answering.model.id == "gpt-5.2"
        assert backend.utility_model.model_for(Purpose.TITLE, answering).model.id == "gpt-6-luna"
