"""Reads fields of untrusted JSON.

Gateways leave fields out, send null for text and numbers as text. Each function for a field returns
the value if it has the expected type, else the type's empty value, and raises nothing. It checks
for dict and list, the types that parsed JSON has: a check for Mapping takes ten times as long, and
runs many times per delta.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar, TypeVarTuple

from desktop_app.providers.http.reply import json_parser

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

MAX_INLINE_BYTES: Final = 64 * 1024
"""The most bytes of JSON that are parsed on the event loop, in a millisecond or two."""
MAX_NAME_CHARS: Final = 4096
"""The most characters of an id or a name; a longer one counts as missing."""
_MAX_INT_DIGITS: Final = 4_000
"""An integer with at least as many digits becomes a float: Python converts at most 4,300."""
_SLICE_CHARS: Final = 256 * 1024
_MAX_EXACT_FLOAT: Final = 2**53
REPLACEMENT: Final = "\ufffd"
"""Replaces half a surrogate pair in a text."""
_SURROGATES: Final = re.compile("[\ud800-\udfff]")


async def run_in_thread_if_large(size: int, read: Callable[[*Ts], T], *arguments: *Ts) -> T:
    """Return the result of `read`; run it in a thread if it parses many bytes (`size`)."""
    if size > MAX_INLINE_BYTES:
        return await asyncio.to_thread(read, *arguments)
    return read(*arguments)


def parse(data: str | bytes | bytearray) -> Any:
    """Return the parsed value. Call it through `run_in_thread_if_large` if data may be large.

    Raises:
        ValueError: it is not JSON, or nested too deeply.
        json_parser.ValueTooLargeError: it would fill the memory.
    """
    if len(data) > MAX_INLINE_BYTES:
        return json_parser.parse(data.encode("utf-8", "replace") if isinstance(data, str) else data)
    return parse_at_once(data if isinstance(data, str) else data.decode("utf-8", "replace"))


def parse_at_once(text: str) -> Any:
    """Return the parsed value of a short text, or of a text from the program's own database.

    Raises:
        ValueError: it is not JSON, or nested deeper than Python can follow.
    """
    text = text.removeprefix("\ufeff")
    try:
        try:
            return json.loads(text)
        except ValueError:  # perhaps because of an integer of more than 4,300 digits
            return json.loads(text, parse_int=_int_or_float)
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc


def _int_or_float(digits: str) -> int | float:
    return int(digits) if len(digits) < _MAX_INT_DIGITS else float(digits)


def mapping(value: object, key: str) -> Mapping[str, Any]:
    """Return the object under `key`, or an empty one."""
    field = value.get(key) if isinstance(value, dict) else None
    return field if isinstance(field, dict) else {}


def rows(value: object, key: str) -> list[Mapping[str, Any]]:
    """Return the objects of the list under `key`, without any other values."""
    field = value.get(key) if isinstance(value, dict) else None
    return [row for row in field if isinstance(row, dict)] if isinstance(field, list) else []


def text(value: object, key: str) -> str:
    """Return the text under `key`, or ""; see `without_surrogates`."""
    field = value.get(key) if isinstance(value, dict) else None
    return without_surrogates(field) if isinstance(field, str) else ""


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
    return text(value, key)


def without_surrogates(text: str) -> str:
    """Return the text with U+FFFD for unpaired surrogates, which no file or database takes."""
    if text.isascii() or not any(map(_SURROGATES.search, _split_slices(text))):
        return text
    return "".join([_SURROGATES.sub(REPLACEMENT, piece) for piece in _split_slices(text)])


def _split_slices(text: str) -> Iterator[str]:
    """Return pieces of a text, so short that no search in a piece blocks threads for long."""
    return (text[start : start + _SLICE_CHARS] for start in range(0, len(text), _SLICE_CHARS))


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
