"""The pages on which providers give API keys. Only the user opens them."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

# From the providers' own documentation.
_PAGES: Final = {
    "api.openai.com": "https://platform.openai.com/api-keys",
    "api.cometapi.com": "https://api.cometapi.com/console/token",
    "openrouter.ai": "https://openrouter.ai/settings/keys",
    "api.groq.com": "https://console.groq.com/keys",
    "api.mistral.ai": "https://console.mistral.ai/api-keys",
    "api.deepseek.com": "https://platform.deepseek.com/api_keys",
    "api.together.xyz": "https://api.together.xyz/settings/api-keys",
}


def key_page(base_url: str) -> str:
    """Return the page that gives keys for an address; "" if it is not known.

    >>> key_page("https://api.openai.com/v1")
    'https://platform.openai.com/api-keys'
    """
    return _PAGES.get(urlsplit(base_url).hostname or "", "")
