"""The table of errors: provider replies and the errors that the user sees."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.errors import (
    AuthenticationError,
    ContentFilteredError,
    ContextTooLongError,
    EndpointMissingError,
    ModelNotFoundError,
    ProviderError,
    ProviderFaultError,
    QuotaExhaustedError,
    RateLimitedError,
    RefusedParameterError,
)
from desktop_app.providers.apis.error_body import ErrorBody, parse_error
from desktop_app.providers.apis.error_replies import error_from


def error(message: str = "", code: Any = None, kind: str = "", param: Any = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


TABLE: list[tuple[int, Any, type[ProviderError]]] = [
    (401, error("Incorrect API key provided", "invalid_api_key"), AuthenticationError),
    (401, {}, AuthenticationError),
    (403, error("Country not supported", "unsupported_country"), AuthenticationError),
    (402, {}, QuotaExhaustedError),
    (429, error("Slow", "rate_limit_exceeded", "tokens"), RateLimitedError),
    (429, {}, RateLimitedError),
    (429, error("No money", "insufficient_quota"), QuotaExhaustedError),
    (429, error("No money", None, "insufficient_quota"), QuotaExhaustedError),
    (429, error("No money", "credit_balance_exhausted"), QuotaExhaustedError),
    (400, error("Filtered", "content_filter", param="prompt"), ContentFilteredError),
    (400, error("No", "content_policy_violation"), ContentFilteredError),
    (400, error("Your prompt was flagged.", "invalid_prompt"), ContentFilteredError),
    (400, error("The prompt has no text.", "invalid_prompt"), ProviderFaultError),
    (400, error("Too long", "context_length_exceeded"), ContextTooLongError),
    (400, error("This model's maximum context length is 4096 tokens."), ContextTooLongError),
    (400, error("the request exceeds the available context size", 400), ContextTooLongError),
    (404, error("The model `x` does not exist", "model_not_found"), ModelNotFoundError),
    (404, error('model "x" not found, try pulling it first'), ModelNotFoundError),
    (
        404,
        {"object": "error", "message": "The model `x` does not exist.", "code": 404},
        ModelNotFoundError,
    ),
    (404, {"error": "model 'x' not found"}, ModelNotFoundError),
    (404, {"detail": "Not Found"}, EndpointMissingError),
    (404, error("Invalid URL (POST /v1/x)", None, "invalid_request_error"), EndpointMissingError),
    (404, {}, EndpointMissingError),
    (405, {"detail": "Method Not Allowed"}, EndpointMissingError),
    (501, {}, EndpointMissingError),
    (400, error("x", "unsupported_value", param="reasoning.effort"), RefusedParameterError),
    (400, error("x", "unsupported_parameter", param="max_tokens"), RefusedParameterError),
    (
        422,
        {"detail": [{"type": "extra_forbidden", "loc": ["body", "verbosity"], "msg": "no"}]},
        RefusedParameterError,
    ),
    (400, error("Invalid type", "invalid_value", param="input[0].content"), ProviderFaultError),
    (400, error("Bad"), ProviderFaultError),
    (408, {}, ProviderFaultError),
    (409, {}, ProviderFaultError),
    (413, {}, ProviderFaultError),
    (500, error("x", "server_error"), ProviderFaultError),
    (503, {}, ProviderFaultError),
    (504, {}, ProviderFaultError),
    (524, {}, ProviderFaultError),
]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "registry.ollama.ai/library/gemma:2b does not support tools"),
        (400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser'),
        (500, "tools param requires --jinja flag"),
        (501, "This server does not support tools. Start it with `--jinja`"),
        (404, "No endpoints found that support tool use. To learn more, visit the docs."),
        (400, "deepseek-reasoner does not support Function Calling"),
        (400, "`tool calling` is not supported with this model"),
    ],
)
def test_a_refusal_of_tools_is_known_by_its_words(status: int, message: str) -> None:
    found = error_from("Local", parse_error(error(message)), status=status)
    assert isinstance(found, RefusedParameterError)
    assert found.param == "tools"


@pytest.mark.parametrize(
    "message", ["Invalid schema for function 'a'", "The tool call has no result", "No tools"]
)
def test_other_words_about_tools_are_no_such_refusal(message: str) -> None:
    found = error_from("Local", parse_error(error(message)), status=400)
    assert getattr(found, "param", "") != "tools"


@pytest.mark.parametrize(("status", "body", "kind"), TABLE)
def test_every_row_gives_its_error_with_all_that_a_person_needs(
    status: int, body: Any, kind: type[ProviderError]
) -> None:
    made = error_from("OpenAI", parse_error(body), status=status, request_id="req_1")
    assert type(made) is kind
    assert made.what_happened.endswith(".")
    assert made.what_to_do.endswith(".")
    assert made.status == status
    assert "req_1" in made.details
    assert str(status) in made.details


@pytest.mark.parametrize(
    ("message", "code", "param", "expected"),
    [
        ("x", "unsupported_parameter", "temperature", "temperature"),
        ("Unsupported parameter: 'verbosity' is not supported", None, None, "verbosity"),
        ("Unknown parameter: 'text.verbosity'.", None, None, "text.verbosity"),
        ("Unrecognized request argument supplied: reasoning_effort", None, "", "reasoning_effort"),
        ("'temperature' does not support 0.2 with this model", None, None, "temperature"),
        (
            "Your organization must be verified to stream this model.",
            "unsupported_value",
            "stream",
            "stream",
        ),
        ("x", "invalid_encrypted_content", None, "encrypted_content"),
    ],
)
def test_a_refused_parameter_is_named(
    message: str, code: str | None, param: str | None, expected: str
) -> None:
    made = error_from("x", parse_error(error(message, code, param=param)), status=400)
    assert isinstance(made, RefusedParameterError)
    assert made.param == expected


def test_the_providers_words_are_shown_and_cut() -> None:
    made = error_from("x", ErrorBody("Because.\nSo " + "y" * 5000), status=400)
    assert "Because. So yyy" in made.what_happened
    assert len(made.what_happened) < 500
    assert len(made.details) < 500


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
    ("status", "message"),
    [
        (400, "Invalid content type. image_url is only supported by certain models."),
        (500, "image input is not supported - hint: you may need to provide the mmproj"),
        (404, "No endpoints found that support image input"),
        (400, "smollm is not a multimodal model"),
        (400, "At most 0 image(s) may be provided in one prompt."),
        (400, "Model does not support images. Please use a model that does."),
        (400, "This model does not support image input"),
    ],
)
def test_pictures_that_are_not_taken(status: int, message: str) -> None:
    error = error_from("My server", ErrorBody(message), status=status)
    assert error.what_happened.startswith("This model at My server doesn’t support these images: ")
    assert "remove them" in error.what_to_do
