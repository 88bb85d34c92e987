"""Makers, gateways and servers with OpenAI's API: addresses, headers and pages of keys.

They come from their own documentation. A preset only fills in a new profile; every field can be
changed afterwards.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult
from uuid import uuid4

from desktop_app.domain.answering.chat_request import (
    API_KEY_HEADER,
    SECOND_KEY_HEADER,
    ProviderKind,
    ProviderProfile,
)
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.network.custom_fields import CustomField
from desktop_app.domain.network.network_address import split_url
from desktop_app.domain.value import Value
from desktop_app.i18n.translation import N_, tr


class ServerPreset(Value, frozen=True):
    """A server or gateway: the values of a new profile, and a hint on how to set it up.

    The texts are marked for translation, except names of products.

    Attributes:
        key: identifies the preset, and begins the ids of the profiles made from it.
        api: the only API that it has; None if it has both, or if that is unknown.
    """

    key: str
    name: str
    base_url: str
    help: str = ""
    needs_key: bool = False
    key_header: str = ""
    custom_fields: tuple[CustomField, ...] = ()
    api: Api | None = None

    @property
    def address(self) -> SplitResult:
        """Return the parts of its base URL."""
        return split_url(self.base_url)


# Read on 2026-11-29 in stored copies of: platform.claude.com "OpenAI SDK compatibility",
# ai.google.dev "OpenAI compatibility", docs.mistral.ai, console.groq.com "OpenAI Compatibility",
# api-docs.deepseek.com "Your First API Call", and docs.x.ai "Getting Started". Groq and xAI have
# the Responses API, too; of the others, only Chat Completions is documented. Efforts that they
# refuse are negotiated. Anthropic's list of models requires x-api-key and a version (so sends Jan);
# it ignores the schema of an answer, which is checked after the answer.
MAKERS: Final[tuple[ServerPreset, ...]] = (
    ServerPreset(
        "anthropic",
        "Anthropic",
        "https://api.anthropic.com/v1",
        needs_key=True,
        key_header=SECOND_KEY_HEADER,
        custom_fields=(CustomField("anthropic-version", "2023-06-01"),),
        api=Api.CHAT_COMPLETIONS,
    ),
    ServerPreset(
        "google",
        "Google Gemini",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        needs_key=True,
        api=Api.CHAT_COMPLETIONS,
    ),
    ServerPreset(
        "mistral", "Mistral", "https://api.mistral.ai/v1", needs_key=True, api=Api.CHAT_COMPLETIONS
    ),
    ServerPreset("groq", "Groq", "https://api.groq.com/openai/v1", needs_key=True),
    ServerPreset(
        "deepseek", "DeepSeek", "https://api.deepseek.com", needs_key=True, api=Api.CHAT_COMPLETIONS
    ),
    ServerPreset("xai", "xAI", "https://api.x.ai/v1", needs_key=True),
)
GATEWAYS: Final[tuple[ServerPreset, ...]] = (
    ServerPreset(
        "openrouter",
        "OpenRouter",
        "https://openrouter.ai/api/v1",
        N_("Enter a key from your OpenRouter account."),
        needs_key=True,
    ),
    ServerPreset(
        "litellm",
        "LiteLLM",
        "http://localhost:4000/v1",
        N_("Start it with “litellm --config FILE”."),
    ),
    ServerPreset(
        "portkey",
        "Portkey",
        "https://api.portkey.ai/v1",
        N_("Enter the value of x-portkey-api-key. Add x-portkey-provider or x-portkey-config."),
        custom_fields=(CustomField("x-portkey-api-key", is_secret=True),),
    ),
    ServerPreset(
        "helicone",
        "Helicone",
        "https://ai-gateway.helicone.ai/v1",
        N_("Enter a key from your Helicone account."),
        needs_key=True,
    ),
    ServerPreset(
        "cloudflare",
        "Cloudflare AI Gateway",
        "https://gateway.ai.cloudflare.com/v1/ACCOUNT/GATEWAY/compat",
        N_(
            "Replace ACCOUNT and GATEWAY in the URL. Enter “Bearer TOKEN” for cf-aig-authorization."
        ),
        custom_fields=(CustomField("cf-aig-authorization", is_secret=True),),
    ),
    ServerPreset(
        "azure",
        "Azure OpenAI",
        "https://RESOURCE.openai.azure.com/openai/v1",
        N_("Replace RESOURCE in the URL. Use the names of your deployments as models."),
        needs_key=True,
        key_header=API_KEY_HEADER,
    ),
)
LOCAL_SERVERS: Final[tuple[ServerPreset, ...]] = (
    ServerPreset(
        "ollama", "Ollama", "http://localhost:11434/v1", N_("Start it with “ollama serve”.")
    ),
    ServerPreset(
        "lm-studio",
        "LM Studio",
        "http://localhost:1234/v1",
        N_("Start its server in the Developer tab of LM Studio."),
    ),
    ServerPreset(
        "llama-cpp",
        "llama.cpp",
        "http://localhost:8080/v1",
        N_("Start it with “llama-server -m FILE”."),
    ),
    ServerPreset(
        "vllm", "vLLM", "http://localhost:8000/v1", N_("Start it with “vllm serve MODEL”.")
    ),
    ServerPreset(
        "jan",
        "Jan",
        "http://localhost:1337/v1",
        N_("Start its Local API Server in the settings, with no API key."),
    ),
)
OTHER_SERVER: Final = ServerPreset(
    "custom", N_("Other server"), "", N_("Any server with an OpenAI-compatible API.")
)
SERVER_PRESETS: Final = (*MAKERS, *GATEWAYS, *LOCAL_SERVERS, OTHER_SERVER)


def profile_from(preset: ServerPreset) -> ProviderProfile:
    """Return a new profile with an id of its own and a name in the language in use."""
    return ProviderProfile(
        id=f"{preset.key}-{uuid4().hex[:8]}",
        name=tr(preset.name),
        kind=ProviderKind.COMPATIBLE,
        base_url=preset.base_url,
        needs_key=preset.needs_key,
        key_header=preset.key_header,
        custom_fields=preset.custom_fields,
        api=preset.api,
    )


def preset_of(profile: ProviderProfile) -> ServerPreset | None:
    """Return the preset that a profile was made from, or None."""
    return next((p for p in SERVER_PRESETS if profile.id.startswith(f"{p.key}-")), None)


# From the same pages, and the forms by which scanners of secrets know keys.
_KEY_STARTS: Final = {
    "sk-ant-": "anthropic",
    "sk-or-": "openrouter",
    "sk-proj-": "openai",
    "AIza": "google",
    "gsk_": "groq",
    "xai-": "xai",
}


def maker_of_key(key: str) -> str:
    """Return the id of the maker whose keys begin like this one; "" if several do, or none.

    >>> maker_of_key("sk-ant-api03-x")
    'anthropic'
    """
    return next((maker for start, maker in _KEY_STARTS.items() if key.startswith(start)), "")


# From the providers' own documentation; those of Anthropic, Google and xAI read on 2026-11-29.
_KEY_PAGES: Final = {
    "api.anthropic.com": "https://platform.claude.com/settings/keys",
    "generativelanguage.googleapis.com": "https://aistudio.google.com/app/apikey",
    "api.x.ai": "https://console.x.ai/team/default/api-keys",
    "api.openai.com": "https://platform.openai.com/api-keys",
    "api.cometapi.com": "https://api.cometapi.com/console/token",
    "openrouter.ai": "https://openrouter.ai/settings/keys",
    "api.groq.com": "https://console.groq.com/keys",
    "api.mistral.ai": "https://console.mistral.ai/api-keys",
    "api.deepseek.com": "https://platform.deepseek.com/api_keys",
    "api.together.xyz": "https://api.together.xyz/settings/api-keys",
    "api.portkey.ai": "https://app.portkey.ai/api-keys",
    "ai-gateway.helicone.ai": "https://us.helicone.ai/settings/api-keys",
    "gateway.ai.cloudflare.com": "https://dash.cloudflare.com/profile/api-tokens",
}
# From the providers' own consoles, as their documentation named them in November 2026.
_BILLING_PAGES: Final = {
    "api.anthropic.com": "https://platform.claude.com/settings/billing",
    "api.openai.com": "https://platform.openai.com/settings/organization/billing/overview",
    "openrouter.ai": "https://openrouter.ai/settings/credits",
    "api.groq.com": "https://console.groq.com/settings/billing",
    "api.mistral.ai": "https://admin.mistral.ai/organization/billing",
    "api.deepseek.com": "https://platform.deepseek.com/top_up",
    "api.together.xyz": "https://api.together.xyz/settings/billing",
}
# Each Azure customer has a host of their own. The keys are in the Azure portal, under "Keys and
# Endpoint".
_AZURE_HOSTS: Final = (
    ".openai.azure.com",
    ".cognitiveservices.azure.com",
    ".services.ai.azure.com",
)
_AZURE_PAGE: Final = "https://portal.azure.com/"


def key_page(base_url: str) -> str:
    """Return the page that gives keys for an address; "" if it is not known.

    >>> key_page("https://api.openai.com/v1")
    'https://platform.openai.com/api-keys'
    """
    host = split_url(base_url).hostname or ""
    return _AZURE_PAGE if host.endswith(_AZURE_HOSTS) else _KEY_PAGES.get(host, "")


def billing_page(host: str) -> str:
    """Return the page on which to add credit at a host; "" if it is not known.

    >>> billing_page("openrouter.ai")
    'https://openrouter.ai/settings/credits'
    """
    return _BILLING_PAGES.get(host, "")
