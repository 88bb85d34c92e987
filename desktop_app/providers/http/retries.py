"""Decides whether and when a failed attempt is repeated automatically.

No provider supports idempotency keys, so a repeated request can be billed twice. Only requests
that cannot have been billed are repeated: after a failed connection, or a status that says that
nothing ran. After 408, 409, 504, 524 and timeouts the user decides. The waits are those of OpenAI's
SDK.
"""

from __future__ import annotations

import asyncio
import math
import random
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Final, TypeVar

from desktop_app.domain import errors, hints
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.i18n.translation import N_

T = TypeVar("T")

_MAX_ATTEMPTS: Final = 3
MAX_WAIT_S: Final = 120.0

_REPEATABLE_STATUSES: Final = frozenset({500, 502, 503, 529})  # 529: Anthropic is overloaded
_FIRST_BACKOFF_S: Final = 0.5
_LOADING_POLL_S: Final = 2.0
_MAX_LOADING_POLLS: Final = 300
"""Ten minutes: llama.cpp reads 40 GB from a hard disk in about four."""
_WORDED_IN_HOURS_ABOVE_S: Final = 90 * 60.0
"""Longer waits are worded in hours."""
_DAY_S: Final = 24 * 3600.0
_MAX_SECONDS: Final = 1e9
"""Larger numbers are seconds, or milliseconds, since 1970."""


class AttemptError(Exception):
    """An attempt failed before anything in the reply was used.

    Attributes:
        error: the error to show if this was the last attempt.
        may_repeat: True if nothing can have been billed and another attempt may help.
        requested_wait_s: the wait that the server requested, in seconds, or None.
    """

    def __init__(
        self,
        error: errors.ProviderError,
        *,
        may_repeat: bool = False,
        requested_wait_s: float | None = None,
    ) -> None:
        super().__init__(error)
        self.error = error
        self.may_repeat = may_repeat
        self.requested_wait_s = requested_wait_s

    def wait_s(self, attempt: int) -> float | None:
        """Return the wait in seconds after attempt `attempt` (from 0); None if it was the last.

        It was also the last if the server requests a longer wait than `MAX_WAIT_S`. A server that
        loads its model is asked for ten minutes.
        """
        if self.may_repeat and isinstance(self.error, errors.ModelLoadingError):
            return _LOADING_POLL_S if attempt < _MAX_LOADING_POLLS else None
        if not self.may_repeat or attempt + 1 >= _MAX_ATTEMPTS:
            return None
        if self.requested_wait_s is None:
            return _FIRST_BACKOFF_S * float(2**attempt) * (1 - 0.25 * random.random())
        return self.requested_wait_s if self.requested_wait_s <= MAX_WAIT_S else None

    async def pause(self, attempt: int) -> None:
        """Sleep before the attempt after `attempt` (from 0).

        Raises:
            ProviderError: the error to show, if there is no other attempt.
        """
        wait_s = self.wait_s(attempt)
        if wait_s is None:
            raise self.error from self
        await asyncio.sleep(wait_s)


async def repeat(
    attempt: Callable[[], Awaitable[T]],
    may_repeat: Callable[[errors.ProviderError], bool] = lambda _error: True,
) -> T:
    """Return the result of `attempt`, which is repeated if nothing can have been billed.

    Raises:
        ProviderError: the error of the last attempt.
    """
    failures = 0
    while True:
        try:
            return await attempt()
        except AttemptError as failed:
            if not may_repeat(failed.error):
                raise failed.error from failed
            await failed.pause(failures)
            failures += 1


def failed_attempt(
    error: errors.ProviderError, status: int, headers: Mapping[str, str], message: str = ""
) -> AttemptError:
    """Return the failed attempt for a reply with an error status, and the message of its body."""
    requested_s = requested_wait_s(headers)
    if isinstance(error, errors.RateLimitedError):
        if _ZERO.search(message):  # of a model that the plan does not have
            return AttemptError(error.with_hint(hints.CHOOSE_MODEL))
        if _SESSION.search(message):
            return AttemptError(error.with_hint(hints.RETRY_LATER))
        stated_s = requested_s or _wait_in_message(message) or _wait_for_limits(headers)
        requested_s = stated_s or _period_s(message)
    is_repeatable = isinstance(error, errors.RateLimitedError) or (
        status in _REPEATABLE_STATUSES and isinstance(error, errors.ServerTroubleError)
    )
    if is_repeatable and requested_s is not None and requested_s > MAX_WAIT_S:
        error = _with_wait(error, requested_s)
    is_refused = headers.get("x-should-retry", "").lower() == "false"
    return AttemptError(
        error, may_repeat=is_repeatable and not is_refused, requested_wait_s=requested_s
    )


