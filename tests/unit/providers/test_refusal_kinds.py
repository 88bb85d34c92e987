"""Refusals in the words of makers that nobody collected, and what users are told.

The words are made up: other makers, other sentences, other languages than those that the patterns
were written for. A new maker's refusal that is read wrongly belongs here.
"""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain import errors
from desktop_app.providers.errors.error_body import parse_error
from desktop_app.providers.errors.error_replies import error_from
from desktop_app.providers.http.retries import failed_attempt

CREDIT = errors.QuotaExhaustedError
FILTER = errors.ContentFilteredError
LONG = errors.ContextTooLongError
MODEL = errors.ModelNotFoundError
LIMIT = errors.RateLimitedError
KEY = "rejected the API key"
REGION = "doesn’t serve your region"
SIGN_IN = "sign in"
DENIED = "denied access"

SENT: dict[str, Any] = {
    "model": "m",
    "messages": [],
    "stream": True,
    "temperature": 0.5,
    "top_p": 0.5,
    "verbosity": "low",
    "seed": 1,
    "stop": ["x"],
    "presence_penalty": 1,
    "service_tier": "flex",
    "max_tokens": 20_000,
    "reasoning_effort": "xhigh",
    "response_format": {"type": "json_schema"},
    "parallel_tool_calls": True,
    "stream_options": {},
    "tools": [{}],
}


def flat(message: str, code: Any = None) -> dict[str, Any]:
    return {"code": code, "message": message}


def nested(message: str, code: Any = None, kind: str = "", param: Any = None) -> dict[str, Any]:
    return {"error": {"message": message, "code": code, "type": kind, "param": param}}


def detail(message: str) -> dict[str, Any]:
    return {"detail": message}


