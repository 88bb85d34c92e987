"""Reads fields of untrusted JSON.

Gateways leave fields out, send null for text and numbers as text: one such field must not cost the
event it stands in. So each function returns the value if it has the expected type, else the type's
empty value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from desktop_app.domain.lazy_pattern import lazy_pattern

MAX_NAME_CHARS: Final = 4096
"""The most characters of an id or a name; a longer one counts as missing."""
_MAX_EXACT_FLOAT: Final = 2**53
_SURROGATES: Final = lazy_pattern("[\ud800-\udfff]")


def parse(data: str | bytes | bytearray) -> Any:
    """Return the parsed value. Raises ValueError if it is not JSON, or nested too deeply."""
    try:
        return msgspec.json.decode(data)  # several times as fast
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        # NaN, a part of a surrogate pair, a byte order mark and invalid UTF-8 are no JSON for it.
        text = data if isinstance(data, str) else data.decode("utf-8", "replace")
        return json.loads(text.removeprefix("\ufeff"))
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc


def mapping(value: object, key: str) -> Mapping[str, Any]:
    """Return the object under `key`, or an empty one."""
    field = value.get(key) if isinstance(value, dict) else None
    return field if isinstance(field, dict) else {}


def rows(value: object, key: str) -> list[Mapping[str, Any]]:
    """Return the objects of the list under `key`, without any other values."""
    field = value.get(key) if isinstance(value, dict) else None
    return [row for row in field if isinstance(row, dict)] if isinstance(field, list) else []


def delta_text(value: object, key: str) -> str:
    """Return the text under `key`, or ""; it may end in the middle of a surrogate pair."""
    field = value.get(key) if isinstance(value, dict) else None
    return field if isinstance(field, str) else ""


def text(value: object, key: str) -> str:
    """Return the text under `key`, or ""; see `without_surrogates`."""
    return without_surrogates(delta_text(value, key))


def texts(value: object, key: str) -> list[str]:
    """Return the texts of the list under `key`, without any other values; see `text`."""
    field = value.get(key) if isinstance(value, dict) else None
    values = field if isinstance(field, list) else []
    return [without_surrogates(each) for each in values if isinstance(each, str)]


def text_or_json(value: object, key: str) -> str:
    """Return the text, or the JSON of the object or list, under `key`; else ""."""
    field = value.get(key) if isinstance(value, dict) else None
    if isinstance(field, (dict, list)):
        return without_surrogates(json.dumps(field, ensure_ascii=False))
    return delta_text(value, key)


def without_surrogates(text: str) -> str:
    """Return the text with U+FFFD for unpaired surrogates, which no file or database takes."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def name(value: object, key: str) -> str:
    """Return the text under `key`, or "" if it is longer than MAX_NAME_CHARS characters."""
    name_text = text(value, key)
    return name_text if len(name_text) <= MAX_NAME_CHARS else ""


def count(value: object, key: str) -> int:
    """Return the count or the position under `key`; 0 for a negative or impossible number."""
    number = value.get(key) if isinstance(value, dict) else None
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        return 0
    return int(number) if 0 <= number < _MAX_EXACT_FLOAT else 0