def _with_wait(error: errors.ProviderError, seconds: float) -> errors.ProviderError:
    """Return the error with a hint that says how long to wait."""
    if seconds > _DAY_S:
        return error.with_hint(hints.WAIT_A_DAY)
    if seconds > _WORDED_IN_HOURS_ABOVE_S:
        return error.with_hint(N_("Try again in {hours} hours."), hours=math.ceil(seconds / 3600))
    return error.with_hint(N_("Try again in {minutes} minutes."), minutes=math.ceil(seconds / 60))


def requested_wait_s(headers: Mapping[str, str]) -> float | None:
    """Return the wait in seconds that the server requests, or None.

    It is taken from retry-after-ms, else from retry-after in seconds or as an HTTP date in the
    future.
    """
    milliseconds = _positive_number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    retry_after = headers.get("retry-after", "")
    return _positive_number(retry_after) or _seconds_until(retry_after)


_DURATION: Final = (
    r"(?:\d+(?:\.\d+)?\s*(?:ms|(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|[smhdw])\b"
    r"|[smhd](?=\d)|秒|分钟?|个?小时|天|周)(?:,? and |[, ]{0,2}))+"
)
_DURATION_PIECE: Final = lazy_pattern(r"(\d+(?:\.\d+)?)\s*个?(ms|[smhdw秒分小天周])", re.IGNORECASE)
_TRY_AGAIN: Final = lazy_pattern(
    rf"(?:try again|retry|wait|resets?|available|请|将)\D{{0,30}}?({_DURATION})|({_DURATION})后",
    re.IGNORECASE,
)
_DATE: Final = lazy_pattern(r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": _DAY_S, "w": 7 * _DAY_S}
_UNITS: Final = {"秒": "s", "分": "m", "小": "h", "天": "d", "周": "w"}
_ZERO: Final = lazy_pattern(r"\blimit(?: is|:| of)? ?0\b(?![.,]?\d)", re.IGNORECASE)
_SESSION: Final = lazy_pattern(r"\bsession\b.{0,20}\blimit", re.IGNORECASE)
_PERIODS: Final = {
    3600.0: lazy_pattern(r"per[ -]?hour|hourly|每小时", re.IGNORECASE),
    _DAY_S: lazy_pattern(
        r"per[ _-]?day|\bdaily|\b[rt]pd\b|\btoday\b|midnight|每[日天]|[当今][日天]", re.IGNORECASE
    ),
    30 * _DAY_S: lazy_pattern(
        r"per[ _-]?(week|month)|\bweekly|\bmonthly|this (week|month)|[每本当](周|月)", re.IGNORECASE
    ),
}
"""The seconds after which a limit has passed at the latest, by the words for it."""


def duration_s(text: str) -> float | None:
    """Return the seconds of a duration as OpenAI and Groq write it; None if it is not one.

    >>> duration_s("6m0s"), duration_s("120ms"), duration_s("1h 2 minutes"), duration_s("soon")
    (360.0, 0.12, 3720.0, None)
    """
    pieces = _DURATION_PIECE.findall(text[:100])
    seconds = sum(
        float(number) * _SECONDS[_UNITS.get(unit, unit.lower())] for number, unit in pieces
    )
    return seconds if 0 < seconds < 1e9 else None


def _wait_in_message(message: str) -> float | None:
    """Return the wait in the words of a refusal, such as "try again in 6m0s", or until a date."""
    found = _TRY_AGAIN.search(message)
    if found:
        return duration_s(found[1] or found[2])
    dates = _DATE.findall(message)
    return _seconds_until(dates[-1]) if dates else None


def _period_s(message: str) -> float | None:
    """Return the longest period of the limits that a refusal names without a time of their end."""
    return max((s for s, words in _PERIODS.items() if words.search(message)), default=None)


def _wait_for_limits(headers: Mapping[str, str]) -> float | None:
    """Return the wait until the exhausted limits are reset; None if no header says so."""
    resets = [
        _reset_s(value)
        for name, value in headers.items()
        if "ratelimit" in name and "reset" in name
        if headers.get(name.replace("reset", "remaining"), "0") == "0"
    ]
    return max(filter(None, resets), default=None)


def _reset_s(text: str) -> float | None:
    """Return the seconds until a reset: a duration, seconds, or a time since 1970 or as a date."""
    try:
        number = float(text)
    except ValueError:
        return _seconds_until(text) or duration_s(text)
    if number > _MAX_SECONDS:
        number = number / (1000 if number > _MAX_SECONDS * 1000 else 1)
        number -= datetime.now(UTC).timestamp()
    return number if 0 < number < _MAX_SECONDS else None


def _positive_number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value < 1e9 else None


def _seconds_until(text: str) -> float | None:
    """Return the seconds until a date of ISO 8601 or HTTP; None if it is none or past."""
    from email.utils import parsedate_to_datetime

    try:
        is_iso = _DATE.match(text) is not None
        date = datetime.fromisoformat(text) if is_iso else parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # OverflowError: an invalid time zone
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    seconds = (date - datetime.now(UTC)).total_seconds()
    return seconds if seconds > 0 else None