KINDS: list[tuple[int, Any, Any]] = [
    # No money.
    (403, flat("Wallet is empty: remaining credits 0, top up to continue."), CREDIT),
    (400, nested("You ran out of prepaid balance. Recharge in the console."), CREDIT),
    (429, nested("Your organisation has hit its spend limit for this billing cycle."), CREDIT),
    (401, flat("账户余额为零，请充值后再试", 4010), CREDIT),
    (403, flat("您的账号已欠费停服", "AccountArrears"), CREDIT),
    (400, detail("Payment overdue; service paused until the invoice is settled."), CREDIT),
    (403, nested("Trial credits used up"), CREDIT),
    (412, detail("Not enough funds on the account"), CREDIT),
    (200, {"error_code": 17, "error_msg": "insufficient account balance"}, CREDIT),
    (403, nested("token balance insufficient", kind="quota_error"), CREDIT),
    (400, nested("Budget for virtual team alpha exceeded: spent 12.10 of 10.00"), CREDIT),
    (403, nested("Account balance below minimum"), CREDIT),
    (429, nested("You've used 100% of your monthly credit"), CREDIT),
    # Filtered.
    (400, flat("内容安全审查未通过"), FILTER),
    (400, nested("The prompt was blocked by our content moderation layer."), FILTER),
    (403, flat("Request violates the acceptable use policy", "policy_violation"), FILTER),
    (400, flat("输入内容涉及违规信息，请修改后重试", 10013), FILTER),
    (451, detail("Unsafe content detected in input"), FILTER),
    (422, nested("Response withheld: harmful content", "safety_block"), FILTER),
    (400, {"Response": {"Error": {"Code": "SensitiveContent", "Message": "内容敏感"}}}, FILTER),
    (400, nested("Guardrail intervened: topic policy", "guardrail_intervened"), FILTER),
    (422, nested("content was moderated"), FILTER),
    # Too long.
    (400, nested("Input of 210000 tokens is longer than the 131072 supported"), LONG),
    (400, flat("输入的 token 数量超过模型最大长度限制", 1301), LONG),
    (413, detail("Your conversation exceeds the maximum number of tokens"), LONG),
    (400, nested("prompt length 70000 greater than max_position_embeddings 65536"), LONG),
    (400, nested("Number of input tokens (9000) has exceeded max_prefill_tokens (8192)"), LONG),
    (422, detail("messages too long: context size is 8k"), LONG),
    (500, nested("Context overflow: 5000 > 4096"), LONG),
    (400, flat("上下文长度超出限制"), LONG),
    (400, nested("Requested 140000 tokens but the model's limit is 32768 tokens"), LONG),
    (400, nested("prompt is 9000 tokens, exceeding the window of 8192"), LONG),
    (400, nested("Token limit exceeded: 9000/8192"), LONG),
    (400, nested("The total number of tokens (9000) is greater than 8192"), LONG),
    (413, detail("payload: context window full"), LONG),
    # Limits, now and for long.
    (429, nested("slow down please"), LIMIT),
    (200, {"errcode": 18, "errmsg": "qps request limit reached"}, LIMIT),
    (400, flat("请求频率过高，请稍后再试", 1302), LIMIT),
    (403, nested("Weekly limit reached for your plan"), LIMIT),
    (400, nested("ThrottlingException: Rate exceeded", "ThrottlingException"), LIMIT),
    # The model.
    (400, nested("There is no model named m here"), MODEL),
    (404, flat("Model m is not deployed in this workspace"), MODEL),
    (403, nested("Your plan does not include model m"), MODEL),
    (403, flat("当前套餐无权使用该模型"), MODEL),
    (401, nested("This key may not use the model m", "model_access_denied"), MODEL),
    (400, nested("model m was retired on 2026-10-01, use n"), MODEL),
    (403, detail("Access to model m requires acceptance of its license terms"), MODEL),
    (404, nested("unknown model 'm'", "ModelNotFound"), MODEL),
    (404, {"error": "deployment m does not exist"}, MODEL),
    (403, nested("model m is gated; request access"), MODEL),
    (410, nested("m reached end of life", "model_eol"), MODEL),
    (400, flat("不支持的模型: m"), MODEL),
    (403, nested("You must subscribe to use this model"), MODEL),
    # The key.
    (401, detail("Bad credentials"), KEY),
    (403, nested("API key has been revoked"), KEY),
    (400, nested("Invalid access token supplied"), KEY),
    (200, {"base_resp": {"status_code": 2049, "status_msg": "invalid api key"}}, KEY),
    (403, flat("密钥已过期，请更换"), KEY),
    (400, nested("API_KEY_INVALID: API key expired. Please renew the API key."), KEY),
    (400, flat("无效的API密钥"), KEY),
    # Place and sign-in.
    (403, nested("Service is not available in your country"), REGION),
    (400, flat("Requests from this region are blocked", "geo_restricted"), REGION),
    (451, flat("当前地区不支持访问该服务"), REGION),
    (401, detail("You are not logged in. Run `tool login` first."), SIGN_IN),
    (401, {"error": "unauthorized", "login_url": "https://a.example"}, SIGN_IN),
    (403, nested("Please sign in to your account to use cloud models"), SIGN_IN),
    (403, nested("Access from your location is restricted"), REGION),
    # 403 says no more than the server.
    (403, nested("Nope."), DENIED),
    (403, detail("IP address 192.0.2.1 is not on the allow list"), DENIED),
]

FIELDS: list[tuple[int, Any, str | None]] = [
    (400, nested("bad value", param="temperature"), "temperature"),
    (422, {"detail": [{"loc": ["body", "top_p"], "msg": "nope"}]}, "top_p"),
    (422, {"errors": [{"loc": ["body", "verbosity"], "msg": "nope"}]}, "verbosity"),
    (400, nested("bad", param="generationConfig.topP"), "top_p"),
    (400, nested("bad", param="response_format.json_schema"), "response_format.json_schema"),
    (400, nested("bad", param="request"), None),
    (400, nested("The field frequency_penalty is bad", param="frequency_penalty"), None),
    (400, nested("presencePenalty must not be set for reasoning deployments"), "presence_penalty"),
    (400, nested("model m ignores nothing: remove service tier"), "service_tier"),
    (400, detail("Sorry, `stop` cannot be used here"), "stop"),
    (400, detail("Please stop asking with this message"), None),
    (500, nested("KeyError: 'parallel_tool_calls'"), "parallel_tool_calls"),
    (400, nested("Structured outputs are unavailable for m"), "response_format"),
    (400, nested("Could not compile JSON schema: $ref unsupported"), "response_format"),
    (400, nested("generation_config.response_schema: unknown name"), "response_format"),
    (400, nested("m has no thinking switch"), "reasoning_effort"),
    (400, flat("该模型不支持思考模式"), "reasoning_effort"),
    (400, nested("This endpoint does not accept tools yet"), "tools"),
    (400, flat("该模型不支持工具调用"), "tools"),
    (400, nested("Function calling is disabled on this endpoint"), "tools"),
    (400, nested("Der Parameter temperature ist für dieses Modell nicht erlaubt"), "temperature"),
    (400, flat("参数 temperature 不合法"), "temperature"),
    (400, nested("max_tokens out of range, should be within 1 and 8192"), "max_tokens"),
    (400, nested("streamOptions is not a known property"), "stream_options"),
    (200, {"base_resp": {"status_code": 2013, "status_msg": "invalid params, top_p"}}, "top_p"),
    (400, nested("Something in your request is wrong"), None),
    (400, nested("."), None),
    (400, nested("Invalid parameter."), None),
    (400, nested("temperature is bad", "content_filter"), None),
    (429, nested("temperature is bad"), None),
    (403, nested("temperature is bad"), None),
]


