"""Reads from a refusal how large the request was, and how large the context window is.

Servers say it in their own words, which gateways quote. Above each pattern is a message that it
reads, with the server. llama.cpp sends the numbers as fields, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from desktop_app.providers.http import json_fields

_NUMBER: Final = r"[`'\"(]?(\d[\d,_]{0,12})"
_MAX_TOKENS: Final = 1_000_000_000
"""Larger numbers are not counts of tokens: the largest windows have some ten million."""
# "maximum context length", "max_model_len", "max sequence length" and the like.
_WINDOW_NAME: Final = (
    r"(?:maximum|max|max_)\s*(?:context|model|input|sequence)[ _](?:length|len|window|size)"
)
# " is", " of", " of this model is only", " (" and the like.
_BETWEEN: Final = r"(?: \w+){0,3}?(?: of| is|:|=| \()? *(?:only )?"
_WINDOW_PATTERNS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # OpenAI, vLLM: "This model's maximum context length is 2048 tokens."
        # vLLM: "The decoder prompt … is longer than the maximum model length of 2048."
        rf"{_WINDOW_NAME}{_BETWEEN}{_NUMBER}",
        # llama.cpp: "… exceeds the available context size (2048 tokens), try increasing it"
        # llama-cpp-python: "Requested tokens (2293) exceed context window of 2048"
        # LM Studio: "… the model is loaded with context length of only 4096 tokens"
        rf"context (?:size|window|length)(?: of| is|:)?(?: only)? *{_NUMBER}",
        # Mistral: "… too large for model with 32768 maximum context length"
        rf"{_NUMBER} (?:tokens? )?(?:maximum|max) (?:context|input)",
        # Gemini: "… exceeds the maximum number of tokens allowed (1048576)."
        rf"maximum number of tokens allowed \(?{_NUMBER}",
        # TGI: "`inputs` tokens + `max_new_tokens` must be <= 2048."
        rf"must be <= *{_NUMBER}",
        # TGI: "`inputs` must have less than 4096 tokens."
        rf"must have less than {_NUMBER}",
        # Anthropic: "prompt is too long: 210000 tokens > 200000 maximum"
        rf"> *{_NUMBER} maximum",
        # llama.cpp's fields, quoted by a gateway: "n_ctx": 2048
        rf"\bn_ctx\W{{1,5}}{_NUMBER}",
    )
)
# The first pattern that fits decides. A message may also count the request with the answer, so the
# first one reads the input alone: 2089 of "you requested 2345 tokens (2089 in the messages, …)".
_TOKEN_PATTERNS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # OpenAI, vLLM: "However, you requested 2345 tokens (2089 in the messages, 256 in …"
        # "You requested a total of 204830 tokens: 172830 tokens from the input messages and …"
        rf"{_NUMBER} (?:tokens )?(?:in|from) the (?:messages|prompt|input)",
        # OpenAI: "However, your messages resulted in 5000 tokens."
        rf"messages resulted in {_NUMBER}",
        # llama.cpp: "request (2293 tokens) exceeds the available context size …"
        # llama-cpp-python: "Requested tokens (2293) exceed context window of 2048"
        # vLLM: "However, your request has 2345 input tokens."
        # OpenAI, if it does not state the input alone: "However, you requested 2345 tokens"
        rf"request(?:ed)?(?: has| tokens)? *\(?{_NUMBER}\)?(?: input)? *(?:tokens|\)|exceed)",
        rf"requested about {_NUMBER} tokens",
        # Mistral: "Prompt contains 40000 tokens and 0 draft tokens, too large for model …"
        rf"(?:prompt|input) (?:contains|has) (?:at least )?{_NUMBER}",
        # Anthropic: "prompt is too long: 210000 tokens > 200000 maximum"
        rf"(?:prompt|input) is too long:? *{_NUMBER}",
        # Gemini: "The input token count (1200000) exceeds the maximum number of tokens allowed …"
        rf"(?:prompt|input) token count *\(?{_NUMBER}",
        # TGI: "… must have less than 4096 tokens. Given: 4545"
        rf"given: *{_NUMBER}",
        # vLLM: "You passed 2049 input tokens and requested 0 output tokens."
        rf"passed {_NUMBER} input tokens",
        # vLLM: "The decoder prompt (length 2345) is longer than the maximum model length of 2048."
        # "The input (2089 tokens) is longer than the model's context length (2048 tokens)."
        rf"(?:input|prompt) \((?:length )?{_NUMBER}(?: tokens)?\) is",
        # LM Studio: "Trying to keep the first 5000 tokens when context the overflows."
        rf"first {_NUMBER} tokens",
        # llama.cpp's fields, quoted by a gateway: "n_prompt_tokens": 2293
        rf"\bn_prompt_tokens\W{{1,5}}{_NUMBER}",
    )
)


@dataclass(frozen=True)
class RequestSize:
    """The tokens of a refused request and of the context window; 0 if unknown."""

    tokens: int = 0
    window: int = 0


NO_SIZE: Final = RequestSize()


def size_from_fields(error: object) -> RequestSize:
    """Return the size in the fields that llama.cpp sends.

    >>> size_from_fields({"n_prompt_tokens": 2293, "n_ctx": 2048})
    RequestSize(tokens=2293, window=2048)
    """
    return _bounded_size(
        json_fields.count(error, "n_prompt_tokens"), json_fields.count(error, "n_ctx")
    )


def size_from_message(message: str) -> RequestSize:
    """Return the size in the message of an error.

    >>> size_from_message("This model's maximum context length is 2048 tokens. "
    ...                   "However, your messages resulted in 2,345 tokens.")
    RequestSize(tokens=2345, window=2048)
    """
    return _bounded_size(
        _first_number(_TOKEN_PATTERNS, message), _first_number(_WINDOW_PATTERNS, message)
    )


def _bounded_size(tokens: int, window: int) -> RequestSize:
    """Return the size; numbers beyond any window count as unknown."""
    return RequestSize(
        tokens=tokens if tokens <= _MAX_TOKENS else 0, window=window if window <= _MAX_TOKENS else 0
    )


def _first_number(patterns: tuple[re.Pattern[str], ...], message: str) -> int:
    for pattern in patterns:
        if match := pattern.search(message):
            return int(match[1].replace(",", "").replace("_", ""))
    return 0
