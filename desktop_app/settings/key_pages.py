"""The pages on which providers give API keys. Only the user opens them."""

from __future__ import annotations

from typing import Final

from desktop_app.domain.network.network_address import split_url

# From the providers' own documentation.
_PAGES: Final = {
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
    return _AZURE_PAGE if host.endswith(_AZURE_HOSTS) else _PAGES.get(host, "")