@pytest.mark.parametrize(("status", "body", "kind"), KINDS, ids=lambda each: str(each)[:60])
def test_the_kind_of_a_refusal_is_read_in_any_words(status: int, body: Any, kind: Any) -> None:
    made = error_from("P", parse_error(body), status=status, sent={"model": "m"})
    if isinstance(kind, str):
        assert kind in made.message
        assert isinstance(made, errors.AuthenticationError)
    else:
        assert isinstance(made, kind)


@pytest.mark.parametrize(
    "message",
    [
        "messages with role 'tool' must follow a message with 'tool_calls'",
        "Give credit to the author in your prompt template",
        "Unknown field region in request",
        "cache policy unknown",
        "The file name is case-sensitive",
        "Thinking budget exceeds what this server has",
    ],
)
def test_ordinary_words_have_no_kind(message: str) -> None:
    made = error_from("P", parse_error(nested(message)), status=400, sent={"model": "m"})
    assert type(made) is errors.RequestRefusedError


@pytest.mark.parametrize(("status", "body", "field"), FIELDS, ids=lambda each: str(each)[:60])
def test_a_field_that_was_sent_is_refused_in_any_words(
    status: int, body: Any, field: str | None
) -> None:
    made = error_from("P", parse_error(body), status=status, sent=SENT)
    found = made.param if isinstance(made, errors.RefusedParameterError) else None
    assert found == field


@given(st.sampled_from(FIELDS), st.text(max_size=40))
def test_no_refusal_is_of_a_field_that_was_not_sent(row: Any, more: str) -> None:
    status, body, _ = row
    error = parse_error(body)
    made = error_from("P", error, status=status, sent={"model": "m", "messages": [more]})
    assert not isinstance(made, errors.RefusedParameterError)


@pytest.mark.parametrize(
    ("message", "headers", "hint"),
    [
        ("You may send 50 requests per day", {}, "{hours} hours"),
        ("每日调用次数已达上限", {}, "{hours} hours"),
        ("Monthly allowance of free requests reached", {}, "more than a day"),
        ("Hourly cap hit", {}, "{minutes} minutes"),
        ("Your limit resets in 5 hours and 12 minutes", {}, "{hours} hours"),
        ("Try again in 3 days", {}, "more than a day"),
        ("请在2小时后重试", {}, "{hours} hours"),
        ("limit: 0 for this model on your tier", {}, "Choose another model"),
        ("Session limit reached", {}, "Try again later"),
        ("Slow", {"x-ratelimit-reset": str(int(time.time() + 9_000) * 1000)}, "{hours} hours"),
        ("Slow", {"ratelimit-reset": "7300"}, "{hours} hours"),
        ("Slow", {"x-ratelimit-reset-requests-day": "2099-01-01T00:00:00Z"}, "more than a day"),
        ("Wait until 2099-01-01 00:00:00", {}, "more than a day"),
    ],
)
def test_a_long_limit_is_asked_once_and_says_when_it_ends(
    message: str, headers: dict[str, str], hint: str
) -> None:
    error = error_from("P", parse_error(nested(message)), status=429)
    attempt = failed_attempt(error, 429, headers, message)
    assert attempt.wait_s(0) is None
    assert hint in attempt.error.hint


@pytest.mark.parametrize("message", ["Too fast", "Try again in 20 s", "40 requests per minute"])
def test_a_short_limit_is_waited_for(message: str) -> None:
    error = error_from("P", parse_error(nested(message)), status=429)
    assert failed_attempt(error, 429, {}, message).wait_s(0) is not None
