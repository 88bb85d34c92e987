"""Profiles from the environment: addresses without passwords, and their keys."""

from __future__ import annotations

import pytest

from desktop_app.backend.environment_profiles import (
    COMETAPI_URL,
    OPENAI_URL,
    profiles_of_environment,
)
from desktop_app.cli.doctor.provider_routes import is_remote, way_to
from desktop_app.domain.conversations.chat_request import ProviderProfile
from desktop_app.domain.secret import Secret
from tests.unit.providers.samples import CATALOG

KEY = "sk-environment-0123456789"


def found(**environment: str) -> tuple[ProviderProfile, Secret | None]:
    [one] = profiles_of_environment(environment, CATALOG)
    return one


@pytest.mark.attack("key-origin")
@pytest.mark.parametrize(
    ("environment", "origin"),
    [
        ({"OPENAI_API_KEY": KEY}, "https://api.openai.com:443"),
        ({"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://nas:1/v1/"}, "http://nas:1"),
        ({"COMETAPI_KEY": KEY}, "https://api.cometapi.com:443"),
    ],
)
def test_a_key_belongs_to_the_address_beside_it(environment: dict[str, str], origin: str) -> None:
    profile, secret = found(**environment)
    assert secret == Secret(KEY, origin)
    assert profile.base_url.rstrip("/") in (OPENAI_URL, COMETAPI_URL, "http://nas:1/v1")


@pytest.mark.attack("secrets")
def test_a_password_in_the_address_is_no_part_of_the_profile() -> None:
    profile, secret = found(OPENAI_BASE_URL="https://someone:w%40rd@gateway.example/v1")
    assert profile.base_url == "https://gateway.example/v1"
    assert secret == Secret("someone:w@rd", "https://gateway.example:443", "Basic")
    assert not profile.needs_key
    assert "rd" not in repr(profile)
    assert "rd" not in repr(secret)


def test_a_key_goes_before_a_password_in_the_address() -> None:
    profile, secret = found(OPENAI_API_KEY=KEY, OPENAI_BASE_URL="https://a:b@gateway.example/v1")
    assert profile.base_url == "https://gateway.example/v1"
    assert secret == Secret(KEY, "https://gateway.example:443")


@pytest.mark.attack("secrets")
@pytest.mark.parametrize("end", ["?api_key=w0rd", "#w0rd", "?"])
def test_an_address_with_a_query_is_refused(end: str) -> None:
    profile, _ = found(OPENAI_API_KEY=KEY, OPENAI_BASE_URL=f"https://gateway.example/v1{end}")
    assert profile.base_url == ""
    assert "w0rd" not in repr(profile)
    assert not profile.needs_key, "the address is what is wrong"
    assert is_remote(profile)
    assert way_to(profile) == (False, "The address is invalid")
