"""Profiles from the environment: addresses without passwords, and their keys."""

from __future__ import annotations

import pytest

from desktop_app.cli.doctor import describe_route
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.network.origin import Secret
from desktop_app.providers.gateway.environment_profiles import (
    COMETAPI_URL,
    OPENAI_URL,
    profiles_of_environment,
)

KEY = "sk-environment-0123456789"


def found(**environment: str) -> tuple[ProviderProfile, Secret | None]:
    [(profile, secrets)] = profiles_of_environment(environment)
    return profile, secrets.get(profile.id)


@pytest.mark.attack("key-origin")
@pytest.mark.parametrize(
    ("environment", "base_url", "origin"),
    [
        ({"OPENAI_API_KEY": KEY}, OPENAI_URL, "https://api.openai.com:443"),
        (
            {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://nas:1/v1/"},
            "http://nas:1/v1",
            "http://nas:1",
        ),
        ({"COMETAPI_KEY": KEY}, COMETAPI_URL, "https://api.cometapi.com:443"),
        ({"OPENAI_API_KEY": f"{KEY}\r\n"}, OPENAI_URL, "https://api.openai.com:443"),
        (
            {"AZURE_OPENAI_API_KEY": f" {KEY}\n", "AZURE_OPENAI_ENDPOINT": "https://a.example\n"},
            "https://a.example/openai/v1",
            "https://a.example:443",
        ),
    ],
)
def test_a_key_belongs_to_the_address_beside_it(
    environment: dict[str, str], base_url: str, origin: str
) -> None:
    profile, secret = found(**environment)
    assert (profile.base_url, secret) == (base_url, Secret(KEY, origin))


@pytest.mark.attack("secrets")
def test_a_password_in_the_address_is_no_part_of_the_profile() -> None:
    profile, secret = found(OPENAI_BASE_URL="https://someone:w%40rd@gateway.example/v1")
    assert profile.base_url == "https://gateway.example/v1"
    assert secret == Secret("someone:w@rd", "https://gateway.example:443", "Basic")
    assert not profile.needs_key
    assert "rd" not in repr(profile)
    assert "rd" not in repr(secret)


@pytest.mark.attack("secrets")
@pytest.mark.parametrize("end", ["?api_key=w0rd", "#w0rd", "?"])
def test_an_address_with_a_query_is_refused(end: str) -> None:
    profile, _ = found(OPENAI_API_KEY=KEY, OPENAI_BASE_URL=f"https://gateway.example/v1{end}")
    assert profile.base_url == ""
    assert "w0rd" not in repr(profile)
    assert not profile.needs_key, "the address is what is wrong"
    assert describe_route(profile) == (False, "The address is invalid")
    endpoint = f"https://me.openai.azure.com/{end}"
    profile, _ = found(AZURE_OPENAI_ENDPOINT=endpoint, AZURE_OPENAI_API_KEY=KEY)
    assert profile.base_url == ""


@pytest.mark.attack("secrets")
def test_headers_and_parameters_are_secrets_of_the_address() -> None:
    environment = {
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": "https://gateway.example/v1",
        "OPENAI_ORG_ID": "org-1",
        "OPENAI_PROJECT_ID": "proj_1",
        "OPENAI_CUSTOM_HEADERS": "x-portkey-provider: openai\nX-Token: w0rd",
        "OPENAI_CUSTOM_QUERY": "api-version=preview",
    }
    [(profile, secrets)] = profiles_of_environment(environment)
    values = {f.name: secrets[profile.custom_field_id(f)].value for f in profile.custom_fields}
    assert values == {
        "OpenAI-Organization": "org-1",
        "OpenAI-Project": "proj_1",
        "x-portkey-provider": "openai",
        "X-Token": "w0rd",
        "api-version": "preview",
    }
    assert [f.name for f in profile.custom_fields if f.in_query] == ["api-version"]
    assert all(field.is_secret for field in profile.custom_fields)
    assert {secret.origin for secret in secrets.values()} == {"https://gateway.example:443"}
    assert "w0rd" not in repr(profile)
    assert not profile.unusable_variable


@pytest.mark.parametrize("variable", ["OPENAI_CUSTOM_HEADERS", "OPENAI_CUSTOM_QUERY"])
def test_a_variable_that_cannot_be_parsed_is_named(variable: str) -> None:
    profile, secret = found(**{"OPENAI_API_KEY": KEY, variable: "w0rd"})
    assert profile.unusable_variable == variable
    assert secret is not None
    assert "w0rd" not in repr(profile)


@pytest.mark.parametrize(
    ("version", "base_url"),
    [
        ("", "https://me.openai.azure.com/openai/v1"),
        ("preview", "https://me.openai.azure.com/openai/v1"),
        ("2024-10-21", "https://me.openai.azure.com/openai/deployments/{model}"),
    ],
)
def test_azure_has_an_address_for_each_version(version: str, base_url: str) -> None:
    profile, secret = found(
        AZURE_OPENAI_ENDPOINT="https://me.openai.azure.com/",
        AZURE_OPENAI_API_KEY=KEY,
        OPENAI_API_VERSION=version,
    )
    assert profile.base_url == base_url
    assert profile.key_header == "api-key"
    assert secret == Secret(KEY, "https://me.openai.azure.com:443")
    assert [field.value for field in profile.custom_fields] == ([version] if version else [])
