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
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Final, TypeVar

from desktop_app.domain.errors import ProviderError, RateLimitedError, ServerTroubleError
from desktop_app.i18n.translation import N_

T = TypeVar("T")

_MAX_ATTEMPTS: Final = 3
MAX_WAIT_S: Final = 120.0

_REPEATABLE_STATUSES: Final = frozenset({500, 502, 503, 529})  # 529: Anthropic is overloaded
_FIRST_BACKOFF_S: Final = 0.5
_WORDED_IN_HOURS_ABOVE_S: Final = 90 * 60.0
"""Longer waits are worded in hours."""
_DAY_S: Final = 24 * 3600.0


class AttemptError(Exception):
    """An attempt failed before anything in the reply was used.

    Attributes:
        error: the error to show if this was the last attempt.
        may_repeat: True if nothing can have been billed and another attempt may help.
        requested_wait_s: the wait that the server requested, in seconds, or None.
    """

    def __init__(
        self,
        error: ProviderError,
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

        It was also the last if the server requests a longer wait than `MAX_WAIT_S`.
        """
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
    may_repeat: Callable[[ProviderError], bool] = lambda _error: True,
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


def failed_attempt(error: ProviderError, status: int, headers: Mapping[str, str]) -> AttemptError:
    """Return the failed attempt for a reply with an error status."""
    requested_s = requested_wait_s(headers)
    is_repeatable = isinstance(error, RateLimitedError) or (
        status in _REPEATABLE_STATUSES and isinstance(error, ServerTroubleError)
    )
    if is_repeatable and requested_s is not None and requested_s > MAX_WAIT_S:
        error = _with_wait(error, requested_s)
    is_refused = headers.get("x-should-retry", "").lower() == "false"
    return AttemptError(
        error, may_repeat=is_repeatable and not is_refused, requested_wait_s=requested_s
    )


def _with_wait(error: ProviderError, seconds: float) -> ProviderError:
    """Return the error with a hint that says how long to wait."""
    if seconds > _DAY_S:
        return error.with_hint(N_("Wait more than a day, or choose another provider."))
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


def _positive_number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value < 1e9 else None


def _seconds_until(http_date: str) -> float | None:
    from email.utils import parsedate_to_datetime  # 5 ms that start-up avoids

    try:
        date = parsedate_to_datetime(http_date)
    except (ValueError, OverflowError):  # OverflowError: an invalid time zone
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    seconds = (date - datetime.now(UTC)).total_seconds()
    return seconds if seconds > 0 else None
