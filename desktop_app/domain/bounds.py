"""Bounds on values from files: ids, hashes, counts, times, money, parts of messages.

Files to import, restore or repair may have any values. Values of the program are far within these
bounds. Beyond them, sums overflow, formatting a number takes gigabytes, dates cannot be shown, and
a hash could be a path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cache, reduce
from operator import or_
from types import UnionType
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

from desktop_app.domain.answering.generation import MAX_CANDIDATES, Overrides
from desktop_app.domain.conversations.compaction import Compaction, CompactionKind
from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.conversations.message_parts import (
    ChosenPages,
    CollectionPart,
    DocumentPart,
    ImagePart,
    Part,
    PassagesPart,
)
from desktop_app.domain.documents.document_sections import UNITS, merge_spans

T = TypeVar("T")

# Errors of reading an invalid value.
BAD_VALUE: Final = (
    LookupError,
    TypeError,
    ValueError,
    ArithmeticError,
    AttributeError,
    RecursionError,
)
# The sum of this count over a million rows still fits into SQLite's 64 bits.
MAX_COUNT: Final = 2**40
# The limit of single-line fields in the window.
MAX_NAME_CHARS: Final = 32_767
MAX_ID_CHARS: Final = 64
EARLIEST_TIME: Final = datetime(1900, 1, 1, tzinfo=UTC)
LATEST_TIME: Final = datetime(3000, 1, 1, tzinfo=UTC)
MAX_SECONDS: Final = 1e9

_ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.:-]{0,63}")
_HASH: Final = re.compile("[0-9a-f]{64}")
_MAX_MONEY: Final = Decimal(10**9)
_MAX_DIGITS: Final = 60


def is_id(value: object) -> bool:
    """Return True for an id that is safe in a path, a URL and a log."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def is_hash(value: object) -> bool:
    """Return True for a SHA-256 in lower-case hexadecimal digits."""
    return isinstance(value, str) and _HASH.fullmatch(value) is not None


def checked_money(text: object) -> Decimal:
    """Return an amount that can be added and shown.

    `Decimal("1E+999999")` is finite, but takes a megabyte when it is formatted.

    Raises:
        ValueError: not a number, negative, or out of bounds.
    """
    try:
        amount = Decimal(text) if isinstance(text, str) else Decimal("nan")
    except InvalidOperation:
        amount = Decimal("nan")
    if not amount.is_finite() or not 0 <= amount < _MAX_MONEY:
        raise ValueError("an amount of money is out of bounds")
    _, digits, exponent = amount.as_tuple()
    if len(digits) > _MAX_DIGITS or abs(int(exponent)) > _MAX_DIGITS:
        raise ValueError("an amount of money is out of bounds")
    return amount


def checked_time(time: datetime) -> datetime:
    """Return an aware time that can be shown in every time zone. Raises ValueError."""
    if not EARLIEST_TIME <= time < LATEST_TIME:
        raise ValueError("a time is out of bounds")
    return time


def checked_name(text: object) -> str:
    """Return a name that is not too long. Raises TypeError, ValueError."""
    if not isinstance(text, str):
        raise TypeError("a name is not a text")
    if len(text) > MAX_NAME_CHARS:
        raise ValueError("a name is too long")
    return text


def checked_fields(value: T) -> T:
    """Return a dataclass after checking the types of its fields and the size of numbers.

    Raises:
        TypeError: a field has another type, or a number in it is out of bounds.
    """
    cls: type = type(value)
    for field, declared in _declared_fields(cls):
        if not _has_type(getattr(value, field), declared):
            raise TypeError(f"{field} is not {declared}")
    return value


@cache
def _declared_fields(cls: type) -> tuple[tuple[str, Any], ...]:
    return tuple((name, _plain_type(hint)) for name, hint in get_type_hints(cls).items())


def _plain_type(hint: Any) -> Any:
    """Return a type for isinstance(), without the types of a collection's items."""
    origin = get_origin(hint)
    if origin is UnionType:
        return reduce(or_, map(_plain_type, get_args(hint)))
    return origin if origin in (tuple, Mapping) else hint


def _has_type(value: object, declared: Any) -> bool:
    if not isinstance(value, int | float):
        return isinstance(value, declared)
    takes_floats = isinstance(0.0, declared)
    lowest = -MAX_COUNT if takes_floats else 0
    # A float without decimals may have been written as an integer.
    is_declared = isinstance(value, declared) or takes_floats
    return is_declared and lowest <= value <= MAX_COUNT


