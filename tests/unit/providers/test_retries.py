"""Failures that are retried automatically, and the waits between them."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

import pytest

from desktop_app.domain.errors import NetworkError, ProviderError
from desktop_app.providers.errors.error_body import ErrorBody
from desktop_app.providers.errors.error_replies import error_from
from desktop_app.providers.http import retries
from desktop_app.providers.http.retries import AttemptError, failed_attempt, requested_wait_s


def failed(status: int, code: str = "", **headers: str) -> AttemptError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return failed_attempt(error_from("x", ErrorBody(code=code), status=status), status, named)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 529])
def test_attempts_that_cannot_have_been_billed_are_repeated(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for chance, waits in ((0.0, [0.5, 1, None]), (1.0, [0.375, 0.75, None])):
        monkeypatch.setattr("random.random", lambda chance=chance: chance)
        assert [failed(status).wait_s(attempt) for attempt in range(3)] == waits


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 408, 409, 413, 422, 504, 524])
def test_possibly_billed_or_hopeless_attempts_are_not_repeated(status: int) -> None:
    assert failed(status).wait_s(0) is None
    assert failed(status, x_should_retry="true", retry_after="1").wait_s(0) is None


def test_the_server_may_forbid_a_repetition() -> None:
    assert failed(503, x_should_retry="False").wait_s(0) is None
    assert failed(503, x_should_retry="true", retry_after="1").wait_s(0) == 1


def test_a_requested_wait_of_up_to_two_minutes_is_kept() -> None:
    assert failed(429, retry_after="7").wait_s(0) == 7
    assert failed(429, retry_after="120").wait_s(0) == 120
    assert failed(429, retry_after="121").wait_s(0) is None
    assert stated(failed(429, retry_after="120").error) == (None, False)
    assert stated(failed(429, retry_after="121").error) == (3, True)
    assert stated(failed(429, retry_after="5400").error) == (90, True)
    in_hours = failed(429, retry_after="6000").error
    assert "{hours}" in in_hours.hint
    assert in_hours.params["hours"] == 2
    assert stated(failed(503, retry_after="5400").error) == (90, True)
    assert stated(failed(400, retry_after="6000").error)[0] is None


def stated(error: ProviderError) -> tuple[object, object]:
    return error.params.get("minutes"), "{minutes}" in error.hint


NOW = datetime(2026, 3, 1, 12, 0, 0, 500_000, UTC)


class Clock(datetime):
    """A class of moments for which it is always NOW."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Clock:
        return cls.combine(NOW.date(), NOW.timetz())


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9),
        ({"retry-after-ms": "0", "retry-after": "9"}, 9),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "Sun, 01 Mar 2026 12:00:30 GMT"}, 29.5),
        ({"retry-after": "Sun, 01 Mar 2026 12:00:30 -0000"}, 29.5),
        ({"retry-after": "Sun, 01 Mar 2026 14:00:30 +0200"}, 29.5),
        ({"retry-after": "Sun, 01 Mar 2026 12:00:01 GMT"}, 0.5),
        ({"retry-after": "Sun, 01 Mar 2026 12:00:00 GMT"}, None),
        ({"retry-after": "Mon, 99 Foo 2026"}, None),
        ({"retry-after": "Sun, 01 Mar 2026 12:00:30 +9999999999"}, None),
        *(({"retry-after": text}, None) for text in ("", "0", "-3", "nan", "inf", "1e9", "soon")),
        ({}, None),
    ],
)
def test_each_form_of_retry_after_is_read(
    headers: dict[str, str], wait_s: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "datetime", Clock)
    assert requested_wait_s(headers) == wait_s


def test_an_attempt_without_a_connection_is_repeated_without_a_server_asking() -> None:
    assert AttemptError(NetworkError("x"), may_repeat=True).wait_s(0) is not None


def rate_limited(message: str = "", **headers: str) -> AttemptError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    error = error_from("x", ErrorBody(message), status=429)
    return failed_attempt(error, 429, named, message)


@pytest.mark.parametrize(
    ("attempt", "wait_s"),
    [
        (rate_limited("Rate limit reached. Please try again in 6m0s."), None),
        (rate_limited("Please try again in 1.5s. Visit …"), 1.5),
        (rate_limited("Please retry in 120ms."), 0.12),
        (rate_limited("Try again in 20 seconds."), 20),
        (rate_limited("Please try again in 1h2m3s."), None),
        (rate_limited("Try again in 6m0s.", retry_after="3"), 3),
        (rate_limited(x_ratelimit_reset_requests="6m0s"), None),
        (rate_limited(x_ratelimit_reset_tokens="7.5s", x_ratelimit_remaining_tokens="0"), 7.5),
    ],
)
def test_the_wait_that_a_rate_limit_states_in_other_ways_is_kept(
    attempt: AttemptError, wait_s: float | None
) -> None:
    assert attempt.wait_s(0) == wait_s


def test_a_limit_that_is_not_exhausted_delays_nothing() -> None:
    attempt = rate_limited(x_ratelimit_reset_tokens="7s", x_ratelimit_remaining_tokens="12")
    assert (attempt.wait_s(0) or 9) <= 1
    assert "6 minutes" in rate_limited("Please try again in 6m0s.").error.what_to_do


def test_a_server_that_loads_its_model_is_waited_for() -> None:
    error = error_from("x", ErrorBody("Loading model"), status=503)
    attempt = failed_attempt(error, 503, {})
    waits = [attempt.wait_s(number) for number in range(400)]
    assert waits[2] is not None
    assert 300 <= sum(filter(None, waits)) <= 1200, "minutes, but not forever"
    assert waits[-1] is None
    assert failed_attempt(error, 503, {"x-should-retry": "false"}).wait_s(0) is None


async def test_a_repetition_waits_and_the_last_error_is_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async def attempt() -> None:
        raise failed(503)

    monkeypatch.setattr("random.random", lambda: 0.0)
    monkeypatch.setattr("asyncio.sleep", sleep)
    with pytest.raises(ProviderError):
        await retries.repeat(attempt)
    assert waits == [0.5, 1]
