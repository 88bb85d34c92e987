"""Reading JSON of which nothing can be taken for granted.

Gateways leave fields out, send null for text and numbers as text. Each function gives the value
where it is of the kind wanted, else the empty value of that kind; none raises. They ask for dict
and list, which is what JSON gives: to ask for Mapping takes ten times as long, many times a delta.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_SURROGATES = re.compile("[\ud800-\udfff]")


def parse(text: str | bytes) -> Any:
    """The value that `text` holds.

    Raises:
        ValueError: it is not JSON, or nested deeper than Python can follow.
    """
    try:
        return json.loads(text)
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc


def mapping(value: object, key: str) -> Mapping[str, Any]:
    """The object under `key`, else an empty one."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def rows(value: object, key: str) -> list[Mapping[str, Any]]:
    """The objects of the list under `key`; what is not an object is left out."""
    found = value.get(key) if isinstance(value, dict) else None
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def text(value: object, key: str) -> str:
    """The text under `key`, else ""; half a surrogate pair, which no file or database takes,
    becomes U+FFFD."""
    found = value.get(key) if isinstance(value, dict) else None
    if not isinstance(found, str):
        return ""
    return found if found.isascii() else _SURROGATES.sub("\ufffd", found)


def count(value: object, key: str) -> int:
    """The number of tokens or the position under `key`, else 0; never negative."""
    found = value.get(key) if isinstance(value, dict) else None
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        return 0
    return int(found) if 0 <= found < 2**53 else 0
