"""The built-in provider profiles, and those from environment variables."""

from __future__ import annotations

from collections.abc import Mapping

from desktop_app.domain.conversations.chat_request import (
    FAMILY_MODEL,
    ProviderKind,
    ProviderProfile,
)
from desktop_app.domain.models.model_catalog import ModelCatalog
from desktop_app.domain.network_path import bare_address, needs_confirmation, split_url
from desktop_app.domain.origin import origin
from desktop_app.domain.secret import Secret

OPENAI_URL = "https://api.openai.com/v1"
COMETAPI_URL = "https://api.cometapi.com/v1"

ON_DEVICE = ProviderProfile(
    "on-device", "On this computer", ProviderKind.ON_DEVICE, needs_key=False
)
OPENAI = ProviderProfile("openai", "OpenAI", ProviderKind.OPENAI, OPENAI_URL)
COMETAPI = ProviderProfile("cometapi", "CometAPI", ProviderKind.COMETAPI, COMETAPI_URL)
BUILT_IN = (ON_DEVICE, OPENAI, COMETAPI)


def profiles_of_environment(
    environment: Mapping[str, str], catalog: ModelCatalog
) -> list[tuple[ProviderProfile, Secret | None]]:
    """Return profiles for this run, each with its key; None if a base URL stands alone.

    A key belongs to the address that the environment gives with it, and nothing changes that later.
    A user and password in the address replace the key. An address with a query is unusable, because
    the path would have to precede it: its profile has no address, and reports that when it is used.
    """
    found: list[tuple[ProviderProfile, Secret | None]] = []
    key, url = environment.get("OPENAI_API_KEY", ""), environment.get("OPENAI_BASE_URL", "")
    if key or url:
        bare, login = bare_address(url)
        bare = "" if "?" in url or "#" in url else bare.rstrip("/") or OPENAI_URL
        # Without an origin the address is the problem to report, not a missing key.
        profile = _openai_like(bare, bool(key and origin(bare)), catalog)
        secret = Secret(login, origin(bare), "Basic") if login else None
        found.append((profile, _bound(key, profile) if key else secret))
    if comet_key := environment.get("COMETAPI_KEY", ""):
        profile = ProviderProfile(
            "env-cometapi",
            "CometAPI (environment)",
            ProviderKind.COMETAPI,
            COMETAPI_URL,
            from_environment=True,
        )
        found.append((profile, _bound(comet_key, profile)))
    return found


def _bound(key: str, profile: ProviderProfile) -> Secret:
    return Secret(key, origin(profile.base_url))


def _openai_like(url: str, has_key: bool, catalog: ModelCatalog) -> ProviderProfile:
    """Return a profile of OpenAI, or of the gateway that OPENAI_BASE_URL names."""
    host = split_url(url).hostname or "Server"
    at_openai = host == split_url(OPENAI_URL).hostname
    family = tuple(model.id for model in catalog if model.id.startswith(FAMILY_MODEL))
    return ProviderProfile(
        "env-openai",
        "OpenAI (environment)" if at_openai else f"{host} (environment)",
        ProviderKind.OPENAI if at_openai else ProviderKind.COMPATIBLE,
        url,
        models=() if at_openai else family,
        needs_key=has_key,
        from_environment=True,
        # Setting the variable confirms the address; no dialog asks again.
        plain_http_hosts=tuple(filter(None, [needs_confirmation(url)])),
        # It replaces OpenAI. A gateway without batches or files reports that before anything is
        # charged.
        offers_batches=None if at_openai else True,
        takes_files=not at_openai,
    )
