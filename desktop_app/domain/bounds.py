"""Bounds on values from files: ids, hashes, counts, times, money.

Files to import, restore or repair may have any values. Values of the program are far within these
bounds. Beyond them, sums overflow, formatting a number takes gigabytes, dates cannot be shown, and
a hash could be a path.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta

from desktop_app.domain.lazy_pattern import lazy_pattern

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
EARLIEST_TIME: Final = datetime(1900, 1, 1, tzinfo=UTC)
LATEST_TIME: Final = datetime(3000, 1, 1, tzinfo=UTC)
MAX_SECONDS: Final = 1e9

Hash = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
"""A SHA-256 in lower-case hexadecimal digits."""
Name = Annotated[str, Meta(max_length=MAX_NAME_CHARS)]
Count = Annotated[int, Meta(ge=0, le=MAX_COUNT)]
Positive = Annotated[int, Meta(ge=1, le=MAX_COUNT)]
Amount = Annotated[float, Meta(ge=-MAX_COUNT, le=MAX_COUNT)]
Seconds = Annotated[float, Meta(ge=0, le=MAX_SECONDS)]

_ID: Final = lazy_pattern(r"[0-9A-Za-z][0-9A-Za-z_.:-]{0,63}")
_HASH: Final = lazy_pattern("[0-9a-f]{64}")
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


def converted(value: Any, shape: type[T]) -> T:
    """Return a value of JSON in a shape: a dataclass or another type. Raises ValueError."""
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error
