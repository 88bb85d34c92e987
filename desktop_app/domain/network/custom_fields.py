"""Headers and query parameters that the user adds to every request to a provider.

The values of secret fields are in the keyring, bound to the origin of the provider's address, like
its API key. The profile has only the names of secret fields.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import parse_qsl

from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.domain.value import PrivateValue

MAX_FIELDS: Final = 50
MAX_FIELD_NAME_CHARS: Final = 256
MAX_FIELD_VALUE_CHARS: Final = 8192
# RFC 9110's token.
_HEADER_NAME: Final = lazy_pattern(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# The transport sets these: they delimit the message, or state what the transport can read.
_RESERVED_NAMES: Final = frozenset(
    {
        *("host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade"),
        *("expect", "content-type", "content-encoding", "accept", "accept-encoding"),
        *("keep-alive", "proxy-authorization", "proxy-connection"),
    }
)


class CustomField(PrivateValue, frozen=True):
    """A header or query parameter. `value` is "" if it is a secret."""

    name: str
    value: str = ""
    is_secret: bool = False
    in_query: bool = False

    @property
    def key(self) -> str:
        """Return the identity of the field, in which a header's name is in lower case."""
        return f"query.{self.name}" if self.in_query else f"header.{self.name.lower()}"

    @property
    def has_valid_name(self) -> bool:
        """Return True if requests can have a field of this name."""
        if not 0 < len(self.name) <= MAX_FIELD_NAME_CHARS:
            return False
        if self.in_query:
            return self.name.isprintable()
        return bool(_HEADER_NAME.fullmatch(self.name)) and self.name.lower() not in _RESERVED_NAMES

    def accepts(self, value: str) -> bool:
        """Return True if requests can have this value; headers take printable ASCII only."""
        if not 0 < len(value) <= MAX_FIELD_VALUE_CHARS or value != value.strip():
            return False
        return value.isprintable() and (self.in_query or value.isascii())


def parse_headers(text: str) -> dict[str, str]:
    """Return the headers in a JSON object of texts, or in lines such as `Name: value`.

    Raises:
        ValueError: it is neither, has too many, or a name or value is not allowed.
    """
    if text.lstrip().startswith("{"):
        return _valid_fields(_pairs_of_json(text), in_query=False)
    pairs = []
    for line in filter(str.strip, text.splitlines()):
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError("a line without a colon")
        pairs.append((name.strip(), value.strip()))
    return _valid_fields(pairs, in_query=False)


def parse_query(text: str) -> dict[str, str]:
    """Return the parameters in a JSON object of texts, or in `name=value&…` on one or more lines.

    Raises:
        ValueError: it is neither, has too many, or a name or value is not allowed.
    """
    if text.lstrip().startswith("{"):
        return _valid_fields(_pairs_of_json(text), in_query=True)
    lines = (line.strip().removeprefix("?") for line in text.splitlines())
    query = "&".join(filter(None, lines))
    pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    return _valid_fields(pairs, in_query=True)


def _pairs_of_json(text: str) -> Iterator[tuple[str, str]]:
    try:
        fields = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    for name, value in fields.items():
        if not isinstance(value, str):
            raise ValueError("a value is not a text")
        yield name, value


def _valid_fields(pairs: Iterable[tuple[str, str]], *, in_query: bool) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in pairs:
        custom = CustomField(name, in_query=in_query)
        if not custom.has_valid_name or not custom.accepts(value):
            raise ValueError("a name or value is not allowed")
        values[name] = value
    if len(values) > MAX_FIELDS:
        raise ValueError("too many")
    return values


# Addresses from Azure's portal have an API version and the path of an API. `api-version` is the
# only parameter that may be in an address, because any other could be a key.
VERSION_NAME: Final = "api-version"
_QUERY: Final = lazy_pattern(rf"{VERSION_NAME}=([0-9A-Za-z.-]{{1,40}})")
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
