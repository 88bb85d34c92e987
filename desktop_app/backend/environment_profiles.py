"""The built-in provider profiles, and those from environment variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from desktop_app.domain.answering.chat_request import (
    API_KEY_HEADER,
    MODEL_PLACEHOLDER,
    ProviderKind,
    ProviderProfile,
)
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.network.azure_address import VERSION_NAME, split_version, with_version
from desktop_app.domain.network.custom_fields import CustomField, parse_headers, parse_query
from desktop_app.domain.network.network_address import (
    split_credentials,
    split_url,
    unencrypted_private_host,
)
from desktop_app.domain.network.origin import origin
from desktop_app.domain.network.secret import Secret
from desktop_app.i18n.translation import N_, tr

OPENAI_URL = "https://api.openai.com/v1"
COMETAPI_URL = "https://api.cometapi.com/v1"
USUAL_ENVIRONMENT_IDS: Final = {OPENAI_URL: "env-openai", COMETAPI_URL: "env-cometapi"}
"""The id that a provider of the environment usually has, by its address."""
ORGANIZATION_HEADER: Final = "OpenAI-Organization"
PROJECT_HEADER: Final = "OpenAI-Project"
_AZURE_PATH: Final = re.compile(r"/openai(?:/v1|/deployments/([^/]+))?$")
_DATED_START: Final = re.compile("[0-9]")
"""The start of a version such as 2024-10-21; others are names, such as "preview"."""

ON_DEVICE = ProviderProfile(
    "on-device", N_("On this computer"), ProviderKind.ON_DEVICE, needs_key=False
)
OPENAI = ProviderProfile("openai", "OpenAI", ProviderKind.OPENAI, OPENAI_URL)
COMETAPI = ProviderProfile("cometapi", "CometAPI", ProviderKind.COMETAPI, COMETAPI_URL)
BUILT_IN = (ON_DEVICE, OPENAI, COMETAPI)


def profiles_of_environment(
    environment: Mapping[str, str],
) -> list[tuple[ProviderProfile, dict[str, Secret]]]:
    """Return profiles for this run, each with its secrets by their names in the keyring.

    A key belongs to the address that the environment gives with it, and nothing changes that later.
    Without a key, a user and password in the address are the secret. Azure's version is removed
    from an address's query. An address with any other query or a fragment is unusable, because the
    path of each request would have to precede it. The profile then has no address, and its requests
    report that.
    """
    profiles_with_secrets: list[tuple[ProviderProfile, dict[str, Secret]]] = []
    key = environment.get("OPENAI_API_KEY", "")
    url, version = split_version(environment.get("OPENAI_BASE_URL", ""))
    if key or url:
        address, credentials = split_credentials(url)
        address = "" if _is_unusable(url) else address.rstrip("/") or OPENAI_URL
        models = _split_names(environment.get("OPENAI_MODEL", ""))
        # Without an origin the address is the problem to report, not a missing key.
        needs_key = bool(key and origin(address))
        profile = _openai_like_profile(address, models, needs_key=needs_key)
        secret = Secret(credentials, origin(address), "Basic") if credentials else None
        profile, secrets = _with_fields(
            profile, _bound_secret(key, profile) if key else secret, environment
        )
        profile = replace(profile, custom_fields=with_version(profile.custom_fields, version))
        profiles_with_secrets.append((_as_azure(profile, version), secrets))
    if endpoint := environment.get("AZURE_OPENAI_ENDPOINT", ""):
        deployments = _split_names(environment.get("AZURE_OPENAI_DEPLOYMENT", ""))
        endpoint, version = split_version(endpoint)
        version = environment.get("OPENAI_API_VERSION", "") or version
        profile = _azure_profile(endpoint, version, deployments)
        azure_key = environment.get("AZURE_OPENAI_API_KEY", "")
        key_secret = _bound_secret(azure_key, profile) if azure_key else None
        profiles_with_secrets.append((profile, {profile.id: key_secret} if key_secret else {}))
    if comet_key := environment.get("COMETAPI_KEY", ""):
        profile = ProviderProfile(
            USUAL_ENVIRONMENT_IDS[COMETAPI_URL],
            tr("{provider} (environment)", provider="CometAPI"),
            ProviderKind.COMETAPI,
            COMETAPI_URL,
            from_environment=True,
        )
        profiles_with_secrets.append((profile, {profile.id: _bound_secret(comet_key, profile)}))
    return profiles_with_secrets


def _is_unusable(url: str) -> bool:
    """Return True if a URL has a query or a fragment, so that no path can be appended."""
    return "?" in url or "#" in url


def _split_names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _bound_secret(key: str, profile: ProviderProfile) -> Secret:
    return Secret(key, origin(profile.base_url))


def _with_fields(
    profile: ProviderProfile, key: Secret | None, environment: Mapping[str, str]
) -> tuple[ProviderProfile, dict[str, Secret]]:
    """Add the headers and query parameters of the environment, all as secrets.

    Returns:
        The profile, and all its secrets by their names in the keyring, `key` included.
    """
    values: dict[CustomField, str] = {}
    unusable = ""  # the first variable whose value cannot be sent
    for variable, header in (
        ("OPENAI_ORG_ID", ORGANIZATION_HEADER),
        ("OPENAI_PROJECT_ID", PROJECT_HEADER),
    ):
        if text := environment.get(variable, "").strip():
            field = CustomField(header, is_secret=True)
            values[field] = text
            if not field.accepts(text):
                unusable = unusable or variable
    for variable, parse, in_query in (
        ("OPENAI_CUSTOM_HEADERS", parse_headers, False),
        ("OPENAI_CUSTOM_QUERY", parse_query, True),
    ):
        try:
            parsed_fields = parse(environment.get(variable, ""))
        except ValueError:
            unusable = unusable or variable
            continue
        for name, value in parsed_fields.items():
            values[CustomField(name, is_secret=True, in_query=in_query)] = value
    by_key = {field.key: field for field in values}  # the last of fields with the same key
    profile = replace(profile, custom_fields=tuple(by_key.values()), unusable_variable=unusable)
    secrets = {
        profile.custom_field_id(f): _bound_secret(values[f], profile) for f in profile.custom_fields
    }
    if key:
        secrets[profile.id] = key
    return profile, secrets


def _azure_profile(endpoint: str, version: str, deployments: tuple[str, ...]) -> ProviderProfile:
    """Return a profile of Azure OpenAI.

    Without a dated version, its API is OpenAI's, and requests name the model in the body. Dated
    versions have an address for each deployment; the deployment's name is the model's name here.
    """
    address = "" if _is_unusable(endpoint) else split_credentials(endpoint)[0].rstrip("/")
    is_dated = bool(_DATED_START.match(version))
    if address:
        match = _AZURE_PATH.search(address)
        base_address = address[: match.start()] if match else address
        deployments = deployments or ((match[1],) if match and match[1] else ())
        path_end = f"deployments/{MODEL_PLACEHOLDER}" if is_dated else "v1"
        address = f"{base_address}/openai/{path_end}"
    return ProviderProfile(
        "env-azure",
        tr("{provider} (environment)", provider="Azure OpenAI"),
        ProviderKind.COMPATIBLE,
        address,
        api=Api.CHAT_COMPLETIONS if is_dated else None,
        models=deployments,
        needs_key=bool(origin(address)),
        from_environment=True,
        plain_http_hosts=tuple(filter(None, [unencrypted_private_host(address)])),
        max_tokens_field="max_completion_tokens",
        custom_fields=(CustomField(VERSION_NAME, version, in_query=True),) if version else (),
        key_header=API_KEY_HEADER,
    )


def _as_azure(profile: ProviderProfile, version: str) -> ProviderProfile:
    """Add Azure's key header and API if the address is Azure's and the version is dated."""
    match = _AZURE_PATH.search(profile.base_url)
    if not match or not _DATED_START.match(version):
        return profile
    models = profile.models or tuple(filter(None, [match[1]]))
    return replace(profile, key_header=API_KEY_HEADER, api=Api.CHAT_COMPLETIONS, models=models)


def _openai_like_profile(url: str, models: tuple[str, ...], *, needs_key: bool) -> ProviderProfile:
    """Return a profile of OpenAI, or of the gateway that OPENAI_BASE_URL names."""
    host = split_url(url).hostname or "Server"
    is_openai = host == split_url(OPENAI_URL).hostname
    return ProviderProfile(
        USUAL_ENVIRONMENT_IDS[OPENAI_URL],
        tr("{provider} (environment)", provider="OpenAI" if is_openai else host),
        ProviderKind.OPENAI if is_openai else ProviderKind.COMPATIBLE,
        url,
        models=() if is_openai else models,
        needs_key=needs_key,
        from_environment=True,
        # Setting the variable confirms the address; no dialog asks again.
        plain_http_hosts=tuple(filter(None, [unencrypted_private_host(url)])),
        # The gateway replaces OpenAI, so batches and files are assumed. A gateway without them
        # refuses before anything is charged.
        offers_batches=None if is_openai else True,
        takes_files=not is_openai,
    )
