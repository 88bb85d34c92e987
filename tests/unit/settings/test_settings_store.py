"""Settings, profiles, and origins of keys."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.network.custom_fields import CustomField
from desktop_app.settings.settings_store import SettingsStore
from tests.unit.storage.samples import opened

FULL = ProviderProfile(
    "cometapi-1",
    "CometAPI",
    ProviderKind.COMETAPI,
    "https://api.cometapi.com/v1",
    Api.CHAT_COMPLETIONS,
    ("gpt-5.2", "gpt-5.2-pro"),
    Decimal("0.8"),
    needs_key=True,
    max_tokens_field="max_tokens",
    monthly_cap=Decimal("12.50"),
    offers_batches=True,
    takes_files=True,
    key_header="api-key",
    custom_fields=(
        CustomField("X-Team", "blue"),
        CustomField("x-token", is_secret=True),
        CustomField("api-version", "preview", in_query=True),
    ),
    proxy="socks5://me@proxy.lan:1080",
    ca_file="/etc/company.pem",
    keeps_at_provider=True,
    plain_http_hosts=("nas.lan",),
)
LOCAL = ProviderProfile("ollama", "Ollama", ProviderKind.COMPATIBLE, needs_key=False)


async def test_json_values_are_read_as_saved(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite3"
    async with opened(path) as database:
        settings = SettingsStore(database)
        assert await settings.all() == {}
        await settings.set("look.text_size", 110)
        await settings.set("look.text_size", 120)
        await settings.set("window", {"geometry": [1, 2.5, None, True, "ü"]})
        await settings.set("gone", "x")
        await settings.remove("gone")
        await settings.remove("never there")
    async with opened(path) as database:
        kept = {"look.text_size": 120, "window": {"geometry": [1, 2.5, None, True, "ü"]}}
        assert await SettingsStore(database).all() == kept


@pytest.mark.attack("secrets")
async def test_the_value_of_a_secret_header_is_never_stored(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite3"
    careless = replace(LOCAL, custom_fields=(CustomField("x-token", "w0rd", is_secret=True),))
    async with opened(path) as database:
        await SettingsStore(database).save_profile(careless)
        [stored] = await SettingsStore(database).profiles()
        assert stored.custom_fields == (CustomField("x-token", is_secret=True),)
        row = await database.read(lambda c: c.execute("SELECT body FROM profiles").fetchone())
        assert "w0rd" not in row["body"]


async def test_profiles_keep_their_order_and_every_field(tmp_path: Path) -> None:
    async with opened(tmp_path / "s.sqlite3") as database:
        settings = SettingsStore(database)
        await settings.save_profile(FULL)
        await settings.save_profile(LOCAL)
        renamed = replace(FULL, name="Comet", api=None, models=())
        await settings.save_profile(renamed)
        assert await settings.profiles() == [renamed, LOCAL]
        await settings.remove_profile(FULL.id)
        assert await settings.profiles() == [LOCAL]


async def test_a_profile_from_the_environment_is_not_stored(tmp_path: Path) -> None:
    async with opened(tmp_path / "s.sqlite3") as database:
        settings = SettingsStore(database)
        with pytest.raises(ValueError, match="environment"):
            await settings.save_profile(replace(FULL, from_environment=True))
        assert await settings.profiles() == []


async def test_origins_of_keys_are_noted(tmp_path: Path) -> None:
    async with opened(tmp_path / "s.sqlite3") as database:
        settings = SettingsStore(database)
        assert await settings.key_origin("a") is None
        for where in ("https://one.example:443", "https://two.example:443"):
            await settings.record_key_origin("a", where)
            assert await settings.key_origin("a") == where
        assert await settings.key_origin("b") is None
        await settings.record_key_origin("a", None)
        assert await settings.key_origin("a") is None
