"""The token usage of a reply, under the names of either API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from desktop_app.domain.spending.cost import Usage
from desktop_app.providers.http.reply import json_fields

_NUMBER: Final = re.compile("[0-9]{1,10}")
MAX_TOKENS: Final = 1_000_000_000
"""The most tokens of one call. The largest windows have some ten million."""


def usage_of(usage: Mapping[str, Any]) -> Usage | None:
    """Return the token usage under the names of either API; None if nothing is counted.

    Servers that do not count tokens omit the usage or send 0, which would make the answer free.
    Cached and reasoning tokens are limited to their totals: otherwise a cost could be negative.
    """
    input_details = json_fields.mapping(usage, "input_tokens_details") or json_fields.mapping(
        usage, "prompt_tokens_details"
    )
    output_details = json_fields.mapping(usage, "output_tokens_details") or json_fields.mapping(
        usage, "completion_tokens_details"
    )
    input_tokens = tokens(usage, "input_tokens") or tokens(usage, "prompt_tokens")
    output_tokens = tokens(usage, "output_tokens") or tokens(usage, "completion_tokens")
    reasoning_tokens = tokens(output_details, "reasoning_tokens")
    # xAI, and gateways for Gemini, do not count reasoning as output, but bill it as output.
    if tokens(usage, "total_tokens") == input_tokens + output_tokens + reasoning_tokens:
        output_tokens += reasoning_tokens
    if not input_tokens and not output_tokens:
        return None
    cached_tokens = (
        tokens(input_details, "cached_tokens")
        or tokens(usage, "cached_tokens")  # Moonshot
        or tokens(usage, "prompt_cache_hit_tokens")  # DeepSeek
    )
    return Usage(
        input_tokens=input_tokens,
        cached_tokens=min(input_tokens, cached_tokens),
        output_tokens=output_tokens,
        reasoning_tokens=min(output_tokens, reasoning_tokens),
    )


def tokens(usage: Mapping[str, Any], name: str) -> int:
    """Return the number of tokens under `name`, or 0 if it is missing or implausible.

    An implausible number would exceed every monthly spending limit for good.
    """
    value = usage.get(name)
    if isinstance(value, str) and _NUMBER.fullmatch(value):  # some gateways send text
        number = int(value)
    else:
        number = json_fields.count(usage, name)
    return number if number <= MAX_TOKENS else 0