def checked_part(part: Part) -> Part:
    """Return a part of a message, with its own and nested fields checked.

    Raises:
        TypeError, ValueError: a field has another type, or is out of bounds.
    """
    if isinstance(part, DocumentPart | ImagePart):
        _require_hash(part.sha256)
        checked_name(part.name)
        checked_name(part.media_type)
    elif isinstance(part, CollectionPart | PassagesPart):
        checked_name(part.collection_id)
        checked_name(part.name)
    if isinstance(part, PassagesPart):
        for passage in part.passages:
            checked_fields(passage)
            _require_hash(passage.sha256)
            checked_name(passage.name)
        _require_numbers(part.known)
    if isinstance(part, DocumentPart):
        for page in part.pictured:
            checked_fields(page)
            if not (page.number and page.width and page.height):
                raise ValueError("an image of a page without a number or a size")
        if part.chosen is not None:
            _require_pages(checked_fields(part.chosen))
    return checked_fields(part)


def _require_hash(value: object) -> None:
    if not is_hash(value):
        raise ValueError("an attachment without a SHA-256")


def _require_numbers(values: tuple[object, ...]) -> None:
    if not all(type(value) is int and 0 <= value <= MAX_COUNT for value in values):
        raise TypeError("numbers of passages or pages are not numbers")


def _require_pages(pages: ChosenPages) -> None:
    """Raise unless a user could have made this choice of pages."""
    numbers = [number for span in pages.spans for number in span]
    _require_numbers(tuple(numbers))
    if not numbers or pages.unit not in UNITS.values() or merge_spans(pages.spans) != pages.spans:
        raise ValueError("an impossible choice of pages")
    if numbers != sorted(numbers) or numbers[0] < 1 or numbers[-1] > pages.of:
        raise ValueError("chosen pages that do not exist")


def checked_overrides(overrides: Overrides) -> Overrides:
    """Return the settings of a conversation, folder or preset, checked.

    Raises:
        TypeError, ValueError: a value has another type, or is out of bounds.
    """
    if not isinstance(overrides.instructions, str | None):
        raise TypeError("instructions are not a text")
    parameters = checked_fields(overrides.parameters)
    if not all(isinstance(text, str) for text in (*parameters.stop, *parameters.tools)):
        raise TypeError("“stop” or “tools” is not a list of texts")
    if not all(isinstance(text, str) for pair in overrides.examples for text in pair):
        raise TypeError("“examples” is not a list of pairs of texts")
    if not 1 <= parameters.candidates <= MAX_CANDIDATES:
        raise ValueError("the number of answers is out of bounds")
    return overrides


def checked_compaction(compaction: Compaction) -> Compaction:
    """Return a compaction that can be sent. Raises an error of BAD_VALUE.

    A provider's state must be a list of messages and of items that only the provider can read.
    """
    checked_name(compaction.provider_id)
    checked_name(compaction.model)
    if compaction.kind is CompactionKind.PROVIDER:
        items = json.loads(compaction.body)
        if not isinstance(items, list):
            raise TypeError("a provider's state is not a list of items")
        for item in items:
            _require_state_item(item)
    return checked_fields(compaction)


def _require_state_item(item: Any) -> None:
    """Refuse instructions, calls, and references to other data at the provider or on the web."""
    kind = item.get("type") or "message"
    if kind == "compaction":
        return
    if kind != "message" or item.get("role") not in ("user", "assistant"):
        raise ValueError("an item of a provider's state is no message of the conversation")
    content = item.get("content")
    for part in content if isinstance(content, list) else ():
        image = part.get("image_url") or "data:"
        if part.get("file_id") or part.get("file_url") or not image.startswith("data:"):
            raise ValueError("an item of a provider's state refers to other data")


def checked_message(message: Message) -> Message:
    """Return a message with parts, times and numbers checked, but not its ids.

    Raises:
        TypeError, ValueError: a value has another type, or is out of bounds.
    """
    checked_time(message.created_at)
    checked_name(message.template_id)
    checked_name(message.answered_by)
    for part in message.parts:
        checked_part(part)
    for fields in (message.usage, message.error, message.remote_run):
        if fields is not None:
            checked_fields(fields)
    if message.cost is not None:
        checked_money(str(message.cost))
    duration = message.duration_s
    if duration is not None and not 0 <= duration <= MAX_SECONDS:
        raise ValueError("a duration is out of bounds")
    return message
