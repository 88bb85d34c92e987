"""Reads from a refusal how large the request was, and how large the context window is.

Sources: the messages of llama.cpp (which also sends fields), llama-cpp-python, vLLM, OpenAI,
Mistral, Gemini, Anthropic's compatible endpoint, TGI and LM Studio; gateways quote them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from desktop_app.providers.http.reply import json_fields

_NUMBER: Final = r"[`'\"(]?(\d[\d,_]{0,12})"
_MAX_TOKENS: Final = 1_000_000_000
"""Larger numbers are not counts of tokens: the largest windows have some ten million."""
_WINDOW_PATTERNS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:maximum|max|max_)\s*(?:context|model|input|sequence)[ _](?:length|len|window|size)"
        rf"(?: \w+){{0,3}}?(?: of| is|:|=| \()? *(?:only )?{_NUMBER}",
        rf"context (?:size|window|length)(?: of| is|:)?(?: only)? *{_NUMBER}",
        rf"{_NUMBER} (?:tokens? )?(?:maximum|max) (?:context|input)",
        rf"maximum number of tokens allowed \(?{_NUMBER}",
        rf"must be <= *{_NUMBER}",
        rf"must have less than {_NUMBER}",
        rf"> *{_NUMBER} maximum",
        rf"\bn_ctx\W{{1,5}}{_NUMBER}",
    )
)
_TOKEN_PATTERNS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_NUMBER} (?:tokens )?(?:in|from) the (?:messages|prompt|input)",
        rf"messages resulted in {_NUMBER}",
        rf"request(?:ed)?(?: has| tokens)? *\(?{_NUMBER}\)?(?: input)? *(?:tokens|\)|exceed)",
        rf"(?:prompt|input)(?: contains| has| is too long:?| token count \(?| contains at least)"
        rf" *{_NUMBER}",
        rf"given: *{_NUMBER}",
        rf"passed {_NUMBER} input tokens",
        rf"(?:input|prompt) \((?:length )?{_NUMBER}(?: tokens)?\) is",
        rf"requested (?:about )?{_NUMBER} tokens",
        rf"first {_NUMBER} tokens",
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
    return RequestSize(
        tokens if tokens <= _MAX_TOKENS else 0, window if window <= _MAX_TOKENS else 0
    )


def _first_number(patterns: tuple[re.Pattern[str], ...], message: str) -> int:
    for pattern in patterns:
        if match := pattern.search(message):
            return int(match[1].replace(",", "").replace("_", ""))
    return 0
