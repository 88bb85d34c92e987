"""Reading JSON of which nothing can be taken for granted.

Gateways leave fields out, send null for text and numbers as text. Each function gives the value
where it is of the kind wanted, else the empty value of that kind; none raises. They ask for dict
and list, which is what JSON gives: to ask for Mapping takes ten times as long, many times a delta.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from desktop_app.providers.http import json_parser

AT_ONCE: Final = 64 * 1024
"""Bytes of JSON that are parsed on the event loop, in a millisecond or two."""
LONGEST_NAME: Final = 4096

_SURROGATES: Final = re.compile("[\ud800-\udfff]")


def parse(data: str | bytes | bytearray) -> Any:
    """Return the value that `data` holds. What is larger than AT_ONCE belongs into a thread.

    Raises:
        ValueError: it is not JSON, or nested too deeply.
        json_parser.ValueTooLargeError: it would fill the memory.
    """
    if len(data) > AT_ONCE:
        return json_parser.parse(data.encode("utf-8", "replace") if isinstance(data, str) else data)
    return parse_at_once(data if isinstance(data, str) else data.decode("utf-8", "replace"))


def parse_at_once(text: str) -> Any:
    """Return the value that `text` holds: for short texts, and those of the program's own store.

    Raises:
        ValueError: it is not JSON, or nested deeper than Python can follow.
    """
    try:
        return json.loads(text.removeprefix("\ufeff"))
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


def name(value: object, key: str) -> str:
    """Return the text under `key`, else "". One of more than LONGEST_NAME characters is no name."""
    found = text(value, key)
    return found if len(found) <= LONGEST_NAME else ""


def count(value: object, key: str) -> int:
    """The number of tokens or the position under `key`, else 0; never negative."""
    found = value.get(key) if isinstance(value, dict) else None
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        return 0
    return int(found) if 0 <= found < 2**53 else 0
