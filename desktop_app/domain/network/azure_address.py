"""Reads addresses from Azure's portal, which have an API version and the path of an API.

`api-version` is the only parameter that may be in an address, because any other could be a key.
"""

from __future__ import annotations

import re
from typing import Final

from desktop_app.domain.network.custom_fields import CustomField

VERSION_NAME: Final = "api-version"
_QUERY: Final = re.compile(rf"{VERSION_NAME}=([0-9A-Za-z.-]{{1,40}})")
_ENDPOINTS: Final = ("/chat/completions", "/responses", "/embeddings", "/completions")


def split_version(url: str) -> tuple[str, str]:
    """Return the base URL and the `api-version`; without a version, the address and "".

    >>> split_version("https://me.example/openai/responses?api-version=2025-04-01-preview")
    ('https://me.example/openai', '2025-04-01-preview')
    """
    address, _, query = url.partition("?")
    version = _QUERY.fullmatch(query)
    if version is None:
        return url, ""
    address = address.rstrip("/")
    ending = next((e for e in _ENDPOINTS if address.endswith(e)), "")
    return address.removesuffix(ending), version[1]


def with_version(fields: tuple[CustomField, ...], version: str) -> tuple[CustomField, ...]:
    """Return the custom fields of a provider with a version; "" leaves them unchanged."""
    if not version:
        return fields
    version_field = CustomField(VERSION_NAME, version, in_query=True)
    return (*(field for field in fields if field.key != version_field.key), version_field)
