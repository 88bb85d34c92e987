"""The sizes of a refused request and of the window, in the words of many servers."""

from __future__ import annotations

import pytest

from desktop_app.domain.errors import ContextTooLongError
from desktop_app.providers.errors.context_refusals import RequestSize, size_from_message
from desktop_app.providers.errors.error_body import parse_error
from desktop_app.providers.errors.error_replies import error_from

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
    "Input validation error: `inputs` must have less than 4096 tokens. Given: 4545": (4545, 4096),
    "`inputs` tokens + `max_new_tokens` must be <= 2048. Given: 2000 `inputs` tokens and 512 "
    "`max_new_tokens`": (2000, 2048),
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
    assert isinstance(error, ContextTooLongError)
    assert (error.tokens, error.window) == (2293, 2048)


def test_numbers_beyond_any_window_are_ignored() -> None:
    assert size_from_message(f"maximum context length is {10**12} tokens").window == 0
