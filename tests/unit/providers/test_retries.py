"""Failures that are retried automatically, and the waits between them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from desktop_app.domain.errors import NetworkError, RateLimitedError
from desktop_app.providers.apis.error_body import ErrorBody
from desktop_app.providers.apis.error_replies import error_from
from desktop_app.providers.http.retries import ATTEMPTS, AttemptError, asked_wait_s, failed_reply


def failed(status: int, code: str = "", **headers: str) -> AttemptError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return failed_reply(error_from("x", ErrorBody(code=code), status=status), status, named)


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_what_cannot_have_been_billed_is_repeated(status: int) -> None:
    attempt = failed(status)
    assert 0.375 <= (attempt.wait_s(0) or 0) <= 0.5
    assert 0.75 <= (attempt.wait_s(1) or 0) <= 1
    assert attempt.wait_s(ATTEMPTS - 1) is None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 408, 409, 413, 422, 504, 524, 529])
def test_what_may_have_been_billed_or_stays_wrong_is_not(status: int) -> None:
    assert failed(status).wait_s(0) is None
    assert failed(status, x_should_retry="true", retry_after="1").wait_s(0) is None


@pytest.mark.parametrize(
    ("status", "code"),
    [(429, "insufficient_quota"), (429, "credit_balance_exhausted"), (500, "invalid_request")],
)
def test_codes_that_waiting_does_not_help(status: int, code: str) -> None:
    assert failed(status, code).wait_s(0) is None


def test_the_server_may_forbid_it() -> None:
    assert failed(503, x_should_retry="false").wait_s(0) is None


def test_the_wait_that_is_asked_for_is_kept_up_to_two_minutes() -> None:
    assert failed(429, retry_after="7").wait_s(0) == 7
    assert failed(429, retry_after="120").wait_s(0) == 120
    assert failed(429, retry_after="121").wait_s(0) is None
    error = failed(429, retry_after="300").error
    assert isinstance(error, RateLimitedError)
    assert error.what_to_do == "Try again in 5 minutes."


def test_forms_of_retry_after() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    past = format_datetime(datetime.now(UTC) - timedelta(seconds=30), usegmt=True)
    assert asked_wait_s({"retry-after-ms": "250", "retry-after": "9"}) == 0.25
    assert asked_wait_s({"retry-after-ms": "soon", "retry-after": "9"}) == 9
    assert asked_wait_s({"retry-after": "0.5"}) == 0.5
    waited = asked_wait_s({"retry-after": soon})
    assert waited is not None
    assert 28 <= waited <= 30
    for nothing in ("", "0", "-3", "nan", "inf", "tomorrow", past, "Mon, 99 Foo 2026"):
        assert asked_wait_s({"retry-after": nothing}) is None


def test_connections_never_made_are_repeated_without_being_asked() -> None:
    assert AttemptError(NetworkError("x"), may_repeat=True).wait_s(0) is not None
