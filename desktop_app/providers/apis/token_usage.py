"""The tokens of a reply, as the two APIs name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from desktop_app.domain.spending.cost import Usage
from desktop_app.providers.http import json_fields

MOST_TOKENS: Final = 1_000_000_000
"""Of one call. The largest windows hold some ten million."""


def usage_of(usage: Mapping[str, Any]) -> Usage:
    """Tokens as either API names them. A part is never more than its whole, whatever a server says:
    else a cost could fall below nothing."""
    inputs = json_fields.mapping(usage, "input_tokens_details") or json_fields.mapping(
        usage, "prompt_tokens_details"
    )
    outputs = json_fields.mapping(usage, "output_tokens_details") or json_fields.mapping(
        usage, "completion_tokens_details"
    )
    sent, came = (
        tokens(usage, f"{one}_tokens") or tokens(usage, f"{other}_tokens")
        for one, other in (("input", "prompt"), ("output", "completion"))
    )
    return Usage(
        input_tokens=sent,
        cached_tokens=min(sent, tokens(inputs, "cached_tokens")),
        output_tokens=came,
        reasoning_tokens=min(came, tokens(outputs, "reasoning_tokens")),
    )


def tokens(usage: Mapping[str, Any], name: str) -> int:
    """Return the number of tokens under `name`, 0 for what is none or beyond belief: the month's
    spending would pass any cap, and stay there."""
    number = json_fields.count(usage, name)
    return number if number <= MOST_TOKENS else 0
