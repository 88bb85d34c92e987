"""When a failed attempt is repeated by itself, and how long after.

None of these endpoints knows an idempotency key, so a repeated request can be billed twice. Only
what cannot have been billed is repeated: connections that were never made, and the statuses that
say that nothing ran. For 408, 409, 504, 524 and time-outs the person is asked. The waits are
those of OpenAI's SDK.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from desktop_app.domain.errors import ProviderError, ProviderFaultError, RateLimitedError
from desktop_app.providers.apis.error_replies import WRONG_REQUEST_CODES

ATTEMPTS: Final = 3
LONGEST_WAIT_S: Final = 120.0

_REPEATABLE_STATUSES: Final = frozenset({500, 502, 503})
_FIRST_BACKOFF_S: Final = 0.5
_LONGEST_BACKOFF_S: Final = 8.0


class AttemptError(Exception):
    """One attempt failed before the reply opened.

    Attributes:
        error: what the person is told if this was the last attempt.
        may_repeat: nothing can have been billed and another attempt may help.
        asked_wait_s: the wait that the server asked for, in seconds, None where it did not.
    """

    def __init__(
        self, error: ProviderError, *, may_repeat: bool = False, asked_wait_s: float | None = None
    ) -> None:
        super().__init__(error.what_happened)
        self.error = error
        self.may_repeat = may_repeat
        self.asked_wait_s = asked_wait_s

    def wait_s(self, attempt: int) -> float | None:
        """Seconds to wait after attempt number `attempt` (from 0); None where it is the last."""
        if not self.may_repeat or attempt + 1 >= ATTEMPTS:
            return None
        if self.asked_wait_s is None:
            backoff = min(_FIRST_BACKOFF_S * float(2**attempt), _LONGEST_BACKOFF_S)
            return backoff * (1 - 0.25 * random.random())
        return self.asked_wait_s if self.asked_wait_s <= LONGEST_WAIT_S else None


def failed_reply(error: ProviderError, status: int, headers: Mapping[str, str]) -> AttemptError:
    """The failed attempt that a reply with an error status makes."""
    asked = asked_wait_s(headers)
    if isinstance(error, RateLimitedError) and asked is not None and asked > LONGEST_WAIT_S:
        minutes = math.ceil(asked / 60)
        error.what_to_do = f"It asks to wait {minutes:,} minutes; press Retry then."
    repeatable = isinstance(error, RateLimitedError) or (
        # Gateways answer 500 and 503 to requests that are wrong and stay wrong.
        status in _REPEATABLE_STATUSES
        and isinstance(error, ProviderFaultError)
        and error.code not in WRONG_REQUEST_CODES
    )
    refused = headers.get("x-should-retry", "").lower() == "false"
    return AttemptError(error, may_repeat=repeatable and not refused, asked_wait_s=asked)


def asked_wait_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait: retry-after-ms, else retry-after as seconds or as an
    HTTP date; None where there is neither, or nothing in the future."""
    milliseconds = _positive(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    after = headers.get("retry-after", "")
    return _positive(after) or _seconds_until(after)


def _positive(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value < 1e9 else None


def _seconds_until(http_date: str) -> float | None:
    from email.utils import parsedate_to_datetime  # 5 ms that no start-up should pay

    try:
        moment = parsedate_to_datetime(http_date)
    except (ValueError, OverflowError):  # the latter of a time zone that is none
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = (moment - datetime.now(UTC)).total_seconds()
    return seconds if seconds > 0 else None
