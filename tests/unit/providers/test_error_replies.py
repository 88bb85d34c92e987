"""Error replies of many servers, and the errors that the user sees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain import errors
from desktop_app.providers.errors.error_body import (
    MAX_QUOTE_CHARS,
    ErrorBody,
    RequestSize,
    parse_error,
    quote,
    quoted_sentence,
    read_body,
)
from desktop_app.providers.errors.error_replies import error_from, error_in_reply, size_from_message
from desktop_app.providers.http.redaction import REMOVED
from desktop_app.providers.http.retries import failed_attempt
from tests.helpers.fragment import Fragment

SENT: dict[str, Any] = {
    "model": "a/b:4",
    "messages": [],
    "stream": True,
    "max_completion_tokens": 9,
    **dict.fromkeys(("temperature", "top_p", "presence_penalty", "seed", "verbosity"), 1),
    "stop": ["x"],
    "reasoning_effort": "xhigh",
    "response_format": {"type": "json_schema"},
    "tools": [],
}
"""A request with optional fields, which refusals name."""


def error(message: str = "", code: Any = None, kind: str = "", param: Any = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


TABLE: list[tuple[int, Any, type[errors.ProviderError]]] = [
    (401, error("Incorrect API key provided", "invalid_api_key"), errors.AuthenticationError),
    (403, error("Country not supported", "unsupported_country"), errors.AuthenticationError),
    (429, error("Slow", "rate_limit_exceeded", "tokens"), errors.RateLimitedError),
    (429, error("No money", "insufficient_quota"), errors.QuotaExhaustedError),
    (429, error("No money", None, "insufficient_quota"), errors.QuotaExhaustedError),
    (429, error("No money", "credit_balance_exhausted"), errors.QuotaExhaustedError),
    (403, error("Not active", kind="exceeded_current_quota_error"), errors.QuotaExhaustedError),
    (400, error("Filtered", "content_filter", param="prompt"), errors.ContentFilteredError),
    (400, error("No", "content_policy_violation"), errors.ContentFilteredError),
    (400, error("Your prompt was flagged.", "invalid_prompt"), errors.ContentFilteredError),
    (400, error("The prompt has no text.", "invalid_prompt"), errors.RequestRefusedError),
    (400, error("Too long", "context_length_exceeded"), errors.ContextTooLongError),
    (400, error("This model's maximum context length is 4096 tokens."), errors.ContextTooLongError),
    (400, error("the request exceeds the available context size", 400), errors.ContextTooLongError),
    (404, error("The model `x` does not exist", "model_not_found"), errors.ModelNotFoundError),
    (404, error('model "x" not found, try pulling it first'), errors.ModelNotFoundError),
    (
        404,
        {"object": "error", "message": "The model `x` does not exist.", "code": 404},
        errors.ModelNotFoundError,
    ),
    (404, {"error": "model 'x' not found"}, errors.ModelNotFoundError),
    (404, {"detail": "Not Found"}, errors.EndpointMissingError),
    (
        404,
        error("Invalid URL (POST /v1/x)", None, "invalid_request_error"),
        errors.EndpointMissingError,
    ),
    (400, error("x", "unsupported_value", param="reasoning_effort"), errors.RefusedParameterError),
    (400, error("x", "unsupported_parameter", param="max_tokens"), errors.RefusedParameterError),
    (
        400,
        error("x", "unsupported_parameter", param="frequency_penalty"),
        errors.RequestRefusedError,
    ),
    (
        422,
        {"detail": [{"type": "extra_forbidden", "loc": ["body", "verbosity"], "msg": "no"}]},
        errors.RefusedParameterError,
    ),
    (
        400,
        error("Invalid type", "invalid_value", param="input[0].content"),
        errors.RequestRefusedError,
    ),
    (400, error("Bad"), errors.RequestRefusedError),
]


@pytest.mark.parametrize(("status", "body", "kind"), TABLE)
def test_each_refusal_gives_a_complete_error(
    status: int, body: Any, kind: type[errors.ProviderError]
) -> None:
    made = error_from("OpenAI", parse_error(body), status=status, request_id="req_1", sent=SENT)
    assert type(made) is kind
    assert made.what_happened.endswith(".")
    assert made.what_to_do.endswith(".")
    assert made.status == status
    assert "req_1" in made.all_details
    assert str(status) in made.all_details


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "detail", "message", "code", "type", "param", "loc", "msg"]),
            inner,
            max_size=4,
        )
    ),
)


@given(json_values, st.none() | st.integers(300, 599))
def test_any_body_gives_an_error_with_a_sentence(value: object, status: int | None) -> None:
    assert error_from("x", parse_error(value), status=status).what_happened


@pytest.mark.parametrize(
    ("status", "refused", "message"),
    [
        (400, "tools", "registry.ollama.ai/library/gemma:2b does not support tools"),
        (400, "tools", '"auto" tool choice requires --enable-auto-tool-choice'),
        (500, "tools", "tools param requires --jinja flag"),
        (501, "tools", "This server does not support tools. Start it with `--jinja`"),
        (404, "tools", "No endpoints found that support tool use. To learn more, visit the docs."),
        (400, "tools", "deepseek-reasoner does not support Function Calling"),
        (400, "tools", "`tool calling` is not supported with this model"),
        (400, "images", "Invalid content type. image_url is only supported by certain models."),
        (500, "images", "image input is not supported - hint: you may need to provide the mmproj"),
        (404, "images", "No endpoints found that support image input"),
        (400, "images", "smollm is not a multimodal model"),
        (400, "images", "At most 0 image(s) may be provided in one prompt."),
        (400, "images", "Model does not support images. Please use a model that does."),
        (400, "images", "This model does not support image input"),
        (400, "", "Invalid schema for function 'a'"),
        (400, "", "The tool call has no result"),
        (400, "", "No tools"),
    ],
)
def test_refusals_of_tools_and_images_are_recognized(
    status: int, refused: str, message: str
) -> None:
    made = error_from("Local", parse_error(error(message)), status=status, sent=SENT)
    assert ("doesn’t support these images" in made.message) is (refused == "images")
    assert (getattr(made, "param", "") == "tools") is (refused == "tools")


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "Item 'rs_1' of type 'reasoning' was provided without its required following item."),
        (
            400,
            "Item 'fc_1' of type 'function_call' was provided without its required 'reasoning' "
            "item: 'rs_1'.",
        ),
        (
            404,
            "Item with id 'rs_1' not found. Items are not persisted when `store` is set to false. "
            "Try again with `store` set to true, or remove this item from your input.",
        ),
        (400, "The encrypted content gAAA for item rs_1 could not be verified."),
        (
            400,
            "Gemini models require OpenRouter reasoning details to be preserved in each request. "
            "Function call is missing a thought_signature in functionCall parts.",
        ),
        (400, "Corrupted thought signature."),
        (400, "messages.1.content.0: Invalid `signature` in `thinking` block"),
        (
            400,
            "messages.3.content.0.type: Expected `thinking` or `redacted_thinking`, but found "
            "`tool_use`.",
        ),
    ],
)
def test_refusals_of_earlier_reasoning_are_recognized(status: int, message: str) -> None:
    made = error_from("P", parse_error(error(message)), status=status)
    assert isinstance(made, errors.RefusedParameterError)
    assert made.param == "encrypted_content"


def test_a_refused_phase_is_recognized() -> None:
    body = error(
        "Unknown parameter: 'input[1].phase'.", "unknown_parameter", param="input[1].phase"
    )
    made = error_from("P", parse_error(body), status=400)
    assert isinstance(made, errors.RefusedParameterError)
    assert made.param == "phase"


ONLY_RESPONSES = "This model is only supported in v1/responses and not in v1/chat/completions."
DAMAGED = "The image data you provided does not represent a valid image."


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        *(
            (None, ErrorBody("x", code), errors.ContentFilteredError, "content filter")
            for code in (
                *("bio_policy", "image_content_policy_violation", "misalignment_policy_violation"),
            )
        ),
        (None, ErrorBody("x", "image_parse_error"), errors.RequestRefusedError, "read an image"),
        (
            400,
            ErrorBody(DAMAGED, "invalid_value", param="input[0].content[1].image_url"),
            errors.RequestRefusedError,
            "read an image",
        ),
        (404, ErrorBody(ONLY_RESPONSES), errors.ResponsesNeededError, "Responses API only"),
        (
            404,
            ErrorBody("The model `gpt-5-mini` has been deprecated.", "model_not_found"),
            errors.ModelNotFoundError,
            "has shut down",
        ),
        (
            410,
            ErrorBody("Gone", "model_decommissioned"),
            errors.ModelNotFoundError,
            "has shut down",
        ),
        (
            404,
            ErrorBody("The model `x` does not exist or you do not have access to it."),
            errors.ModelNotFoundError,
            "have no access",
        ),
        *(
            (
                status,
                ErrorBody(message),
                errors.ModelNotFoundError,
                "doesn’t have the model “a/b:4”",
            )
            for status, message in (
                (404, "model 'a/b:4' not found"),
                (404, "The model `a/b:4` does not exist."),
                (400, "/chat: Invalid model name passed in model=a/b:4. Call `/v1/models` to view"),
                (400, 'Invalid model identifier "a/b:4". Please specify a valid downloaded model'),
                (400, "Invalid model: a/b:4"),
                (400, "a/b:4 is not a valid model ID"),
                (404, "models/a/b:4 is not found for API version v1beta"),
                (404, "model: a/b:4"),
                (503, "No available channel for model a/b:4 under group default"),
            )
        ),
        *(
            (status, body, errors.QuotaExhaustedError, "no credit")
            for status, body in (
                (403, ErrorBody("user quota is not enough", "insufficient_user_quota")),
                (403, ErrorBody("token quota is not enough (remain 0)", type="new_api_error")),
                (403, ErrorBody("用户额度不足, 剩余额度: 0")),
                (403, ErrorBody("Your new team doesn't have any credits or licenses yet.")),
                (429, ErrorBody("Your team has used all available credits or reached its limit")),
                (400, ErrorBody("Budget has been exceeded! Current cost: 10.02", "400")),
                (400, ErrorBody("ExceededBudget: User=x over budget. Spend=2", type="auth_error")),
            )
        ),
        (503, ErrorBody("Loading model"), errors.ModelLoadingError, "is loading"),
        (503, ErrorBody("Model x/y is currently loading"), errors.ModelLoadingError, "is loading"),
        (503, ErrorBody("Service unavailable"), errors.ServerTroubleError, "having problems"),
    ],
)
def test_what_is_wrong_with_model_image_or_content_is_said(
    status: int | None, body: ErrorBody, kind: type[errors.ProviderError], words: str
) -> None:
    made = error_from("P", body, status=status, sent=SENT)
    assert type(made) is kind
    assert words in made.what_happened


@pytest.mark.parametrize(
    ("status", "body", "accepted"),
    [
        (  # OpenAI
            400,
            error(
                "Unsupported value: 'none' is not supported with the 'gpt-6.1-sol' model. "
                "Supported values are: 'low', 'medium', and 'high'.",
                "unsupported_value",
                param="reasoning_effort",
            ),
            ("low", "medium", "high"),
        ),
        (  # SGLang, vLLM
            400,
            error(
                "[{'type': 'literal_error', 'loc': ('body', 'reasoning_effort'), 'msg': \"Input "
                "should be 'low', 'medium' or 'high'\", 'input': 'xhigh'}]"
            ),
            ("low", "medium", "high"),
        ),
        (  # Groq
            400,
            error("`reasoning_effort` must be one of `none` or `default`"),
            ("none", "default"),
        ),
        (  # Mistral
            422,
            {
                "detail": [
                    {
                        "type": "enum",
                        "loc": ["body", "reasoning_effort"],
                        "msg": "Input should be 'none' or 'high'",
                    }
                ]
            },
            ("none", "high"),
        ),
        (  # serde
            422,
            error("reasoning_effort: unknown variant `xhigh`, expected one of `low`, `high`"),
            ("low", "high"),
        ),
        (
            400,
            error("reasoning_effort must be one of low, medium or high"),
            ("low", "medium", "high"),
        ),
        (
            400,
            error("Unsupported values: 'max'. `reasoning_effort` values: ['low', 'high']"),
            ("low", "high"),
        ),
        (
            400,  # Mistral's other form
            error(json.dumps([{"message": 'reasoning_effort: expected one of "low"|"high"'}])),
            ("low", "high"),
        ),
        (
            400,
            {"error": {"message": "invalid reasoning effort", "values": ["low", "high"]}},
            ("low", "high"),
        ),
    ],
)
def test_a_refusal_by_validation_names_what_is_accepted(
    status: int, body: Any, accepted: tuple[str, ...]
) -> None:
    made = error_from("P", parse_error(body), status=status, sent=SENT)
    assert isinstance(made, errors.RefusedParameterError)
    assert made.param.split(".")[-1] in ("effort", "reasoning_effort")
    assert made.accepted == accepted


STATUSES = (None, 400, 402, 403, 404, 408, 409, 413, 422, 429, 500, 501, 502, 503)
CONTEXT = "The prompt is too long."
MODEL = "Unknown model x."
TOOLS = "It does not support tools."
LIMIT = "max_tokens is too large."
FIELD = "temperature is not supported."


@pytest.mark.parametrize(
    ("message", "kind", "statuses"),
    [
        (CONTEXT, errors.ContextTooLongError, (None, 400, 403, 404, 413, 422, 500, 502)),
        (
            "Insufficient balance",
            errors.QuotaExhaustedError,
            (None, 400, 402, 403, 404, 413, 422, 429, 500, 502),
        ),
        ("Invalid API key.", errors.AuthenticationError, (None, 400, 403, 404, 413, 422, 500, 502)),
        (MODEL, errors.ModelNotFoundError, (None, 400, 404, 413, 422, 503)),
        (TOOLS, errors.RefusedParameterError, (400, 404, 422, 500, 501, 502)),
        (LIMIT, errors.RefusedParameterError, (400, 404, 422, 500, 501, 502)),
        (FIELD, errors.RefusedParameterError, (400, 404, 422, 500, 501, 502)),
        ("It was flagged.", errors.ContentFilteredError, (None, 400, 403, 404, 413, 422, 500, 502)),
    ],
)
def test_messages_count_only_with_some_statuses(
    message: str, kind: type[errors.ProviderError], statuses: tuple[int | None, ...]
) -> None:
    made = {s: error_from("P", ErrorBody(message), status=s, sent=SENT) for s in STATUSES}
    assert [s for s in STATUSES if isinstance(made[s], kind)] == list(statuses)


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (ErrorBody(), 404, "Couldn’t find a compatible API at"),
        (ErrorBody(), 405, "Couldn’t find a compatible API at"),
        (ErrorBody(), 501, "Couldn’t find a compatible API at"),
        (ErrorBody("Unexpected endpoint."), None, "Couldn’t find a compatible API at"),
        (ErrorBody(), 401, "rejected the API key"),
        (ErrorBody(), 402, "account has no credit"),
        (ErrorBody(), 429, "is limiting requests"),
        (ErrorBody(), 403, "denied access"),
        (ErrorBody(), 413, "The request is too large for"),
        (ErrorBody("Request too large for x: tokens per min"), 429, "The request is too large for"),
        (ErrorBody(), 408, "didn’t finish the request in time"),
        (ErrorBody(), 409, "didn’t finish the request in time"),
        (ErrorBody(), 410, "rejected the request"),
        (ErrorBody(), 500, "is having problems"),
        (ErrorBody(), 529, "is having problems"),
        (ErrorBody(), 504, "didn’t finish the request in time"),
        (ErrorBody(), 521, "is having problems"),  # Cloudflare: the server is down
        (ErrorBody(), 524, "didn’t finish the request in time"),
        (ErrorBody(code="bad_request"), 500, "rejected the request"),
        (ErrorBody(code="bad_request"), 529, "is having problems"),
        (ErrorBody("Jinja Exception: roles must alternate"), 500, "rejected the request"),
        (ErrorBody(), None, "failed while responding"),
        (ErrorBody(code="overloaded"), None, "failed while responding"),
        (ErrorBody(code="odd"), None, "rejected the request"),
        (ErrorBody(code="odd", http_status=499), None, "rejected the request"),
        (ErrorBody(code="odd", http_status=500), None, "failed while responding"),
        (ErrorBody(code="odd", http_status=500), 400, "rejected the request"),
        (ErrorBody(http_status=402), None, "account has no credit"),
        (ErrorBody(http_status=429), None, "is limiting requests"),
        (ErrorBody(http_status=429), 400, "rejected the request"),
    ],
)
def test_without_a_known_message_the_status_decides(
    body: ErrorBody, status: int | None, reason: str
) -> None:
    made = error_from("P", body, status=status)
    assert reason in made.message
    assert made.params.get("http") == (
        status if reason in ("is having problems", "didn’t finish the request in time") else None
    )


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (ErrorBody("x", code="unknown_parameter"), None),
        (ErrorBody("x", code="unknown_parameter", param="seed"), "seed"),
        (ErrorBody("x", param="seed"), "seed"),
        (ErrorBody("x", param="validation_error"), None),
        (ErrorBody("property 'verbosity' is unsupported", param="validation_error"), "verbosity"),
        (ErrorBody("Request contains an invalid argument."), None),
        (ErrorBody(FIELD, param="seed"), "seed"),
        (ErrorBody(FIELD), "temperature"),
        (ErrorBody("'foo' is not supported"), None),
        (ErrorBody("'frequency_penalty' is not supported"), None),
        (ErrorBody("Invalid schema for text.format"), "response_format"),
        (ErrorBody("This response_format type is unavailable now"), "response_format"),
        (ErrorBody("[{'msg': \"Input should be 'text' or 'json_object'\"}]"), "response_format"),
        (ErrorBody("Unsupported parameter: model_x"), None),
        (ErrorBody("This model does not support reasoning"), "reasoning_effort"),
        (ErrorBody("Topp is not supported, nor TOP_P."), "top_p"),
        (ErrorBody("'stream' is not permitted"), "stream"),
        (ErrorBody("`temperature` is deprecated for this model."), "temperature"),
        (ErrorBody("`temperature` and `top_p` cannot both be specified for this model."), "top_p"),
        (ErrorBody("`temperature` may only be set to 1 when thinking is enabled."), "temperature"),
        (ErrorBody("invalid temperature: only 1 is allowed for this model"), "temperature"),
        (ErrorBody("Argument not supported on this model: stop"), "stop"),
        (ErrorBody("Argument not supported on this model: presencePenalty"), "presence_penalty"),
        (ErrorBody("Model m does not support parameter stop."), "stop"),
        (ErrorBody("seed: Extra inputs are not permitted"), "seed"),
        (ErrorBody("Tool call id was call_x but must be a-z, with a length of 9."), "tool_call_id"),
        (
            ErrorBody("messages.1.content.0.tool_use.id: String should match pattern '^[a-z]+$'"),
            "tool_call_id",
        ),
        (ErrorBody("Unexpected role 'user' after role 'tool'"), "encrypted_content"),
        (ErrorBody("The store did not stop: it must not include n items"), None),
    ],
)
def test_the_refused_setting_is_recognized(body: ErrorBody, param: str | None) -> None:
    made = error_from("P", body, status=400, sent=SENT)
    found = made.param if isinstance(made, errors.RefusedParameterError) else None
    assert found == param
    if param is not None:
        assert (made.message, made.params["setting"]) == (Fragment("rejected the setting"), param)


@pytest.mark.parametrize(
    ("message", "is_any_value", "beside"),
    [
        ("`temperature` is deprecated for this model.", True, ""),
        ("Argument not supported on this model: stop", True, ""),
        ("'temperature' does not support 0.2 with this model. Only 1 is supported.", False, ""),
        ("`temperature` and `top_p` cannot both be specified.", False, "temperature"),
    ],
)
def test_a_refusal_is_of_a_setting_of_its_value_or_of_two_together(
    message: str, is_any_value: bool, beside: str
) -> None:
    made = error_from("P", ErrorBody(message), status=400, sent=SENT)
    assert isinstance(made, errors.RefusedParameterError)
    assert (made.is_any_value, made.beside) == (is_any_value, beside)


def test_details_have_all_known_facts() -> None:
    made = error_from("P", ErrorBody("Odd.", type="kind"), status=400, request_id="r")
    assert (made.status, made.api_code, made.request_id) == (400, "kind", "r")
    assert made.params["words"] == "Odd."
    assert made.all_details.splitlines()[:3] == ["HTTP status 400", "Code: kind", "Request id: r"]
    assert error_from("P", ErrorBody(code="a", type="b")).api_code == "a"
    assert error_from("P", ErrorBody()).all_details == ""


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"error": "Unexpected endpoint."}, "Couldn’t find a compatible API at"),
        ({"object": "error", "message": "Odd."}, "failed while responding"),
        ({"object": "response", "message": "Odd."}, None),
        ({"error": {}}, None),
        ({"id": "r"}, None),
    ],
)
def test_a_reply_with_status_200_may_be_an_error(value: object, reason: str | None) -> None:
    made = error_in_reply("P", value, "r")
    assert (made and (made.message, made.request_id)) == (reason and (Fragment(reason), "r"))


def gateway_error(reply: object, **more: str) -> bytes:
    """Return the error of a gateway that quotes the reply of the provider behind it."""
    raw = {"raw": json.dumps(reply)}
    return json.dumps({"error": {"message": "Odd.", "metadata": raw, **more}}).encode()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'data: {"error": {"message": "Odd."}}\n\n', ErrorBody("Odd.")),
        (b'data: {}\n\ndata: {"error": {"code": "x"}}', ErrorBody(code="x")),
        (b"data: {}\n\n", ErrorBody("data: {}")),
        (b'[{"error": "Odd."}]', ErrorBody("Odd.")),
        (b'"Odd."', ErrorBody("Odd.")),
        (b'{"errors": [{"message": "Odd."}]}', ErrorBody("Odd.")),
        (b'{"error": "Odd.", "error_type": "x"}', ErrorBody("Odd.", type="x")),
        (
            b'{"detail": [{"loc": ["body", "a", 0, "b"], "msg": "No.", "type": "x"}]}',
            ErrorBody("No.", "x", param="a.b"),
        ),
        (b'{"detail": [{"loc": "body", "msg": "No."}]}', ErrorBody("No.")),
        (b'{"message": "Odd.", "type": "error", "code": 429}', ErrorBody("Odd.", http_status=429)),
        (
            b'{"error": {"message": "Odd.", "metadata": {"raw": "{\\"error\\": \\"Why.\\"}"}}}',
            ErrorBody("Odd: Why."),
        ),
        (b'{"error": {"message": "", "metadata": {"raw": "Why."}}}', ErrorBody("Why.")),
        (
            json.dumps({"detail": [{"loc": ["body", *"abcdefghijk"], "msg": "No."}]}).encode(),
            ErrorBody("No.", param="a.b.c.d.e.f.g.h.i"),
        ),
        (
            gateway_error({"error": {"message": "Why.", "param": "x"}}),
            ErrorBody("Odd: Why.", param="x"),
        ),
        (
            gateway_error({"error": {"param": "x", "code": "c", "type": "t"}}, code="d", param="p"),
            ErrorBody('Odd: {"error": {"param": "x", "code": "c", "type": "t"}}', "d", "t", "p"),
        ),
    ],
)
def test_the_fields_of_an_error_are_read(body: bytes, expected: ErrorBody) -> None:
    assert read_body(body) == expected


MESSAGES = {
    "Requested token count exceeds the model's maximum context length of 196608 tokens. You "
    "requested a total of 204830 tokens: 172830 tokens from the input messages and 32000 tokens "
    "for the completion.": (172_830, 196_608),
    "request (2293 tokens) exceeds the available context size (2048 tokens), try increasing it": (
        2293,
        2048,
    ),
    "This model's maximum context length is 2048 tokens. However, you requested 2345 tokens "
    "(2089 in the messages, 256 in the completion). Please reduce the length.": (2089, 2048),
    "This model's maximum context length is 4096 tokens. However, your messages resulted in "
    "5000 tokens. Please reduce the length of the messages.": (5000, 4096),
    "Requested tokens (2293) exceed context window of 2048": (2293, 2048),
    "This model's maximum context length is 2048 tokens. However, your request has 2345 input "
    "tokens. Please reduce the length of the input messages.": (2345, 2048),
    "Trying to keep the first 5000 tokens when context the overflows. However, the model is "
    "loaded with context length of only 4096 tokens": (5000, 4096),
    "prompt is too long: 210000 tokens > 200000 maximum": (210_000, 200_000),
    "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum "
    "context length": (40_000, 32_768),
    "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).": (
        1_200_000,
        1_048_576,
    ),
    "litellm.ContextWindowExceededError: OpenAIException - request (2251 tokens) exceeds the "
    "available context size (2048 tokens), try increasing it. Received Model Group=smol": (
        2251,
        2048,
    ),
    "You passed 2049 input tokens and requested 0 output tokens. However, the model's context "
    "length is only 2048 tokens.": (2049, 2048),
    "The decoder prompt (length 2345) is longer than the maximum model length of 2048.": (
        2345,
        2048,
    ),
    "The input (2089 tokens) is longer than the model's context length (2048 tokens).": (
        2089,
        2048,
    ),
    # As gateways reword them.
    "Your request has 2345 tokens, the maximum context length is 2048 tokens.": (2345, 2048),
    "requested 2345 input tokens, but the maximum context length is 2048 tokens": (2345, 2048),
    "request (2345) exceeds the available context size (2048 tokens)": (2345, 2048),
    "Your input exceeds the context window of this model.": (0, 0),
}


@pytest.mark.parametrize(("message", "size"), MESSAGES.items())
def test_sizes_are_read_from_a_message(message: str, size: tuple[int, int]) -> None:
    assert size_from_message(message) == RequestSize(*size)


def test_llama_cpp_sends_fields() -> None:
    said = {"code": 400, "message": "too long", "type": "exceed_context_size_error"}
    body = parse_error({"error": {**said, "n_prompt_tokens": 2293, "n_ctx": 2048}})
    error = error_from("llama.cpp", body, status=400)
    assert isinstance(error, errors.ContextTooLongError)
    assert (error.tokens, error.window) == (2293, 2048)


def test_numbers_beyond_any_window_are_ignored() -> None:
    assert size_from_message(f"maximum context length is {10**12} tokens").window == 0


ROWS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "data/server_replies.json").read_text("utf-8")
)


@pytest.mark.parametrize(
    "row", ROWS, ids=[f"{row['server']}-{number}" for number, row in enumerate(ROWS)]
)
def test_a_recorded_reply_is_recognized_and_quoted(row: dict[str, Any]) -> None:
    body = read_body(row["body"].encode())
    sent = {"model": "m", "max_completion_tokens": 9}
    error = error_from("My server", body, status=row["status"], sent=sent)
    assert row["reason"] in error.message
    assert row["words"] in error.what_happened
    assert row["words"].rstrip(".") in error.details
    assert failed_attempt(error, row["status"], {}).may_repeat is row["retried"]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("<b>No</b> such\x1b[31m thing\u202e\u200b\x00", "No such[31m thing."),
        ("Wrong key: Bearer abcdefgh12345678", f"Wrong key: Bearer {REMOVED}."),
        ("Wrong key: sk-pro\u200bj-abcdefgh12345678", f"Wrong key: {REMOVED}."),
        ("Wrong key: gsk_abcdefgh1234567890", f"Wrong key: {REMOVED}."),
        ("a < b and b > c", "a < b and b > c."),
        ("Really?", "Really?"),
        ("...", ""),
    ],
)
def test_server_messages_are_cleaned(message: str, shown: str) -> None:
    assert quoted_sentence(message) == shown


def test_server_messages_are_shortened() -> None:
    assert len(quote("word " * 1000)) == MAX_QUOTE_CHARS
    assert quote("word " * 1000).endswith("…")


@pytest.mark.parametrize("body", [b"", b"{", b'{"error": {"mess', b"\xff\xfe", b"[1, 2]", b"null"])
def test_a_body_that_says_nothing_gives_the_plain_sentence(body: bytes) -> None:
    error = error_from("My server", read_body(body), status=500)
    assert error.what_happened.startswith("My server is having problems (500)")
