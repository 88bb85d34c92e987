"""The built-in provider profiles, and those from environment variables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from desktop_app.domain.answering.chat_request import (
    API_KEY_HEADER,
    MODEL_PLACEHOLDER,
    ON_DEVICE_ID,
    ProviderKind,
    ProviderProfile,
)
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.network.custom_fields import (
    CustomField,
    parse_headers,
    parse_query,
    split_version,
    with_version,
)
from desktop_app.domain.network.network_address import (
    split_credentials,
    split_url,
    unencrypted_private_host,
)
from desktop_app.domain.network.origin import Secret, canonical_base_url, origin
from desktop_app.i18n.translation import N_, tr

OPENAI_URL = "https://api.openai.com/v1"
COMETAPI_URL = "https://api.cometapi.com/v1"
USUAL_ENVIRONMENT_IDS: Final = {OPENAI_URL: "env-openai", COMETAPI_URL: "env-cometapi"}
"""Maps an address to the id of the environment's profile that usually has this address.

A gateway that OPENAI_BASE_URL names has the id "env-openai", too.
"""
ORGANIZATION_HEADER: Final = "OpenAI-Organization"
PROJECT_HEADER: Final = "OpenAI-Project"
_AZURE_PATH: Final = lazy_pattern(r"/openai(?:/v1|/deployments/(?P<deployment>[^/]+))?$")
_DATED_START: Final = lazy_pattern("[0-9]")
"""The start of a version such as 2024-10-21; others are names, such as "preview"."""

_ProfileAndSecrets = tuple[ProviderProfile, dict[str, Secret]]
"""A profile, and its secrets by their names in the keyring."""

ON_DEVICE = ProviderProfile(
    ON_DEVICE_ID, N_("On this computer"), ProviderKind.ON_DEVICE, needs_key=False
)
OPENAI = ProviderProfile("openai", "OpenAI", ProviderKind.OPENAI, OPENAI_URL)
COMETAPI = ProviderProfile("cometapi", "CometAPI", ProviderKind.COMETAPI, COMETAPI_URL)
BUILT_IN = (ON_DEVICE, OPENAI, COMETAPI)


def profiles_of_environment(environment: Mapping[str, str]) -> list[_ProfileAndSecrets]:
    """Return profiles for this run, each with its secrets by their names in the keyring.

    A key is only ever sent to the address in the same environment. Without a key, a user and
    password in the address are the secret. Azure's version is removed from an address's query. An
    address with any other query or a fragment is unusable, because the path of a request cannot be
    appended to it. The profile then has no address, and its requests report that.
    """
    profiles: list[_ProfileAndSecrets] = []
    # A value that was read from a file often has its line's end.
    environment = {name: value.strip() for name, value in environment.items()}
    openai_key = environment.get("OPENAI_API_KEY", "")
    url, version = split_version(environment.get("OPENAI_BASE_URL", ""))
    if openai_key or url:
        profiles.append(_openai_or_gateway(openai_key, url, version, environment))
    if environment.get("AZURE_OPENAI_ENDPOINT"):
        profiles.append(_azure(environment))
    if comet_key := environment.get("COMETAPI_KEY"):
        profiles.append(_cometapi(comet_key))
    return profiles


def _openai_or_gateway(
    key: str, url: str, version: str, environment: Mapping[str, str]
) -> _ProfileAndSecrets:
    """Return the profile of OpenAI, or of the gateway that OPENAI_BASE_URL names, with secrets.

    Args:
        url: OPENAI_BASE_URL without `version`; "" for OpenAI.
        version: the version of Azure's API in OPENAI_BASE_URL; "" for none.
    """
    address, credentials = split_credentials(url)
    base_url = address.rstrip("/") or OPENAI_URL
    if _has_query_or_fragment(url):
        base_url = ""
    host = split_url(base_url).hostname or "Server"
    is_openai = host == split_url(OPENAI_URL).hostname
    field_values, unusable_variable = _custom_field_values(environment)
    profile = ProviderProfile(
        USUAL_ENVIRONMENT_IDS[OPENAI_URL],
        tr("{provider} (environment)", provider="OpenAI" if is_openai else host),
        ProviderKind.OPENAI if is_openai else ProviderKind.COMPATIBLE,
        base_url,
        # OPENAI_MODEL tells which models a gateway has. Those of OpenAI are in the catalog.
        models=() if is_openai else _split_names(environment.get("OPENAI_MODEL", "")),
        # Without a key, the server is taken to need none: it is local, or the address has a
        # password. Without an origin, the address is the problem to report, not a missing key.
        needs_key=bool(key and origin(base_url)),
        from_environment=True,
        plain_http_hosts=_plain_http_hosts(base_url),
        # For OpenAI, both follow from its kind. A gateway replaces OpenAI, so that batches and
        # files are assumed; one without them refuses before anything is charged.
        offers_batches=None if is_openai else True,
        takes_files=not is_openai,
        custom_fields=with_version(tuple(field_values), version),
        unusable_variable=unusable_variable,
    )
    bound_origin = origin(base_url)
    secrets = {
        profile.custom_field_id(field): Secret(value, bound_origin)
        for field, value in field_values.items()
    }
    if key:
        secrets[profile.id] = Secret(key, bound_origin)
    elif credentials:
        secrets[profile.id] = Secret(credentials, bound_origin, "Basic")
    return _with_azure_header_and_api(profile, version), secrets


def _azure(environment: Mapping[str, str]) -> _ProfileAndSecrets:
    """Return the profile of Azure OpenAI at AZURE_OPENAI_ENDPOINT, and its key.

    Without a dated version, its API is OpenAI's, and requests name the model in the body. Dated
    versions have an address for each deployment; the deployment's name is the model's name here.
    """
    endpoint, version_in_endpoint = split_version(environment["AZURE_OPENAI_ENDPOINT"])
    version = environment.get("OPENAI_API_VERSION", "") or version_in_endpoint
    is_dated = bool(_DATED_START.match(version))
    deployments = _split_names(environment.get("AZURE_OPENAI_DEPLOYMENT", ""))
    address, _ = split_credentials(endpoint)  # Azure takes no user and password, only keys
    address = address.rstrip("/")
    base_url = ""
    if address and not _has_query_or_fragment(endpoint):
        azure_path = _AZURE_PATH.search(address)
        if azure_path:
            address = address[: azure_path.start()]
            deployments = deployments or _deployment_in(azure_path)
        path_end = f"deployments/{MODEL_PLACEHOLDER}" if is_dated else "v1"
        base_url = f"{address}/openai/{path_end}"
    profile = ProviderProfile(
        "env-azure",
        tr("{provider} (environment)", provider="Azure OpenAI"),
        ProviderKind.COMPATIBLE,
        base_url,
        api=Api.CHAT_COMPLETIONS if is_dated else None,
        models=deployments,
        needs_key=bool(origin(base_url)),
        from_environment=True,
        plain_http_hosts=_plain_http_hosts(base_url),
        # A deployment may have any name, which does not tell if its model is one of the GPT family.
        # The family refuses max_tokens.
        max_tokens_field="max_completion_tokens",
        custom_fields=with_version((), version),
        key_header=API_KEY_HEADER,
    )
    key = environment.get("AZURE_OPENAI_API_KEY", "")
    return profile, {profile.id: Secret(key, origin(base_url))} if key else {}


def _cometapi(key: str) -> _ProfileAndSecrets:
    profile = ProviderProfile(
        USUAL_ENVIRONMENT_IDS[COMETAPI_URL],
        tr("{provider} (environment)", provider="CometAPI"),
        ProviderKind.COMETAPI,
        COMETAPI_URL,
        from_environment=True,
    )
    return profile, {profile.id: Secret(key, origin(COMETAPI_URL))}


def _has_query_or_fragment(url: str) -> bool:
    """Return True if no path can be appended to a URL."""
    return "?" in url or "#" in url


def _split_names(text: str) -> tuple[str, ...]:
    names = (part.strip() for part in text.split(","))
    return tuple(filter(None, names))


def _plain_http_hosts(base_url: str) -> tuple[str, ...]:
    """Return the private host of an unencrypted address, which the variable itself allows.

    The user has set the variable, so that no dialog asks for a confirmation.
    """
    host = unencrypted_private_host(base_url)
    return (host,) if host else ()


def _custom_field_values(environment: Mapping[str, str]) -> tuple[dict[CustomField, str], str]:
    """Return the headers and query parameters of the environment, all as secrets.

    Returns:
        The values by their fields, and the first variable whose value cannot be sent, "" if there
        is none. Such a variable has no field; every request is refused because of it.
    """
    fields_and_values: list[tuple[CustomField, str]] = []
    unusable_variables: list[str] = []
    for variable, header in (
        ("OPENAI_ORG_ID", ORGANIZATION_HEADER),
        ("OPENAI_PROJECT_ID", PROJECT_HEADER),
    ):
        value = environment.get(variable, "").strip()
        field = CustomField(header, is_secret=True)
        if field.accepts(value):
            fields_and_values.append((field, value))
        elif value:
            unusable_variables.append(variable)
    for variable, parse, in_query in (
        ("OPENAI_CUSTOM_HEADERS", parse_headers, False),
        ("OPENAI_CUSTOM_QUERY", parse_query, True),
    ):
        try:
            values_by_name = parse(environment.get(variable, ""))
        except ValueError:
            unusable_variables.append(variable)
            continue
        for name, value in values_by_name.items():
            field = CustomField(name, is_secret=True, in_query=in_query)
            fields_and_values.append((field, value))
    # The last of several fields with the same key replaces the others.
    last_by_key = {field.key: (field, value) for field, value in fields_and_values}
    first_unusable = unusable_variables[0] if unusable_variables else ""
    return dict(last_by_key.values()), first_unusable


def _with_azure_header_and_api(profile: ProviderProfile, version: str) -> ProviderProfile:
    """Set Azure's key header and API if the address is Azure's and the version is dated."""
    azure_path = _AZURE_PATH.search(profile.base_url)
    if not azure_path or not _DATED_START.match(version):
        return profile
    return replace(
        profile,
        key_header=API_KEY_HEADER,
        api=Api.CHAT_COMPLETIONS,
        models=profile.models or _deployment_in(azure_path),
    )


def _deployment_in(azure_path: re.Match[str]) -> tuple[str, ...]:
    """Return the deployment that a path names, as a tuple of one; () if it names none."""
    deployment = azure_path["deployment"]
    return (deployment,) if deployment else ()


def all_profiles(
    from_environment: Sequence[ProviderProfile], stored: Sequence[ProviderProfile]
) -> list[ProviderProfile]:
    """Return all providers: the environment's, then built-in, then custom ones.

    A stored profile replaces the built-in one of the same id. A provider from the environment gets
    the monthly cap that the user entered for its address.
    """
    stored_profiles = {profile.id: profile for profile in stored}
    built_in = [stored_profiles.pop(profile.id, profile) for profile in BUILT_IN]
    # The names of the other built-in providers are those of companies: not translated.
    built_in = [
        replace(p, name=tr(ON_DEVICE.name)) if p.id == ON_DEVICE.id else p for p in built_in
    ]
    return _with_shared_caps([*from_environment, *built_in, *stored_profiles.values()])


def _with_shared_caps(profiles: Sequence[ProviderProfile]) -> list[ProviderProfile]:
    """Give providers of the environment the cap of the stored provider with the same address.

    The usual id of an environment's provider shares the cap even if its variables are not set now:
    earlier runs may have spent under it. If a gateway with another address once had that id, its
    spending counts, too, because the ledger stores no addresses.
    """
    addresses = {p.id: canonical_base_url(p.base_url) for p in profiles}
    cap_owners = {
        addresses[p.id]: p for p in profiles if p.monthly_cap is not None and not p.from_environment
    }

    def with_shared_cap(profile: ProviderProfile) -> ProviderProfile:
        owner = cap_owners.get(addresses[profile.id])
        if owner is None or not (profile is owner or profile.from_environment):
            return profile
        sharing_ids = [
            p.id
            for p in profiles
            if addresses[p.id] == addresses[owner.id]
            and (p is owner or p.from_environment)
            and p is not profile
        ]
        sharing_ids += [
            usual_id
            for url, usual_id in USUAL_ENVIRONMENT_IDS.items()
            if canonical_base_url(url) == addresses[owner.id] and usual_id not in addresses
        ]
        return replace(profile, monthly_cap=owner.monthly_cap, shares_cap_with=tuple(sharing_ids))

    return [with_shared_cap(profile) for profile in profiles]
